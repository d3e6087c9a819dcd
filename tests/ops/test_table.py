"""Every operation, a line each: its value, and its derivatives of both modes and to the second order.

A line's function takes arrays and Tensors alike, so that numpy's own answer to arrays is what it is held
to; where numpy has no such function, the line gives another that does the same.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import tinygrad_rnn as tg
from tests.support import (
    Array,
    between,
    check_derivatives,
    distinct,
    even,
    matrices,
    nonzero,
    odd,
    positive,
    real,
    small,
)

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
        roundings: how much less exact it is than other operations: LAPACK's decompositions take many steps.
    """

    name: str
    function: Callable[..., tg.Tensor]
    operands: Sequence[Callable[[np.random.Generator, Shape], Array]]
    shapes: Sequence[Shape] | None = None
    reference: Callable[..., Array] | None = None
    roundings: int = 1

    def draw(self, shapes: Sequence[Shape] | None = None, seed: int = 0) -> list[Array]:
        rng = np.random.default_rng(seed)
        shapes = shapes or self.shapes or [(2, 3), (3,), (2, 1)]
        return [draw(rng, shape) for draw, shape in zip(self.operands, shapes, strict=False)]

    def expected(self, *arrays: Array) -> Array:
        return np.asarray((self.reference or self.function)(*arrays))


def squares(*parts: tg.Tensor) -> tg.Tensor:
    """What does not depend on the signs of eigenvectors and singular vectors, which nothing determines."""
    return np.concatenate([np.ravel(part * part) for part in parts])


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
    Line("float_power", np.float_power, [positive, real]),
    Line("floor_divide", lambda a, b: a // b, [between, nonzero]),
    Line("remainder", lambda a, b: a % b, [between, nonzero]),
    Line("fmod", np.fmod, [between, nonzero]),
    Line("maximum", np.maximum, [even, odd]),
    Line("minimum", np.minimum, [even, odd]),
    Line("fmax", np.fmax, [even, odd]),
    Line("fmin", np.fmin, [even, odd]),
    Line("copysign", np.copysign, [nonzero, nonzero]),
    Line("hypot", np.hypot, [real, nonzero]),
    Line("arctan2", np.arctan2, [nonzero, real]),
    Line("logaddexp", np.logaddexp, [real, real]),
    Line("logaddexp2", np.logaddexp2, [real, real]),
    Line("clip", lambda x: np.clip(x, -0.5, 1), [odd]),
    Line("clip", np.clip, [odd, even, positive]),
    Line("where", lambda c, a, b: np.where(op["greater"](c, 0), a, b), [nonzero, real, real]),
    # ------------------------------------------------------------ elementary functions
    Line("positive", np.positive, [real]),
    Line("negative", np.negative, [real]),
    Line("reciprocal", np.reciprocal, [nonzero]),
    Line("sqrt", np.sqrt, [positive]),
    Line("cbrt", np.cbrt, [nonzero]),
    Line("square", np.square, [real]),
    Line("abs", np.abs, [nonzero]),
    Line("fabs", np.fabs, [nonzero]),
    Line("exp", np.exp, [real]),
    Line("exp2", np.exp2, [real]),
    Line("expm1", np.expm1, [real]),
    Line("log", np.log, [positive]),
    Line("log2", np.log2, [positive]),
    Line("log10", np.log10, [positive]),
    Line("log1p", np.log1p, [positive]),
    Line("sin", np.sin, [real]),
    Line("cos", np.cos, [real]),
    Line("tan", np.tan, [small]),
    Line("arcsin", np.arcsin, [small]),
    Line("arccos", np.arccos, [small]),
    Line("arctan", np.arctan, [real]),
    Line("deg2rad", np.deg2rad, [real]),
    Line("rad2deg", np.rad2deg, [real]),
    Line("sinc", np.sinc, [real]),
    Line("sinh", np.sinh, [real]),
    Line("cosh", np.cosh, [real]),
    Line("tanh", np.tanh, [real]),
    Line("arcsinh", np.arcsinh, [real]),
    Line("arccosh", lambda x: np.arccosh(1 + x), [positive]),
    Line("arctanh", np.arctanh, [small]),
    Line("sign", np.sign, [nonzero]),
    Line("floor", np.floor, [odd]),
    Line("ceil", np.ceil, [odd]),
    Line("trunc", np.trunc, [odd]),
    Line("rint", np.rint, [odd]),
    Line("round", lambda x: np.round(x, 1), [between]),
    Line("nan_to_num", np.nan_to_num, [real]),
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
    Line("inner", np.inner, [real, real], [(2, 3), (2, 2, 3)]),
    Line("outer", np.outer, [real, real], [(2, 2), (3,)]),
    Line("vdot", np.vdot, [real, real], [(2, 3), (3, 2)]),
    Line("vecdot", np.vecdot, [real, real], [(2, 3), (3,)]),
    Line("tensordot", lambda a, b: np.tensordot(a, b, ([0, 2], [1, -1])), [real, real], [(2, 3, 4), (3, 2, 4)]),
    Line("kron", np.kron, [real, real], [(2, 3), (2, 1, 2)]),
    Line("cross", np.cross, [real, real], [(2, 3), (3,)]),
    Line("einsum", lambda a, b: np.einsum("ij,jk->ik", a, b), [real, real], [(2, 3), (3, 2)]),
    Line("einsum", lambda a, b, c: np.einsum("...ii,ij,k", a, b, c), [real] * 3, [(2, 3, 3), (3, 2), (2,)]),
    # ------------------------------------------------------------ linear algebra of matrices
    Line("inv", np.linalg.inv, [matrices], [(2, 3, 3)]),
    Line("solve", np.linalg.solve, [matrices, real], [(2, 3, 3), (3, 2)]),
    Line("solve", np.linalg.solve, [matrices, real], [(2, 3, 3), (3,)]),
    Line("pinv", np.linalg.pinv, [matrices], [(2, 3)], roundings=4),
    Line("pinv", np.linalg.pinv, [matrices], [(2, 3, 2)], roundings=4),
    Line("matrix_power", lambda a: np.linalg.matrix_power(a, 3), [matrices], [(2, 2)]),
    Line("matrix_power", lambda a: np.linalg.matrix_power(a, -2), [matrices], [(2, 2)]),
    Line("multi_dot", lambda *xs: np.linalg.multi_dot(xs), [real, real, real], [(3,), (3, 2), (2, 3)]),
    Line("det", np.linalg.det, [matrices], [(2, 3, 3)]),
    Line("cofactor", op["cofactor"], [matrices], [(3, 2, 2)],
         lambda a: np.flip(a, (1, 2)) * np.array([[1, -1], [-1, 1]], a.dtype), roundings=4),
    Line("slogdet", lambda a: np.linalg.slogdet(a)[1], [matrices], [(2, 3, 3)]),
    Line("slogdet", lambda a: np.linalg.slogdet(a)[0], [matrices], [(3, 3)]),
    Line("cholesky", lambda a: np.linalg.cholesky(a + a.mT), [matrices], [(2, 3, 3)]),
    Line("eigh", lambda a: squares(*np.linalg.eigh(a + a.mT)), [matrices], [(2, 3, 3)]),
    Line("eigvalsh", lambda a: np.linalg.eigvalsh(a + a.mT), [matrices], [(3, 3)]),
    Line("svd", lambda a: squares(*np.linalg.svd(a)), [matrices], [(2, 2, 2)], roundings=4),
    Line("svd", lambda a: squares(*np.linalg.svd(a, full_matrices=False)), [matrices], [(3, 2)], roundings=4),
    Line("svd", lambda a: squares(*np.linalg.svd(a, full_matrices=False)), [matrices], [(2, 3)], roundings=4),
    Line("svdvals", np.linalg.svdvals, [matrices], [(2, 3)]),
    Line("norm", np.linalg.norm, [nonzero], [(2, 3)]),
    Line("norm", lambda x: np.linalg.norm(x, 3, axis=0), [nonzero], [(3, 2)]),
    Line("norm", lambda x: np.linalg.norm(x, 0.5, axis=-1, keepdims=True), [nonzero], [(2, 3)]),
    # ------------------------------------------------------------ reductions
    Line("sum", lambda x: np.sum(x, axis=(0, -1)), [real], [(2, 3, 2)]),
    Line("mean", lambda x: np.mean(x, axis=1, keepdims=True), [real], [(2, 3, 2)]),
    Line("max", lambda x: np.max(x, axis=1), [distinct], [(2, 3, 2)]),
    Line("min", lambda x: np.min(x, axis=(0, 2), keepdims=True), [distinct], [(2, 3, 2)]),
    Line("prod", lambda x: np.prod(x, axis=(-1, 0)), [real], [(2, 3, 2)]),
    Line("cumsum", lambda x: np.cumsum(x, axis=-2), [real], [(2, 3, 2)]),
    Line("cumprod", lambda x: np.cumprod(x, axis=1), [real], [(2, 3, 2)]),
    Line("recurrence", op["recurrence"], [real, real], [(2, 3), (2, 3)],
         lambda a, b: np.stack([b[:, 0], a[:, 1] * b[:, 0] + b[:, 1],
                                a[:, 2] * (a[:, 1] * b[:, 0] + b[:, 1]) + b[:, 2]], 1)),
    Line("diff", lambda x: np.diff(x, 2, axis=0), [real], [(4, 2)]),
    Line("diff", lambda x, a, b: np.diff(x, prepend=a, append=b), [real, real, real], [(2, 3), (), (2, 2)]),
    Line("gradient", lambda x: np.gradient(x, 0.5, axis=1), [real], [(2, 4)]),
    Line("var", lambda x: np.var(x, axis=0, ddof=1), [real], [(3, 2)]),
    Line("std", lambda x: np.std(x, axis=(0, -1), keepdims=True), [real], [(3, 2, 2)]),
    Line("ptp", lambda x: np.ptp(x, axis=1), [distinct], [(2, 3)]),
    Line("average", lambda x, w: np.average(x, -2, w), [real, positive], [(2, 3, 2), (3,)]),
    Line("logsumexp", tg.logsumexp, [real], [(2, 3)], lambda x: np.log(np.exp(x).sum())),
    Line("logsumexp", lambda x: tg.logsumexp(x, 1), [real], [(2, 3)], lambda x: np.log(np.exp(x).sum(1))),
    Line("softmax", tg.softmax, [real], [(2, 3)], lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    Line("log_softmax", lambda x: tg.log_softmax(x, 0), [real], [(2, 3)], lambda x: x - np.log(np.exp(x).sum(0))),
    # ------------------------------------------------------------ shape and order
    Line("reshape", lambda x: np.reshape(x, (3, -1)), [real], [(2, 3, 2)]),
    Line("ravel", np.ravel, [real], [(2, 3)]),
    Line("squeeze", lambda x: np.squeeze(x, 1), [real], [(2, 1, 3, 1)]),
    Line("reshape", lambda x: np.reshape(x, (4, -1), order="F"), [real], [(2, 3, 2)]),
    Line("expand_dims", lambda x: np.expand_dims(x, (0, -1)), [real], [(2, 3)]),
    Line("atleast_1d", np.atleast_1d, [real], [()]),
    Line("atleast_2d", np.atleast_2d, [real], [(3,)]),
    Line("atleast_3d", np.atleast_3d, [real], [(2, 3)]),
    Line("moveaxis", lambda x: np.moveaxis(x, (0, -1), (-1, 1)), [real], [(2, 3, 4)]),
    Line("rollaxis", lambda x: np.rollaxis(x, -1, 1), [real], [(2, 3, 4)]),
    Line("swapaxes", lambda x: np.swapaxes(x, 0, -1), [real], [(2, 3, 4)]),
    Line("flip", lambda x: np.flip(x, -1), [real], [(2, 3)]),
    Line("flipud", np.flipud, [real], [(2, 3)]),
    Line("fliplr", np.fliplr, [real], [(2, 3)]),
    Line("rot90", lambda x: np.rot90(x, 3, (1, 2)), [real], [(2, 3, 2)]),
    Line("roll", lambda x: np.roll(x, (1, -2), (0, 1)), [real], [(3, 4)]),
    Line("transpose", lambda x: np.transpose(x, (2, 0, -2)), [real], [(2, 3, 4)]),
    Line("matrix_transpose", np.matrix_transpose, [real], [(2, 3, 4)]),
    Line("broadcast_to", lambda x: np.broadcast_to(x, (4, 2, 3)), [real], [(2, 1)]),
    Line("broadcast_arrays", lambda x: np.broadcast_arrays(x, np.ones((2, 1)))[0], [real], [(3,)]),
    Line("full_like", np.full_like, [real, real], [(2, 3), (3,)]),
    Line("repeat", lambda x: np.repeat(x, [2, 0, 1], axis=-1), [real], [(2, 3)]),
    Line("tile", lambda x: np.tile(x, (2, 1, 3)), [real], [(2, 2)]),
    Line("pad", lambda x: np.pad(x, ((1, 0), (2, 1)), constant_values=3), [real], [(2, 3)]),
    Line("getitem", lambda x: np.pad(x, 2, "reflect"), [real], [(3, 4)]),
    Line("astype", lambda x: x.astype(np.longdouble), [real], [(2, 3)]),
    # ------------------------------------------------------------ picking and joining
    Line("getitem", lambda x: x[1:, None, ::-1], [real], [(3, 2)]),
    Line("getitem", lambda x: x[[0, 2, 0], 1:], [real], [(3, 2)]),
    Line("getitem", lambda x: x[np.array([True, False, True])], [real], [(3, 2)]),
    Line("split", lambda x: np.split(x, [1, 3], axis=-1)[1], [real], [(2, 4)]),
    Line("array_split", lambda x: np.array_split(x, 3)[0], [real], [(4,)]),
    Line("hsplit", lambda x: np.hsplit(x, 2)[1], [real], [(2, 4)]),
    Line("vsplit", lambda x: np.vsplit(x, 2)[1], [real], [(2, 3)]),
    Line("dsplit", lambda x: np.dsplit(x, [1])[1], [real], [(2, 2, 3)]),
    Line("take", lambda x: np.take(x, [[0, -1], [0, 1]], axis=1), [real], [(2, 3)]),
    Line("take_along_axis", lambda x: np.take_along_axis(x, np.array([[1], [1]]), 0), [real], [(2, 3)]),
    Line("sort", lambda x: np.sort(x, axis=0), [distinct], [(4, 2)]),
    Line("partition", lambda x: np.partition(x, 1), [distinct], [(2, 4)]),
    Line("diagonal", lambda x: np.diagonal(x, 1, 2, 0), [real], [(3, 2, 3)]),
    Line("diag", lambda x: np.diag(x, -1), [real], [(3, 3)]),
    Line("diagflat", lambda x: np.diagflat(x, -1), [real], [(2, 2)]),
    Line("embed_diagonal", lambda x: np.diag(x, 1), [real], [(3,)]),
    Line("trace", lambda x: np.trace(x, -1, -1, 0), [real], [(3, 2, 3)]),
    Line("tril", lambda x: np.tril(x, -1), [real], [(2, 3, 3)]),
    Line("triu", np.triu, [real], [(3,)]),
    Line("select", lambda a, b: np.select([op["greater"](a, 1), op["greater"](a, 0)], [a, b], 2.0), [between, real]),
    Line("hstack", lambda *xs: np.hstack(xs), [real, real], [(2, 3), (2, 1)]),
    Line("vstack", lambda *xs: np.vstack(xs), [real, real], [(3,), (2, 3)]),
    Line("dstack", lambda *xs: np.dstack(xs), [real, real], [(2, 3), (2, 3)]),
    Line("column_stack", lambda *xs: np.column_stack(xs), [real, real], [(2,), (2, 3)]),
    Line("append", np.append, [real, real], [(2, 3), (2,)]),
    Line("concatenate", lambda *xs: np.concatenate(xs, axis=-1), [real, real, real], [(2, 3), (2, 1), (2, 0)]),
    Line("stack", lambda *xs: np.stack(xs, axis=-1), [real, real], [(2, 3), (2, 3)]),
    # ------------------------------------------------------------ what rules call
    Line(
        "add_along_axis", lambda x: op["add_along_axis"](x, np.array([[0, 2, 0]]), axis=1, shape=(1, 3)),
        [real], [(1, 3)], lambda x: np.stack([x[:, 0] + x[:, 2], 0 * x[:, 1], x[:, 1]], 1),
    ),
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
    assert {name for name in tg.ops.__all__ if callable(getattr(tg, name))} | set(tg.linalg.__all__) <= names


@pytest.mark.parametrize("line", [line for line in TABLE if line.name in tg.OPERATIONS], ids=lambda line: line.name)
def test_a_line_tests_the_operation_that_it_names(line):
    assert tg.Graph(line.function(*map(tg.parameter, line.draw()))).find(op=line.name)


@each_line
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value(line, dtype):
    arrays = [array.astype(dtype) for array in line.draw()]
    found, expected = line.function(*map(tg.tensor, arrays)), line.expected(*arrays)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    tolerance = 8 * line.roundings * np.finfo(dtype).eps
    np.testing.assert_allclose(found.data, expected, rtol=tolerance, atol=tolerance)


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
        np.testing.assert_allclose(
            found.data, exact.data, rtol=0, atol=4 * line.roundings * size * np.finfo(np.float32).eps
        )


def computed_again(nodes: Sequence[tg.Tensor], leaves: Mapping[tg.Tensor, Array]) -> list[Array]:
    """The values of nodes when some leaves have others, from what each node says of how it was made."""
    values = dict(leaves)
    for node in tg.Graph(nodes).nodes:
        if node.op is not None:
            values[node] = node.op.value(*[values[source] for source in node.inputs], **node.attributes)
        elif node not in values:
            values[node] = node.data
    return [values[node] for node in nodes]


@each_line
def test_derivatives_as_nodes_hold_no_values(line):
    """The graph of a derivative is one of any values: nothing in it is left over from those it was built with."""
    graphs = []
    for seed in 0, 1:
        inputs = [tg.parameter(array) for array in line.draw(seed=seed)]
        output = line.function(*inputs)
        weights = real(np.random.default_rng(0), output.shape)
        gradients = tg.grad(output, inputs, gradient=weights, create_graph=True)
        moved = tg.jvp(output, inputs, [real(np.random.default_rng(1), x.shape) for x in inputs], create_graph=True)
        graphs.append((inputs, [output, *gradients, moved]))
    (inputs, nodes), (other_inputs, expected) = graphs
    leaves = {x: other.data for x, other in zip(inputs, other_inputs, strict=True)}
    for found, node in zip(computed_again(nodes, leaves), expected, strict=True):
        np.testing.assert_allclose(found, node.data, rtol=1e-13, atol=1e-13)


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
