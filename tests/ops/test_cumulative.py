"""Running sums and products, above all where elements are zero."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import tinygrad_rnn as tg
from tests.support import check_derivatives, real

FACTORS = st.sampled_from([-2.0, -0.5, 0.0, 0.0, 1.0, 1.5])


@given(arrays(float, array_shapes(min_side=0, max_dims=3, max_side=3), elements=FACTORS), st.data())
def test_products_with_zeros(x, data):
    """Derivatives of every order are right at zeros, where dividing the product by a factor would fail."""
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    for name in "prod", "cumprod":
        y = getattr(np, name)(tg.tensor(x), axis=axis)
        np.testing.assert_array_equal(y.data, getattr(np, name)(x, axis=axis))
        check_derivatives(lambda x: getattr(np, name)(x, axis=axis), x)  # noqa: B023  called at once


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_a_product_has_every_derivative_at_zeros(zeros):
    """∂ᵏ Π xᵢ / ∂x₁…∂x_k is the product of the others, whichever of them are 0."""
    values = [0.0] * zeros + [2.0, 3.0, 5.0]
    for order in range(4):
        x = [tg.parameter(value) for value in values]
        y = tg.prod(tg.stack(x))
        for k in range(order):
            (y,) = tg.grad(y, [x[k]], create_graph=True)
        assert y.item() == math.prod(values[order:])


@given(arrays(float, array_shapes(min_side=0, max_dims=3, max_side=4), elements=FACTORS), st.data())
def test_running_sums(x, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    np.testing.assert_array_equal(tg.cumsum(x, axis).data, np.cumsum(x, axis))
    check_derivatives(lambda x: tg.cumsum(x, axis), x)


def test_the_recurrence_with_constants():
    """sᵢ = aᵢ sᵢ₋₁ + bᵢ, differentiated by one of its operands alone."""
    recurrence, rng = tg.OPERATIONS["recurrence"], np.random.default_rng(0)
    a, b = real(rng, (2, 4)), real(rng, (2, 4))
    expected = [list(itertools.accumulate(zip(*row, strict=True), lambda s, ab: ab[0] * s + ab[1], initial=0.0))[1:]
                for row in zip(a, b, strict=True)]  # fmt: skip
    np.testing.assert_allclose(recurrence(a, b), expected, rtol=1e-14)
    check_derivatives(lambda a: recurrence(a, tg.tensor(b)), a)
    check_derivatives(lambda b: recurrence(tg.tensor(a), b), b)


@pytest.mark.parametrize("function", [np.cumsum, np.cumprod, np.sum, np.prod, np.mean, np.var, np.std])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_dtype_to_compute_in(function, dtype):
    x = np.array([[1.5, -2.0], [0.25, 3.0]], np.float32)
    y, expected = function(tg.parameter(x), axis=1, dtype=dtype), function(x, axis=1, dtype=dtype)
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.data, expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("ends", [{}, {"prepend": 2.0}, {"append": np.ones((3, 3))}, {"prepend": 0, "append": 1}])
def test_differences(n, axis, ends):
    x = real(np.random.default_rng(0), (3, 3))
    np.testing.assert_array_equal(np.diff(tg.tensor(x), n, axis, **ends).data, np.diff(x, n, axis, **ends))
    check_derivatives(lambda x: np.diff(x, n, axis, **ends), x)


@pytest.mark.parametrize(
    "call",
    [lambda x: tg.cumsum(x, 2), lambda x: tg.cumprod(x, -3), lambda x: tg.diff(x, -1), lambda x: tg.diff(x, 1, 5)],
)
def test_what_is_refused(call):
    with pytest.raises(tg.ShapeError, match=r"of x \(2, 2\) float64: "):
        call(tg.parameter(np.ones((2, 2)), label="x"))


def test_keepdims_is_not_a_dtype():
    """numpy's third argument is the dtype, ours is `keepdims`: to mistake one for the other is an error."""
    with pytest.raises(tg.OperandError, match="sum: keepdims is True or False"):
        np.sum(tg.parameter([1.0]), 0, np.float32)


@pytest.mark.parametrize(("spacing", "axis"), [((), None), ((0.5,), None), ((0.5, 2), None), ((), (-1, 0))])
def test_slopes_of_sampled_values(spacing, axis):
    x = real(np.random.default_rng(0), (3, 4))
    found, expected = np.gradient(tg.tensor(x), *spacing, axis=axis), np.gradient(x, *spacing, axis=axis)
    for y, plain in zip(found, expected, strict=True):
        np.testing.assert_allclose(y.data, plain, rtol=1e-15)
    check_derivatives(lambda x: tg.stack(tg.gradient(x, *spacing, axis=axis)), x)


@pytest.mark.parametrize(
    ("shape", "spacing", "error"),
    [((3, 4), (1, 2, 3), tg.ShapeError), ((1, 4), (), tg.ShapeError), ((3,), ([0, 1, 3],), tg.OperandError)],
)
def test_slopes_that_are_refused(shape, spacing, error):
    with pytest.raises(error, match=r"^gradient"):
        tg.gradient(np.ones(shape), *spacing)
