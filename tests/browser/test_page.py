"""The page as a whole: links, saved pictures, widths, keyboard, and that it loads nothing."""

import json
import re
import struct
import xml.etree.ElementTree as ET
import zlib
from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from agreement import RESULT
from chromium import NARROW, WIDE
from pages import EXPERIMENTS
from recurrence_circuits.figures import colours

SVG = "{http://www.w3.org/2000/svg}"


# ---- links ----------------------------------------------------------------------------------------------------------


STATES = {
    "default": [
        {"seed": 3, "model": "untrained", "parameters": {"a": -0.5, "b": 1.25, "x0": 2}, "draw": 11, "noise": 0.1,
         "position": 9, "replaced": {"L0H1": "zero", "L2MLP": "mean"}, "enlarged": "L2H3"},
        {"parameters": {"a": 0.5, "b": 0, "x0": 1}, "draw": 7, "terms": [[1], [-2], [0.5]], "position": 2},
    ],
    "vector": [{"terms": [[1, 2], [0.5, -1], [3, 3]], "position": 1, "coordinate": 1}],
    "polynomial": [{"seed": 3, "parameters": {"c0": 1, "c1": -0.5, "c2": 0, "c3": 2}, "draw": 1, "noise": 0.2}],
}  # fmt: skip


@pytest.mark.parametrize(("name", "changes"), [(name, changes) for name, all in STATES.items() for changes in all])
def test_a_link_opens_the_view_that_it_was_taken_from(opened, name, changes):
    page = opened(name)
    before = page.evaluate("explorer.state()")
    page.evaluate("(changes) => explorer.set(changes)", changes)
    page.wait_for_function("location.hash.length > 1")  # the address follows after a rest
    state, link = page.evaluate("explorer.state()"), page.evaluate("location.hash.slice(1)")
    assert state == before | changes
    other = opened(name, link)
    assert other.locator("#refusal").inner_text() == ""
    assert other.evaluate("explorer.state()") == state
    assert other.evaluate(RESULT) == page.evaluate(RESULT)


def test_copy_link_tells_what_it_did(opened):
    page = opened()
    page.locator("#copy-link").click()
    page.wait_for_function("document.getElementById('copied').textContent !== ''")
    assert "seed=0" in page.evaluate("location.hash")


# ---- saved pictures -------------------------------------------------------------------------------------------------


def saved(page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.locator(button).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def png_text(content: bytes) -> dict[str, str]:
    """The texts of a PNG's iTXt chunks by keyword; each chunk's check sum is checked."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    texts, at = {}, 8
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"iTXt":
            keyword, rest = body.split(b"\0", 1)
            texts[keyword.decode()] = rest[4:].decode()
        at += 12 + length
    return texts


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_saved_picture_has_the_view_and_its_settings_inside(opened, size):
    page = opened("default", "a=0.5&b=1&x0=-1&replaced=L1H0:mean&position=6&enlarged=L0H0", size)
    state = page.evaluate("explorer.state()")
    name, svg = saved(page, "#save-svg")
    assert name == "explorer-default-seed0-trained.svg"
    root = ET.fromstring(svg)
    settings = json.loads(root.find(f"{SVG}metadata").text)
    assert settings["state"] == state
    assert settings["experiment"] == "default"
    assert settings["model"]["d_model"] == 64
    again = opened("default", settings["address"].removeprefix("#"))
    assert again.evaluate("explorer.state()") == state
    assert len(root.findall(f".//{SVG}svg")) == 5
    assert "sans-serif" in root.get("font-family")
    assert {text.get("fill") for text in root.findall(f"{SVG}text")} == {"#262626", "#595959"}
    texts = "".join(root.itertext())
    for heading in page.locator(".panel h2").all_inner_texts():
        assert heading in texts
    assert "L1H0:mean" in texts
    assert len(root.findall(f".//{SVG}circle")) == 17
    name, png = saved(page, "#save-png")
    assert name.endswith(".png")
    assert json.loads(png_text(png)["Description"]) == settings
    width, height = struct.unpack(">II", png[16:24])
    assert width == pytest.approx(2 * float(root.get("width")), abs=2)
    assert height == pytest.approx(2 * float(root.get("height")), abs=2)
    pixels = np.asarray(imread(BytesIO(png)))[..., :3]
    for colour in (colours.BLUE, colours.PURPLE, colours.VERMILION):  # the model, the intervention, copying
        apart = np.abs(pixels - [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]).max(axis=-1)
        assert (apart < 0.02).sum() > 50, colour


# ---- the page itself -------------------------------------------------------------------------------------------------


def test_the_page_loads_nothing_and_names_its_parts(explorer):
    html = explorer("default").path.read_text()
    outside = html.replace("http://www.w3.org/", "")
    without_code = re.sub(r"<script>.*?</script>", "", outside, flags=re.DOTALL)
    names = re.findall(r'(?:src|href)\s*=\s*["\'][^"\']*', without_code)
    assert names == ['href="report.html']  # only to be followed
    assert "import {" not in html
    first, code, other = (html.index(part) for part in ('id="seed0-trained"', '"use strict";', 'id="seed3-trained"'))
    assert first < code < other


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_is_wider_than_the_window(opened, name, size):
    page = opened(name, "enlarged=L1H0&replaced=L0H0:mean", size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    wider = page.evaluate(
        "(width) => [...document.querySelectorAll('body *')].filter((node) => !node.closest('svg, #parameters')"
        " && node.getBoundingClientRect().right > width).map((node) => node.id || node.className)",
        size["width"],
    )
    assert wider == []
    for panel in page.locator(".drawing").all():
        drawing = panel.locator("> svg")
        assert drawing.bounding_box()["width"] <= panel.bounding_box()["width"] + 1


def test_everything_is_reached_by_the_keyboard(opened):
    page, reached = opened(), set()
    for _ in range(140):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(document.activeElement.id || document.activeElement.getAttribute('aria-label'))"))
    wanted = page.evaluate(
        "[...document.querySelectorAll('button:enabled, input, select, textarea, circle[tabindex], g[role=button]')]"
        ".filter((node) => node.getClientRects().length).map((node) => node.id || node.getAttribute('aria-label'))"
    )
    assert len(wanted) > 60
    assert set(wanted) - reached == set()
