"""The section `model`: the transformer."""

from typing import Literal

from recurrence_circuits.config.base import Settings, key


class ModelSettings(Settings):
    """The shape of the transformer."""

    n_layers: int = key(3, "Layers, each of attention and an MLP.", ge=1, le=12)
    n_heads: int = key(4, "Attention heads per layer, a divisor of d_model.", ge=1, le=64)
    d_model: int = key(64, "Width of the residual stream.", ge=2, le=2048)
    d_mlp: int = key(256, "Hidden units of an MLP; not used if attention_only.", ge=1, le=8192)
    attention_only: bool = key(False, "Leave the MLPs out.")
    norm: Literal["layer_norm", "rms_norm", "none"] = key(
        "layer_norm", "What stands before every attention, every MLP and the readout."
    )
    activation: Literal["gelu", "relu"] = key("gelu", "What the hidden units of an MLP do; not used if attention_only.")
    position_embedding: bool = key(
        True, "Add a learned vector for each position; without, order is known by the causal mask alone."
    )
