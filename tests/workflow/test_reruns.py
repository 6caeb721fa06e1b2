"""What reruns after which change, by real dry runs on a finished run. The table of docs/reruns.md is this one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from projects import ROOT, change_config, edit, snakemake
from reruns import following, planned_jobs

pytestmark = pytest.mark.slow
LIBRARY = Path("scripts/recurrence_circuits")
STATEMENT = "\n\nADDED = 1\n"
FIGURE = '''"""A new figure: the learning curves once more."""

from recurrence_circuits.figures.learning_curves import draw as draw_curves


def draw(learning_curves):
    """As `learning_curves.draw`."""
    return draw_curves(learning_curves)
'''
MEASURE = '''"""A new measure: how many sequences there are."""

import pandas as pd


def measure_sizes(sequences):
    """The columns of the table `sizes` from `value` on."""
    return pd.DataFrame({"value": [float(len(sequences))]})
'''
SCRIPT = '''"""Count the test sequences."""

from recurrence_circuits.measures.sizes import measure_sizes
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        m.write("sizes", measure_sizes(m.sequences))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
'''


def append(name: Path | str, text: str = STATEMENT) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        path = project / name
        path.write_text(path.read_text() + text)

    return change


def replace(name: Path | str, old: str, new: str) -> Callable[[Path], None]:
    return lambda project: edit(project / name, old, new)


def config(**sections: dict) -> Callable[[Path], None]:
    """Change keys of the experiment, by section."""

    def change(smoke: dict) -> None:
        for section, keys in sections.items():
            smoke.setdefault(section, {}).update(keys)

    return lambda project: change_config(project, change)


def touch_all(project: Path) -> None:
    for folder in ("scripts", "workflow", "config"):
        for path in (project / folder).rglob("*"):
            os.utime(path)


def edit_runtime(project: Path) -> None:
    edit(project / LIBRARY / "runtime/progress.py", "left", "to go")
    for path in (project / LIBRARY / "runtime").glob("*.py"):
        append(path)(project)


def add_task(project: Path) -> None:
    (project / LIBRARY / "tasks/doubling.py").write_text((project / LIBRARY / "tasks/affine.py").read_text())


def add_figure(project: Path) -> None:
    (project / LIBRARY / "figures/curves_again.py").write_text(FIGURE)
    edit(
        project / "workflow/lib/registry.py", "FIGURES = {\n", 'FIGURES = {\n    "curves_again": ["learning_curves"],\n'
    )


def add_measure(project: Path) -> None:
    (project / LIBRARY / "measures/sizes.py").write_text(MEASURE)
    (project / "scripts/measure_sizes.py").write_text(SCRIPT)
    edit(
        project / "workflow/lib/registry.py",
        "MEASURES = {\n",
        'MEASURES = {\n    "sizes": Measure({"sizes": "value"}),\n',
    )


def add_experiment(project: Path) -> None:
    append("config/smoke.yaml", "  other: {task: polynomial, data: {degree: 1}, seeds: [0]}\n")(project)


def add_seed(project: Path) -> None:
    change_config(project, lambda smoke: smoke.update(seeds=[0, 1, 7]))


NEW_SEED = following("train_model", seeds=(7,))
FEEDBACK = following("measure_feedback", "measure_formation", "measure_null", "measure_agreement")


class Row(NamedTuple):
    """A change and what runs after it: in words for the page, and job by job."""

    change: str
    runs: str
    make: Callable[[Path], None]
    jobs: set[str]


ROWS = [
    Row("nothing, or every file touched", "nothing", touch_all, set()),
    Row("a comment, or a docstring", "nothing",
        append(LIBRARY / "model/transformer.py", "# A comment.\n"), set()),
    Row("a word of a progress message, or any statement in `runtime/`", "nothing", edit_runtime, set()),
    Row("a description, a default or a range of a config key that the config sets", "nothing",
        replace(LIBRARY / "config/training.py", "Optimiser steps", "Steps of the optimiser"), set()),
    Row("a task that no experiment uses, or a new task", "nothing",
        lambda project: (append(LIBRARY / "tasks/polynomial.py")(project), add_task(project)), set()),
    Row("a statement in the file of a task", "every experiment with that task",
        append(LIBRARY / "tasks/affine.py"), following("generate_data")),
    Row("`data.n_test`", "the test sequences and what is measured on them; no training",
        config(data={"n_test": 160}), following("generate_data", parts=("test",))),
    Row("`data.n_validation`", "the validation sequences, and training",
        config(data={"n_validation": 160}), following("generate_data", parts=("validation",))),
    Row("a key of `analysis` (here `feedback_epsilon`)", "the stages that read it, and what follows",
        config(analysis={"feedback_epsilon": 0.2}), FEEDBACK),
    Row("which heads form the groups", "the groups of heads, and what follows",
        config(analysis={"negative_head_correlation_max": -0.4}), following("measure_groups", "measure_agreement")),
    Row("a claim's threshold", "the judgement, its figure, the report",
        config(claims={"learned_ratio_max": 0.2}), following("judge_claims") | {"judge_claims", "draw_figure claims"}),
    Row("a column of a table (here `cosines`)", "the stage that writes it, and what follows",
        replace("workflow/lib/registry.py", "other_layer other_head value\",", "other_layer other_head value level\","),
        following("measure_similarity")),
    Row("the module of a measure (here `feedback`)", "the stages that reach it by imports, and what follows",
        append(LIBRARY / "measures/feedback.py"), FEEDBACK),
    Row("the transformer", "training, and all that follows; no sequences",
        append(LIBRARY / "model/transformer.py"), following("train_model", "measure_handcrafted", "measure_null")),
    Row("a figure's module, or its docstring (the caption)", "that figure, and the report",
        append(LIBRARY / "figures/ablation.py"), {"draw_figure ablation", "write_report"}),
    Row("a part of the explorer's page", "the explorer",
        append(LIBRARY / "explorer/style.css", "body { margin: 0; }\n"), {"write_explorer"}),
    Row("a new figure", "that figure, and the report", add_figure, {"draw_figure curves_again", "write_report"}),
    Row("a new measure", "that measure for every seed, the gathered tables, the report",
        add_measure, {"measure_sizes 0", "measure_sizes 1", "gather_tables", "write_report"}),
    Row("`training.checkpoint_every`", "the report, which shows the settings",
        config(training={"checkpoint_every": 7}), {"write_report"}),
    Row("a seed more", "that seed, then all that is made over seeds", add_seed, NEW_SEED),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.change)
def test_a_change_reruns_what_it_deserves_and_no_more(project, row):
    row.make(project)
    assert planned_jobs(project) == row.jobs


def test_another_experiment_changes_nothing_of_the_first(project):
    add_experiment(project)
    jobs = planned_jobs(project)
    assert "train_model other 0" in jobs
    assert {job.split()[0] for job in jobs if "other" not in job.split()} == {"draw_comparison", "write_comparison"}


def test_a_new_figure_and_a_new_measure_run(project):
    add_figure(project)
    add_measure(project)
    snakemake(project, "results/smoke/figures/curves_again.png", "results/smoke/tables/sizes.csv")
    figures = project / "results/smoke/figures"
    assert (figures / "curves_again.csv").read_bytes() == (figures / "learning_curves.csv").read_bytes()
    assert (
        project / "results/smoke/tables/sizes.csv"
    ).read_text() == "experiment,seed,value\nsmoke,0,128\nsmoke,1,128\n\n"


def table() -> str:
    """The rows as the page shows them."""
    total = len(following("generate_data"))
    lines = [f"| you change | what runs | jobs of {total} |", "|---|---|---|"]
    lines += [f"| {row.change} | {row.runs} | {len(row.jobs)} |" for row in ROWS]
    return "\n".join(lines)


def test_the_page_shows_this_table():
    page = (ROOT / "docs/reruns.md").read_text()
    shown = page.split("<!-- reruns: begin -->")[1].split("<!-- reruns: end -->")[0]
    assert shown.strip() == table()
