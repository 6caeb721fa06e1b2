"""The end of make paper: where the pages are."""

from tools.addresses import LISTED, addresses


def with_pages(folder, *pages):
    for page in pages:
        path = folder / "results" / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_one_experiment_has_its_report_and_explorer(tmp_path):
    folder = with_pages(tmp_path / "a folder", "affine/report.html", "affine/explorer.html")
    root = folder.as_uri()
    assert addresses(folder, {"affine": {"task": "affine"}}) == [
        f"Report:      {root}/results/affine/report.html",
        f"Explorer:    {root}/results/affine/explorer.html",
    ]


def test_a_page_that_is_not_there_is_not_told(tmp_path):
    assert addresses(with_pages(tmp_path, "other/report.html"), {"affine": {"task": "affine"}}) == []


def test_many_experiments_fit_on_a_screen(tmp_path):
    few, many = ({f"run{i}": {"task": ("affine", "polynomial")[i % 2]} for i in range(n)} for n in (LISTED, 100))
    pages = [f"{name}/{page}.html" for name in many for page in ("report", "explorer")]
    folder = with_pages(tmp_path, "_comparison/affine.html", "_comparison/polynomial.html", *pages)
    told = addresses(folder, few)
    assert len(told) == 2 + 2 * LISTED < 24
    assert told[0].endswith("_comparison/affine.html")
    assert [line.split("/")[-1] for line in addresses(folder, many)] == ["affine.html", "polynomial.html"]
