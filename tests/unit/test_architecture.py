"""The source keeps the house rules; and the checks of house.py find what they are for.

Which package may import which is told in pyproject.toml, and checked by import-linter (`make check`).
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from house import (
    LIBRARY,
    MAX_LINES,
    NAMES,
    RULE_SCRIPTS,
    SCRIPTS,
    WORKFLOW,
    holds_only_a_docstring,
    imports,
    packages,
    reaches_torch,
    script_faults,
)
from lib.provenance import code_digest

PYTHON = sorted([*SCRIPTS.rglob("*.py"), *WORKFLOW.rglob("*.py")])
# What the parts that are in no code digest may import: else a change of them could change a number unseen.
ALLOWED = {
    "runtime": {f"{LIBRARY}.runtime"},
    "config": {f"{LIBRARY}.config", "pydantic", "pydantic_core", "yaml"},
}


# ---- the library ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ALLOWED)
def test_what_is_in_no_digest_imports_next_to_nothing(package):
    paths = list((SCRIPTS / LIBRARY / package).rglob("*.py"))
    assert paths
    for path in paths:
        assert packages(path) <= ALLOWED[package], path


def test_init_files_hold_a_docstring_and_nothing_else():
    inits = [path for path in PYTHON if path.name == "__init__.py"]
    assert len(inits) > 5
    assert [str(path) for path in inits if not holds_only_a_docstring(path)] == []


def test_one_module_imports_by_name():
    """And all other imports can be followed: code_digest refuses those that cannot."""
    assert [path.name for path in PYTHON if {"importlib", "importlib.import_module"} & set(imports(path))] == [
        "by_name.py"
    ]
    for path in SCRIPTS.rglob("*.py"):
        code_digest(path.relative_to(SCRIPTS).as_posix())


def test_the_library_does_not_know_snakemake():
    assert [str(path) for path in (SCRIPTS / LIBRARY).rglob("*.py") if "snakemake" in packages(path)] == []


def test_files_are_short():
    assert [str(path) for path in PYTHON if len(path.read_text().splitlines()) > MAX_LINES] == []


# ---- rule scripts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", RULE_SCRIPTS, ids=lambda path: path.stem)
def test_rule_scripts_keep_to_their_form(path):
    assert script_faults(path, NAMES) == []


def test_every_script_belongs_to_a_rule_and_has_its_name(workflow):
    scripts = {name: Path(rule.script).stem for name, rule in workflow.scripts.items()}
    assert set(scripts.values()) == NAMES
    assert {name for name, script in scripts.items() if name != script} == set()


def test_what_computes_with_models_is_submitted_and_nothing_else(workflow):
    """The scripts that reach torch; figures and tables are drawn and judged where Snakemake itself runs."""
    figures = [path.relative_to(SCRIPTS).as_posix() for path in (SCRIPTS / LIBRARY / "figures").glob("*.py")]
    for name, rule in workflow.scripts.items():
        script = Path(rule.script).name
        files = [script, *figures] if script == "draw_figure.py" else [script]
        assert reaches_torch(*files) == (name not in workflow.local), name


# ---- the workflow ---------------------------------------------------------------------------------------------------


def test_torch_stays_out_when_these_parts_are_really_imported():
    """What the source says, held by running it: an import by way of another package would show here only."""
    read_at_every_call = [
        *(f"lib.{path.stem}" for path in sorted((WORKFLOW / "lib").glob("*.py"))),
        *(f"{LIBRARY}.config.{path.stem}" for path in sorted((SCRIPTS / LIBRARY / "config").glob("*.py"))),
    ]
    without_torch = [
        f"{LIBRARY}.{package}.{path.stem}"
        for package in ("runtime", "claims", "figures", "report")
        for path in sorted((SCRIPTS / LIBRARY / package).glob("*.py"))
    ]
    code = f"""
import importlib, sys
import snakemake.settings.types  # which parsing has imported anyway, with what it needs
before = set(sys.modules)
sys.path[:0] = {[str(WORKFLOW), str(SCRIPTS)]!r}
for name in {read_at_every_call!r}:
    importlib.import_module(name)
heavy = {{"torch", "pandas", "scipy", "matplotlib", "safetensors"}} - before
assert not heavy & set(sys.modules), "the workflow"
for name in {without_torch!r}:
    importlib.import_module(name)
    assert "torch" not in sys.modules, name
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "scripts, by_name, unneeded",
    [
        (r"draw_.*", "figures", {"torch", "scipy", "seaborn", "matplotlib.pyplot"}),
        (r"judge_.*|gather_.*|write_report", "", {"torch", "matplotlib", "pydantic"}),
        (
            r"generate_.*|train_.*|measure_.*|write_explorer",
            "tasks",
            {"scipy.stats", "matplotlib", "seaborn", "torch._dynamo"},
        ),
    ],
)
def test_stages_import_nothing_dear_that_they_do_not_need(scripts, by_name, unneeded):
    """A package that one stage needs would cost every stage its second, at every job."""
    modules = [name for name in sorted(NAMES) if re.fullmatch(scripts, name)]
    assert modules
    if by_name:
        modules += [f"{LIBRARY}.{by_name}.{path.stem}" for path in sorted((SCRIPTS / LIBRARY / by_name).glob("*.py"))]
    code = f"""
import importlib, sys
sys.path.insert(0, {str(SCRIPTS)!r})
for name in {modules!r}:
    importlib.import_module(name)
    found = {unneeded!r} & set(sys.modules)
    assert not found, (name, found)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- the checks themselves find what they are for -------------------------------------------------------------------


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_planted_torch_is_found(tmp_path):
    plant(
        tmp_path,
        {
            "draw_a.py": "from part import a",
            "draw_b.py": "from part import b",
            "part/__init__.py": "",
            "part/a.py": "import numpy",
            "part/b.py": "from part import c",
            "part/c.py": "def f():\n    from torch import Tensor",
        },
    )
    assert not reaches_torch("draw_a.py", root=tmp_path)
    assert reaches_torch("draw_b.py", root=tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os, torch", {"torch"}),
        (f"def f():\n    from {LIBRARY}.io import files", {f"{LIBRARY}.io"}),
        (f"from {LIBRARY} import by_name\nimport pandas as pd", {f"{LIBRARY}.by_name", "pandas"}),
    ],
)
def test_planted_imports_are_found(tmp_path, text, found):
    (tmp_path / "module.py").write_text(text)
    assert packages(tmp_path / "module.py") == found


@pytest.mark.parametrize("text", ["VERSION = 1", '"""Tables."""\nfrom lib import tables', "import os"])
def test_planted_code_in_an_init_file_is_found(tmp_path, text):
    path = tmp_path / "__init__.py"
    path.write_text('"""Tables."""\n')
    assert holds_only_a_docstring(path)
    path.write_text(text)
    assert not holds_only_a_docstring(path)


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
