"""The report in a real browser: it folds, enlarges, prints, keeps its bar in sight, and is as wide as the window."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imsave
from playwright.sync_api import Page

from chromium import NARROW, WIDE
from reports import planted_results, written

LAPTOP = {"width": 1280, "height": 800}
CUT = (  # what has a scroll bar from left to right, but for what only a screen reader sees
    "[...document.querySelectorAll('html, body, body *')].filter((node) => node.scrollWidth > node.clientWidth + 1"
    " && getComputedStyle(node).overflowX !== 'visible' && node.tagName !== 'THEAD')"
    ".map((node) => node.className || node.tagName)"
)


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """The report of made-up results, with pictures as wide as the figures."""
    picture = BytesIO()
    imsave(picture, np.random.default_rng(0).uniform(size=(650, 1530, 3)), format="png")
    results = planted_results(
        tmp_path_factory.mktemp("report"), ("predictions", "readout_lens", "feedback", "claims"), picture.getvalue()
    )
    written(results)
    return results.folder / "report.html"


@pytest.fixture
def opened(watched, report):
    """Opens the report, in a window of this size, at an address."""

    def get(size: dict = LAPTOP, address: str = "") -> Page:
        page = watched(size)
        page.goto(f"{report.as_uri()}#{address}")
        return page

    return get


def shows(page: Page, selector: str) -> bool:
    """Whether an element is in the window, as a whole."""
    box, size = page.locator(selector).bounding_box(), page.viewport_size
    return box["x"] >= 0 and box["y"] >= 0 and box["y"] + box["height"] <= size["height"] + 1


def test_one_screen_answers(opened):
    """On a laptop: every claim, the three figures and the way to the explorer, all folded."""
    page = opened()
    assert page.locator(".fold:visible").count() == 0
    figures, link = page.locator(".story img"), page.locator(".opening a[href='explorer.html']")
    assert figures.count() == 3
    for node in [*page.locator(".unfold").all(), *figures.all(), link]:
        box = node.bounding_box()
        assert box["y"] + box["height"] <= LAPTOP["height"], node


def test_a_claim_unfolds_to_its_criteria_by_mouse_and_keyboard(opened):
    page = opened()
    first, second = page.locator(".unfold").nth(0), page.locator(".unfold").nth(1)
    fold = page.locator(".fold").nth(0)
    first.click()
    assert fold.is_visible()
    assert first.get_attribute("aria-expanded") == "true"
    assert "holds in" in fold.inner_text()
    assert fold.locator("table tbody tr").count() == 3  # seeds
    first.click()
    assert not fold.is_visible()
    second.focus()
    page.keyboard.press("Enter")
    assert page.locator(".fold").nth(1).is_visible()


def test_all_claims_unfold_and_fold_at_once(opened):
    page = opened()
    page.locator(".all").click()
    n = page.locator(".fold").count()
    assert page.locator(".fold:visible").count() == n
    page.locator(".all").click()
    assert page.locator(".fold:visible").count() == 0


def test_a_link_to_a_claim_opens_it(opened):
    page = opened(address="claim-1")
    assert page.locator("#fold-1").is_visible()
    assert page.locator(".fold:visible").count() == 1


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_figures_enlarge_on_click_and_go_by_escape_or_click(opened, size):
    page = opened(size)
    for button in (page.locator(".story .enlarge").first, page.locator("figure#claims .enlarge")):
        before = button.bounding_box()["width"]
        button.click()
        image = page.locator("dialog img")
        assert image.get_attribute("src") == button.locator("img").get_attribute("src")
        assert image.bounding_box()["width"] >= max(before, 0.93 * size["width"])
        assert shows(page, "dialog img")
        page.keyboard.press("Escape")
        assert not page.locator("dialog").is_visible()
        button.click()
        page.locator("dialog").click()
        assert not page.locator("dialog").is_visible()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_bar_of_sections_stays_in_sight_and_leads_to_them(opened, size):
    page = opened(size)
    for link in page.locator(".bar a[href^='#']").all():
        link.click()
        assert shows(page, ".bar")
        heading = page.locator(link.get_attribute("href")).bounding_box()
        bar = page.locator(".bar").bounding_box()
        assert heading["y"] >= bar["y"] + bar["height"] - 1  # the bar does not cover it


def test_nothing_scrolls_sideways_on_a_phone(opened):
    page = opened(NARROW)
    page.locator(".all").click()
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert page.evaluate(CUT) == []


def test_a_table_too_wide_for_a_phone_names_its_columns_in_every_row(opened):
    page = opened(NARROW)
    cell = page.locator(".listed tbody tr td:visible").first
    name = cell.evaluate("(node) => getComputedStyle(node, '::before').content")
    assert name.strip('"') == cell.get_attribute("data-column") != ""


def test_it_prints_the_claims_and_what_was_unfolded_without_what_is_for_the_screen(opened):
    page = opened()
    page.locator(".unfold").first.click()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 658, "height": 900})  # A4 without its margins
    assert page.locator(".claims").is_visible()
    assert page.locator(".fold:visible").count() == 1
    for hidden in (".bar", ".all", "dialog"):
        assert not page.locator(hidden).is_visible(), hidden
    assert page.locator(".story img").count() == 3
    assert page.locator("details p").bounding_box()["height"] > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 658
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_without_javascript_everything_stands_open(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(".fold:visible").count() == page.locator(".fold").count() > 0
    context.close()
