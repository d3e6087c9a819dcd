"""Colours that stand for numbers: perceptually uniform, told apart by the colour-blind and in greyscale."""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_rnn.drawing.basics.theme import Theme


def sequential(part: float, theme: Theme) -> str:
    """The colour of a size between 0 and 1: the larger, the farther from the background."""
    return _along(theme.sizes, part)


def diverging(part: float, theme: Theme) -> str:
    """The colour of a number between −1 and 1, as the columns are at zero; print has one grey for either sign."""
    return _along((theme.negative, theme.column.fill, theme.positive), (part + 1) / 2)


def mix(colour: str, other: str, part: float) -> str:
    """The colour that lies a part of the way from one to another."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + part * (two - one)):02X}" for one, two in pairs)


def luminance(colour: str) -> float:
    """How bright a colour is, between 0 and 1."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def letters_on(fill: str) -> str:
    """Black or white: what can be read better on a fill."""
    return "#FFFFFF" if luminance(fill) < 0.18 else "#000000"  # at 0.18 both have the same contrast


def _along(colours: Sequence[str], part: float) -> str:
    """The colour a part of the way along evenly spaced ones."""
    place = min(max(part, 0.0), 1.0) * (len(colours) - 1)
    number = min(int(place), len(colours) - 2)
    return mix(colours[number], colours[number + 1], place - number)


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _linear(channel: float) -> float:
    """Light in proportion to what sRGB writes as `channel`."""
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
