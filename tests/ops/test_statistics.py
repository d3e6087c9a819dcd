"""Averages and spreads over any axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.ops.test_reductions import shapes_with_axes
from tests.support import check_derivatives, distinct, positive


@pytest.mark.parametrize("name", ["var", "std"])
@given(shape_and_axis=shapes_with_axes(min_side=2), keepdims=st.booleans(), ddof=st.sampled_from([0, 1, 0.5]))
def test_spreads_over_any_axes(name, shape_and_axis, keepdims, ddof):
    shape, axis = shape_and_axis
    x = distinct(np.random.default_rng(0), shape)
    count = x.size if axis is None else np.prod(np.take(shape, axis), dtype=int)
    if count < 2:
        ddof = 0

    def spread(x):
        return getattr(np, name)(x, axis=axis, ddof=ddof, keepdims=keepdims)

    y = spread(tg.tensor(x))
    np.testing.assert_allclose(y.data, spread(x), rtol=1e-14)
    if count > 1 or name == "var":
        check_derivatives(spread, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [tg.var, tg.std])
def test_equal_values_have_no_spread(function, dtype):
    x = tg.parameter(np.full((2, 3), 0.1), dtype=dtype)
    y = function(x, axis=1)
    (g,) = tg.grad(y.sum(), [x], create_graph=True)
    (h,) = tg.grad((g * g).sum(), [x])
    np.testing.assert_allclose(g.data, 0, atol=np.finfo(dtype).eps)
    assert np.isfinite(h.data).all()
    assert tg.jvp(y, [x], [np.ones((2, 3))]).dtype == dtype


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
def test_averages(axis):
    rng = np.random.default_rng(0)
    x, w = positive(rng, (2, 3, 4)), positive(rng, (2, 3, 4))
    np.testing.assert_allclose(np.average(tg.tensor(x), axis).data, np.average(x, axis), rtol=1e-15)
    np.testing.assert_allclose(np.average(tg.tensor(x), axis, w).data, np.average(x, axis, w), rtol=1e-14)
    check_derivatives(lambda x, w: np.average(x, axis, w, keepdims=True), x, w)


@pytest.mark.parametrize("axis", [0, 2, -2])
def test_averages_with_weights_for_one_axis(axis):
    rng = np.random.default_rng(0)
    x = positive(rng, (2, 3, 4))
    w = positive(rng, (x.shape[axis],))
    np.testing.assert_allclose(np.average(tg.tensor(x), axis, w).data, np.average(x, axis, w), rtol=1e-14)
    check_derivatives(lambda x, w: np.average(x, axis, w), x, w)


@pytest.mark.parametrize("axis", [None, 0, (0, 1), 7])
def test_weights_of_another_shape_are_refused(axis):
    with pytest.raises(tg.ShapeError, match=r"^average of x \(2, 3\)"):
        np.average(tg.parameter(np.ones((2, 3)), label="x"), axis, [1, 2, 3])
