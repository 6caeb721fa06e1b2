"""The source keeps the house rules; and the checks of house.py find what they are for."""

import subprocess
import sys
from pathlib import Path

import pytest
from house import (
    ALLOWED_IN_FIGURES,
    ALLOWED_IN_WORKFLOW,
    LEVELS,
    LIBRARY,
    MAX_LINES,
    MODULES,
    NAMES,
    RULE_SCRIPTS,
    SCRIPTS,
    TORCH_FREE,
    TORCH_SCRIPTS,
    WORKFLOW,
    imported_modules,
    packages,
    reaches_torch,
    script_faults,
    snakefile_packages,
    upward_imports,
)
from provenance import code_digest

# ---- the library ----------------------------------------------------------------------------------------------------


def test_every_module_has_a_level():
    entered = {name for names in LEVELS.values() for name in names}
    assert {module.split(".")[0] for module in MODULES} == entered
    assert sum(map(len, LEVELS.values())) == len(entered)


def test_modules_import_from_lower_levels_only():
    assert upward_imports(SCRIPTS) == []


def test_figures_read_tables_only():
    for module, path in MODULES.items():
        if module.split(".")[0] == "figures":
            assert packages(path) <= ALLOWED_IN_FIGURES, module
            others = {name for name in imported_modules(path, MODULES) if name.split(".")[0] != "figures"}
            assert others <= {"files", "frames"}, module


@pytest.mark.parametrize("module", [module for module in MODULES if module.split(".")[0] in TORCH_FREE])
def test_judging_and_drawing_do_not_reach_torch(module):
    assert not reaches_torch(MODULES[module].relative_to(SCRIPTS).as_posix(), SCRIPTS)


def test_the_library_does_not_know_snakemake():
    assert [module for module, path in MODULES.items() if "snakemake" in packages(path)] == []


def test_all_imports_can_be_followed():
    for path in SCRIPTS.rglob("*.py"):
        code_digest(path.relative_to(SCRIPTS).as_posix())


def test_files_are_short():
    paths = [*SCRIPTS.rglob("*.py"), *WORKFLOW.rglob("*.py")]
    assert [str(path) for path in paths if len(path.read_text().splitlines()) > MAX_LINES] == []


# ---- rule scripts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", RULE_SCRIPTS, ids=lambda path: path.stem)
def test_rule_scripts_keep_to_their_form(path):
    assert script_faults(path, NAMES) == []


@pytest.mark.parametrize("path", RULE_SCRIPTS, ids=lambda path: path.stem)
def test_only_scripts_that_compute_with_models_reach_torch(path):
    assert reaches_torch(path.name, SCRIPTS) == (path.stem in TORCH_SCRIPTS)


# ---- the workflow ---------------------------------------------------------------------------------------------------


def test_parsing_the_workflow_imports_neither_library_nor_torch():
    own = {path.stem for path in WORKFLOW.glob("*.py")}
    snakefiles = [WORKFLOW / "Snakefile", *WORKFLOW.rglob("*.smk")]
    for path in WORKFLOW.rglob("*.py"):
        assert packages(path) <= ALLOWED_IN_WORKFLOW | own, path
    for path in snakefiles:
        assert snakefile_packages(path.read_text()) <= ALLOWED_IN_WORKFLOW | own, path


def test_torch_stays_out_when_these_parts_are_really_imported():
    """What the source says, held by running it: an import by way of another package would show here only."""
    workflow = sorted(path.stem for path in WORKFLOW.glob("*.py"))
    free = [f"{LIBRARY}.{m}".strip(".") for m in MODULES if m.split(".")[0] in TORCH_FREE]
    code = f"""
import importlib, sys
sys.path[:0] = {[str(WORKFLOW), str(SCRIPTS)]!r}
for name in {workflow!r}:
    importlib.import_module(name)
assert not {{"torch", "pandas", {LIBRARY!r}}} & set(sys.modules), "the workflow"
for name in {free!r}:
    importlib.import_module(name)
    assert "torch" not in sys.modules, name
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- the checks themselves find what they are for -------------------------------------------------------------------


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("model.py", f"from {LIBRARY}.training import train", ["model imports training"]),
        ("model.py", f"def f():\n    import {LIBRARY}.training", ["model imports training"]),
        ("model.py", f"from {LIBRARY} import training, settings", ["model imports training"]),
        ("model.py", f"from {LIBRARY}.statistics import ratio", ["model imports statistics"]),
        ("model.py", f"from {LIBRARY}.settings import ModelSettings", []),
        ("settings.py", f"from {LIBRARY}.tasks.affine import Affine", ["settings imports tasks.affine"]),
        ("tasks/affine.py", f"from {LIBRARY}.tasks.interface import Task", []),
        ("tasks/interface.py", f"from {LIBRARY}.tasks.affine import Affine", ["tasks.interface imports tasks.affine"]),
        ("tasks/affine.py", f"from {LIBRARY}.tasks import other", ["tasks.affine imports tasks.other"]),
        ("tasks/affine.py", f"from {LIBRARY}.tasks import TASKS", ["tasks.affine imports tasks"]),
        ("figures/style.py", f"from {LIBRARY}.figures import panels", ["figures.style imports figures.panels"]),
        ("figures/curves.py", f"from {LIBRARY}.figures import panels", []),
    ],
)
def test_planted_upward_imports_are_found(tmp_path, file, text, found):
    names = ["__init__", "training", "settings", "statistics", "model", "tasks/__init__", "tasks/affine"]
    names += ["tasks/interface", "tasks/other", "figures/__init__", "figures/style", "figures/panels"]
    plant(tmp_path, {f"{LIBRARY}/{name}.py": "" for name in names} | {f"{LIBRARY}/{file}": text})
    assert upward_imports(tmp_path) == found


def test_planted_torch_is_found(tmp_path):
    plant(
        tmp_path,
        {
            "draw_a.py": "from lib import a",
            "draw_b.py": "from lib import b",
            "lib/__init__.py": "",
            "lib/a.py": "import numpy",
            "lib/b.py": "from lib import c",
            "lib/c.py": "def f():\n    from torch import Tensor",
        },
    )
    assert not reaches_torch("draw_a.py", tmp_path)
    assert reaches_torch("draw_b.py", tmp_path)


GOOD = '"""Draw."""\n\n\ndef main(smk):\n    pass\n\n\nif __name__ == "__main__":\n    main(snakemake)\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD.replace("pass", "pass\n" * 60), "is too long"),
        (GOOD.replace('"""Draw."""', ""), "has no docstring"),
        (GOOD.replace("\n\n\ndef", "\nfrom __future__ import annotations\n\ndef"), "imports from __future__"),
        (GOOD.replace("pass", "import snakemake.io"), "imports snakemake"),
        (GOOD.replace("pass", "from train_model import x"), "imports another script"),
        (GOOD.replace("main(smk)", "main(snake)"), "has no main(smk)"),
        (GOOD.replace("def main", "def other"), "has no main(smk)"),
        (GOOD.replace('if __name__ == "__main__":', "if True:"), "does not end by calling main(snakemake)"),
        (GOOD.replace("pass", "smk.config"), "reads the config"),
    ],
)
def test_planted_faults_of_scripts_are_found(tmp_path, text, fault):
    path = tmp_path / "draw.py"
    path.write_text(GOOD)
    assert script_faults(path, {"train_model"}) == []
    path.write_text(text)
    faults = script_faults(path, {"train_model"})
    assert len(faults) == 1
    assert faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from snakemake.utils import min_version\nimport os, torch\n", {"snakemake", "torch"}),
        (f"if x:\n    from {LIBRARY}.tables import COLUMNS\n", {LIBRARY}),
        ("import pandas as pd\nrule all:\n    input: 'import torch'\n", {"pandas"}),
    ],
)
def test_imports_of_a_snakefile_are_found(text, found):
    assert snakefile_packages(text) == found
