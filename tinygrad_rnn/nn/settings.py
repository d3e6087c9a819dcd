"""What the settings of networks may be, and what people hear otherwise."""

from __future__ import annotations

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


def require_fraction(setting: str, number: object) -> None:
    """Refuse what is no fraction of a whole.

    Raises:
        SettingError: not a number from 0 up to but not including 1.
    """
    if not (isinstance(number, Real) and 0 <= float(number) < 1):
        raise SettingError(f"{setting} is a number in [0, 1), not {number!r}")


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
