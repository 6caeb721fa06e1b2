"""Models with more parts than fit on a page, pages with more models than fit in a file, tasks that the page lacks."""

import json
import re
from itertools import pairwise

import pytest

from agreement import RESULT, assert_close, number
from chromium import drawn
from recurrence_circuits.explorer import packing


def test_the_smallest_of_many_bars_are_summed_and_all_still_add_up(opened):
    page = opened("large", "position=9&replaced=L5H1:zero")
    found = page.evaluate(RESULT)
    names = page.locator("#contributions text.name").all_text_contents()
    values = [number(text) for text in page.locator("#contributions text.value").all_text_contents()]
    assert len(found["contributions"]) == 6 * 9 + 3 > len(names) == 41
    assert names[-2:] == ["18 others", "prediction"]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.01 * sum(map(abs, values)))
    assert values[-1] == pytest.approx(found["predictions"][9][0], rel=0.01)


def span(block: int, each: int, n: int) -> range:
    """The positions of a block of `each` among n."""
    return range(block * each, min(n, (block + 1) * each))


def test_a_cell_of_many_maps_is_the_largest_of_several_positions(opened):
    page = opened("large", "enlarged=L5H7")
    pattern = page.evaluate(RESULT)["attention"][5][7]
    cells = page.locator("#attention .maps g.map").last.locator(".cells rect")
    blocks = int((2 * cells.count()) ** 0.5)
    assert 48 * cells.count() <= 20000
    assert blocks < 41  # so that one cell stands for two positions
    each, n = 2, 41
    assert blocks == 21
    largest = [
        max(pattern[i * n + j] for i in span(q, each, n) for j in span(k, each, n))
        for q in range(blocks)
        for k in range(q + 1)
    ]
    # The colour map is one of growing lightness: the order of the colours' green parts is that of the numbers.
    greens = [int(cell.get_attribute("fill")[3:5], 16) for cell in cells.all()]
    order = sorted(range(len(largest)), key=lambda i: largest[i])
    assert all(greens[a] <= greens[b] for a, b in pairwise(order))
    assert page.locator("#attention .enlarged .cells rect").count() == 41 * 42 / 2
    cells.nth(len(largest) - 2).hover()
    told = page.locator("#tip").inner_text()
    assert told.startswith("L5H7: query 40, key 38–39: at most ")
    assert number(told.split("at most ")[1]) == pytest.approx(largest[-2], rel=1e-2)


def changed_page(explorer, folder, **changes):
    """A page with other things in its manifest."""
    html = explorer("default").path.read_text()
    (text,) = re.findall(r'id="manifest">(.*?)</script>', html)
    path = folder / "changed.html"
    path.write_text(html.replace(text, json.dumps(json.loads(text) | changes).replace("<", "\\u003c")))
    return path


def test_a_task_that_the_page_does_not_know_has_the_test_sequences(opened, explorer, tmp_path):
    page = opened()
    data = explorer("default").runs[0].data.to_dict() | {"noise": 0.1}  # which is on the test sequences already
    page.goto(changed_page(explorer, tmp_path, task="doubling", data=data).as_uri())
    drawn(page)
    page.locator("#number-sequence").fill("7")
    drawn(page)
    found = page.evaluate(RESULT)
    assert_close(found["terms"], explorer("default").sequences[7])
    assert found["bayes"] == [[None]] * 16
    assert "Bayes-optimal unknown" in page.locator("#sentence").inner_text()
    page.locator("#terms").fill("1, 2")
    drawn(page)
    assert page.evaluate(RESULT)["terms"] == [[1], [2]]


def test_what_is_left_out_is_told(opened, explorer, tmp_path):
    page = opened()
    assert page.locator("#left-out").inner_text() == ""
    kept = json.loads(re.findall(r'id="manifest">(.*?)</script>', explorer("default").path.read_text())[0])["models"]
    assert len(kept) == len(packing.versions(list(explorer("default").runs.values())))
    page.goto(changed_page(explorer, tmp_path, models=kept[:1], left_out=7).as_uri())
    drawn(page)
    assert "7 snapshots or models" in page.locator("#left-out").inner_text()
    assert page.locator("#model option").all_inner_texts() == ["trained"]
    assert page.locator("#training").is_disabled()
