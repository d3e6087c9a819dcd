"""Timing programs against each other: by turns, in one process, so that what disturbs one disturbs all.

Time is processor time, of all threads together. For one thread that never waits this is what the clock shows
on an idle machine, and other processes do not add to it.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Timings = dict[str, list[float]]
"""For each program its seconds of processor time, round by round: equal positions belong to the same round."""


def alternate(programs: Mapping[str, Callable[[], object]], seconds: float, rounds: int) -> Timings:
    """Run every program once a round, for at least so many seconds and rounds.

    The order is drawn anew in each round, because a program's time depends on what the one before it has
    left in the processor's caches and in the allocator.
    """
    timings: Timings = {name: [] for name in programs}
    order = list(programs)
    shuffle = random.Random(0).shuffle
    end = time.perf_counter() + seconds
    while rounds > 0 or time.perf_counter() < end:
        shuffle(order)
        for name in order:
            start = time.process_time()
            programs[name]()
            timings[name].append(time.process_time() - start)
        rounds -= 1
    return timings


def ratio(timings: Timings, name: str, reference: str) -> float:
    """The median over the rounds of one program's time over another's."""
    return statistics.median(a / b for a, b in zip(timings[name], timings[reference], strict=True))


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile."""
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, middle, upper
