"""Made-up tasks that need a long memory."""

from __future__ import annotations

import math

import numpy as np

from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.node import Array

SYMBOLS = 8
BLANK, MARK = SYMBOLS, SYMBOLS + 1
COPIED = 10


def adding_problem(steps: int, batch: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Add the two of many numbers that are marked (Hochreiter and Schmidhuber 1997, in the form of Le et al. 2015).

    The numbers are uniform in [0, 1). One mark stands in the first half, one in the second.

    Args:
        steps: T, at least 2.
        batch: how many sequences.
        random: draws them.

    Returns:
        Inputs (T, batch, 2), a number and its mark, 1 or 0; and targets (batch, 1), the sums. The constant
        answer 1 has a mean squared error of 1/6.

    Raises:
        SettingError: fewer than 2 steps.

    >>> xs, sums = tg.training.adding_problem(6, 4, np.random.default_rng(0))
    >>> np.allclose((xs[..., 0] * xs[..., 1]).sum(axis=0), sums[:, 0])
    True
    """
    if steps < 2:
        raise SettingError(f"the adding problem takes at least 2 steps, not {steps}")
    numbers = random.random((steps, batch))
    marks = np.zeros((steps, batch))
    everyone = np.arange(batch)
    marks[random.integers(0, steps // 2, batch), everyone] = 1
    marks[random.integers(steps // 2, steps, batch), everyone] = 1
    return np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=0)[:, None]


def copy_memory(delay: int, batch: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Say ten symbols again after a delay (Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016).

    The input is ten of 8 symbols, T − 1 blanks (8), a mark (9) and ten blanks; the target is T + 10 blanks
    and the ten symbols.

    Args:
        delay: T, at least 1.
        batch: how many sequences.
        random: draws the symbols.

    Returns:
        Inputs and targets, integers (T + 20, batch) each. An answer without memory has a mean cross-entropy
        of `memoryless_nats(T)`.

    Raises:
        SettingError: a delay below 1.

    >>> xs, targets = tg.training.copy_memory(5, 3, np.random.default_rng(0))
    >>> xs.shape, (xs[:10] == targets[-10:]).all(), int(xs[14, 0])
    ((25, 3), np.True_, 9)
    """
    if delay < 1:
        raise SettingError(f"the delay is at least 1, not {delay}")
    symbols = random.integers(0, SYMBOLS, (COPIED, batch))
    inputs = np.full((delay + 2 * COPIED, batch), BLANK)
    targets = inputs.copy()
    inputs[:COPIED] = symbols
    inputs[COPIED + delay - 1] = MARK
    targets[-COPIED:] = symbols
    return inputs, targets


def memoryless_nats(delay: int) -> float:
    """The score of blanks first and then a uniform guess at each symbol: 10 ln 8 / (T + 20)."""
    return COPIED * math.log(SYMBOLS) / (delay + 2 * COPIED)
