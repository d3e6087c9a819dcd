"""Diagonals and triangles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import tinygrad_rnn as tg
from tests.support import check_derivatives, real


@given(array_shapes(min_dims=2, max_dims=3, max_side=4), st.integers(-4, 4), st.data())
def test_any_diagonal(shape, offset, data):
    axis1, axis2 = data.draw(st.permutations(range(len(shape))))[:2]
    x = real(np.random.default_rng(0), shape)
    for function in np.diagonal, np.trace:
        y = function(tg.tensor(x), offset, axis1 - len(shape), axis2)
        np.testing.assert_allclose(y.data, function(x, offset, axis1, axis2), rtol=1e-14, atol=1e-15)
        check_derivatives(lambda x: function(x, offset, axis1, axis2), x)  # noqa: B023  called at once


@given(array_shapes(max_dims=3, max_side=4), st.integers(-4, 4))
def test_triangles_and_diagonal_matrices(shape, k):
    x = real(np.random.default_rng(0), shape)
    functions = [np.tril, np.triu, np.diagflat] + [np.diag] * (x.ndim < 3)
    for function in functions:
        np.testing.assert_array_equal(function(tg.tensor(x), k).data, function(x, k))
        check_derivatives(lambda x: function(x, k), x)  # noqa: B023  called at once


@pytest.mark.parametrize("call", [lambda x: tg.diag(x), lambda x: tg.diagonal(x[0, 0]), lambda x: tg.trace(x, 0, 1, 5)])
def test_what_is_refused(call):
    with pytest.raises(tg.ShapeError, match=r"^diag"):
        call(tg.parameter(np.ones((2, 2, 2))))
