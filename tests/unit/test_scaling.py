"""docs/scaling.md: its tables follow from the measured ones beside it."""

import sys

import pandas as pd
import pytest

from lib.registry import SEED_STAGES
from projects import ROOT

sys.path.append(str(ROOT / "docs" / "scaling"))
import projection
import run_costs

N_STAGES = len(SEED_STAGES)
PLANTED = {
    # one job per second; 4 records per model and 6 per variant
    "plans": "models,variants,jobs,plan_s,plan_mb,handed_out_per_s,again_s,record_files,record_mb\n"
    "10,1,80,2,100,1,1,46,0.5\n100,5,800,10,200,1,3,430,4.5\n1000,10,8000,50,900,,,,\n10000,10,80000,700,9000,,,,\n",
    "overheads": "profile,models,jobs,submissions,seconds,work_s,overhead_s,other_calls\n"
    "default,1,3,0,40,34,2,scontrol:1\n"
    "slurm,1,3,3,60,30,10,scontrol:11 squeue:4 srun:3 sshare:3\n"
    "slurm-grouped,4,12,2,200,160,20,scontrol:8 squeue:8 srun:12\n"
    "generic,1,3,3,45,30,5,scontrol:3 squeue:9\n",
    "calls": "call,seconds\nsbatch,0.1\nstatus.sh,0.05\n",
    "work": "stage,seconds\ntrain_model,100\nmeasure_similarity,20\nmeasure_groups,40\n",
    "storage": "per,files,mb\nmodel,10,2\nvariant,50,30\n",
    "aggregates": "seeds,seconds\n10,60\n20,80\n",
}


@pytest.fixture
def planted(tmp_path, monkeypatch):
    for name, text in PLANTED.items():
        (tmp_path / f"{name}.csv").write_text(text)
    monkeypatch.setattr(projection, "MEASURED", tmp_path)
    return tmp_path


def test_the_pages_tables_follow_from_what_was_measured():
    text = projection.PAGE.read_text(encoding="utf-8")
    assert projection.page(text) == text, "run make scaling"


def test_the_times_are_of_the_stages_that_there_are():
    assert sorted(projection.read("work")["stage"]) == sorted(SEED_STAGES)


def test_records_per_model_and_per_variant_are_told_apart(planted):
    assert projection.record_rates("record_files") == pytest.approx((4, 6))


def test_one_machine_does_all_work_on_its_cores(planted):
    need = projection.need("default", 100)  # 5 variants of 20 seeds
    assert (need.submissions, need.calls, need.handing_out) == (0, 0, 0)
    assert need.seconds == pytest.approx(10 + 100 * (160 + 3 * 2) / 2 + 5 * 80 / 2)


def test_few_models_wait_for_the_longest_chain(planted):
    need = projection.need("slurm", 10)
    submissions = 10 * N_STAGES + 7
    assert need.submissions == pytest.approx(submissions)
    assert need.seconds == pytest.approx(2 + (100 + 20 + 40 + 3 * 10) + 60 / 2)
    # each: sbatch, srun, sshare, scontrol; each look, every 2 s: squeue and twice scontrol
    assert need.calls == pytest.approx(submissions * 4 + 190 / 2 * 3)


def test_many_models_wait_for_a_place_or_to_be_handed_out(planted):
    need = projection.need("slurm", 100)  # one job per second: longer than the work over 100 places
    submissions = 100 * N_STAGES + 5 * 7
    assert need.handing_out == pytest.approx(submissions)
    assert need.seconds == pytest.approx(10 + submissions + 5 * 80 / 2)


def test_a_group_is_one_submission_whose_members_wait_for_each_other(planted):
    need = projection.need("slurm-grouped", 100)
    assert need.submissions == pytest.approx(100 * N_STAGES * 2 / 12 + 5 * 7)
    assert need.seconds == pytest.approx(10 + (4 * (100 + 60) + 2 * 20) + 5 * 80 / 2)


def test_a_scheduler_that_is_asked_for_each_job_is_called_most(planted):
    need = projection.need("generic", 100)
    submissions = 100 * N_STAGES + 5 * 7
    under_way = (100 * 160 + submissions * 5) / submissions
    assert need.calls == pytest.approx(2 * submissions + submissions / (5 + under_way * 0.05) * under_way)


def test_a_missing_number_is_named(planted):
    with pytest.raises(KeyError, match=r"plans.csv: expected a number in again_s where .*1000.*, found none"):
        projection.value("plans", "again_s", models=1000)


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.64, "2.6 s"), (119, "119 s"), (2460, "41 min"), (34200, "9.5 h"), (1036800, "12 days")]
)
def test_durations_are_in_a_unit_that_reads_well(seconds, text):
    assert projection.duration(seconds) == text


def test_a_copied_seed_has_the_new_seed_in_its_tables_and_its_record(tmp_path):
    table = tmp_path / "learning_curves.csv"
    table.write_text("experiment,seed,step\na,0,1\na,0,2\n\n")
    (tmp_path / "run.json").write_text('{"settings": {"seed": 0, "task": "affine"}}')
    run_costs.as_seed(tmp_path, 7)
    assert pd.read_csv(table)["seed"].tolist() == [7, 7]
    assert table.read_text().endswith("\n\n")
    assert '"seed": 7' in (tmp_path / "run.json").read_text()
