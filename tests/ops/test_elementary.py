"""Functions of one element at their kinks and at their limits."""

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize(("function", "slopes"), [(tg.abs, [-1, 0, 1]), (tg.relu, [0, 0, 1]), (tg.sign, [0, 0, 0])])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derivatives_at_a_kink(function, slopes, dtype):
    x = tg.parameter([-2.0, 0.0, 2.0], dtype=dtype)
    y = function(x)
    (g,) = tg.grad(y.sum(), [x], create_graph=True)
    np.testing.assert_array_equal(g.data, slopes)
    np.testing.assert_array_equal(tg.jvp(y, [x], [np.ones(3)]).data, slopes)
    np.testing.assert_array_equal(tg.grad(g.sum(), [x])[0].data, 0)
    np.testing.assert_array_equal(tg.jvp(g, [x], [np.ones(3)]).data, 0)
    constant = tg.tensor(x.data)
    (g,) = tg.grad(function(constant).sum(), [constant], create_graph=True)
    np.testing.assert_array_equal(tg.grad(g.sum(), [constant])[0].data, 0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "values", "slopes", "curvatures"),
    [
        (tg.sigmoid, [0, 0.5, 1], [0, 0.25, 0], [0, 0, 0]),
        (tg.softplus, [0, np.log(2), 1000], [0, 0.5, 1], [0, 0.25, 0]),
        (tg.tanh, [-1, 0, 1], [0, 1, 0], [0, 0, 0]),
        (tg.relu, [0, 0, 1000], [0, 0, 1], [0, 0, 0]),
    ],
)
def test_far_out(function, values, slopes, curvatures, dtype):
    x = tg.parameter([-1000, 0, 1000], dtype=dtype)
    y = function(x)
    (g,) = tg.grad(y.sum(), [x], create_graph=True)
    (h,) = tg.grad(g.sum(), [x])
    tolerance = 4 * np.finfo(dtype).eps
    for found, expected in (y, values), (g, slopes), (h, curvatures):
        assert found.dtype == dtype
        np.testing.assert_allclose(found.data, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_sigmoids_are_accurate(dtype):
    """They are not lost in a difference from 1: e⁻ˣ is right to the last bits."""
    x = tg.parameter([-40.0, -60.0, -80.0], dtype=dtype)
    for y in tg.sigmoid(x), tg.softplus(x):
        np.testing.assert_allclose(y.data, np.exp(x.data), rtol=4 * np.finfo(dtype).eps)
        np.testing.assert_allclose(tg.grad(y.sum(), [x])[0].data, np.exp(x.data), rtol=4 * np.finfo(dtype).eps)


def test_a_copy_is_a_node_of_its_own():
    x = tg.parameter([1.0, 2.0])
    y = tg.copy(x)
    assert y is not x
    assert y.op.name == "copy"
    np.testing.assert_array_equal(y.data, x.data)
    first, second = x.copy(), x.copy()
    g, h = tg.grad((first * first + 3 * second).sum(), [first, second])
    np.testing.assert_array_equal(g.data, [2, 4])
    np.testing.assert_array_equal(h.data, [3, 3])


def test_values_outside_the_domain_are_numpys():
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(tg.log(tg.parameter([-1.0])).data)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert tg.log(tg.parameter([0.0])).item() == -np.inf


def test_nan_spreads_without_a_word():
    x = tg.parameter([np.nan, 1.0])
    for function in tg.tanh, tg.sigmoid, tg.abs, tg.exp, tg.square:
        y = function(x)
        (g,) = tg.grad(y.sum(), [x])
        assert np.isnan(y.data).tolist() == np.isnan(g.data).tolist() == [True, False]
