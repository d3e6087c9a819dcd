"""Are the derivatives right? Both modes, held against finite differences, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.autodiff.reverse import grad
from tinygrad_rnn.errors import GradientCheckError, KinkError, OperandError, SettingError
from tinygrad_rnn.node import Array, Operand, Tensor, parameter, tensor
from tinygrad_rnn.ops import concatenate

Function = Callable[..., Tensor]
MODES = ("reverse", "forward")


class Input(NamedTuple):
    """What a function is called with: a name for errors, and the value."""

    name: str
    value: Array

    @property
    def is_floating(self) -> bool:
        """Whether it can be differentiated by."""
        return self.value.dtype.kind == "f"


def check_gradients(function: Function, *inputs: Operand, order: int = 2, modes: Iterable[str] = MODES) -> None:
    """Hold the derivatives of a function against finite differences, for every entry of every input.

    The function's result is weighted with random numbers and summed, so that one number per entry tells whether
    the rules are right. The second order checks in the same way what both modes find, as functions of the
    inputs and of the adjoint or the tangents. Four evaluations an entry and order: meant for small inputs.

    Args:
        function: from Tensors to a Tensor; it must compute the same each time.
        inputs: arrays or Tensors to call it with. Those of a floating dtype are differentiated by, the others
            held.
        order: how often to differentiate.
        modes: "reverse", "forward" or both.

    Raises:
        GradientCheckError: a derivative is further from the finite difference than their roundings, in the
            coarsest dtype that occurs, can explain. Says which input and entry, and both numbers.
        KinkError: the function has a kink or a jump at an entry, or is not finite near it, so that finite
            differences say nothing. It is a GradientCheckError too.
        SettingError: an unknown mode, or an order below 1.
        OperandError: no input is of a floating dtype.

    >>> tg.check_gradients(lambda x, y: tg.tanh(x) * y, [0.5, -1.0], 2.0)
    >>> tg.check_gradients(tg.abs, [1.0, 0.0])
    Traceback (most recent call last):
    tinygrad_rnn.errors.KinkError: input 0, entry (1,): a kink...
    """
    modes = tuple(modes)
    if not modes or not set(modes) <= set(MODES) or order < 1:
        raise SettingError(f"modes are {' and '.join(MODES)}, and the order is at least 1; got {modes} and {order}")
    given = [_as_input(position, operand) for position, operand in enumerate(inputs)]
    if not _floating(given):
        raise OperandError("there is no input of a floating dtype to differentiate by")
    with np.errstate(all="ignore"):  # what is not finite is reported as a kink
        _check("", function, given, order, modes, np.random.default_rng(0))


def _as_input(position: int, operand: Operand) -> Input:
    label = operand.label if isinstance(operand, Tensor) else None
    name = f"input {position}" + ("" if label is None else f" {label!r}")
    return Input(name, operand.data if isinstance(operand, Tensor) else tensor(operand).data)


def _check(
    what: str, function: Function, inputs: Sequence[Input], order: int, modes: Sequence[str], rng: np.random.Generator
) -> None:
    """Check what the modes find for `function`; then, as functions of their own, what they find.

    Args:
        what: how `function` comes from the user's, for errors: "", or such as "gradient of the ".
        function: of as many Tensors as there are inputs, to a Tensor.
        inputs: what to call it with.
        order: how many orders to check.
        modes: those to check.
        rng: draws weights and directions.
    """
    weights = _check_once(what, function, inputs, modes, rng)
    if order == 1:
        return
    n, moving = len(inputs), _floating(inputs)
    if "reverse" in modes:
        adjoint = Input("the output's adjoint", weights)

        def gradient(*xs: Tensor) -> Tensor:
            slopes = grad(function(*xs[:n]), [xs[k] for k in moving], xs[n], create_graph=True)
            return concatenate(slopes, axis=None)

        _check(f"gradient of the {what}", gradient, [*inputs, adjoint], order - 1, modes, rng)
    if "forward" in modes:
        tangents = [Input(f"the tangent of {inputs[k].name}", _draw(rng, inputs[k].value)) for k in moving]

        def tangent(*xs: Tensor) -> Tensor:
            return jvp(function(*xs[:n]), [xs[k] for k in moving], xs[n:], create_graph=True)

        _check(f"tangent of the {what}", tangent, [*inputs, *tangents], order - 1, modes, rng)


def _check_once(
    what: str, function: Function, inputs: Sequence[Input], modes: Sequence[str], rng: np.random.Generator
) -> Array:
    """Check the first derivatives by every entry, and return the weights that the result was summed with."""
    nodes = [parameter(x.value) if x.is_floating else tensor(x.value) for x in inputs]
    moving = _floating(inputs)
    output = function(*nodes)
    if not isinstance(output, Tensor):
        raise OperandError(f"expected a function that returns a Tensor, not a {type(output).__qualname__}")
    weights = _draw(rng, output.data)
    gradients = grad(output, [nodes[k] for k in moving], weights)
    entries = [(k, g, index) for k, g in zip(moving, gradients, strict=True) for index in np.ndindex(g.shape)]
    slopes = [_slope(_place(inputs, k, index), _along(function, inputs, k, index, weights)) for k, _, index in entries]
    for (k, gradient, index), (slope, tolerance) in zip(entries, slopes, strict=True):
        for mode in modes:
            found = gradient.data[index]
            if mode == "forward":
                found = np.sum(weights * jvp(output, [nodes[k]], [_unit(inputs[k].value, index)]).data)
            if not abs(found - slope) <= tolerance:
                raise GradientCheckError(
                    f"{_place(inputs, k, index)}: {mode} mode finds {found} for the {what}function, "
                    f"the finite difference is {slope} ± {tolerance:.1g}"
                )
    return weights


def _place(inputs: Sequence[Input], k: int, index: tuple[int, ...]) -> str:
    return f"{inputs[k].name}, entry {index}"


def _floating(inputs: Sequence[Input]) -> list[int]:
    return [k for k, x in enumerate(inputs) if x.is_floating]


def _draw(rng: np.random.Generator, like: Array) -> Array:
    """Random numbers of an array's shape and dtype, none of them near 0."""
    return np.asarray(rng.uniform(0.5, 1.5, like.shape) * rng.choice([-1, 1], like.shape), like.dtype)


def _unit(x: Array, index: tuple[int, ...]) -> Array:
    unit = np.zeros_like(x)
    unit[index] = 1
    return unit


class Change(NamedTuple):
    """A function of one number, its step for finite differences, and the rounding that it is computed with."""

    at: Callable[[float], Array]
    step: float
    rounding: float


def _along(function: Function, inputs: Sequence[Input], k: int, index: tuple[int, ...], weights: Array) -> Change:
    """The weighted result as one entry of an input changes."""
    floating = [x.value.dtype for x in inputs if x.is_floating]
    rounding = max(float(np.finfo(dtype).eps) for dtype in [*floating, weights.dtype])
    x = inputs[k].value

    def at(h: float) -> Any:
        moved = x.copy()
        moved[index] += h
        values = [moved if position == k else other.value for position, other in enumerate(inputs)]
        return weights * function(*map(tensor, values)).data

    return Change(at, rounding**0.25 * max(1.0, abs(float(x[index]))), rounding)


def _slope(place: str, change: Change) -> tuple[float, float]:
    """The derivative at 0 of the sum of `change.at(h)`, and how far from it a right answer may be.

    The five-point formula with a step of ε^¼ leaves out terms of order ε, and divides roundings of ε by the
    step: together ε^¾ of the terms that it sums, with room for ten such roundings.

    Raises:
        KinkError: the derivatives from the left, from the right and across differ, or are not finite.
    """
    h, rounding = change.step, change.rounding
    values = [np.asarray(change.at(k * h), np.longdouble) for k in (-2, -1, 0, 1, 2)]
    left_2, left_1, here, right_1, right_2 = values
    from_left = float(np.sum(3 * here - 4 * left_1 + left_2)) / (2 * h)
    from_right = float(np.sum(4 * right_1 - 3 * here - right_2)) / (2 * h)
    across = float(np.sum(right_2 - left_2)) / (4 * h)
    central = float(np.sum(left_2 - right_2 + 8 * (right_1 - left_1))) / (12 * h)
    size = max(float(np.sum(np.abs(value))) for value in values) + abs(central)
    if not np.ptp([from_left, from_right, across]) <= size * rounding**0.25:
        raise KinkError(
            f"{place}: a kink, a jump or an edge of the domain; the finite differences are {from_left} from the left, "
            f"{from_right} from the right and {across} across. Derivatives cannot be checked here: choose other inputs"
        )
    return central, 10 * size * rounding**0.75
