"""Modules: parts of networks, whose parameters are found by attribute and named by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinygrad_rnn.errors import SettingError, ShapeError, TinygradRNNError
from tinygrad_rnn.node import Array, Tensor, to_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Module:
    """A part of a network.

    A subclass sets its parameters and its own parts as attributes, alone or in lists, tuples and dicts, and
    says in `__call__` what it computes. A path joins the names on the way with dots, as PyTorch does it.

    Attributes:
        training: whether dropout drops; `train` and `eval` change it.

    >>> class Classifier(tg.nn.Module):
    ...     def __init__(self):
    ...         self.recurrent = tg.nn.GRU(input_size=3, hidden_size=4, bias=False)
    ...         self.head = tg.nn.Linear(4, 2)
    ...
    ...     def __call__(self, xs):
    ...         outputs, state = self.recurrent.unroll(xs)
    ...         return self.head(outputs[-1])
    >>> net = Classifier()
    >>> list(net.parameters)
    ['recurrent.weight_ih_l0', 'recurrent.weight_hh_l0', 'head.weight', 'head.bias']
    >>> net(np.zeros((5, 3))).shape
    (2,)
    """

    training: bool = True

    @property
    def parameters(self) -> dict[str, Tensor]:
        """Every parameter by its path, a module's own before those of its parts."""
        return {
            path: found
            for path, found in find_members("", self)
            if isinstance(found, Tensor) and found.op is None and found.requires_grad
        }

    @property
    def generators(self) -> dict[str, np.random.Generator]:
        """Every generator of random numbers by its path: besides the parameters, all that a run's course rests on."""
        return {path: found for path, found in find_members("", self) if isinstance(found, np.random.Generator)}

    def train(self, mode: bool = True) -> Self:
        """Set this module and all its parts to train, or with False to be evaluated; returns the module."""
        for _, found in find_members("", self):
            if isinstance(found, Module):
                found.training = mode
        return self

    def eval(self) -> Self:
        """Set this module and all its parts to be evaluated, without dropout; returns the module."""
        return self.train(False)

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter's value by its path."""
        return {path: parameter.data.copy() for path, parameter in self.parameters.items()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Give every parameter the value under its path, cast to the parameter's dtype.

        Args:
            state: arrays of the parameters' shapes, or what numpy makes arrays of.

        Raises:
            SettingError: values are missing, or belong to no parameter. Nothing is loaded.
            ShapeError: a value of another shape. Nothing is loaded.
            OperandError, DTypeError: a value that is not real numbers. Nothing is loaded.
        """
        parameters = self.parameters
        missing = [path for path in parameters if path not in state]
        unknown = [str(path) for path in state if path not in parameters]
        if missing or unknown:
            raise SettingError(
                f"values and parameters differ; values missing for: {', '.join(missing) or 'none'}; "
                f"values of unknown parameters: {', '.join(unknown) or 'none'}"
            )
        arrays = {path: _value(path, state[path], parameter) for path, parameter in parameters.items()}
        for path, parameter in parameters.items():
            parameter.data = arrays[path]

    def __repr__(self) -> str:
        count = sum(parameter.size for parameter in self.parameters.values())
        return f"<{type(self).__name__} of {count:,} parameters>"

    def members(self) -> Mapping[str, Any]:
        """What is searched for parameters and parts, by name: the attributes."""
        return vars(self)


def find_members(path: str, value: object) -> Iterator[tuple[str, object]]:
    """The value, and all that it holds in turn, with their paths; in each place tensors come before the rest."""
    yield path, value
    held: Mapping[Any, object]
    if isinstance(value, Module):
        held = value.members()
    elif isinstance(value, Mapping):
        held = value
    elif isinstance(value, list | tuple):
        held = dict(enumerate(value))
    else:
        return
    for name, member in sorted(held.items(), key=lambda item: not isinstance(item[1], Tensor)):
        yield from find_members(f"{path}.{name}" if path else str(name), member)


def _value(path: str, value: ArrayLike, parameter: Tensor) -> Array:
    """A value as an array that the parameter can take."""
    try:
        array = to_array(value, parameter.dtype)
    except TinygradRNNError as error:
        raise type(error)(f"{path}: {error}") from error
    if array.shape != parameter.shape:
        raise ShapeError(f"{path} has the shape {parameter.shape}, and cannot take a value of shape {array.shape}")
    return array
