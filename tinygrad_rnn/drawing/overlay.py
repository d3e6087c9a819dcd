"""What is painted over a drawing without moving anything in it: other colours, other pens, notes."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, TypeVar

from tinygrad_rnn.drawing.colours import mix
from tinygrad_rnn.drawing.scene import Link, Mark
from tinygrad_rnn.drawing.theme import Theme


class Ink(NamedTuple):
    """How a mark is painted.

    Attributes:
        fill: the colour inside.
        pen: the colour of the outline.
        letters: the colour of what is written.
        dashed: whether the outline is dashed.
    """

    fill: str
    pen: str
    letters: str
    dashed: bool = False

    def fade(self, background: str) -> Ink:
        """The same, hardly to be seen."""
        fill, pen, letters = (mix(colour, background, part) for colour, part in zip(self, (0.8, 0.7, 0.6), strict=False))
        return Ink(fill, pen, letters, self.dashed)


class Stroke(NamedTuple):
    """How a line is painted: its colour, its width in points, and the size of its arrowhead."""

    colour: str
    pen: float
    arrowhead: float

    def fade(self, background: str) -> Stroke:
        """The same, hardly to be seen."""
        return self._replace(colour=mix(self.colour, background, 0.8))


P = TypeVar("P", Ink, Stroke)


class Overlay:
    """How a drawing is painted: as it is, with nothing faded but what is not lit.

    Args:
        theme: the colours.
        lit: the marks and links that are to be seen; all if not given.
    """

    def __init__(self, theme: Theme, lit: Collection[Mark | Link] | None = None) -> None:
        self.theme, self.lit = theme, lit

    def ink(self, mark: Mark, ink: Ink) -> Ink:
        """How a mark is painted that would be painted with `ink`."""
        return self.seen(mark, ink)

    def stroke(self, link: Link, stroke: Stroke) -> Stroke:
        """How a line is painted that would be painted with `stroke`."""
        return self.seen(link, stroke)

    def attributes(self, mark: Mark) -> list[str]:
        """What else is noted of a mark in the DOT text."""
        return []

    def seen(self, where: Mark | Link, paint: P) -> P:
        """The ink or stroke of what belongs to a mark or link: faded unless that is lit."""
        return paint if self.lit is None or where in self.lit else paint.fade(self.theme.background)
