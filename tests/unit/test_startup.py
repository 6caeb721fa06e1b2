"""What the tool that times the start of jobs takes for a job, and what it says of it. Never how long it took."""

import subprocess
from types import SimpleNamespace

from lib.registry import FIGURES
from tools import startup

STATS = """Job stats:
job                  count
-----------------  -------
train_model              5
draw_figure             19
draw_comparison          1
all                      1
total                   26
"""


def test_jobs_are_counted_by_stage_as_snakemake_plans_them(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=STATS))
    assert startup.jobs_of([]) == {"train_model": 5, "draw_figure": 19, "draw_comparison": 1}


def test_modules_found_by_name_count_for_the_stages_that_find_them():
    assert startup.modules_of("measure_paths", {"polynomial"}) == [
        "measure_paths",
        "recurrence_circuits.tasks.polynomial",
    ]
    assert startup.modules_of("judge_claims", {"affine"}) == ["judge_claims"]
    drawn = startup.modules_of("draw_figure", {"affine"})
    assert {f"recurrence_circuits.figures.{figure}" for figure in FIGURES} <= set(drawn)


def test_a_stage_that_reads_tables_spends_its_start_on_pandas():
    preamble, imports = startup.start(["gather_tables"])
    assert preamble > 0 < imports
    assert "pandas" in startup.dearest(["gather_tables"])
    assert "torch" not in startup.dearest(["gather_tables"])
