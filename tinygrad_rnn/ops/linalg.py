"""numpy.linalg: inverses, determinants, decompositions and norms, of one matrix or of stacks of them.

An operation with several results has them side by side in one array; the public function takes it apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tinygrad_rnn.errors import OperandError, ShapeError
from tinygrad_rnn.node import Array, Operand, Operation, Tensor, apply
from tinygrad_rnn.ops import reductions
from tinygrad_rnn.ops.arithmetic import equal, nonzero
from tinygrad_rnn.ops.arranging import moveaxis
from tinygrad_rnn.ops.declaration import declare, implements
from tinygrad_rnn.ops.elementary import abs, sign
from tinygrad_rnn.ops.linear_algebra import matmul
from tinygrad_rnn.ops.reductions import Axes, kept, reduction
from tinygrad_rnn.ops.shaping import as_tensor, broadcast_to, explained

__all__ = [
    "cholesky", "det", "eigh", "eigvalsh", "inv", "matrix_power", "multi_dot", "norm", "pinv", "slogdet", "solve",
    "svd", "svdvals",
]  # fmt: skip

if TYPE_CHECKING:
    from tinygrad_rnn.methods import Axis

# ---------------------------------------------------------------------- inverses

_inv = declare(
    "inv", np.linalg.inv,
    [lambda g, y, a: -(y.mT @ g @ y.mT)],
    lambda tangents, y, a: -(y @ tangents[0] @ y),
)  # fmt: skip


@implements(np.linalg.inv)
def inv(a: Operand) -> Tensor:
    """The inverse; d(a⁻¹) = −a⁻¹ da a⁻¹."""
    return apply(_inv, (a,))


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
    if n < 0:
        return matrix_power(inv(a), -n)
    if n == 0:
        return broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    if n == 1:
        return a
    half = matrix_power(a, n // 2)
    return half @ half @ a if n % 2 else half @ half


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Operand]) -> Tensor:
    """The product of two or more matrices from left to right; the first and the last may be vectors."""
    if len(arrays) < 2:
        raise ShapeError(f"multi_dot: expected two or more matrices, got {len(arrays)}")
    first, *others = arrays
    return reduce(matmul, others, as_tensor("multi_dot", first))


# ---------------------------------------------------------------------- determinants


def _cofactor_value(a: Array) -> Any:
    """The derivatives of det a: U diag(Π σ without σᵢ) Vᵀ det U det V, right for singular matrices too."""
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    signs = np.sign(np.linalg.det(u) * np.linalg.det(vh))
    return signs[..., None, None] * (u * others[..., None, :]) @ vh


def _moved_cofactor(t: Any, y: Any, a: Any) -> Any:
    """dC = tr(a⁻¹ da) C − C daᵀ a⁻ᵀ, which is its own transpose."""
    inverse = _inv(a)
    return (inverse.mT * t).sum(axis=(-2, -1), keepdims=True) * y - y @ t.mT @ inverse.mT


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
    moved = (tangents[0] * _inv(a).mT).sum(axis=(-2, -1))
    return np.stack([moved * 0, moved], axis=-1)


_slogdet = declare(
    "slogdet", lambda a: np.stack(np.linalg.slogdet(a), axis=-1),
    [lambda g, y, a: g[..., 1][..., None, None] * _inv(a).mT],
    _slogdet_jvp,
)  # fmt: skip


@implements(np.linalg.slogdet)
def slogdet(a: Operand) -> SlogdetResult:
    """The sign of the determinant, with the derivative 0, and ln |det a|, with the derivative a⁻ᵀ."""
    y = apply(_slogdet, (a,))
    return SlogdetResult(y[..., 0], y[..., 1])


# ---------------------------------------------------------------------- decompositions


def _half(a: Any) -> Any:
    """The lower triangle, and half of the diagonal."""
    return (np.tril(a) + np.tril(a, -1)) / 2


def _symmetric(a: Any) -> Any:
    return (a + a.mT) / 2


def _cholesky_vjp(g: Any, y: Any, a: Any) -> Any:
    inverse = _inv(y)
    return _symmetric(inverse.mT @ _half(y.mT @ g) @ inverse)


def _cholesky_jvp(tangents: Sequence[Any], y: Any, a: Any) -> Any:
    inverse = _inv(y)
    return y @ _half(inverse @ _symmetric(tangents[0]) @ inverse.mT)


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


# ---------------------------------------------------------------------- norms


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
