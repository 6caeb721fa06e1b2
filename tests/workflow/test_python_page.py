"""docs/python.md: its code runs as it stands, and what it computes is what the tables hold."""

import os
import re
import subprocess
import sys

import pandas as pd
import pytest

from projects import ROOT
from recurrence_circuits.model.transformer import ActivationCache

PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
CODE = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
# The rest of what the page names, and what the test compares.
OTHERS = """
import json
from safetensors import safe_open
from recurrence_circuits.model.interventions import ablatable, replace, replacement
from recurrence_circuits.model.weights import load_snapshots, new_model
from recurrence_circuits.tasks.dataset import draw_sequences
load_snapshots(weights.replace("model", "snapshots"), run)  # of so short a training possibly none
assert new_model(run)(context).prediction.shape == following.shape
head = next(component for component in ablatable(model) if (component.layer, component.head) == (0, 1))
zeros = replace(head, replacement(head, "zero", cache, None))
assert (model(context, zeros).prediction == ablated.prediction).all()
assert (draw_sequences(run.task, run.data, "test", len(sequences))["sequences"] == sequences).all()
with safe_open(weights, framework="np") as file:
    assert [json.loads(text) for text in file.metadata().values()] == [settings]
print("ERRORS", *(cache.prediction - following).square().mean(dim=(0, 2)).tolist())
"""


@pytest.mark.slow
def test_the_code_of_the_page_runs_and_agrees_with_the_tables(finished):
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("results/affine/", "results/smoke/") + OTHERS],
        cwd=finished, env=variables | {"PYTHONPATH": "scripts"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    errors = [float(word) for word in done.stdout.split("ERRORS")[1].split()]
    table = pd.read_csv(finished / "results/smoke/seed0/predictions.csv")
    rows = table[(table["predictor"] == "model") & (table["measure"] == "mse") & table["position"].notna()]
    assert errors == pytest.approx(list(rows.sort_values("position")["value"]), rel=1e-5)
    assert "error without it" in done.stdout


def test_the_page_says_what_the_cache_holds():
    for name in ActivationCache.__dataclass_fields__:
        assert f"`{name}`" in PAGE, name
