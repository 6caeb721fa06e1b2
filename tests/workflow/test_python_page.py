"""docs/python.md and the notebook beside it: their code runs as it stands, and computes what the tables hold."""

import os
import re
import subprocess
import sys

import nbclient
import nbformat
import pandas as pd
import pytest

from projects import LIMIT, ROOT
from recurrence_circuits.model.transformer import ActivationCache
from recurrence_circuits.runs import Run

PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
NOTEBOOK = ROOT / "docs/explore.ipynb"
CODE = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
# The rest of what the page names, and what the test compares.
OTHERS = """
import dataclasses
import json
from safetensors import safe_open
from recurrence_circuits.measures.attribution import direct_contributions
from recurrence_circuits.model.interventions import ablatable, replace, replacement
from recurrence_circuits.model.passes import predict, predict_with, residual_streams, resume
from recurrence_circuits.model.weights import load_snapshots
from recurrence_circuits.tasks.dataset import draw_sequences
settings, weights = run.settings, str(run.folder / "model.safetensors")
load_snapshots(str(run.folder / "snapshots.safetensors"), settings)
head = next(component for component in ablatable(model) if (component.layer, component.head) == (1, 1))
zeros = replace(head, replacement(head, "zero", cache, None))
assert (model(context, zeros).prediction == ablated.prediction).all()
assert (without - ablated.prediction).abs().max() < 1e-5
assert (resume(model, cache, zeros) - ablated.prediction).abs().max() < 1e-5
assert (sum(direct_contributions(model, cache).values()) - cache.prediction).abs().max() < 1e-4
mine = dataclasses.replace(run, sequences=run.sequences[:1])
assert (predict(model, mine.context) - cache.prediction[:1]).abs().max() < 1e-5
drawn = draw_sequences(settings.task, settings.data, "test", len(run.sequences))
assert (drawn["sequences"] == run.sequences).all()
with safe_open(weights, framework="np") as file:
    assert [json.loads(text) for text in file.metadata().values()] == [json.loads(json.dumps(settings.to_dict()))]
print("ERRORS", *(run.cache.prediction - run.following).square().mean(dim=(0, 2)).tolist())
"""


def variables(project) -> dict[str, str]:
    """One thread, and the library of the run; else what the tests have."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    return found | {"PYTHONPATH": str(project / "scripts"), "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_the_code_of_the_page_runs_and_agrees_with_the_tables(project):
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("results/affine/", "results/smoke/") + OTHERS],
        cwd=project, env=variables(project), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    errors = [float(word) for word in done.stdout.split("ERRORS")[1].split()]
    table = pd.read_csv(project / "results/smoke/seed0/predictions.csv")
    rows = table[(table["predictor"] == "model") & (table["measure"] == "mse") & table["position"].notna()]
    assert errors == pytest.approx(list(rows.sort_values("position")["value"]), rel=1e-5)
    assert "moved by the path" in done.stdout
    assert (project / "attention.png").stat().st_size > 10_000


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_it_says(project, monkeypatch):
    for name, value in variables(project).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace("results/affine/", "results/smoke/")
    client = nbclient.NotebookClient(notebook, timeout=LIMIT, resources={"metadata": {"path": str(project / "docs")}})
    client.execute()  # raises CellExecutionError for a cell that fails
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert sum("image/png" in output["data"] for output in outputs) == 3
    table = pd.read_csv(project / "results/smoke/seed0/ablation.csv")
    table = table[(table["model"] == "trained") & (table["kind"] == "zero") & (table["measure"] == "change")]
    costs = table[table["position"].isna() & (table["component"] == "head")]["value"].round(4)
    texts = [output["data"]["text/plain"] for output in outputs]
    (shown,) = [text for text in texts if "\nlayer" in text]
    assert [float(word) for word in re.findall(r"-?\d+\.\d+", shown)] == pytest.approx(list(costs), abs=1.1e-4)


def test_the_notebook_is_kept_without_outputs():
    for cell in (cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"):
        assert (cell.outputs, cell.execution_count) == ([], None)


def test_the_page_says_what_the_cache_holds():
    for name in ActivationCache.__dataclass_fields__:
        assert f"`{name}`" in PAGE, name


def test_the_page_says_what_a_run_holds():
    for name in (name for name in vars(Run) if name[0] != "_"):
        assert f"`{name}`" in PAGE or f"`{name}[" in PAGE, name
