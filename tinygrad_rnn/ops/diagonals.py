"""Diagonals and triangles of matrices; all linear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.node import Array, Operand, Operation, Shape, Tensor, apply
from tinygrad_rnn.ops.declaration import implements, linear_in_all
from tinygrad_rnn.ops.shaping import as_tensor, explained, ravel


def _embed_value(x: Array, shape: Shape, **place: int) -> Array:
    """An array of zeros with x on a diagonal."""
    total = np.zeros(shape, x.dtype)
    diagonal = np.diagonal(total, **place)
    diagonal.setflags(write=True)  # a view of the array just made
    diagonal[...] = x
    return total


_diagonal: Operation = linear_in_all(
    "diagonal", np.diagonal,
    [lambda g, y, x, **place: _embed(g, shape=x.shape, **place)],
)  # fmt: skip

_embed: Operation = linear_in_all(
    "embed_diagonal", _embed_value,
    [lambda g, y, x, shape, **place: _diagonal(g, **place)],
)  # fmt: skip


@implements(np.diagonal)
def diagonal(a: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of the matrices that two axes span, along a last axis; `offset` > 0 is above the main one."""
    a = as_tensor("diagonal", a)
    with explained("diagonal", a):
        axis1, axis2 = normalize_axis_index(axis1, a.ndim), normalize_axis_index(axis2, a.ndim)
    return apply(_diagonal, (a,), {"offset": offset, "axis1": axis1, "axis2": axis2})


@implements(np.trace)
def trace(a: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal."""
    return diagonal(a, offset, axis1, axis2).sum(-1)


@implements(np.diag)
def diag(v: Operand, k: int = 0) -> Tensor:
    """The kth diagonal of a matrix, or the matrix that has a vector there and zeros elsewhere."""
    v = as_tensor("diag", v)
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(f"diag of {v.describe()}: expected a vector or a matrix")
    n = v.size + abs(k)
    return apply(_embed, (v,), {"shape": (n, n), "offset": k, "axis1": 0, "axis2": 1})


@implements(np.diagflat)
def diagflat(v: Operand, k: int = 0) -> Tensor:
    """The matrix that has all elements along its kth diagonal, and zeros elsewhere."""
    return diag(ravel(v), k)


def _triangle(name: str, value: Callable[..., Any]) -> Operation:
    return linear_in_all(name, value, [lambda g, y, x, k: value(g, k=k)])


_tril = _triangle("tril", np.tril)
_triu = _triangle("triu", np.triu)


@implements(np.tril)
def tril(m: Operand, k: int = 0) -> Tensor:
    """Matrices with zeros above the kth diagonal."""
    return apply(_tril, (m,), {"k": k})


@implements(np.triu)
def triu(m: Operand, k: int = 0) -> Tensor:
    """Matrices with zeros below the kth diagonal."""
    return apply(_triu, (m,), {"k": k})
