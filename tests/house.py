"""The house rules, and reading from the source (with ast) whether it keeps them: who may import whom, rule scripts.

The half that trains and measures (torch) and the half that judges and draws meet only in tables. The workflow, which
is parsed at every call, imports neither.
"""

import ast
import re
import sys
from pathlib import Path

from provenance import reached_files

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


def snakefile_packages(text: str) -> set[str]:
    """The top-level names imported in a Snakefile, the standard library's left out."""
    lines = re.findall(r"^\s*(?:from\s+(\S+)\s+import\b|import\s+(.+))", text, flags=re.MULTILINE)
    named = [name for source, several in lines for name in (source or several).split(",")]
    return {name.split()[0].split(".")[0] for name in named} - sys.stdlib_module_names


RULE_SCRIPTS = sorted(SCRIPTS.glob("*.py"))
NAMES = {path.stem for path in RULE_SCRIPTS}
MODULES = library_files(SCRIPTS)
