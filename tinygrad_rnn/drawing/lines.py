"""The lines of a drawing: the corners that each runs through, and where its weights are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tinygrad_rnn.drawing.geometry import Point, Spline, rounded
from tinygrad_rnn.drawing.period import Role
from tinygrad_rnn.drawing.scene import Link

RADIUS = 10.0
"""Of rounded corners, in points."""


class Line(NamedTuple):
    """A line as it is drawn.

    Attributes:
        link: the link that it belongs to.
        corners: what it runs through, its ends included; the corners between are rounded.
        state: the carried value whose line it is, or None.
        arrow: whether it ends in an arrowhead.
        dashed: whether it runs into or out of a gap.
        tapped: whether it branches off another line.
        partial: whether it is only the piece between a gap and another line, without its mark.
        joints: where it meets other lines, with a dot.
        label: where the link's weights are written, or None.
    """

    link: Link
    corners: list[Point]
    state: Role | None
    arrow: bool = True
    dashed: bool = False
    tapped: bool = False
    partial: bool = False
    joints: Sequence[Point] = ()
    label: Point | None = None

    @property
    def course(self) -> Spline:
        """Its spline."""
        return rounded(self.corners, RADIUS, self.joints)


def topmost(painted: Sequence[Line]) -> list[Line]:
    """The lines without those at a gap that lie below an equal one of the same mark, as those of hidden states do."""
    last = {(line.link.source, line.link.target, *line.corners): line for line in painted if line.partial}
    return [line for line in painted if last.get((line.link.source, line.link.target, *line.corners), line) is line]
