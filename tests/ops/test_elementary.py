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


# ---------------------------------------------------------------------- steps, and numbers that are not finite


@pytest.mark.parametrize("function", [np.sign, np.floor, np.ceil, np.trunc, np.fix, np.rint, np.round])
def test_steps_have_the_derivative_0_at_their_jumps_too(function):
    x = tg.parameter([-1.5, -1.0, 0.0, 0.5, 2.0, 2.25])
    y = function(x)
    np.testing.assert_array_equal(y.data, function(x.data))
    (g,) = tg.grad(y.sum(), [x], create_graph=True)
    np.testing.assert_array_equal(g.data, 0)
    np.testing.assert_array_equal(tg.grad(g.sum(), [x])[0].data, 0)
    np.testing.assert_array_equal(tg.jvp(y, [x], [np.ones(6)]).data, 0)


@pytest.mark.parametrize("decimals", [-1, 0, 2])
@pytest.mark.parametrize("dtype", [int, np.float32, np.float64])
def test_round_is_numpys(decimals, dtype):
    x = np.array([15, -25, 3], dtype)
    y = np.round(tg.tensor(x), decimals)
    np.testing.assert_array_equal(y.data, np.round(x, decimals))
    assert y.dtype == np.round(x, decimals).dtype


def test_infinities_and_nan_are_replaced_and_get_no_gradient():
    array = np.array([1.0, np.nan, np.inf, -np.inf])
    x = tg.parameter(array)
    for keywords in {}, {"nan": 7.0, "posinf": 8.0, "neginf": 9.0}:
        y = np.nan_to_num(x, **keywords)
        np.testing.assert_array_equal(y.data, np.nan_to_num(array, **keywords))
        np.testing.assert_array_equal(tg.grad((y / 2).sum(), [x])[0].data, [0.5, 0, 0, 0])
        np.testing.assert_array_equal(tg.jvp(y, [x], [np.full(4, 3.0)]).data, [3, 0, 0, 0])


# ---------------------------------------------------------------------- near zeros and limits


def test_sinc_has_every_derivative_at_0():
    """Those of Σ (−1)ᵏ (πx)²ᵏ / (2k + 1)! at 0: ±πⁿ / (n + 1) for even orders n, and 0 for odd ones."""
    x = tg.parameter(0.0)
    y = tg.sinc(x)
    for n in range(7):
        np.testing.assert_allclose(y.item(), 0 if n % 2 else (-1) ** (n // 2) * np.pi**n / (n + 1), rtol=1e-14)
        (y,) = tg.grad(y, [x], create_graph=True)


@pytest.mark.parametrize("x", [1e-8, 1e-4, 0.01, 0.3, 0.999, 1.0, 1.001, 7.3, 50.25])
def test_sinc_by_series_and_by_recurrence(x):
    """f'' = −π² f − 2 f' / x, from x f = sin(πx) / π."""
    for sign in -1, 1:
        t = tg.parameter(sign * x)
        (first,) = tg.grad(tg.sinc(t), [t], create_graph=True)
        (second,) = tg.grad(first, [t])
        expected = -(np.pi**2) * np.sinc(x) - 2 * first.item() / (sign * x)
        np.testing.assert_allclose(second.item(), expected, rtol=1e-12, atol=1e-13 / x + 1e-13)
        slope = (np.cos(np.pi * x) - np.sinc(x)) / (sign * x)
        np.testing.assert_allclose(first.item(), slope, rtol=1e-12, atol=1e-15 / x)


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (np.expm1, np.exp), (np.log1p, lambda x: 1 / (1 + x)), (np.sinh, np.cosh),
        (np.tan, lambda x: 1 / np.cos(x) ** 2),
        (np.arcsin, lambda x: 1 / np.sqrt(1 - x * x)), (np.arctanh, lambda x: 1 / (1 - x * x)),
        (np.arcsinh, lambda x: 1 / np.sqrt(1 + x * x)), (np.arctan, lambda x: 1 / (1 + x * x)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_numbers_keep_their_digits(function, derivative, dtype):
    x = tg.parameter([1e-20, -1e-12, 1e-6, 0.0], dtype=dtype)
    y = function(x)
    np.testing.assert_array_equal(y.data, function(x.data))
    (g,) = tg.grad(y.sum(), [x])
    np.testing.assert_allclose(g.data, derivative(x.data), rtol=4 * np.finfo(dtype).eps)
    assert g.dtype == dtype


def test_derivatives_far_out_do_not_overflow():
    x = tg.parameter([-1e200, 1e200])
    for function, limit in (np.arcsinh, 1e-200), (np.arctan, 0.0):
        with np.errstate(over="ignore"):
            (g,) = tg.grad(function(x).sum(), [x])
        np.testing.assert_allclose(g.data, limit, atol=1e-199)
