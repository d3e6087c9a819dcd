"""The rooms between blocks, through which lines run from block to block: each value rises and falls in its own lane."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

from tinygrad_rnn.drawing.basics.geometry import Point
from tinygrad_rnn.drawing.basics.label import width
from tinygrad_rnn.drawing.layout.layout import WEIGHTS, Stop
from tinygrad_rnn.drawing.lines.ends import Ends
from tinygrad_rnn.drawing.scene.scene import AFTER, BEFORE, Carrier, Link, Mark

LANE, EDGE = 12.0, 9.0
"""Between lines that run side by side from block to block, and between them and a block, in points."""

BESIDE = 11.0
"""How far above a level line its weights are written, in points."""

CLEAR = 4.0
"""Between what is written in a room and what stands on its left and right, in points."""


class Crossing(NamedTuple):
    """A line between blocks: its ends, and the rooms in which it leaves one block and enters the other.

    A room has the number of the stop to its left. `way_out` leads from the source to where the line runs level.
    """

    way_out: list[Point]
    end: Point
    leaving: int
    entering: int

    @property
    def start(self) -> Point:
        """Where the line runs level on its way out."""
        return self.way_out[-1]

    @property
    def is_near(self) -> bool:
        """Whether no block stands between the two rooms, which are then one."""
        return self.leaving == self.entering

    @property
    def is_level(self) -> bool:
        """Whether it ends at the height where it starts."""
        return abs(self.start.y - self.end.y) < 0.5


class Rooms:
    """What runs through the rooms of a drawing, and what is written in them.

    Attributes:
        crossings: the lines between blocks, but for those along trunks and for loops.
    """

    def __init__(self, ends: Ends) -> None:
        self.ends, self.scene, self.layout = ends, ends.scene, ends.layout
        self.crossings = {
            link: self._crossing(link, link.carrier.lag)
            for link in (() if self.scene.is_rolled else self.scene.links)
            if link.carrier is not None and link.trunk is None
        }
        self._left = {(round(crossing.start.y), crossing.leaving) for crossing in self.crossings.values()}
        self._entered = {(round(crossing.end.y), crossing.entering) for crossing in self.crossings.values()}
        self._initial: dict[Carrier | None, list[Mark | None]] = {}  # the marks before the steps with one carrier
        bent = list(self._find_bent())
        self._lanes = self._find_lanes(bent)
        self._high_lanes: dict[Hashable, int] = {}
        for link, crossing in bent:  # in the order of all links, whichever of them are drawn later
            if not crossing.is_near:
                self._high_lane(link, crossing)
        self._texts = self._find_texts()

    @property
    def needed(self) -> float:
        """How far apart columns have to stand, in points: for lines side by side, and what is written between them."""
        lines = LANE * (len(self._lanes) - 1) + 2 * EDGE if self._lanes else 0.0
        return lines + sum(self._texts.values())

    def corners(self, link: Link) -> list[Point]:
        """The corners on the way through the rooms, or above the blocks where some stand between."""
        crossing = self.crossings[link]
        if self._is_straight(crossing):
            return []
        start, end = crossing.start, crossing.end
        if crossing.is_near:
            x = self.lane(self._lane_key(link, "through"), crossing.entering)
            return [Point(x, start.y), Point(x, end.y)]
        leaving = self.lane(self._lane_key(link, "out"), crossing.leaving)
        entering = self.lane(self._lane_key(link, "in"), crossing.entering)
        above = self.layout.ceiling + LANE * (1 + self._high_lane(link, crossing))
        return [Point(leaving, start.y), Point(leaving, above), Point(entering, above), Point(entering, end.y)]

    def lane(self, key: Hashable, room: int) -> float:
        """The x of a lane in a room."""
        return self._middle(room) + self._lanes[key]

    def place_text(self, crossing: Crossing) -> Point:
        """The middle of what is written above a line between its lane and the block that it enters."""
        side, (left, right) = self._side_entered(crossing), self._edges(crossing.entering)
        x = (right if side > 0 else left) - side * self._texts[side] / 2 if self._lanes else (left + right) / 2
        return Point(x, crossing.end.y + BESIDE)

    # ------------------------------------------------------------------ from room to room

    def _crossing(self, link: Link, lag: int) -> Crossing:
        """Where a line between blocks leaves and enters."""
        source, target = link.source, link.target
        if source is None:
            stop, side, place = self._at_gap(link, target, before=lag >= 0)
            way_out = [place]
        else:
            stop, side = self.ends.stops[source.time], self._side(source, target)
            way_out = self.ends.way_out(source, side)
        leaving = _room_beside(stop, side)
        if target is None:
            stop, side, end = self._at_gap(link, source, before=lag < 0)
        else:
            stop = self.ends.stops[target.time]
            side = 1 if target.time == BEFORE or (target.time != AFTER and lag < 0) else -1
            end = self.ends.entry(link, side)[0]
        return Crossing(way_out, end, leaving, _room_beside(stop, side))

    def _at_gap(self, link: Link, mark: Mark | None, *, before: bool) -> tuple[Stop, int, Point]:
        """The gap that a mark's line comes out of or runs into, on which of its sides, and where."""
        assert mark is not None
        gap = self.ends.gap(mark, before=before)
        side = 1 if gap.number < self.ends.stops[mark.time].number else -1
        return gap, side, Point(gap.right if side > 0 else gap.left, self.ends.height_in_gap(link))

    def _side(self, source: Mark, target: Mark | None) -> int:
        """The side on which a line leaves its source's block: 1 for the right one, −1 for the left one."""
        if source.time in (BEFORE, AFTER):
            return 1 if source.time == BEFORE else -1
        at_end = target is not None and target.time == AFTER
        return -1 if source.role in self.scene.backward and not at_end else 1

    def _is_straight(self, crossing: Crossing) -> bool:
        """Whether a line runs level, with nothing in its way in the blocks that it passes."""
        if not crossing.is_level or crossing.is_near:
            return crossing.is_level
        first, last = sorted((crossing.leaving, crossing.entering))
        height, rooms = round(crossing.start.y), range(first, last + 1)
        if any((height, room) in self._left for room in rooms if room != crossing.leaving):
            return False
        if any((height, room) in self._entered for room in rooms if room != crossing.entering):
            return False
        passed = self.layout.stops[first + 1 : last + 1]
        return not any(stop.time is None or self._is_in_way(stop.time, crossing.start.y) for stop in passed)

    def _is_in_way(self, time: float, height: float) -> bool:
        """Whether a mark of a block stands at a height."""
        return any(
            abs(self.layout.centres[mark].y - height) < self.layout.boxes[mark].height / 2 + 2
            for mark in self.scene.blocks[time]
        )

    # ------------------------------------------------------------------ lanes

    def _find_bent(self) -> Iterator[tuple[Link, Crossing]]:
        """The lines that rise or fall in rooms; those that branch off a bus do not."""
        for link, crossing in self.crossings.items():
            is_branch = self.layout.bus(link) is not None and link not in self.ends.bus_ends
            if not is_branch and not self._is_straight(crossing):
                yield link, crossing

    def _find_lanes(self, bent: Iterable[tuple[Link, Crossing]]) -> Mapping[Hashable, float]:
        """How far from the middle of any room each value's upright lines stand."""
        order: dict[Hashable, int] = {}
        for link, crossing in bent:
            assert link.carrier is not None
            onwards = 1 if link.carrier.lag >= 0 else -1
            ways = {"through": 0} if crossing.is_near else {"out": -onwards, "in": onwards}
            order |= {self._lane_key(link, way): place for way, place in ways.items()}
        for link in self.scene.links:
            trunk, mark = link.trunk, link.source
            if trunk is not None and mark is not None and mark.time == BEFORE:
                order[mark, "up"] = -1
            if trunk is not None and trunk.target is not None and not self.ends.enters_level(link, trunk):
                order[trunk, "down"] = 1
        ordered = sorted(order, key=order.__getitem__)
        return {key: (number - (len(order) - 1) / 2) * LANE for number, key in enumerate(ordered)}

    def _lane_key(self, link: Link, way: str) -> Hashable:
        """One lane for each value, but one each for several that stand before the steps."""
        initial = link.source is not None and link.source.time == BEFORE
        before = self._initial.setdefault(link.carrier, []) if initial else []
        if initial and link.source not in before:
            before.append(link.source)
        return link.carrier, link.source is None, before.index(link.source) if initial else 0, way

    def _high_lane(self, link: Link, crossing: Crossing) -> int:
        """A lane above the blocks, for each carried value its own; lines of one value that overlap alternate."""
        reach = abs(crossing.leaving - crossing.entering)
        to_end = link.target is not None and link.target.time == AFTER
        key = link.carrier, link.target if to_end else crossing.leaving % (reach + 1), reach
        return self._high_lanes.setdefault(key, len(self._high_lanes))

    def _middle(self, room: int) -> float:
        """The middle of the lanes in a room, which stand between what is written there on its left and right."""
        left, right = self._edges(room)
        return (left + self._texts[-1] + right - self._texts[1]) / 2 if self._lanes else (left + right) / 2

    def _edges(self, room: int) -> tuple[float, float]:
        return self.layout.stops[room].right, self.layout.stops[room + 1].left

    # ------------------------------------------------------------------ texts

    def _find_texts(self) -> dict[int, float]:
        """The room for what is written beside lines where these come to a block from its left (1) or right (−1)."""
        room = {-1: 0.0, 1: 0.0}
        for link, crossing in self.crossings.items():
            if link.weights and self.ends.label(link) is None:
                side = self._side_entered(crossing)
                room[side] = max(room[side], width(link.weights, WEIGHTS) + 2 * CLEAR)
        return room

    def _side_entered(self, crossing: Crossing) -> int:
        """Where a line comes to a block: on its left (1), running to the right, or on its right (−1)."""
        return 1 if crossing.end.x >= self._edges(crossing.entering)[1] else -1


def _room_beside(stop: Stop, side: int) -> int:
    """The number of the room on a stop's right (1) or left (−1)."""
    return stop.number if side > 0 else stop.number - 1
