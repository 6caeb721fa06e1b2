"""TransformerLens' own tools on the exported model find what our tables hold."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from finished_runs import write_run
from recurrence_circuits.measures.ablation import measure_ablation
from recurrence_circuits.measures.attribution import direct_contributions
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.circuits import measure_circuits
from recurrence_circuits.model.transformer import Component
from recurrence_circuits.runs import open_run
from recurrence_circuits.tasks.errors import relative_error
from tools.export import hooked
from tools.export.check import export

VARIANTS = {"default": {}, "attention only": {"attention_only": True}, "RMSNorm": {"norm": "rms_norm"}}


@pytest.fixture(params=VARIANTS)
def exported(request, tmp_path):
    """A run, and the model of its export."""
    run = open_run(write_run(tmp_path / "toy", model=VARIANTS[request.param]))
    export(run, hooked, tmp_path / "out")
    return run, hooked.load(tmp_path / "out").requires_grad_(False)


def cached(run, model):
    return model.run_with_cache(hooked.stream(model, run.context), start_at_layer=0)[1]


def test_heads_switched_off_by_its_hooks_cost_what_the_table_ablation_says(exported):
    run, model = exported
    bootstrap = Bootstrap(len(run.sequences), 10, 0.95, np.random.default_rng(0))
    table = measure_ablation(run.model, run.sequences, 2, bootstrap, torch.Generator().manual_seed(0))
    table = table[(table["component"] == "head") & (table["kind"] == "zero") & (table["measure"] == "change")]
    table = table[table["position"].notna()].pivot(index=["layer", "head"], columns="position", values="value")
    whole = relative_error(run.cache.prediction, run.sequences)
    for head in run.model.heads():

        def off(z, hook, head=head.head):  # batch position head d_head
            z[:, :, head] = 0
            return z

        hooks = [(f"blocks.{head.layer}.attn.hook_z", off)]
        prediction = model.run_with_hooks(
            hooked.stream(model, run.context), start_at_layer=0, fwd_hooks=hooks, clear_contexts=True
        )
        cost = (relative_error(prediction, run.sequences) - whole).mean(axis=0)
        np.testing.assert_allclose(cost, table.loc[head.layer, head.head], rtol=1e-3, atol=1e-6)
        assert np.abs(cost).max() > 1e-3


def test_its_direct_attribution_is_ours_once_the_final_norms_weight_is_in(exported):
    run, model = exported
    cache = cached(run, model)
    layers, heads = run.settings.model.n_layers, run.settings.model.n_heads
    own = direct_contributions(run.model, run.cache)
    stack = cache.apply_ln_to_stack(cache.stack_head_results(layer=layers))  # component batch position d_model
    found = (stack * model.ln_final.w) @ model.W_U
    without = stack @ model.W_U  # what apply_ln_to_stack alone gives
    expected = torch.stack([own[head] for head in run.model.heads()])
    assert found.shape == expected.shape == (layers * heads, 48, 6, 1)
    assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert (without - expected).abs().max() > 1e-2
    if not run.settings.model.attention_only:
        mlps = torch.stack([cache["mlp_out", layer] for layer in range(layers)])
        found = (cache.apply_ln_to_stack(mlps) * model.ln_final.w) @ model.W_U
        assert_close(
            found, torch.stack([own[Component("mlp", layer)] for layer in range(layers)]), rtol=1e-4, atol=1e-5
        )


def test_its_ov_circuits_are_ours_once_the_norms_are_folded(exported):
    """W_V W_O of unfolded weights are of another stream than the one that a head reads."""
    run, model = exported
    table = measure_circuits(run.model, run.cache.residual, 2)
    wanted = table[table["measure"] == "ov_copying_score"]["value"].to_numpy()
    unfolded = copying_scores(model)
    model.load_and_process_state_dict(
        {name: value.clone() for name, value in model.state_dict().items()},
        center_writing_weights=False, center_unembed=False, fold_value_biases=False,
    )  # fmt: skip
    np.testing.assert_allclose(copying_scores(model), wanted, atol=1e-4)
    assert np.abs(unfolded - wanted).max() > 0.01


def copying_scores(model) -> np.ndarray:
    """Re Σλ / Σ|λ| of every head's W_V W_O, layer by layer, by TransformerLens' own eigenvalues."""
    values = model.OV.eigenvalues.flatten(0, 1)  # head, eigenvalue
    return (values.sum(dim=-1).real / values.abs().sum(dim=-1)).numpy()
