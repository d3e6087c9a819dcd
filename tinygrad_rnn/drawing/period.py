"""One time step: what it has, and its places and lines, which every step repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tinygrad_rnn.drawing.geometry import Box, Point

Role = Hashable
"""The key of a mark: its role, which is the same in every step; of a mark outside the steps the mark itself."""


class Carried(NamedTuple):
    """A line to a role from a role of the step that is `lag` before (or after, if negative)."""

    source: Role
    target: Role
    lag: int


class Tap(NamedTuple):
    """A place without size on a rail, before its first mark, where one more reader of what is carried is served."""

    source: Role


class Port(NamedTuple):
    """A place without size above all marks, where a line leaves the step for the trunks above it, or comes from one.

    Attributes:
        role: what the line leads from, or to.
        trunk: the trunk that it comes from; None for the line up to all trunks.
        weights: what is written beside it.
    """

    role: Role
    trunk: Hashable
    weights: Hashable


class Spacing(NamedTuple):
    """Points between marks of a row, and between rows."""

    marks: float
    rows: float


@dataclass
class Contents:
    """What a step has that a period is laid out for: marks, the lines between them, and what comes in and goes out.

    Attributes:
        boxes: each role's size.
        widths: how wide the text beside a line is, if it has one; a lag of 0 is within the step.
        backward: the roles that are carried from later steps to earlier ones.
        combining: the roles that are additions and products, through which a rail may run.
        inside: within a step, what each role leads to, and in how many steps.
        carried: the lines that come in from other steps, and from outside the steps, in order.
        leaving: the roles whose lines leave the step on its left (−1) or right (1), other than those of `carried`.
        entered: the roles to which lines come straight from the left or right, other than those of `carried`.
        ports: where lines leave the step at the top or enter it there, and in how many steps.
    """

    boxes: Mapping[Role, Box]
    widths: Mapping[Carried, float]
    backward: Collection[Role] = ()
    combining: Collection[Role] = ()
    inside: dict[Role, Counter[Role]] = field(init=False)
    carried: dict[Carried, None] = field(default_factory=dict)
    leaving: dict[tuple[Role, int], None] = field(default_factory=dict)
    entered: Collection[tuple[Role, int]] = ()
    ports: Counter[Port] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.inside = {role: Counter() for role in self.boxes}


@dataclass
class Bus:
    """A horizontal line near the readers of one value, and where its risers stand.

    Attributes:
        source: the role of the value.
        lag: from how many steps before it comes; 0 for a value of the same step.
        y: the height of the line.
        risers: for each reader, the x at which the line rises to it.
        is_tap: whether the line is a rail, on its way into the step, that one more reader taps.
    """

    source: Role
    lag: int
    y: float
    risers: dict[Role, float]
    is_tap: bool = False


@dataclass
class Period:
    """Where each role stands within a column whose left edge is at x = 0.

    Attributes:
        boxes: each role's size; ports and taps have none.
        inside: what each role leads to within the step, and in how many steps.
        rails: for each carried role on a rail, the roles along it, from where it enters to itself.
        rail_of: for each role on a rail, the rail's carried role.
        backward: the carried roles whose lines run from later steps to earlier ones.
        rows: each role's row, counted from the bottom.
        centres: each role's middle.
        bends: for each line that passes other rows, a point in each of them.
        buses: the buses, in the order in which they were added.
        served: the bus of each line that comes by one; a lag of 0 is within the step.
        paths: for each line within the step, its corners, ends included.
        exits: for roles whose lines leave the step on the right (1) or left (−1) but are no rails, the corners on the
            way out of the row.
        weights: the middle of what is written beside lines.
        width: of the column.
        bottom: the lowest point.
        top: the highest point.
    """

    boxes: Mapping[Role, Box]
    inside: Mapping[Role, Mapping[Role, int]]
    rails: Mapping[Role, list[Role]]
    backward: Collection[Role]
    rail_of: dict[Role, Role] = field(init=False)
    rows: dict[Role, int] = field(default_factory=dict)
    centres: dict[Role, Point] = field(default_factory=dict)
    bends: dict[tuple[Role, Role], list[Point]] = field(default_factory=dict)
    buses: list[Bus] = field(default_factory=list)
    served: dict[Carried, Bus] = field(default_factory=dict)
    paths: dict[tuple[Role, Role], list[Point]] = field(default_factory=dict)
    exits: dict[tuple[Role, int], list[Point]] = field(default_factory=dict)
    weights: dict[Carried, Point] = field(default_factory=dict)
    width: float = 0.0
    bottom: float = 0.0
    top: float = 0.0

    def __post_init__(self) -> None:
        self.rail_of = {role: source for source, way in self.rails.items() for role in way}

    def direction(self, role: Role) -> int:
        """Which way a role is carried: 1 to the next step, on the right, or −1 to the one before."""
        return -1 if role in self.backward else 1

    def leaves_along_rail(self, role: Role, side: int) -> bool:
        """Whether a role's line out of the step on its right (1) or left (−1) is a rail."""
        return role in self.rails and side == self.direction(role)

    def move(self, right: float = 0.0, up: float = 0.0, above: float = float("-inf")) -> None:
        """Move all that stands above a height."""

        def moved(place: Point) -> Point:
            return Point(place.x + right, place.y + up) if place.y > above else place

        self.centres = {role: moved(place) for role, place in self.centres.items()}
        self.bends = {line: [moved(place) for place in places] for line, places in self.bends.items()}
        self.paths = {line: [moved(place) for place in path] for line, path in self.paths.items()}
        self.exits = {way: [moved(place) for place in path] for way, path in self.exits.items()}
        self.weights = {line: moved(place) for line, place in self.weights.items()}
        for bus in self.buses:
            if bus.y > above:
                bus.y += up
                bus.risers = {reader: x + right for reader, x in bus.risers.items()}
