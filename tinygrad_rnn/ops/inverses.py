"""Inverses and determinants of matrices, and of stacks of them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.node import Array, Operand, Operation, Tensor, apply
from tinygrad_rnn.ops.declaration import declare, implements
from tinygrad_rnn.ops.shaping import as_tensor, broadcast_to, explained

# ---------------------------------------------------------------------- inverses

inverse = declare(
    "inv", np.linalg.inv,
    [lambda g, y, a: -(y.mT @ g @ y.mT)],
    lambda tangents, y, a: -(y @ tangents[0] @ y),
)  # fmt: skip


@implements(np.linalg.inv)
def inv(a: Operand) -> Tensor:
    """The inverse; d(a⁻¹) = −a⁻¹ da a⁻¹."""
    return apply(inverse, (a,))


def _solve_jvp(tangents: Sequence[Any], y: Any, a: Any, b: Any) -> Any:
    """dy = a⁻¹ (db − da y)."""
    da, db = tangents
    if da is None:
        return _solve(a, db)
    return _solve(a, -(da @ y) if db is None else db - da @ y)


_solve: Operation = declare(
    "solve", np.linalg.solve,
    [lambda g, y, a, b: -(_solve(a.mT, g) @ y.mT), lambda g, y, a, b: _solve(a.mT, g)],
    _solve_jvp,
)  # fmt: skip


@implements(np.linalg.solve)
def solve(a: Operand, b: Operand) -> Tensor:
    """The y with a y = b, for a vector b, a matrix or stacks of matrices."""
    b = as_tensor("solve", b)
    return apply(_solve, (a, b[:, None]))[..., 0] if b.ndim == 1 else apply(_solve, (a, b))


def _moved_inverse(t: Any, y: Any, a: Any) -> Any:
    """dP = −P da P + P Pᵀ daᵀ (1 − a P) + (1 − P a) daᵀ Pᵀ P, with P the pseudo-inverse."""
    square = y @ y.mT @ t.mT
    other = t.mT @ y.mT @ y
    return -(y @ t @ y) + (square - square @ a @ y) + (other - y @ a @ other)


_pinv = declare(
    "pinv", np.linalg.pinv,
    [lambda g, y, a: _moved_inverse(g, y.mT, a.mT)],
    lambda tangents, y, a: _moved_inverse(tangents[0], y, a),
)  # fmt: skip


@implements(np.linalg.pinv)
def pinv(a: Operand) -> Tensor:
    """The pseudo-inverse; its derivative is that along matrices of the same rank."""
    return apply(_pinv, (a,))


@implements(np.linalg.matrix_power)
def matrix_power(a: Operand, n: int) -> Tensor:
    """The product of n times the matrix, of −n times its inverse if n is negative, and the identity for 0."""
    a = as_tensor("matrix_power", a)
    if a.ndim < 2 or a.shape[-2] != a.shape[-1]:
        raise ShapeError(f"matrix_power of {a.describe()}: expected square matrices")
    with explained("matrix_power", a):
        n = operator.index(n)
    if n < 0:
        return matrix_power(inv(a), -n)
    if n == 0:
        return broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    if n == 1:
        return a
    half = matrix_power(a, n // 2)
    return half @ half @ a if n % 2 else half @ half


# ---------------------------------------------------------------------- determinants


def _cofactor_value(a: Array) -> Any:
    """The derivatives of det a: U diag(Π σ without σᵢ) Vᵀ det U det V, right for singular matrices too."""
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    signs = np.sign(np.linalg.det(u) * np.linalg.det(vh))
    return signs[..., None, None] * (u * others[..., None, :]) @ vh


def _moved_cofactor(t: Any, y: Any, a: Any) -> Any:
    """dC = tr(a⁻¹ da) C − C daᵀ a⁻ᵀ, which is its own transpose."""
    a_inverse = inverse(a)
    return (a_inverse.mT * t).sum(axis=(-2, -1), keepdims=True) * y - y @ t.mT @ a_inverse.mT


_cofactor = declare(
    "cofactor", _cofactor_value,
    [lambda g, y, a: _moved_cofactor(g, y, a)],
    lambda tangents, y, a: _moved_cofactor(tangents[0], y, a),
)  # fmt: skip

_det = declare(
    "det", np.linalg.det,
    [lambda g, y, a: g[..., None, None] * _cofactor(a)],
    lambda tangents, y, a: (tangents[0] * _cofactor(a)).sum(axis=(-2, -1)),
)  # fmt: skip


@implements(np.linalg.det)
def det(a: Operand) -> Tensor:
    """The determinant; its derivatives, the cofactors, are right for singular matrices; their own need an inverse."""
    return apply(_det, (a,))


class SlogdetResult(NamedTuple):
    """The sign and the logarithm of the absolute value of a determinant."""

    sign: Tensor
    logabsdet: Tensor


def _slogdet_jvp(tangents: Sequence[Any], y: Any, a: Any) -> Any:
    moved = (tangents[0] * inverse(a).mT).sum(axis=(-2, -1))
    return np.stack([moved * 0, moved], axis=-1)


_slogdet = declare(
    "slogdet", lambda a: np.stack(np.linalg.slogdet(a), axis=-1),
    [lambda g, y, a: g[..., 1][..., None, None] * inverse(a).mT],
    _slogdet_jvp,
)  # fmt: skip


@implements(np.linalg.slogdet)
def slogdet(a: Operand) -> SlogdetResult:
    """The sign of the determinant, with the derivative 0, and ln |det a|, with the derivative a⁻ᵀ."""
    y = apply(_slogdet, (a,))
    return SlogdetResult(y[..., 0], y[..., 1])
