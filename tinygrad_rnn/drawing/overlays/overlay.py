"""What is painted over a drawing without moving anything in it: other colours, other pens, notes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from tinygrad_rnn.drawing.basics.inks import Ink, Stroke
from tinygrad_rnn.drawing.basics.theme import Theme
from tinygrad_rnn.drawing.lines.lines import Line
from tinygrad_rnn.drawing.lines.routes import Router
from tinygrad_rnn.drawing.overlays.legend import Entry
from tinygrad_rnn.drawing.scene.scene import Link, Mark
from tinygrad_rnn.node import Tensor

P = TypeVar("P", Ink, Stroke)


class Addition(NamedTuple):
    """What is added to a drawing.

    Attributes:
        statements: in DOT.
        marks: the nodes that some of them say something of, by their names in DOT.
    """

    statements: list[str]
    marks: dict[str, Tensor]


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

    def write(self, names: Mapping[Mark, str], router: Router, lines: Sequence[Line]) -> Addition:
        """What it adds to a drawing.

        Args:
            names: what the marks are called in DOT.
            router: what finds the courses of more lines.
            lines: of all links.
        """
        return Addition([], {})

    def write_unplaced(self, ends: Callable[[Link], str]) -> Iterator[str]:
        """The same where dot finds the places; `ends` writes a link as an edge."""
        yield from ()

    def seen(self, where: Mark | Link, paint: P) -> P:
        """The ink or stroke of what belongs to a mark or link: faded unless that is lit."""
        return paint if self.is_lit(where) else paint.fade(self.theme.background)

    def is_lit(self, where: Mark | Link) -> bool:
        """Whether a mark or link is to be seen."""
        return self.lit is None or where in self.lit
