"""Picking, joining, reshaping and casting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import (
    array_shapes,
    arrays,
    basic_indices,
    broadcastable_shapes,
    integer_array_indices,
    mutually_broadcastable_shapes,
)

import tinygrad_rnn as tg
from tests.support import check_derivatives, real


def operand(*shape, seed=0):
    return real(np.random.default_rng(seed), shape)


# ---------------------------------------------------------------------- indices

shapes = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


@st.composite
def shapes_with_indices(draw):
    """A shape, and anything that numpy takes as an index for it."""
    shape = draw(array_shapes(max_dims=3, max_side=4))
    advanced = integer_array_indices(shape, result_shape=array_shapes(max_dims=2, max_side=3))
    masks = st.integers(1, len(shape)).flatmap(lambda n: arrays(bool, shape[:n]))
    one_axis = arrays(int, st.integers(0, 4), elements=st.integers(-shape[0], shape[0] - 1))
    mixed = st.tuples(one_axis, basic_indices(shape[1:], allow_newaxis=True)).map(
        lambda pair: (pair[0], *(pair[1] if isinstance(pair[1], tuple) else (pair[1],)))
    )
    lists = one_axis.map(np.ndarray.tolist)
    return shape, draw(basic_indices(shape, allow_newaxis=True) | advanced | masks | one_axis | mixed | lists)


@settings(max_examples=300)
@given(shapes_with_indices())
def test_any_index(shape_and_index):
    shape, index = shape_and_index
    x = operand(*shape)
    y = tg.tensor(x)[index]
    assert y.shape == x[index].shape
    np.testing.assert_array_equal(y.data, x[index])
    check_derivatives(lambda x: x[index], x)


@pytest.mark.parametrize("index", [(), ..., None, (None, ...), True])
def test_a_number_can_be_indexed(index):
    x = np.array(2.0)
    np.testing.assert_array_equal(tg.tensor(x)[index].data, x[index])
    check_derivatives(lambda x: x[index], x)
    check_derivatives(lambda x: x[index] * x + x * x, x)


@pytest.mark.parametrize("index", [[0, 2], [True, False, True], 1, np.array([0, 0]), np.array(2)])
def test_a_tensor_of_integers_or_truth_values_is_an_index(index):
    x = operand(3, 2)
    np.testing.assert_array_equal(tg.tensor(x)[tg.tensor(index)].data, x[np.asarray(index)])
    np.testing.assert_array_equal(tg.tensor(x)[tg.tensor(index), 0].data, x[np.asarray(index), 0])
    check_derivatives(lambda x: x[tg.tensor(index)], x)


@pytest.mark.parametrize(
    "index",
    [
        (np.array([True, False, True]), [1, 0]), ([0, 2], slice(None), np.array([True, False, False, True])),
        (slice(None), np.array([[True, False, True, True], [False, False, True, False]])), (1, ..., [0, 0, 3]),
        (np.ones((3, 2), bool), 0), (None, [2, 2], None, 1, slice(None, None, 2)), (np.array([[0], [1]]), [[0, 1]]),
        ([[0, 1], [1, 1]], ..., -1), (np.zeros(3, bool),), (0, np.array(1), 2), (..., np.int64(-1)),
    ],
    ids=str,
)  # fmt: skip
def test_masks_lists_slices_and_numbers_together(index):
    x = operand(3, 2, 4)
    np.testing.assert_array_equal(tg.tensor(x)[index].data, x[index])
    check_derivatives(lambda x: x[index], x)
    check_derivatives(lambda x: x[index] * 2 + (x * x)[index], x)


def test_an_index_is_copied():
    index = np.array([0, 1])
    x = tg.parameter([1.0, 2.0, 3.0])
    y = x[index]
    index[:] = 2
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 1, 0])


def test_an_element_picked_twice_gets_both_gradients():
    x = tg.parameter([1.0, 2.0, 3.0])
    y = x[[0, 2, 0]]
    np.testing.assert_array_equal(tg.grad(y, [x], gradient=[1.0, 10.0, 100.0])[0].data, [101, 0, 10])
    pair = x[[0, 2]] * x[[0, 1]] + x[[1, 1]]
    np.testing.assert_array_equal(tg.grad(pair.sum(), [x])[0].data, [2, 3 + 2, 2])


@settings(max_examples=100)
@given(st.lists(shapes_with_indices().map(lambda pair: pair[1]), min_size=1, max_size=4), st.permutations(range(6)))
def test_many_indices_of_one_array(indices, order):
    """Slices and whole uses of one array, mixed in any order, add up in its gradient."""
    x = operand(4, 3, 2)
    fitting = [index for index in [*indices, 1, ...] if _fits(x, index)]

    def uses(x):
        terms = [(x[index] * (k + 1)).sum() for k, index in enumerate(fitting)] + [(x * x).sum(), (3 * x).sum()]
        return tg.stack([terms[k] for k in order if k < len(terms)])

    check_derivatives(uses, x)


def _fits(x, index):
    try:
        x[index]
    except IndexError:
        return False
    return True


# ---------------------------------------------------------------------- split, concatenate, stack


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("cut", [1, 2, 4, [], [0], [1, 3], [2, 2], [-1], [1, -1], [3, 9], [3, 1], np.array([1, 2])])
def test_split(axis, cut):
    x = operand(4, 4)
    found, expected = tg.split(x, cut, axis=axis), np.split(x, cut, axis=axis)
    assert len(found) == len(expected)
    for part, plain in zip(found, expected, strict=True):
        assert part.shape == plain.shape
        np.testing.assert_array_equal(part.data, plain)
    check_derivatives(lambda x: tg.concatenate(tg.split(x, cut, axis=axis), axis=axis), x)


@given(st.data())
def test_concatenate(data):
    shape = data.draw(array_shapes(max_dims=3, max_side=3))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    parts = []
    for k, length in enumerate(lengths):
        part_shape = list(shape)
        part_shape[-1 if axis is None else axis] = length
        parts.append(operand(*part_shape, seed=k))
    y = tg.concatenate(parts, axis=axis)
    np.testing.assert_array_equal(y.data, np.concatenate(parts, axis=axis))
    check_derivatives(lambda *xs: tg.concatenate(xs, axis=axis), *parts)


@given(shapes, st.integers(1, 3), st.data())
def test_stack(shape, n, data):
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    parts = [operand(*shape, seed=k) for k in range(n)]
    y = tg.stack(parts, axis=axis)
    assert y.shape == np.stack(parts, axis).shape
    np.testing.assert_array_equal(y.data, np.stack(parts, axis))
    check_derivatives(lambda *xs: tg.stack(xs, axis=axis), *parts)


def test_a_node_joined_with_itself():
    check_derivatives(lambda x: tg.stack([x, x * x, x]), operand(2))
    check_derivatives(lambda x: tg.concatenate([x, x, x * x], axis=None), operand(2, 2))


def test_joining_mixes_tensors_arrays_and_numbers():
    W = tg.parameter([1.0, 2.0])
    y = tg.stack([W, np.array([3, 4]), [5.0, 6.0]])
    np.testing.assert_array_equal(y.data, [[1, 2], [3, 4], [5, 6]])
    y = tg.concatenate(part for part in (W, [3.0], np.array([4], np.float32)))
    np.testing.assert_array_equal(tg.grad(y, [W], gradient=[1.0, 2.0, 3.0, 4.0])[0].data, [1, 2])
    np.testing.assert_array_equal(tg.stack([W[0], 7.0]).data, [1, 7])
    assert tg.stack([np.float32(1), np.float64(2)]).dtype == float


# ---------------------------------------------------------------------- where

CONDITION = np.array([True, False, True])
CHOICES = {
    "parameter": tg.parameter,
    "constant": tg.tensor,
    "array": np.array,
    "list": np.ndarray.tolist,
    "number": lambda array: array.flat[0].item(),
    "float32": lambda array: tg.parameter(array.astype(np.float32)),
}


@pytest.mark.parametrize(
    "condition",
    [
        CONDITION, CONDITION.tolist(), tg.tensor(CONDITION), tg.tensor([2, 0, 1]), np.array([1, 0, 2]),
        np.array([0.5, 0, -1]), np.True_, True, False, 1, 0.0,
    ],
    ids=type,
)  # fmt: skip
@pytest.mark.parametrize("a", CHOICES)
@pytest.mark.parametrize("b", CHOICES)
def test_where(condition, a, b):
    a, b = CHOICES[a](operand(3)), CHOICES[b](operand(3, seed=1))
    plain = [x.data if isinstance(x, tg.Tensor) else x for x in (condition, a, b)]
    expected = np.where(*plain)
    y = tg.where(condition, a, b)
    np.testing.assert_array_equal(y.data, expected)
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    chosen = np.broadcast_to(np.asarray(plain[0]).astype(bool), y.shape)
    for x, picked in (a, chosen), (b, ~chosen):
        if isinstance(x, tg.Tensor):
            (g,) = tg.grad(y.sum(), [x])
            np.testing.assert_array_equal(g.data, picked)
            assert g.dtype == x.dtype


def test_a_condition_gets_no_gradient():
    c, a = tg.parameter([1.0, 0.0]), tg.parameter([3.0, 4.0])
    y = tg.where(c, a, 2 * a)
    assert [g.data.tolist() for g in tg.grad(y.sum(), [c, a])] == [[0, 0], [1, 2]]
    np.testing.assert_array_equal(tg.jvp(y, [c], [[1.0, 1.0]]).data, [0, 0])
    np.testing.assert_array_equal(tg.jvp(y, [c, a], [[1.0, 1.0], [1.0, 1.0]]).data, [1, 2])
    np.testing.assert_array_equal(tg.jvp(tg.where(c, 1.0, 2.0) * 3, [c], [[1.0, 1.0]]).data, [0, 0])
    assert not tg.where(c, 1.0, 2.0).requires_grad
    y.sum().backward()
    assert c.grad is None
    np.testing.assert_array_equal(a.grad, [1, 2])


def test_an_operand_without_a_rule_gets_no_gradient():
    """The operation itself, which rules call, takes a condition of any dtype; `tg.where` casts it first."""
    c, a = tg.parameter([1.0, 0.0]), tg.parameter([3.0, 4.0])
    y, constant = tg.OPERATIONS["where"](c, a, 2.0), tg.OPERATIONS["where"](c, 1.0, 2.0)
    for create_graph in False, True:
        assert [g.data.tolist() for g in tg.grad(y.sum(), [c, a], create_graph=create_graph)] == [[0, 0], [1, 0]]
        assert tg.grad(constant.sum() + 0 * c.sum(), [c], create_graph=create_graph)[0].data.tolist() == [0, 0]
        np.testing.assert_array_equal(tg.jvp(y, [c, a], [a, a], create_graph=create_graph).data, [3, 0])
        np.testing.assert_array_equal(tg.jvp(a * tg.max(constant), [c], [a], create_graph=create_graph).data, 0)


def test_what_is_not_chosen_does_not_spoil_the_gradient():
    """The safe-where idiom: the operand is made harmless before, so that no NaN is multiplied by 0."""
    x = tg.parameter([0.0, 4.0])
    y = tg.where(x.data > 0, tg.sqrt(tg.where(x.data > 0, x, 1.0)), 0.0)
    np.testing.assert_array_equal(tg.grad(y.sum(), [x])[0].data, [0, 0.25])


# ---------------------------------------------------------------------- shape


@given(shapes, st.data())
def test_reshape(shape, data):
    x = operand(*shape)
    new = data.draw(st.sampled_from([(-1,), (1, -1), (*shape, 1), (1, *shape), shape[::-1], (x.size,)]))
    new = new if x.size or -1 not in new else (x.size,)
    y = tg.reshape(x, new)
    assert y.shape == x.reshape(new).shape
    np.testing.assert_array_equal(y.data, x.reshape(new))
    check_derivatives(lambda x: tg.reshape(x, new), x)


@pytest.mark.parametrize("shape", [6, np.int64(6), -1, (6,), [2, 3], (np.int64(2), -1), np.array([3, 2])])
def test_a_shape_is_an_integer_or_several(shape):
    x = operand(2, 3)
    assert tg.reshape(x, shape).shape == x.reshape(shape).shape
    if np.min(shape) > 0:
        assert tg.broadcast_to(1.0, shape).shape == np.broadcast_to(1.0, shape).shape


@given(shapes, st.data())
def test_transpose(shape, data):
    axes = data.draw(st.none() | st.permutations(range(len(shape))).map(tuple))
    negative = axes if axes is None else tuple([i - len(shape) for i in axes])
    x = operand(*shape)
    for order in axes, negative:
        y = tg.transpose(x, order)
        assert y.shape == np.transpose(x, order).shape
        np.testing.assert_array_equal(y.data, np.transpose(x, order))
        check_derivatives(lambda x: tg.transpose(x, order), x)  # noqa: B023  called at once


@pytest.mark.parametrize("axis", [None, 0, -1, 2, (0, 2), (0, -2), ()])
def test_squeeze(axis):
    x = operand(1, 2, 1, 1)
    assert tg.squeeze(x, axis).shape == np.squeeze(x, axis).shape
    check_derivatives(lambda x: tg.squeeze(x, axis), x)


@given(mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=3, max_side=3))
def test_broadcast_to(shapes):
    shape, full = shapes.input_shapes[0], shapes.result_shape
    x = operand(*shape)
    y = tg.broadcast_to(x, full)
    assert y.shape == full
    np.testing.assert_array_equal(y.data, np.broadcast_to(x, full))
    check_derivatives(lambda x: tg.broadcast_to(x, full), x)


@given(shapes.flatmap(lambda shape: st.tuples(st.just(shape), broadcastable_shapes(shape, min_side=0, max_dims=3))))
def test_gradients_have_their_operands_shape(pair):
    """Whatever is repeated on the way in is summed on the way back, empty axes too."""
    shape, other = pair
    x, array = tg.parameter(np.ones(shape)), np.ones(other)
    y = x * array
    y.backward(np.ones(y.shape))
    assert x.grad.shape == shape
    np.testing.assert_array_equal(x.grad, y.size / x.size if x.size else 0)


# ---------------------------------------------------------------------- dtypes

FLOATS = [np.float16, np.float32, np.float64, np.longdouble]


@pytest.mark.parametrize("before", FLOATS)
@pytest.mark.parametrize("after", FLOATS)
def test_a_cast_casts_the_gradient_back(before, after):
    x = tg.parameter([1.0, 2.0, 3.0], dtype=before)
    y = x.astype(after) * np.array([1, 2, 3], after)
    assert y.dtype == after
    for create_graph in False, True:
        (g,) = tg.grad(y.sum(), [x], create_graph=create_graph)
        assert g.dtype == before
        np.testing.assert_array_equal(g.data, [1, 2, 3])
        along = tg.jvp(y, [x], [np.ones(3)], create_graph=create_graph)
        assert along.dtype == after
        np.testing.assert_array_equal(along.data, [1, 2, 3])


@pytest.mark.parametrize("dtype", [bool, int, np.uint8])
@pytest.mark.parametrize("make", [tg.tensor, tg.parameter])
def test_a_cast_to_another_kind_ends_differentiation(make, dtype):
    x = make([0.0, 1.0, 2.0])
    whole = x.astype(dtype)
    assert not whole.requires_grad
    np.testing.assert_array_equal(whole.data, x.data.astype(dtype))
    y = whole.astype(float) * x + whole * 2.0
    np.testing.assert_array_equal(tg.grad(y.sum(), [x])[0].data, whole.data)
    np.testing.assert_array_equal(tg.jvp(y, [x], [np.ones(3)]).data, whole.data)
    np.testing.assert_array_equal(tg.jvp(whole.max(0) * 2.0, [x], [np.ones(3)]).data, 0)
    (g,) = tg.grad(y.sum(), [x], create_graph=True)
    np.testing.assert_array_equal(tg.grad((g * x).sum(), [x])[0].data, whole.data)
