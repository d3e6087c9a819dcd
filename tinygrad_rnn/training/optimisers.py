"""Optimisers: rules that give parameters new values from their gradients.

An optimiser rebinds a parameter's value and never writes into it, so graphs built before keep theirs.
The rules, their names and their defaults are PyTorch's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.nn.settings import require_fraction, require_number, require_positive
from tinygrad_rnn.node import Array, to_array
from tinygrad_rnn.training.parameters import Parameters, parameter_list

Kept = dict[str, Array]
"""The arrays that a rule keeps of one parameter from step to step, by name; each shaped like the parameter."""


class Optimiser:
    """What all rules share: θ ← θ − α d, where the direction d is the rule's own.

    Attributes:
        parameters: the parameters θ.
        lr: the learning rate α, which may be set anew between steps.
        weight_decay: λ. The rule's gradient is ∇ + λ θ, which adds λ ‖θ‖² / 2 to the loss; where the decay is
            decoupled, λ θ is added to the direction instead.
    """

    keeps: tuple[str, ...] = ()
    decoupled = False

    def __init__(self, parameters: Parameters, lr: float, weight_decay: float) -> None:
        require_positive("lr", lr)
        require_number("weight_decay", weight_decay, lambda number: 0 <= number < math.inf, "a finite number from 0")
        self.parameters = parameter_list(parameters)
        self.lr = lr
        self.weight_decay = weight_decay
        self._steps = dict.fromkeys(self.parameters, 0)
        self._kept = {
            parameter: {name: np.zeros(parameter.shape, parameter.dtype) for name in self.keeps}
            for parameter in self.parameters
        }

    def zero_grad(self) -> None:
        """Clear every parameter's gradient."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Give each parameter its next value; those whose `grad` is None stay as they are."""
        for parameter in self.parameters:
            if parameter.grad is not None:
                self._steps[parameter] += 1
                theta, gradient = parameter.data, parameter.grad
                if self.weight_decay and not self.decoupled:
                    gradient = gradient + self.weight_decay * theta
                direction = self._direction(gradient, self._steps[parameter], self._kept[parameter])
                if self.weight_decay and self.decoupled:
                    direction = direction + self.weight_decay * theta
                parameter.data = theta - self.lr * direction

    def state_dict(self) -> dict[str, Array]:
        """What the rule remembers: "0.steps" counts the first parameter's steps, "0.m" is its m, and so on.

        Settings, the learning rate among them, are not part of it.

        >>> theta = tg.parameter([1.0, 2.0])
        >>> theta.grad = np.array([0.5, 1.0])
        >>> optimiser = tg.SGD([theta], lr=0.5, momentum=0.9)
        >>> optimiser.step()
        >>> optimiser.state_dict()
        {'0.steps': array(1), '0.velocity': array([0.5, 1. ])}
        """
        state: dict[str, Array] = {}
        for position, parameter in enumerate(self.parameters):
            state[f"{position}.steps"] = np.array(self._steps[parameter])
            state.update({f"{position}.{name}": array.copy() for name, array in self._kept[parameter].items()})
        return state

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on where an optimiser of the same kind, of parameters of the same shapes, was.

        Args:
            state: as `state_dict` gave it; copied.

        Raises:
            SettingError: it is another optimiser's: a name or a shape differs; or a count is below 0.
            OperandError, DTypeError: something that is not real numbers.
        """
        own = self.state_dict()
        if own.keys() != state.keys():
            different = ", ".join(sorted(own.keys() ^ state.keys())[:3])
            raise SettingError(f"this is not the state of such an {type(self).__name__}: it differs in {different}")
        arrays = {name: to_array(state[name], array.dtype) for name, array in own.items()}
        for name, array in arrays.items():
            if array.shape != own[name].shape:
                raise SettingError(f"{name} of an optimiser's state has shape {array.shape}, not {own[name].shape}")
            if name.endswith(".steps") and array < 0:
                raise SettingError(f"{name} of an optimiser's state is {array}; steps are counted from 0")
        for position, parameter in enumerate(self.parameters):
            self._steps[parameter] = int(arrays[f"{position}.steps"])
            self._kept[parameter] = {name: arrays[f"{position}.{name}"] for name in self._kept[parameter]}

    def _direction(self, gradient: Array, n: int, kept: Kept) -> Array:
        """The direction of a parameter's n-th step; arrays in `kept` are replaced, never written into."""
        raise NotImplementedError


class SGD(Optimiser):
    """Gradient descent: v ← μ v + ∇, θ ← θ − α v; with momentum μ = 0 that is θ ← θ − α ∇.

    With Nesterov's momentum, θ ← θ − α (∇ + μ v).

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        momentum: μ, from 0 up to but not including 1.
        weight_decay: λ; the rule's gradient is ∇ + λ θ.
        nesterov: look ahead along v; needs a momentum.

    Raises:
        SettingError: a number outside its range, or no parameters.
        OperandError: something that is no parameter.

    >>> theta = tg.parameter([1.0, 2.0])
    >>> theta.grad = np.array([0.5, 1.0])
    >>> tg.SGD([theta], lr=0.5).step()
    >>> theta.data
    array([0.75, 1.5 ])
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        require_fraction("momentum", momentum)
        if nesterov and not momentum:
            raise SettingError("Nesterov's momentum needs a momentum above 0")
        self.keeps = ("velocity",) if momentum else ()
        self.momentum = momentum
        self.nesterov = nesterov
        super().__init__(parameters, lr, weight_decay)

    def _direction(self, gradient: Array, n: int, kept: Kept) -> Array:
        if not self.momentum:
            return gradient
        kept["velocity"] = v = self.momentum * kept["velocity"] + gradient
        return gradient + self.momentum * v if self.nesterov else v


class Adagrad(Optimiser):
    """Adagrad (Duchi, Hazan and Singer 2011): s ← s + ∇², θ ← θ − α ∇ / (√s + ε).

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        eps: ε, above 0.
        weight_decay: λ; the rule's gradient is ∇ + λ θ.

    Raises:
        SettingError: a number outside its range, or no parameters.
        OperandError: something that is no parameter.
    """

    keeps = ("sum",)

    def __init__(self, parameters: Parameters, lr: float = 1e-2, eps: float = 1e-10, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, lr, weight_decay)
        require_positive("eps", eps)
        self.eps = eps

    def _direction(self, gradient: Array, n: int, kept: Kept) -> Array:
        kept["sum"] = s = kept["sum"] + gradient**2
        direction: Array = gradient / (np.sqrt(s) + self.eps)
        return direction


class RMSProp(Optimiser):
    """RMSProp (Tieleman and Hinton 2012): v ← ρ v + (1 − ρ) ∇², θ ← θ − α ∇ / (√v + ε).

    Centred (Graves 2013), the variance takes the place of v: m ← ρ m + (1 − ρ) ∇ and √(v − m²). With momentum
    μ > 0, b ← μ b + ∇ / (√v + ε) and θ ← θ − α b.

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        rho: ρ, from 0 up to but not including 1; PyTorch calls it alpha.
        eps: ε, above 0.
        weight_decay: λ; the rule's gradient is ∇ + λ θ.
        momentum: μ, from 0 up to but not including 1.
        centered: whether to divide by the standard deviation.

    Raises:
        SettingError: a number outside its range, or no parameters.
        OperandError: something that is no parameter.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        rho: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        require_fraction("rho", rho)
        require_fraction("momentum", momentum)
        require_positive("eps", eps)
        self.keeps = ("v", *(["m"] if centered else []), *(["velocity"] if momentum else []))
        self.rho = rho
        self.eps = eps
        self.momentum = momentum
        self.centered = centered
        super().__init__(parameters, lr, weight_decay)

    def _direction(self, gradient: Array, n: int, kept: Kept) -> Array:
        kept["v"] = variance = self.rho * kept["v"] + (1 - self.rho) * gradient**2
        if self.centered:
            kept["m"] = m = self.rho * kept["m"] + (1 - self.rho) * gradient
            variance = np.maximum(variance - m**2, 0)  # which rounding may leave just below 0
        direction: Array = gradient / (np.sqrt(variance) + self.eps)
        if self.momentum:
            kept["velocity"] = direction = self.momentum * kept["velocity"] + direction
        return direction


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

    keeps = ("m", "v")

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
            require_fraction("a beta", beta)
        require_positive("eps", eps)
        self.betas = pair
        self.eps = eps

    def _direction(self, gradient: Array, n: int, kept: Kept) -> Array:
        beta1, beta2 = self.betas
        kept["m"] = m = beta1 * kept["m"] + (1 - beta1) * gradient
        kept["v"] = v = beta2 * kept["v"] + (1 - beta2) * gradient**2
        unbiased_m, unbiased_v = m / (1 - beta1**n), v / (1 - beta2**n)
        direction: Array = unbiased_m / (np.sqrt(unbiased_v) + self.eps)
        return direction


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019): θ ← θ − α (m̂ / (√v̂ + ε) + λ θ).

    Args:
        parameters: a network's dict, or Tensors.
        lr: the learning rate α.
        betas: β₁ and β₂, from 0 up to but not including 1.
        eps: ε, above 0.
        weight_decay: λ.

    Raises:
        SettingError: a number outside its range, or no parameters.
        OperandError: something that is no parameter.
    """

    decoupled = True

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
