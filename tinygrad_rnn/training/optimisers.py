"""Optimisers: rules that give parameters new values from their gradients.

An optimiser rebinds a parameter's value and never writes into it, so graphs built before keep theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real

import numpy as np

from tinygrad_rnn.errors import NonFiniteError, OperandError, SettingError
from tinygrad_rnn.node import Array, Tensor

Parameters = Mapping[str, Tensor] | Iterable[Tensor]


def parameter_list(parameters: Parameters) -> list[Tensor]:
    """The parameters of a network's dict, or of any iterable of Tensors; one that occurs twice counts once.

    Raises:
        OperandError: something else, or something else among them.
        SettingError: there are none.
    """
    expected = "expected parameters, as tg.parameter or a network's .parameters give them"
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        raise OperandError(f"{expected}, in a dict or list; got {_describe(parameters)}")
    found = list(parameters.values() if isinstance(parameters, Mapping) else parameters)
    for parameter in found:
        if not (isinstance(parameter, Tensor) and parameter.op is None and parameter.requires_grad):
            raise OperandError(f"{expected}; got {_describe(parameter)}")
    if not found:
        raise SettingError(f"{expected}; got none")
    return list(dict.fromkeys(found))


def _describe(something: object) -> str:
    return something.describe() if isinstance(something, Tensor) else repr(something)


class Optimiser:
    """What all rules share: θ ← θ − α d, where the direction d is the rule's own, from the gradient ∇ + λ θ.

    Attributes:
        parameters: the parameters θ.
        lr: the learning rate α, which may be set anew between steps.
        weight_decay: λ, which adds λ ‖θ‖² / 2 to the loss.
    """

    def __init__(self, parameters: Parameters, lr: float, weight_decay: float) -> None:
        _check("lr", lr, lambda number: 0 < number < math.inf, "a finite number above 0")
        _check("weight_decay", weight_decay, lambda number: 0 <= number < math.inf, "a finite number from 0")
        self.parameters = parameter_list(parameters)
        self.lr = lr
        self.weight_decay = weight_decay

    def zero_grad(self) -> None:
        """Clear every parameter's gradient."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Give each parameter its next value; those whose `grad` is None stay as they are."""
        for parameter in self.parameters:
            if parameter.grad is not None:
                gradient = parameter.grad
                if self.weight_decay:
                    gradient = gradient + self.weight_decay * parameter.data
                parameter.data = parameter.data - self.lr * self._direction(parameter, gradient)

    def _direction(self, parameter: Tensor, gradient: Array) -> Array:
        raise NotImplementedError


class SGD(Optimiser):
    """Gradient descent: v ← μ v + ∇, θ ← θ − α v; with momentum μ = 0 that is θ ← θ − α ∇.

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        momentum: μ, from 0 up to but not including 1.
        weight_decay: λ; the rule's gradient is ∇ + λ θ.

    Raises:
        SettingError: a number outside its range, or no parameters.
        OperandError: something that is no parameter.

    >>> theta = tg.parameter([1.0, 2.0])
    >>> theta.grad = np.array([0.5, 1.0])
    >>> tg.SGD([theta], lr=0.5).step()
    >>> theta.data
    array([0.75, 1.5 ])
    """

    def __init__(self, parameters: Parameters, lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, lr, weight_decay)
        _check("momentum", momentum, lambda number: 0 <= number < 1, "a number in [0, 1)")
        self.momentum = momentum
        self._velocities: dict[Tensor, Array] = {}

    def _direction(self, parameter: Tensor, gradient: Array) -> Array:
        if not self.momentum:
            return gradient
        v = self.momentum * self._velocities.get(parameter, 0) + gradient
        self._velocities[parameter] = v
        return v


class Adam(Optimiser):
    """Adam (Kingma and Ba 2015, algorithm 1).

    m ← β₁ m + (1 − β₁) ∇, v ← β₂ v + (1 − β₂) ∇², θ ← θ − α m̂ / (√v̂ + ε), where m̂ = m / (1 − β₁ⁿ) and
    v̂ = v / (1 − β₂ⁿ) correct the n-th step for the start at zero.

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        betas: β₁ and β₂, from 0 up to but not including 1.
        eps: ε, above 0.
        weight_decay: λ; the rule's gradient is ∇ + λ θ.

    Raises:
        SettingError: a number outside its range, or no parameters.
        OperandError: something that is no parameter.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        if not isinstance(betas, Iterable) or len(pair := tuple(betas)) != 2:
            raise SettingError(f"betas are two numbers, not {betas!r}")
        for beta in pair:
            _check("a beta", beta, lambda number: 0 <= number < 1, "a number in [0, 1)")
        _check("eps", eps, lambda number: 0 < number < math.inf, "a finite number above 0")
        self.betas = pair
        self.eps = eps
        self._moments: dict[Tensor, tuple[int, Array, Array]] = {}

    def _direction(self, parameter: Tensor, gradient: Array) -> Array:
        beta1, beta2 = self.betas
        zero = np.zeros_like(gradient)
        n, m, v = self._moments.get(parameter, (0, zero, zero))
        n, m, v = n + 1, beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient**2
        self._moments[parameter] = n, m, v
        unbiased_m, unbiased_v = m / (1 - beta1**n), v / (1 - beta2**n)
        direction: Array = unbiased_m / (np.sqrt(unbiased_v) + self.eps)
        return direction


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
    _check("max_norm", max_norm, lambda number: number > 0, "a number above 0")
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


def _check(setting: str, number: object, fits: Callable[[float], bool], expected: str) -> None:
    if not (isinstance(number, Real) and fits(float(number))):
        raise SettingError(f"{setting} is {expected}, not {number!r}")
