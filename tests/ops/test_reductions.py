"""Reductions over any axes, at ties, and far out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import tinygrad_rnn as tg
from tests.support import check_derivatives, distinct, real


@st.composite
def shapes_with_axes(draw, min_side=1):
    """A shape and what numpy takes as `axis` for it: None, an integer, or a tuple, counted from either end."""
    shape = draw(array_shapes(min_dims=0, max_dims=3, min_side=min_side, max_side=3))
    one = st.integers(-len(shape), len(shape) - 1) if shape else st.nothing()
    several = st.lists(one, unique_by=lambda i: i % len(shape)).map(tuple)
    return shape, draw(st.none() | one | several)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@given(shape_and_axis=shapes_with_axes(), keepdims=st.booleans())
def test_over_any_axes(name, shape_and_axis, keepdims):
    shape, axis = shape_and_axis
    x = distinct(np.random.default_rng(0), shape)

    def reduce(x):
        return getattr(np, name)(x, axis=axis, keepdims=keepdims)

    y = reduce(tg.tensor(x))
    assert y.shape == np.shape(reduce(x))
    np.testing.assert_allclose(y.data, reduce(x), rtol=1e-15)
    check_derivatives(reduce, x)


@given(shape_and_axis=shapes_with_axes(), keepdims=st.booleans())
def test_exponentials_over_any_axes(shape_and_axis, keepdims):
    shape, axis = shape_and_axis
    x = real(np.random.default_rng(0), shape)
    total = np.log(np.sum(np.exp(x), axis=axis, keepdims=True))
    y = tg.logsumexp(x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(y.data, total if keepdims else np.squeeze(total, axis), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(tg.log_softmax(x, axis=axis).data, x - total, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(tg.softmax(x, axis=axis).data, np.exp(x - total), rtol=1e-14)
    for function in tg.logsumexp, tg.softmax, tg.log_softmax:
        check_derivatives(lambda x: function(x, axis=axis), x)  # noqa: B023  called at once


@given(shapes_with_axes(min_side=0))
def test_the_sum_of_nothing(shape_and_axis):
    shape, axis = shape_and_axis
    x = real(np.random.default_rng(0), shape)
    np.testing.assert_allclose(tg.sum(x, axis=axis).data, np.sum(x, axis=axis))
    check_derivatives(lambda x: tg.sum(x, axis=axis), x)


@pytest.mark.parametrize("function", [tg.max, tg.min])
def test_the_extreme_of_nothing_is_an_error(function):
    with pytest.raises(tg.ShapeError, match=r"of x \(0, 2\) float64: .*zero-size"):
        function(tg.parameter(np.empty((0, 2)), label="x"))
    assert function(tg.parameter(np.empty((0, 2))), axis=1).shape == (0,)


@pytest.mark.parametrize("function", [tg.max, tg.min])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elements_that_tie_share_the_gradient(function, dtype):
    sign = 1 if function is tg.max else -1
    x = tg.parameter(sign * np.array([[1, 3, 3], [2, 2, 2], [5, 4, 0]]), dtype=dtype)
    y = function(x, axis=1)
    (g,) = tg.grad(y.sum(), [x])
    shares = np.array([[0, 1 / 2, 1 / 2], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]])
    np.testing.assert_allclose(g.data, shares, rtol=np.finfo(dtype).eps)
    direction = np.arange(9.0).reshape(3, 3)
    along = tg.jvp(y, [x], [direction])
    np.testing.assert_allclose(along.data, (shares * direction).sum(1), rtol=4 * np.finfo(dtype).eps)
    assert g.dtype == along.dtype == dtype
    (g,) = tg.grad(function(tg.parameter(np.ones((2, 2)))), [x])
    np.testing.assert_array_equal(g.data, 0)


def test_an_extreme_of_squares_curves_where_it_is_taken():
    """max(x²) at a tie: each share is half of the square's own derivatives."""
    x = tg.parameter([1.0, -1.0])
    (g,) = tg.grad(tg.max(x * x), [x], create_graph=True)
    np.testing.assert_array_equal(g.data, [1, -1])
    np.testing.assert_array_equal(tg.grad(g[0], [x])[0].data, [1, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", [[1000, 0, -1000], [-1000, -1000, -1001], [1000, 1000, 1000], [0, 1000, 1000]])
def test_exponentials_far_out(x, dtype):
    x = tg.parameter(x, dtype=dtype)
    shares = np.exp(x.data - x.data.max())
    total = shares.sum()
    tolerance = {"rtol": 4 * np.finfo(dtype).eps, "atol": 4 * np.finfo(dtype).eps}
    for y, expected in (
        (tg.logsumexp(x), x.data.max() + np.log(total)),
        (tg.softmax(x), shares / total),
        (tg.log_softmax(x), x.data - x.data.max() - np.log(total)),
    ):
        assert y.dtype == dtype
        np.testing.assert_allclose(y.data, expected, **tolerance)
        (g,) = tg.grad(y[0] if y.ndim else y, [x], create_graph=True)
        (h,) = tg.grad(g[0], [x])
        assert np.isfinite([g.data, h.data]).all()
    (g,) = tg.grad(tg.logsumexp(x), [x])
    np.testing.assert_allclose(g.data, shares / total, **tolerance)
    (g,) = tg.grad(tg.log_softmax(x)[0], [x])
    np.testing.assert_allclose(g.data, [1, 0, 0] - shares / total, **tolerance)


def test_infinite_logits_are_left_out():
    """−∞ is how a class is ruled out: it has the probability 0, and no gradient."""
    x = tg.parameter([0.0, -np.inf, 0.0])
    np.testing.assert_allclose(tg.softmax(x).data, [0.5, 0, 0.5])
    np.testing.assert_allclose(tg.logsumexp(x).item(), np.log(2))
    np.testing.assert_allclose(tg.log_softmax(x).data, [-np.log(2), -np.inf, -np.log(2)])
    np.testing.assert_allclose(tg.grad(tg.logsumexp(x), [x])[0].data, [0.5, 0, 0.5])
    np.testing.assert_allclose(tg.grad(tg.log_softmax(x)[0], [x])[0].data, [0.5, 0, -0.5])
    np.testing.assert_allclose(tg.grad(tg.softmax(x)[0], [x])[0].data, [0.25, 0, -0.25])
    assert tg.logsumexp([-np.inf, -np.inf]).item() == -np.inf
    assert tg.logsumexp([np.inf, 0.0]).item() == np.inf


@pytest.mark.parametrize("dtype", [bool, np.int8, np.float16, np.float32])
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_dtypes_are_numpys(name, dtype):
    x = np.array([[1, 0], [1, 1]], dtype)
    for axis in None, 0:
        y, expected = getattr(tg, name)(tg.tensor(x), axis=axis), getattr(np, name)(x, axis=axis)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y.data, expected)
