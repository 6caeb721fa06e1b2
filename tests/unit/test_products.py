"""Wide products are what `@` says, whichever library takes them, and gradients flow through them where asked."""

import pytest
import torch

from recurrence_circuits.model.products import linear

SHAPES = [(1, 1, 1), (5, 1, 7), (7, 5, 1), (1024, 64, 192), (64, 1024, 256), (3, 300, 2)]


def drawn(*shape: int, transposed: bool = False) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape[::-1], generator=generator).mT if transposed else torch.randn(*shape, generator=generator)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("biased", [False, True])
def test_a_product_in_any_layout(shape, transposed, biased):
    rows, inner, columns = shape
    x, W = drawn(rows, inner, transposed=transposed[0]), drawn(inner, columns, transposed=transposed[1])
    b = drawn(columns) if biased else None
    expected = x.double() @ W.double() + (b.double() if biased else 0)
    torch.testing.assert_close(linear(x, W, b).double(), expected, rtol=1e-4, atol=1e-4)


def test_a_part_of_a_wider_matrix_and_more_axes():
    x, wide = drawn(3, 4, 8), drawn(8, 30)
    torch.testing.assert_close(linear(x, wide[:, 10:20], drawn(30)[5:15]), x @ wide[:, 10:20] + drawn(30)[5:15])


def test_other_types_and_gradients():
    x, W = drawn(4, 8).double(), drawn(8, 3).double()
    assert torch.equal(linear(x, W), x @ W)
    x.requires_grad_()
    linear(x, W).sum().backward()
    torch.testing.assert_close(x.grad, W.sum(dim=1).expand(4, -1))
    single = drawn(4, 8).requires_grad_()
    linear(single, drawn(8, 3)).sum().backward()
    torch.testing.assert_close(single.grad, drawn(8, 3).sum(dim=1).expand(4, -1))


def test_without_onednn_the_product_is_torchs(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    x, W, b = drawn(4, 8), drawn(8, 3), drawn(3)
    assert torch.equal(linear(x, W, b), x @ W + b)
