"""Fingerprints of code, for the params of the rules: a rule reruns when code that it reaches has changed.

Snakemake's own code trigger looks at a script's modification time alone. It misses edits to imported modules and
reruns everything after a fresh clone.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
DYNAMIC = {"importlib", "pkgutil", "runpy"}  # modules that import by a name made at run time
DYNAMIC_CALLS = {"__import__", "import_module", "exec", "eval"}
HARMLESS = {"importlib.metadata", "importlib.resources"}


class Import(NamedTuple):
    """`import module` (name None) or `from module import name`."""

    module: str
    name: str | None
    line: int


def code_digest(script: str, root: str | Path = SCRIPTS) -> str:
    """Fingerprint, 16 hexadecimal digits, of a script and of every module under root that it reaches by its imports.

    script  path from root, such as "train_model.py"

    Imports inside functions count, and so do the __init__ files of packages; comments, docstrings, layout and
    modification times do not. Raises ValueError, naming file and line, where imports cannot be followed: a relative
    or star import, an import at run time, a local module that does not exist; or where code reads a docstring.
    """
    digest = hashlib.blake2b(digest_size=8)
    for name, path in sorted(reached_files(script, root).items()):
        digest.update(f"{name}\0{_read(path).digest}\0".encode())
    return digest.hexdigest()


def text_digest(path: str | Path) -> str:
    """Fingerprint of a file's content: of a template or a caption. Raises ValueError if there is no such file."""
    return hashlib.blake2b(_content(Path(path)), digest_size=8).hexdigest()


def reached_files(script: str, root: str | Path = SCRIPTS) -> dict[str, Path]:
    """The script and every file under root that it imports, directly or not, by path from root."""
    root, reached = Path(root), {}
    waiting = [root / script]
    while waiting:
        path = waiting.pop()
        name = path.relative_to(root).as_posix()
        if name not in reached:
            reached[name] = path
            for imported in _read(path).imports:
                waiting += _files_of(imported, root, path)
    return reached


def _files_of(imported: Import, root: Path, importer: Path) -> list[Path]:
    """The local files that an import runs: the module, the __init__ files above it; none if it is not local."""
    parts = imported.module.split(".")
    if not _exists(root / parts[0]):
        return []
    if imported.name is not None and _exists(root.joinpath(*parts, imported.name)):
        parts.append(imported.name)
    files = []
    for depth in range(1, len(parts) + 1):
        module = root.joinpath(*parts[:depth])
        if not _exists(module):
            raise ValueError(
                f"{importer}, line {imported.line}: expected {'.'.join(parts)} to be a module in {root}, found none"
            )
        # A package comes before a module of the same name; a folder without an __init__ runs no file of its own.
        files += [file for file in (module / "__init__.py", module.with_suffix(".py")) if file.is_file()][:1]
    return files


def _exists(module: Path) -> bool:
    return module.is_dir() or module.with_suffix(".py").is_file()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: expected a readable file, found: {error.strerror}") from error


class Code(NamedTuple):
    digest: str
    imports: tuple[Import, ...]


def _read(path: Path) -> Code:
    return _parse(_content(path), str(path))


@cache  # by content, so that fifteen scripts parse each library module once
def _parse(content: bytes, path: str) -> Code:
    tree = ast.parse(content, filename=path)
    imports = []
    for node in ast.walk(tree):
        if problem := _untraceable(node):
            raise ValueError(f"{path}, line {node.lineno}: expected imports that can be followed, found {problem}")
        if isinstance(node, ast.Import):
            imports += [Import(alias.name, None, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports += [Import(node.module, alias.name, node.lineno) for alias in node.names]
    for node in ast.walk(tree):
        _drop_docstring(node)
    return Code(hashlib.blake2b(ast.dump(tree).encode(), digest_size=16).hexdigest(), tuple(imports))


def _untraceable(node: ast.AST) -> str | None:
    """What makes a piece of code reach others in a way that its imports do not tell, or None."""
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return f"the relative import of {'.' * node.level}{node.module or ''}"
        if node.names[0].name == "*":
            return f"the star import from {node.module}"
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names]
        modules = names if isinstance(node, ast.Import) else [node.module, *(f"{node.module}.{n}" for n in names)]
        if any(module.split(".")[0] in DYNAMIC for module in modules) and not HARMLESS & set(modules):
            return f"{modules[0]}, which imports at run time"
    called = {ast.Name: "id", ast.Attribute: "attr"}.get(type(node))
    name = getattr(node, called) if called else None
    if name == "__doc__":
        return "a docstring that is read (docstrings do not count as code)"
    method = name in ("exec", "eval") and isinstance(node, ast.Attribute)  # such as torch's model.eval()
    return f"{name}, which can import at run time" if name in DYNAMIC_CALLS and not method else None


def _drop_docstring(node: ast.AST) -> None:
    documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    if documented and ast.get_docstring(node, clean=False) is not None:
        del node.body[0]
