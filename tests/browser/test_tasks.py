"""Sequences and optimal predictions on the page are those of the tasks."""

import numpy as np
import pytest
import torch

from agreement import RESULT, assert_close
from chromium import drawn, follow
from recurrence_circuits.tasks.base import make_task

VALUES = {
    "default": [{"a": 0.8, "b": 0.5, "x0": -1}, {"a": -0.99, "b": 2, "x0": 0.3}, {"a": 0, "b": 1, "x0": 1},
                {"a": 0.5, "b": 0, "x0": 0}],
    "noisy": [{"a": -0.7, "b": 0.4, "x0": 3}, {"a": 0.3, "b": -1, "x0": 0}],
    "vector": [{"A1_1": 0.5, "A1_2": -0.3, "A2_1": 0.4, "A2_2": 0.6, "b1": 1, "b2": -0.5, "x0_1": 0.2, "x0_2": -1.5},
               {"A1_1": 0.5, "A1_2": 0.5, "A2_1": 0.5, "A2_2": 0.5, "b1": 1, "b2": 1, "x0_1": 1, "x0_2": 0}],
    "polynomial": [{"c0": 0.4, "c1": -1, "c2": 0.7, "c3": 1.3}, {"c0": 1, "c1": 0, "c2": 0, "c3": 0}],
}  # fmt: skip


def parameters(name: str, values: dict, dimension: int) -> dict[str, torch.Tensor]:
    """The page's numbers as the task's parameters, for one sequence."""
    row = lambda start, n: [values[f"{start}{i + 1}"] for i in range(n)]  # noqa: E731
    if name == "vector":
        d = range(dimension)
        found = {
            "A": [[values[f"A{i + 1}_{j + 1}"] for j in d] for i in d],
            "b": row("b", dimension),
            "x0": row("x0_", dimension),
        }
    elif name == "polynomial":
        found = {"c": list(values.values())}
    else:
        found = values
    return {key: torch.tensor(value, dtype=torch.float64)[None] for key, value in found.items()}


@pytest.mark.parametrize("noise", [0, 0.05, 0.3])
@pytest.mark.parametrize("name", VALUES)
def test_terms_and_optimal_predictions_are_the_tasks(opened, explorer, name, noise):
    page, run = opened(name), explorer(name).runs[0]
    task = make_task(run.task, run.data)
    for values in VALUES[name]:
        page.evaluate("(changes) => explorer.set(changes)", {"parameters": values, "noise": noise, "terms": None})
        drawn(page)
        found = page.evaluate(RESULT)
        terms = torch.tensor(found["terms"], dtype=torch.float64)[None]
        law = task.unroll(parameters(name, values, run.data.dimension), run.data.context_length + 1)
        spread = (terms - law).std()
        assert spread < 1e-12 if noise == 0 else 0.4 * noise < spread < 2 * noise
        expected = task.bayes(terms[:, :-1], noise)[0].numpy()
        bayes = np.array(found["bayes"], dtype=float)
        # At rest no two terms tell a slope; the page and the task agree that the sequence stays there.
        np.testing.assert_array_equal(np.isnan(bayes), np.isnan(expected))
        np.testing.assert_allclose(bayes, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "terms", "known"),
    [
        ("default", "0, 1, 1.5, 1.75, 1.875", [True] * 5),
        ("default", "0, 1, 1.5, 1.75, 1.9, 2", [True, True, True, True, False, False]),  # the fifth breaks the law
        ("default", "0, 1, 3, 7", [True, True, False, False]),  # a slope of 2, which the task never draws
        ("vector", "0 0, 1 0, 1 1, 0.5 1.5, 0 0", [True, False, False, True, False]),
        ("polynomial", "0, 1, 8, 27, 64, 125, 0", [True] * 6 + [False]),
    ],
)
def test_an_optimal_prediction_is_shown_only_where_the_law_has_these_terms(opened, name, terms, known):
    page = opened(name, f"terms={terms}")
    assert [None not in term for term in page.evaluate(RESULT)["bayes"]] == known
    follow(page, f"terms={terms}&position={known.index(False) if False in known else 0}")
    assert ("Bayes-optimal unknown" in page.locator("#sentence").inner_text()) == (False in known)


def test_a_draw_is_from_the_law(opened):
    """Haar-distributed U and V, singular values uniform: the mean square of an entry of A is a_max² / (3 d)."""
    page = opened("vector")
    draws = page.evaluate(
        "() => { let state = 1;"
        " const random = () => { state = (state * 48271) % 2147483647; return state / 2147483647; };"
        " return Array.from({ length: 3000 }, () => { const values = explorer.task.draw(random);"
        " return explorer.task.parameters.map(({ name }) => values[name]); }); }"
    )
    squares = np.square(draws).mean(axis=0)
    np.testing.assert_allclose(squares[:4], 1 / 6, rtol=0.15)
    np.testing.assert_allclose(squares[4:], 1, rtol=0.15)


def test_the_same_address_draws_the_same_noise(opened):
    address = "a=0.5&b=1&x0=1&draw=7&noise=0.2"
    one, other, third = (opened("default", text) for text in (address, address, address.replace("7", "8")))
    terms = [page.evaluate(RESULT)["terms"] for page in (one, other, third)]
    assert terms[0] == terms[1] != terms[2]
    assert_close(terms[0], terms[1])
