"""Optimisers: rules that give parameters new values from their gradients.

An optimiser rebinds a parameter's value and never writes into it, so graphs built before keep theirs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.node import Array, Tensor

Parameters = Mapping[str, Tensor] | Iterable[Tensor]


def parameter_list(parameters: Parameters) -> list[Tensor]:
    """The parameters of a network's dict, or of any iterable of Tensors.

    Raises:
        SettingError: there are none, or one of them asks for no gradient.
    """
    found = list(parameters.values() if isinstance(parameters, Mapping) else parameters)
    if not found or not all(isinstance(p, Tensor) and p.op is None and p.requires_grad for p in found):
        raise SettingError("expected at least one parameter, as tg.parameter or a network's .parameters give them")
    return found


class Optimiser:
    """What all rules share: the parameters, and clearing their gradients."""

    def __init__(self, parameters: Parameters, lr: float) -> None:
        if not lr > 0:
            raise SettingError(f"the learning rate is above 0, not {lr!r}")
        self.parameters = parameter_list(parameters)
        self.lr = lr

    def zero_grad(self) -> None:
        """Clear every parameter's gradient."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Give each parameter that has a gradient its next value."""
        for position, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                parameter.data = parameter.data - self._change(position, parameter.grad)

    def _change(self, position: int, gradient: Array) -> Array:
        raise NotImplementedError


class SGD(Optimiser):
    """Gradient descent: v ← μ v + ∇, θ ← θ − α v; with momentum μ = 0 that is θ ← θ − α ∇.

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        momentum: μ, from 0 up to but not including 1.
    """

    def __init__(self, parameters: Parameters, lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise SettingError(f"momentum lies in [0, 1), not {momentum!r}")
        self.momentum = momentum
        self._velocity: dict[int, Array] = {}

    def _change(self, position: int, gradient: Array) -> Array:
        if self.momentum:
            before = self._velocity.get(position)
            gradient = gradient.copy() if before is None else self.momentum * before + gradient
            self._velocity[position] = gradient
        return self.lr * gradient


class Adam(Optimiser):
    """Adam (Kingma and Ba 2015, algorithm 1).

    m ← β₁ m + (1 − β₁) ∇, v ← β₂ v + (1 − β₂) ∇², θ ← θ − α m̂ / (√v̂ + ε), where m̂ and v̂ are corrected
    for their start at zero.

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        betas: β₁ and β₂, from 0 up to but not including 1.
        eps: ε.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise SettingError(f"betas lie in [0, 1), not {betas!r}")
        self.betas = betas
        self.eps = eps
        self._moments: dict[int, tuple[int, Array, Array]] = {}

    def _change(self, position: int, gradient: Array) -> Array:
        beta1, beta2 = self.betas
        zeros = np.zeros_like(gradient)
        count, m, v = self._moments.get(position, (0, zeros, zeros))
        count, m, v = count + 1, beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient**2
        self._moments[position] = count, m, v
        unbiased_m, unbiased_v = m / (1 - beta1**count), v / (1 - beta2**count)
        change: Array = self.lr * unbiased_m / (np.sqrt(unbiased_v) + self.eps)
        return change


def clip_grad_norm(parameters: Parameters, max_norm: float) -> float:
    """Scale all gradients by one factor so that their norm, taken together, is at most `max_norm`.

    Returns:
        The norm before; 0 where no parameter has a gradient.

    Raises:
        SettingError: `max_norm` is not above 0.
    """
    if not max_norm > 0:
        raise SettingError(f"max_norm is above 0, not {max_norm!r}")
    found = [parameter.grad for parameter in parameter_list(parameters) if parameter.grad is not None]
    norm = math.hypot(*[float(np.linalg.norm(gradient)) for gradient in found])
    if norm > max_norm:
        for gradient in found:
            gradient *= max_norm / norm
    return norm
