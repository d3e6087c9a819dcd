"""How every line runs: straight within a step and along a rail, with rounded corners between steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tinygrad_rnn.drawing.geometry import Point, Spline, edge_point, rounded, side_of, straight, upright_edge
from tinygrad_rnn.drawing.label import width
from tinygrad_rnn.drawing.layout import GAP, HIDDEN_WIDTH, MARGIN, Layout
from tinygrad_rnn.drawing.period import Bus
from tinygrad_rnn.drawing.rails import Role
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Link, Mark, Scene

RADIUS = 10.0
"""Of rounded corners, in points."""

LANE = 7.0
"""Between lines that run side by side, in points."""

DOTS = 15.0
"""Half the room of the dots in a gap, in points."""


class Line(NamedTuple):
    """A line as it is drawn.

    Attributes:
        link: the link that it belongs to.
        course: its spline.
        state: the carried value whose line it is, or None.
        arrow: whether it ends in an arrowhead.
        dashed: whether it runs into or out of a gap.
        tapped: whether it branches off another line, with a dot.
        label: where the link's weights are written, or None.
    """

    link: Link
    course: Spline
    state: Role | None
    arrow: bool = True
    dashed: bool = False
    tapped: bool = False
    label: Point | None = None


def route(scene: Scene, layout: Layout) -> list[Line]:
    """The course of every link."""
    return list(_Router(scene, layout).lines())


class _Router:
    """Finds courses; lines that leave a block go by the gap beside it, each carried value in its own lane."""

    def __init__(self, scene: Scene, layout: Layout) -> None:
        self.scene, self.layout, self.period = scene, layout, layout.period
        self.order = {time: position for position, time in enumerate([BEFORE, *layout.steps, AFTER])}
        bent = [link.role for link in scene.links if _crosses(link) and link.role not in self.period.rails]
        bent = list(dict.fromkeys(bent))
        self.lanes = {role: (number - (len(bent) - 1) / 2) * LANE for number, role in enumerate(bent)}
        self.far_lanes: dict[tuple[Role, float], int] = {}

    def lines(self) -> Iterator[Line]:
        """Each link's line or lines."""
        repeats: Counter[tuple[Mark, Mark]] = Counter()
        for link in self.scene.links:
            source, target = link.source, link.target
            bus = None if target is None else self.layout.bus(link.role, target)
            if target is None:
                yield self._into_gap(link)
            elif bus is not None:
                yield self._by_bus(link, bus)
            elif source is None or source.time != target.time:
                yield self._across(link)
            else:
                yield self._inside(link, repeats[source, target])
                repeats[source, target] += 1

    # ------------------------------------------------------------------ within a block

    def _inside(self, link: Link, repeat: int) -> Line:
        """A line between two marks of a block; a second one runs beside the first."""
        source, target = link.source, link.target
        assert source is not None
        assert target is not None
        a, b = self.layout.centres[source], self.layout.centres[target]
        rail = self.period.rail_of.get(source.role)
        on_rail = rail is not None and rail == self.period.rail_of.get(target.role)
        bends = [] if on_rail else self._bends(source, target)
        start = edge_point(self.layout.boxes[source], a, bends[0] if bends else b)
        end = edge_point(self.layout.boxes[target], b, bends[-1] if bends else a)
        course = rounded([start, *bends, end], RADIUS) if bends else straight(start, end)
        if repeat:
            course = [Point(point.x + LANE * repeat, point.y) for point in course]
        state = rail if on_rail and rail in self.scene.states else None
        return Line(link, course, state, label=self._beside(start, end, link))

    def _bends(self, source: Mark, target: Mark) -> list[Point]:
        """The points where a line passes between the marks of other rows."""
        if source.time not in self.layout.left:
            return self.layout.bends.get((source, target), [])
        x = self.layout.left[source.time]
        return [Point(place.x + x, place.y) for place in self.period.bends.get((source.role, target.role), ())]

    def _beside(self, start: Point, end: Point, link: Link) -> Point | None:
        """Where the weights are written: above a level line, else to its right, or left where a riser passes."""
        if not link.weights or link.target is None:
            return None
        middle = Point((start.x + end.x) / 2, (start.y + end.y) / 2)
        if abs(start.y - end.y) < 4:
            return Point(middle.x, middle.y + 11)
        reach = width(link.weights, 13)
        left = self.layout.left.get(link.target.time, 0.0)
        risers = [left + x for bus in self.period.buses for x in bus.risers.values()]
        crowded = any(middle.x < x < middle.x + reach + 10 for x in risers)
        return Point(middle.x + (-1 if crowded else 1) * (reach / 2 + 6), middle.y)

    # ------------------------------------------------------------------ from block to block

    def _across(self, link: Link) -> Line:
        """A line into another block, straight to its target's side."""
        target = link.target
        assert target is not None
        start = self._start(link)
        centre = self.layout.centres[target]
        end = side_of(self.layout.boxes[target], centre, -self._direction(link))
        corners = [start, *self._corners(link, start, end.y), end]
        place = Point(self._gap(target.time, -self._direction(link)), end.y + 11) if link.weights else None
        return Line(link, rounded(corners, RADIUS), self._state(link), dashed=link.source is None, label=place)

    def _into_gap(self, link: Link) -> Line:
        """A line up to the dots of a gap."""
        start = self._start(link)
        assert link.source is not None
        direction = self._direction(link)
        x = self._dots(link.source.time, direction) - direction * DOTS
        return Line(link, straight(start, Point(x, start.y)), self._state(link), arrow=False, dashed=True)

    def _by_bus(self, link: Link, bus: Bus) -> Line:
        """A line along a bus and up its last riser; or one up an earlier riser, from a dot on the bus."""
        target = link.target
        assert target is not None
        foot = Point(self.layout.left[target.time] + bus.risers[target.role], bus.y)
        rise = self._rise(foot, target)
        if bus.source in self.period.taps or target.role not in self._ends(link, bus):
            return Line(link, rounded([foot, *rise], RADIUS), self._state(link), tapped=True)
        if bus.carried:
            start = self._start(link)
            corners = [start, *self._corners(link, start, bus.y), foot, *rise]
            return Line(link, rounded(corners, RADIUS), self._state(link), dashed=link.source is None)
        assert link.source is not None
        centre = self.layout.centres[link.source]
        start = upright_edge(self.layout.boxes[link.source], centre, centre.x, up=True)
        return Line(link, rounded([start, Point(centre.x, bus.y), foot, *rise], RADIUS), None)

    def _ends(self, link: Link, bus: Bus) -> list[Role]:
        """The readers at which a bus ends: the last in its direction, or the first and last for a mark below it."""
        assert link.target is not None
        here = {mark.role for mark in self.scene.blocks[link.target.time]}
        readers = sorted((role for role in bus.risers if role in here), key=bus.risers.__getitem__)
        if bus.carried:
            return [readers[-1 if self._direction(link) > 0 else 0]]
        x = self.period.centres[bus.source].x
        return [role for role in (readers[0], readers[-1]) if (bus.risers[role] < x) == (role == readers[0])]

    def _rise(self, foot: Point, target: Mark) -> list[Point]:
        """The way from the foot of a riser to the reader: into its lower or upper edge, or into its side."""
        centre, box = self.layout.centres[target], self.layout.boxes[target]
        if abs(foot.x - centre.x) <= box.width / 2:
            return [upright_edge(box, centre, foot.x, up=foot.y > centre.y)]
        return [Point(foot.x, centre.y), side_of(box, centre, 1 if foot.x > centre.x else -1)]

    # ------------------------------------------------------------------ ends and corners

    def _state(self, link: Link) -> Role | None:
        return link.role if link.role in self.scene.states else None

    def _direction(self, link: Link) -> int:
        """1 for a line that runs with time, to the right, and −1 for one that runs against it."""
        if link.source is not None and link.target is not None:
            return 1 if self.order[link.source.time] < self.order[link.target.time] else -1
        return -1 if link.role in self.period.backward else 1

    def _start(self, link: Link) -> Point:
        """Where a line into another block starts: at the side of its source, or at the dots of a gap."""
        direction = self._direction(link)
        if link.source is not None:
            return side_of(self.layout.boxes[link.source], self.layout.centres[link.source], direction)
        assert link.target is not None
        before = self.layout.steps[self.layout.steps.index(link.target.time) - direction]
        return Point(self._dots(before, direction) + direction * DOTS, self.period.centres[link.role].y)

    def _dots(self, time: float, direction: int) -> float:
        """The middle of the gap that follows a step in the direction of a line."""
        if direction > 0:
            return self.layout.left[time] + self.period.width + MARGIN + GAP + HIDDEN_WIDTH / 2
        return self.layout.left[time] - MARGIN - GAP - HIDDEN_WIDTH / 2

    def _gap(self, time: float, side: int) -> float:
        """The middle of the room to the right (1) or left (−1) of a block."""
        if time == BEFORE:
            time, side = self.layout.steps[0], -1
        elif time == AFTER:
            time, side = self.layout.steps[-1], 1
        middle = MARGIN + GAP / 2
        return self.layout.left[time] + (self.period.width + middle if side > 0 else -middle)

    def _corners(self, link: Link, start: Point, height: float) -> list[Point]:
        """The corners on the way from a start to a height in the gap before the target."""
        if abs(start.y - height) < 0.5 and self._is_near(link):
            return []
        assert link.target is not None
        lane = self.lanes.get(link.role, 0.0)
        direction = self._direction(link)
        entering = self._gap(link.target.time, -direction) + lane
        if self._is_near(link):
            return [Point(entering, start.y), Point(entering, height)]
        assert link.source is not None
        leaving = self._gap(link.source.time, direction) + lane + direction * LANE / 2
        entering -= direction * LANE / 2
        above = self.period.top + MARGIN + LANE * (1 + self._far_lane(link))
        return [Point(leaving, start.y), Point(leaving, above), Point(entering, above), Point(entering, height)]

    def _is_near(self, link: Link) -> bool:
        """Whether no column stands between a link's ends."""
        if link.source is None or link.target is None:
            return True
        return abs(self.order[link.source.time] - self.order[link.target.time]) == 1

    def _far_lane(self, link: Link) -> int:
        """A lane above the columns, for each carried value its own; lines of one value that overlap alternate."""
        assert link.source is not None
        assert link.target is not None
        reach = abs(self.order[link.source.time] - self.order[link.target.time])
        key = link.role, (self.order[link.source.time] % reach if link.target.time != AFTER else 0)
        return self.far_lanes.setdefault(key, len(self.far_lanes))


def _crosses(link: Link) -> bool:
    return link.source is None or link.target is None or link.source.time != link.target.time
