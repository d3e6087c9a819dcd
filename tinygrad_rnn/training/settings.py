"""Checking the numbers that people set."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real

from tinygrad_rnn.errors import SettingError


def require(setting: str, number: object, fits: Callable[[float], bool], expected: str) -> None:
    """Refuse a setting that is no real number, or does not fit.

    Raises:
        SettingError: naming the setting, what it should be, and what it is.
    """
    if isinstance(number, bool) or not (isinstance(number, Real) and fits(float(number))):
        raise SettingError(f"{setting} is {expected}, not {number!r}")
