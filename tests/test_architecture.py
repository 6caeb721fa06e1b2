"""The house rules, read from the source with ast: who may import whom, and what a rule script looks like.

The half that trains and measures (torch) and the half that judges and draws meet only in tables. The workflow, which
is parsed at every call, imports neither.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from provenance import code_digest, reached_files

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS, WORKFLOW, LIBRARY = ROOT / "scripts", ROOT / "workflow", "recurrence_circuits"
MAX_LINES, MAX_SCRIPT_LINES = 275, 60

# A module imports only from lower levels. Every module of the library is entered here, a package as one.
LEVELS = {
    0: ["", "randomness", "settings", "files", "logs", "preemption", "reading"],
    1: ["frames", "tensors", "archives"],
    2: [
        "tables",
        "analysis_settings",
        "tasks",
        "model",
        "statistics",
        "records",
        "figures",
        "sentences",
        "costs",
        "linear",
        "posterior",
    ],
    3: [
        "predictors",
        "errors",
        "by_position",
        "dataset",
        "contributions",
        "linear_norm",
        "interventions",
        "checkpoint",
        "batches",
        "claims",
        "summaries",
        "report",
        "conditions",
        "constructed",
        "nearest",
    ],
    4: [
        "training_state",
        "measuring",
        "scores",
        "ablation",
        "similarity",
        "circuits",
        "feedback",
        "paths",
        "estimates",
        "groups",
        "probes",
        "verdicts",
        "identification",
        "reduced",
        "construction",
    ],
    5: ["training", "formation"],
}
# Within a package: a module imports only from earlier ones; * is every module that is not named, "" the __init__.
WITHIN = {"tasks": ["interface", "*", ""], "figures": ["", "style", "panels", "*"]}

TORCH = {"torch", "safetensors"}
TORCH_SCRIPTS = {
    "generate_data",
    "train_model",
    "score_predictions",
    "ablate_heads",
    "measure_similarity",
    "measure_circuits",
    "patch_paths",
    "ablate_groups",
    "probe_layers",
    "measure_formation",
    "identify_algorithm",
    "explain_predictions",
    "score_construction",
}
TORCH_FREE = [
    "settings",
    "tables",
    "logs",
    "statistics",
    "claims",
    "verdicts",
    "summaries",
    "figures",
    "linear",
    "nearest",
    "sentences",
    "report",
    "costs",
    "frames",
    "files",
    "preemption",
    "reading",
    "archives",
]
ALLOWED_IN_FIGURES = {"numpy", "pandas", "matplotlib", "seaborn", LIBRARY}
ALLOWED_IN_WORKFLOW = {"yaml", "jsonschema", "snakemake", "bagit", "psutil", "numpy", "tabulate"}


# ---- reading the source ---------------------------------------------------------------------------------------------


def imports(path: Path) -> list[str]:
    """Everything that a Python file imports: `a.b` for import a.b, `a.b.c` for from a.b import c."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def packages(path: Path) -> set[str]:
    """The top-level names that a Python file imports, the standard library's left out."""
    return {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names


def library_files(root: Path) -> dict[str, Path]:
    """The library's files by module name, without the library's own: `tasks.affine`; a package by its name."""
    files = {}
    for path in sorted((root / LIBRARY).rglob("*.py")):
        parts = path.relative_to(root / LIBRARY).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imported_modules(path: Path, modules: dict[str, Path]) -> set[str]:
    """The library's modules that a file names in its imports."""
    named = [name.removeprefix(LIBRARY).strip(".") for name in imports(path) if f"{name}.".startswith(f"{LIBRARY}.")]
    return {name if name in modules else name.rpartition(".")[0] for name in named}


def level(module: str) -> int:
    return next(n for n, names in LEVELS.items() if module.split(".")[0] in names)


def place(package: str, module: str) -> int:
    inner = module.removeprefix(package).strip(".")
    return WITHIN[package].index(inner if inner in WITHIN[package] else "*")


def upward_imports(root: Path) -> list[str]:
    """Imports in the library that do not go to a lower level, or to an earlier module of the same package."""
    modules, found = library_files(root), []
    for module, path in modules.items():
        package = module.split(".")[0]
        for imported in sorted(imported_modules(path, modules)):
            if package in WITHIN and imported.split(".")[0] == package:
                allowed = place(package, imported) < place(package, module)
            else:
                allowed = level(imported) < level(module)
            if not allowed:
                found.append(f"{module} imports {imported}")
    return found


def reaches_torch(file: str, root: Path) -> bool:
    return any(packages(path) & TORCH for path in reached_files(file, root).values())


def script_faults(path: Path, scripts: set[str]) -> list[str]:
    """What a rule script does that it may not."""
    text = path.read_text(encoding="utf-8")
    tree, names = ast.parse(text), imports(path)
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    faults = {
        "is too long": len(text.splitlines()) > MAX_SCRIPT_LINES,
        "has no docstring": ast.get_docstring(tree) is None,
        "imports from __future__, a SyntaxError under `script:`": any(n.startswith("__future__") for n in names),
        "imports snakemake": any(n.split(".")[0] == "snakemake" for n in names),
        "imports another script": any(n.split(".")[0] in scripts for n in names),
        "has no main(smk)": [[argument.arg for argument in main.args.args] for main in mains] != [["smk"]],
        "does not end by calling main(snakemake)": ast.unparse(tree.body[-1])
        != "if __name__ == '__main__':\n    main(snakemake)",
        "reads the config rather than its params": any(
            isinstance(node, ast.Attribute) and node.attr == "config" for node in ast.walk(tree)
        ),
    }
    return [fault for fault, found in faults.items() if found]


RULE_SCRIPTS = sorted(SCRIPTS.glob("*.py"))
NAMES = {path.stem for path in RULE_SCRIPTS}
MODULES = library_files(SCRIPTS)


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


def snakefile_packages(text: str) -> set[str]:
    """The top-level names imported in a Snakefile, the standard library's left out."""
    lines = re.findall(r"^\s*(?:from\s+(\S+)\s+import\b|import\s+(.+))", text, flags=re.MULTILINE)
    named = [name for source, several in lines for name in (source or several).split(",")]
    return {name.split()[0].split(".")[0] for name in named} - sys.stdlib_module_names


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
