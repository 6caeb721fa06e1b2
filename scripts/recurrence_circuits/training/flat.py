"""All weights of a model in one vector, and all their gradients in another.

The norm of the whole gradient and a step of AdamW are then one operation each, instead of one per weight.
"""

import torch
from torch import Tensor, nn

from recurrence_circuits.model.transformer import Transformer


class FlatWeights:
    """The weights of a model and their gradients, laid out as they are multiplied.

    The model's parameters become views of the vector, and their `grad` views of its `grad`: the model is the same, and
    whatever changes the one changes the other. Every tensor below has a `grad` of its shape.

    vector    all of them
    inputs    by layer, what makes queries, keys and values of all heads at once: W `d_model part·head·d_head` and
              b `part·head·d_head`, where the parts are these three
    matrices  of the blocks; W_Q, W_K and W_V as `d_model head·d_head`, W_O as `head·d_head d_model`
    ends      the matrices outside the blocks: W_E, W_pos if there is one, and W_readout
    biases    everything else, also of the norms, as one vector
    """

    def __init__(self, model: Transformer):
        self.vector = nn.Parameter(torch.cat([weight.detach().flatten() for weight in model.parameters()]))
        self.vector.grad = torch.zeros_like(self.vector)
        self._taken = 0
        self.matrices: list[Tensor] = []
        self.ends: list[Tensor] = []
        placed = set()

        def place(weight: nn.Parameter, memory: Tensor, gradient: Tensor) -> None:
            memory.copy_(weight.detach())
            weight.data, weight.grad = memory, gradient
            placed.add(weight)

        weights, biases = [], []
        attentions = [block.attention for block in model.blocks]
        for attention in attentions:
            heads, d_model, d_head = attention.W_Q.shape
            weights.append(self._take(d_model, 3 * heads * d_head))
            by_part = [part.view(d_model, 3, heads, d_head) for part in (weights[-1], weights[-1].grad)]
            for part, weight in enumerate((attention.W_Q, attention.W_K, attention.W_V)):
                place(weight, *(W[:, part].transpose(0, 1) for W in by_part))
                self.matrices.append(_with_grad(*(W[:, part].flatten(1) for W in by_part)))
        for name, weight in model.named_parameters():
            if _is_matrix(name) and weight not in placed:
                memory = self._take(*weight.shape)
                place(weight, memory, memory.grad)
                listed = self.matrices if name.startswith("blocks.") else self.ends
                listed.append(_with_grad(*(W.flatten(0, -2) for W in (memory, memory.grad))))
        first_bias = self._taken
        for attention in attentions:
            heads, _, d_head = attention.b_Q.shape
            biases.append(self._take(3 * heads * d_head))
            by_part = [part.view(3, heads, 1, d_head) for part in (biases[-1], biases[-1].grad)]
            for part, weight in enumerate((attention.b_Q, attention.b_K, attention.b_V)):
                place(weight, *(b[part] for b in by_part))
        for weight in model.parameters():
            if weight not in placed:
                memory = self._take(*weight.shape)
                place(weight, memory, memory.grad)
        self.biases = _with_grad(self.vector.data[first_bias:], self.vector.grad[first_bias:])
        self.inputs = list(zip(weights, biases, strict=True))

    def _take(self, *shape: int) -> Tensor:
        """The next free place in the vector, with its gradient."""
        start, self._taken = self._taken, self._taken + torch.Size(shape).numel()
        return _with_grad(*(all_[start : self._taken].view(shape) for all_ in (self.vector.data, self.vector.grad)))


def _with_grad(memory: Tensor, gradient: Tensor) -> Tensor:
    memory.grad = gradient
    return memory


def _is_matrix(name: str) -> bool:
    return name.rpartition(".")[2].startswith("W_")
