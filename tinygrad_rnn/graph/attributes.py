"""The settings of operations in the few kinds of values that JSON has.

Numbers, text, truth values and None stand for themselves, and a list for a tuple; each other kind is an
object with one member, whose name says the kind: {"slice": [0, 3, null]}.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.node import Array

DTYPE = re.compile(r"[<>|][biuf]\d{1,2}", re.ASCII)
"""A real dtype as numpy writes it, with its byte order."""


def encode(value: Any, array: Callable[[Array], Any]) -> Any:
    """The value of an attribute as JSON has it; `array` says what stands for an array.

    Raises:
        GraphError: a kind of value that no operation of this library has.
    """
    if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, tuple):
        return [encode(part, array) for part in value]
    if isinstance(value, np.ndarray | np.generic):  # before float, which np.float64 is too
        return {"array": array(value)}  # type: ignore[arg-type]
    for kind, (tag, write) in _WRITTEN.items():
        if isinstance(value, kind):
            return {tag: encode(write(value), array)}
    raise GraphError(f"cannot write the attribute {value!r}, a {type(value).__qualname__}")


def decode(written: Any, array: Callable[[Any], Array]) -> Any:
    """The value that `encode` wrote; `array` finds the array that something stands for.

    Raises:
        ValueError: nothing that `encode` writes.
    """
    if isinstance(written, list):
        return tuple([decode(part, array) for part in written])
    if not isinstance(written, dict):
        return written
    if len(written) != 1:
        raise ValueError(f"expected an object of one member, got {len(written)}")
    ((tag, content),) = written.items()
    if tag == "array":
        return array(content)
    if tag not in _READ:
        raise ValueError(f"unknown kind of value {tag!r}")
    try:
        return _READ[tag](decode(content, array))
    except (TypeError, OverflowError) as error:
        raise ValueError(f"not a {tag}: {error}") from error


def read_dtype(text: Any) -> np.dtype[Any]:
    """The real dtype that a text names.

    Raises:
        ValueError: it names none.
    """
    if not isinstance(text, str) or not DTYPE.fullmatch(text):
        raise ValueError(f"not a real dtype: {text!r}")
    try:
        return np.dtype(text)
    except TypeError as error:
        raise ValueError(f"this machine has no dtype {text!r}") from error


def _read_ellipsis(content: None) -> Any:
    if content is not None:
        raise ValueError(f"an ellipsis holds nothing, not {content!r}")
    return ...


def _read_parts(content: Any) -> tuple[Any, ...]:
    if not isinstance(content, tuple):
        raise ValueError(f"expected a list of parts, not {content!r}")
    return content


_WRITTEN: dict[type, tuple[str, Callable[[Any], Any]]] = {
    float: ("float", float.hex),
    list: ("list", tuple),
    slice: ("slice", lambda value: (value.start, value.stop, value.step)),
    type(...): ("ellipsis", lambda value: None),
    np.dtype: ("dtype", lambda value: value.str),
}

_READ: dict[str, Callable[[Any], Any]] = {
    "float": float.fromhex,
    "list": lambda content: list(_read_parts(content)),
    "slice": lambda content: slice(*_read_parts(content)),
    "ellipsis": _read_ellipsis,
    "dtype": read_dtype,
}
