"""numpy.linalg: batches, singular matrices, equal eigenvalues, and every norm."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import check_derivatives, matrices, nonzero, real

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "shapes",
    [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3,)), ((3, 3), (2, 3, 1)), ((2, 1, 3, 3), (4, 3, 2))],
)
def test_solve(shapes):
    a, b = matrices(RNG, shapes[0]), real(RNG, shapes[1])
    np.testing.assert_allclose(np.linalg.solve(tg.tensor(a), b).data, np.linalg.solve(a, b), rtol=1e-14)
    check_derivatives(tg.linalg.solve, a, b)
    check_derivatives(lambda a: tg.linalg.solve(a, b), a)
    check_derivatives(lambda b: tg.linalg.solve(a, b), b)


@pytest.mark.parametrize("name", ["inv", "pinv", "det", "eigvalsh", "svdvals"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 2, 2), (0, 2, 2)])
def test_stacks_of_matrices(name, shape):
    a = matrices(RNG, shape)
    a = a + a.mT
    function = getattr(np.linalg, name)
    np.testing.assert_allclose(function(tg.tensor(a)).data, function(a), rtol=1e-12, atol=1e-13)
    check_derivatives(lambda a: function((a + a.mT) / 2), a)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 5])
def test_matrix_power(n):
    a = matrices(RNG, (2, 2, 2))
    np.testing.assert_allclose(
        np.linalg.matrix_power(tg.tensor(a), n).data, np.linalg.matrix_power(a, n), rtol=1e-13, atol=1e-14
    )
    check_derivatives(lambda a: np.linalg.matrix_power(a, n), a)


@pytest.mark.parametrize(
    ("a", "cofactors"),
    [
        ([[1, 2], [2, 4]], [[4, -2], [-2, 1]]),
        ([[0, 0], [0, 0]], [[0, 0], [0, 0]]),
        ([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]),
        ([[0, 0, 0], [0, 0, 1], [0, 1, 0]], [[-1, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_the_determinant_of_a_singular_matrix_has_a_derivative(a, cofactors):
    x = tg.parameter(a, dtype=float)
    np.testing.assert_allclose(tg.grad(tg.linalg.det(x), [x])[0].data, cofactors, atol=1e-13)
    np.testing.assert_allclose(tg.jvp(tg.linalg.det(x), [x], [np.array(a)]).item(), 0, atol=1e-13)


def test_slogdet_of_a_negative_determinant():
    a = np.array([[0.0, 1.0], [2.0, 0.5]])
    x = tg.parameter(a)
    y = np.linalg.slogdet(x)
    assert y.sign.item() == -1
    np.testing.assert_allclose(y.logabsdet.item(), np.log(2))
    np.testing.assert_array_equal(tg.grad(y.sign, [x])[0].data, 0)
    check_derivatives(lambda a: tg.linalg.slogdet(a).logabsdet, a)


@pytest.mark.parametrize("UPLO", ["L", "U"])
def test_eigenvalues_and_eigenvectors(UPLO):
    a = matrices(RNG, (2, 3, 3))
    a = a + a.mT

    def recomposed(a):
        w, v = np.linalg.eigh((a + a.mT) / 2, UPLO)
        return np.einsum("...ij,...j,...kj", v, np.exp(w), v)

    np.testing.assert_allclose(recomposed(tg.tensor(a)).data, recomposed(a), rtol=1e-13, atol=1e-12)
    check_derivatives(recomposed, a)
    check_derivatives(lambda a: tg.linalg.eigvalsh((a + a.mT) / 2, UPLO), a)


def test_equal_eigenvalues_leave_finite_derivatives():
    x = tg.parameter(np.eye(3))
    w, v = tg.linalg.eigh(x)
    np.testing.assert_array_equal(tg.grad(w.sum(), [x])[0].data, np.eye(3))
    assert np.isfinite(tg.grad((v * np.arange(3.0)).sum(), [x])[0].data).all()


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (2, 2, 3)])
def test_singular_values_and_vectors(shape):
    a = matrices(RNG, shape)

    def polar(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return u @ vh * s.sum()

    np.testing.assert_allclose(polar(tg.tensor(a)).data, polar(a), rtol=1e-13, atol=1e-13)
    check_derivatives(polar, a)
    singular = np.linalg.svd(tg.tensor(a), compute_uv=False)
    np.testing.assert_allclose(singular.data, np.linalg.svd(a, compute_uv=False), rtol=1e-13)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, -1, 1])
@pytest.mark.parametrize("ord", [None, 0, 1, 1.5, 2, 3, 4, 0.5, -1, -2, np.inf, -np.inf])
def test_norms_of_vectors(ord, axis, keepdims):
    x = nonzero(RNG, (2, 3)) + np.arange(6).reshape(2, 3) / 64

    def norm(x):
        return np.linalg.norm(x, ord, axis, keepdims=keepdims)

    y = norm(tg.tensor(x))
    assert y.shape == norm(x).shape
    np.testing.assert_allclose(y.data, norm(x), rtol=1e-14)
    check_derivatives(norm, x)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, (0, 1), (-1, 0)])
@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_norms_of_matrices(ord, axis, keepdims):
    x = matrices(RNG, (3, 2) if axis is None else (2, 3, 2)) + 1 / 8
    x += np.arange(x.size).reshape(x.shape) / 512
    if axis is not None:
        x = np.moveaxis(x, (-2, -1), axis)

    def norm(x):
        return np.linalg.norm(x, ord, axis, keepdims=keepdims)

    y = norm(tg.tensor(x))
    assert y.shape == np.shape(norm(x))
    np.testing.assert_allclose(y.data, norm(x), rtol=1e-13)
    check_derivatives(norm, x)


@pytest.mark.parametrize("ord", [1, 1.5, 2, 3, np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_norm_of_nothing_but_zeros(ord, dtype):
    x = tg.parameter(np.zeros((2, 3)), dtype=dtype)
    (g,) = tg.grad(tg.linalg.norm(x, ord, axis=1).sum(), [x], create_graph=True)
    np.testing.assert_array_equal(g.data, 0)
    assert g.dtype == dtype
    assert np.isfinite(tg.grad(g.sum(), [x])[0].data).all()


def test_a_norm_curves_where_one_element_is_zero():
    check_derivatives(lambda x: np.linalg.norm(x), np.array([3.0, 0.0, 4.0]), order=3)
    check_derivatives(lambda x: np.linalg.norm(x, 4), np.array([3.0, 0.0, 4.0]))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda a: np.linalg.inv(0 * a), tg.LinAlgError), (lambda a: np.linalg.inv(a[0]), tg.LinAlgError),
        (lambda a: np.linalg.cholesky(-a), np.linalg.LinAlgError), (lambda a: np.linalg.norm(a, 7), tg.OperandError),
        (lambda a: np.linalg.norm(a, "max"), tg.OperandError),
        (lambda a: np.linalg.norm(a, "fro", axis=0), tg.ShapeError),
        (lambda a: np.linalg.norm(a, 2, axis=4), tg.ShapeError), (lambda a: np.linalg.svd(a[:2]), tg.OperandError),
        (lambda a: np.linalg.multi_dot([a]), tg.ShapeError),
        (lambda a: np.linalg.matrix_power(a[:2], 2), tg.ShapeError), (lambda a: np.linalg.eig(a), tg.OperandError),
        (lambda a: np.linalg.inv(a.astype(np.float16)), tg.DTypeError),
        (lambda a: np.linalg.solve(a, [1.0]), tg.ShapeError),
    ],
)  # fmt: skip
def test_what_is_refused(call, error):
    with pytest.raises(error) as caught:
        call(tg.parameter(np.eye(3), label="a"))
    assert isinstance(caught.value, tg.TinygradRNNError)


@pytest.mark.parametrize(
    "call",
    [
        np.linalg.matmul, np.linalg.tensordot, np.linalg.vecdot, lambda a, b: np.linalg.cross(a, b),
        lambda a, b: np.linalg.outer(a[0], b[0]), lambda a, b: np.linalg.matrix_transpose(a) * b,
        lambda a, b: np.vecdot(a, b), lambda a, b: np.linalg.vecdot(a, b, axis=0),
        lambda a, b: np.linalg.multi_dot([a, b]),
    ],
)  # fmt: skip
def test_what_numpy_has_there_too(call):
    a, b = matrices(RNG, (3, 3)), real(RNG, (3, 3))
    np.testing.assert_allclose(call(tg.tensor(a), tg.tensor(b)).data, call(a, b), rtol=1e-14, atol=1e-15)


def test_an_error_in_a_rule_names_the_operation():
    x = tg.parameter(np.ones((2, 2)))
    (g,) = tg.grad(tg.linalg.det(x), [x], create_graph=True)
    for call in lambda: tg.grad(g.sum(), [x]), lambda: tg.jvp(g, [x], [np.eye(2)]):
        with pytest.raises(tg.LinAlgError, match=r"(^|^rule 0 of cofactor of .*: )inv: Singular matrix"):
            call()
