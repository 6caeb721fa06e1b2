"""Draw the rule graph of README.md anew from the workflow itself: `make rulegraph`."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- rule graph: begin (made by make rulegraph) -->\n", "<!-- rule graph: end -->\n"


def rule_graph() -> str:
    """Snakemake's own graph of the rules behind the default target, in Mermaid. Raises if Snakemake fails."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js"]
    return subprocess.run(command, cwd=README.parent, check=True, stdout=subprocess.PIPE, text=True).stdout


def block(graph: str) -> str:
    """Snakemake's graph as a block for the README: sorted, so that it changes only when the rules do, without
    colours, which say nothing and read badly on a dark page, and without `all`, which asks for everything.

    Raises ValueError if no rules are found in it.
    """
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", graph, re.MULTILINE))
    pairs = re.findall(r"^\s*(id\d+) --> (id\d+)$", graph, re.MULTILINE)
    arrows = sorted((names[a], names[b]) for a, b in pairs if names[b] != "all")
    if not arrows:
        raise ValueError(f"snakemake --rulegraph mermaid-js: expected rules and arrows, found {graph!r}")
    return "\n".join(["```mermaid", "flowchart LR", *(f"    {a} --> {b}" for a, b in arrows), "```"]) + "\n"


def with_block(text: str, new: str) -> str:
    """The text with what stands between its two marks replaced. Raises ValueError if a mark is not there once."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise ValueError(
            f"{README}: expected the lines {BEGIN.strip()!r} and {END.strip()!r}, once each, in this order"
        )
    before, rest = text.split(BEGIN)
    return before + BEGIN + new + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(with_block(README.read_text(encoding="utf-8"), block(rule_graph())), encoding="utf-8")
