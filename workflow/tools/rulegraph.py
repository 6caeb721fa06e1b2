"""Draw the rule graph of docs/architecture.md from the workflow itself: `make rulegraph`."""

import re
import subprocess
import sys
from pathlib import Path

from tools.marked_block import with_block

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
MARKS = "rule graph", "make rulegraph"


def rule_graph() -> str:
    """Snakemake's own graph of the rules behind the default target, in Mermaid. Raises if Snakemake fails."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js"]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def block(graph: str) -> str:
    """Snakemake's graph as a block for the page: sorted, so that it changes only when the rules do, without
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
    """The page's text with this graph. Raises ValueError if the marks round the old one are not there once."""
    return with_block(PAGE, text, graph, *MARKS)


if __name__ == "__main__":
    PAGE.write_text(with_graph(PAGE.read_text(encoding="utf-8"), block(rule_graph())), encoding="utf-8")
