"""What several tests need: finite differences to hold derivatives against, threads, and comparisons of nodes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import node

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[..., tg.Tensor]

ROUNDING = float(np.finfo(np.float64).eps)


def same(nodes: Iterable[tg.Tensor], others: Iterable[tg.Tensor]) -> bool:
    """Whether these are the same nodes in the same order; `==` would compare their values."""
    return [*map(id, nodes)] == [*map(id, others)]


@contextmanager
def no_setting_left() -> Iterator[None]:
    """Fail if nodes are made otherwise at the end than at the beginning, and put it right again."""
    before = node.current_context()
    yield
    after = node.current_context()
    node._context.set(before)
    assert after is before, f"a setting was not left: nodes are now made in the context {after}"


def run_together(work: Callable[[int], Any], threads: int = 8) -> list[Any]:
    """What `work(0)`, `work(1)`, … give in threads that start at once and take turns as often as possible."""
    barrier = threading.Barrier(threads)

    def start(number: int) -> Any:
        barrier.wait()
        return work(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(start, range(threads)))
    finally:
        sys.setswitchinterval(interval)


# ---------------------------------------------------------------------- finite differences


class KinkError(AssertionError):
    """A finite difference was taken where there is no derivative."""


def slope(change: Callable[[float], Array]) -> tuple[float, float]:
    """The derivative at 0 of the sum of `change(h)`, and how far from it a right answer may be.

    The five-point formula with h = ε^¼ leaves out terms of order h⁴ = ε, and divides roundings of ε by h:
    together ε^¾ of the terms that it sums, with room for ten such roundings.

    Raises:
        KinkError: the derivatives from the left, from the right and across differ: a kink or a jump.
    """
    h = ROUNDING**0.25
    left_2, left_1, here, right_1, right_2 = values = [np.asarray(change(k * h)) for k in (-2, -1, 0, 1, 2)]
    from_left = float(np.sum(3 * here - 4 * left_1 + left_2)) / (2 * h)
    from_right = float(np.sum(4 * right_1 - 3 * here - right_2)) / (2 * h)
    across = float(np.sum(right_2 - left_2)) / (4 * h)
    central = float(np.sum(left_2 - right_2 + 8 * (right_1 - left_1))) / (12 * h)
    size = max(float(np.sum(np.abs(value))) for value in values) + abs(central)
    if np.ptp([from_left, from_right, across]) > size * ROUNDING**0.25:
        raise KinkError(f"no slope: {from_left} from the left, {from_right} from the right, {across} across")
    return central, 10 * size * ROUNDING**0.75


def check_derivatives(function: Function, *arrays: Array, order: int = 2, seed: int = 0) -> None:
    """Assert that both modes find the derivative of `function` along a random direction.

    What they find is itself a function, of the inputs and of the adjoint or the tangents, so the second
    order checks the derivatives of both in the same way: four combinations of the modes.

    Args:
        function: of Tensors, to a Tensor.
        arrays: where to differentiate, in float64.
        order: how often to differentiate.
        seed: draws the direction, and the weights that make one number of the result.
    """
    rng = np.random.default_rng(seed)
    inputs = [tg.parameter(array) for array in arrays]
    output = function(*inputs)
    weights = np.asarray(rng.standard_normal(output.shape))
    directions = [np.asarray(rng.standard_normal(array.shape)) for array in arrays]

    def moved(h: float) -> Array:
        return weights * function(*[tg.tensor(x + h * v) for x, v in zip(arrays, directions, strict=True)]).data

    expected, tolerance = slope(moved)
    gradients = tg.grad(output, inputs, gradient=weights)
    reverse = sum(float(np.sum(g.data * v)) for g, v in zip(gradients, directions, strict=True))
    forward = float(np.sum(weights * tg.jvp(output, inputs, directions).data))
    for mode, found in ("reverse", reverse), ("forward", forward):
        assert abs(found - expected) <= tolerance, f"{mode} mode finds {found}, not {expected} ± {tolerance}"
    if order > 1:
        n = len(arrays)
        order, seed = order - 1, seed + 1
        check_derivatives(lambda *xs: gradient(function, xs[:n], xs[n]), *arrays, weights, order=order, seed=seed)
        check_derivatives(lambda *xs: tangent(function, xs[:n], xs[n:]), *arrays, *directions, order=order, seed=seed)


def gradient(function: Function, inputs: Sequence[tg.Tensor], adjoint: tg.Tensor) -> tg.Tensor:
    """The gradients of a function by reverse mode, one after the other in one vector."""
    return tg.concatenate(tg.grad(function(*inputs), inputs, gradient=adjoint, create_graph=True), axis=None)


def tangent(function: Function, inputs: Sequence[tg.Tensor], tangents: Sequence[tg.Tensor]) -> tg.Tensor:
    """The derivative of a function along tangents, by forward mode."""
    return tg.jvp(function(*inputs), inputs, tangents, create_graph=True)


# ---------------------------------------------------------------------- numbers, exact in float32 too


def real(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers between −2 and 2."""
    return np.asarray(rng.integers(-128, 129, shape) / 64)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers between ½ and 2."""
    return np.asarray(rng.integers(32, 129, shape) / 64)


def nonzero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers of both signs, at least ½ away from 0."""
    return positive(rng, shape) * rng.choice([-1, 1], shape)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers that differ from one another by at least ⅛."""
    return (rng.permutation(np.prod(shape, dtype=int)) / 8 - 1).reshape(shape)


def even(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Even multiples of 1/16."""
    return np.asarray(rng.integers(-16, 17, shape) / 8)


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers of both signs, less than 1 by at least ¼."""
    return np.asarray(rng.integers(-48, 49, shape) / 64)


def between(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Odd multiples of 1/128, which are no whole multiples of what the others draw."""
    return real(rng, shape) + 1 / 128


def matrices(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Matrices near diagonal ones with 1, 2, … there: well-conditioned, and with different eigenvalues."""
    diagonal = np.eye(*shape[-2:]) * np.arange(1, shape[-1] + 1)
    return diagonal + real(rng, shape) / 32


def odd(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Odd multiples of 1/16, which no even one equals."""
    return even(rng, shape) + 1 / 16
