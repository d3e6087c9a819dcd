"""Axes and elements in other places, against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import tinygrad_rnn as tg
from tests.support import check_derivatives, even, odd, real

X = real(np.random.default_rng(0), (2, 3, 4))


def check(function, *arrays, order=2):
    y, expected = function(*map(tg.tensor, arrays)), function(*arrays)
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(y.data, expected)
    check_derivatives(function, *arrays, order=order)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, (-1, 0), (0, 1)), lambda x: np.moveaxis(x, [], []),
        lambda x: np.rollaxis(x, 2), lambda x: np.rollaxis(x, 0, 3), lambda x: np.rollaxis(x, -2, -1),
        lambda x: np.swapaxes(x, 0, 2), lambda x: np.swapaxes(x, -1, 1), lambda x: np.swapaxes(x, 1, 1),
        lambda x: np.expand_dims(x, -1), lambda x: np.expand_dims(x, (1, 2, -1)),
        lambda x: np.reshape(x, (4, -1), order="F"), lambda x: np.ravel(x, order="F"),
        lambda x: x.reshape(6, 4, order="F"), lambda x: x.flatten("F"), lambda x: x.ravel("F"),
        np.flip, np.flipud, np.fliplr, lambda x: np.flip(x, (0, -1)), lambda x: np.flip(x, 1),
        *[lambda x, k=k: np.rot90(x, k) for k in range(-2, 5)], lambda x: np.rot90(x, 1, (2, 0)),
        lambda x: np.roll(x, 5), lambda x: np.roll(x, -1, 1), lambda x: np.roll(x, (1, 2), (0, -1)),
        lambda x: np.roll(x, 2, (1, 2)), lambda x: np.roll(x, np.int64(2), 0),
        lambda x: np.roll(x, np.array([1, 2]), (0, 1)),
        lambda x: np.repeat(x, 2), lambda x: np.repeat(x, 0, 1), lambda x: np.repeat(x, 2, -1),
        lambda x: np.repeat(x, [0, 2, 1], axis=1),
        lambda x: np.repeat(x, np.array([1, 0]), 0),
        lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1)), lambda x: np.tile(x, (2, 1, 1, 3)),
        lambda x: np.tile(x, 0),
        lambda x: np.take(x, 5), lambda x: np.take(x, [[0, -1]]), lambda x: np.take(x, [2, 2, 0], axis=-1),
        lambda x: np.take(x, [], axis=0), lambda x: np.take(x, 1, 1),
        lambda x: np.pad(x, 1), lambda x: np.pad(x, (0, 2), constant_values=(5, 6)),
        lambda x: np.pad(x, ((0, 1), (2, 0), (1, 1)), "constant", constant_values=2),
        lambda x: np.pad(x, ((1, 0), (0, 2), (5, 3)), "edge"), lambda x: np.pad(x, 1, "reflect"),
        lambda x: np.pad(x, (2, 5), "symmetric"), lambda x: np.pad(x, 3, mode="wrap"),
        lambda x: np.array_split(x, 3, -1)[0], lambda x: np.array_split(x, [1, 2], 1)[2], lambda x: np.hsplit(x, 3)[1],
        lambda x: np.vsplit(x, [1])[0], lambda x: np.dsplit(x, 2)[1], lambda x: np.broadcast_arrays(x, X[0])[0],
        np.atleast_1d, np.atleast_2d, np.atleast_3d, lambda x: np.atleast_2d(x[0, 0]), lambda x: np.atleast_3d(x[0, 0]),
        lambda x: np.atleast_1d(x, x[0])[1], lambda x: np.atleast_1d(x[0, 0, 0]),
        np.hstack, np.vstack, np.dstack, lambda x: np.hstack([x[0, 0], x[0, 1]]), lambda x: np.column_stack(x[0]),
        lambda x: np.column_stack([x[0], x[0, :, 1]]), lambda x: np.append(x, 1.0), lambda x: np.append(x, x[:1], 0),
        lambda x: np.full_like(x, 3), lambda x: np.full_like(x, x[0, 0], np.longdouble),
        np.real, np.conj, np.real_if_close, np.fix, np.around, lambda x: np.round(x, 1),
    ],
)  # fmt: skip
def test_as_numpy_arranges(function):
    y, expected = function(tg.parameter(X)), function(X)
    assert isinstance(y, tg.Tensor)
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(y.data, expected)
    check_derivatives(lambda x: function(x + 1 / 128).astype(float), X)


@given(array_shapes(max_dims=3, max_side=3), st.data())
def test_moveaxis_and_its_inverse(shape, data):
    n = len(shape)
    source, destination = (data.draw(st.permutations(range(-n, 0))) for _ in range(2))
    count = data.draw(st.integers(0, n))
    x = real(np.random.default_rng(0), shape)
    y = np.moveaxis(tg.tensor(x), source[:count], destination[:count])
    np.testing.assert_array_equal(y.data, np.moveaxis(x, source[:count], destination[:count]))
    np.testing.assert_array_equal(np.moveaxis(y, destination[:count], source[:count]).data, x)


@pytest.mark.parametrize("bounds", [(-0.5, 0.5), (None, 0.5), (-0.5, None), (0.5, -0.5), ([0.0, 0.5, 1.0], 1.25)])
def test_clip(bounds):
    x = odd(np.random.default_rng(0), (4, 3))
    check(lambda x: np.clip(x, *bounds), x)
    low, high = bounds
    np.testing.assert_array_equal(np.clip(tg.tensor(x), min=low, max=high).data, np.clip(x, *bounds))
    np.testing.assert_array_equal(tg.tensor(x).clip(low, high).data, x.clip(low, high))


def test_clip_shares_the_derivative_at_a_bound():
    x = tg.parameter([-1.0, 0.0, 0.5, 1.0, 2.0])
    np.testing.assert_array_equal(tg.grad(x.clip(0, 1).sum(), [x])[0].data, [0, 0.5, 1, 0.5, 0])


def test_take_at_the_integers_of_a_tensor():
    index = tg.tensor([[0, 2], [1, 1]])
    np.testing.assert_array_equal(tg.take(X, index, axis=1).data, np.take(X, index.data, axis=1))
    check_derivatives(lambda x: np.take(x, index), X)


def test_clip_without_bounds_changes_nothing():
    x = tg.parameter(X)
    np.testing.assert_array_equal(np.clip(x, None, None).data, X)


def test_select():
    rng = np.random.default_rng(0)
    a, b = odd(rng, (3,)), even(rng, (2, 1))
    check(lambda a, b: np.select([np.greater(a, 1), np.less(a, 0)], [a * b, b], 7.0), a, b)
    np.testing.assert_array_equal(np.select([[True, False]], [tg.tensor([1.0, 2.0])]).data, [1, 0])


def test_broadcast_arrays_gives_all_of_them():
    a, b = np.broadcast_arrays(tg.parameter([[1.0], [2.0]]), [1.0, 2.0, 3.0])
    assert a.shape == b.shape == (2, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.moveaxis(x, 3, 0), lambda x: np.moveaxis(x, (0, 1), 2), lambda x: np.rollaxis(x, 4),
        lambda x: np.swapaxes(x, 0, 3), lambda x: np.flip(x, 3), lambda x: np.rot90(x, 1, (0, 0)),
        lambda x: np.rot90(x, 1, (0, 1, 2)), lambda x: np.roll(x, 1, 4), lambda x: np.repeat(x, [1, 2], 2),
        lambda x: np.repeat(x, 2, 5), lambda x: np.repeat(x, -1), lambda x: np.take(x, 9, 0),
        lambda x: np.take(x, [1.5]), lambda x: np.take(x, 0, 4),
        lambda x: np.expand_dims(x, 7),
        lambda x: np.pad(x, ((1, 1), (2, 2))), lambda x: np.pad(x, -1), lambda x: np.array_split(x, 0),
        lambda x: np.dsplit(x[0], 1), lambda x: np.vsplit(x[0, 0], 1), lambda x: np.broadcast_arrays(x, np.ones(5)),
        lambda x: np.squeeze(x, 0), lambda x: np.hstack([x, x[0]]), lambda x: np.select([X > 0], [x, x]),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_refused(call):
    with pytest.raises((tg.ShapeError, tg.IndexingError)):
        call(tg.parameter(X, label="x"))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.pad(x, 1, "mean"), lambda x: np.pad(x, 1, "reflect", reflect_type="odd"),
        lambda x: tg.reshape(x, 24, "K"), lambda x: np.ravel(x, "A"), lambda x: np.take(x, 0, mode="wrap"),
    ],
)  # fmt: skip
def test_options_without_a_rule_are_refused(call):
    with pytest.raises(TypeError):
        call(tg.parameter(X))
