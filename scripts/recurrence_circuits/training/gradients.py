"""The loss of a batch and its gradients, written out: the function of model/transformer.py, for training alone.

Autograd makes and frees every activation anew in each step, and a cache of them all is more than a step needs. Here
each has its place in memory once, for all steps, and products are as wide as they can be. The text is longer than the
Transformer's and says the same; a test holds it to that one, values and gradients.

Below, `rows` are all positions of all sequences of the batch, one after another.
"""

import torch
from torch import Tensor
from torch.ops import aten

from recurrence_circuits.model import transformer
from recurrence_circuits.model.products import linear
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.training.flat import FlatWeights
from recurrence_circuits.training.pointwise import activate, activate_backward, norm_of_rows


class Gradients:
    """Computes loss and gradients of a model on batches of `batch_size` sequences of the whole context."""

    def __init__(self, model: Transformer, batch_size: int):
        self.model = model
        shape = batch_size, model.context_length
        self.weights = FlatWeights(model)
        self.parts = []  # all that adds to the residual stream, in order
        for block, inputs in zip(model.blocks, self.weights.inputs, strict=True):
            self.parts.append(_Attention(block, *inputs, *shape))
            if block.mlp is not None:
                self.parts.append(_MLP(block, model.settings.activation, *shape))
        self.final_norm = norm_of_rows(model.final_norm)

    @torch.no_grad()
    def __call__(self, sequences: Tensor) -> float:
        """The mean squared error of the predictions; its gradients take the place of every weight's `grad`.

        sequences are `batch position dimension`, one term longer than the context.
        """
        model = self.model
        context, target = sequences[:, :-1], sequences[:, 1:]
        terms = context.flatten(0, 1)  # rows dimension
        embedding, position_embedding = model.embeddings(context)
        stream = (embedding + position_embedding).flatten(0, 1)  # rows d_model
        for part in self.parts:
            stream = stream + part.forward(stream)  # in a place of its own: a norm's backward pass needs it
        read = self.final_norm.forward(stream)
        error = torch.addmm(model.b_readout, read, model.W_readout) - target.flatten(0, 1)  # rows dimension

        d_prediction = error * (2 / error.numel())
        _sum_rows(d_prediction, model.b_readout)
        torch.mm(read.T, d_prediction, out=model.W_readout.grad)
        d_stream = self.final_norm.backward(d_prediction @ model.W_readout.T)
        for part in reversed(self.parts):
            d_stream += part.backward(d_stream)
        if model.W_pos is not None:
            torch.sum(d_stream.view(*context.shape[:2], -1), dim=0, out=model.W_pos.grad)
        torch.mm(terms.T, d_stream, out=model.W_E.grad)
        return float(error.square().mean())


class _Attention:
    """One block's attention with its norm; queries, keys and values of all heads come from one product."""

    def __init__(self, block: transformer.Block, W: Tensor, b: Tensor, batch: int, positions: int):
        self.norm, self.weights = norm_of_rows(block.attention_norm), block.attention
        self.W, self.b = W, b
        heads, _, d_head = self.weights.W_Q.shape
        self.scale = d_head**-0.5
        new = W.new_empty
        self.future = new(positions, positions).fill_(float("-inf")).triu(1).expand(batch * heads, -1, -1)
        self.pattern = new(batch * heads, positions, positions)
        self.d_pattern = new(batch * heads, positions, positions)
        # What lies head by head, and what lies beside each other in rows, each with a view that has all axes.
        self.split, self.d_split = (new(3, batch * heads, positions, d_head) for _ in range(2))  # queries, keys, values
        self.each = new(batch * heads, positions, d_head)  # what each head read from the values, or its gradient
        self.joined = new(batch * positions, heads * d_head)
        self.d_wide = new(batch * positions, 3 * heads * d_head)
        self.by_part, self.by_head = (batch, positions, 3, heads, d_head), (batch, positions, heads, d_head)
        self.split_by_head, self.d_split_by_head = (
            split.view(3, batch, heads, positions, d_head) for split in (self.split, self.d_split)
        )
        self.d_wide_by_head = self.d_wide.view(self.by_part).permute(2, 0, 3, 1, 4)
        self.each_by_head = self.each.view(batch, heads, positions, d_head)
        self.joined_by_head = self.joined.view(self.by_head).transpose(1, 2)

    def forward(self, stream: Tensor) -> Tensor:
        weights = self.weights
        self.read = self.norm.forward(stream)
        wide = linear(self.read, self.W, self.b)  # rows part·head·d_head
        self.split_by_head.copy_(wide.view(self.by_part).permute(2, 0, 3, 1, 4))
        queries, keys, values = self.split
        torch.baddbmm(self.future, queries, keys.mT, alpha=self.scale, out=self.pattern)
        torch.softmax(self.pattern, dim=-1, out=self.pattern)
        torch.bmm(self.pattern, values, out=self.each)
        self.joined_by_head.copy_(self.each_by_head)
        return linear(self.joined, weights.W_O.flatten(0, 1), weights.b_O)

    def backward(self, d_out: Tensor) -> Tensor:
        weights = self.weights
        _sum_rows(d_out, weights.b_O)
        _sum_products(self.joined, d_out, weights.W_O.grad.flatten(0, 1))
        d_joined = linear(d_out, weights.W_O.flatten(0, 1).T)
        self.each_by_head.copy_(d_joined.view(self.by_head).transpose(1, 2))
        queries, keys, values = self.split
        d_queries, d_keys, d_values = self.d_split
        torch.bmm(self.pattern.mT, self.each, out=d_values)
        torch.bmm(self.each, values.mT, out=self.d_pattern)
        d_scores = aten._softmax_backward_data(self.d_pattern, self.pattern, -1, self.pattern.dtype)
        d_scores *= self.scale
        torch.bmm(d_scores, keys, out=d_queries)
        torch.bmm(d_scores.mT, queries, out=d_keys)
        self.d_wide_by_head.copy_(self.d_split_by_head)
        _sum_rows(self.d_wide, self.b)
        _sum_products(self.read, self.d_wide, self.W.grad)
        return self.norm.backward(linear(self.d_wide, self.W.T))


class _MLP:
    """One block's MLP with its norm."""

    def __init__(self, block: transformer.Block, activation: str, batch: int, positions: int):
        self.norm, self.weights, self.activation = norm_of_rows(block.mlp_norm), block.mlp, activation
        self.after = self.weights.W_in.new_empty(batch * positions, self.weights.W_in.shape[1])  # rows d_mlp

    def forward(self, stream: Tensor) -> Tensor:
        weights = self.weights
        self.read = self.norm.forward(stream)
        self.before = linear(self.read, weights.W_in, weights.b_in)
        activate(self.activation, self.before, self.after)
        return linear(self.after, weights.W_out, weights.b_out)

    def backward(self, d_out: Tensor) -> Tensor:
        weights = self.weights
        _sum_rows(d_out, weights.b_out)
        _sum_products(self.after, d_out, weights.W_out.grad)
        d_hidden = linear(d_out, weights.W_out.T)
        activate_backward(self.activation, d_hidden, self.before)
        _sum_rows(d_hidden, weights.b_in)
        _sum_products(self.read, d_hidden, weights.W_in.grad)
        return self.norm.backward(linear(d_hidden, weights.W_in.T))


def _sum_rows(d_rows: Tensor, bias: Tensor) -> None:
    """The gradient of a bias that was added to every row."""
    torch.sum(d_rows, dim=0, out=bias.grad)


def _sum_products(x: Tensor, d_rows: Tensor, gradient: Tensor) -> None:
    """The gradient of a matrix with which every row of x was multiplied."""
    wide = x.shape[1] > d_rows.shape[1]  # the product is quicker with the narrower factor first
    gradient.copy_(linear(d_rows.T, x).T if wide else linear(x.T, d_rows))
