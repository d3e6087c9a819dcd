"""What is painted over a drawing without moving anything in it: other colours, other pens, notes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from tinygrad_rnn.drawing.inks import Ink, Stroke
from tinygrad_rnn.drawing.layout import Layout
from tinygrad_rnn.drawing.legend import Entry
from tinygrad_rnn.drawing.lines import Line
from tinygrad_rnn.drawing.scene import Link, Mark, Scene
from tinygrad_rnn.drawing.theme import Theme
from tinygrad_rnn.node import Tensor

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

    def describe(self) -> list[list[Entry]]:
        """What the legend says of it, in rows."""
        return []

    def write(self, names: Mapping[Mark, str], scene: Scene, layout: Layout, lines: Sequence[Line]) -> Iterator[str]:
        """What it adds to a drawing, as DOT statements.

        Args:
            names: what the marks are called in DOT.
            scene: what is shown.
            layout: where it stands.
            lines: of all links.
        """
        yield from ()

    def marks(self, layout: Layout, lines: Sequence[Line]) -> Mapping[str, Tensor]:
        """The nodes that what it adds says something of, by its name in DOT."""
        return {}

    def write_unplaced(self, ends: Callable[[Link], str]) -> Iterator[str]:
        """The same where dot finds the places; `ends` writes a link as an edge."""
        yield from ()

    def seen(self, where: Mark | Link, paint: P) -> P:
        """The ink or stroke of what belongs to a mark or link: faded unless that is lit."""
        return paint if self.is_lit(where) else paint.fade(self.theme.background)

    def is_lit(self, where: Mark | Link) -> bool:
        """Whether a mark or link is to be seen."""
        return self.lit is None or where in self.lit
