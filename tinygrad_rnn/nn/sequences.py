"""Sequences as people give them, turned into one node for every time step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinygrad_rnn.errors import DTypeError, OperandError, SettingError, ShapeError
from tinygrad_rnn.graph import Nodes
from tinygrad_rnn.node import Array, Operand, Shape, Tensor, step, tensor, to_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Sequence: TypeAlias = "Operand | Iterable[Operand]"
"""Values over time: an array or Tensor whose first axis is time, or an iterable of arrays and Tensors."""


def per_step(sequence: Sequence, letter: str, dtype: np.dtype[Any] | None) -> Nodes:
    """One node for every time step, marked with it.

    Arrays become constant leaves of the dtype, or of their own if none is given, and one Tensor its slices;
    these are labelled by letter and step. Tensors that are given one a step are used as they are, with their
    own marks.

    Raises:
        OperandError: not a sequence, or not of numbers.
        DTypeError: the numbers are not real.
    """
    values = indexable(sequence, letter)
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


def input_steps(xs: Sequence, features: int, dtype: np.dtype[Any]) -> Nodes:
    """The inputs of a network, one node for every time step, as `per_step` makes them.

    Raises:
        ShapeError: not (time, features) or (time, batch, features), or nothing at all.
        OperandError: not a sequence, or not of numbers.
        DTypeError: the numbers are not real.
    """
    inputs = per_step(xs, "x", dtype)
    shape = inputs[0].shape if inputs else ()
    fits = len(shape) in (1, 2) and shape[-1] == features and 0 not in shape
    if not fits or any(x.shape != shape for x in inputs):
        raise ShapeError(
            f"expected xs of shape (time, {features}) or (time, batch, {features}), with at least one time step "
            f"and one sequence; got {whole_shape(inputs)}"
        )
    return inputs


def presence(lengths: ArrayLike, steps: int, batch: Shape) -> tuple[int, dict[int, Tensor]]:
    """The greatest of the lengths of a batch's sequences, and which go on at each time at which others are over.

    Args:
        lengths: (batch,), from 1 to the number of steps.
        steps: how many there are.
        batch: (sequences,).

    Returns:
        The greatest length, and for times at which some sequences are over truth values (sequences, 1).

    Raises:
        OperandError, DTypeError: lengths that are not real numbers.
        ShapeError: lengths of another shape, or no batch.
        SettingError: lengths that are not whole numbers from 1 to the number of steps.
    """
    given = to_array(lengths)
    if not batch or given.shape != batch:
        raise ShapeError(f"expected one length for each sequence of a batch, of shape {batch}; got {given.shape}")
    if given.dtype.kind not in "iu" or given.min() < 1 or given.max() > steps:
        raise SettingError(f"lengths are whole numbers from 1 to {steps}, the number of steps; got {given.tolist()}")
    present = {}
    for t in range(int(given.min()) + 1, int(given.max()) + 1):
        with step(t):
            present[t] = tensor((given >= t)[:, None], f"m_{t}")
    return int(given.max()), present


def leaf(value: object, label: str, dtype: np.dtype[Any] | None) -> Tensor:
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
    values = indexable(targets, letter)
    array = values.data if isinstance(values, Tensor) else values
    if not isinstance(array, np.ndarray):
        try:
            array = np.array([value.data if isinstance(value, Tensor) else value for value in values])
        except ValueError:  # rows of different lengths are no classes; what they should be is said elsewhere
            return values
    if array.dtype.kind not in "iu" or array.shape != shape:
        return values
    return one_hot_rows(array, classes)


def one_hot_rows(classes: Array, count: int) -> Array:
    """Integers as rows of zeros and a one.

    Raises:
        SettingError: a class is below 0, or not below `count`.
    """
    if classes.size and not (0 <= classes.min() and classes.max() < count):
        raise SettingError(
            f"classes run from 0 to {count - 1}; the targets run from {classes.min()} to {classes.max()}"
        )
    rows: Array = np.eye(count)[classes]
    return rows


def whole_shape(sequence: Nodes) -> str:
    """The shape of a sequence, time first; of one whose steps differ, the shapes that occur."""
    shapes = list(dict.fromkeys(node.shape for node in sequence))
    if len(shapes) == 1:
        return str((len(sequence), *shapes[0]))
    return f"{len(sequence)} steps" + (f" of the shapes {', '.join(map(str, shapes))}" if shapes else "")


def indexable(sequence: Sequence, letter: str) -> Tensor | Array | list[Any]:
    """The sequence itself if it is an array or Tensor, else a list of its steps."""
    try:
        values = sequence if isinstance(sequence, Tensor | np.ndarray) else list(sequence)  # type: ignore[arg-type]
        len(values)  # refuses arrays and Tensors without an axis
    except TypeError:
        raise OperandError(f"{letter} is a sequence over time, not {sequence!r}") from None
    return values
