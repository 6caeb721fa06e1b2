"""The measurements behind docs/scaling.md, on real runs of Snakemake."""

import sys

import pytest

from projects import ROOT, copy_project

sys.path.append(str(ROOT / "docs" / "scaling"))
import measure
import projection
import run_costs

pytestmark = pytest.mark.slow


def test_the_plan_of_ten_models_is_the_pages(tmp_path):
    measure.write_config(copy_project(tmp_path), 10)
    assert measure.plan(tmp_path)["jobs"] == projection.value("plans", "jobs", models=10)


def test_costs_are_those_of_the_finished_run(finished):
    folder = finished / "results" / "smoke"
    model, variant = run_costs.storage(folder)
    assert 2 * model["files"] + variant["files"] == len([path for path in folder.rglob("*") if path.is_file()])
    assert 2 * model["mb"] + variant["mb"] == pytest.approx(measure.megabytes(folder.rglob("*.*")), rel=0.05)
    stages = run_costs.work(folder).set_index("stage")["seconds"]
    assert {path.stem for path in (folder / "benchmarks" / "seed0").iterdir()} == set(stages.index)
    assert run_costs.once_per_variant(folder) > 0
