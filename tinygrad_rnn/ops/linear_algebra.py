"""Products of vectors, matrices and arrays of more axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.node import Array, Operand, Tensor, apply
from tinygrad_rnn.ops.arranging import moveaxis
from tinygrad_rnn.ops.declaration import NUMPY, binary, declare, implements, linear_in_each
from tinygrad_rnn.ops.shaping import as_tensor, as_tensors, explained, ravel, reshape


def _matmul_value(a: Array, b: Array) -> Any:
    if 0 < a.ndim <= 2 and 0 < b.ndim <= 2:
        return a.dot(b)  # the same product, with less to decide on the way
    return np.matmul(a, b)


def _matmul_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    """g · bᵀ, where a vector stands for a matrix of one row or one column."""
    if b.ndim == 1:
        return g[..., None] * b
    if a.ndim == 1:
        return _matmul(b, g[..., None])[..., 0]
    return _matmul(g, b.mT)


def _matmul_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    """aᵀ · g, where a vector stands for a matrix of one row or one column."""
    if a.ndim == 1:
        return g * a if b.ndim == 1 else a[:, None] * g[..., None, :]
    if b.ndim == 1:
        return _matmul(a.mT, g[..., None])[..., 0]
    return _matmul(a.mT, g)


_matmul = linear_in_each("matmul", _matmul_value, [_matmul_left, _matmul_right])

matmul = binary(_matmul)
matmul.__name__ = matmul.__qualname__ = "matmul"
matmul.__doc__ = "The matrix product a @ b, with numpy's rules for vectors and for stacks of matrices."
NUMPY[np.matmul] = NUMPY[np.linalg.matmul] = matmul


@implements(np.dot)
def dot(a: Operand, b: Operand) -> Tensor:
    """numpy's product of all rows of a with all columns of b: for vectors and matrices, a @ b."""
    a, b = as_tensor("dot", a), as_tensor("dot", b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim <= 2:
        return a @ b
    *others, length, columns = b.shape
    by_column = b.transpose(b.ndim - 2, *range(b.ndim - 2), b.ndim - 1).reshape(length, math.prod(others) * columns)
    return (a @ by_column).reshape(*a.shape[:-1], *others, columns)


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Operand, b: Operand, axes: Any = 2) -> Tensor:
    """The sum of products over axes of a and of b: the last of a and the first of b, or a pair (of a, of b)."""
    a, b = as_tensor("tensordot", a), as_tensor("tensordot", b)
    with explained("tensordot", a, b):
        if np.ndim(axes) == 0 and not isinstance(axes, tuple | list):
            axes = range(a.ndim - axes, a.ndim), range(axes)
        of_a, of_b = normalize_axis_tuple(axes[0], a.ndim), normalize_axis_tuple(axes[1], b.ndim)
        if [a.shape[i] for i in of_a] != [b.shape[i] for i in of_b]:
            raise ValueError(f"axes {of_a} of the first are not as long as axes {of_b} of the second")
    rows = [i for i in range(a.ndim) if i not in of_a]
    columns = [i for i in range(b.ndim) if i not in of_b]
    left, right = a.transpose(*rows, *of_a), b.transpose(*of_b, *columns)
    n, shape = math.prod(a.shape[i] for i in of_a), left.shape[: len(rows)] + right.shape[len(of_b) :]
    by_row = left.reshape(math.prod(left.shape[: len(rows)]), n)
    by_column = right.reshape(n, math.prod(right.shape[len(of_b) :]))
    return (by_row @ by_column).reshape(shape)


@implements(np.inner)
def inner(a: Operand, b: Operand) -> Tensor:
    """The products of all rows of a with all rows of b, over their last axes."""
    a, b = as_tensor("inner", a), as_tensor("inner", b)
    return a * b if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, (-1, -1))


@implements(np.outer, np.linalg.outer)
def outer(a: Operand, b: Operand) -> Tensor:
    """The products of all elements of a with all elements of b, as a matrix."""
    return reshape(a, (-1, 1)) * ravel(b)


@implements(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Operand, x2: Operand, axis: int = -1) -> Tensor:
    """The dot products of vectors along an axis."""
    return (as_tensor("vecdot", x1) * x2).sum(axis)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Operand]) -> Tensor:
    """The product of two or more matrices from left to right; the first and the last may be vectors."""
    nodes = as_tensors("multi_dot", arrays)
    if len(nodes) < 2:
        raise ShapeError(f"multi_dot: expected two or more matrices, got {len(nodes)}")
    return reduce(matmul, nodes)


@implements(np.vdot)
def vdot(a: Operand, b: Operand) -> Tensor:
    """The sum of products of all elements."""
    return ravel(a) @ ravel(b)


@implements(np.kron)
def kron(a: Operand, b: Operand) -> Tensor:
    """b in the place of each element of a, multiplied by it."""
    a, b = as_tensor("kron", a), as_tensor("kron", b)
    ndim = max(a.ndim, b.ndim)
    heights, widths = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    coarse = a.reshape([n for height in heights for n in (height, 1)])
    fine = b.reshape([n for width in widths for n in (1, width)])
    return (coarse * fine).reshape([n * m for n, m in zip(heights, widths, strict=True)])


@implements(np.cross, np.linalg.cross)
def cross(a: Operand, b: Operand, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The cross product of vectors of three elements."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if not a.shape[-1] == b.shape[-1] == 3:
        raise ShapeError(f"cross of {a.describe()} and {b.describe()}: expected vectors of three elements")
    first, second = [1, 2, 0], [2, 0, 1]
    y = a[..., first] * b[..., second] - a[..., second] * b[..., first]
    return moveaxis(y, -1, axisc)


# ---------------------------------------------------------------------- x·Wᵀ + b


def _linear_value(x: Array, W: Array, b: Array | None = None) -> Any:
    if W.ndim != 2 or x.ndim == 0 or (b is not None and b.shape != W.shape[:1]):
        raise ValueError("expected x (..., features), W (outputs, features) and b (outputs,)")
    rows = x if x.ndim <= 2 else _rows(x)
    y = W.dot(rows.T).T  # faster than x.dot(W.T): BLAS is slow at small products with a transposed right side
    y = np.ascontiguousarray(y) if b is None else np.add(y, b, order="C")
    return y if x.ndim <= 2 else y.reshape(*x.shape[:-1], W.shape[0])


def _rows(x: Any) -> Any:
    """All axes before the last as one."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _linear_input(g: Any, y: Any, x: Any, W: Any, b: Any = None) -> Any:
    return g.dot(W) if g.ndim <= 2 else _matmul(g, W)


def _linear_weight(g: Any, y: Any, x: Any, W: Any, b: Any = None) -> Any:
    if x.ndim == 1:
        return g[:, None] * x
    if x.ndim > 2:
        g, x = _rows(g), _rows(x)
    return g.T.dot(x)


def _linear_jvp(tangents: Sequence[Any], y: Any, x: Any, W: Any, b: Any = None) -> Any:
    terms = [] if tangents[0] is None else [_linear(tangents[0], W)]
    terms += [] if tangents[1] is None else [_linear(x, tangents[1])]
    terms += [] if b is None or tangents[2] is None else [tangents[2]]
    return sum(terms[1:], start=terms[0])


_linear = declare(
    "linear", _linear_value,
    [_linear_input, _linear_weight, lambda g, y, x, W, b: g],
    _linear_jvp,
)  # fmt: skip

_linear_without_bias = binary(_linear)


def linear(x: Operand, W: Operand, b: Operand | None = None) -> Tensor:
    """x·Wᵀ + b: a layer's weighted sums, with the weights stored (outputs, features).

    Args:
        x: (features,), (batch, features), or more axes before the last.
        W: (outputs, features).
        b: (outputs,), or nothing to add.

    Returns:
        The shape of x with `features` replaced by `outputs`.
    """
    return _linear_without_bias(x, W) if b is None else apply(_linear, (x, W, b))
