"""Axes in another order, elements turned around, repeated, picked and surrounded by others."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tinygrad_rnn.errors import OperandError, ShapeError
from tinygrad_rnn.node import Operand, Operation, Tensor, apply
from tinygrad_rnn.ops.arithmetic import maximum, minimum
from tinygrad_rnn.ops.declaration import declare, implements, linear_in_all
from tinygrad_rnn.ops.shaping import (
    along,
    as_tensor,
    astype,
    broadcast_to,
    explained,
    getitem,
    ravel,
    reshape,
    reshape_as,
    transpose,
    where,
)

# ---------------------------------------------------------------------- axes


@implements(np.moveaxis)
def moveaxis(a: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """With some axes moved to other places, and the others in their order."""
    a = as_tensor("moveaxis", a)
    with explained("moveaxis", a):
        sources, destinations = normalize_axis_tuple(source, a.ndim), normalize_axis_tuple(destination, a.ndim)
        moves = sorted(zip(destinations, sources, strict=True))
    order = [axis for axis in range(a.ndim) if axis not in sources]
    for to, axis in moves:
        order.insert(to, axis)
    return transpose(a, order)


@implements(np.rollaxis)
def rollaxis(a: Operand, axis: int, start: int = 0) -> Tensor:
    """With an axis moved to stand before the one that is at `start` now."""
    a = as_tensor("rollaxis", a)
    with explained("rollaxis", a):
        axis = normalize_axis_index(axis, a.ndim)
        start = normalize_axis_index(start + a.ndim if start < 0 else start, a.ndim + 1)
    return moveaxis(a, axis, start - (axis < start))


@implements(np.swapaxes)
def swapaxes(a: Operand, axis1: int, axis2: int) -> Tensor:
    """With two axes exchanged."""
    a = as_tensor("swapaxes", a)
    with explained("swapaxes", a):
        first, second = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    order = list(range(a.ndim))
    order[first], order[second] = second, first
    return transpose(a, order)


def _at_least(function: Any, arys: tuple[Operand, ...]) -> Tensor | tuple[Tensor, ...]:
    results = tuple([reshape_as(function, ary) for ary in arys])
    return results[0] if len(results) == 1 else results


@implements(np.atleast_1d)
def atleast_1d(*arys: Operand) -> Tensor | tuple[Tensor, ...]:
    """Each operand, a number as a vector of one element."""
    return _at_least(np.atleast_1d, arys)


@implements(np.atleast_2d)
def atleast_2d(*arys: Operand) -> Tensor | tuple[Tensor, ...]:
    """Each operand, a vector as a matrix of one row."""
    return _at_least(np.atleast_2d, arys)


@implements(np.atleast_3d)
def atleast_3d(*arys: Operand) -> Tensor | tuple[Tensor, ...]:
    """Each operand with three axes or more."""
    return _at_least(np.atleast_3d, arys)


# ---------------------------------------------------------------------- turning around


@implements(np.flip)
def flip(m: Operand, axis: int | Sequence[int] | None = None) -> Tensor:
    """The elements in reversed order along one axis, several or all."""
    m = as_tensor("flip", m)
    with explained("flip", m):
        axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim)
    return getitem(m, tuple([slice(None, None, -1 if i in axes else None) for i in range(m.ndim)]))


@implements(np.flipud)
def flipud(m: Operand) -> Tensor:
    """The rows in reversed order."""
    return flip(m, 0)


@implements(np.fliplr)
def fliplr(m: Operand) -> Tensor:
    """The columns in reversed order."""
    return flip(m, 1)


@implements(np.rot90)
def rot90(m: Operand, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned by k quarters in the plane of two axes, from the first towards the second."""
    m = as_tensor("rot90", m)
    with explained("rot90", m):
        first, second = normalize_axis_tuple(axes, m.ndim)
        k = operator.index(k) % 4
    if k == 2:
        return flip(m, (first, second))
    turned = m if k == 0 else swapaxes(m, first, second)
    return turned if k == 0 else flip(turned, first if k == 1 else second)


def _negative(shift: int | Sequence[int]) -> int | tuple[int, ...]:
    return tuple([-s for s in shift]) if isinstance(shift, Sequence) else -shift


_roll = linear_in_all(
    "roll", lambda x, shift, axis: np.roll(x, shift, axis),
    [lambda g, y, x, shift, axis: np.roll(g, _negative(shift), axis)],
)  # fmt: skip


@implements(np.roll)
def roll(a: Operand, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Shifted along one axis, several or all elements in their order; what leaves at the end enters at the start."""
    return apply(_roll, (a,), {"shift": shift, "axis": axis})


# ---------------------------------------------------------------------- repeating and picking


def _pick(name: str, a: Operand, axis: int | None, index: Any) -> Tensor:
    """The elements at an index, or at what `index` makes of an axis' own indices, along an axis or all."""
    a = as_tensor(name, a)
    if axis is None:
        a, axis = ravel(a), 0
    with explained(name, a):
        axis = normalize_axis_index(axis, a.ndim)
        return getitem(a, along(axis, index(np.arange(a.shape[axis])) if callable(index) else index))


@implements(np.take)
def take(a: Operand, indices: Any, axis: int | None = None) -> Tensor:
    """The elements at integer indices along an axis, or among all elements in their order."""
    if not isinstance(indices, Tensor):
        indices = np.array(indices)
        indices = indices if indices.size else indices.astype(np.intp)
    return _pick("take", a, axis, indices)


@implements(np.repeat)
def repeat(a: Operand, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element along an axis several times, or each of all elements in their order."""
    if np.ndim(repeats):
        return _pick("repeat", a, axis, lambda indices: np.repeat(indices, repeats))
    a = ravel(a) if axis is None else as_tensor("repeat", a)
    with explained("repeat", a):
        axis = normalize_axis_index(axis or 0, a.ndim)
    before, n, after = a.shape[:axis], a.shape[axis], a.shape[axis + 1 :]
    side_by_side = broadcast_to(reshape(a, (*before, n, 1, *after)), (*before, n, repeats, *after))
    return reshape(side_by_side, (*before, n * repeats, *after))


@implements(np.tile)
def tile(A: Operand, reps: int | Sequence[int]) -> Tensor:
    """The whole repeated so many times along each axis."""
    A = as_tensor("tile", A)
    counts = tuple(np.atleast_1d(reps).tolist())
    ndim = max(A.ndim, len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    lengths = (1,) * (ndim - A.ndim) + A.shape
    pairs = list(zip(counts, lengths, strict=True))
    apart = reshape(A, [n for _, length in pairs for n in (1, length)])
    return reshape(broadcast_to(apart, [n for pair in pairs for n in pair]), [n * length for n, length in pairs])


@implements(np.full_like)
def full_like(a: Operand, fill_value: Operand, dtype: Any = None) -> Tensor:
    """A number, or what broadcasts, repeated to the shape and cast to the dtype of a."""
    a = as_tensor("full_like", a)
    return broadcast_to(astype(fill_value, a.dtype if dtype is None else dtype), a.shape)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Operand) -> tuple[Tensor, ...]:
    """All operands repeated to the shape that they have together."""
    nodes = [as_tensor("broadcast_arrays", arg) for arg in args]
    with explained("broadcast_arrays", *nodes):
        shape = np.broadcast_shapes(*[node.shape for node in nodes])
    return tuple([broadcast_to(node, shape) for node in nodes])


# ---------------------------------------------------------------------- choosing


@implements(np.clip)
def clip(
    a: Operand,
    a_min: Operand | None = None,
    a_max: Operand | None = None,
    *,
    min: Operand | None = None,
    max: Operand | None = None,
) -> Tensor:
    """The nearest number between two bounds; at a bound it shares the derivative, as in `maximum` and `minimum`."""
    low, high = a_min if min is None else min, a_max if max is None else max
    clipped = as_tensor("clip", a)
    if low is not None:
        clipped = maximum(clipped, low)
    return clipped if high is None else minimum(clipped, high)


@implements(np.select)
def select(condlist: Sequence[Operand], choicelist: Sequence[Operand], default: Operand = 0) -> Tensor:
    """Elements of the choice whose condition is the first to hold, or of the default where none does."""
    with explained("select"):
        conditions, choices = list(condlist), list(choicelist)
    if len(conditions) != len(choices) or not conditions:
        raise ShapeError(f"select needs a choice for each condition, got {len(choices)} for {len(conditions)}")
    chosen = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        chosen = where(condition, choice, chosen)
    return as_tensor("select", chosen)


# ---------------------------------------------------------------------- surrounding

_pad: Operation = declare(
    "pad", lambda x, pad_width, constant_values: np.pad(x, pad_width, constant_values=constant_values),
    [lambda g, y, x, pad_width, constant_values: g[_inside(x.shape, pad_width)]],
    lambda tangents, y, x, pad_width, constant_values: _pad(tangents[0], pad_width=pad_width, constant_values=0),
)  # fmt: skip


def _inside(shape: tuple[int, ...], pad_width: Sequence[tuple[int, int]]) -> tuple[slice, ...]:
    return tuple([slice(before, before + n) for n, (before, _) in zip(shape, pad_width, strict=True)])


@implements(np.pad)
def pad(array: Operand, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Tensor:
    """With elements added before and after along each axis.

    Args:
        array: what to surround.
        pad_width: how many: a number, a pair (before, after), or a pair for each axis.
        mode: what to add: "constant", "edge", "reflect", "symmetric" or "wrap", as in numpy.
        constant_values: in the mode "constant", which: given as the numbers are.

    Raises:
        OperandError: another mode.
    """
    array = as_tensor("pad", array)
    with explained("pad", array):
        given = np.broadcast_to(pad_width, (array.ndim, 2))
        widths = tuple([(operator.index(before), operator.index(after)) for before, after in given])
        if mode == "constant":
            values = np.broadcast_to(np.asarray(constant_values), (array.ndim, 2))
            return apply(_pad, (array,), {"pad_width": widths, "constant_values": values})
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise OperandError(f"pad: the mode {mode!r} has no rule; constant, edge, reflect, symmetric and wrap have")
    for axis, width in enumerate(widths):
        index = partial(np.pad, pad_width=width, mode=mode)
        array = _pick("pad", array, axis, index)
    return array
