"""A GPT-style transformer on real-valued sequences, with an activation cache and hooks.

Axes, used in every comment and docstring of this project:

    batch      sequences
    position   terms of the context, 0 … context_length − 1; attention has `query` before `key`
    layer      0 … n_layers − 1
    head       0 … n_heads − 1
    d_model    width of the residual stream;  d_head = d_model / n_heads;  d_mlp
    dimension  coordinates of one term of the sequence (1 for scalar recurrences)

Vectors are rows: `x @ W`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurrence_circuits.config.model import ModelSettings
from recurrence_circuits.model.products import linear

# Hooks: {(site, layer): function}. A function takes the value at its site and returns what replaces it.
# The sites, in the order in which a layer visits them:
#   residual                               batch position d_model        the stream entering the layer
#   query_input, key_input, value_input    batch head position d_model   what each head reads, before the norm
#   attention                              batch head query key
#   head_output                            batch head position d_model
#   mlp_output                             batch position d_model
# After the last layer, `residual` is visited once more with layer = n_layers.
Hooks = dict[tuple[str, int], Callable[[Tensor], Tensor]]
INPUT_SITES = ("query_input", "key_input", "value_input")
SITES = ("residual", *INPUT_SITES, "attention", "head_output", "mlp_output")


class Component(NamedTuple):
    """A part of the model that adds to the residual stream; layer and head are None where they do not apply."""

    kind: str  # embedding, position, head, attention (all heads of a layer), mlp, layer (both), bias
    layer: int | None = None
    head: int | None = None


@dataclass
class ActivationCache:
    """The activations of one forward pass.

    `residual[-1]` is the sum of `embedding`, `position_embedding`, every head's output, every layer's attention bias
    b_O and every MLP's output.
    """

    prediction: Tensor  # batch position dimension
    embedding: Tensor  # batch position d_model
    position_embedding: Tensor  # position d_model; zeros in a model without
    residual: list[Tensor]  # before each layer and after the last: batch position d_model
    middle: list[Tensor]  # the stream between each layer's attention and its MLP: batch position d_model
    attention: list[Tensor]  # each layer: batch head query key
    head_output: list[Tensor]  # each layer: batch head position d_model (bias of W_O not included)
    mlp_output: list[Tensor]  # each layer: batch position d_model; empty if attention only

    def rows(self, rows: slice) -> "ActivationCache":
        """The activations of some of the sequences, as views."""
        layers = (self.residual, self.middle, self.attention, self.head_output, self.mlp_output)
        return ActivationCache(
            self.prediction[rows],
            self.embedding[rows],
            self.position_embedding,
            *([value[rows] for value in by_layer] for by_layer in layers),
        )


def project(x: Tensor, W: Tensor, b: Tensor, some: list[int] | None = None) -> Tensor:
    """x @ W + b for every head, or for some, `batch head position d_head`, with W `head d_model d_head`.

    x is `batch position d_model` if all heads read the same stream, which makes one wide product of all, else
    `batch head position d_model`.
    """
    if some is not None:
        W, b = W[some], b[some]
    if x.ndim == 4:
        return x @ W + b
    heads, d_model, d_head = W.shape
    wide = linear(x, W.transpose(0, 1).reshape(d_model, heads * d_head))  # batch position n_heads·d_head
    return wide.view(*x.shape[:2], heads, d_head).transpose(1, 2) + b


class Attention(nn.Module):
    """Causal multi-head self-attention with one W_Q, W_K, W_V, W_O per head."""

    def __init__(self, settings: ModelSettings):
        super().__init__()
        heads, d_model, d_head = settings.n_heads, settings.d_model, settings.d_model // settings.n_heads
        self.W_Q = nn.Parameter(torch.empty(heads, d_model, d_head))
        self.W_K = nn.Parameter(torch.empty(heads, d_model, d_head))
        self.W_V = nn.Parameter(torch.empty(heads, d_model, d_head))
        self.W_O = nn.Parameter(torch.empty(heads, d_head, d_model))
        self.b_Q = nn.Parameter(torch.zeros(heads, 1, d_head))
        self.b_K = nn.Parameter(torch.zeros(heads, 1, d_head))
        self.b_V = nn.Parameter(torch.zeros(heads, 1, d_head))
        self.b_O = nn.Parameter(torch.zeros(d_model))

    def pattern(self, query_input: Tensor, key_input: Tensor, some: list[int] | None = None) -> Tensor:
        """Attention probabilities of all heads, or of some, `batch head query key`; a query sees keys up to itself."""
        q = project(query_input, self.W_Q, self.b_Q, some)  # batch head query d_head
        k = project(key_input, self.W_K, self.b_K, some)  # batch head key d_head
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5  # batch head query key
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        return scores.masked_fill(future, float("-inf")).softmax(dim=-1)

    def output(self, value_input: Tensor, pattern: Tensor) -> Tensor:
        """What each head writes, `batch head position d_model`; b_O belongs to the layer, not to a head."""
        v = project(value_input, self.W_V, self.b_V)  # batch head key d_head
        return (pattern @ v) @ self.W_O

    def summed_output(self, value_input: Tensor, pattern: Tensor, some: list[int] | None = None) -> Tensor:
        """What all heads, or some, write together, `batch position d_model`, without b_O, by one wide product."""
        v = project(value_input, self.W_V, self.b_V, some)  # batch head key d_head
        mixed = (pattern @ v).transpose(1, 2).flatten(2)  # batch position heads·d_head
        W_O = self.W_O if some is None else self.W_O[some]
        return linear(mixed, W_O.flatten(0, 1))


class MLP(nn.Module):
    """One hidden layer of d_mlp units, GELU or ReLU."""

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.activation = {"gelu": F.gelu, "relu": F.relu}[settings.activation]
        self.W_in = nn.Parameter(torch.empty(settings.d_model, settings.d_mlp))
        self.b_in = nn.Parameter(torch.zeros(settings.d_mlp))
        self.W_out = nn.Parameter(torch.empty(settings.d_mlp, settings.d_model))
        self.b_out = nn.Parameter(torch.zeros(settings.d_model))

    def forward(self, x: Tensor) -> Tensor:
        return linear(self.activation(linear(x, self.W_in, self.b_in)), self.W_out, self.b_out)


class Block(nn.Module):
    """Attention, then an MLP (unless attention only), each reading the stream through a norm."""

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.attention_norm = make_norm(settings)
        self.attention = Attention(settings)
        self.mlp_norm = None if settings.attention_only else make_norm(settings)
        self.mlp = None if settings.attention_only else MLP(settings)


def make_norm(settings: ModelSettings) -> nn.Module:
    """The norm that the settings name: torch's own. RMSNorm, which has no bias, takes LayerNorm's eps."""
    norms = {"layer_norm": nn.LayerNorm, "rms_norm": nn.RMSNorm}
    return norms[settings.norm](settings.d_model, eps=1e-5) if settings.norm in norms else nn.Identity()


class Transformer(nn.Module):
    """Predicts the next term at every position of a sequence of real vectors.

    The token embedding of a language model is replaced by the linear map W_E without bias, the unembedding by a linear
    readout. Weights are drawn from Normal(0, 0.8/√d_model) and biases start at 0. (Both are inferred: the paper's own
    initialisation is not public, see docs/paper.md.)
    """

    def __init__(self, settings: ModelSettings, context_length: int, dimension: int, generator: torch.Generator):
        super().__init__()
        self.settings, self.context_length, self.dimension = settings, context_length, dimension
        self.W_E = nn.Parameter(torch.empty(dimension, settings.d_model))
        has_positions = settings.position_embedding
        self.W_pos = nn.Parameter(torch.empty(context_length, settings.d_model)) if has_positions else None
        self.blocks = nn.ModuleList(Block(settings) for _ in range(settings.n_layers))
        self.final_norm = make_norm(settings)
        self.W_readout = nn.Parameter(torch.empty(settings.d_model, dimension))
        self.b_readout = nn.Parameter(torch.zeros(dimension))
        for name, weight in self.named_parameters():
            if name.rpartition(".")[2].startswith("W_"):
                nn.init.normal_(weight, std=0.8 * settings.d_model**-0.5, generator=generator)

    def heads(self) -> list[Component]:
        """Every head, layer by layer."""
        layers, heads = range(self.settings.n_layers), range(self.settings.n_heads)
        return [Component("head", layer, head) for layer in layers for head in heads]

    def forward(self, x: Tensor, hooks: Hooks | None = None) -> ActivationCache:
        """Run the model on x, `batch position dimension`, with `hooks`, and cache its activations.

        Raises ValueError if x has more positions than context_length or another dimension, and if a hook names a site
        that this model does not have.
        """
        hooks = self.known(hooks or {})
        embedding, position_embedding = self.embeddings(x)
        stream = embedding + position_embedding  # batch position d_model
        cache = ActivationCache(None, embedding, position_embedding, [], [], [], [], [])
        for layer, block in enumerate(self.blocks):
            stream = hooked(hooks, "residual", layer, stream)
            cache.residual.append(stream)
            query, key, value = self.attention_inputs(block, layer, stream, hooks)
            pattern = hooked(hooks, "attention", layer, block.attention.pattern(query, key))
            heads = hooked(hooks, "head_output", layer, block.attention.output(value, pattern))
            cache.attention.append(pattern)
            cache.head_output.append(heads)
            stream = stream + heads.sum(dim=1) + block.attention.b_O
            cache.middle.append(stream)
            if block.mlp is not None:
                mlp = hooked(hooks, "mlp_output", layer, block.mlp(block.mlp_norm(stream)))
                cache.mlp_output.append(mlp)
                stream = stream + mlp
        stream = hooked(hooks, "residual", len(self.blocks), stream)
        cache.residual.append(stream)
        cache.prediction = self.readout(stream)
        return cache

    def embeddings(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The embedding, `batch position d_model`, and the position embedding, `position d_model`."""
        if x.ndim != 3 or x.shape[1] > self.context_length or x.shape[2] != self.dimension:
            raise ValueError(
                f"model input: expected batch × up to {self.context_length} positions × {self.dimension} "
                f"dimensions, found shape {tuple(x.shape)}"
            )
        embedding = x @ self.W_E
        return embedding, embedding.new_zeros(embedding.shape[1:]) if self.W_pos is None else self.W_pos[: x.shape[1]]

    def attention_inputs(self, block: Block, layer: int, stream: Tensor, hooks: Hooks) -> list[Tensor]:
        """What queries, keys and values are made from: one stream for all heads, or one per head where hooked."""
        read = block.attention_norm(stream)  # batch position d_model
        if not any((site, layer) in hooks for site in INPUT_SITES):
            return [read, read, read]
        each = stream[:, None].expand(-1, self.settings.n_heads, -1, -1)  # batch head position d_model
        return [
            block.attention_norm(hooks[site, layer](each)) if (site, layer) in hooks else read for site in INPUT_SITES
        ]

    def known(self, hooks: Hooks) -> Hooks:
        """The hooks themselves. Raises ValueError if one names a site that this model does not have."""
        layers = self.settings.n_layers
        for site, layer in hooks:
            visited = site in SITES and 0 <= layer < layers + (site == "residual")
            if not visited or (site == "mlp_output" and self.settings.attention_only):
                raise ValueError(f"hook: expected a site of {SITES} in layers 0 … {layers - 1}, found {(site, layer)}")
        return hooks

    def readout(self, stream: Tensor) -> Tensor:
        """The prediction from a residual stream, `… position d_model`: final norm, then the linear readout."""
        return self.final_norm(stream) @ self.W_readout + self.b_readout


def hooked(hooks: Hooks, site: str, layer: int, value: Tensor) -> Tensor:
    return hooks[site, layer](value) if (site, layer) in hooks else value
