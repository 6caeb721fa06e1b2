"""A page made of a template: one HTML file that needs no other."""

import base64
from pathlib import Path

import yaml
from docutils.core import publish_parts
from docutils.utils import SystemMessage
from markupsafe import Markup, escape

from recurrence_circuits.figures.labels import TERM, words
from recurrence_circuits.io.templates import templates
from recurrence_circuits.report.sentences import seed_list


def render(template: str, **content) -> str:
    """The HTML of the Jinja2 template in the file `template`; content: every name that it uses.

    Raises jinja2.UndefinedError if the template uses another name.
    """
    environment = templates(Path(template).parent)
    environment.filters["subscripts"] = subscripts
    return environment.get_template(Path(template).name).render(content)


def subscripts(text: str) -> Markup:
    """Text whose x_n and x_{n+1} have subscripts; what is HTML already is left as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(TERM.sub(lambda found: f"x<sub>{found[1] or 'n'}</sub>", str(escape(text))))


def figure_views(pngs: list[str], captions: dict[str, str]) -> list[dict]:
    """The figures in the order of their files, each with its caption.

    captions: from a figure's name to its caption in reStructuredText. Raises ValueError if a figure has no caption, if
    a file is not a PNG, or if a caption is not sound.
    """
    views = []
    for path in pngs:
        name, content = Path(path).stem, Path(path).read_bytes()
        if name not in captions:
            raise ValueError(f"captions: expected one for the figure {name!r}, found only {sorted(captions)}")
        if not content.startswith(b"\x89PNG"):
            raise ValueError(f"{path}: expected a PNG file, found other content")
        title = words(name).capitalize()
        png = base64.b64encode(content).decode()
        views.append({"name": name, "title": title, "png": png, "caption": caption_html(name, captions[name])})
    return views


def caption_html(figure: str, text: str) -> Markup:
    """A caption in reStructuredText as HTML. Raises ValueError naming the figure if the markup is not sound."""
    settings = {"halt_level": 2, "report_level": 5, "raw_enabled": False, "file_insertion_enabled": False}
    try:
        parts = publish_parts(text, writer="html5", settings_overrides=settings)
    except SystemMessage as error:
        raise ValueError(f"caption of {figure!r}: expected sound reStructuredText, found: {error}") from error
    return Markup(parts["fragment"])


def provenance(records: list[dict]) -> list[dict]:
    """Code, versions and machine, listed once for all seeds that share them."""
    groups = {}
    for record in records:
        facts = {"digest of the training code": record["code_digest"], **record["versions"], **record["machine"]}
        facts = {key: "none" if value is None else str(value) for key, value in facts.items()}
        groups.setdefault(tuple(facts.items()), []).append(record["settings"]["seed"])
    return [{"seeds": seed_list(seeds), "facts": dict(facts)} for facts, seeds in groups.items()]


def settings_yaml(experiment: str, settings: dict) -> str:
    """The experiment as the text of a config file, with every default filled in."""
    return yaml.safe_dump({"experiments": {experiment: settings}}, sort_keys=False, default_flow_style=None, width=88)
