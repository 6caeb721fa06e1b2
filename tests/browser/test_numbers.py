"""What the page computes is what PyTorch computes, for every kind of model, on sequences drawn and typed."""

import pytest

from agreement import assert_page_is_the_model
from chromium import drawn, follow
from pages import EXPERIMENTS

TYPED = {
    1: ["1, -0.5, 0.25, 2, 0.1, -1.5", "0.3", "2 2 2 2"],
    2: ["1 -0.5, 0.25 2, 0.1 -1.5, 1 1", "0.3 0.1"],
}
REPLACED = [
    {}, {"L0H1": "zero"}, {"L1H0": "mean"}, {"L0MLP": "zero"}, {"L1MLP": "mean"},
    {"L0H0": "mean", "L0H1": "mean", "L0MLP": "mean"}, {"L1H0": "zero", "L1H1": "zero"},
    {"L0H0": "zero", "L0MLP": "mean", "L1H1": "mean"},
]  # fmt: skip


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_page_computes_what_pytorch_computes(opened, explorer, name):
    page, made = opened(name), explorer(name)
    dimension, attention_only = made.runs[0].data.dimension, made.runs[0].model.attention_only
    for replaced in REPLACED:
        if attention_only and any("MLP" in part for part in replaced):
            continue
        for terms in ["", *TYPED[dimension]]:
            wanted = ",".join(f"{part}:{kind}" for part, kind in replaced.items())
            follow(page, f"replaced={wanted}" * bool(wanted) + f"&terms={terms}" * bool(terms))
            assert page.locator("#refusal").inner_text() == ""
            assert page.evaluate("explorer.state().replaced") == replaced
            assert_page_is_the_model(page, made, (0, "trained"), replaced)


def test_every_model_of_the_page_is_the_one_that_it_names(opened, explorer):
    page, made = opened(), explorer("default")
    assert len(made.models) == 8
    for seed, kind in made.models:
        page.evaluate("([seed, model]) => explorer.set({ seed, model })", [seed, kind])
        drawn(page)
        assert_page_is_the_model(page, made, (seed, kind), {})
