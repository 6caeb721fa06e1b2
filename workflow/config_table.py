"""Write the table of config/README.md from the config's schema: `python workflow/config_table.py`."""

import json
from pathlib import Path

from validation import leaves
from wording import expected

README = Path(__file__).resolve().parents[1] / "config" / "README.md"
BEGIN, END = "<!-- table: begin (made by workflow/config_table.py) -->\n", "<!-- table: end -->\n"


def table() -> str:
    """The table of every key of an experiment, in Markdown."""
    lines = ["| key | default | expected | meaning | used by |", "|---|---|---|---|---|"]
    for key, schema in leaves().items():
        default = f"`{json.dumps(schema['default'])}`" if "default" in schema else "required"
        rules = ", ".join(f"`{rule}`" for rule in schema["x-rules"])
        lines.append(f"| `{key}` | {default} | {expected(schema)} | {schema['description']} | {rules} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The text with the table between its two marks made anew. Raises ValueError if a mark is missing."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{README}: expected the lines {BEGIN.strip()!r} and {END.strip()!r} once each")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
