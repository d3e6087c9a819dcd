"""Elements in order of size, and picked along an axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import tinygrad_rnn as tg
from tests.support import check_derivatives, distinct, real


@given(array_shapes(max_dims=3, max_side=4), st.data())
def test_sort_and_partition(shape, data):
    x = distinct(np.random.default_rng(0), shape)
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    kth = data.draw(st.integers(0, (x.size if axis is None else shape[axis]) - 1))
    np.testing.assert_array_equal(np.sort(tg.tensor(x), axis).data, np.sort(x, axis))
    check_derivatives(lambda x: np.sort(x, axis), x)
    partitioned = np.partition(tg.tensor(x), kth, axis).data
    placed = np.sort(x, axis).take(kth, axis or 0)
    np.testing.assert_array_equal(partitioned.take(kth, axis or 0), placed)
    np.testing.assert_array_equal(np.sort(partitioned, axis), np.sort(x, axis))
    check_derivatives(lambda x: np.partition(x, kth, axis), x)


def test_equal_elements_keep_their_order():
    x = tg.parameter([2.0, 1.0, 2.0, 1.0])
    np.testing.assert_array_equal(tg.grad(tg.sort(x), [x], [1.0, 2.0, 3.0, 4.0])[0].data, [3, 1, 4, 2])


def test_a_sorted_graph_sorts_other_values_as_they_are():
    x = tg.parameter([3.0, 1.0, 2.0])
    weights = np.array([1.0, 10.0, 100.0])
    (g,) = tg.grad(tg.sort(x * x), [x], weights, create_graph=True)
    np.testing.assert_array_equal(tg.jvp(tg.sort(x), [x], [[1.0, 2.0, 3.0]]).data, [2, 3, 1])
    np.testing.assert_array_equal(g.data, 2 * x.data * [100, 1, 10])
    (h,) = tg.grad(g.sum(), [x])
    np.testing.assert_array_equal(h.data, [200, 2, 20])


@given(array_shapes(max_dims=3, max_side=3), st.data())
def test_take_along_axis(shape, data):
    x = real(np.random.default_rng(0), shape)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    picked = list(shape)
    picked[axis] = data.draw(st.integers(0, 4))
    other = data.draw(st.integers(0, x.ndim - 1))
    if other != axis % x.ndim and data.draw(st.booleans()):
        picked[other] = 1
    index = data.draw(arrays(int, picked, elements=st.integers(-shape[axis], shape[axis] - 1)))
    expected = np.take_along_axis(x, index, axis)
    np.testing.assert_array_equal(np.take_along_axis(tg.tensor(x), index, axis).data, expected)
    check_derivatives(lambda x: np.take_along_axis(x, index, axis), x)


def test_take_along_all_elements():
    x = real(np.random.default_rng(0), (2, 3))
    index = np.argsort(tg.tensor(x), axis=None)
    np.testing.assert_array_equal(np.take_along_axis(tg.tensor(x), index, None).data, np.sort(x, None))


@pytest.mark.parametrize(
    "call", [lambda x: tg.sort(x, 2), lambda x: tg.partition(x, 5), lambda x: tg.take_along_axis(x, [[7]], 0)]
)
def test_what_is_refused(call):
    with pytest.raises((tg.ShapeError, tg.IndexingError), match=r"of x \(2, 2\) float64"):
        call(tg.parameter(np.ones((2, 2)), label="x"))
