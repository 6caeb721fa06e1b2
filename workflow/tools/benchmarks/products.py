"""The matrix products of one training step alone, by the quickest library at hand: what a step has to do at least."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.model.products import linear


class Product(NamedTuple):
    """`count` products in one batch, each of `rows inner` with `inner columns`."""

    count: int
    rows: int
    inner: int
    columns: int

    @property
    def flops(self) -> int:
        return 2 * self.count * self.rows * self.inner * self.columns

    def gradients(self) -> list["Product"]:
        """The products that give the gradients of both factors: G Bᵀ and Aᵀ G."""
        return [
            Product(self.count, self.rows, self.columns, self.inner),
            Product(self.count, self.inner, self.rows, self.columns),
        ]


def forward(run: RunSettings) -> Iterator[Product]:
    """The products of a forward pass, all heads of a projection in one. The first reads the sequences themselves."""
    model, positions = run.model, run.data.context_length
    tokens, heads = run.training.batch_size * positions, run.training.batch_size * model.n_heads
    width, d_head = model.d_model, model.d_model // model.n_heads
    yield Product(1, tokens, run.data.dimension, width)
    for _ in range(model.n_layers):
        yield Product(1, tokens, width, 3 * width)  # queries, keys and values
        yield Product(heads, positions, d_head, positions)  # scores
        yield Product(heads, positions, positions, d_head)  # attention to values
        yield Product(1, tokens, width, width)
        if not model.attention_only:
            yield Product(1, tokens, width, model.d_mlp)
            yield Product(1, tokens, model.d_mlp, width)
    yield Product(1, tokens, width, run.data.dimension)


def of_step(run: RunSettings) -> list[Product]:
    """The products of a whole step. The sequences need no gradient, so the first product has one less."""
    first, *others = forward(run)
    return [first, first.gradients()[1], *others, *(gradient for each in others for gradient in each.gradients())]


def ready(run: RunSettings) -> Callable[[], None]:
    """A function that takes all products of a step, on numbers that are there before.

    Factors have the layout that a step finds them in: a transposed one is a view. Wide products are taken as the model
    takes them, by oneDNN where that can, the many small ones of attention by torch.
    """
    calls = []
    first, *others = forward(run)
    for product, needs_input in [(first, False), *((each, True) for each in others)]:
        a, b, g = (torch.randn(shape) for shape in _shapes(product))
        calls += [(a, b), (a.mT, g)]
        if needs_input:
            calls.append((g, b.mT))

    def take() -> None:
        for left, right in calls:
            linear(left, right) if left.ndim == 2 else torch.bmm(left, right)

    return take


def _shapes(product: Product) -> list[tuple[int, ...]]:
    """Of both factors and their product; many in a batch have one axis more."""
    batch = (product.count,) if product.count > 1 else ()
    rows, inner, columns = product.rows, product.inner, product.columns
    return [(*batch, rows, inner), (*batch, inner, columns), (*batch, rows, columns)]
