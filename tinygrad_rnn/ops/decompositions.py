"""Matrices as products of simpler ones: Cholesky, eigenvalues, singular values.

An operation with several results has them side by side in one array; the public function takes it apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from tinygrad_rnn.errors import OperandError, ShapeError
from tinygrad_rnn.node import Array, Operand, Tensor, apply
from tinygrad_rnn.ops.arithmetic import equal, nonzero
from tinygrad_rnn.ops.declaration import declare, implements
from tinygrad_rnn.ops.inverses import inverse
from tinygrad_rnn.ops.shaping import as_tensor


def _half(a: Any) -> Any:
    """The lower triangle, and half of the diagonal."""
    return (np.tril(a) + np.tril(a, -1)) / 2


def _symmetric(a: Any) -> Any:
    return (a + a.mT) / 2


def _cholesky_vjp(g: Any, y: Any, a: Any) -> Any:
    y_inverse = inverse(y)
    return _symmetric(y_inverse.mT @ _half(y.mT @ g) @ y_inverse)


def _cholesky_jvp(tangents: Sequence[Any], y: Any, a: Any) -> Any:
    y_inverse = inverse(y)
    return y @ _half(y_inverse @ _symmetric(tangents[0]) @ y_inverse.mT)


_cholesky = declare("cholesky", np.linalg.cholesky, [_cholesky_vjp], _cholesky_jvp)


@implements(np.linalg.cholesky)
def cholesky(a: Operand) -> Tensor:
    """The lower triangle L with L Lᵀ = a, symmetric and positive definite; its derivative is symmetric."""
    return apply(_cholesky, (a,))


class EighResult(NamedTuple):
    """The eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


def _gaps(s: Any) -> Any:
    """1 / (sⱼ − sᵢ), and 0 where they are equal."""
    difference = s[..., None, :] - s[..., :, None]
    return np.where(equal(difference, 0), 0, 1 / nonzero(difference))


def _eigh_vjp(g: Any, y: Any, a: Any, UPLO: str) -> Any:
    w, v = y[..., 0, :], y[..., 1:, :]
    g_w, g_v = g[..., 0, :], g[..., 1:, :]
    return _symmetric(v @ (_diagonal(g_w) + _gaps(w) * (v.mT @ g_v)) @ v.mT)


def _eigh_jvp(tangents: Sequence[Any], y: Any, a: Any, UPLO: str) -> Any:
    w, v = y[..., 0, :], y[..., 1:, :]
    inside = v.mT @ _symmetric(tangents[0]) @ v
    return np.concatenate([_diagonal_of(inside)[..., None, :], v @ (_gaps(w) * inside)], axis=-2)


def _diagonal(s: Any) -> Any:
    """The diagonal matrix."""
    return s[..., None] * np.eye(s.shape[-1], dtype=s.dtype)


def _diagonal_of(a: Any) -> Any:
    return np.diagonal(a, axis1=-2, axis2=-1)


def _eigh_value(a: Array, UPLO: Literal["L", "U"]) -> Array:
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


_eigh = declare("eigh", _eigh_value, [_eigh_vjp], _eigh_jvp)


@implements(np.linalg.eigh)
def eigh(a: Operand, UPLO: Literal["L", "U"] = "L") -> EighResult:
    """Eigenvalues and eigenvectors of a symmetric matrix, read from its lower or upper triangle.

    The derivative is symmetric. Where eigenvalues are equal, the eigenvectors that share one have no derivative;
    what they do among themselves counts as 0.
    """
    y = apply(_eigh, (a,), {"UPLO": UPLO})
    return EighResult(y[..., 0, :], y[..., 1:, :])


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Operand, UPLO: Literal["L", "U"] = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix in ascending order."""
    return eigh(a, UPLO).eigenvalues


class SVDResult(NamedTuple):
    """Singular vectors as columns, singular values in descending order, and singular vectors as rows."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def _parts(y: Any, a: Any) -> tuple[Any, Any, Any]:
    """U, the singular values and V, which lie one below the other."""
    m = a.shape[-2]
    return y[..., :m, :], y[..., m, :], y[..., m + 1 :, :]


def _svd_value(a: Array) -> Array:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, s[..., None, :], vh.mT], axis=-2)


def _svd_vjp(g: Any, y: Any, a: Any) -> Any:
    """U (F ∘ (Uᵀ gᵤ − gᵤᵀ U) S + diag gₛ + S F ∘ (Vᵀ gᵥ − gᵥᵀ V)) Vᵀ, and what leaves the spaces of U and V."""
    (u, s, v), (g_u, g_s, g_v) = _parts(y, a), _parts(g, a)
    gaps, row = _gaps(s * s), s[..., None, :]
    of_u, of_v = u.mT @ g_u, v.mT @ g_v
    inside = gaps * (of_u - of_u.mT) * row + _diagonal(g_s) + s[..., :, None] * (gaps * (of_v - of_v.mT))
    out_u, out_v = (g_u - u @ of_u) / nonzero(row), (g_v - v @ of_v) / nonzero(row)
    return u @ inside @ v.mT + out_u @ v.mT + u @ out_v.mT


def _svd_jvp(tangents: Sequence[Any], y: Any, a: Any) -> Any:
    (u, s, v), t = _parts(y, a), tangents[0]
    gaps, row, column = _gaps(s * s), s[..., None, :], s[..., :, None]
    inside, left, right = u.mT @ t @ v, t @ v, t.mT @ u
    du = u @ (gaps * (inside * row + column * inside.mT)) + (left - u @ inside) / nonzero(row)
    dv = v @ (gaps * (column * inside + inside.mT * row)) + (right - v @ inside.mT) / nonzero(row)
    return np.concatenate([du, _diagonal_of(inside)[..., None, :], dv], axis=-2)


_svd = declare("svd", _svd_value, [_svd_vjp], _svd_jvp)


@implements(np.linalg.svd)
def svd(a: Operand, full_matrices: bool = True, compute_uv: bool = True) -> SVDResult | Tensor:
    """The singular value decomposition a = U diag(S) Vh.

    Args:
        a: (..., m, n).
        full_matrices: numpy's default asks for singular vectors of zero, which have no derivative; so say
            False, unless m = n.
        compute_uv: whether to return U (..., m, k), S (..., k) and Vh (..., k, n), with k the smaller of m
            and n, or S alone.

    Raises:
        OperandError: vectors of a matrix that is not square, and `full_matrices` is not False.
    """
    a = as_tensor("svd", a)
    if not compute_uv:
        return svdvals(a)
    if a.ndim < 2:
        raise ShapeError(f"svd of {a.describe()}: expected matrices")
    if full_matrices and a.shape[-2] != a.shape[-1]:
        raise OperandError(
            f"svd of {a.describe()}: the vectors that full matrices add have no derivative; pass full_matrices=False"
        )
    u, s, v = _parts(apply(_svd, (a,)), a)
    return SVDResult(u, s, v.mT)


@implements(np.linalg.svdvals)
def svdvals(x: Operand) -> Tensor:
    """The singular values in descending order."""
    x = as_tensor("svdvals", x)
    return apply(_svd, (x,))[..., x.shape[-2], :]
