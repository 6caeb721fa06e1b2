"""The report says what the tables hold, needs no other file, and refuses what it cannot read."""

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pandas as pd
import pytest
import write_report
import yaml
from recurrence_circuits import report, sentences
from recurrence_circuits.tables import write_table
from synthetic_tables import Synthetic

WORKFLOW = Path(__file__).resolve().parents[1] / "workflow"
TEMPLATE = WORKFLOW / "report/report.html.j2"
PNG = b"\x89PNG\r\n\x1a\n planted image"
SETTINGS = {
    "task": "affine",
    "data": {"seed": 0, "n_terms": 16},
    "model": {"n_layers": 3, "n_heads": 4, "d_model": 64},
    "training": {"steps": 6000},
    "seeds": [0, 1, 2],
    "analysis": {"confidence": 0.9},
    "claims": {"agreement_min": 0.8},
}


def record(seed, **changes):
    machine = {"platform": "Linux", "threads": 1, "gpu": None}
    return {"settings": {"seed": seed}, "code_digest": "abc", "versions": {"torch": "2"}, "machine": machine} | changes


def benchmark_record(folder, seed, stage):
    """A record as Snakemake keeps it: training takes 100 s and more, all else a tenth of it."""
    path = folder / f"seed{seed}" / f"{stage}.tsv"
    path.parent.mkdir(exist_ok=True, parents=True)
    seconds = (100 + seed) / (1 if stage == "train_model" else 10)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:01:40\t{500 + seed if seed else '-'}\n")
    return str(path)


@pytest.fixture
def smk(tmp_path):
    """What Snakemake hands to the script, over made-up results of three seeds."""
    synthetic, folder = Synthetic(3), tmp_path / "results"
    for name in ("claims", "predictions", "nearest"):
        write_table(name, synthetic[name], str(folder / f"{name}.csv"))
    records = [folder / f"run{seed}.json" for seed in range(3)]
    for seed, path in enumerate(records):
        path.write_text(json.dumps(record(seed)))
    figures = [folder / "ablation.png", folder / "claims.png"]
    for path in figures:
        path.write_bytes(PNG)
    costs = [benchmark_record(folder, seed, stage) for seed in range(3) for stage in ("train_model", "ablate_heads")]
    return SimpleNamespace(
        input=SimpleNamespace(
            claims=str(folder / "claims.csv"),
            predictions=str(folder / "predictions.csv"),
            records=list(map(str, records)),
            figures=list(map(str, figures)),
            costs=costs,
            nearest=str(folder / "nearest.csv"),
        ),
        params=SimpleNamespace(
            template=str(TEMPLATE),
            captions={name: str(WORKFLOW / f"report/{name}.rst") for name in ("ablation", "claims")},
            settings=SETTINGS,
        ),
        wildcards=SimpleNamespace(experiment="affine"),
        output=SimpleNamespace(report=str(tmp_path / "report.html")),
        log=[str(tmp_path / "report.log")],
    )


def written(smk) -> str:
    write_report.main(smk)
    return Path(smk.output.report).read_text(encoding="utf-8")


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


def test_the_report_needs_no_other_file(smk):
    html = written(smk)
    page = Reader(html)
    assert page.open == []
    assert all(source.startswith(("#", "data:image/png;base64,")) for source in page.sources)
    assert "url(" not in html
    assert "@import" not in html
    images = [source for source in page.sources if source.startswith("data:")]
    assert [base64.b64decode(image.partition(",")[2]) for image in images] == [PNG, PNG]


def test_links_within_the_report_lead_somewhere(smk):
    html = written(smk)
    for source in Reader(html).sources:
        assert not source.startswith("#") or f'id="{source[1:]}"' in html


def test_the_report_opens_with_the_verdicts_of_the_claims_table(smk):
    claims = Synthetic(3)["claims"]
    text = Reader(written(smk)).text
    first_page = text[: text.index("What is ours, and what is the paper's")]
    for row in claims[claims["criterion"] == "all"].drop_duplicates("claim").itertuples():
        sentence = (
            f"Claim {row.claim}. {row.statement}: {row.claim_verdict} . In its support: {row.seeds_in_support} of 3"
        )
        assert sentence in first_page
    assert "No figure and no number in this report is the paper's." in text


def test_sections_come_in_order(smk):
    html = written(smk)
    places = [html.index(f'id="{name}"') for name in ("verdicts", "ours", "figures", "tables", "provenance")]
    assert places == sorted(places)


def test_two_reports_are_the_same_bytes(smk):
    assert written(smk) == written(smk)


def test_the_settings_shown_are_a_config_file(smk):
    html = written(smk)
    shown = re.search(r"<h3>Settings</h3>\s*<pre>(.*?)</pre>", html, re.DOTALL)[1]
    assert yaml.safe_load(shown) == {"experiments": {"affine": SETTINGS}}


# ---- sentences ------------------------------------------------------------------------------------------------------


def test_a_failing_claim_is_shown_as_failing():
    claims = Synthetic(2)["claims"]
    claims.loc[(claims["claim"] == "2"), ["claim_verdict", "verdict", "seeds_in_support"]] = ["not supported"] * 2 + [0]
    view = next(view for view in sentences.claim_views(claims, 0.9) if view["name"] == "2")
    assert view["verdict"] == "not supported"
    assert view["support"].startswith("In its support: 0 of 2 seeds (90% Wilson interval of the share:")
    assert len(view["criteria"]) == 3


def test_a_criterion_is_told_with_its_range_and_count():
    claims = Synthetic(2)["claims"]
    rows = claims["criterion"] == "follows"
    claims.loc[rows, "value"], claims.loc[rows, "holds"] = [-0.25, 0.75], [False, True]
    text = sentences.claim_views(claims, 0.9)[1]["criteria"][0]
    assert text.endswith("Values −0.25 to 0.75, untrained 0.1; ≥ 0.5 holds in 1 of 2 seeds.")
    (table,) = [t for t in sentences.criteria_tables(claims) if t["title"].startswith("Claim 2")]
    assert "✗" in table["rows"][0][1]
    assert "✓" in table["rows"][1][1]
    assert "all" not in table["columns"]


def test_the_strongest_baseline_is_the_one_hardest_to_beat():
    numbers = sentences.headline_numbers(Synthetic(2)["predictions"])
    assert list(numbers["strongest"]) == ["linear extrapolation"] * 2  # of the simple ones; ridge is better
    text = sentences.headline_sentence(numbers)
    assert text.endswith("The strongest simple baseline, linear extrapolation, has 0.12.")


def test_without_a_known_floor_there_is_no_baseline_to_name():
    predictions = Synthetic(2)["predictions"]
    numbers = sentences.headline_numbers(predictions[predictions["measure"] == "mse"])
    assert "baseline" not in sentences.headline_sentence(numbers)
    assert sentences.headline_table(numbers)["columns"] == ["seed", "model", "untrained"]


def test_numbers_as_text():
    assert sentences.number(-0.00012345) == "−0.000123"
    assert sentences.spread(pd.Series([0.2, 0.2001])) == "0.2"
    assert sentences.estimate(1.0, 0.5, 2.0) == "1 [0.5, 2]"
    assert sentences.estimate(3.0, float("nan"), float("nan")) == "3"
    assert sentences.seed_list([4]) == "seed 4"


# ---- captions, figures, records -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((WORKFLOW / "report").glob("*.rst")), ids=lambda path: path.stem)
def test_captions_are_sound_and_leave_snakemakes_own_report_alone(path):
    assert report.caption_html(str(path)).startswith("<p>")
    assert not re.search(r"{{|{%|\w_(?!\w)|Figure \d", path.read_text())  # no templates, links or numbers


def test_a_broken_caption_is_refused_by_name(tmp_path):
    path = tmp_path / "ablation.rst"
    path.write_text("An *open emphasis.")
    with pytest.raises(ValueError, match=r"ablation\.rst: expected sound reStructuredText, found"):
        report.caption_html(str(path))


def test_markup_in_results_stays_text(smk):
    claims = Synthetic(3)["claims"]
    claims["statement"] = "<script>alert(1)</script> a & b"
    write_table("claims", claims, smk.input.claims)
    html = written(smk)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_terms_of_the_sequence_have_their_subscript(smk):
    claims = Synthetic(3)["claims"]
    claims["statistic"] = "variance of x_{n+1} over that of x_n"
    write_table("claims", claims, smk.input.claims)
    html = written(smk)
    assert "variance of x<sub>n+1</sub> over that of x<sub>n</sub>" in html
    assert "&lt;sub" not in html


def test_a_figure_without_a_caption_is_refused(smk):
    del smk.params.captions["claims"]
    with pytest.raises(ValueError, match="expected one for the figure 'claims', found only"):
        written(smk)


def test_a_figure_that_is_no_png_is_refused(smk):
    Path(smk.input.figures[0]).write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"ablation\.png: expected a PNG file"):
        written(smk)
    assert not Path(smk.output.report).exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON"),
        ("[]", r"expected a mapping in JSON, found \[\]"),
        (json.dumps({"settings": {}, "code_digest": "", "versions": {}}), "expected machine to be a dict, found None"),
        (json.dumps(record("1")), "expected settings.seed to be an int, found '1'"),
    ],
)
def test_a_damaged_record_is_refused_by_name(smk, content, message):
    Path(smk.input.records[1]).write_text(content)
    with pytest.raises(ValueError, match=rf"run1\.json: .*{message}"):
        written(smk)


def test_seeds_that_share_their_provenance_are_told_together():
    groups = report.provenance([record(0), record(1, code_digest="other"), record(2)])
    assert [group["seeds"] for group in groups] == ["seeds 0, 2", "seed 1"]
    assert groups[1]["facts"]["digest of the training code"] == "other"
    assert groups[0]["facts"]["gpu"] == "none"


def test_a_template_that_asks_for_what_is_not_there_fails(tmp_path):
    path = tmp_path / "page.j2"
    path.write_text("{{ experimnt }}")
    with pytest.raises(jinja2.UndefinedError, match="experimnt"):
        report.render(str(path), experiment="affine")


def test_the_report_says_what_each_stage_cost(smk):
    write_report.main(smk)
    text = Path(smk.output.report).read_text(encoding="utf-8")
    assert re.search(r"<td>ablate heads</td><td>10.1</td><td>10 to 10.2</td><td>10%</td><td>502</td>", text)


def test_a_file_that_is_no_cost_record_is_refused(smk):
    Path(smk.input.costs[0]).write_text("a\tb\n1\t2\n")
    with pytest.raises(ValueError, match=r"train_model\.tsv: expected one benchmark row with 's' and 'max_rss'"):
        write_report.main(smk)


def test_the_report_says_which_predictor_the_models_are_like(smk):
    write_report.main(smk)
    text = Path(smk.output.report).read_text(encoding="utf-8")
    cells = ["b", "2", "bayes (3)", "0.0216", "3 of 3, from position 4"]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in text
