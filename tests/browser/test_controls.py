"""Every control does what it says, by mouse and by keyboard, and wrong input is refused in words."""

import re

import pytest

from agreement import RESULT, assert_page_is_the_model, number
from chromium import drawn, follow
from pages import NEGATIVE


def state(page) -> dict:
    drawn(page)
    return page.evaluate("explorer.state()")


def prediction(page) -> list:
    return page.evaluate(RESULT)["predictions"]


# ---- the sequence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["default", "vector", "polynomial"])
def test_every_parameter_has_a_slider_and_a_number_that_move_the_prediction(opened, name):
    page = opened(name)
    names = page.evaluate("explorer.task.parameters.map(({ name }) => name)")
    assert names
    for parameter in names:
        before = prediction(page)
        page.locator(f"#slide-{parameter}").press("ArrowLeft")
        by_slider = state(page)["parameters"][parameter]
        assert prediction(page) != before
        page.locator(f"#number-{parameter}").fill("0.123")
        assert state(page)["parameters"][parameter] == 0.123 != by_slider
        assert float(page.locator(f"#slide-{parameter}").input_value()) == pytest.approx(0.123)


def test_noise_position_and_coordinate_have_a_slider_and_a_number(opened):
    page = opened("vector")
    page.locator("#number-noise").fill("0.25")
    assert state(page)["noise"] == 0.25
    page.locator("#slide-noise").press("Home")
    assert state(page)["noise"] == 0
    page.locator("#number-position").fill("2")
    assert state(page)["position"] == 2
    page.locator("#slide-position").press("ArrowRight")
    assert state(page)["position"] == 3
    before = page.locator("#sentence").inner_text()
    page.locator("#slide-coordinate").press("ArrowRight")
    assert state(page)["coordinate"] == 1
    assert page.locator("#sentence").inner_text() != before
    page.locator("#number-coordinate").fill("1")
    assert state(page)["coordinate"] == 0


def test_a_new_draw_draws_other_terms(opened):
    page = opened()
    before = page.evaluate(RESULT)["terms"]
    page.locator("#draw").click()
    drawn(page)
    assert page.evaluate(RESULT)["terms"] != before


def test_terms_are_typed_dragged_and_moved_by_keys(opened, explorer):
    page = opened()
    page.locator("#terms").fill("1, 2, 3.5, −1")
    assert state(page)["terms"] == [[1], [2], [3.5], [-1]]
    assert state(page)["position"] == 3  # the last that there is
    assert page.locator("#by-hand").is_visible()
    term = page.locator("#sequence circle").nth(1)
    term.press("ArrowUp")
    assert state(page)["terms"][1] == [2.05]
    box = term.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 5, box["y"] + 45, steps=5)
    page.mouse.up()
    moved = state(page)["terms"]
    assert moved[1][0] < 2
    assert [moved[i] for i in (0, 2, 3)] == [[1], [3.5], [-1]]
    assert_page_is_the_model(page, explorer("default"), (0, "trained"), {})
    page.locator("#law").click()
    assert state(page)["terms"] is None
    assert not page.locator("#law").is_visible()


def test_a_click_in_the_plot_chooses_the_position(opened):
    page = opened()
    page.locator("#sequence .columns rect").nth(9).click(position={"x": 3, "y": 5})
    assert state(page)["position"] == 9


# ---- the model and its interventions --------------------------------------------------------------------------------


def test_seed_and_training_choose_the_model(opened, explorer):
    page, made = opened(), explorer("default")
    page.locator("#seed").select_option("3")
    page.locator("#model").select_option("untrained")
    drawn(page)
    assert_page_is_the_model(page, made, (3, "untrained"), {})
    seen = [state(page)["model"]]
    for _ in range(3):
        page.locator("#training").press("ArrowRight")
        seen.append(state(page)["model"])
        assert_page_is_the_model(page, made, (3, seen[-1]), {})
    assert seen[0] == "untrained"
    assert seen[3] == "trained"
    assert [int(kind[4:]) for kind in seen[1:3]] == sorted(
        int(kind.removeprefix("step")) for seed, kind in made.models if seed == 3 and kind[:4] == "step"
    )


def test_every_switch_replaces_what_it_names_and_gives_it_back(opened, explorer):
    page, made = opened(), explorer("default")
    whole = prediction(page)
    switches = page.locator("#switches button")
    labels = [switch.get_attribute("aria-label") for switch in switches.all()]
    assert len(labels) == 3 * (4 + 1 + 1) * 2
    for i, label in enumerate(labels):
        switches.nth(i).click()
        layer, kind = re.search(r"(?:L|layer )(\d)", label)[1], label.split()[-1]
        names = {
            "M": [f"L{layer}MLP"],
            "L": [label[:4]],
            "l": [*(f"L{layer}H{head}" for head in range(4)), f"L{layer}MLP"],
        }[label[0]]
        replaced = state(page)["replaced"]
        assert replaced == dict.fromkeys(names, kind)
        assert switches.nth(i).get_attribute("aria-pressed") == "true"
        assert prediction(page) != whole
        if i % 7 == 0 or label[0] == "l":
            assert_page_is_the_model(page, made, (0, "trained"), replaced)
        switches.nth(i).click()
        assert state(page)["replaced"] == {}
    assert prediction(page) == whole


def test_the_negative_heads_are_those_of_the_analysis_and_none_brings_all_back(opened, explorer):
    page, made = opened(), explorer("default")
    whole = prediction(page)
    for kind, i in (("zero", 0), ("mean", 1)):
        page.locator("#negative button").nth(i).click()
        replaced = state(page)["replaced"]
        assert replaced == dict.fromkeys(NEGATIVE[0], kind)
        assert_page_is_the_model(page, made, (0, "trained"), replaced)
    page.locator("#none").click()
    assert state(page)["replaced"] == {}
    assert prediction(page) == whole
    page.locator("#seed").select_option("3")
    drawn(page)
    assert page.locator("#negative button").first.is_disabled()
    assert "no negative head in seed 3" in page.locator("#groups").inner_text()


# ---- the views ------------------------------------------------------------------------------------------------------


def test_a_map_tells_its_numbers_and_is_enlarged_by_click_and_by_key(opened):
    page = opened()
    found = page.evaluate(RESULT)
    maps = page.locator("#attention .maps g.map")
    assert maps.count() == 12
    cells = maps.nth(6).locator(".cells rect")
    cells.nth(4).hover()  # query 2, key 1
    shown = float(page.locator("#tip").inner_text().split(": ")[-1])
    assert page.locator("#tip").inner_text().startswith("L1H2: query 2, key 1")
    assert shown == pytest.approx(found["attention"][1][2][2 * 16 + 1], rel=1e-2)
    maps.nth(6).click()
    assert state(page)["enlarged"] == "L1H2"
    numbers = [int(text) for text in page.locator("#attention .enlarged .numbers text").all_text_contents()]
    assert len(numbers) == 16 * 17 / 2
    assert sum(numbers[-16:]) == pytest.approx(100, abs=8)
    maps.nth(6).press("Enter")
    assert state(page)["enlarged"] is None
    maps.nth(7).press("Enter")
    assert state(page)["enlarged"] == "L1H3"


def test_the_bars_show_the_contributions_and_their_sum_the_prediction(opened):
    page = opened("default", "replaced=L1H0:zero&position=4")
    found = page.evaluate(RESULT)
    names = page.locator("#contributions text.name").all_text_contents()
    values = [number(text) for text in page.locator("#contributions text.value").all_text_contents()]
    assert names == [*(name + " → zero" * (name == "L1H0") for name, _ in found["contributions"]), "prediction"]
    assert values[:-1] == pytest.approx([terms[4][0] for _, terms in found["contributions"]], rel=1e-2, abs=1e-12)
    assert values[-1] == pytest.approx(found["predictions"][4][0], rel=1e-2)
    widths = [float(bar.get_attribute("width")) for bar in page.locator("#contributions .bar rect").all()]
    sizes = [abs(value) for value in values]
    assert widths == pytest.approx([size * max(widths) / max(sizes) for size in sizes], rel=0.02, abs=0.05)


def test_the_sentence_tells_the_numbers_at_the_position(opened):
    page = opened("default", "position=7&replaced=L0MLP:mean")
    found, text = page.evaluate(RESULT), page.locator("#sentence").inner_text()
    told = [number(value) for value in re.findall(r"(?<=[a-z] )−?\d[\d.e−+]*(?=[,. ])(?<!\.)", text + " ")]
    expected = [found["terms"][8], found["whole"][7], found["predictions"][7], found["context"][7], found["bayes"][7]]
    assert [float(f"{value:.4g}") for (value,) in expected] == pytest.approx(told, rel=1e-3)


@pytest.mark.parametrize(
    ("panel", "found"),
    [
        ("sequence", lambda found: ("model: x₅ =", found["whole"][4][0])),
        ("errors", lambda found: ("model: n = 4, error", abs(found["whole"][4][0] - found["terms"][5][0]))),
    ],
    ids=["sequence", "errors"],
)
def test_the_marks_of_a_line_tell_their_numbers(opened, panel, found):
    page = opened("default", "position=9")
    page.locator(f"#{panel} path.mark.whole").nth(4).hover(force=True)
    words, value = found(page.evaluate(RESULT))
    told = page.locator("#tip").inner_text()
    assert told.startswith(words)
    assert number(told.removeprefix(words)) == pytest.approx(value, rel=1e-2)


def test_the_marks_of_the_estimates_tell_their_numbers(opened):
    page = opened("default", "position=9")
    marks = page.locator("#layers path.mark.whole")
    assert marks.count() == 4
    marks.last.hover(force=True)
    told = number(page.locator("#tip").inner_text().removeprefix("model: "))
    assert told == pytest.approx(page.evaluate(RESULT)["predictions"][9][0], rel=1e-3)


# ---- wrong input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field", "text", "words"),
    [
        ("default", "#number-a", "2", ["a", "a number from −1 to 1", "“2”"]),
        ("default", "#number-a", "abc", ["a", "a number from", "“abc”"]),
        ("default", "#number-b", "", ["b", "a number from −4 to 4", "nothing"]),
        ("default", "#number-noise", "0.00001", ["noise", "0, or a number from 0.0001"]),
        ("default", "#number-position", "1.5", ["position", "a whole number from 0 to 15", "“1.5”"]),
        ("default", "#number-position", "16", ["position", "a whole number from 0 to 15", "“16”"]),
        ("default", "#terms", "1, x, 2", ["term x_1", "a number", "“x”"]),
        ("default", "#terms", "1e10", ["term x_0", "a number from −1000000000 to 1000000000"]),
        ("default", "#terms", "1,, 2", ["term x_1", "a number", "nothing"]),
        ("default", "#terms", " ", ["terms", "1 to 17 terms", "nothing"]),
        ("default", "#terms", "1 " * 18, ["terms", "at most 17 terms", "18 terms"]),
        ("vector", "#terms", "1 2, 3", ["term x_1", "2 coordinates", "“3”"]),
        ("vector", "#number-A1_1", "1.5", ["A₁₁", "a number from −1 to 1"]),
    ],
)
def test_wrong_input_is_refused_in_words_and_changes_nothing(opened, name, field, text, words):
    page = opened(name)
    before = state(page)
    page.locator(field).fill(text)
    assert state(page) == before
    refusal = page.locator("#refusal")
    assert refusal.get_attribute("role") == "alert"
    assert [word for word in words if word not in refusal.inner_text()] == []
    assert page.locator(field).get_attribute("aria-invalid") == "true"
    page.locator("#negative button").first.click()
    drawn(page)
    assert refusal.inner_text() == ""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("seed=9", ["seed: expected one of 0, 3, found “9”"]),
        ("model=step77", ["model: expected one of trained, untrained"]),
        ("a=7&b=1", ["a: expected a number from −1 to 1, found “7”"]),
        ("replaced=L9H0:zero", ["replaced: expected one of L0H0", "found “L9H0”"]),
        ("replaced=L0H0:half", ["replaced L0H0: expected one of zero, mean, found “half”"]),
        ("terms=1,2&position=5", ["position: expected a whole number from 0 to 1, found “5”"]),
        ("colour=<script>alert(1)</script>", ["expected the settings of this page, found “colour”"]),
        ("enlarged=L0MLP", ["enlarged: expected one of L0H0"]),
    ],
)
def test_a_wrong_link_is_refused_in_words_and_the_rest_of_it_holds(opened, address, words):
    page = opened("default", f"{address}&noise=0.5")
    text = page.locator("#refusal").inner_text()
    assert [word for word in words if word not in text] == []
    assert state(page)["noise"] == 0.5
    follow(page, "noise=0")
    assert page.locator("#refusal").inner_text() == ""
