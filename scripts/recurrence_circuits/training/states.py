"""The state of an optimiser, of whatever library, as tensors by name and a rest that JSON can hold."""

from torch import Tensor

TENSOR, TUPLE = "tensor", "tuple"  # {TENSOR: name, "axes": …} stands for a tensor, {TUPLE: […]} for a tuple


def taken_apart(value, name: str, tensors: dict[str, Tensor]):
    """A copy of a nested value of mappings, lists and plain values, with a mark in the place of every tensor.

    The tensors are added to `tensors`, named `name/…` by their path, with their axes in the order in which they lie in
    memory: products of a matrix and of a copy whose axes lie the other way may differ in the last bit.
    """
    if isinstance(value, Tensor):
        axes = sorted(range(value.ndim), key=value.stride, reverse=True)
        tensors[name] = value.permute(axes)
        return {TENSOR: name, "axes": axes}
    if isinstance(value, dict):
        return {str(key): taken_apart(inner, f"{name}/{key}", tensors) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        apart = [taken_apart(inner, f"{name}/{index}", tensors) for index, inner in enumerate(value)]
        return {TUPLE: apart} if isinstance(value, tuple) else apart
    return value


def put_together(value, tensors: dict[str, Tensor]):
    """The nested value that `taken_apart` took apart, its keys now text. Raises KeyError if a tensor is missing."""
    if isinstance(value, dict) and TENSOR in value:
        axes = value["axes"]
        # A copy begins where torch lets tensors begin. What lies elsewhere in memory may be summed in another order.
        return tensors[value[TENSOR]].clone().permute([axes.index(axis) for axis in range(len(axes))])
    if isinstance(value, dict) and TUPLE in value:
        return tuple(put_together(inner, tensors) for inner in value[TUPLE])
    if isinstance(value, dict):
        return {key: put_together(inner, tensors) for key, inner in value.items()}
    if isinstance(value, list):
        return [put_together(inner, tensors) for inner in value]
    return value
