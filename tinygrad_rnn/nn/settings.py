"""What the settings of networks and of their training may be, and what people hear otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.errors import SettingError

Seed: TypeAlias = "int | np.random.Generator"
"""Where random numbers start from: a number, or a generator to draw on from."""


def generator(seed: Seed) -> np.random.Generator:
    """A generator of random numbers; one that is given is used itself, and goes on.

    Raises:
        SettingError: numpy does not know the seed.
    """
    random: np.random.Generator = understood("seed", np.random.default_rng, seed)
    return random


def known_dtype(dtype: object) -> np.dtype[Any]:
    """A dtype, as numpy knows it.

    Raises:
        SettingError: numpy does not know it.
    """
    known: np.dtype[Any] = understood("dtype", np.dtype, dtype)
    return known


def require_sizes(**sizes: object) -> None:
    """Refuse what is no number of units.

    Raises:
        SettingError: a size is not a whole number from 1.
    """
    for setting, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise SettingError(f"{setting} is a whole number from 1, not {size!r}")


def require_number(setting: str, number: object, fits: Callable[[float], bool], expected: str) -> None:
    """Refuse a setting that is no real number, or does not fit.

    Raises:
        SettingError: naming the setting, what it should be, and what it is.
    """
    if isinstance(number, bool) or not (isinstance(number, Real) and fits(float(number))):
        raise SettingError(f"{setting} is {expected}, not {number!r}")


def require_positive(setting: str, number: object) -> None:
    """Refuse what is not a finite number above 0.

    Raises:
        SettingError: it is not.
    """
    require_number(setting, number, lambda number: 0 < number < math.inf, "a finite number above 0")


def require_fraction(setting: str, number: object) -> None:
    """Refuse what is no fraction of a whole.

    Raises:
        SettingError: not a number from 0 up to but not including 1.
    """
    require_number(setting, number, lambda number: 0 <= number < 1, "a number in [0, 1)")


def choose(setting: str, name: str, table: Mapping[str, Any]) -> Any:
    """What a name stands for.

    Raises:
        SettingError: it stands for nothing.
    """
    if not isinstance(name, str) or name not in table:
        raise SettingError(f"{setting} is one of {', '.join(table)}, not {name!r}")
    return table[name]


def understood(setting: str, numpy_type: Callable[[Any], Any], value: object) -> Any:
    """What numpy makes of a dtype or a seed.

    Raises:
        SettingError: numpy does not know it.
    """
    try:
        return numpy_type(value)
    except (TypeError, ValueError) as error:
        raise SettingError(f"numpy does not know the {setting} {value!r}: {error}") from error
