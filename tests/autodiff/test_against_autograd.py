"""Random programs, differentiated by this library and by an independent one, HIPS autograd.

A program takes numpy's functions from the module that it is given: from numpy itself, whose functions
build nodes when they are applied to Tensors, or from autograd's own numpy.
"""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import tinygrad_rnn as tg


def axis_of(x, rng):
    return None if rng.random() < 0.3 else int(rng.integers(-len(x.shape), len(x.shape))) if x.shape else None


def reduction(name):
    def step(xp, rng, x, y):
        return getattr(xp, name)(x, axis=axis_of(x, rng), keepdims=bool(rng.random() < 0.5))

    return step


def contract(xp, rng, x, y):
    """A product over an axis that fits, or else of the rows of x with one another."""
    if x.shape and y.shape and x.shape[-1] == y.shape[-2 if len(y.shape) > 1 else -1] and len(x.shape) < 3:
        return xp.matmul(x, y)
    rows = xp.reshape(x, (-1, *x.shape[-1:]))
    return xp.matmul(rows, xp.transpose(rows))


def pick(xp, rng, x, y):
    if not x.shape:
        return x * 0.5
    n = x.shape[0]
    kinds = [
        int(rng.integers(n)), slice(None, None, -1), slice(int(rng.integers(n)), None), (Ellipsis, 0), None,
        rng.integers(-n, n, 4), rng.random(n) < 0.7,
    ]  # fmt: skip
    return x[kinds[rng.integers(len(kinds))]]


def join(xp, rng, x, y):
    if x.shape != y.shape or not x.shape:
        x, y = xp.reshape(x, (-1,)), xp.reshape(y, (-1,))
        return xp.concatenate([x, y, x])
    axis = int(rng.integers(len(x.shape)))
    return xp.stack([x, y], axis) if rng.random() < 0.5 else xp.concatenate([x, y], axis)


def pair(function):
    """A function of two operands that broadcast; where they do not, of one and the other's mean."""

    def step(xp, rng, x, y):
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            y = xp.mean(y)
        return function(xp, x, y) if rng.random() < 0.5 else function(xp, y, x)

    return step


def along(function):
    """A function along one axis; a number is left alone."""

    def step(xp, rng, x, y):
        return function(xp, x, int(rng.integers(-len(x.shape), len(x.shape))), rng) if x.shape else x * 0.5

    return step


def matrix(function):
    """A function of a symmetric matrix with eigenvalues above 1, made from the rows of x."""

    def step(xp, rng, x, y):
        rows = xp.reshape(x, (-1, *x.shape[-1:]))[:4]
        n = rows.shape[0]
        return function(xp, xp.matmul(rows, xp.transpose(rows)) + np.diag(np.arange(1.0, n + 1)))

    return step


def vectors(function):
    """A function of two matrices that have one row, and as many columns as there are elements, up to 6."""

    def step(xp, rng, x, y):
        return function(xp, xp.reshape(x, (1, -1))[:, :6], xp.reshape(y, (1, -1))[:, :6])

    return step


STEPS = [
    lambda xp, rng, x, y: xp.expm1(x) + xp.log1p(xp.square(x)),
    lambda xp, rng, x, y: xp.log2(1.5 + x * x) - xp.log10(2 + xp.sin(x)) + xp.exp2(-x),
    lambda xp, rng, x, y: xp.sinh(x) - xp.cosh(x) + xp.tan(xp.tanh(x)),
    lambda xp, rng, x, y: xp.arcsin(0.9 * xp.tanh(x)) * xp.arccos(0.9 * xp.sin(x)) + xp.arctan(x),
    lambda xp, rng, x, y: xp.arcsinh(x) + xp.arccosh(1.5 + x * x) + xp.arctanh(0.9 * xp.sin(x)),
    lambda xp, rng, x, y: xp.reciprocal(1.5 + xp.sin(x)) + xp.deg2rad(x) + xp.rad2deg(x) / 100,
    lambda xp, rng, x, y: xp.floor(x) + xp.sign(x) * x,
    lambda xp, rng, x, y: xp.clip(x, -0.61, 0.43),
    lambda xp, rng, x, y: xp.expand_dims(x, -1),
    lambda xp, rng, x, y: xp.tril(xp.reshape(x, (-1, *x.shape[-1:]))) + 0.3,
    lambda xp, rng, x, y: xp.triu(xp.reshape(x, (-1, *x.shape[-1:])), 1) + 0.2,
    lambda xp, rng, x, y: xp.diag(xp.reshape(x, (-1,))[:4]) + 0.3,
    lambda xp, rng, x, y: xp.trace(xp.reshape(x, (-1, *(x.shape or (1,))[-1:]))),
    lambda xp, rng, x, y: xp.atleast_2d(x),
    lambda xp, rng, x, y: xp.rot90(xp.atleast_2d(x), int(rng.integers(4))),
    lambda xp, rng, x, y: xp.prod(1 + xp.sin(x) / 20, axis=axis_of(x, rng)),
    lambda xp, rng, x, y: xp.var(x, axis=axis_of(x, rng), keepdims=bool(rng.random() < 0.5)),
    lambda xp, rng, x, y: xp.std(xp.stack([x, xp.cos(x) + 2]), axis=0),
    lambda xp, rng, x, y: xp.linalg.norm(xp.reshape(x, (-1,)) + 3.0),
    along(lambda xp, x, axis, rng: xp.cumsum(x, axis=axis)),
    along(lambda xp, x, axis, rng: xp.flipud(xp.swapaxes(x, 0, axis))),
    along(lambda xp, x, axis, rng: xp.roll(x, int(rng.integers(-2, 3)), axis)),
    along(lambda xp, x, axis, rng: xp.repeat(x, 2, axis % len(x.shape))),
    along(lambda xp, x, axis, rng: xp.swapaxes(x, 0, axis)),
    along(lambda xp, x, axis, rng: xp.moveaxis(x, axis, 0)),
    along(lambda xp, x, axis, rng: xp.tile(xp.reshape(x, (-1,)), 2)),
    along(lambda xp, x, axis, rng: xp.pad(x, 1, "constant", constant_values=0.3)),
    along(lambda xp, x, axis, rng: xp.sort(xp.reshape(x, (-1,)) + np.arange(np.prod(x.shape)) / 97)),
    pair(lambda xp, x, y: xp.logaddexp(x, 2 * y)),
    pair(lambda xp, x, y: xp.arctan2(x + 2.5, y)),
    pair(lambda xp, x, y: xp.fmax(x, y + 0.1) - xp.fmin(x, y - 0.1)),
    pair(lambda xp, x, y: xp.hypot(x, y + 1.5) if hasattr(xp, "hypot") else xp.sqrt(x**2 + (y + 1.5) ** 2)),
    vectors(lambda xp, x, y: xp.einsum("ij,kl->jl", x, y)),
    vectors(lambda xp, x, y: xp.einsum("ij,...l->li...j", x, y[0])),
    vectors(lambda xp, x, y: xp.tensordot(x, y, axes=([0], [0]))),
    vectors(lambda xp, x, y: xp.kron(x[:, :3], y[:, :3])),
    vectors(lambda xp, x, y: xp.outer(x[0], y[0]) + xp.inner(x, x)),
    matrix(lambda xp, a: xp.linalg.inv(a)),
    matrix(lambda xp, a: xp.linalg.solve(a, a[:, :1] + 1.0)),
    matrix(lambda xp, a: xp.linalg.det(a / 4)),
    matrix(lambda xp, a: xp.linalg.slogdet(a)[1]),
    matrix(lambda xp, a: xp.linalg.cholesky(a) + 0.3),
    matrix(lambda xp, a: xp.linalg.eigh(a)[0]),
    matrix(lambda xp, a: xp.diagonal(a, axis1=-1, axis2=-2)),
    lambda xp, rng, x, y: xp.tanh(x),
    lambda xp, rng, x, y: xp.sin(x) + xp.cos(x),
    lambda xp, rng, x, y: xp.exp(-xp.square(x)),
    lambda xp, rng, x, y: xp.log(1.5 + xp.tanh(x)),
    lambda xp, rng, x, y: xp.sqrt(1.5 + xp.sin(x)),
    lambda xp, rng, x, y: xp.abs(x) ** 1.5,
    lambda xp, rng, x, y: -x**3,
    lambda xp, rng, x, y: xp.maximum(x, 0.1),
    lambda xp, rng, x, y: xp.reshape(x, (-1,)),
    lambda xp, rng, x, y: xp.transpose(x),
    lambda xp, rng, x, y: xp.squeeze(x),
    lambda xp, rng, x, y: xp.broadcast_to(xp.reshape(x, (1, *x.shape)), (2, *x.shape)),
    lambda xp, rng, x, y: xp.where(rng.random(x.shape) < 0.5, x, xp.cos(x)),
    lambda xp, rng, x, y: xp.split(xp.reshape(x, (-1,)), [1], 0)[0],
    pair(lambda xp, x, y: x + y),
    pair(lambda xp, x, y: x - 2 * y),
    pair(lambda xp, x, y: x * y),
    pair(lambda xp, x, y: x / (1.5 + xp.sin(y))),
    pair(lambda xp, x, y: (1.5 + xp.sin(x)) ** y),
    pair(lambda xp, x, y: xp.maximum(x, y)),
    pair(lambda xp, x, y: xp.minimum(x, y)),
    reduction("sum"), reduction("mean"), reduction("max"), reduction("min"),
    contract, pick, pick, join,
]  # fmt: skip

SHAPES = [(), (3,), (2, 3), (3, 3), (3, 1), (2, 1, 3)]


def draw(seed):
    """The inputs of the program that the seed stands for."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, SHAPES[k]) for k in rng.integers(len(SHAPES), size=3)]


def program(seed, xp, *inputs):
    """A number, made from the inputs by steps that the seed draws; each of them reads any earlier values."""
    rng = np.random.default_rng([seed, 1])
    values = list(inputs)
    for _ in range(rng.integers(4, 16)):
        x, y = (values[k] for k in rng.integers(len(values), size=2))
        value = STEPS[rng.integers(len(STEPS))](xp, rng, x, y)
        if np.prod(value.shape, dtype=int) <= 100:
            values.append(xp.tanh(value))  # so that nothing grows out of bounds
    return sum(xp.sum(value * float(rng.uniform(0.5, 1.5))) for value in values)


@pytest.mark.parametrize("seed", range(300))
def test_a_random_program(seed):
    arrays = draw(seed)
    rng = np.random.default_rng([seed, 2])
    directions = [np.asarray(rng.standard_normal(array.shape)) for array in arrays]
    indices = tuple(range(len(arrays)))

    inputs = [tg.parameter(array) for array in arrays]
    output = program(seed, np, *inputs)
    gradients = tg.grad(output, inputs, create_graph=True)
    along = sum(tg.sum(g * v) for g, v in zip(gradients, directions, strict=True))
    second = tg.grad(along, inputs)

    def slope(*arrays):
        gradients = autograd.grad(lambda *arrays: program(seed, anp, *arrays), indices)(*arrays)
        return sum(anp.sum(g * v) for g, v in zip(gradients, directions, strict=True))

    expected = autograd.grad(lambda *arrays: program(seed, anp, *arrays), indices)(*arrays)
    expected_second = autograd.grad(slope, indices)(*arrays)
    np.testing.assert_allclose(output.item(), program(seed, np, *arrays), rtol=1e-12)
    output.backward()
    for x, g, e in zip(inputs, gradients, expected, strict=True):
        size = max(1, *np.abs(e).flat)
        np.testing.assert_allclose(g.data, e, rtol=0, atol=1e-12 * size, err_msg=f"seed {seed}")
        np.testing.assert_allclose(x.grad, e, rtol=0, atol=1e-12 * size, err_msg=f"seed {seed}")
    np.testing.assert_allclose(
        tg.jvp(output, inputs, directions).item(), slope(*arrays), rtol=1e-11, err_msg=f"seed {seed}"
    )
    for h, e in zip(second, expected_second, strict=True):
        np.testing.assert_allclose(h.data, e, rtol=0, atol=1e-11 * max(1, *np.abs(e).flat), err_msg=f"seed {seed}")
