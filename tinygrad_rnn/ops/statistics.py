"""Averages and spreads."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tinygrad_rnn.node import Operand, Tensor
from tinygrad_rnn.ops.arithmetic import nonzero
from tinygrad_rnn.ops.declaration import declare, implements
from tinygrad_rnn.ops.reductions import Axes, count, kept, max, mean, min, reduction, sum
from tinygrad_rnn.ops.shaping import as_tensor, broadcast_to, explained, reshape

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from tinygrad_rnn.methods import Axis


def _deviation(x: Any, axis: Axes, ddof: float) -> Any:
    """(x − mean) / (n − ddof), from the differences to one of the elements, so that it is 0 where all are equal."""
    first = x[tuple([slice(0, 1) if axis is None or i in axis else slice(None) for i in range(x.ndim)])]
    moved = x - first
    return (moved - moved.mean(axis=axis, keepdims=True)) / builtins.max(count(x, axis) - ddof, 0)


_var_node = reduction(declare(
    "var", lambda x, axis, ddof, keepdims: x.var(axis=axis, ddof=ddof, keepdims=keepdims),
    [lambda g, y, x, axis, ddof, keepdims: 2 * g.reshape(kept(x, axis)) * _deviation(x, axis, ddof)],
    lambda tangents, y, x, axis, ddof, keepdims:
        (2 * tangents[0] * _deviation(x, axis, ddof)).sum(axis=axis, keepdims=keepdims),
))  # fmt: skip


@implements(np.var)
def var(
    a: Operand, axis: Axis = None, *, dtype: DTypeLike | None = None, ddof: float = 0, keepdims: bool = False
) -> Tensor:
    """Σ (x − mean)² / (n − ddof) over one axis, several or all."""
    return _var_node(a, axis, dtype, ddof=ddof, keepdims=keepdims)


_std_node = reduction(declare(
    "std", lambda x, axis, ddof, keepdims: x.std(axis=axis, ddof=ddof, keepdims=keepdims),
    [lambda g, y, x, axis, ddof, keepdims: (g / nonzero(y)).reshape(kept(x, axis)) * _deviation(x, axis, ddof)],
    lambda tangents, y, x, axis, ddof, keepdims:
        (tangents[0] * _deviation(x, axis, ddof)).sum(axis=axis, keepdims=keepdims) / nonzero(y),
))  # fmt: skip


@implements(np.std)
def std(
    a: Operand, axis: Axis = None, *, dtype: DTypeLike | None = None, ddof: float = 0, keepdims: bool = False
) -> Tensor:
    """The square root of the variance; where all values are equal, its derivative is 0."""
    return _std_node(a, axis, dtype, ddof=ddof, keepdims=keepdims)


@implements(np.ptp)
def ptp(a: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element less the smallest."""
    a = as_tensor("ptp", a)
    return max(a, axis, keepdims) - min(a, axis, keepdims)


@implements(np.average)
def average(a: Operand, axis: Axis = None, weights: Operand | None = None, *, keepdims: bool = False) -> Tensor:
    """The mean over one axis, several or all, or Σ w a / Σ w with weights of the same shape.

    For one axis the weights may have that axis alone.
    """
    if weights is None:
        return mean(a, axis, keepdims)
    a, w = as_tensor("average", a), as_tensor("average", weights)
    if w.shape != a.shape:
        with explained("average", a, w):
            along = None if not isinstance(axis, int) else normalize_axis_index(axis, a.ndim)
            if along is None or w.shape != (a.shape[along],):
                raise ValueError("weights have the shape of the elements, or of the one axis averaged over")
        w = broadcast_to(reshape(w, [-1 if i == along else 1 for i in range(a.ndim)]), a.shape)
    return sum(a * w, axis, keepdims) / sum(w, axis, keepdims)
