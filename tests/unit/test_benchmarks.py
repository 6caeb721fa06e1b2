"""The benchmark: goals are judged, exponents fitted and pages written as they should be. No test goes by a time."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from tools.benchmarks import docs, figure, goals, growth, ours, page, products, records, results
from tools.benchmarks.results import OURS, Spread, Table, ratio

TABLES = {
    "step": {
        "batch": 64, "contestant": ["HookedTransformer", "GPT2Model", OURS, "matrix products"] * 3,
        "round": [n // 4 for n in range(12)],
        # the middle round is slower throughout
        "seconds": [4, 3, 2, 1, 8, 6, 4, 2, 4.2, 3, 2, 1],
    },
    "trainings": {
        "whose": [OURS, OURS, OURS, "GPT2Model"], "recipe": ["adamw", "hasty", "soap", "GPT2Model, Adam 0.001"],
        "seed": 0, "step": 6000, "seconds": [100.0, 10.0, 30.0, 1.0],
        "median": [1.0, 2.0, 1.0, 1.0], "q90": [5.0, 5.0, 4.0, 6.0], "q99": [9.0, 9.0, 8.0, 9.0], "q999": 10.0,
    },
    "stages": {
        "version": ["e1950e2"] * 3 + ["HEAD"] * 2, "round": 0, "job": 0,
        "stage": ["train_model", "score_predictions", "ablate_heads", "train_model", "measure_predictions"],
        "seconds": [100, 6, 4, 1, 5],
    },
    "device": {
        "device": "a GPU", "what": ["processes", "stacked", "processes", "stacked"], "count": 2, "round": [0, 0, 1, 1],
        "steps": [100.0, 150.0, 110.0, 160.0],
    },
    "startup": {"version": ["e1950e2", "HEAD"], "round": 0, "seconds": [90, 70], "cpu": [50, 20]},
    "reruns": {
        "what": ["nothing to do", "an empty workflow", "one figure restyled"], "round": 0, "seconds": [3, 2, 10.0],
        "outputs": [0, 0, 1],
    },
}  # fmt: skip


@pytest.fixture
def planted(tmp_path):
    for name, columns in TABLES.items():
        pd.DataFrame(columns).to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def verdicts(folder) -> dict[str, str]:
    return goals.judged(folder).set_index("goal")["verdict"].to_dict()


# ---- goals ----------------------------------------------------------------------------------------------------------


def test_a_goal_is_met_on_its_side_of_the_target():
    least, most = (goals.Goal("g", 2, None, "step", at_least) for at_least in (True, False))
    for measured, at_least, at_most in [(1, False, True), (2, True, True), (3, True, False)]:
        assert (least.verdict(Spread.of([measured])) == goals.MET) == at_least
        assert (most.verdict(Spread.of([measured])) == goals.MET) == at_most
    assert least.verdict(Spread.of([])) == most.verdict(Spread.of([])) == goals.NOT_MEASURED


def test_where_chance_counts_a_target_between_the_quartiles_is_met():
    strict, lenient = (goals.Goal("g", 1, None, "step", spread_counts=counts) for counts in (False, True))
    near, far = Spread.of([0.9, 1.05, 1.2]), Spread.of([1.1, 1.2, 1.3])
    assert [goal.verdict(near) for goal in (strict, lenient)] == [goals.NOT_MET, goals.MET]
    assert lenient.verdict(far) == goals.NOT_MET


def test_verdicts_follow_from_the_tables(planted):
    found = verdicts(planted)
    assert found["a step's time, HookedTransformer over ours, batch 64"] == goals.MET  # 2, 2, 2.1
    assert found["a step's time, GPT2Model over ours, batch 64"] == goals.NOT_MET  # 1.5
    assert found["matrix products' share of a step, batch 64"] == goals.NOT_MET  # 0.5
    assert found["a step's time, GPT2Model over ours, batch 32"] == goals.NOT_MEASURED
    assert found["a training as good at median and 99 % in less CPU time"] == goals.MET  # soap: 0.3
    assert found["all analyses of a seed, over e1950e2"] == goals.NOT_MET  # 5 of 10, trainings apart
    assert found["nothing to do, over an empty workflow"] == goals.NOT_MET  # 1.5
    assert found["start-up of all jobs, over e1950e2"] == goals.MET  # 0.4
    assert found["the smoke config, every rule"] == goals.NOT_MET  # 70 s
    assert found["outputs made again for it"] == goals.MET
    assert found["make paper, over e1950e2"] == goals.NOT_MEASURED


def test_without_another_recipe_as_good_the_default_is_the_quickest(planted):
    table = pd.DataFrame(TABLES["trainings"]).query("recipe != 'soap'")
    table.to_csv(planted / "trainings.csv", index=False)
    assert goals.quickest_recipe(planted).median == 1
    assert verdicts(planted)["a training as good at median and 99 % in less CPU time"] == goals.NOT_MET


def test_without_any_table_nothing_is_measured(tmp_path):
    assert set(verdicts(tmp_path).values()) == {goals.NOT_MEASURED}
    assert page.MISSING in page.text(tmp_path)


def test_every_goal_says_where_to_look_why():
    assert {goal.why for goal in goals.GOALS} <= set(page.blocks(results.FOLDER / "none"))


def test_the_page_names_what_is_not_met(planted):
    missed, _, rest = page.text(planted).partition("## Goals")
    assert "GPT2Model over ours, batch 64: ≥ 1.6, found 1.5. Why: profile." in missed
    assert "HookedTransformer" not in missed
    assert "| a step's time, HookedTransformer over ours, batch 64 " in rest
    assert "0 of 1 seeds were as good as ours at 90 %, in at most 6,000 steps" in rest
    assert re.search(r"a GPU +\| 2 +\| 105 \(102 – 108\) +\| 155 \(152 – 158\) ", rest)
    assert "| fewer than 3,600 " in rest


# ---- tables ---------------------------------------------------------------------------------------------------------


def test_a_slow_round_leaves_the_ratio():
    table = pd.DataFrame({"round": [0, 0, 1, 1], "what": ["a", "b"] * 2, "seconds": [1, 2, 50, 100]})
    assert ratio(table, "what", "b", "a") == (2, 2, 2)


def test_rounds_that_only_one_has_are_left_out():
    table = pd.DataFrame({"round": [0, 0, 1], "what": ["a", "b", "b"], "seconds": [1, 2, 50]})
    assert ratio(table, "what", "b", "a").median == 2


def test_a_row_is_in_the_file_at_once_and_must_have_every_column(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path / "new")
    table = Table("profile")
    table.add("aten::mm", 1 / 3)
    assert table.path.read_text() == "operation,share\naten::mm,0.333333\n"
    assert results.read("profile", tmp_path / "new").shape == (1, 2)
    with pytest.raises(ValueError, match=r"profile.csv: expected \['operation', 'share'\], found"):
        table.add("aten::mm")


def test_a_table_of_another_version_is_refused(tmp_path):
    (tmp_path / "profile.csv").write_text("operator,share\na,1\n")
    with pytest.raises(ValueError, match=r"profile.csv: expected the columns \['operation', .* measure anew"):
        results.read("profile", tmp_path)


# ---- the matrix products --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [{}, {"n_layers": 1, "d_model": 32, "n_heads": 2}, {"attention_only": True}])
def test_the_flops_of_the_products_are_those_of_the_formula(model):
    run = ours.default_run(model=model, training={"batch_size": 8})
    batch, positions, width, layers = 8, run.data.context_length, run.model.d_model, run.model.n_layers
    hidden = 0 if run.model.attention_only else run.model.d_mlp
    layer = 2 * batch * positions * (4 * width**2 + 2 * width * hidden) + 4 * batch * positions**2 * width
    ends = 2 * batch * positions * width  # the embedding; the readout has as many
    forward, step = products.forward(run), products.of_step(run)
    assert sum(each.flops for each in forward) == layers * layer + 2 * ends
    assert sum(each.flops for each in step) == 3 * (layers * layer + 2 * ends) - ends  # no gradient of the input


def test_the_products_that_are_taken_are_those_of_the_list(monkeypatch):
    run, taken = ours.default_run(training={"batch_size": 4}), []
    take = products.ready(run)

    def counting(multiply):
        def product(left, right):
            out = multiply(left, right)
            taken.append(2 * out.numel() * left.shape[-1])
            return out

        return product

    monkeypatch.setattr(products, "linear", counting(products.linear))
    monkeypatch.setattr(torch, "bmm", counting(torch.bmm))
    take()
    assert sorted(taken) == sorted(each.flops for each in products.of_step(run))


# ---- what a run costs -----------------------------------------------------------------------------------------------


def test_the_cpu_time_of_every_job_is_known_by_its_script(tmp_path):
    for name in ("tmp1_a.measure_paths.py", "tmpb.measure_paths.py", "tmpc.draw_figure.py"):
        (tmp_path / name).write_text("sum(range(10**5))\n")
    spent = records.cost(tmp_path, "sh", "-c", f"for job in *.py; do '{sys.executable}' $job; done")
    assert {script: len(jobs) for script, jobs in spent.scripts.items()} == {"measure_paths": 2, "draw_figure": 1}
    assert all(0 < seconds <= spent.cpu for jobs in spent.scripts.values() for seconds in jobs)


def test_a_command_that_fails_is_told(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        records.cost(tmp_path, "false")


# ---- growth ---------------------------------------------------------------------------------------------------------


def test_a_planted_exponent_is_found():
    sizes = np.array([8, 16, 32, 64])
    assert growth.exponent(sizes, 3 * sizes**1.5) == pytest.approx((1.5, 1.5, 1.5))


def test_noise_makes_an_interval_round_the_exponent():
    sizes = np.array([1, 2, 3, 4, 6])
    noisy = sizes**2 * np.exp([0.1, -0.1, 0.05, -0.1, 0.1])
    found = growth.exponent(sizes, noisy)
    assert found.low < 2 < found.high
    assert found.low < found.value < found.high


def test_two_sizes_have_no_exponent():
    with pytest.raises(ValueError, match="expected at least three sizes, found 2"):
        growth.exponent([1, 2], [1, 2])


def planted_growth() -> pd.DataFrame:
    rows = [
        (axis, size, stage, number, power * size)
        for axis, (sizes, _) in growth.AXES.items() for size in sizes
        for stage, number, power in [("step", 0, 1), ("step", 1, 1), ("measure_a", 0, 2), ("measure_b", 0, 3)]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=results.COLUMNS["growth"].split())


def test_the_costs_are_the_median_step_and_the_sum_of_the_analyses():
    costs = growth.costs(planted_growth()).set_index(["axis", "what", "size"])["seconds"]
    assert costs["width", "step", 64] == 64
    assert costs["width", "analyses", 64] == 5 * 64


def test_the_figure_is_relative_to_the_default_model():
    drawn = figure.draw(planted_growth())[1].set_index(["axis", "what", "size"])["relative"]
    for axis, default in figure.DEFAULT.items():
        size = growth.AXES[axis][0][-1]
        assert drawn[axis, "step", default] == drawn[axis, "analyses", default] == 1
        assert drawn[axis, "step", size] == pytest.approx(size / default)


def test_the_default_model_is_that_of_the_config():
    run = ours.default_run()
    assert {
        "context": run.data.context_length, "width": run.model.d_model, "depth": run.model.n_layers
    } == figure.DEFAULT  # fmt: skip


# ---- docs/speed.md --------------------------------------------------------------------------------------------------


def test_the_pages_tables_are_those_of_the_kept_measurements():
    text = docs.PAGE.read_text(encoding="utf-8")
    assert docs.with_tables(text) == text, f"run {docs.COMMAND}"
