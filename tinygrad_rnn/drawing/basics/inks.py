"""How a mark and how a line is painted."""

from __future__ import annotations

from typing import NamedTuple

from tinygrad_rnn.drawing.basics.colours import mix


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
        return self._replace(
            fill=mix(self.fill, background, 0.8),
            pen=mix(self.pen, background, 0.7),
            letters=mix(self.letters, background, 0.6),
        )


class Stroke(NamedTuple):
    """How a line is painted: its colour, its width in points, and the size of its arrowhead."""

    colour: str
    pen: float
    arrowhead: float

    def fade(self, background: str) -> Stroke:
        """The same, hardly to be seen."""
        return self._replace(colour=mix(self.colour, background, 0.8))
