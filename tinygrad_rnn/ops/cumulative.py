"""Running sums and products, the product of all, and differences.

The derivative of a product leaves out one factor. To divide by it would fail at 0, so the rules are
recurrences, which are right there, and whose own derivatives are recurrences again.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tinygrad_rnn.errors import OperandError
from tinygrad_rnn.node import Array, Operand, Operation, Tensor, apply
from tinygrad_rnn.ops.declaration import declare, implements, linear_in_all
from tinygrad_rnn.ops.reductions import Axes, count, kept, reduction
from tinygrad_rnn.ops.shaping import along, as_tensor, astype, concatenate, explained, getitem, ravel

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from tinygrad_rnn.methods import Axis


def _running(op: Any, a: Operand, axis: int | None, dtype: DTypeLike | None) -> Tensor:
    """The node of an operation along one axis, or along all elements where that is None."""
    a = as_tensor(op.name, a) if dtype is None else astype(a, dtype)
    if axis is None:
        a, axis = ravel(a), 0
    with explained(op.name, a):
        return apply(op, (a,), {"axis": normalize_axis_index(axis, a.ndim)})


# ---------------------------------------------------------------------- sums

_cumsum = linear_in_all(
    "cumsum", lambda x, axis: np.cumsum(x, axis),
    [lambda g, y, x, axis: np.flip(np.cumsum(np.flip(g, axis), axis), axis)],
)  # fmt: skip


@implements(np.cumsum)
def cumsum(a: Operand, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """The sums of the first element, the first two, … along an axis, or of all elements in their order."""
    return _running(_cumsum, a, axis, dtype)


# ---------------------------------------------------------------------- a linear recurrence along the last axis


def _recurrence_value(a: Array, b: Array) -> Array:
    s = np.empty(b.shape, np.result_type(a, b))
    last: Any = 0
    for i in range(b.shape[-1]):
        s[..., i] = last = a[..., i] * last + b[..., i]
    return s


def _delayed(first: int, s: Any) -> Any:
    """s one place later: s₀ = `first`, and without its last element."""
    start = np.full((*s.shape[:-1], min(1, s.shape[-1])), first, s.dtype)
    return np.concatenate([start, s[..., :-1]], axis=-1)


def _recurrence_adjoint(g: Any, a: Any) -> Any:
    """λᵢ = gᵢ + aᵢ₊₁ λᵢ₊₁: the recurrence backwards in time."""
    return np.flip(_recurrence(_delayed(0, np.flip(a, -1)), np.flip(g, -1)), -1)


_recurrence: Operation = declare(
    "recurrence", _recurrence_value,
    [lambda g, y, a, b: _recurrence_adjoint(g, a) * _delayed(0, y), lambda g, y, a, b: _recurrence_adjoint(g, a)],
    lambda tangents, y, a, b: _recurrence_jvp(tangents, y, a),
)  # fmt: skip
"""sᵢ = aᵢ sᵢ₋₁ + bᵢ, with s₋₁ = 0."""


def _recurrence_jvp(tangents: Sequence[Any], y: Any, a: Any) -> Any:
    """dsᵢ = aᵢ dsᵢ₋₁ + (sᵢ₋₁ daᵢ + dbᵢ)."""
    da, db = tangents
    if da is None:
        return _recurrence(a, db)
    moved = da * _delayed(0, y)
    return _recurrence(a, moved if db is None else moved + db)


# ---------------------------------------------------------------------- products


def _cumprod_vjp(g: Any, y: Any, x: Any, axis: int) -> Any:
    """With yᵢ = xᵢ yᵢ₋₁ and y₋₁ = 1, each xᵢ receives yᵢ₋₁ λᵢ."""
    g, y, x = [np.moveaxis(each, axis, -1) for each in (g, y, x)]
    return np.moveaxis(_recurrence_adjoint(g, x) * _delayed(1, y), -1, axis)


def _cumprod_jvp(dx: Any, y: Any, x: Any, axis: int) -> Any:
    """dyᵢ = xᵢ dyᵢ₋₁ + yᵢ₋₁ dxᵢ."""
    dx, y, x = [np.moveaxis(each, axis, -1) for each in (dx, y, x)]
    return np.moveaxis(_recurrence(x, dx * _delayed(1, y)), -1, axis)


_cumprod = declare(
    "cumprod", lambda x, axis: np.cumprod(x, axis),
    [_cumprod_vjp],
    lambda tangents, y, x, axis: _cumprod_jvp(tangents[0], y, x, axis),
)  # fmt: skip


@implements(np.cumprod)
def cumprod(a: Operand, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """The products of the first element, the first two, … along an axis, or of all elements in their order."""
    return _running(_cumprod, a, axis, dtype)


def _others(x: Any, axis: Axes) -> Any:
    """For each element, the product of those that it is multiplied with: of all before and of all after it."""
    axes = tuple(range(x.ndim)) if axis is None else axis
    order = (*[i for i in range(x.ndim) if i not in axes], *axes)
    ordered = np.transpose(x, order)
    rows = ordered.reshape(*ordered.shape[: x.ndim - len(axes)], count(x, axis))
    before = _delayed(1, np.cumprod(rows, -1))
    after = np.flip(_delayed(1, np.cumprod(np.flip(rows, -1), -1)), -1)
    return np.transpose((before * after).reshape(ordered.shape), tuple(np.argsort(order)))


_prod_node = reduction(declare(
    "prod", np.multiply.reduce,
    [lambda g, y, x, axis, keepdims: g.reshape(kept(x, axis)) * _others(x, axis)],
    lambda tangents, y, x, axis, keepdims: (tangents[0] * _others(x, axis)).sum(axis=axis, keepdims=keepdims),
))  # fmt: skip


@implements(np.prod)
def prod(a: Operand, axis: Axis = None, keepdims: bool = False, *, dtype: DTypeLike | None = None) -> Tensor:
    """The product over one axis, several or all; its derivatives are right where elements are 0."""
    return _prod_node(a, axis, dtype, keepdims=keepdims)


# ---------------------------------------------------------------------- differences


@implements(np.diff)
def diff(
    a: Operand, n: int = 1, axis: int = -1, prepend: Operand | None = None, append: Operand | None = None
) -> Tensor:
    """Each element's difference from the one before it along an axis, taken n times."""
    a = as_tensor("diff", a)
    with explained("diff", a):
        axis = normalize_axis_index(axis, a.ndim)
        n = operator.index(n)
        if n < 0:
            raise ValueError(f"differences are taken n ≥ 0 times, not {n}")
    if n == 0:
        return a
    ends = [None if end is None else _end(end, a, axis) for end in (prepend, append)]
    if prepend is not None or append is not None:
        a = concatenate([part for part in (ends[0], a, ends[1]) if part is not None], axis)
    for _ in range(n):
        a = getitem(a, along(axis, slice(1, None))) - getitem(a, along(axis, slice(None, -1)))
    return a


def _end(end: Operand, a: Tensor, axis: int) -> Operand:
    """What is put before or after a: a number stands for one slice of it."""
    end = as_tensor("diff", end)
    return end if end.ndim else np.broadcast_to(end, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))


@implements(np.gradient)
def gradient(f: Operand, *spacing: float, axis: Axis = None) -> Tensor | list[Tensor]:
    """numpy's slopes of sampled values: half of the difference of the two neighbours.

    Args:
        f: the values.
        spacing: how far apart they are: one number, or one for each axis.
        axis: one or several; all if not given, with a result for each where there are several.

    Raises:
        ShapeError: an axis with fewer than two values, or not as many numbers as axes.
        OperandError: a spacing that is not a number.
    """
    f = as_tensor("gradient", f)
    if any(np.ndim(h) for h in spacing):
        raise OperandError("gradient: values at places that are not evenly spaced have no rule")
    with explained("gradient", f):
        axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
        spacings = np.broadcast_to(np.array(spacing or 1.0), len(axes)).tolist()
        if any(f.shape[along] < 2 for along in axes):
            raise ValueError("a slope is between two values or more")
    slopes = [_slopes(f, along, h) for along, h in zip(axes, spacings, strict=True)]
    return slopes[0] if len(slopes) == 1 else slopes


def _slopes(f: Tensor, axis: int, h: float) -> Tensor:
    def part(start: int | None, stop: int | None) -> Tensor:
        return getitem(f, along(axis, slice(start, stop)))

    inside = (part(2, None) - part(None, -2)) / (2 * h)
    return concatenate([(part(1, 2) - part(0, 1)) / h, inside, (part(-1, None) - part(-2, -1)) / h], axis)
