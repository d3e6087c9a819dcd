"""Arithmetic at ties, at zeros, and where it has no derivative."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import check_derivatives


def gradients(y, *inputs):
    return [g.data.tolist() for g in tg.grad(y.sum(), inputs)]


@pytest.mark.parametrize("function", [tg.maximum, tg.minimum])
def test_operands_that_tie_share_the_gradient(function):
    a, b = tg.parameter([1.0, 2.0, 3.0]), tg.parameter([1.0, 3.0, 2.0])
    from_larger = function is tg.maximum
    assert gradients(function(a, b), a, b) == [[0.5, 1 - from_larger, from_larger], [0.5, from_larger, 1 - from_larger]]
    assert gradients(function(a, a), a) == [[1, 1, 1]]
    y = function(a, b)
    np.testing.assert_array_equal(tg.jvp(y, [a], [[1.0, 0.0, 0.0]]).data, [0.5, 0, 0])
    np.testing.assert_array_equal(tg.jvp(y, [a, b], np.ones((2, 3))).data, [1, 1, 1])


def test_ties_have_no_second_derivative():
    a, b = tg.parameter([1.0]), tg.parameter([1.0])
    (g,) = tg.grad(tg.maximum(a * a, b).sum(), [a], create_graph=True)
    assert g.item() == 1.0  # half of 2a
    assert gradients(g, a, b) == [[1.0], [0.0]]


def test_a_power_of_zero_is_constant_in_its_base():
    x = tg.parameter([0.0, -1.0, 2.0])
    assert gradients(x**0, x) == [[0, 0, 0]]
    assert gradients(x**0.0, x) == [[0, 0, 0]]
    for dtype in int, np.uint8, bool:
        assert gradients(tg.power(x, np.array([0, 1, 1], dtype)), x) == [[0, 1, 1]]
    assert gradients(tg.power(x, [0, 1, 2]), x) == [[0, 1, 4]]
    np.testing.assert_array_equal(tg.jvp(x**0, [x], [np.ones(3)]).data, 0)


@pytest.mark.parametrize(
    ("exponent", "derivatives"), [(0, [1, 0, 0, 0]), (1, [0, 1, 0, 0]), (2, [0, 0, 2, 0]), (3, [0, 0, 0, 6])]
)
def test_powers_of_zero_have_every_derivative(exponent, derivatives):
    x = tg.parameter(0.0)
    y = x**exponent
    for derivative in derivatives:
        assert y.item() == derivative
        (y,) = tg.grad(y, [x], create_graph=True)


def test_a_power_of_the_base_zero_is_constant_in_its_exponent():
    a, b = tg.parameter([0.0, 0.0, 1.0, np.e]), tg.parameter([2.0, 0.0, 5.0, 1.0])
    np.testing.assert_allclose(tg.grad((a**b).sum(), [b])[0].data, [0, 0, 0, np.e])
    np.testing.assert_allclose(tg.jvp(a**b, [b], [np.ones(4)]).data, [0, 0, 0, np.e])


@pytest.mark.parametrize("exponent", [2, 3, -1, -2, 1.0])
def test_a_negative_base_takes_whole_exponents(exponent):
    check_derivatives(lambda x: x**exponent, np.array([-1.5, -0.5, 2.0]), order=3)


def test_base_and_exponent_may_be_one():
    check_derivatives(lambda x: x**x, np.array([0.5, 1.0, 2.0]), order=3)


def test_an_exponent_of_zero_is_held_for_the_base_alone():
    """∂²(aᵇ) / ∂a∂b = aᵇ⁻¹ (1 + b ln a), which is not 0 at b = 0."""
    check_derivatives(tg.power, np.array([0.5, 2.0, 3.0]), np.array([0.0, 0.0, 1.0]), order=3)


def test_integers_stay_integers():
    n = tg.tensor([1, 2, 3])
    assert [(n + 1).dtype.kind, (n * n).dtype.kind, (n**2).dtype.kind, (n / 2).dtype.kind] == ["i", "i", "i", "f"]
    assert not (n * n).requires_grad
    with pytest.raises(tg.TinygradRNNError, match=r"power of unlabelled \(3,\) int64.*negative integer powers"):
        n**-1


@pytest.mark.parametrize("name", ["equal", "greater"])
def test_comparisons_as_nodes_end_differentiation(name):
    x = tg.parameter([1.0, 2.0])
    node = tg.OPERATIONS[name](x, 1.0)
    assert not node.requires_grad
    np.testing.assert_array_equal(node.data, getattr(np, name)([1.0, 2.0], 1.0))
    assert gradients(node * x, x) == [node.data.tolist()]
    np.testing.assert_array_equal(tg.jvp(node * x, [x], [[1.0, 1.0]]).data, node.data)
    np.testing.assert_array_equal(tg.jvp(node * 2.0, [x], [[1.0, 1.0]]).data, 0)
    assert node.op.jvp([1.0, None], node, *node.inputs) is None


def test_derivatives_pass_around_comparisons_of_constants_too():
    x = tg.tensor([1.0, 2.0])
    node = tg.OPERATIONS["greater"](x, 1.0)
    assert gradients(node * x * x, x) == [[0.0, 4.0]]
    (g,) = tg.grad((node * x * x).sum(), [x], create_graph=True)
    assert gradients(g, x) == [[0.0, 2.0]]


def test_division_by_zero_is_numpys():
    x = tg.parameter([0.0])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        y = 1 / x
    assert y.data.tolist() == [np.inf]


# ---------------------------------------------------------------------- remainders, angles, and the larger of two


@pytest.mark.parametrize("function", [np.remainder, np.fmod, np.floor_divide])
def test_remainders_of_both_signs(function):
    a, b = np.meshgrid([-3.7, -0.3, 0.2, 5.3], [-1.5, -0.4, 0.7, 2.0])
    np.testing.assert_array_equal(function(tg.tensor(a), b).data, function(a, b))
    check_derivatives(function, a, b)


def test_the_remainder_at_a_jump_has_the_slope_of_its_branch():
    a, b = tg.parameter([4.0, -4.0]), tg.parameter([2.0, 2.0])
    assert gradients(a % b, a, b) == [[1, 1], [-2, 2]]
    assert gradients(a // b, a, b) == [[0, 0], [0, 0]]


@pytest.mark.parametrize("function", [tg.fmax, tg.fmin])
def test_the_operand_that_is_a_number_gets_the_gradient(function):
    a, b = tg.parameter([np.nan, 1.0, 2.0, np.nan]), tg.parameter([1.0, np.nan, 2.0, np.nan])
    np.testing.assert_array_equal(function(a, b).data, [1, 1, 2, np.nan])
    assert gradients(function(a, b), a, b) == [[0, 1, 0.5, 0], [1, 0, 0.5, 0]]


@pytest.mark.parametrize("function", [tg.maximum, tg.minimum])
def test_nan_wins_and_gets_no_gradient(function):
    a, b = tg.parameter([np.nan, 1.0]), tg.parameter([1.0, 1.0])
    assert np.isnan(function(a, b).data).tolist() == [True, False]
    assert gradients(function(a, b), a, b) == [[0, 0.5], [0, 0.5]]


@pytest.mark.parametrize("function", [tg.hypot, tg.arctan2])
def test_at_the_origin_the_derivative_is_0(function):
    a, b = tg.parameter([0.0]), tg.parameter([0.0])
    assert gradients(function(a, b), a, b) == [[0], [0]]
    (g,) = tg.grad(function(a, b).sum(), [a], create_graph=True)
    assert np.isfinite([h.item() for h in tg.grad(g.sum(), [a, b])]).all()


def test_hypot_does_not_overflow():
    a, b = tg.parameter([3e200]), tg.parameter([4e200])
    np.testing.assert_allclose(np.hypot(a, b).data, 5e200)
    np.testing.assert_allclose(gradients(np.hypot(a, b), a, b), [[0.6], [0.8]])


@pytest.mark.parametrize(("function", "base"), [(tg.logaddexp, np.e), (tg.logaddexp2, 2)])
def test_sums_of_exponentials_far_apart(function, base):
    a, b = tg.parameter([1000.0, -1000.0, 3.0]), tg.parameter([-1000.0, 1000.0, 3.0])
    y = function(a, b)
    np.testing.assert_allclose(y.data, [1000, 1000, 3 + np.log(2) / np.log(base)])
    np.testing.assert_allclose(gradients(y, a, b), [[1, 0, 0.5], [0, 1, 0.5]], atol=1e-15)


@pytest.mark.parametrize("dtype", [int, np.float32, np.float64])
def test_float_power_of_any_dtype(dtype):
    base = np.array([1, 2, 4], dtype)
    y = np.float_power(tg.tensor(base), -2)
    np.testing.assert_array_equal(y.data, np.float_power(base, -2))
    assert y.dtype == np.float64


def test_copysign_takes_the_sign_of_zeros():
    a, b = tg.parameter([2.0, -2.0, 0.0]), tg.tensor([-0.0, 0.0, -1.0])
    y = np.copysign(a, b)
    np.testing.assert_array_equal(y.data, np.copysign(a.data, b.data))
    assert gradients(y, a) == [[-1, -1, 0]]
