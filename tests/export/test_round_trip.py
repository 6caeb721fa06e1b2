"""What is exported computes what our model does, in every variant that a format holds; others are refused by name."""

import re
import shutil

import pytest
import torch

from finished_runs import write_run
from recurrence_circuits.runs import open_run
from tools.export import gpt2, hooked
from tools.export.__main__ import main
from tools.export.check import TOLERANCE, ExportError, export, fault

FORMATS = {form.NAME: form for form in (gpt2, hooked)}
VARIANTS = {
    "default": {},
    "attention only": {"model": {"attention_only": True}},
    "ReLU": {"model": {"activation": "relu"}},
    "no positions": {"model": {"position_embedding": False}},
    "one layer, four heads": {"model": {"n_layers": 1, "n_heads": 4}},
    "RMSNorm": {"model": {"norm": "rms_norm"}},
    "no norm": {"model": {"norm": "none"}},
    "attention only, no norm": {"model": {"attention_only": True, "norm": "none"}},
    "a vector task": {"task": "affine_vector", "data": {"dimension": 2}},
    "a polynomial": {"task": "polynomial", "data": {"degree": 2}},
}
HELD = [
    (name, variant)
    for variant, changes in VARIANTS.items()
    for name in FORMATS
    if name == hooked.NAME or changes.get("model", {}).get("norm", "layer_norm") == "layer_norm"
]


def opened(folder, variant="default"):
    return open_run(write_run(folder / "toy", **VARIANTS[variant]))


@pytest.mark.parametrize(("name", "variant"), HELD)
def test_what_is_read_back_is_the_model(tmp_path, name, variant):
    run, folder = opened(tmp_path, variant), tmp_path / "out"
    rounded = export(run, FORMATS[name], folder)
    assert max(rounded) < TOLERANCE
    prediction, attention = FORMATS[name].run(folder, run.context)
    torch.testing.assert_close(prediction, run.cache.prediction, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(attention, run.cache.attention, rtol=0, atol=1e-5)
    assert prediction.std() > 0.1  # a model that says something
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "toy"]


@pytest.mark.parametrize(("name", "variant"), HELD)
def test_the_code_of_the_readme_does_what_it_says(tmp_path, name, variant):
    run, folder = opened(tmp_path, variant), tmp_path / "out"
    export(run, FORMATS[name], folder)
    readme = (folder / "README.md").read_text()
    assert "seed 0 of toy" in readme.lower()
    assert "$" not in readme
    names = {"folder": str(folder)}
    exec(re.search(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1], names)
    for positions in (6, 3):  # a part of the context, too
        prediction, seen = names["predict"](run.context[:, :positions])
        own = run.model(run.context[:, :positions])
        torch.testing.assert_close(prediction, own.prediction, rtol=1e-5, atol=1e-5)
        pattern = seen["pattern", 0] if name == hooked.NAME else seen[0]
        torch.testing.assert_close(pattern, own.attention[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("variant", "found"), [("RMSNorm", "rms_norm"), ("no norm", "none")])
def test_what_gpt2_cannot_hold_is_refused_by_name_and_nothing_is_left(tmp_path, variant, found):
    run, folder = opened(tmp_path, variant), tmp_path / "out"
    export(opened(tmp_path / "other"), gpt2, folder)  # an older one, of another model
    with pytest.raises(ExportError, match=f"out: norm: expected layer_norm, GPT2Model's only one, found {found}"):
        export(run, gpt2, folder)
    assert not folder.exists()


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_an_export_that_computes_something_else_is_refused_and_nothing_is_left(tmp_path, form, monkeypatch):
    run, folder = opened(tmp_path), tmp_path / "out"
    own = form.run
    for wrong in (
        lambda *given: (own(*given)[0] + 2e-5, own(*given)[1]),
        lambda *given: (own(*given)[0], [pattern + 2e-5 for pattern in own(*given)[1]]),
        lambda *given: (own(*given)[0] * float("nan"), own(*given)[1]),
        lambda *given: (own(*given)[0], [*own(*given)[1][:-1], own(*given)[1][-1] * float("nan")]),
    ):
        monkeypatch.setattr(form, "run", wrong)
        with pytest.raises(ExportError, match=r"out: expected the model's (prediction|attention) within 1e-05, found"):
            export(run, form, folder)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["toy"]


def test_the_program_exports_every_finished_run_and_says_what_it_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "results/toy")
    write_run(tmp_path / "results/plain", model={"norm": "none"}, experiment="plain")
    monkeypatch.setattr("sys.argv", ["export"])
    assert main() == 1
    assert {path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("README.md")} == {
        "results/toy/export/seed0/transformers",
        "results/toy/export/seed0/transformer_lens",
        "results/plain/export/seed0/transformer_lens",
    }
    said = capsys.readouterr()
    assert "export: results/plain/export/seed0/transformers: norm: expected layer_norm" in said.err
    assert said.out.count("in float32 predictions within") == 3

    monkeypatch.setattr("sys.argv", ["export", "results/toy/seed0"])
    assert main() == 0
    shutil.rmtree("results/toy/data")
    assert main() == 1
    assert "test.safetensors: expected the test sequences, found none" in capsys.readouterr().err


def test_a_sound_export_has_no_fault(tmp_path):
    """And so what the tests of traps find is theirs."""
    run = opened(tmp_path)
    for name, form in FORMATS.items():
        export(run, form, tmp_path / name)
        assert fault(run, form, tmp_path / name) is None
