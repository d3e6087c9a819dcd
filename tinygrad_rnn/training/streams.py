"""A long sequence as parallel streams, and streams as windows."""

from __future__ import annotations

from collections.abc import Iterator

from tinygrad_rnn.errors import SettingError, ShapeError
from tinygrad_rnn.nn.settings import require_sizes
from tinygrad_rnn.node import Array


def parallel_streams(sequence: Array, batch: int) -> tuple[Array, Array]:
    """Cut a sequence into as many contiguous streams of equal length, and pair each item with the one after it.

    Args:
        sequence: (items, …).
        batch: how many streams; what does not fill them all is left over at the end.

    Returns:
        Inputs and targets, (steps, batch, …) each: stream b goes on where stream b − 1 ends.

    Raises:
        SettingError: fewer than one pair for each stream, or not at least one stream.

    >>> inputs, targets = tg.training.parallel_streams(np.arange(8), batch=2)
    >>> inputs.T
    array([[0, 1, 2],
           [3, 4, 5]])
    >>> targets.T
    array([[1, 2, 3],
           [4, 5, 6]])
    """
    require_sizes(batch=batch)
    steps = (len(sequence) - 1) // batch
    if steps < 1:
        raise SettingError(f"{len(sequence)} items are too few for {batch} streams; one of each has an item after it")
    used = steps * batch
    inputs, targets = (
        part.reshape(batch, steps, *part.shape[1:]).swapaxes(0, 1) for part in (sequence[:used], sequence[1 : used + 1])
    )
    return inputs, targets


def windows(inputs: Array, targets: Array, steps: int) -> Iterator[tuple[Array, Array]]:
    """Streams in order, so many steps at a time; the last window may be shorter.

    Raises:
        SettingError: the number of steps is not a whole number from 1.
        ShapeError: there are not as many targets as inputs.
    """
    require_sizes(steps=steps)
    if len(inputs) != len(targets):
        raise ShapeError(f"each input has its target, but there are {len(inputs)} inputs and {len(targets)} targets")
    for start in range(0, len(inputs), steps):
        yield inputs[start : start + steps], targets[start : start + steps]
