"""Every operation, a line each: its value, and its derivatives of both modes and to the second order.

A line's function takes arrays and Tensors alike, so that numpy's own answer to arrays is what it is held
to; where numpy has no such function, the line gives another that does the same.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import tinygrad_rnn as tg
from tests.support import Array, check_derivatives, distinct, even, nonzero, odd, positive, real

Shape = tuple[int, ...]
op = tg.OPERATIONS


class Line(NamedTuple):
    """One operation's line.

    Attributes:
        name: the operation's, or that of the public function.
        function: of arrays to an array, and of Tensors to a Tensor.
        operands: what to draw each of them from.
        shapes: theirs; an elementwise operation takes any that broadcast.
        reference: the same function of arrays, where numpy does not have it.
    """

    name: str
    function: Callable[..., tg.Tensor]
    operands: Sequence[Callable[[np.random.Generator, Shape], Array]]
    shapes: Sequence[Shape] | None = None
    reference: Callable[..., Array] | None = None

    def draw(self, shapes: Sequence[Shape] | None = None, seed: int = 0) -> list[Array]:
        rng = np.random.default_rng(seed)
        shapes = shapes or self.shapes or [(2, 3), (3,), (2, 1)]
        return [draw(rng, shape) for draw, shape in zip(self.operands, shapes, strict=False)]

    def expected(self, *arrays: Array) -> Array:
        return np.asarray((self.reference or self.function)(*arrays))


TABLE = [
    # ------------------------------------------------------------ arithmetic
    Line("add", np.add, [real, real]),
    Line("subtract", np.subtract, [real, real]),
    Line("multiply", np.multiply, [real, real]),
    Line("divide", np.divide, [real, nonzero]),
    Line("power", np.power, [positive, real]),
    Line("power", lambda x: x**3, [real]),
    Line("power", lambda x: x**-2, [nonzero]),
    Line("power", lambda x: 2**x, [real]),
    Line("maximum", np.maximum, [even, odd]),
    Line("minimum", np.minimum, [even, odd]),
    Line("where", lambda c, a, b: np.where(np.greater(c, 0), a, b), [nonzero, real, real]),
    # ------------------------------------------------------------ elementary functions
    Line("negative", np.negative, [real]),
    Line("exp", np.exp, [real]),
    Line("log", np.log, [positive]),
    Line("sqrt", np.sqrt, [positive]),
    Line("square", np.square, [real]),
    Line("abs", np.abs, [nonzero]),
    Line("sign", np.sign, [nonzero]),
    Line("sin", np.sin, [real]),
    Line("cos", np.cos, [real]),
    Line("tanh", np.tanh, [real]),
    Line("sigmoid", tg.sigmoid, [real], reference=lambda x: 1 / (1 + np.exp(-x))),
    Line("relu", tg.relu, [nonzero], reference=lambda x: x * (x > 0)),
    Line("softplus", tg.softplus, [real], reference=lambda x: np.log1p(np.exp(x))),
    Line("copy", np.copy, [real]),
    # ------------------------------------------------------------ linear algebra
    Line("matmul", np.matmul, [real, real], [(2, 3), (3, 4)]),
    Line("matmul", np.matmul, [real, real], [(3,), (3,)]),
    Line("matmul", np.matmul, [real, real], [(3,), (3, 4)]),
    Line("matmul", np.matmul, [real, real], [(2, 3), (3,)]),
    Line("matmul", np.matmul, [real, real], [(2, 1, 2, 3), (2, 3, 2)]),
    Line("dot", np.dot, [real, real], [(2, 2, 3), (2, 3, 2)]),
    Line("linear", tg.linear, [real, real, real], [(2, 3), (4, 3), (4,)], lambda x, W, b: x @ W.T + b),
    Line("linear", tg.linear, [real, real], [(2, 2, 3), (4, 3)], lambda x, W: x @ W.T),
    # ------------------------------------------------------------ reductions
    Line("sum", lambda x: np.sum(x, axis=(0, -1)), [real], [(2, 3, 2)]),
    Line("mean", lambda x: np.mean(x, axis=1, keepdims=True), [real], [(2, 3, 2)]),
    Line("max", lambda x: np.max(x, axis=1), [distinct], [(2, 3, 2)]),
    Line("min", lambda x: np.min(x, axis=(0, 2), keepdims=True), [distinct], [(2, 3, 2)]),
    Line("logsumexp", tg.logsumexp, [real], [(2, 3)], lambda x: np.log(np.exp(x).sum())),
    Line("logsumexp", lambda x: tg.logsumexp(x, 1), [real], [(2, 3)], lambda x: np.log(np.exp(x).sum(1))),
    Line("softmax", tg.softmax, [real], [(2, 3)], lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    Line("log_softmax", lambda x: tg.log_softmax(x, 0), [real], [(2, 3)], lambda x: x - np.log(np.exp(x).sum(0))),
    # ------------------------------------------------------------ shape and order
    Line("reshape", lambda x: np.reshape(x, (3, -1)), [real], [(2, 3, 2)]),
    Line("ravel", np.ravel, [real], [(2, 3)]),
    Line("squeeze", lambda x: np.squeeze(x, 1), [real], [(2, 1, 3, 1)]),
    Line("transpose", lambda x: np.transpose(x, (2, 0, -2)), [real], [(2, 3, 4)]),
    Line("matrix_transpose", np.matrix_transpose, [real], [(2, 3, 4)]),
    Line("broadcast_to", lambda x: np.broadcast_to(x, (4, 2, 3)), [real], [(2, 1)]),
    Line("astype", lambda x: x.astype(np.longdouble), [real], [(2, 3)]),
    # ------------------------------------------------------------ picking and joining
    Line("getitem", lambda x: x[1:, None, ::-1], [real], [(3, 2)]),
    Line("getitem", lambda x: x[[0, 2, 0], 1:], [real], [(3, 2)]),
    Line("getitem", lambda x: x[np.array([True, False, True])], [real], [(3, 2)]),
    Line("split", lambda x: np.split(x, [1, 3], axis=-1)[1], [real], [(2, 4)]),
    Line("concatenate", lambda *xs: np.concatenate(xs, axis=-1), [real, real, real], [(2, 3), (2, 1), (2, 0)]),
    Line("stack", lambda *xs: np.stack(xs, axis=-1), [real, real], [(2, 3), (2, 3)]),
    # ------------------------------------------------------------ what rules call
    Line("sum_to", lambda x: op["sum_to"](x, shape=(3, 1)), [real], [(2, 3, 2)], lambda x: x.sum((0, 2))[:, None]),
    Line(
        "accumulate", lambda *xs: op["accumulate"](*xs, indices=(..., 1, np.array([0, 0])), shape=(2, 3)),
        [real, real, real], [(2, 3), (3,), (2, 3)],
        lambda a, b, c: a + np.stack([c[0] + c[1], b]),
    ),
]  # fmt: skip

each_line = pytest.mark.parametrize("line", TABLE, ids=[line.name for line in TABLE])


def test_every_operation_with_a_derivative_has_a_line():
    names = {line.name for line in TABLE}
    assert {name for name, operation in tg.OPERATIONS.items() if operation.differentiable} <= names
    assert {name for name in tg.ops.__all__ if callable(getattr(tg, name))} <= names


@pytest.mark.parametrize("line", [line for line in TABLE if line.name in tg.OPERATIONS], ids=lambda line: line.name)
def test_a_line_tests_the_operation_that_it_names(line):
    assert tg.Graph(line.function(*map(tg.parameter, line.draw()))).find(op=line.name)


@each_line
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value(line, dtype):
    arrays = [array.astype(dtype) for array in line.draw()]
    found, expected = line.function(*map(tg.tensor, arrays)), line.expected(*arrays)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found.data, expected, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)


@each_line
def test_derivatives(line):
    check_derivatives(line.function, *line.draw())


def every_derivative(function: Callable[..., tg.Tensor], arrays: Sequence[Array]) -> list[tg.Tensor]:
    """The value, the gradients, the tangent, and the gradients of the gradients."""
    rng = np.random.default_rng(0)
    inputs = [tg.parameter(array) for array in arrays]
    output = function(*inputs)
    first = tg.grad(output, inputs, gradient=real(rng, output.shape), create_graph=True)
    moved = tg.jvp(output, inputs, [real(rng, array.shape) for array in arrays])
    second = tg.grad(tg.concatenate(first, axis=None), inputs, gradient=real(rng, (sum(g.size for g in first),)))
    return [output, *first, moved, *second]


@each_line
def test_float32(line):
    """In float32 each derivative is float64's but for a few roundings of its largest number."""
    arrays = line.draw()
    lower = [array.astype(np.float32) for array in arrays]
    along_output = {0, 1 + len(arrays)}
    for k, (found, exact) in enumerate(
        zip(every_derivative(line.function, lower), every_derivative(line.function, arrays), strict=True)
    ):
        assert found.dtype == (line.expected(*lower).dtype if k in along_output else np.float32)
        size = np.max(np.abs(exact.data), initial=1)
        np.testing.assert_allclose(found.data, exact.data, rtol=0, atol=4 * size * np.finfo(np.float32).eps)


@each_line
def test_memory_layout(line):
    """Operands whose elements lie backwards and in another order, as views of others do."""
    arrays = line.draw()
    plain = [tg.parameter(array) for array in arrays]
    turned = [tg.parameter(np.flip(array.T)) for array in arrays]
    y = line.function(*plain)
    turned_y = line.function(*[x.T[(slice(None, None, -1),) * x.ndim] for x in turned])
    np.testing.assert_allclose(turned_y.data, y.data, rtol=1e-14, atol=1e-14)
    weights = real(np.random.default_rng(0), y.shape)
    for g, turned_g in zip(tg.grad(y, plain, weights), tg.grad(turned_y, turned, weights), strict=True):
        np.testing.assert_allclose(np.flip(turned_g.data.T), g.data, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("line", [line for line in TABLE if line.shapes is None], ids=lambda line: line.name)
@settings(max_examples=25)
@given(st.data())
def test_broadcasting(line, data):
    shapes = data.draw(mutually_broadcastable_shapes(num_shapes=len(line.operands), min_side=0, max_dims=3, max_side=3))
    arrays = line.draw(shapes.input_shapes, seed=data.draw(st.integers(0, 1000)))
    found, expected = line.function(*map(tg.tensor, arrays)), line.expected(*arrays)
    assert found.shape == expected.shape == shapes.result_shape
    np.testing.assert_allclose(found.data, expected, rtol=8 * np.finfo(float).eps)
    check_derivatives(line.function, *arrays, order=1)
