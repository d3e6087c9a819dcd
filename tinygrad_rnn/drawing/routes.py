"""How every line runs: within a block as its period says, between blocks through the rooms between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from tinygrad_rnn.drawing.buses import riser_path
from tinygrad_rnn.drawing.geometry import Point, Spline, meets, onto_edge, rounded, shifted, side_of, upright_edge
from tinygrad_rnn.drawing.label import width
from tinygrad_rnn.drawing.layout import WEIGHTS, Layout, Stop, ports_of, written_beside
from tinygrad_rnn.drawing.period import Bus, Port, Role
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Carrier, Link, Mark, Scene, Trunk

RADIUS = 10.0
"""Of rounded corners, in points."""

LANE, EDGE = 12.0, 9.0
"""Between lines that run side by side from block to block, and between them and a block, in points."""

COPY = 7.0
"""Between lines that lead between the same marks, in points."""

DOTS = 4.0
"""Between the dots in a gap and a line that rises from them, in points."""

BESIDE = 11.0
"""How far above a level line its weights are written, in points."""

CLEAR = 4.0
"""Between what is written in a room and what stands on its left and right, in points."""


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


def room_needed(scene: Scene, layout: Layout) -> float:
    """How far apart columns have to stand, in points: for lines side by side, and what is written between them."""
    router = _Router(scene, layout)
    lines = LANE * (len(router.lanes) - 1) + 2 * EDGE if router.lanes else 0.0
    return lines + sum(router.texts.values())


def route(scene: Scene, layout: Layout, links: Sequence[Link] | None = None) -> list[Line]:
    """The course of every link; or of some links, on the ways that they have among all."""
    router = _Router(scene, layout)
    lines = list(router.lines(scene.links))
    return lines if links is None else list(router.lines(links))


def _part_copies(links: Iterable[Link]) -> dict[Link, float]:
    """How far to its right each line runs beside the middle of those that lead between the same marks."""
    copies: dict[Hashable, list[Link]] = defaultdict(list)
    for link in links:
        key = link if link.source is None or link.target is None else (link.source, link.target, link.carrier)
        copies[key].append(link)
    return {link: (k - (len(alike) - 1) / 2) * COPY for alike in copies.values() for k, link in enumerate(alike)}


class _Router:
    """Finds courses; lines between blocks rise and fall in the rooms between these, each value in its own lane."""

    def __init__(self, scene: Scene, layout: Layout) -> None:
        self.scene, self.layout = scene, layout
        self.stops = {stop.time: stop for stop in layout.stops if stop.time is not None}
        self.gaps = [stop for stop in layout.stops if stop.time is None]
        self.aside = _part_copies(scene.links)
        self.entered = {(link.target.time, link.target.key) for link in scene.links if link.carrier and link.target}
        self.ends = self._find_ends(scene.links)
        links_across = () if scene.is_rolled else scene.links
        self.crossings = {
            link: self._crossing(link) for link in links_across if link.carrier is not None and link.trunk is None
        }
        self.left = {(round(crossing.start.y), crossing.leaving) for crossing in self.crossings.values()}
        self.entered_at = {(round(crossing.end.y), crossing.entering) for crossing in self.crossings.values()}
        self.initial: dict[Carrier | None, list[Mark | None]] = {}  # the marks before the steps with one carrier
        self.lanes = self._find_lanes()
        self.texts = self._find_texts()
        self.right = max(
            (centre.x + layout.boxes[mark].width / 2 for mark, centre in layout.centres.items()), default=0.0
        )
        self.high_lanes: dict[Hashable, int] = {}
        self._extents = self._find_extents()
        whole = [link for link in scene.links if link.source is not None and link.target is not None]
        self._joined = {(end, link.trunk) for link in whole for end in (link.source, link.target)}

    def lines(self, links: Sequence[Link]) -> Iterator[Line]:
        """Each link's line."""
        ends = self._find_ends(links)
        for link in links:
            bus = self.layout.bus(link)
            if link.trunk is not None:
                yield self._along_trunk(link, link.trunk)
            elif bus is not None and link not in ends:
                rise = self._rise(link, bus)
                yield Line(link, rise, self.scene.state_of(link), tapped=True, joints=rise[:1], label=self._label(link))
            elif link.carrier is not None and self.scene.is_rolled:
                yield self._loop(link, link.carrier, bus)
            elif link.carrier is not None:
                yield self._across(link, self.crossings[link], bus)
            elif bus is not None:
                yield self._along(link, bus)
            else:
                yield self._inside(link)

    # ------------------------------------------------------------------ within a block

    def _inside(self, link: Link) -> Line:
        """A line between two marks of a block; where there are several, they run side by side."""
        source, target = link.source, link.target
        assert source is not None
        assert target is not None
        frame, rail_of = self.layout.frames[source], self.layout.period.rail_of
        path = [frame.place(corner) for corner in frame.period.paths[source.key, target.key]]
        path = self._beside_copies(link, path)
        rail = rail_of.get(source.role) if rail_of.get(source.role) == rail_of.get(target.role) else None
        state = rail if rail in self.scene.states else None
        return Line(link, path, state, label=self._label(link))

    def _beside_copies(self, link: Link, path: list[Point]) -> list[Point]:
        """The path of a link moved aside where others lead between the same marks."""
        if not self.aside[link] or link.source is None or link.target is None:
            return path
        path = shifted(path, self.aside[link])
        return [self._onto_edge(link.source, path[0]), *path[1:-1], self._onto_edge(link.target, path[-1])]

    def _onto_edge(self, mark: Mark, place: Point) -> Point:
        return onto_edge(self.layout.boxes[mark], self.layout.centres[mark], place)

    def _along(self, link: Link, bus: Bus) -> Line:
        """A line from a mark up to a bus, along it, and up to one of the readers at its ends."""
        assert link.source is not None
        centre = self.layout.centres[link.source]
        start = upright_edge(self.layout.boxes[link.source], centre, centre.x, up=True)
        rise = self._rise(link, bus)
        corners = [start, Point(centre.x, rise[0].y), *rise]
        return Line(link, corners, None, label=self._label(link))

    def _rise(self, link: Link, bus: Bus) -> list[Point]:
        assert link.target is not None
        frame = self.layout.frames[link.target]
        return [frame.place(corner) for corner in riser_path(frame.period, bus, link.target.key, self.aside[link])]

    def _label(self, link: Link) -> Point | None:
        """Where the weights are written that belong to a line within a block, or to a riser."""
        if not link.weights:
            return None
        mark = link.target
        if mark is None or (link.trunk is not None and mark.role is None):
            mark = link.source
        assert mark is not None
        frame = self.layout.frames[mark]
        place = frame.period.weights.get(written_beside(link))
        return None if place is None else frame.place(place)

    def _find_ends(self, links: Iterable[Link]) -> set[Link]:
        """The links at which a bus ends, of those that have one source; from a bus's end the others branch off."""
        branches: dict[tuple[int, Mark | None, float], list[tuple[float, Link]]] = defaultdict(list)
        for link in links:
            bus, target = None if link.trunk else self.layout.bus(link), link.target
            if bus is not None and target is not None and not (bus.is_tap and self._has_rail(target, bus)):
                branches[id(bus), link.source, target.time].append((bus.risers[target.key] + self.aside[link], link))
        ends = set()
        for branch in branches.values():
            (left, first), (right, last) = min(branch, key=itemgetter(0)), max(branch, key=itemgetter(0))
            if first.carrier is not None:
                ends.add(last if first.carrier.lag >= 0 else first)
            else:
                assert first.source is not None
                x = self.layout.frames[first.source].period.centres[first.source.key].x
                ends |= {first} if left < x else set()
                ends |= {last} if right >= x else set()
        return ends

    def _has_rail(self, target: Mark, bus: Bus) -> bool:
        """Whether the rail that a bus taps enters the target's step."""
        return (target.time, self.layout.period.rails[bus.source][0]) in self.entered

    # ------------------------------------------------------------------ from a block back to itself

    def _loop(self, link: Link, carrier: Carrier, bus: Bus | None) -> Line:
        """One half of a loop: from a mark to its delay, or from the delay to a reader; or an open line."""
        source, target = link.source, link.target
        assert target is not None
        if source is None:
            return self._open_line(link, target, bus)
        loop, side, boxes, centres = self.layout.loops[carrier], carrier.side, self.layout.boxes, self.layout.centres
        if target.kind == "delay":
            way_out = self._way_out(source, side)
            end = side_of(boxes[target], centres[target], side)
            corners = [*way_out, Point(loop.out, way_out[-1].y), Point(loop.out, loop.level), end]
            return Line(link, corners, self.scene.state_of(link), arrow=False)
        start, end = side_of(boxes[source], centres[source], -side), side_of(boxes[target], centres[target], -side)
        entry = [self._onto_edge(target, Point(end.x, end.y - self.aside[link]))]
        entry = entry if bus is None else self._rise(link, bus)
        corners = [start, Point(loop.back, loop.level), Point(loop.back, entry[0].y), *entry]
        label = self._label(link)
        if link.weights and label is None:
            label = Point(loop.label, entry[0].y + BESIDE)
        return Line(link, corners, self.scene.state_of(link), label=label)

    def _open_line(self, link: Link, target: Mark, bus: Bus | None) -> Line:
        """A line from the left edge of the column, for what a mark reads that is not shown."""
        (column,) = self.layout.columns
        entry = [side_of(self.layout.boxes[target], self.layout.centres[target], -1)]
        entry = entry if bus is None else self._rise(link, bus)
        start = Point(column.centre.x - column.box.width / 2, entry[0].y)
        return Line(link, [start, *entry], None, dashed=True)

    # ------------------------------------------------------------------ from block to block

    def _across(self, link: Link, crossing: Crossing, bus: Bus | None) -> Line:
        rise = [] if bus is None else self._rise(link, bus)[1:]
        corners = [*crossing.way_out, *self._corners(link, crossing), crossing.end, *rise]
        if len(corners) == 2:
            corners = self._beside_copies(link, corners)
        label = self._label(link)
        if link.weights and label is None:
            label = self._place_text(crossing)
        is_open = link.source is None or link.target is None
        arrow = link.target is not None
        return Line(link, corners, self.scene.state_of(link), arrow=arrow, dashed=is_open, label=label)

    def _crossing(self, link: Link) -> Crossing:
        """Where a line between blocks leaves and enters."""
        assert link.carrier is not None
        source, target = link.source, link.target
        if source is None:
            stop = self._gap(target, before=link.carrier.lag >= 0)
            side = 1 if target is None or stop.number < self.stops[target.time].number else -1
            way_out = [Point(stop.right if side > 0 else stop.left, self._height(link))]
        else:
            stop, side = self.stops[source.time], self._side(source, target)
            way_out = self._way_out(source, side)
        leaving = stop.number if side > 0 else stop.number - 1
        if target is None:
            stop = self._gap(source, before=link.carrier.lag < 0)
            side = 1 if source is None or stop.number < self.stops[source.time].number else -1
            end = Point(stop.right if side > 0 else stop.left, self._height(link))
        else:
            stop = self.stops[target.time]
            side = 1 if target.time == BEFORE or (target.time != AFTER and link.carrier.lag < 0) else -1
            bus = self.layout.bus(link)
            box, centre = self.layout.boxes[target], self.layout.centres[target]
            end = side_of(box, centre, side) if bus is None else self._rise(link, bus)[0]
        return Crossing(way_out, end, leaving, stop.number if side > 0 else stop.number - 1)

    def _way_out(self, source: Mark, side: int) -> list[Point]:
        """The corners on the way out of the source's row, to its right (1) or left (−1)."""
        frame = self.layout.frames[source]
        way_out = frame.period.exits.get((source.key, side))
        if way_out is None:
            return [side_of(self.layout.boxes[source], self.layout.centres[source], side)]
        return [frame.place(place) for place in way_out]

    def _side(self, source: Mark, target: Mark | None) -> int:
        """The side on which a line leaves its source's block: 1 for the right one, −1 for the left one."""
        if source.time in (BEFORE, AFTER):
            return 1 if source.time == BEFORE else -1
        at_end = target is not None and target.time == AFTER
        return -1 if source.role in self.scene.backward and not at_end else 1

    def _gap(self, mark: Mark | None, before: bool) -> Stop:
        """The last gap before the step of a mark, or the first after it; the other where there is no such gap."""
        assert mark is not None
        number = self.stops[mark.time].number
        earlier = [gap for gap in self.gaps if gap.number < number]
        later = [gap for gap in self.gaps if gap.number > number]
        return earlier[-1] if earlier and (before or not later) else later[0]

    def _height(self, link: Link) -> float:
        """The height of a line in a gap."""
        assert link.carrier is not None
        return next(iter(self.layout.hidden.values())).lines[link.carrier.role]

    # ------------------------------------------------------------------ trunks

    def _along_trunk(self, link: Link, trunk: Trunk) -> Line:
        """A line up to a trunk, along it, and down from it; it has dots where others join it, or leave it.

        Out of a gap or into it there is no more than the piece between the gap and the trunk where others run on.
        """
        up, down = self._up(link, trunk), self._down(link, trunk)
        first, last = self._extents[trunk]
        joints = [corner for corner in (up[-1], down[0]) if first + 0.5 < corner.x < last - 0.5]
        is_open = link.source is None or link.target is None
        partial = is_open and (link.source or link.target, trunk) in self._joined
        corners = [*up, *down] if not partial else up if link.source is None else down
        arrow, state = link.target is not None and not partial, self.scene.state_of(link)
        return Line(link, corners, state, arrow, is_open, partial=partial, joints=joints, label=self._label(link))

    def _find_extents(self) -> dict[Trunk, tuple[float, float]]:
        """How far to the left and to the right each trunk reaches."""
        reach: dict[Trunk, list[float]] = defaultdict(list)
        for link in self.scene.links:
            if link.trunk is not None:
                reach[link.trunk] += self._up(link, link.trunk)[-1].x, self._down(link, link.trunk)[0].x
        return {trunk: (min(places), max(places)) for trunk, places in reach.items()}

    def _up(self, link: Link, trunk: Trunk) -> list[Point]:
        """The corners from where a link starts up to its trunk."""
        source, level, (port, _) = link.source, self.layout.levels[trunk], ports_of(link)
        if source is None:
            return self._through_gap(link, level)
        if port is not None:
            return self._through_port(link, source, port, level)
        if source.time == BEFORE:
            return self._climb(source, level)
        way_out = self._way_out(source, 1)
        x = self.right + LANE * (1 + [*self.layout.levels].index(trunk))
        return [*way_out, Point(x, way_out[-1].y), Point(x, level)]

    def _down(self, link: Link, trunk: Trunk) -> list[Point]:
        """The corners from a trunk down to where a link ends."""
        target, level, (_, port) = link.target, self.layout.levels[trunk], ports_of(link)
        if target is None:
            return self._through_gap(link, level)[::-1]
        if port is not None:
            return self._through_port(link, target, port, level)[::-1]
        entry = self._trunk_entry(link)
        if self._enters_level(link, trunk):
            return entry
        x = self._middle(-2) + self.lanes[trunk, "down"]
        return [Point(x, level), Point(x, entry[0].y), *entry]

    def _through_gap(self, link: Link, level: float) -> list[Point]:
        """The corners from a gap, above what is written there, up to a trunk."""
        gap = self._gap(link.target or link.source, before=link.source is None)
        x = (gap.left + gap.right) / 2
        return [Point(x, self._height(link) + DOTS), Point(x, level)]

    def _through_port(self, link: Link, mark: Mark, port: Port, level: float) -> list[Point]:
        """The corners from a mark of a step up to a trunk."""
        frame = self.layout.frames[mark]
        path = [frame.place(corner) for corner in frame.period.paths[port.role, port]]
        if self.aside[link]:
            path = [Point(corner.x + self.aside[link], corner.y) for corner in path]
            path[0] = self._onto_edge(mark, path[0])
        return [*path, Point(path[-1].x, level)]

    def _climb(self, mark: Mark, level: float) -> list[Point]:
        """The corners on the way up from a mark that stands before the steps."""
        centre, boxes = self.layout.centres[mark], self.layout.boxes
        start = upright_edge(boxes[mark], centre, centre.x, up=True)
        top = Point(centre.x, level)
        others = (other for other in self.scene.blocks[BEFORE] if other is not mark)
        if not any(meets(boxes[other], self.layout.centres[other], start, top, 2.0) for other in others):
            return [start, top]
        way_out = self._way_out(mark, 1)
        x = self._middle(0) + self.lanes[mark, "up"]
        return [*way_out, Point(x, way_out[-1].y), Point(x, level)]

    def _trunk_entry(self, link: Link) -> list[Point]:
        """The corners where a trunk comes to the mark outside the steps that it leads to."""
        assert link.target is not None
        bus = self.layout.bus(link)
        if bus is not None:
            return self._rise(link, bus)
        return [side_of(self.layout.boxes[link.target], self.layout.centres[link.target], -1)]

    def _enters_level(self, link: Link, trunk: Trunk) -> bool:
        return abs(self._trunk_entry(link)[0].y - self.layout.levels[trunk]) < 0.5

    # ------------------------------------------------------------------ rooms and lanes

    def _corners(self, link: Link, crossing: Crossing) -> list[Point]:
        """The corners on the way through the rooms, or above the blocks where some stand between."""
        if self._is_straight(crossing):
            return []
        start, end = crossing.start, crossing.end
        if crossing.is_near:
            x = self._lane(link, crossing.entering, "through")
            return [Point(x, start.y), Point(x, end.y)]
        leaving, entering = self._lane(link, crossing.leaving, "out"), self._lane(link, crossing.entering, "in")
        above = self.layout.ceiling + LANE * (1 + self._high_lane(link, crossing))
        return [Point(leaving, start.y), Point(leaving, above), Point(entering, above), Point(entering, end.y)]

    def _is_straight(self, crossing: Crossing) -> bool:
        """Whether a line runs level, with nothing in its way in the blocks that it passes."""
        if not crossing.is_level or crossing.is_near:
            return crossing.is_level
        first, last = sorted((crossing.leaving, crossing.entering))
        height = round(crossing.start.y)
        if any((height, room) in self.left - {(height, crossing.leaving)} for room in range(first, last + 1)):
            return False
        if any((height, room) in self.entered_at - {(height, crossing.entering)} for room in range(first, last + 1)):
            return False
        passed = self.layout.stops[first + 1 : last + 1]
        return not any(stop.time is None or self._is_in_way(stop.time, crossing.start.y) for stop in passed)

    def _is_in_way(self, time: float, height: float) -> bool:
        return any(
            abs(self.layout.centres[mark].y - height) < self.layout.boxes[mark].height / 2 + 2
            for mark in self.scene.blocks[time]
        )

    def _find_lanes(self) -> Mapping[Hashable, float]:
        """How far from the middle of any room each value's upright lines stand."""
        keys: dict[Hashable, int] = {}
        for link, crossing in self.crossings.items():
            if link.target is not None and self.layout.bus(link) is not None and link not in self.ends:
                continue
            if not self._is_straight(crossing):
                assert link.carrier is not None
                onwards = 1 if link.carrier.lag >= 0 else -1
                ways = {"through": 0} if crossing.is_near else {"out": -onwards, "in": onwards}
                keys |= {self._lane_key(link, way): order for way, order in ways.items()}
        for link in self.scene.links:
            mark = link.source if link.trunk is not None else None
            if mark is not None and mark.time == BEFORE:
                keys[mark, "up"] = -1
            if link.trunk is not None and link.trunk.target is not None and not self._enters_level(link, link.trunk):
                keys[link.trunk, "down"] = 1
        ordered = sorted(keys, key=keys.__getitem__)
        return {key: (number - (len(keys) - 1) / 2) * LANE for number, key in enumerate(ordered)}

    def _lane(self, link: Link, room: int, way: str) -> float:
        return self._middle(room) + self.lanes[self._lane_key(link, way)]

    def _lane_key(self, link: Link, way: str) -> Hashable:
        """One lane for each value, but one each for several that stand before the steps."""
        initial = link.source is not None and link.source.time == BEFORE
        before = self.initial.setdefault(link.carrier, []) if initial else []
        if initial and link.source not in before:
            before.append(link.source)
        return link.carrier, link.source is None, before.index(link.source) if initial else 0, way

    def _middle(self, room: int) -> float:
        """The middle of the lanes in a room, which stand between what is written there on its left and right."""
        left, right = self._edges(room)
        return (left + self.texts[-1] + right - self.texts[1]) / 2 if self.lanes else (left + right) / 2

    def _edges(self, room: int) -> tuple[float, float]:
        return self.layout.stops[room].right, self.layout.stops[room + 1].left

    def _find_texts(self) -> dict[int, float]:
        """The room for what is written beside lines where these come to a block from its left (1) or right (−1)."""
        room = {-1: 0.0, 1: 0.0}
        for link, crossing in self.crossings.items():
            if link.weights and self._label(link) is None:
                side = self._side_entered(crossing)
                room[side] = max(room[side], width(link.weights, WEIGHTS) + 2 * CLEAR)
        return room

    def _side_entered(self, crossing: Crossing) -> int:
        """Where a line comes to a block: on its left (1), running to the right, or on its right (−1)."""
        return 1 if crossing.end.x >= self._edges(crossing.entering)[1] else -1

    def _place_text(self, crossing: Crossing) -> Point:
        """The middle of what is written above a line between its lane and the block that it enters."""
        side, (left, right) = self._side_entered(crossing), self._edges(crossing.entering)
        x = (right if side > 0 else left) - side * self.texts[side] / 2 if self.lanes else (left + right) / 2
        return Point(x, crossing.end.y + BESIDE)

    def _high_lane(self, link: Link, crossing: Crossing) -> int:
        """A lane above the blocks, for each carried value its own; lines of one value that overlap alternate."""
        reach = abs(crossing.leaving - crossing.entering)
        to_end = link.target is not None and link.target.time == AFTER
        key = link.carrier, link.target if to_end else crossing.leaving % (reach + 1), reach
        return self.high_lanes.setdefault(key, len(self.high_lanes))
