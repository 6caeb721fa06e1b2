"""The explorer's page, put together from its parts: one HTML file that loads nothing."""

import base64
import json
import re
from pathlib import Path

from markupsafe import Markup
from numpy.typing import NDArray

from recurrence_circuits.figures import colours
from recurrence_circuits.io.templates import templates

TEMPLATE, STYLE, MAIN, D3 = "page.html.j2", "style.css", "main.js", "vendor/d3.min.js"
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
SEVERAL = re.compile(r"^export (?:const|let) [^;{(]*,\s*\w+ =", re.MULTILINE)
PALETTE = {
    name.lower(): value for name, value in vars(colours).items() if isinstance(value, str) and value.startswith("#")
}


def render(folder: str, manifest: dict, blocks: dict[str, NDArray]) -> str:
    """The page, from its parts in `folder`.

    manifest  what the page tells of the experiment and its models, plain values
    blocks    the models' numbers by name, float32: the first comes right after the page's code, the others last, so
              that the page is drawn before they are read
    Raises ValueError naming a part that cannot be put into a page.
    """
    encoded = [(name, base64.b64encode(block.tobytes()).decode()) for name, block in blocks.items()]
    return (
        templates(folder)
        .get_template(TEMPLATE)
        .render(
            experiment=manifest["experiment"],
            style=Markup(Path(folder, STYLE).read_text(encoding="utf-8")),
            palette=PALETTE,
            manifest=_json(manifest | {"palette": PALETTE}),
            d3=_script(D3, Path(folder, D3).read_text(encoding="utf-8")),
            code=_script(MAIN, bundle(Path(folder), MAIN)),
            first=[(name, Markup(text)) for name, text in encoded[:1]],
            others=[(name, Markup(text)) for name, text in encoded[1:]],
        )
    )


def bundle(folder: Path, main: str) -> str:
    """The modules that `main` imports, directly or not, as one text: `main` last, each after those that it imports.

    A browser loads no module by its path from a page that is opened from the disk. So each module becomes a function
    that returns what it exports, and an import takes names from that. Raises ValueError naming a module whose imports
    or exports are not of the plain form, or that imports itself by way of others.
    """
    made: dict[Path, str] = {}
    exports: dict[str, set[str]] = {}  # by the module's variable

    def add(path: Path, importers: tuple[Path, ...]) -> str:
        """The variable that holds the module's exports."""
        if path in importers:
            raise ValueError(f"{path}: expected imports without a circle, found one by {importers[-1].name}")
        variable = "module_" + re.sub(r"\W", "_", path.relative_to(root).with_suffix("").as_posix())
        if path not in made:
            text = path.read_text(encoding="utf-8")
            for found in IMPORT.finditer(text):
                other = add((path.parent / found[2]).resolve(), (*importers, path))
                names = {name.split(" as ")[0].strip() for name in found[1].split(",") if name.strip()}
                if missing := sorted(names - exports[other]):
                    raise ValueError(f"{path}: expected what {found[2]} exports, found {missing}")
                text = text.replace(found[0], f"const {{{found[1].replace(' as ', ': ')}}} = {other};\n")
            if several := SEVERAL.search(text):
                raise ValueError(f"{path}: expected one name an export, found {several[0]!r}")
            exports[variable] = set(EXPORT.findall(text))
            exported = ", ".join(EXPORT.findall(text))
            text = EXPORT.sub(lambda found: found[0].removeprefix("export "), text)
            if odd := re.search(r"^(import|export)\b.*", text, re.MULTILINE):
                raise ValueError(
                    f'{path}: expected import {{ a, b }} from "./c.js"; or export const a, found {odd[0]!r}'
                )
            made[path] = f"const {variable} = (() => {{\n{text}return {{ {exported} }};\n}})();\n"
        return variable

    root = folder.resolve()
    add(root / main, ())
    return '"use strict";\n' + "\n".join(made.values())


def _script(name: str, text: str) -> Markup:
    if "</script" in text.lower():
        raise ValueError(f"{name}: expected code without the end of a script element, found </script")
    return Markup(text)


def _json(value: dict) -> Markup:
    """JSON that no text in it can end the element of."""
    return Markup(json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))
