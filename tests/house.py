"""The house rules, read from the source (with ast): who may import whom, what a rule script looks like."""

import ast
import sys
from pathlib import Path

from lib.provenance import reached_files

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS, WORKFLOW, LIBRARY = ROOT / "scripts", ROOT / "workflow", "recurrence_circuits"
MAX_LINES, MAX_SCRIPT_LINES = 250, 60
TORCH = {"torch", "safetensors"}
RULE_SCRIPTS = sorted(SCRIPTS.glob("*.py"))
NAMES = {path.stem for path in RULE_SCRIPTS}


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
    """What a Python file imports, the standard library left out: top-level names, and the library's own packages as
    `recurrence_circuits.<package>`.
    """
    found = set()
    for name in imports(path):
        top, *inner = name.split(".")
        if top not in sys.stdlib_module_names:
            found.add(f"{top}.{inner[0]}" if top == LIBRARY and inner else top)
    return found


def reaches_torch(*files: str, root: Path = SCRIPTS) -> bool:
    """Whether files, or anything that they import, import torch; paths from root."""
    return any(packages(path) & TORCH for path in reached_files(*files, root=root).values())


def holds_only_a_docstring(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return len(tree.body) <= 1 and (not tree.body or ast.get_docstring(tree) is not None)


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
