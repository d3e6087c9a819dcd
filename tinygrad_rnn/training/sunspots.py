"""The yearly sunspot numbers 1700–2008: the series, its customary parts, and its unit of error.

The file `data/sunspots.csv` and where it comes from are described in `data/README.md` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.node import Array


class Years(NamedTuple):
    """A span of years, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"


TRAINING = Years(1700, 1920)
VALIDATION = Years(1886, 1920)  # the last of the training years, for choosing; never the test years
TESTS = (Years(1921, 1955), Years(1956, 1979))
UNIT = Years(1700, 1979)  # an error of 1 is the variance of these years


@dataclass(frozen=True, eq=False)
class Sunspots:
    """A stretch of the series.

    Attributes:
        years: the years, without gaps.
        numbers: each year's mean sunspot number.
    """

    years: Array
    numbers: Array

    def during(self, span: Years) -> Array:
        """Which of the years lie in the span: an array of truth values."""
        during: Array = (span.first <= self.years) & (self.years <= span.last)
        return during

    def until(self, last: int) -> Sunspots:
        """The stretch up to and including a year."""
        kept = self.years <= last
        return Sunspots(self.years[kept], self.numbers[kept])

    def mean_squared_error(self, forecast: Array, span: Years) -> float:
        """The mean squared error of a forecast, one number for each year of the stretch, over a span."""
        during = self.during(span)
        return float(np.mean((forecast[during] - self.numbers[during]) ** 2))


def load_sunspots() -> Sunspots:
    """The whole series, 309 years.

    >>> series = tg.training.load_sunspots()
    >>> int(series.years[0]), float(series.numbers[0]), len(series.years)
    (1700, 5.0, 309)
    """
    from importlib.resources import files

    with (files("tinygrad_rnn.training") / "data" / "sunspots.csv").open(encoding="ascii") as lines:
        years, numbers = np.loadtxt(lines, delimiter=",", skiprows=1, unpack=True)
    return Sunspots(years.astype(int), numbers)


def error_unit(series: Sunspots) -> float:
    """The variance of 1700–1979, 1495.6, in whose units the literature gives its errors."""
    return float(np.var(series.numbers[series.during(UNIT)]))
