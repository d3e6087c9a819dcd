"""Clipping: keep a gradient small before an optimiser's step."""

from __future__ import annotations

import math

import numpy as np

from tinygrad_rnn.errors import NonFiniteError
from tinygrad_rnn.nn.settings import require_number
from tinygrad_rnn.node import Array
from tinygrad_rnn.training.parameters import Parameters, parameter_list


def clip_grad_norm(parameters: Parameters, max_norm: float) -> float:
    """Scale all gradients by one factor, so that their norm taken together is at most `max_norm`.

    Their direction stays (Pascanu, Mikolov and Bengio 2013, algorithm 1).

    Args:
        parameters: a network's dict, or Tensors; those whose `grad` is None are passed over.
        max_norm: above 0; infinite to measure the norm alone.

    Returns:
        The norm before; 0 where no parameter has a gradient.

    Raises:
        NonFiniteError: a gradient's norm is infinite or NaN, which no factor makes small. All gradients are
            left as they are, and the caller may skip the step.
        SettingError: `max_norm` is not above 0, or there are no parameters.
        OperandError: something that is no parameter.

    >>> theta = tg.parameter([1.0, 2.0])
    >>> theta.grad = np.array([3.0, 4.0])
    >>> tg.clip_grad_norm([theta], max_norm=2.5)
    5.0
    >>> theta.grad
    array([1.5, 2. ])
    """
    require_number("max_norm", max_norm, lambda number: number > 0, "a number above 0")
    norms = {parameter: _norm(parameter.grad) for parameter in parameter_list(parameters)}
    norm = math.hypot(*norms.values())
    if not math.isfinite(norm):
        culprits = [f"{parameter.describe()}: {own}" for parameter, own in norms.items() if not math.isfinite(own)]
        raise NonFiniteError(f"gradients cannot be clipped where a norm is not finite; {', '.join(culprits)}")
    if norm > max_norm:
        for parameter in norms:
            if parameter.grad is not None:
                parameter.grad *= max_norm / norm
    return norm


def _norm(gradient: Array | None) -> float:
    """√Σ g² in float64, so that the squares of a narrower dtype do not overflow; 0 for no gradient."""
    if gradient is None:
        return 0.0
    with np.errstate(over="ignore"):
        return float(np.linalg.norm(gradient.astype(np.float64, copy=False)))


def clip_grad_value(parameters: Parameters, max_value: float) -> None:
    """Bring every entry of every gradient into [−max_value, max_value]; their direction may change.

    Args:
        parameters: a network's dict, or Tensors; those whose `grad` is None are passed over.
        max_value: above 0.

    Raises:
        NonFiniteError: a gradient holds a NaN, which no bound makes small. All gradients are left as they are.
        SettingError: `max_value` is not above 0, or there are no parameters.
        OperandError: something that is no parameter.

    >>> theta = tg.parameter([1.0, 2.0])
    >>> theta.grad = np.array([3.0, -0.25])
    >>> tg.clip_grad_value([theta], max_value=1.0)
    >>> theta.grad
    array([ 1.  , -0.25])
    """
    require_number("max_value", max_value, lambda number: number > 0, "a number above 0")
    gradients = {parameter: parameter.grad for parameter in parameter_list(parameters) if parameter.grad is not None}
    culprits = [parameter.describe() for parameter, gradient in gradients.items() if np.isnan(gradient).any()]
    if culprits:
        raise NonFiniteError(f"gradients cannot be clipped where one is NaN; {', '.join(culprits)}")
    for gradient in gradients.values():
        np.clip(gradient, -max_value, max_value, out=gradient)
