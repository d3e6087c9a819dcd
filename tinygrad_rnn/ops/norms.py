"""The norms of vectors and matrices, with the derivative 0 where all elements are 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tinygrad_rnn.errors import OperandError, ShapeError
from tinygrad_rnn.node import Array, Operand, Tensor
from tinygrad_rnn.ops import reductions
from tinygrad_rnn.ops.arithmetic import nonzero
from tinygrad_rnn.ops.arranging import moveaxis
from tinygrad_rnn.ops.declaration import declare, implements
from tinygrad_rnn.ops.decompositions import svdvals
from tinygrad_rnn.ops.elementary import abs, sign
from tinygrad_rnn.ops.reductions import Axes, kept, reduction
from tinygrad_rnn.ops.shaping import as_tensor, explained

if TYPE_CHECKING:
    from tinygrad_rnn.methods import Axis


def _norm_value(x: Array, axis: Axes, keepdims: bool, ord: float) -> Any:
    if ord == 2:
        return np.sqrt(np.square(x).sum(axis=axis, keepdims=keepdims))
    return (np.abs(x) ** ord).sum(axis=axis, keepdims=keepdims) ** (1 / ord)


def _pull(y: Any, x: Any, axis: Axes, ord: float) -> Any:
    """x |x|ᵖ⁻² / yᵖ⁻¹: the derivative of the norm by each element, and 0 where all are 0."""
    x = x / nonzero(y.reshape(kept(x, axis)))
    if ord == 2:
        return x
    size = np.abs(x)
    return x * (size if ord > 2 else nonzero(size)) ** (ord - 2)


_norm = reduction(declare(
    "norm", _norm_value,
    [lambda g, y, x, axis, keepdims, ord: g.reshape(kept(x, axis)) * _pull(y, x, axis, ord)],
    lambda tangents, y, x, axis, keepdims, ord:
        (tangents[0] * _pull(y, x, axis, ord)).sum(axis=axis, keepdims=keepdims),
))  # fmt: skip


def _vector_norm(x: Tensor, ord: float, axis: Axis, keepdims: bool) -> Tensor:
    if ord == 0:
        return reductions.sum(abs(sign(x)), axis, keepdims)
    if ord == 1:
        return reductions.sum(abs(x), axis, keepdims)
    if np.isinf(ord):
        return (reductions.max if ord > 0 else reductions.min)(abs(x), axis, keepdims)
    return _norm(x, axis, keepdims=keepdims, ord=ord)


def _matrix_norm(x: Tensor, ord: Any, axis: tuple[int, int], keepdims: bool) -> Tensor:
    rows, columns = axis
    if ord in (1, -1, np.inf, -np.inf):
        summed, other = (rows, columns) if np.abs(ord) == 1 else (columns, rows)
        sums = reductions.sum(abs(x), summed, keepdims=True)
        y = (reductions.max if ord > 0 else reductions.min)(sums, other, keepdims=True)
    elif ord in (2, -2, "nuc"):
        singular = svdvals(moveaxis(x, axis, (-2, -1)))
        y = singular.sum(-1) if ord == "nuc" else singular[..., 0 if ord == 2 else -1]
        y = y.reshape(kept(x, axis))
    else:
        raise OperandError(f"norm of {x.describe()}: a matrix has no norm of the order {ord!r}")
    return y if keepdims else y.squeeze(axis)


@implements(np.linalg.norm)
def norm(x: Operand, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors or matrices.

    Args:
        x: any shape.
        ord: for vectors a number p, for (Σ |x|ᵖ)^(1/p), or an infinity; for matrices "fro", "nuc", 1, −1, 2,
            −2 or an infinity. Without it, the root of the sum of squares, whose derivative is 0 at 0.
        axis: one for vectors, two for matrices; without it all elements, or a matrix' axes if `ord` is given.
        keepdims: whether the axes stay, with length 1.

    Raises:
        OperandError: no norm of that order.
        ShapeError: not one or two axes.
    """
    x = as_tensor("norm", x)
    if ord is None:
        return _norm(x, axis, keepdims=keepdims, ord=2)
    with explained("norm", x):
        axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    if len(axes) == 1 and not isinstance(ord, str):
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ShapeError(f"norm of {x.describe()}: one axis for vectors or two for matrices, not {axes}")
    return _norm(x, axes, keepdims=keepdims, ord=2) if ord == "fro" else _matrix_norm(x, ord, axes, keepdims)
