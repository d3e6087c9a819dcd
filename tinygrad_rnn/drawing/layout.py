"""Where everything stands on the paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tinygrad_rnn.drawing.geometry import Box, Point, onto_edge, side_of, upright_edge
from tinygrad_rnn.drawing.label import width
from tinygrad_rnn.drawing.period import Bus, Carried, Period, Port, Role
from tinygrad_rnn.drawing.scene import Carrier, Link, Mark, Trunk

MARGIN, GAP = 13.0, 30.0
"""Around the marks of a column, and the least distance between columns, in points."""

WEIGHTS = 13.0
"""The size of the weights beside lines, in points."""


class Frame(NamedTuple):
    """A period, and where its left edge and its height 0 are on the paper."""

    period: Period
    origin: Point

    def place(self, point: Point) -> Point:
        """A place of the period on the paper."""
        return Point(self.origin.x + point.x, self.origin.y + point.y)


class Column(NamedTuple):
    """The background of a time step."""

    step: int
    centre: Point
    box: Box


class HiddenSteps(NamedTuple):
    """A gap: how many steps are left out, where that is written, and the heights of the lines through it."""

    steps: int
    place: Point
    lines: dict[Role, float]


class Loop(NamedTuple):
    """The way of a carried value from a step back to it: an upright lane, a level, a lane, and where weights stand."""

    out: float
    level: float
    back: float
    label: float


class Stop(NamedTuple):
    """What a line between blocks passes: its place in the row of stops, and its left and right edge."""

    number: int
    left: float
    right: float
    time: float | None


@dataclass
class Layout:
    """Where the marks of a scene stand.

    Attributes:
        period: the period of the columns.
        boxes: the marks' sizes.
        gap: the distance between columns, in points.
        frames: for each mark the frame that it stands in.
        centres: the marks' middles.
        columns: the columns' backgrounds.
        hidden: the gap after a step, where steps are left out.
        stops: the blocks and gaps from left to right.
        loops: in a rolled picture, the ways of what is carried.
        levels: the height of each trunk.
    """

    period: Period
    boxes: Mapping[Mark, Box]
    gap: float = GAP
    frames: dict[Mark, Frame] = field(default_factory=dict)
    centres: dict[Mark, Point] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    hidden: dict[float, HiddenSteps] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    loops: dict[Carrier, Loop] = field(default_factory=dict)
    levels: dict[Trunk, float] = field(default_factory=dict)

    @property
    def top(self) -> float:
        """The upper edge of the columns."""
        return self.period.top + MARGIN

    @property
    def ceiling(self) -> float:
        """The height above all columns and trunks."""
        return max((self.top, *self.levels.values()))

    @property
    def corner(self) -> Point:
        """The lower left corner of all that stands."""
        marks = self.centres.items()
        low = min(centre.y - self.boxes[mark].height / 2 for mark, centre in marks)
        left = min(centre.x - self.boxes[mark].width / 2 for mark, centre in marks)
        for column in self.columns:
            low = min(low, column.centre.y - column.box.height / 2)
            left = min(left, column.centre.x - column.box.width / 2)
        return Point(left, low)

    def side_of(self, mark: Mark, direction: int) -> Point:
        """The middle of a mark's right (1) or left (−1) edge."""
        return side_of(self.boxes[mark], self.centres[mark], direction)

    def top_of(self, mark: Mark) -> Point:
        """The middle of a mark's upper edge."""
        centre = self.centres[mark]
        return upright_edge(self.boxes[mark], centre, centre.x, up=True)

    def onto_edge(self, mark: Mark, place: Point) -> Point:
        """The point of a mark's outline level with a place close to it, or right above or below the place."""
        return onto_edge(self.boxes[mark], self.centres[mark], place)

    def bus(self, link: Link) -> Bus | None:
        """The bus or tap that a link's line comes by, if one does."""
        if link.target is None or (link.source is None and link.carrier is None):
            return None
        return self.frames[link.target].period.served.get(line_of(link))

    def entry_height(self, link: Link) -> float:
        """How high a link's line comes to its target: at a bus, or at the target itself."""
        assert link.target is not None
        bus = self.bus(link)
        return self.centres[link.target].y if bus is None else self.frames[link.target].origin.y + bus.y

    def exit_height(self, source: Mark, side: int) -> float:
        """How high a line that is part of no trunk leaves its source's block on its right (1) or left (−1)."""
        frame = self.frames[source]
        way_out = frame.period.exits.get((source.key, side))
        return self.centres[source].y if way_out is None else frame.place(way_out[-1]).y


# ---------------------------------------------------------------------- links as a period knows them


def ports_of(link: Link) -> tuple[Port | None, Port | None]:
    """The ports by which a trunk's link leaves its step and enters another; None where it doesn't."""
    source, target, trunk = link.source, link.target, link.trunk
    enters = target is not None and target.role is not None
    up = None if source is None or source.role is None else Port(source.role, None, () if enters else link.weights)
    down = Port(target.role, trunk, link.weights) if target is not None and target.role is not None else None
    return up, down


def line_of(link: Link) -> Carried:
    """A link as its period knows it."""
    assert link.target is not None
    if link.carrier is not None:
        return Carried(link.carrier.role, link.target.key, link.carrier.lag)
    assert link.source is not None
    return Carried(link.source.key, link.target.key, 0)


def written_beside(link: Link) -> Carried:
    """The line of a period beside which a link's weights are written."""
    up, down = (None, None) if link.trunk is None else ports_of(link)
    port = down or up
    return line_of(link) if port is None else Carried(port.role, port, 0)


def measure_weights(links: Iterable[Link]) -> dict[Carried, float]:
    """How wide the weights are that are written beside lines, the widest of those that are alike."""
    widths: dict[Carried, float] = {}
    for link in links:
        if link.weights and link.target is not None:
            line = written_beside(link)
            widths[line] = max(widths.get(line, 0.0), width(link.weights, WEIGHTS))
    return widths
