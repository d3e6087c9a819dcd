"""Products for vectors, matrices and stacks of matrices of every rank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import tinygrad_rnn as tg
from tests.support import check_derivatives, real


def operands(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [real(rng, shape) for shape in shapes]


@given(mutually_broadcastable_shapes(signature="(m?,n),(n,p?)->(m?,p?)", min_side=0, max_dims=2, max_side=3))
def test_matmul(shapes):
    a, b = operands(*shapes.input_shapes)
    y = tg.matmul(a, b)
    assert y.shape == shapes.result_shape
    np.testing.assert_allclose(y.data, np.matmul(a, b), rtol=1e-14)
    check_derivatives(tg.matmul, a, b)


@given(st.data())
def test_dot(data):
    """numpy's dot has its own rule for more than two axes: all rows of the left with all columns of the right."""
    side = st.integers(0, 3)
    n = data.draw(side)
    left = (*data.draw(st.lists(side, max_size=2)), n)
    above = data.draw(st.lists(side, max_size=2))
    right = (*above[:-1], n, *above[-1:])
    a, b = operands(left, right)
    y = tg.dot(a, b)
    np.testing.assert_allclose(y.data, np.dot(a, b), rtol=1e-14, atol=1e-15)
    assert y.shape == np.dot(a, b).shape
    check_derivatives(tg.dot, a, b)


@pytest.mark.parametrize("shapes", [((), (2, 3)), ((2, 3), ()), ((), ())])
def test_dot_with_a_number_is_a_product(shapes):
    a, b = operands(*shapes)
    np.testing.assert_array_equal(tg.dot(a, b).data, np.dot(a, b))
    check_derivatives(tg.dot, a, b)


@pytest.mark.parametrize("axes", [(), (2,), (2, 3), (2, 1, 3), (0,), (2, 0)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("features", "outputs"), [(3, 4), (1, 1), (0, 2), (2, 0)])
def test_linear(axes, bias, features, outputs):
    x, W, b = operands((*axes, features), (outputs, features), (outputs,))
    arrays = [x, W, b] if bias else [x, W]
    y = tg.linear(*arrays)
    np.testing.assert_allclose(y.data, x @ W.T + b * bias, rtol=1e-14, atol=1e-15)
    assert y.shape == (*axes, outputs)
    check_derivatives(tg.linear, *arrays)


@pytest.mark.parametrize("moving", [{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}])
def test_linear_of_constants_and_parameters(moving):
    arrays = operands((2, 3), (4, 3), (4,))

    def with_constants(*xs):
        given = iter(xs)
        return tg.linear(*[next(given) if k in moving else array for k, array in enumerate(arrays)])

    check_derivatives(with_constants, *[arrays[k] for k in sorted(moving)])


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3), (3, 4)), ((), (4, 3)), ((2, 3), (3,)), ((2, 3), (2, 4, 3)), ((3, 3), (3, 3), (3, 3)),
        ((3, 3), (3, 3), (3, 3, 3)), ((2, 3), (4, 3), (2, 4)), ((2, 3), (4, 3), (1,)), ((2, 3), (4, 3), ()),
    ],
)  # fmt: skip
def test_linear_refuses_other_shapes(shapes):
    with pytest.raises(tg.ShapeError, match=r"^linear of unlabelled \("):
        tg.linear(*operands(*shapes))


@pytest.mark.parametrize("shapes", [((), (2,)), ((2,), ()), ((2, 3), (2, 3)), ((2,), (3,)), ((2, 2, 3), (3, 3, 2))])
def test_matmul_refuses_other_shapes(shapes):
    with pytest.raises(tg.ShapeError, match=r"^matmul of unlabelled \("):
        tg.matmul(*operands(*shapes))


# ---------------------------------------------------------------------- products of more axes


@pytest.mark.parametrize(
    ("shapes", "axes"),
    [
        (((2, 3), (2, 3)), 2), (((2, 3, 4), (3, 4)), 2), (((2, 3), (4, 2)), 0), (((2, 3), (3, 4)), 1),
        (((1, 3), (3,)), [(1,), (0,)]), (((2, 3, 2), (3, 4, 2)), ([1, -1], [0, 2])),
        (((3, 2), (2, 3)), ((0, 1), (1, 0))),
        (((3,), (2, 3, 2)), (0, 1)), (((3,), (3,)), (-1, -1)), (((0, 3), (3, 2)), 1), (((2, 0), (0, 3)), 1),
        (((2, 3), (2, 3)), np.int64(2)), (((2, 3), (3, 2)), np.array([1, 0])),
    ],
)  # fmt: skip
def test_tensordot(shapes, axes):
    a, b = operands(*shapes)
    y, expected = np.tensordot(tg.tensor(a), b, axes), np.tensordot(a, b, axes)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, rtol=1e-14, atol=1e-15)
    check_derivatives(lambda a, b: np.tensordot(a, b, axes), a, b)


@pytest.mark.parametrize("function", [np.inner, np.outer, np.kron, np.vdot])
@pytest.mark.parametrize("shapes", [((3,), (3,)), ((2, 3), (2, 3)), ((), ()), ((2, 1, 3), (2, 1, 3))])
def test_products_of_equal_shapes(function, shapes):
    a, b = operands(*shapes)
    y, expected = function(tg.tensor(a), b), function(a, b)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected, rtol=1e-14, atol=1e-15)
    check_derivatives(function, a, b)


@pytest.mark.parametrize("shapes", [((), (2, 3)), ((2, 3), ()), ((3,), (2, 3)), ((2, 3), (4, 1, 3))])
@pytest.mark.parametrize("function", [np.inner, np.outer, np.kron])
def test_products_of_other_shapes(function, shapes):
    a, b = operands(*shapes)
    np.testing.assert_allclose(function(tg.tensor(a), b).data, function(a, b), rtol=1e-14, atol=1e-15)
    check_derivatives(function, a, b)


@pytest.mark.parametrize(
    ("shapes", "axes"),
    [
        (((3,), (3,)), {}), (((2, 3), (3,)), {}), (((3, 2), (3, 2)), {"axis": 0}),
        (((3, 2), (2, 3)), {"axisa": 0, "axisb": 1, "axisc": 0}),
    ],
)  # fmt: skip
def test_cross(shapes, axes):
    a, b = operands(*shapes)
    np.testing.assert_allclose(np.cross(tg.tensor(a), b, **axes).data, np.cross(a, b, **axes), rtol=1e-14)
    check_derivatives(lambda a, b: np.cross(a, b, **axes), a, b)


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: tg.tensordot(a, b), lambda a, b: tg.tensordot(a, b, ([0, 1], [0])),
        lambda a, b: tg.tensordot(a, b, 3),
        lambda a, b: tg.tensordot(a, b, ([5], [0])), lambda a, b: tg.inner(a, b), lambda a, b: tg.vdot(a, b),
        lambda a, b: tg.cross(a, b), lambda a, b: tg.cross(a, b, axis=7),
    ],
)  # fmt: skip
def test_products_refuse_other_shapes(call):
    with pytest.raises(tg.ShapeError):
        call(*operands((2, 3), (3, 4)))
