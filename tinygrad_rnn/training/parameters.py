"""What may be given as parameters: a network's dict, or any iterable of Tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinygrad_rnn.errors import OperandError, SettingError
from tinygrad_rnn.node import Tensor

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
