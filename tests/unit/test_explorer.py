"""What the explorer's page is made of: the models' blocks, and the page put together. What it does: tests/browser/."""

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lib.places import EXPLORER
from lib.provenance import texts_digest
from models import random_model, run_settings, sequences
from recurrence_circuits.explorer import packing, page
from recurrence_circuits.model.interventions import ablatable, replacement

# ---- blocks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model", [{}, {"attention_only": True}, {"norm": "none", "position_embedding": False}], ids=str
)
def test_a_block_has_the_weights_and_the_means_that_ablation_takes(model):
    run, made, context = run_settings(model=model), random_model(**model), sequences(300, 6)
    layout = packing.block_layout(run)
    block = packing.pack(made, context, layout)
    assert block.dtype == np.float32
    assert len(block) == packing.numbers_of(layout)
    parts, start = {}, 0
    for name, shape in layout:
        size = int(np.prod(shape))
        parts[name] = torch.from_numpy(block[start : start + size].reshape(shape).copy())
        start += size
    for name, weight in made.state_dict().items():
        assert torch.equal(parts[name], weight), name
    cache, means = made(context), 0
    for component in ablatable(made):
        expected = replacement(component, "mean", cache, torch.arange(300))[0]
        site = "mlp" if component.kind == "mlp" else "head"
        found = parts[f"mean.{site}_output.{component.layer}"]
        found = found[component.head] if component.kind == "head" else found
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        means += 1
    assert means == len(ablatable(made))


def test_a_model_of_another_shape_is_refused():
    layout = packing.block_layout(run_settings())
    with pytest.raises(ValueError, match="block of a model: expected"):
        packing.pack(random_model(d_model=16), sequences(4, 6), layout)


def test_the_trained_models_come_first_and_what_is_too_much_is_left_out():
    runs = [run_settings(seed=seed, training={"steps": 1000, "n_snapshots": 2}) for seed in (4, 7)]
    every = packing.versions(runs)
    assert [version.id for version in every[:4]] == [
        "seed4-trained",
        "seed7-trained",
        "seed4-untrained",
        "seed7-untrained",
    ]
    assert len(every) == len({version.id for version in every}) == 8
    assert packing.fitting(every, n_numbers=100, largest=1199) == every[:2]
    assert packing.fitting(every, n_numbers=100, largest=10) == every[:1]
    assert packing.fitting(every, n_numbers=100) == every


# ---- the page -------------------------------------------------------------------------------------------------------


def test_the_page_holds_every_block_and_no_text_ends_an_element():
    blocks = {name: np.arange(5, dtype="<f4") * i for i, name in enumerate(("seed0-trained", "seed1-trained"), start=1)}
    manifest = {"experiment": "</script><script>alert(1)</script>"}
    html = page.render(str(EXPLORER), manifest, blocks)
    for name, block in blocks.items():
        (text,) = re.findall(rf'id="{name}">(.*?)</script>', html)
        assert np.array_equal(np.frombuffer(base64.b64decode(text), dtype="<f4"), block)
    assert "<script>alert" not in html
    (told,) = re.findall(r'id="manifest">(.*?)</script>', html)
    assert json.loads(told)["experiment"] == manifest["experiment"]
    assert json.loads(told)["palette"]["blue"] == "#0072B2"


def modules(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text)
    return folder


def test_a_bundle_has_each_module_once_and_after_those_that_it_imports(tmp_path):
    folder = modules(
        tmp_path,
        main='import { two } from "./b.js";\nimport { one as first } from "./a.js";\nwindow.found = first + two;\n',
        b='import { one } from "./a.js";\nexport const two = one + 1;\n',
        a="const hidden = 0;\nexport const one = hidden + 1;\nexport function f() {}\n",
    )
    text = page.bundle(folder, "main.js")
    assert text.index("module_a = ") < text.index("module_b = ") < text.index("module_main = ")
    assert text.count("const hidden") == 1
    assert "return { one, f };" in text
    assert "const { one: first } = module_a;" in text
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (
            {"main": 'import { a } from "./a.js";\n', "a": 'import { b } from "./main.js";\nexport const a = 1;\n'},
            "circle",
        ),
        ({"main": 'import * as a from "./a.js";\n'}, "found 'import"),
        ({"main": "export default 1;\n"}, "found 'export default"),
        ({"main": "export const a = 1,\n  b = 2;\n"}, "one name an export"),
        ({"main": 'import { b } from "./a.js";\n', "a": "export const a = 1;\n"}, r"exports, found \['b'\]"),
    ],
)
def test_a_module_that_cannot_be_bundled_is_refused_by_name(tmp_path, texts, problem):
    with pytest.raises(ValueError, match=rf"main\.js: expected .*{problem}"):
        page.bundle(modules(tmp_path, **texts), "main.js")


def test_code_that_would_end_its_element_is_refused():
    with pytest.raises(ValueError, match=r"a\.js: expected code without the end of a script element"):
        page._script("a.js", "'</SCRIPT>'")


def test_every_part_of_the_page_is_in_it():
    bundled = page.bundle(EXPLORER, page.MAIN)
    for path in EXPLORER.rglob("*.js"):
        name = path.relative_to(EXPLORER).with_suffix("").as_posix()
        assert name.startswith("vendor/") or f"const module_{name.replace('/', '_')} = " in bundled


def test_what_is_vendored_is_what_the_record_says():
    """The file's own hash here; that of the package it is from is for whoever fetches it again."""
    rows = re.findall(
        r"^\| `(\S+)` \| (\S+) \| (\S+) \| (sha512-\S+) \| (\w{64}) \|$",
        (EXPLORER / "vendor/README.md").read_text(),
        re.M,
    )
    assert {row[0] for row in rows} == {path.name for path in (EXPLORER / "vendor").glob("*.js")}
    for name, package, version, _, digest in rows:
        content = (EXPLORER / "vendor" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert f"v{version} " in content[:60].decode()
        assert "Permission to use, copy, modify" in (EXPLORER / f"vendor/{package}.LICENSE").read_text()


def test_a_change_of_a_part_changes_the_digest(tmp_path):
    for name, text in {"a.js": "1", "b/c.css": "2", "d.py": "3"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = texts_digest(tmp_path)
    (tmp_path / "d.py").write_text("4")  # counts as code
    assert texts_digest(tmp_path) == before
    (tmp_path / "b/c.css").write_text("5")
    changed = texts_digest(tmp_path)
    assert changed != before
    (tmp_path / "b/c.css").rename(tmp_path / "b/e.css")
    assert texts_digest(tmp_path) not in (before, changed)
