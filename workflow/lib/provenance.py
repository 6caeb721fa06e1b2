"""Digests of code, for the params of the rules: a rule reruns if code that it reaches has changed.

Snakemake's own code trigger looks only at a script's modification time. It misses changes of imported modules, and
reruns everything after a fresh clone.
"""

import ast
import atexit
import hashlib
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
# Left out of digests: logs and signals cannot change a number, and config keys do so only through a stage's params.
OUTSIDE = ("recurrence_circuits/runtime/", "recurrence_circuits/config/")
BY_NAME = "by_name.py"  # the only module that may import at run time; its callers name what it imports
DYNAMIC = {"importlib", "pkgutil", "runpy"}  # modules that import by a name known only at run time
DYNAMIC_CALLS = {"__import__", "import_module", "exec", "eval"}
HARMLESS = {"importlib.metadata", "importlib.resources"}


class Import(NamedTuple):
    """`import module` (name None) or `from module import name`."""

    module: str
    name: str | None
    line: int


def code_digest(*files: str, root: str | Path = SCRIPTS) -> str:
    """Digest, 16 hexadecimal digits, of files and of all modules under root that they import, directly or not.

    files  paths from root: a script such as "train_model.py", and the modules that it imports by name

    Imports inside functions and the __init__ files of packages count. Modules in OUTSIDE do not, nor do comments,
    docstrings, layout and modification times. Raises ValueError, naming file and line, if imports cannot be followed (a
    relative or star import, an import at run time, a local module that does not exist) or if code reads a docstring.
    """
    digest = hashlib.blake2b(digest_size=8)
    for name, path in sorted(reached_files(*files, root=root).items()):
        digest.update(f"{name}\0{_read(path).digest}\0".encode())
    return digest.hexdigest()


def text_digest(path: str | Path) -> str:
    """Digest of a file's content, such as a template. Raises ValueError if the file cannot be read."""
    return hashlib.blake2b(_content(Path(path)), digest_size=8).hexdigest()


def texts_digest(folder: str | Path) -> str:
    """Digest of the names and contents of all files below a folder that are not Python's, such as a page's parts."""
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    parts = "".join(f"{path.relative_to(folder).as_posix()}\0{text_digest(path)}\0" for path in paths)
    return hashlib.blake2b(parts.encode(), digest_size=8).hexdigest()


def params_read(*files: str, root: str | Path = SCRIPTS) -> set[str]:
    """The names of the params that files, or the modules that they import, read as `….params.<name>`."""
    return {name for path in reached_files(*files, root=root).values() for name in _read(path).params}


def reached_files(*files: str, root: str | Path = SCRIPTS) -> dict[str, Path]:
    """The files, and all files under root that they import, directly or not, by path from root; without OUTSIDE."""
    reached: dict[str, Path] = {}
    waiting = list(files)
    while waiting:
        name = waiting.pop()
        if name not in reached and not name.startswith(OUTSIDE):
            reached[name] = Path(root, name)
            waiting += _imported_files(_read(reached[name]).imports, str(root), str(reached[name]))
    return reached


@cache  # each call of snakemake asks this for some fifty stages and figures, which share most modules
def _imported_files(imports: tuple[Import, ...], root: str, importer: str) -> list[str]:
    """The local files that imports run, as paths from root: modules, and the __init__ files of their packages."""
    return [file for imported in imports for file in _files_of(imported, root, importer)]


def _files_of(imported: Import, root: str, importer: str) -> list[str]:
    parts = imported.module.split(".")
    if not _exists(root, parts[0]):
        return []
    if imported.name is not None and _exists(root, *parts, imported.name):
        parts.append(imported.name)
    files = []
    for depth in range(1, len(parts) + 1):
        module = "/".join(parts[:depth])
        if not _exists(root, module):
            raise ValueError(
                f"{importer}, line {imported.line}: expected {'.'.join(parts)} to be a module in {root}, found none"
            )
        # Python prefers a package to a module of the same name. A folder without an __init__ has no file to run.
        files += [file for file in (f"{module}/__init__.py", f"{module}.py") if os.path.isfile(f"{root}/{file}")][:1]
    return files


def _exists(root: str, *parts: str) -> bool:
    module = "/".join([root, *parts])
    return os.path.isfile(f"{module}.py") or os.path.isdir(module)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: expected a readable file, found: {error.strerror}") from error


class Code(NamedTuple):
    """What is read from one file: the digest of its code, its imports, the params that it reads, its docstring."""

    digest: str
    imports: tuple[Import, ...]
    params: tuple[str, ...]
    docstring: str  # of the module


class Parsed:
    """The Code of files, by a digest of their content.

    Kept in .snakemake between calls: parsing all files anew takes a fifth of the time of a call with nothing to do.
    """

    def __init__(self, path: Path):
        self.path, self.codes, self.used, self.changed = path, {}, {}, False
        with suppress(OSError, ValueError, TypeError):  # no file yet, or a damaged one: parse anew
            for key, (digest, imports, params, docstring) in json.loads(path.read_text(encoding="utf-8")).items():
                imports = tuple(Import(*imported) for imported in imports)
                self.codes[key] = Code(digest, imports, tuple(params), docstring)

    def get(self, content: bytes, parse: Callable[[], Code]) -> Code:
        key = hashlib.blake2b(content, digest_size=16).hexdigest()
        if key not in self.codes:
            self.codes[key], self.changed = parse(), True
        self.used[key] = self.codes[key]
        return self.used[key]

    def keep(self) -> None:
        """Write what this call has used, atomically. If that fails, the next call parses anew."""
        if self.changed and self.path.parent.is_dir():
            part = self.path.with_suffix(f".{os.getpid()}.part")
            with suppress(OSError):
                part.write_text(json.dumps(self.used), encoding="utf-8")
                os.replace(part, self.path)


# Another Python may dump the same code differently, and another version of this file may read it differently.
_READER = hashlib.blake2b(Path(__file__).read_bytes() + sys.version.encode(), digest_size=8).hexdigest()
parsed = Parsed(Path(".snakemake").absolute() / f"parsed_code_{_READER}.json")
atexit.register(parsed.keep)


def _read(path: Path) -> Code:
    content = _content(path)
    return parsed.get(content, lambda: _parse(content, str(path)))


def _parse(content: bytes, path: str) -> Code:
    tree = ast.parse(content, filename=path)
    imports, params = [], []
    by_name = Path(path).name == BY_NAME
    for node in ast.walk(tree):
        if not by_name and (problem := _untraceable(node)):
            raise ValueError(f"{path}, line {node.lineno}: expected imports that can be followed, found {problem}")
        if isinstance(node, ast.Import):
            imports += [Import(alias.name, None, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports += [Import(node.module, alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "params":
            params.append(node.attr)
    docstring = ast.get_docstring(tree) or ""
    for node in ast.walk(tree):
        _drop_docstring(node)
    digest = hashlib.blake2b(ast.dump(tree).encode(), digest_size=16).hexdigest()
    return Code(digest, tuple(imports), tuple(params), docstring)


def _untraceable(node: ast.AST) -> str | None:
    """What in a node makes it impossible to follow which code is reached, or None."""
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


def caption_of(figure: str, root: str | Path = SCRIPTS) -> str:
    """A figure's caption: the docstring of its module, read without running it. Raises ValueError if it has none."""
    path = Path(root) / "recurrence_circuits" / "figures" / f"{figure}.py"
    if caption := _read(path).docstring:
        return caption
    raise ValueError(f"{path}: expected a docstring, the figure's caption, found none")
