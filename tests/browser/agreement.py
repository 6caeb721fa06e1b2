"""Whether the page shows what PyTorch computes."""

import numpy as np
import torch

from recurrence_circuits.measures.attribution import direct_contributions
from recurrence_circuits.model.interventions import replace, replace_heads, replacement
from recurrence_circuits.model.transformer import Component

TOLERANCE = 1e-4
RESULT = """() => {
    const { terms, context, bayes, shown, whole } = explorer.result();
    return {
        terms, context, bayes: bayes.map((term) => term.map((x) => (Number.isNaN(x) ? null : x))),
        predictions: shown.predictions, whole: whole.predictions, estimates: shown.estimates,
        attention: shown.cache.attention.map((heads) => heads.map((pattern) => Array.from(pattern))),
        contributions: shown.contributions.map(({ name, values }) => [name, values]),
    };
}"""


def component(name: str) -> Component:
    """L0H1 and L0MLP, as the page names components."""
    layer, kind, head = int(name[1]), name[2:3], name[3:]
    return Component("head", layer, int(head)) if kind == "H" else Component("mlp", layer)


def hooks_of(model, sequences, replaced: dict[str, str], n_positions: int):
    """The hooks by which the measures of ablation replace these components, on one sequence of n_positions terms."""
    cache, heads, hooks = model(sequences[:, :-1]), {}, {}
    for name, kind in replaced.items():
        part = component(name)
        new = replacement(part, kind, cache, torch.arange(len(sequences)))[:1, :n_positions]
        if part.kind == "head":
            heads[part] = new
        else:
            hooks |= replace(part, new)
    return hooks | replace_heads(heads)


def named(part: Component) -> str:
    return {"head": f"L{part.layer}H{part.head}", "mlp": f"L{part.layer}MLP"}.get(part.kind, part.kind)


def assert_close(found, expected) -> None:
    np.testing.assert_allclose(
        np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=0, atol=TOLERANCE
    )


def assert_page_is_the_model(page, explorer, key, replaced) -> dict:
    """Compare all that the page shows with the model `key`; returns the page's result."""
    found, model = page.evaluate(RESULT), explorer.models[key]
    context = torch.tensor(found["context"], dtype=torch.float32)[None]
    n_positions = context.shape[1]
    cache = model(context, hooks_of(model, explorer.sequences, replaced, n_positions))
    assert_close(found["whole"], model(context).prediction[0])
    assert_close(found["predictions"], cache.prediction[0])
    for layer, heads in enumerate(found["attention"]):
        assert_close(np.reshape(heads, (-1, n_positions, n_positions)), cache.attention[layer][0])
    for stream, estimate in zip(cache.residual, found["estimates"], strict=True):
        assert_close(estimate, model.readout(stream)[0])
    expected = {named(part): values[0] for part, values in direct_contributions(model, cache).items()}
    assert {name for name, _ in found["contributions"]} == set(expected)
    for name, values in found["contributions"]:
        assert_close(values, expected[name])
    assert_close(np.sum([values for _, values in found["contributions"]], axis=0), found["predictions"])
    return found


def number(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace("−", "-"))
