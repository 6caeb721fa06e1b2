"""README and docs: commands, links and the rule graph are those of the workflow."""

import re

import pytest

from projects import ROOT
from tools import rulegraph
from tools.marked_block import marks

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_make_target_named_exists():
    named = {first or second for first, second in re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", README, re.MULTILINE)}
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"paper", "test", "check", "clean"} <= named <= targets


def test_every_link_leads_to_a_file_or_heading_that_exists():
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(([^)\s]+)\)", README)
    assert targets
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https:"):
            assert (ROOT / target).exists(), target


@pytest.mark.slow
def test_the_rule_graph_is_the_workflows_own():
    page = rulegraph.PAGE.read_text(encoding="utf-8")
    assert rulegraph.with_graph(page, rulegraph.block(rulegraph.rule_graph())) == page, "run make rulegraph"


def test_the_rule_graph_does_not_depend_on_the_order_of_rules():
    one = "flowchart TB\n\tid0[all]\n\tid1[train]\n\tid2[draw]\n\tid2 --> id0\n\tid1 --> id2\n"
    other = "flowchart TB\n\tid0[draw]\n\tid1[all]\n\tid2[train]\n\tid2 --> id0\n\tid0 --> id1\n"
    assert rulegraph.block(one) == rulegraph.block(other)
    assert "    train --> draw\n" in rulegraph.block(one)


BEGIN, END = marks(*rulegraph.MARKS)


@pytest.mark.parametrize("text", ["", BEGIN, END + BEGIN, 2 * (BEGIN + END)])
def test_a_page_without_its_two_marks_is_refused(text):
    with pytest.raises(ValueError, match="once each, in this order"):
        rulegraph.with_graph(text, "new")


def test_a_graph_without_rules_is_refused():
    with pytest.raises(ValueError, match="found 'flowchart TB'"):
        rulegraph.block("flowchart TB")
