"""Every trap that was met, planted in a sound export: none passes the check, and the export falls into none."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Model

from finished_runs import write_run
from recurrence_circuits.model.weights import save_model
from recurrence_circuits.runs import WEIGHTS, open_run
from tools.export import gpt2, hooked
from tools.export.check import export, fault

FORMATS = {form.NAME: form for form in (gpt2, hooked)}
CONFIG = "config.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model whose embeddings are so small that a norm's eps counts, as at the terms near 0 of a trained one."""
    folder = write_run(tmp_path_factory.mktemp("results") / "toy")
    opened = open_run(folder)
    opened.model.W_E.mul_(0.01)
    opened.model.W_pos.mul_(0.01)
    save_model(str(folder / WEIGHTS), opened.model, opened.settings)
    return open_run(folder)


@pytest.fixture
def exported(run, tmp_path):
    for name, form in FORMATS.items():
        export(run, form, tmp_path / name)
    return tmp_path


def change_config(folder, **changes):
    config = json.loads((folder / CONFIG).read_text())
    assert set(changes) <= set(config)
    (folder / CONFIG).write_text(json.dumps(config | changes))


def change_weights(path, change):
    weights = load_file(path)
    change(weights)
    save_file(weights, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("transformers", {"layer_norm_epsilon": 1e-6}),
        ("transformers", {"activation_function": "gelu_new"}),
        ("transformer_lens", {"eps": 1e-6}),
        ("transformer_lens", {"act_fn": "gelu_new"}),
    ],
)
def test_another_eps_or_gelu_is_found(run, exported, name, changes):
    change_config(exported / name, **changes)
    assert "expected the model's prediction within 1e-05" in fault(run, FORMATS[name], exported / name)


def test_center_unembed_sets_a_readout_of_one_column_to_0_and_is_found(run, exported):
    folder = exported / "transformer_lens"
    model = hooked.load(folder)
    assert model.W_U.abs().min() > 0
    state = load_file(folder / hooked.WEIGHTS)
    model.load_and_process_state_dict(state, fold_ln=False, center_writing_weights=False, fold_value_biases=False)
    assert (model.W_U == 0).all()  # by center_unembed, its default
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / hooked.WEIGHTS)
    assert "prediction" in fault(run, hooked, folder)


def test_terms_taken_for_tokens_would_all_be_at_position_0_and_ours_are_not(run, exported):
    model = hooked.load(exported / "transformer_lens")
    taken = model.pos_embed(run.context)  # counts the last axis, the coordinates, for positions
    assert taken.shape[-2] == 1
    fed = hooked.stream(model, run.context)
    torch.testing.assert_close(fed, run.cache.residual[0])
    found = model(run.context @ model.W_E + taken, start_at_layer=0)
    assert (found - run.cache.prediction).abs().max() > 1e-3


def test_biases_of_queries_keys_and_values_go_to_their_heads(run, exported):
    model, folder = hooked.load(exported / "transformer_lens"), exported / "transformer_lens"
    for layer, block in enumerate(run.model.blocks):
        for name in ("b_Q", "b_K", "b_V"):
            assert (getattr(model.blocks[layer].attn, name) == getattr(block.attention, name)[:, 0]).all()
    change_weights(folder / hooked.WEIGHTS, lambda w: w["blocks.1.attn.b_V"].copy_(w["blocks.1.attn.b_V"].flip(0)))
    assert "prediction" in fault(run, hooked, folder)
    # Ours as they are, `head 1 d_head`, are refused by the library itself: its own would broadcast over positions.
    ours = run.model.blocks[1].attention.b_V
    change_weights(folder / hooked.WEIGHTS, lambda w: w.update({"blocks.1.attn.b_V": ours.clone()}))
    with pytest.raises(RuntimeError, match=r"size mismatch for blocks.1.attn.b_V"):
        hooked.load(folder)


@pytest.mark.parametrize(
    ("name", "file", "weight"),
    [
        ("transformers", gpt2.MAPS, "b_readout"),
        ("transformers", "model.safetensors", "ln_f.bias"),
        ("transformers", "model.safetensors", "h.0.attn.c_attn.bias"),
        ("transformer_lens", hooked.WEIGHTS, "unembed.b_U"),
        ("transformer_lens", hooked.WEIGHTS, "blocks.0.attn.b_O"),
    ],
)
def test_a_bias_left_out_is_found(run, exported, name, file, weight):
    change_weights(exported / name / file, lambda weights: weights[weight].zero_())
    assert "expected the model's" in fault(run, FORMATS[name], exported / name)


def test_another_implementation_of_attention_returns_none(run, exported):
    """Why the README of an export, and `gpt2.run`, name the implementation."""
    embedded = torch.zeros(1, run.settings.data.context_length, run.settings.model.d_model)
    for implementation, returned in (("eager", True), ("sdpa", False)):
        loaded = GPT2Model.from_pretrained(exported / "transformers", attn_implementation=implementation)
        patterns = loaded(inputs_embeds=embedded, output_attentions=True).attentions
        assert len(patterns) == (run.settings.model.n_layers if returned else 0)
