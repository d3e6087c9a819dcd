"""Is generic backprop on the unrolled graph right? Three independent answers to the same question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.autodiff import grad
from tinygrad_rnn.nn import ElmanRNN
from tinygrad_rnn.node import Array, Tensor, no_grad
from tinygrad_rnn.reports import closed_form

COMPLEX_STEP = 1e-30  # nothing is subtracted, so no digits are lost however small it is
DIFFERENCE_STEP = 6e-6  # about ε^(1/3), where a central difference loses least to truncation and rounding together

Arrays = Mapping[str, Array]


class GradientCheck(NamedTuple):
    """How far generic backprop is from three other ways to the gradient, as `relative_difference` measures it.

    Attributes:
        closed_form: the formula of backpropagation through time, in plain numpy.
        complex_step: Im L(θ + iε) / ε, exact up to rounding, from a forward pass in plain numpy.
        finite_difference: (L(θ + ε) − L(θ − ε)) / 2ε, from the loss of the graph itself, unrolled anew.
    """

    closed_form: float
    complex_step: float
    finite_difference: float


def check_gradient(net: ElmanRNN, xs: Array, targets: Array) -> GradientCheck:
    """Compare the gradient of every parameter of a network unrolled over `xs`.

    Args:
        net: a network in the subscript notation, with tanh units and an identity output.
        xs: (time, features).
        targets: (time, outputs).
    """
    values = {name: parameter.data for name, parameter in net.parameters.items()}

    def complex_step(theta: Arrays) -> float:
        return closed_form.loss(theta, xs, targets).imag / COMPLEX_STEP

    def loss(theta: Arrays) -> float:
        for name, parameter in net.parameters.items():
            parameter.data = theta[name]
        with no_grad():
            return float(_loss(net, xs, targets).item())

    generic = grad(_loss(net, xs, targets), net.parameters.values())
    backprop = {name: gradient.data for name, gradient in zip(net.parameters, generic, strict=True)}
    by_complex_step = _each(values, 1j * COMPLEX_STEP, complex_step)
    above, below = (_each(values, step, loss) for step in (DIFFERENCE_STEP, -DIFFERENCE_STEP))
    by_difference = {name: (above[name] - below[name]) / (2 * DIFFERENCE_STEP) for name in values}
    loss(values)  # the network as it was
    return GradientCheck(
        relative_difference(backprop, closed_form.gradients(values, xs, targets)),
        relative_difference(backprop, by_complex_step),
        relative_difference(backprop, by_difference),
    )


def relative_difference(found: Arrays, expected: Arrays) -> float:
    """The largest max|found − expected| / max|expected| of any parameter."""
    return max(float(np.max(np.abs(found[name] - e)) / np.max(np.abs(e))) for name, e in expected.items())


def _loss(net: ElmanRNN, xs: Array, targets: Array) -> Tensor:
    loss = net.unroll(xs, targets).loss
    assert loss is not None  # there are targets
    return loss


def _each(values: Arrays, by: complex, function: Callable[[Arrays], float]) -> dict[str, Array]:
    """What the function gives when one number after the other is moved by `by`, in the shapes of the values."""
    results = {}
    for name, value in values.items():
        results[name] = np.empty(value.shape)
        for index in np.ndindex(value.shape):
            moved = value.astype(type(by))
            moved[index] += by
            results[name][index] = function({**values, name: moved})
    return results
