"""Jacobians, Hessians, products with them, and several outputs at once."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import check_derivatives

A, B = np.array([[0.5, -1.0, 0.25], [2.0, 0.25, -0.5]]), np.array([1.5, -0.5, 0.75])


def network(x, b):
    """A hidden layer and an output of another shape."""
    h = tg.tanh(x * b + tg.sin(x) @ tg.stack([b, b, b]))
    return h, (h * h) @ b


@pytest.mark.parametrize("mode", ["reverse", "forward", None])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_jacobian_has_the_outputs_and_the_inputs_axes(mode, create_graph):
    x, b = tg.parameter(A), tg.tensor(B)
    h, y = network(x, b)
    for input in x, b, h, y:
        jacobian = tg.jacobian(y, input, mode=mode, create_graph=create_graph)
        assert jacobian.shape == y.shape + input.shape
        for index in np.ndindex(y.shape):
            (row,) = tg.grad(y[index], [input])
            np.testing.assert_allclose(jacobian.data[index], row.data, rtol=1e-13, atol=1e-15)
    assert (x.grad, tg.jacobian(y, x, mode=mode).op) == (None, None)


def test_the_fewer_walks_are_chosen(monkeypatch):
    calls = []
    wide = tg.Operation(
        "wide", lambda x: np.outer(x, x),
        [lambda g, y, x: calls.append("reverse") or (g @ x) + (x @ g)],
        lambda tangents, y, x: calls.append("forward") or np.outer(tangents[0], x) + np.outer(x, tangents[0]),
    )  # fmt: skip
    x = tg.parameter(B)
    tg.jacobian(wide(x), x)
    assert calls == ["forward"] * 3
    calls.clear()
    tg.jacobian(wide(x).sum(), x)
    assert calls == ["reverse"]


def test_jacobians_in_both_modes_have_the_inputs_dtype():
    x = tg.parameter(B, dtype=np.float32)
    y = x.astype(np.float64) * B
    for mode in "reverse", "forward":
        assert tg.jacobian(y, x, mode=mode).dtype == np.float32
        assert tg.jacobian(y, x, mode=mode, create_graph=True).dtype == np.float32


def test_empty_and_scalar_jacobians():
    x, none = tg.parameter(2.0), tg.parameter(np.ones((0, 2)))
    for mode in "reverse", "forward":
        assert tg.jacobian(x * x, x, mode=mode).item() == 4.0
        assert tg.jacobian(none * x, x, mode=mode).shape == (0, 2)
        assert tg.jacobian((none * x).sum(), none, mode=mode).shape == (0, 2)
        assert tg.jacobian(x * 3, none, mode=mode).shape == (0, 2)


def test_what_has_no_jacobian():
    x = tg.parameter(B)
    with pytest.raises(tg.SettingError, match="not 'backward'"):
        tg.jacobian(x, x, mode="backward")
    with pytest.raises(tg.DTypeError, match="cannot be differentiated"):
        tg.jacobian(x, tg.tensor([1, 2]))
    with pytest.raises(tg.DTypeError, match="cannot be differentiated"):
        tg.jacobian(x.astype(int), x)
    with pytest.raises(tg.OperandError, match="not of a ndarray"):
        tg.jacobian(x, B)


def test_a_jacobian_can_be_differentiated_again():
    for mode in "reverse", "forward":
        check_derivatives(
            lambda x, b, mode=mode: tg.jacobian(network(x, b)[1], b, mode=mode, create_graph=True), A, B, order=2
        )


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hessian_is_symmetric_and_is_the_jacobian_of_the_gradient(create_graph):
    x, b = tg.parameter(A), tg.tensor(B)
    h, y = network(x, b)
    loss = (y * y).sum() + (h**3).sum()
    for input in x, b, h:
        hessian = tg.hessian(loss, input, create_graph=create_graph)
        assert (hessian.shape, hessian.requires_grad) == (input.shape * 2, create_graph)
        square = hessian.data.reshape(input.size, input.size)
        np.testing.assert_allclose(square, square.T, rtol=1e-13, atol=1e-14)
        (slope,) = tg.grad(loss, [input], create_graph=True)
        for mode in "reverse", "forward":
            np.testing.assert_allclose(tg.jacobian(slope, input, mode=mode).data, hessian.data, rtol=1e-12, atol=1e-13)
        direction = np.arange(1.0, input.size + 1).reshape(input.shape)
        along = tg.hvp(loss, input, direction, create_graph=create_graph)
        np.testing.assert_allclose(along.data.ravel(), square @ direction.ravel(), rtol=1e-12, atol=1e-13)


def test_the_hessian_of_a_line_is_zero():
    x = tg.parameter(B)
    for create_graph in False, True:
        np.testing.assert_array_equal(tg.hessian((2 * x).sum(), x, create_graph=create_graph).data, np.zeros((3, 3)))
    with pytest.raises(tg.GraphError, match="3 elements"):
        tg.hessian(x * x, x)


def test_a_product_with_the_hessian_of_several_inputs():
    x, b = tg.parameter(A), tg.parameter(B)
    _, y = network(x, b)
    loss = (y * y).sum()
    v, w = A[::-1], B[::-1]
    along_x, along_b = tg.hvp(loss, [x, b], [v, w])
    slopes = tg.grad(loss, [x, b], create_graph=True)
    along = (slopes[0] * v).sum() + (slopes[1] * w).sum()
    for found, expected in zip((along_x, along_b), tg.grad(along, [x, b]), strict=True):
        np.testing.assert_allclose(found.data, expected.data, rtol=1e-12)
    check_derivatives(lambda x, b, v: tg.hvp((network(x, b)[1] ** 2).sum(), x, v, create_graph=True), A, B, v, order=1)


@pytest.mark.parametrize("outer", ["reverse", "forward"])
@pytest.mark.parametrize("middle", ["reverse", "forward"])
@pytest.mark.parametrize("inner", ["reverse", "forward"])
def test_third_derivatives_in_every_mix_of_modes(inner, middle, outer):
    x = tg.parameter(B)
    y = tg.sin(2 * x) * x
    for mode in inner, middle, outer:
        jacobian = tg.jacobian(y, x, mode=mode, create_graph=True)
        y = (jacobian * np.eye(3)).sum(axis=-1)
    s, c = np.sin(2 * B), np.cos(2 * B)
    np.testing.assert_allclose(y.data, -8 * c * B - 12 * s, rtol=1e-13)


def test_several_outputs_at_once():
    x, b = tg.parameter(A), tg.parameter(B)
    h, y = network(x, b)
    u, v = np.cos(A), np.array([2.0, 3.0])
    separate = [tg.grad(h, [x, b, h], u), tg.grad(y, [x, b, h], v)]
    for create_graph in False, True:
        together = tg.grad([h, y], [x, b, h], [u, v], create_graph=create_graph)
        for g, parts in zip(together, zip(*separate, strict=True), strict=True):
            np.testing.assert_allclose(g.data, sum(part.data for part in parts), rtol=1e-13)
        twice = tg.grad([y, y], [x], [v, v], create_graph=create_graph)
        np.testing.assert_allclose(twice[0].data, 2 * separate[1][0].data, rtol=1e-13)
        moved = tg.jvp([h, y, x], [b], [B], create_graph=create_graph)
        for tangent, output in zip(moved, [h, y, x], strict=True):
            np.testing.assert_array_equal(tangent.data, tg.jvp(output, [b], [B], create_graph=create_graph).data)
        assert tg.jvp([], [b], [B], create_graph=create_graph) == ()
        (g,) = tg.grad([h.sum(), y.sum()], [x], create_graph=create_graph)
        np.testing.assert_allclose(g.data, tg.grad(h.sum() + y.sum(), [x])[0].data, rtol=1e-13)
    with pytest.raises(tg.GraphError, match="2 outputs need as many gradients, not 1"):
        tg.grad([h, y], [x], [u])
    with pytest.raises(tg.GraphError, match="elements; reduce it to one"):
        tg.grad([h, y], [x], [u, None])


def test_value_and_grad_works_on_arrays():
    def function(x, y):
        return (tg.tanh(x) * y).sum()

    value, gradients = tg.value_and_grad(function)(A, [1.0, 2.0, 3.0])
    assert type(value) is float
    assert value == pytest.approx(np.sum(np.tanh(A) * [1, 2, 3]))
    assert [type(g) for g in gradients] == [np.ndarray, np.ndarray]
    np.testing.assert_allclose(gradients[0], (1 - np.tanh(A) ** 2) * [1, 2, 3])
    np.testing.assert_allclose(gradients[1], np.tanh(A).sum(axis=0))
    gradients[0][:] = 0  # an array of the caller's own
    assert tg.value_and_grad(lambda x: x * x)(3.0) == (9.0, (6.0,))
    with pytest.raises(tg.DTypeError, match="floating dtype"):
        tg.value_and_grad(function)([1, 2, 3], B)
    with pytest.raises(tg.GraphError, match="elements"):
        tg.value_and_grad(lambda x: x)(B)
    with pytest.raises(tg.OperandError, match="returns a Tensor, not a float"):
        tg.value_and_grad(lambda x: 1.0)(B)
