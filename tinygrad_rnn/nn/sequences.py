"""Sequences as people give them, turned into one node for every time step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.errors import DTypeError, OperandError, SettingError
from tinygrad_rnn.graph import Nodes
from tinygrad_rnn.node import Array, Operand, Shape, Tensor, tensor

Sequence: TypeAlias = "Operand | Iterable[Operand]"
"""Values over time: an array or Tensor whose first axis is time, or an iterable of arrays and Tensors."""


def per_step(sequence: Sequence, letter: str, dtype: np.dtype[Any]) -> Nodes:
    """One node for every time step, marked with it.

    Arrays become constant leaves of the dtype, and one Tensor its slices; these are labelled by letter and
    step. Tensors that are given one a step are used as they are, with their own marks.

    Raises:
        OperandError: not a sequence, or not of numbers.
        DTypeError: the numbers are not real.
    """
    values = _indexable(sequence, letter)
    nodes = []
    for t in range(1, len(values) + 1):
        label = f"{letter}_{t}"
        value = values[t - 1]
        if not isinstance(value, Tensor):
            value = leaf(value, label, dtype)
            value.step = t
        elif isinstance(values, Tensor):
            value.label, value.step = label, t
        nodes.append(value)
    return Nodes(nodes)


def leaf(value: object, label: str, dtype: np.dtype[Any]) -> Tensor:
    """A labelled constant leaf; where the value is not real numbers, the error says whose it is.

    Raises:
        OperandError: not numbers.
        DTypeError: the numbers are not real.
    """
    try:
        return tensor(value, label, dtype)  # type: ignore[arg-type]
    except (OperandError, DTypeError) as error:
        raise type(error)(f"{label}: {error}") from error


def one_hot(targets: Sequence, letter: str, classes: int, shape: Shape) -> Sequence:
    """Integer classes of the given shape as rows of zeros and a one; any other targets as they are.

    Raises:
        OperandError: not a sequence.
        SettingError: a class is below 0, or not below `classes`.
    """
    values = _indexable(targets, letter)
    array = values.data if isinstance(values, Tensor) else values
    if not isinstance(array, np.ndarray):
        try:
            array = np.array([value.data if isinstance(value, Tensor) else value for value in values])
        except ValueError:  # rows of different lengths are no classes; what they should be is said elsewhere
            return values
    if array.dtype.kind not in "iu" or array.shape != shape:
        return values
    if not (0 <= array.min() and array.max() < classes):
        raise SettingError(f"classes run from 0 to {classes - 1}; the targets run from {array.min()} to {array.max()}")
    rows: Array = np.eye(classes)[array]
    return rows


def whole_shape(sequence: Nodes) -> str:
    """The shape of a sequence, time first; of one whose steps differ, the shapes that occur."""
    shapes = list(dict.fromkeys(node.shape for node in sequence))
    if len(shapes) == 1:
        return str((len(sequence), *shapes[0]))
    return f"{len(sequence)} steps" + (f" of the shapes {', '.join(map(str, shapes))}" if shapes else "")


def _indexable(sequence: Sequence, letter: str) -> Tensor | Array | list[Any]:
    """The sequence itself if it is an array or Tensor, else a list of its steps."""
    try:
        values = sequence if isinstance(sequence, Tensor | np.ndarray) else list(sequence)  # type: ignore[arg-type]
        len(values)  # refuses arrays and Tensors without an axis
    except TypeError:
        raise OperandError(f"{letter} is a sequence over time, not {sequence!r}") from None
    return values
