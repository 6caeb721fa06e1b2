"""Draw the rule graph of README.md anew from the workflow itself: `make rulegraph`."""

import re
import subprocess
import sys
from pathlib import Path

from marked_block import with_block

README = Path(__file__).resolve().parents[1] / "README.md"
MARKS = "rule graph", "make rulegraph"


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


def with_graph(text: str, graph: str) -> str:
    """The README's text with this graph. Raises ValueError if the marks round the old one are not there once."""
    return with_block(README, text, graph, *MARKS)


if __name__ == "__main__":
    README.write_text(with_graph(README.read_text(encoding="utf-8"), block(rule_graph())), encoding="utf-8")
