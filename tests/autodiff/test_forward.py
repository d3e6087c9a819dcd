"""Forward mode: what it answers, and that it is the transpose of reverse mode."""

import numpy as np
import pytest

import tinygrad_rnn as tg

A, B = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([1.5, -0.5])


def network(x, b):
    h = tg.tanh(x @ x + b)
    return h, tg.softmax(h * x) + tg.max(x, axis=0, keepdims=True)


def test_an_example_by_hand():
    x, y = tg.parameter(3.0), tg.parameter(4.0)
    z = x * x * y
    assert tg.jvp(z, [x], [1.0]).item() == 24.0
    assert tg.jvp(z, [x, y], [1.0, 10.0]).item() == 24.0 + 90.0
    assert type(tg.jvp(z, [x], [1.0]).data) is np.ndarray
    assert (x.grad, y.grad) == (None, None)


def test_it_is_the_transpose_of_reverse_mode():
    """Σ ⟨grad, tangent⟩ = jvp, for inputs that are leaves, inner nodes, constants, repeated, and the output."""
    x, b = tg.parameter(A), tg.tensor(B)
    h, y = network(x, b)
    rng = np.random.default_rng(0)
    weights = rng.standard_normal(y.shape)
    for inputs in [x], [b], [h], [x, b], [x, h], [h, x, b], [x, x], [y], [y, x, h, x], []:
        tangents = [rng.standard_normal(node.shape) for node in inputs]
        gradients = tg.grad(y, inputs, gradient=weights)
        reverse = sum(np.sum(g.data * v) for g, v in zip(gradients, tangents, strict=True))
        for create_graph in False, True:
            forward = tg.jvp(y, inputs, tangents, create_graph=create_graph)
            np.testing.assert_allclose(np.sum(weights * forward.data), reverse, rtol=1e-13, atol=1e-15)


def test_it_is_linear_in_the_tangents():
    x, b = tg.parameter(A), tg.tensor(B)
    _, y = network(x, b)
    v, w = tg.parameter(A.T), tg.tensor(B * 2)
    along = tg.jvp(y, [x, b], [v, w], create_graph=True)
    expected = tg.jvp(y, [x], [v]).data + 2 * tg.jvp(y, [b], [B]).data
    np.testing.assert_allclose(along.data, expected, rtol=1e-14)
    (slope,) = tg.grad(along, [v], gradient=A)
    np.testing.assert_allclose(slope.data, tg.grad(y, [x], gradient=A)[0].data, rtol=1e-13)


def test_what_the_output_does_not_depend_on():
    x, unused = tg.parameter(A, dtype=np.float32), tg.parameter(B)
    y = x * 2
    for create_graph in False, True:
        along = tg.jvp(y, [unused], [B], create_graph=create_graph)
        assert (along.shape, along.dtype) == (y.shape, np.float32)
        np.testing.assert_array_equal(along.data, 0)


def test_the_tangent_has_the_outputs_dtype():
    x = tg.parameter(A, dtype=np.float32)
    y = tg.tanh(x) * 2
    for tangent in A, A.astype(int), tg.tensor(A.astype(np.float16)), A.tolist():
        assert tg.jvp(y, [x], [tangent]).dtype == np.float32
        assert tg.jvp(y, [x], [tangent], create_graph=True).dtype == np.float32


def test_the_plain_result_is_a_constant_and_shares_nothing():
    x, tangent = tg.parameter(A), np.ones((2, 2))
    along = tg.jvp(x, [x], [tangent])
    assert (along.op, along.requires_grad) == (None, False)
    tangent[:] = 5
    np.testing.assert_array_equal(along.data, 1)
    assert not tg.jvp(x * 2, [x], [tg.parameter(A)]).requires_grad


def test_tangents_must_fit():
    x, b = tg.parameter(A, label="x"), tg.parameter(B)
    y = x * b
    with pytest.raises(tg.GraphError, match="a tangent for each input; got 2 inputs, 1 tangents"):
        tg.jvp(y, [x, b], [A])
    for tangent in B, 1.0, A[0], A[None]:
        with pytest.raises(tg.ShapeError, match=r"a tangent of shape \(.*\) does not fit parameter 'x' \(2, 2\)"):
            tg.jvp(y, [x], [tangent])
    with pytest.raises(tg.DTypeError, match="complex"):
        tg.jvp(y, [x], [A * 1j])


def test_broadcast_and_reduced_tangents_have_their_nodes_shape():
    """Only the smaller operand moves: its tangent is repeated, as the operand was."""
    x, b = tg.parameter(A), tg.parameter(B)
    for y in x + b, b - x, tg.maximum(b, x), tg.where(True, b, x), tg.linear(x, x, b):
        along = tg.jvp(y, [b], [[1.0, 0.0]])
        assert along.shape == (2, 2)
        np.testing.assert_allclose(np.sum(along.data * A), np.sum(tg.grad(y, [b], gradient=A)[0].data * [1, 0]))


def test_the_whole_walk_is_one_visit_for_each_node():
    """The rule of each node is called once, and of those alone that the input leads to."""
    calls = []

    def counted(tangents, y, x):
        calls.append(1)
        return tangents[0]

    same = tg.Operation("same", lambda x: x, [lambda g, y, x: g], counted)
    x, c = tg.parameter(1.0), tg.parameter(1.0)
    y = same(c)
    h = x
    for _ in range(10):
        h = same(h) + h
    assert tg.jvp(h * y, [x], [1.0]).item() == 2.0**10
    assert len(calls) == 10
