"""Operations over whole axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tinygrad_rnn.errors import OperandError
from tinygrad_rnn.node import Array, Operand, Operation, Shape, Tensor, apply, explain
from tinygrad_rnn.ops.arithmetic import equal
from tinygrad_rnn.ops.declaration import declare, implements, linear_in_all
from tinygrad_rnn.ops.shaping import as_tensor, astype

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from tinygrad_rnn.methods import Axis

Axes = tuple[int, ...] | None


def reduction(op: Operation) -> Callable[..., Tensor]:
    """The function that makes a node of a reduction: `function(a, axis, **attributes)`.

    Its keyword `dtype`, if given, is what the elements are cast to first.
    """

    def function(a: Operand, axis: Axis, dtype: DTypeLike | None = None, **attributes: Any) -> Tensor:
        if dtype is not None:
            a = astype(a, dtype)
        if attributes.get("keepdims", False) not in (False, True):
            raise OperandError(f"{op.name}: keepdims is True or False, not {attributes['keepdims']!r}")
        if axis is not None:
            a = as_tensor(op.name, a)
            try:
                axis = normalize_axis_tuple(axis, a.ndim)
            except ValueError as error:
                raise explain(op.name, (a,), error) from error
            except TypeError as error:
                mistake = TypeError(f"an axis is a whole number, or several in a tuple; not {axis!r}")
                raise explain(op.name, (a,), mistake) from error
        return apply(op, (a,), {"axis": axis, **attributes})

    return function


def kept(x: Any, axis: Axes) -> Shape:
    """The shape of x with the reduced axes kept at length 1."""
    return tuple([1 if axis is None or i in axis else n for i, n in enumerate(x.shape)])


# ---------------------------------------------------------------------- sums

_sum_node = reduction(linear_in_all(
    "sum", np.add.reduce,
    [lambda g, y, x, axis, keepdims: g if axis is None or keepdims else g.reshape(kept(x, axis))],
))  # fmt: skip


@implements(np.sum)
def sum(a: Operand, axis: Axis = None, keepdims: bool = False, *, dtype: DTypeLike | None = None) -> Tensor:
    """The sum over one axis, several or all."""
    return _sum_node(a, axis, dtype, keepdims=keepdims)


def count(x: Any, axis: Axes) -> int:
    """How many elements each result is made of."""
    return x.size if axis is None else math.prod([x.shape[i] for i in axis])


_mean_node = reduction(linear_in_all(
    "mean", lambda x, axis, keepdims: x.mean(axis=axis, keepdims=keepdims),
    [lambda g, y, x, axis, keepdims: g.reshape(kept(x, axis)) / count(x, axis)],
))  # fmt: skip


@implements(np.mean)
def mean(a: Operand, axis: Axis = None, keepdims: bool = False, *, dtype: DTypeLike | None = None) -> Tensor:
    """The mean over one axis, several or all."""
    return _mean_node(a, axis, dtype, keepdims=keepdims)


# ---------------------------------------------------------------------- extremes


def _shares(y: Any, x: Any, axis: Axes) -> Any:
    """For each element, what it contributes to the extreme: 1, a part where several tie, or 0."""
    ties = equal(x, y.reshape(kept(x, axis)))
    return ties / ties.sum(axis=axis, keepdims=True)


def _extreme(name: str, value: Any) -> Callable[..., Tensor]:
    return reduction(declare(
        name, value,
        [lambda g, y, x, axis, keepdims: g.reshape(kept(x, axis)) * _shares(y, x, axis)],
        lambda tangents, y, x, axis, keepdims: (tangents[0] * _shares(y, x, axis)).sum(axis=axis, keepdims=keepdims),
    ))  # fmt: skip


_max_node = _extreme("max", np.maximum.reduce)
_min_node = _extreme("min", np.minimum.reduce)


@implements(np.max, np.amax)
def max(a: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element; where several are equal, they share the gradient equally."""
    return _max_node(a, axis, keepdims=keepdims)


@implements(np.min, np.amin)
def min(a: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element; where several are equal, they share the gradient equally."""
    return _min_node(a, axis, keepdims=keepdims)


# ---------------------------------------------------------------------- exponentials, normalised


def _shifted(x: Array, axis: Axes) -> tuple[Any, Any]:
    """The maximum m, and x − m, whose exponentials cannot overflow; an infinite maximum is not subtracted."""
    m = np.maximum.reduce(x, axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    return m, x - m


def _softmax_value(x: Array, axis: Axes) -> Any:
    exponentials = np.exp(_shifted(x, axis)[1])
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


_softmax = declare(
    "softmax", _softmax_value,
    [lambda g, y, x, axis: y * (g - (g * y).sum(axis=axis, keepdims=True))],
    lambda tangents, y, x, axis: y * (tangents[0] - (tangents[0] * y).sum(axis=axis, keepdims=True)),
)  # fmt: skip

_softmax_node = reduction(_softmax)


def softmax(a: Operand, axis: Axis = -1) -> Tensor:
    """eˣ / Σ eˣ over an axis, without overflow; dy = y ⊙ (dx − Σ y dx)."""
    return _softmax_node(a, axis)


def _logsumexp_value(x: Array, axis: Axes, keepdims: bool) -> Any:
    m, shifted = _shifted(x, axis)
    with np.errstate(divide="ignore"):  # ln 0 = −∞ is right where every element is −∞
        y = m + np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return y if keepdims else y.squeeze(axis)


_logsumexp_node = reduction(declare(
    "logsumexp", _logsumexp_value,
    [lambda g, y, x, axis, keepdims: g.reshape(kept(x, axis)) * _softmax(x, axis=axis)],
    lambda tangents, y, x, axis, keepdims:
        (tangents[0] * _softmax(x, axis=axis)).sum(axis=axis, keepdims=keepdims),
))  # fmt: skip


def logsumexp(a: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """ln Σ eˣ over one axis, several or all, without overflow; its gradient is the softmax of x."""
    return _logsumexp_node(a, axis, keepdims=keepdims)


def _log_softmax_value(x: Array, axis: Axes) -> Any:
    shifted = _shifted(x, axis)[1]
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


_log_softmax_node = reduction(declare(
    "log_softmax", _log_softmax_value,
    [lambda g, y, x, axis: g - np.exp(y) * g.sum(axis=axis, keepdims=True)],
    lambda tangents, y, x, axis: tangents[0] - (np.exp(y) * tangents[0]).sum(axis=axis, keepdims=True),
))  # fmt: skip


def log_softmax(a: Operand, axis: Axis = -1) -> Tensor:
    """ln softmax(x) = x − ln Σ eˣ over an axis, without overflow; dy = dx − Σ eʸ dx."""
    return _log_softmax_node(a, axis)
