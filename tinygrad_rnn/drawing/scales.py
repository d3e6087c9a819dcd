"""From sizes to places on a scale, and the numbers that are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable

MOST_DECADES = 20
"""Beyond which small norms are all drawn as the smallest, lest rounding errors take up the scale."""

MOST_TICKS = 5

CLOSE = 1e-9
"""By how much an exponent may miss a whole number, which it is then taken to be."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class LogScale:
    """A logarithmic scale between two powers of ten.

    Attributes:
        low: the exponent at its lower end.
        high: the exponent at its upper end.
        step: from one of its ticks to the next.
    """

    def __init__(self, norms: Iterable[float]) -> None:
        exponents = [math.log10(norm) for norm in norms if 0 < norm < math.inf]
        self.high = math.ceil(max(exponents, default=0.0) - CLOSE)
        low = max(math.floor(min(exponents, default=-1.0) + CLOSE), self.high - MOST_DECADES)
        decades = max(self.high - low, 1)
        self.step = math.ceil(decades / MOST_TICKS)
        self.low = self.high - self.step * math.ceil(decades / self.step)

    @property
    def ticks(self) -> list[int]:
        """The exponents written beside the scale."""
        return list(range(self.low, self.high + 1, self.step))

    def part(self, norm: float) -> float:
        """How far up the scale a norm above zero is, from 0 to 1."""
        if norm == math.inf or norm != norm:
            return 1.0
        return min(max((math.log10(norm) - self.low) / (self.high - self.low), 0.0), 1.0)


def power_of_ten(exponent: int) -> str:
    """Such as 10⁻³."""
    return "10" + str(exponent).translate(SUPERSCRIPTS)
