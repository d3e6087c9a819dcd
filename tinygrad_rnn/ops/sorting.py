"""Elements in order of size, and elements picked one by one along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tinygrad_rnn.node import Array, Operand, Operation, Shape, Tensor, apply
from tinygrad_rnn.ops.declaration import declare, implements, undifferentiable
from tinygrad_rnn.ops.shaping import as_tensor, explained, ravel

# ---------------------------------------------------------------------- picking along an axis, and putting back


def _put_value(g: Array, index: Array, axis: int, shape: Shape) -> Array:
    """An array of zeros with each g added at its place."""
    total = np.zeros(shape, g.dtype)
    places = np.ogrid[tuple(map(slice, shape))]
    np.add.at(total, (*places[:axis], index, *places[axis + 1 :]), g)
    return total


_take: Operation = declare(
    "take_along_axis", lambda x, index, axis: np.take_along_axis(x, index, axis),
    [lambda g, y, x, index, axis: _put(g, index, axis=axis, shape=x.shape), None],
    lambda tangents, y, x, index, axis: _take(tangents[0], index, axis=axis),
)  # fmt: skip

_put: Operation = declare(
    "add_along_axis", _put_value,
    [lambda g, y, x, index, axis, shape: _take(g, index, axis=axis), None],
    lambda tangents, y, x, index, axis, shape: _put(tangents[0], index, axis=axis, shape=shape),
)  # fmt: skip


def _one_axis(name: str, a: Operand, axis: int | None) -> tuple[Tensor, int]:
    """The operand and an axis of it, counted from 0; all its elements along one axis where that is None."""
    a = as_tensor(name, a)
    if axis is None:
        a, axis = ravel(a), 0
    with explained(name, a):
        return a, normalize_axis_index(axis, a.ndim)


@implements(np.take_along_axis)
def take_along_axis(arr: Operand, indices: Operand, axis: int | None = -1) -> Tensor:
    """Along an axis, the elements at indices that may differ from row to row, as argsort gives them."""
    arr, axis = _one_axis("take_along_axis", arr, axis)
    return apply(_take, (arr, indices), {"axis": axis})


# ---------------------------------------------------------------------- in order of size


def _ordering(name: str, order: Operation) -> Operation:
    """An operation that puts elements along an axis in the order that another one finds."""

    def value(x: Array, axis: int, **how: Any) -> Array:
        return np.take_along_axis(x, order.value(x, axis=axis, **how), axis)

    def vjp(g: Any, y: Any, x: Any, axis: int, **how: Any) -> Any:
        return _put(g, order(x, axis=axis, **how), axis=axis, shape=x.shape)

    def jvp(tangents: Sequence[Any], y: Any, x: Any, axis: int, **how: Any) -> Any:
        return _take(tangents[0], order(x, axis=axis, **how), axis=axis)

    return declare(name, value, [vjp], jvp)


_sort = _ordering("sort", undifferentiable("argsort", lambda x, axis: np.argsort(x, axis=axis, kind="stable")))

_partition = _ordering(
    "partition", undifferentiable("argpartition", lambda x, axis, kth: np.argpartition(x, kth, axis=axis))
)


@implements(np.sort)
def sort(a: Operand, axis: int | None = -1) -> Tensor:
    """The elements along an axis from the smallest to the largest, or all of them if the axis is None."""
    a, axis = _one_axis("sort", a, axis)
    return apply(_sort, (a,), {"axis": axis})


@implements(np.partition)
def partition(a: Operand, kth: int | Sequence[int], axis: int | None = -1) -> Tensor:
    """The elements along an axis with the kth where it would be sorted, the smaller before and the larger after."""
    a, axis = _one_axis("partition", a, axis)
    return apply(_partition, (a,), {"axis": axis, "kth": kth})
