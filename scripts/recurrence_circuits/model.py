"""A GPT-style transformer on real-valued sequences, with every intermediate result in reach.

Axes, used in every comment and docstring of this project:

    batch      sequences
    position   terms of the context, 0 … n_terms − 1; attention has `query` before `key`
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

from recurrence_circuits.settings import ModelSettings

# Interventions: {(site, layer): function}, each function replacing the value found at that site. The sites,
# in the order a layer visits them:
#   residual                               batch position d_model        the stream entering the layer
#   query_input, key_input, value_input    batch head position d_model   what each head reads, before LayerNorm
#   attention                              batch head query key
#   head_output                            batch head position d_model
#   mlp_output                             batch position d_model
# After the last layer `residual` is visited once more, with layer = n_layers.
Edits = dict[tuple[str, int], Callable[[Tensor], Tensor]]
INPUT_SITES = ("query_input", "key_input", "value_input")
SITES = ("residual", *INPUT_SITES, "attention", "head_output", "mlp_output")


class Component(NamedTuple):
    """One of the parts whose outputs make up the residual stream; layer and head are None where they mean nothing."""

    kind: str  # embedding, position, head, attention (all heads of a layer), mlp, bias
    layer: int | None = None
    head: int | None = None


@dataclass
class Trace:
    """What one forward pass leaves behind.

    Everything added to the residual stream is here: `residual[-1]` is the sum of `embedding`,
    `position_embedding`, every head's output, every layer's attention bias and every MLP's output.
    """

    prediction: Tensor  # batch position dimension
    embedding: Tensor  # batch position d_model
    position_embedding: Tensor  # position d_model
    residual: list[Tensor]  # n_layers + 1 times: batch position d_model
    attention: list[Tensor]  # each layer: batch head query key
    head_output: list[Tensor]  # each layer: batch head position d_model (bias of W_O not included)
    mlp_output: list[Tensor]  # each layer: batch position d_model; empty if attention only


def project(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """x @ W + b for every head, `batch head position d_head`, with W `head d_model d_head`.

    x is `batch position d_model` where all heads read the same (one wide product: a third less time
    per training step than one product a head), or `batch head position d_model`.
    """
    if x.ndim == 4:
        return x @ W + b
    heads, d_model, d_head = W.shape
    wide = x @ W.transpose(0, 1).reshape(d_model, heads * d_head)  # batch position head·d_head
    return wide.view(*x.shape[:2], heads, d_head).transpose(1, 2) + b


class Attention(nn.Module):
    """Causal multi-head self-attention with one W_Q, W_K, W_V, W_O per head."""

    def __init__(self, settings: ModelSettings):
        super().__init__()
        heads, d_model, d_head = settings.n_heads, settings.d_model, settings.d_head
        self.W_Q = nn.Parameter(torch.empty(heads, d_model, d_head))
        self.W_K = nn.Parameter(torch.empty(heads, d_model, d_head))
        self.W_V = nn.Parameter(torch.empty(heads, d_model, d_head))
        self.W_O = nn.Parameter(torch.empty(heads, d_head, d_model))
        self.b_Q = nn.Parameter(torch.zeros(heads, 1, d_head))
        self.b_K = nn.Parameter(torch.zeros(heads, 1, d_head))
        self.b_V = nn.Parameter(torch.zeros(heads, 1, d_head))
        self.b_O = nn.Parameter(torch.zeros(d_model))

    def pattern(self, query_input: Tensor, key_input: Tensor) -> Tensor:
        """Attention probabilities, `batch head query key`; a query sees keys up to itself."""
        q = project(query_input, self.W_Q, self.b_Q)  # batch head query d_head
        k = project(key_input, self.W_K, self.b_K)  # batch head key d_head
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5  # batch head query key
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        return scores.masked_fill(future, float("-inf")).softmax(dim=-1)

    def output(self, value_input: Tensor, pattern: Tensor) -> Tensor:
        """What each head writes, `batch head position d_model`; b_O belongs to the layer, not to a head."""
        v = project(value_input, self.W_V, self.b_V)  # batch head key d_head
        return (pattern @ v) @ self.W_O


class MLP(nn.Module):
    """One hidden layer of d_mlp GELU units."""

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.W_in = nn.Parameter(torch.empty(settings.d_model, settings.d_mlp))
        self.b_in = nn.Parameter(torch.zeros(settings.d_mlp))
        self.W_out = nn.Parameter(torch.empty(settings.d_mlp, settings.d_model))
        self.b_out = nn.Parameter(torch.zeros(settings.d_model))

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x @ self.W_in + self.b_in) @ self.W_out + self.b_out


class Block(nn.Module):
    """Attention, then an MLP (unless attention only), each reading the stream through a LayerNorm."""

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.attention_norm = layer_norm(settings)
        self.attention = Attention(settings)
        self.mlp_norm = None if settings.attention_only else layer_norm(settings)
        self.mlp = None if settings.attention_only else MLP(settings)


def layer_norm(settings: ModelSettings) -> nn.Module:
    return nn.LayerNorm(settings.d_model) if settings.layer_norm else nn.Identity()


class Transformer(nn.Module):
    """Predicts the next term at every position of a sequence of real vectors.

    The token look-up of a language model is replaced by the bias-free linear map W_E, the unembedding
    by a linear readout. Weights are drawn from Normal(0, 0.8/√d_model), biases start at 0
    (both inferred, see README: the paper's own initialisation is not public).
    """

    def __init__(self, settings: ModelSettings, dimension: int, generator: torch.Generator):
        super().__init__()
        self.settings, self.dimension = settings, dimension
        self.W_E = nn.Parameter(torch.empty(dimension, settings.d_model))
        self.W_pos = nn.Parameter(torch.empty(settings.n_terms, settings.d_model))
        self.blocks = nn.ModuleList(Block(settings) for _ in range(settings.n_layers))
        self.final_norm = layer_norm(settings)
        self.W_readout = nn.Parameter(torch.empty(settings.d_model, dimension))
        self.b_readout = nn.Parameter(torch.zeros(dimension))
        for name, weight in self.named_parameters():
            if name.rpartition(".")[2].startswith("W_"):
                nn.init.normal_(weight, std=0.8 * settings.d_model**-0.5, generator=generator)

    def heads(self) -> list[Component]:
        """Every head, layer by layer."""
        layers, heads = range(self.settings.n_layers), range(self.settings.n_heads)
        return [Component("head", layer, head) for layer in layers for head in heads]

    def forward(self, x: Tensor, edits: Edits | None = None) -> Trace:
        """Run the model on x, `batch position dimension`, with the interventions `edits`.

        Raises ValueError if x has more positions than the model has embeddings for or another dimension,
        and if an edit names a site that this model does not visit.
        """
        if x.ndim != 3 or x.shape[1] > self.settings.n_terms or x.shape[2] != self.dimension:
            raise ValueError(
                f"model input: expected batch × up to {self.settings.n_terms} positions × {self.dimension} "
                f"dimensions, found shape {tuple(x.shape)}"
            )
        edits = self._known(edits or {})
        embedding, position_embedding = x @ self.W_E, self.W_pos[: x.shape[1]]
        stream = embedding + position_embedding  # batch position d_model
        trace = Trace(None, embedding, position_embedding, [], [], [], [])
        for layer, block in enumerate(self.blocks):
            stream = edited(edits, "residual", layer, stream)
            trace.residual.append(stream)
            query, key, value = self._attention_inputs(block, layer, stream, edits)
            pattern = edited(edits, "attention", layer, block.attention.pattern(query, key))
            heads = edited(edits, "head_output", layer, block.attention.output(value, pattern))
            trace.attention.append(pattern)
            trace.head_output.append(heads)
            stream = stream + heads.sum(dim=1) + block.attention.b_O
            if block.mlp is not None:
                mlp = edited(edits, "mlp_output", layer, block.mlp(block.mlp_norm(stream)))
                trace.mlp_output.append(mlp)
                stream = stream + mlp
        stream = edited(edits, "residual", len(self.blocks), stream)
        trace.residual.append(stream)
        trace.prediction = self.readout(stream)
        return trace

    def _attention_inputs(self, block: Block, layer: int, stream: Tensor, edits: Edits) -> list[Tensor]:
        """What queries, keys and values are made from: one stream for all heads, unless an edit sets them apart."""
        read = block.attention_norm(stream)  # batch position d_model
        if not any((site, layer) in edits for site in INPUT_SITES):
            return [read, read, read]
        each = stream[:, None].expand(-1, self.settings.n_heads, -1, -1)  # batch head position d_model
        return [
            block.attention_norm(edits[site, layer](each)) if (site, layer) in edits else read for site in INPUT_SITES
        ]

    def _known(self, edits: Edits) -> Edits:
        layers = self.settings.n_layers
        for site, layer in edits:
            visited = site in SITES and 0 <= layer < layers + (site == "residual")
            if not visited or (site == "mlp_output" and self.settings.attention_only):
                raise ValueError(f"edit: expected a site of {SITES} in layers 0 … {layers - 1}, found {(site, layer)}")
        return edits

    def readout(self, stream: Tensor) -> Tensor:
        """The prediction that the residual stream holds: final LayerNorm, then the linear readout."""
        return self.final_norm(stream) @ self.W_readout + self.b_readout


def edited(edits: Edits, site: str, layer: int, value: Tensor) -> Tensor:
    return edits[site, layer](value) if (site, layer) in edits else value
