"""The algorithm: a planted one is found, distances are what they say, conditions change one thing each."""

import numpy as np
import pandas as pd
import pytest
import torch

from models import blank_model, data_settings, random_model
from recurrence_circuits.figures.algorithm import CONDITIONS
from recurrence_circuits.figures.labels import PREDICTORS
from recurrence_circuits.measures.algorithm import measure_algorithm
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.conditions import conditions, stretch_matrix, stretch_scalar, unit_noise
from recurrence_circuits.measures.nearest import PREFERRED, TIED, nearest_candidates
from recurrence_circuits.predictors.candidates import candidates
from recurrence_circuits.predictors.handcrafted import positional_feedback
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.errors import mean_square_seen

CONTEXT_LENGTH = 6
OPTIONS = {"affine": {}, "affine_vector": {"dimension": 2}, "polynomial": {"degree": 2}}


def setting(task="affine", n=64, noise_levels=(0.1,), **changes):
    data = data_settings(**({"context_length": CONTEXT_LENGTH} | OPTIONS[task] | changes))
    return make_task(task, data), data, n, list(noise_levels)


def identify(model, *args, n=64, **kwargs) -> pd.DataFrame:
    bootstrap = Bootstrap(n, 50, 0.95, np.random.default_rng(0))
    return measure_algorithm({"planted": model}, *setting(*args, n=n, **kwargs), bootstrap)["planted"]


def copying(gain: float = 1.0):
    model = blank_model(context_length=CONTEXT_LENGTH)
    model.W_readout[0, 0] = gain
    return model


# ---- conditions ------------------------------------------------------------------------------------------------------


def test_conditions_of_every_task():
    names = {task: [c.name for c in conditions(*setting(task))] for task in OPTIONS}
    assert names["affine"] == ["in_distribution", "noise", "a", "a", "b", "b", "x0", "x0", "late_start", "late_start"]
    assert names["affine_vector"] == names["affine"]
    assert names["polynomial"] == ["in_distribution", "noise", "c", "c"]


@pytest.mark.parametrize("task_name", OPTIONS)
def test_a_condition_changes_what_it_names_and_nothing_else(task_name):
    task, data, n_condition, noise_levels = setting(task_name)
    home, *others = conditions(task, data, n_condition, noise_levels)
    noise = unit_noise(task, data, n_condition)
    usual = home.sequences(task, CONTEXT_LENGTH + 1, noise)
    assert usual.shape == noise.shape
    for condition in others:
        changed = [key for key, value in condition.parameters.items() if not torch.equal(value, home.parameters[key])]
        expected = {"a": ["A" if task_name == "affine_vector" else "a"]}.get(condition.name, [condition.name])
        assert changed == ([] if condition.name in ("noise", "late_start") else expected), condition.name
        assert condition.noise == (condition.level if condition.name == "noise" else data.noise)
        x = condition.sequences(task, CONTEXT_LENGTH + 1, noise)
        if condition.name in ("b", "x0", "c"):
            ratio = condition.parameters[condition.name] / home.parameters[condition.name]
            torch.testing.assert_close(ratio, torch.full_like(ratio, condition.level))
        if condition.name == "late_start":
            kept = CONTEXT_LENGTH + 1 - int(condition.level)
            torch.testing.assert_close(x[:, : max(kept, 0)], usual[:, int(condition.level) :][:, : max(kept, 0)])
        if condition.name == "noise":
            torch.testing.assert_close(x - usual, condition.level * noise)


def test_slopes_are_stretched_into_their_range():
    a = 2 * torch.rand(500, dtype=torch.float64) - 1
    new = stretch_scalar(a, 1.2, 1.5)
    assert (new.abs() > 1.2).all()
    assert (new.abs() < 1.5).all()
    assert torch.equal(new.sign(), a.sign())
    task, *_ = setting("affine_vector")
    A = task.draw(200, torch.Generator().manual_seed(0))["A"]
    old, values = torch.linalg.svdvals(A), torch.linalg.svdvals(stretch_matrix(A, 1.0, 1.2))
    torch.testing.assert_close(values, 1 + 0.2 * old)


@pytest.mark.parametrize("task_name", ["affine", "affine_vector"])
@pytest.mark.parametrize("a_max", [0.5, 1.2])
def test_slopes_out_of_range_begin_where_the_training_range_ends(task_name, a_max):
    found = conditions(*setting(task_name, a_max=a_max))
    key = "a" if task_name == "affine" else "A"

    def sizes(condition):
        slopes = condition.parameters[key]
        return slopes.abs() if key == "a" else torch.linalg.svdvals(slopes)

    home, *stretched = [c for c in found if c.name in ("in_distribution", "a")]
    assert sizes(home).max() < a_max
    assert [c.level for c in stretched] == pytest.approx([1.2 * a_max, 1.5 * a_max])
    for condition, low in zip(stretched, (a_max, 1.2 * a_max), strict=True):
        assert sizes(condition).min() > low - 1e-9
        assert sizes(condition).max() < condition.level + 1e-9


def test_slopes_that_would_grow_too_far_are_left_out():
    levels = [c.level for c in conditions(*setting(context_length=60)) if c.name == "a"]
    assert levels == [1.2]
    assert [c for c in conditions(*setting(context_length=100)) if c.name == "a"] == []
    assert [c.level for c in conditions(*setting(context_length=32, a_max=1.2)) if c.name == "a"] == [1.44]


def test_the_same_sequences_every_time_and_others_by_seed():
    draws = [conditions(*setting(seed=seed))[0].parameters["a"] for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


# ---- candidates and distances ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize("task_name", OPTIONS)
def test_candidates_have_a_label_and_a_place_in_the_order_of_preference(task_name, noise):
    task, data, *_ = setting(task_name)
    names = set(candidates(task, data.context_length, noise))
    assert names <= set(PREFERRED) <= set(PREDICTORS)
    assert ("best_linear" in names) == (task_name == "affine")
    assert ("three_term" in names) == (task_name == "affine")
    assert ("ridge" in names) == (task_name != "polynomial")
    assert {c.name for c in conditions(*setting(task_name))} <= set(CONDITIONS)


def test_bayes_is_known_under_noise_for_the_affine_task_only():
    found = {}
    for name in OPTIONS:
        task, data, *_ = setting(name)
        x = unit_noise(task, data, 5)[:, :-1]
        found[name] = candidates(task, data.context_length, 0.2)["bayes"](x).isfinite().all().item()
    assert found == {"affine": True, "affine_vector": False, "polynomial": True}


def test_a_copying_model_is_found():
    nearest = nearest_candidates(identify(copying()), 2).set_index(["condition", "level"])
    assert (nearest["nearest"] == "copy_last").all()
    assert (nearest["tied"] == "").all()
    assert (nearest["value"] < 1e-12).all()
    assert (nearest["reference"] == "copy_last").all()
    assert nearest["departs"].isna().all()


def test_a_linear_model_by_position_is_found_and_parts_from_what_it_was_under_noise():
    frame = identify(positional_feedback(CONTEXT_LENGTH), noise_levels=(0.01, 1.0))
    nearest = nearest_candidates(frame, 2).set_index(["condition", "level"])
    assert nearest.loc[("in_distribution", 0.0), "nearest"] == "best_linear"
    # The planted weights are those without noise, the candidate's those that the noise asks for.
    assert nearest.loc[("noise", 0.01), "nearest"] == "best_linear"
    assert nearest.loc[("noise", 0.01), "value"] < nearest.loc[("noise", 1.0), "value"] / 10


def test_candidates_that_agree_are_not_told_apart():
    """Without noise, where the law is determined: all that solve it."""
    frame = identify(random_model(context_length=CONTEXT_LENGTH))
    home = frame[(frame["condition"] == "in_distribution") & (frame["measure"] == "relative")]
    value = home.set_index("predictor")["value"]
    exact = value[["bayes", "ridge", "least_squares", "three_term"]]
    assert exact.max() < TIED * exact.min()


def test_distances_errors_and_shares_hold_together():
    gain = 0.5
    frame = identify(copying(gain))
    task, data, *how_many = setting()
    x = conditions(task, data, *how_many)[0].sequences(task, CONTEXT_LENGTH + 1, unit_noise(task, data, 64))
    home = frame[frame["condition"] == "in_distribution"].set_index(["measure", "predictor", "position"])["value"]
    for n in range(CONTEXT_LENGTH):
        scale = torch.from_numpy(mean_square_seen(x)[:, n])
        size = float((x[:, n, 0].square() / scale).mean())
        assert home["distance", "copy_last", n] == pytest.approx((1 - gain) ** 2 * size, rel=1e-4)
        assert home["distance", "zero", n] == pytest.approx(gain**2 * size, rel=1e-4)
        for name, factor in (("model", gain), ("copy_last", 1)):
            error = float(((x[:, n + 1] - factor * x[:, n])[:, 0].square() / scale).mean())
            assert home["relative_error", name, n] == pytest.approx(error, rel=1e-4)
    relative = frame[(frame["measure"] == "relative") & (frame["condition"] == "in_distribution")]
    relative = relative.set_index("predictor")["value"]
    assert relative["zero"] == pytest.approx(1)
    assert relative["copy_last"] == pytest.approx(((1 - gain) / gain) ** 2, rel=1e-4)


@pytest.mark.parametrize("task_name", ["affine_vector", "polynomial"])
def test_other_tasks(task_name):
    task, data, *_ = setting(task_name)
    frame = identify(random_model(dimension=data.dimension, context_length=CONTEXT_LENGTH), task_name)
    assert np.isfinite(frame["value"]).all()
    nearest = nearest_candidates(frame, task.first_determined)
    assert len(nearest) == len(conditions(*setting(task_name)))


def rows(condition, level, relative: dict, by_position: dict) -> list[dict]:
    found = [{"predictor": name, "measure": "relative", "value": value} for name, value in relative.items()]
    for (predictor, measure), values in by_position.items():
        for n, value in enumerate(values):
            found.append({"predictor": predictor, "measure": measure, "position": n, "value": value})
    return [{"position": pd.NA, "condition": condition, "level": level, "low": 0, "high": 1} | row for row in found]


def made_up(distance: list[float]) -> pd.DataFrame:
    home = {
        ("model", "relative_error"): [9, 9, 0.1, 0.2, 0.3],
        ("bayes", "distance"): [0.1] * 5,
        ("zero", "distance"): [1] * 5,
    }
    away = {("bayes", "distance"): distance, ("zero", "distance"): [2] * 5}
    table = rows("in_distribution", 0.0, {"bayes": 0.01, "ridge": 0.0105, "zero": 1}, home)
    return pd.DataFrame(table + rows("b", 2.0, {"bayes": 0.5, "ridge": 0.2, "zero": 1}, away))


@pytest.mark.parametrize(
    ("distance", "departs"),
    [([1e6, 1e6, 1.9, 3.9, 5.9], None), ([0, 0, 1.9, 4.1, 0], 3), ([0, 0, 2.1, 0, 9], 2), ([0, 0, 0, 0, 6.1], 4)],
)
def test_likeness_ends_where_the_distance_is_ten_times_the_usual_error(distance, departs):
    """As shares of the mean square, which is twice as large away from home; undetermined positions do not count."""
    nearest = nearest_candidates(made_up(distance), 2).set_index("condition")
    home, away = nearest.loc["in_distribution"], nearest.loc["b"]
    assert (home["nearest"], home["tied"], away["nearest"]) == ("bayes", "ridge", "ridge")
    assert away["reference"] == "bayes"
    assert (None if pd.isna(away["departs"]) else away["departs"]) == departs


def test_a_reference_that_is_unknown_gives_way_to_the_next():
    table = made_up([0.0] * 5)
    table = table[~((table["condition"] == "b") & (table["predictor"] == "bayes"))]
    extra = rows("b", 2.0, {}, {("ridge", "distance"): [0, 0, 0, 100, 0]})
    nearest = nearest_candidates(pd.concat([table, pd.DataFrame(extra)]), 2).set_index("condition")
    assert nearest.loc["b", "reference"] == "ridge"
    assert nearest.loc["b", "departs"] == 3
