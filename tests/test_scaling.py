"""docs/scaling.md: its tables follow from the measured ones beside it, and the plan that they stand on is today's."""

import csv
from pathlib import Path

import projection
import pytest
import run_costs
import scaling
from projects import copy_project

PLANS = "models,variants,jobs,plan_s,plan_mb,submissions,run_s,again_s,record_files,record_mb\n"
PLANTED = {
    # a job a second; 3 submissions a model and 2 a variant; 4 records a model and 6 a variant
    "plans": PLANS + "10,1,80,2,100,32,34,1,46,0.5\n100,5,800,10,200,310,320,3,430,4.5\n1000,10,8000,50,900,,,,,\n"
    "10000,10,80000,700,9000,,,,,\n",
    "overheads": "profile,models,jobs,submissions,seconds,work_s,overhead_s,other_calls\n"
    "default,1,3,0,40,34,2,\n"
    "slurm,1,3,3,60,30,10,scontrol:11 squeue:4 srun:3 sshare:3\n"
    "slurm-grouped,4,12,2,200,160,20,scontrol:8 squeue:8 srun:12\n"
    "generic,1,3,3,45,30,5,scontrol:3 squeue:9\n",
    "calls": "call,seconds\nsbatch,0.1\nstatus.sh,0.05\n",
    "work": "stage,seconds\ntrain_model,100\nmeasure_similarity,20\nablate_groups,40\n",
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


@pytest.mark.slow
def test_the_plan_of_ten_models_is_the_pages(tmp_path):
    scaling.write_config(copy_project(tmp_path), 10)
    assert scaling.plan(tmp_path)["jobs"] == projection.value("plans", "jobs", models=10)


def test_what_goes_by_model_is_told_from_what_goes_by_variant(planted):
    assert projection.rates("submissions") == pytest.approx((3, 2))
    assert projection.rates("record_files") == pytest.approx((4, 6))


def test_one_machine_does_all_work_on_its_cores(planted):
    need = projection.need("default", 100)  # 5 variants of 20 seeds
    assert (need.submissions, need.calls, need.handing_out) == (0, 0, 0)
    assert need.seconds == pytest.approx(10 + 100 * (160 + 3 * 2) / 2 + 5 * 80 / 2)


def test_few_models_wait_for_the_longest_chain(planted):
    need = projection.need("slurm", 10)
    assert need.submissions == pytest.approx(32)
    assert need.seconds == pytest.approx(2 + (100 + 20 + 40 + 3 * 10) + 60 / 2)
    # each: sbatch, srun, sshare, scontrol; each look, every 2 s: squeue and twice scontrol
    assert need.calls == pytest.approx(32 * 4 + 190 / 2 * 3)


def test_many_models_wait_for_a_place_or_to_be_handed_out(planted):
    places = projection.need("slurm", 100)  # at work 100·160 + 310·10 over 100 places: 191 s; a job a second: 310 s
    assert places.seconds == pytest.approx(10 + 310 + 5 * 80 / 2)
    assert places.handing_out == pytest.approx(310)


def test_a_group_is_one_submission_whose_members_wait_for_each_other(planted):
    need = projection.need("slurm-grouped", 100)
    assert need.submissions == pytest.approx(100 * 2 / 4 + 5 * 2)
    assert need.seconds == pytest.approx(10 + (4 * (100 + 60) + 2 * 20) + 5 * 80 / 2)


def test_a_scheduler_that_is_asked_for_each_job_is_called_most(planted):
    need = projection.need("generic", 100)
    under_way = (100 * 160 + 310 * 5) / 310
    assert need.calls == pytest.approx(2 * 310 + 310 / (5 + under_way * 0.05) * under_way)


def test_a_missing_number_is_named(planted):
    with pytest.raises(KeyError, match=r"plans.csv: expected a number in submissions where .*1000.*, found none"):
        projection.value("plans", "submissions", models=1000)


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.64, "2.6 s"), (119, "119 s"), (2460, "41 min"), (34200, "9.5 h"), (1036800, "12 days")]
)
def test_durations_are_in_a_unit_that_reads_well(seconds, text):
    assert projection.duration(seconds) == text


@pytest.mark.slow
def test_costs_are_those_of_the_finished_run(finished):
    folder = finished / "results" / "smoke"
    model, variant = run_costs.storage(folder)
    assert 2 * model["files"] + variant["files"] == len([path for path in folder.rglob("*") if path.is_file()])
    assert 2 * model["mb"] + variant["mb"] == pytest.approx(run_costs.megabytes(folder.rglob("*.*")), rel=0.05)
    stages = {row["stage"]: row["seconds"] for row in run_costs.work(folder)}
    assert {path.stem for path in (folder / "benchmarks" / "seed0").iterdir()} == set(stages)
    assert run_costs.once_a_variant(folder) > 0


def test_a_copied_seed_says_that_it_is_this_one(tmp_path):
    Path(tmp_path / "history.csv").write_text("experiment,seed,step\na,0,1\na,0,2\n\n")
    (tmp_path / "run.json").write_text('{"settings": {"seed": 0, "task": "affine"}}')
    run_costs.as_seed(tmp_path, 7)
    with (tmp_path / "history.csv").open(newline="") as file:
        assert [row["seed"] for row in csv.DictReader(file)] == ["7", "7"]
    assert (tmp_path / "history.csv").read_text().endswith("\n\n")
    assert '"seed": 7' in (tmp_path / "run.json").read_text()
