"""Learning-rate schedules: factors by which the learning rate is multiplied at the n-th update, n from 0.

They are plain functions of n, and a product of them is a schedule again:

>>> from tinygrad_rnn.training import cosine, warm_up
>>> [0.1 * warm_up(n, 2) * cosine(n, 4) for n in range(5)]
[0.05, 0.0853553390593..., 0.05, 0.0146446609406..., 0.0]
"""

from __future__ import annotations

import math

from tinygrad_rnn.nn.settings import require_number, require_positive, require_sizes


def constant(n: int) -> float:
    """The factor 1."""
    return 1.0


def step_decay(n: int, every: int, factor: float = 0.1) -> float:
    """Multiplied by `factor` once every so many updates.

    Raises:
        SettingError: `every` is not a whole number from 1, or the factor not a finite number above 0.

    >>> [tg.training.step_decay(n, every=2, factor=0.5) for n in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    require_sizes(every=every)
    require_positive("factor", factor)
    return float(factor ** (n // every))


def cosine(n: int, updates: int, end: float = 0.0) -> float:
    """Half a cosine wave from 1 down to `end` after `updates` updates, and `end` from there on.

    This is the annealing of Loshchilov and Hutter 2017, without restarts.

    Raises:
        SettingError: the number of updates is not a finite number above 0.
    """
    require_positive("updates", updates)
    return end + (1 - end) * (1 + math.cos(math.pi * min(n / updates, 1))) / 2


def warm_up(n: int, updates: int) -> float:
    """In a straight line up to 1 at the last of the first `updates` updates; 1 from there on.

    Raises:
        SettingError: the number of updates is below 0.
    """
    require_number("updates", updates, lambda number: number >= 0, "a number from 0")
    return min(1.0, (n + 1) / updates) if updates else 1.0
