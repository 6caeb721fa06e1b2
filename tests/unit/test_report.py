"""The report says what the tables hold, needs no other file, and refuses what it cannot read."""

import base64
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pandas as pd
import pytest
import yaml

from lib.provenance import caption_of
from lib.registry import COMPARISON, FIGURES
from recurrence_circuits.claims import numbers, text
from recurrence_circuits.report import headline, opening, page, sentences
from reports import PNG, SETTINGS, planted_results, record, written
from synthetic_tables import Synthetic
from tables import write_table

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"


@pytest.fixture
def results(tmp_path):
    """Made-up results of three seeds: the rule's inputs and params, which a test may change."""
    return planted_results(tmp_path)


class Reader(HTMLParser):
    """Collects text, what a page asks for from elsewhere, and unclosed tags."""

    def __init__(self, html):
        super().__init__()
        self.words, self.sources, self.open = [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href", "srcset")]
        if tag not in ("meta", "img", "br", "link", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def without_names(html: str) -> str:
    """Cells without the names of their columns."""
    return re.sub(r' data-column="[^"]*"', "", html)


def test_the_report_needs_no_other_file(results):
    html = written(results)
    page = Reader(html)
    assert page.open == []
    assert all(
        source.startswith(("#", "data:image/png;base64,")) or source == "explorer.html" for source in page.sources
    )
    assert "url(" not in html
    assert "@import" not in html
    images = [source for source in page.sources if source.startswith("data:")]
    assert [base64.b64decode(image.partition(",")[2]) for image in images] == [PNG, PNG]


def test_links_within_the_report_lead_somewhere(results):
    html = written(results)
    for source in Reader(html).sources:
        assert not source.startswith("#") or f'id="{source[1:]}"' in html


def test_the_report_opens_with_a_row_for_each_claim(results):
    claims, html = Synthetic(3)["claims"], written(results)
    rows = claims[claims["criterion"] == "all"].drop_duplicates("claim")
    for row in rows.itertuples():
        body = html.split(f'<tbody class="claim" id="claim-{row.claim}">')[1].split("</tbody>", 1)[0]
        shown = Reader(body.split("<tr")[1].partition(">")[2].removesuffix("</tr>\n  ")).text
        name = text.SHORT_NAMES.get(row.claim, row.statement)
        seeds = f"{row.seeds_in_support} of 3 {row.control_in_support} of 3"
        assert shown == f"{row.claim}. {name} {row.claim_verdict} {seeds}"
    assert len(rows) > 1
    assert "No figure and no number in this report is the paper's." in Reader(html).text


def test_below_each_claim_are_its_criteria_numbers_and_thresholds(results):
    claims, html = Synthetic(3)["claims"], written(results)
    for claim, rows in claims[claims["criterion"] != "all"].groupby("claim"):
        fold = html.split(f'id="fold-{claim}"')[1].split("</tbody>\n  <tbody", 1)[0]
        for criterion, own in rows.groupby("criterion"):
            assert f"{criterion.replace('_', ' ')} ({text.condition(own.iloc[0])})" in unescape(fold)


def test_the_figures_of_the_story_stand_beside_the_claims(results):
    opening_of = written(planted_results(results.folder, figures=("predictions", "feedback", "claims")))
    story = opening_of.split('<div class="story">')[1].split("<h2", 1)[0]
    assert story.count("<img ") == 2
    for name in ("predictions", "feedback"):
        assert opening.STORY[name][0] in story
        assert f'href="#{name}"' in story


def test_the_first_line_says_what_the_verdicts_are_worth(results):
    assert (
        Reader(written(results))
        .text.split("Recurrence Circuits: affine")[-1]
        .strip()
        .startswith("These verdicts are exploratory: the same seeds could be looked at")
    )


def test_sections_come_in_order(results):
    html = written(results)
    places = [
        html.index(f'id="{name}"') for name in ("verdicts", "agreement", "ours", "figures", "tables", "provenance")
    ]
    assert places == sorted(places)


def test_two_reports_are_the_same_bytes(results):
    assert written(results) == written(results)


def test_the_settings_shown_are_a_config_file(results):
    html = written(results)
    shown = re.search(r"<h3>Settings</h3>\s*<pre>(.*?)</pre>", html, re.DOTALL)[1]
    assert yaml.safe_load(shown) == {"experiments": {"affine": SETTINGS}}


# ---- sentences ------------------------------------------------------------------------------------------------------


def test_a_failing_claim_is_shown_as_failing():
    claims = Synthetic(2)["claims"]
    claims.loc[(claims["claim"] == "2"), ["claim_verdict", "verdict", "seeds_in_support"]] = ["not supported"] * 2 + [0]
    view = next(view for view in text.claim_views(claims, 0.9) if view["title"].startswith("Claim 2."))
    assert view["verdict"] == "not supported"
    assert view["support"].startswith("0 of 2 seeds support it (90% Wilson interval of the share:")
    assert len(view["criteria"]) == 3


def test_a_criterion_is_told_with_its_range_and_count():
    claims = Synthetic(2)["claims"]
    rows = claims["criterion"] == "follows"
    claims.loc[rows, "value"], claims.loc[rows, "holds"] = [-0.25, 0.75], [False, True]
    sentence = text.claim_views(claims, 0.9)[1]["criteria"][0]
    assert sentence.endswith("Values −0.25 to 0.75, untrained 0.1; ≥ 0.5 holds in 1 of 2 seeds.")
    (table,) = [t for t in text.criteria_tables(claims) if t["title"].startswith("Claim 2")]
    assert "✗" in table["rows"][0][1]
    assert "✓" in table["rows"][1][1]
    assert "all" not in table["columns"]


def test_the_headline_tells_quantiles_before_the_mean_and_names_the_strongest_that_learns_nothing():
    found = headline.headline_numbers(Synthetic(2)["quality"], Synthetic(2)["predictions"])
    assert list(found["strongest"]) == ["best linear by position"] * 2  # of those; ridge is better
    assert found[[0.5, 0.999, "mean", "tail_share"]].iloc[0].tolist() == pytest.approx([2e-4, 0.06, 4e-3, 0.8])
    sentence = headline.headline_sentence(found)
    assert "over the 2 trained models: median 0.0002, 90 % 0.002, 99 % 0.01, 99.9 % 0.06." in sentence
    assert "Its mean, 0.004, tells little: one sequence in a thousand carries 80 % of it." in sentence
    assert sentence.endswith("the strongest baseline that learns nothing in context (best linear by position).")


def test_without_a_known_floor_there_is_no_predictor_to_name():
    predictions = Synthetic(2)["predictions"]
    found = headline.headline_numbers(Synthetic(2)["quality"], predictions[predictions["measure"] == "mse"])
    assert "learns nothing" not in headline.headline_sentence(found)
    assert headline.headline_table(found)["columns"][-1] == "median, untrained"


def test_numbers_as_text():
    assert numbers.number(-0.00012345) == "−0.000123"
    assert numbers.spread(pd.Series([0.2, 0.2001])) == "0.2"
    rows = pd.DataFrame({"value": [1.0, 3.0], "low": [0.5, float("nan")], "high": [2.0, float("nan")]})
    assert [numbers.with_interval(row) for row in rows.itertuples()] == ["1 [0.5, 2]", "3"]
    assert sentences.seed_list([4]) == "seed 4"


# ---- captions, figures, records -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*FIGURES, *COMPARISON])
def test_captions_are_sound_and_name_no_number_of_a_figure(name):
    caption = caption_of(name)
    assert page.caption_html(name, caption).startswith("<p>")
    assert not re.search(r"\w_(?!\w)|Figure \d", caption)  # no links or numbers


@pytest.mark.parametrize("path", sorted((WORKFLOW / "report").glob("*.rst")), ids=lambda path: path.stem)
def test_the_texts_of_snakemakes_own_report_are_sound(path):
    assert page.caption_html(path.stem, path.read_text()).startswith("<p>")


def test_a_broken_caption_is_refused_by_name():
    with pytest.raises(ValueError, match="caption of 'ablation': expected sound reStructuredText, found"):
        page.caption_html("ablation", "An *open emphasis.")


def test_markup_in_results_stays_text(results):
    claims = Synthetic(3)["claims"]
    claims["statement"] = "<script>alert(1)</script> a & b"
    write_table("claims", claims, results.inputs["claims"][0])
    html = written(results)
    assert html.count("<script") == 1  # the page's own
    assert "&lt;script&gt;" in html


def test_terms_of_the_sequence_have_their_subscript(results):
    claims = Synthetic(3)["claims"]
    claims["statistic"] = "variance of x_{n+1} over that of x_n"
    write_table("claims", claims, results.inputs["claims"][0])
    html = written(results)
    assert "variance of x<sub>n+1</sub> over that of x<sub>n</sub>" in html
    assert "&lt;sub" not in html


def test_a_figure_without_a_caption_is_refused(results):
    del results.params["captions"]["claims"]
    with pytest.raises(ValueError, match="expected one for the figure 'claims', found only"):
        written(results)


def test_a_figure_that_is_no_png_is_refused(results):
    Path(results.inputs["figures"][0]).write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"ablation\.png: expected a PNG file"):
        written(results)
    assert not (results.folder / "report.html").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON"),
        ("[]", r"expected a mapping in JSON, found \[\]"),
        (json.dumps({"settings": {}, "code_digest": "", "versions": {}}), "expected machine to be a dict, found None"),
        (json.dumps(record("1")), "expected settings.seed to be an int, found '1'"),
    ],
)
def test_a_damaged_record_is_refused_by_name(results, content, message):
    Path(results.inputs["records"][1]).write_text(content)
    with pytest.raises(ValueError, match=rf"run1\.json: .*{message}"):
        written(results)


def test_seeds_that_share_their_provenance_are_told_together():
    groups = page.provenance([record(0), record(1, code_digest="other"), record(2)])
    assert [group["seeds"] for group in groups] == ["seeds 0, 2", "seed 1"]
    assert groups[1]["facts"]["digest of the training code"] == "other"
    assert groups[0]["facts"]["gpu"] == "none"


def test_a_template_that_asks_for_what_is_not_there_fails(tmp_path):
    path = tmp_path / "page.j2"
    path.write_text("{{ experimnt }}")
    with pytest.raises(jinja2.UndefinedError, match="experimnt"):
        page.render(str(path), experiment="affine")


def test_the_report_says_what_each_stage_cost(results):
    html = without_names(written(results))
    assert re.search(r"<td>measure ablation</td><td>10.1</td><td>10 to 10.2</td><td>10%</td><td>502</td>", html)


def test_a_file_that_is_no_cost_record_is_refused(results):
    Path(results.inputs["costs"][0]).write_text("a\tb\n1\t2\n")
    with pytest.raises(ValueError, match=r"train_model\.tsv: expected one benchmark row with 's' and 'max_rss'"):
        written(results)


def test_the_report_says_which_predictor_the_models_are_like(results):
    html = without_names(written(results))
    cells = ["b", "2", "Bayes-optimal (3)", "0.0216", "3 of 3, from position 4"]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in html
