"""The account of how a trained model computes, as a transformer that runs; and lesions, which take one part away.

The account is the model's own, with every MLP replaced by an affine map of the stream, one for each position, that
reads no norm. What is left to compute with are two things: attention, whose softmax selects and adds, and the norms
that it and the readout see the stream through, which divide by the stream's size. docs/theory.md has it in formulas.

Each map is fitted inside the whole model, to what that MLP reads and writes there. It knows nothing of the prediction,
nor of the other maps: put together, their errors add up, and none makes up for another.
"""

import copy
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from recurrence_circuits.model.norms import centred, scales
from recurrence_circuits.model.passes import BATCH, batches, continue_from, predict, residual_streams
from recurrence_circuits.model.transformer import Block, Transformer, project
from recurrence_circuits.tasks.errors import mean_square_seen

RCOND = 1e-5  # of the largest singular value: a norm or a zero start leaves directions that hold rounding alone


class Lesion(NamedTuple):
    """A part of the account that is taken away.

    lesion     by_position: a layer's attention patterns are their mean over sequences, for each query and key: it no
               longer looks at the terms. first_order: they are linear in how far the scores are from their mean, as in
               linear attention, in place of a softmax. fixed_scale: a norm multiplies by the mean of its factor at that
               position: it no longer divides.
    component  attention or norm
    layer      of a norm, the layer whose attention reads through it; n_layers for the final one
    """

    lesion: str
    component: str
    layer: int


class AffineMap(nn.Module):
    """An affine map for each position, in place of an MLP. The map is `position d_model+1 d_model`."""

    def __init__(self, map_: Tensor):
        super().__init__()
        self.map = map_

    def forward(self, x: Tensor) -> Tensor:
        return (_with_one(x).transpose(0, 1) @ self.map[: x.shape[1]]).transpose(0, 1)


class FixedScale(nn.Module):
    """A norm whose factor does not depend on the sequence, but on the position: `position 1`."""

    def __init__(self, norm: nn.Module, factor: Tensor):
        super().__init__()
        self.norm, self.factor = norm, factor

    def forward(self, x: Tensor) -> Tensor:
        scaled = centred(self.norm, x) * self.factor[: x.shape[1]] * self.norm.weight
        return scaled + self.norm.bias if isinstance(self.norm, nn.LayerNorm) else scaled


@torch.no_grad()
def fit_account(model: Transformer, sequences: Tensor) -> Transformer:
    """The account of a model, with maps fitted on sequences, `sequence position dimension`, one term past the context.

    Squares count in units of each sequence's own scale (see tasks/errors.py). A model without MLPs is its own account.
    """
    account = copy.deepcopy(model)
    if model.settings.attention_only:
        return account
    passes = [model(part) for part in sequences[:, :-1].split(BATCH)]
    weights = torch.as_tensor(mean_square_seen(sequences)) ** -0.5  # sequence position
    for layer, block in enumerate(account.blocks):
        read, written = (
            torch.cat([getattr(cache, site)[layer] for cache in passes]) for site in ("middle", "mlp_output")
        )
        block.mlp_norm, block.mlp = nn.Identity(), AffineMap(affine_map(read, written, weights))
    return account


def affine_map(x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """For each position the affine map of x that is nearest to y, by weighted least squares: `position k+1 m`.

    x is `sequence position k`, y `sequence position m`, weights `sequence position` and multiply what a fit leaves. The
    map has the least norm of those that are as near; directions in which x hardly varies have no part in it.
    """
    each = weights.double().T[..., None]  # position sequence 1
    X, Y = (each * value.double().transpose(0, 1) for value in (_with_one(x), y))
    return torch.linalg.lstsq(X, Y, rcond=RCOND, driver="gelsd").solution.to(x.dtype)


@torch.no_grad()
def lesioned(account: Transformer, fitted: Tensor, context: Tensor) -> Iterator[tuple[Lesion, Tensor]]:
    """Each lesion, with what the account predicts without that part on context, both `batch position dimension`.

    fitted is another context, over whose sequences means are taken: `sequence position dimension`.
    """
    of_fitted, streams = residual_streams(account, fitted), residual_streams(account, context)
    for layer, block in enumerate(account.blocks):
        own, others = scores(block, streams[layer]), scores(block, of_fitted[layer])
        patterns = {
            "by_position": others.softmax(dim=-1).mean(dim=0).expand_as(own),
            "first_order": first_order(own, others.mean(dim=0)),
        }
        for name, pattern in patterns.items():
            yield Lesion(name, "attention", layer), _with_pattern(account, layer, streams[layer], pattern)
    for layer, stream in enumerate(of_fitted):
        without = copy.deepcopy(account)
        place, name = (
            (without, "final_norm") if layer == len(account.blocks) else (without.blocks[layer], "attention_norm")
        )
        norm = getattr(place, name)
        if not isinstance(norm, nn.Identity):
            setattr(place, name, FixedScale(norm, scales(norm, stream).mean(dim=0)))
            yield Lesion("fixed_scale", "norm", layer), predict(without, context)


def scores(block: Block, stream: Tensor) -> Tensor:
    """A layer's attention scores before the softmax, `batch head query key`; −∞ where a key is later than the query."""
    attention, read = block.attention, block.attention_norm(stream)
    q, k = project(read, attention.W_Q, attention.b_Q), project(read, attention.W_K, attention.b_K)
    found = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    return found.masked_fill(torch.ones_like(found[0, 0], dtype=torch.bool).triu(1), float("-inf"))


def first_order(scores: Tensor, mean: Tensor) -> Tensor:
    """The softmax to first order around mean scores, `head query key`: `batch head query key`; rows add up to 1."""
    apart, at_mean = (scores - mean).nan_to_num(nan=0.0), mean.softmax(dim=-1)  # −∞ less −∞ where no attention goes
    return at_mean * (1 + apart - (at_mean * apart).sum(dim=-1, keepdim=True))


def _with_pattern(model: Transformer, layer: int, stream: Tensor, pattern: Tensor) -> Tensor:
    """The prediction with another pattern in a layer, from the stream that enters it."""
    return torch.cat(
        [
            continue_from(model, layer, stream[rows], {("attention", layer): lambda _, rows=rows: pattern[rows]})
            for rows in batches(len(stream))
        ]
    )


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
