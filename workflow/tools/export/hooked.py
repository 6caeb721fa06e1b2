"""The format of TransformerLens 3.9: config and weights of a HookedTransformer. Version 4 removed that class.

Its W_E, of a vocabulary as large as a term has coordinates, is the input map, and its unembedding the readout. A term
is no token: what is fed is x W_E + W_pos, at `start_at_layer=0`. LayerNorm stays unfolded, as trained.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformer_lens import HookedTransformer, HookedTransformerConfig

from recurrence_circuits.model.transformer import Transformer

NAME = "transformer_lens"
CONFIG, WEIGHTS = "config.json", "model.safetensors"
NORMS = {"layer_norm": "LN", "rms_norm": "RMS", "none": None}


def refusal(model: Transformer) -> str | None:
    """None: HookedTransformer holds every variant, as the round trip in tests/export shows."""
    return None


def write(model: Transformer, folder: Path) -> None:
    """Write CONFIG and WEIGHTS into `folder`."""
    config = _config(model)
    hooked = HookedTransformer(HookedTransformerConfig.from_dict(config))
    state = {name: value.clone() for name, value in hooked.state_dict().items()}  # with the masks, which stay
    state |= {name: weight.detach().clone() for name, weight in _weights(model).items()}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file({name: value.contiguous() for name, value in state.items()}, folder / WEIGHTS)


def load(folder: Path, dtype: torch.dtype = torch.float32) -> HookedTransformer:
    """The model of `folder`. No processing of the library's: its `center_unembed` would set a one-column W_U to 0."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8")) | {"dtype": dtype}
    hooked = HookedTransformer(HookedTransformerConfig.from_dict(config))
    hooked.load_state_dict(load_file(folder / WEIGHTS))
    return hooked.eval()


def stream(hooked: HookedTransformer, context: Tensor) -> Tensor:
    """What a HookedTransformer of ours is fed at `start_at_layer=0`, `batch position d_model`.

    Its own position embedding counts the last axis of what it takes for tokens: on terms, `batch position 1`, it would
    give every place position 0.
    """
    return context @ hooked.W_E + hooked.W_pos[: context.shape[1]]


@torch.no_grad()
def run(folder: Path, context: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What is read from `folder` predicts on context, and each layer's attention, `batch head query key`.

    It computes in the context's precision.
    """
    hooked = load(folder, context.dtype)
    prediction, cache = hooked.run_with_cache(stream(hooked, context), start_at_layer=0)
    return prediction, [cache["pattern", layer] for layer in range(hooked.cfg.n_layers)]


def _config(model: Transformer) -> dict:
    settings = model.settings
    return {
        "n_layers": settings.n_layers, "n_heads": settings.n_heads, "d_model": settings.d_model,
        "d_head": settings.d_model // settings.n_heads, "n_ctx": model.context_length,
        "d_mlp": None if settings.attention_only else settings.d_mlp, "attn_only": settings.attention_only,
        "act_fn": settings.activation, "normalization_type": NORMS[settings.norm],
        "eps": getattr(model.final_norm, "eps", 1e-5),  # read by norms alone
        "d_vocab": model.dimension, "d_vocab_out": model.dimension, "device": "cpu", "init_weights": False,
    }  # fmt: skip


def _weights(model: Transformer) -> dict[str, Tensor]:
    """Our weights under their names there."""
    positions = model.W_E.new_zeros(model.context_length, model.settings.d_model)
    found = {"embed.W_E": model.W_E, "pos_embed.W_pos": positions if model.W_pos is None else model.W_pos}
    for layer, block in enumerate(model.blocks):
        a, at = block.attention, f"blocks.{layer}"
        found |= _norm(f"{at}.ln1", block.attention_norm)
        found |= {f"{at}.attn.{name}": getattr(a, name) for name in ("W_Q", "W_K", "W_V", "W_O", "b_O")}
        found |= {f"{at}.attn.{name}": getattr(a, name)[:, 0] for name in ("b_Q", "b_K", "b_V")}  # ours: head 1 d_head
        if block.mlp is not None:
            found |= _norm(f"{at}.ln2", block.mlp_norm)
            found |= {f"{at}.mlp.{name}": getattr(block.mlp, name) for name in ("W_in", "b_in", "W_out", "b_out")}
    found |= _norm("ln_final", model.final_norm)
    return found | {"unembed.W_U": model.W_readout, "unembed.b_U": model.b_readout}


def _norm(name: str, norm: nn.Module) -> dict[str, Tensor]:
    named = {"w": getattr(norm, "weight", None), "b": getattr(norm, "bias", None)}
    return {f"{name}.{key}": weight for key, weight in named.items() if weight is not None}
