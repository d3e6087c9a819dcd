"""Points, boxes and cubic splines, in points (1/72 inch), with y upwards as Graphviz has it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from typing import NamedTuple


class Point(NamedTuple):
    """A place."""

    x: float
    y: float


Spline = list[Point]
"""Control points of joined cubic curves: 1, 4, 7, … of them lie on the line."""


class Box(NamedTuple):
    """A mark's size; a round one is a circle of that width."""

    width: float
    height: float
    round: bool


def straight(start: Point, end: Point) -> Spline:
    """The straight line as one cubic curve."""
    return [start, between(start, end, 1 / 3), between(start, end, 2 / 3), end]


def between(start: Point, end: Point, part: float) -> Point:
    """The point that lies a part of the way from start to end."""
    return Point(start.x + part * (end.x - start.x), start.y + part * (end.y - start.y))


def rounded(corners: Sequence[Point], radius: float, sharp: Collection[Point] = ()) -> Spline:
    """A line through the corners, each of them rounded but those that are to be sharp."""
    corners = [corner for k, corner in enumerate(corners) if k == 0 or math.dist(corner, corners[k - 1]) > 0.01]
    line = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        reach = 0.0 if corner in sharp else min(radius, math.dist(before, corner) / 2, math.dist(corner, after) / 2)
        start = between(corner, before, reach / math.dist(before, corner))
        end = between(corner, after, reach / math.dist(corner, after))
        line += straight(line[-1], start)[1:]
        line += [between(start, corner, 0.55), between(end, corner, 0.55), end]
    return line + straight(line[-1], corners[-1])[1:] if len(corners) > 1 else line


def shifted(path: Sequence[Point], by: float) -> list[Point]:
    """The path moved to its right, as one sees it from its start."""
    start, end = path[0], path[-1]
    length = math.dist(start, end)
    across = Point((end.y - start.y) / length, (start.x - end.x) / length)
    return [Point(place.x + by * across.x, place.y + by * across.y) for place in path]


def parallel(corners: Sequence[Point], by: float) -> list[Point]:
    """The line that runs beside a line with corners, on its right, everywhere at the same distance."""
    corners = [corner for k, corner in enumerate(corners) if k == 0 or math.dist(corner, corners[k - 1]) > 0.01]
    pieces = [shifted(piece, by) for piece in itertools.pairwise(corners)]
    if not pieces:
        return corners
    moved = [pieces[0][0]]
    for corner, (_, before), (after, _) in zip(corners[1:], pieces, pieces[1:], strict=False):
        middle = between(before, after, 0.5)
        across = math.dist(middle, corner)
        part = min((by / across) ** 2, 4.0) if across else 1.0  # a sharp corner's point is not drawn out
        moved.append(between(corner, middle, part))
    return [*moved, pieces[-1][1]]


def edge_point(box: Box, centre: Point, towards: Point) -> Point:
    """Where the line from a box's centre towards a point leaves the box."""
    dx, dy = towards.x - centre.x, towards.y - centre.y
    distance = math.hypot(dx, dy)
    if not distance:
        return centre
    if box.round:
        part = box.width / 2 / distance
    else:
        part = min(box.width / 2 / abs(dx) if dx else math.inf, box.height / 2 / abs(dy) if dy else math.inf)
    return between(centre, towards, part)


def onto_edge(box: Box, centre: Point, place: Point) -> Point:
    """The point of a box's outline level with a place close to it, or right above or below the place."""
    dx, dy = place.x - centre.x, place.y - centre.y
    across, up = box.width / 2, box.height / 2
    if abs(dx) - across > abs(dy) - up:
        reach = math.sqrt(max(across**2 - dy**2, 0.0)) if box.round else across
        return Point(centre.x + math.copysign(reach, dx), place.y)
    reach = math.sqrt(max(up**2 - dx**2, 0.0)) if box.round else up
    return Point(place.x, centre.y + math.copysign(reach, dy))


def upright_edge(box: Box, centre: Point, x: float, *, up: bool) -> Point:
    """The point of a box's upper or lower edge at x."""
    reach = box.height / 2
    if box.round:
        reach = math.sqrt(max((box.width / 2) ** 2 - (x - centre.x) ** 2, 1.0))
    return Point(x, centre.y + (reach if up else -reach))


def side_of(box: Box, centre: Point, direction: int) -> Point:
    """The middle of a box's right (1) or left (−1) edge."""
    return Point(centre.x + direction * box.width / 2, centre.y)


def with_tip(line: Spline, length: float, short: float) -> tuple[Spline, Point]:
    """The line cut one arrowhead short of its end, and where the arrowhead's tip goes.

    The tip stops `short` of the end, because a pen of some width reaches beyond it.
    """
    end = line[-1]
    before = next((point for point in reversed(line[:-1]) if math.dist(point, end) > 0.5), line[0])
    distance = math.dist(before, end)
    if not distance:
        return line, end
    tip, base = between(end, before, short / distance), between(end, before, (length + short) / distance)
    last = line[-2]
    if math.dist(last, end) < 1.5 * length:
        last = Point(last.x + base.x - end.x, last.y + base.y - end.y)
    return [*line[:-2], last, base], tip


def meets(box: Box, centre: Point, start: Point, end: Point, room: float) -> bool:
    """Whether a straight line comes closer to a box than `room`."""
    if box.round:
        return _distance(centre, start, end) < box.width / 2 + room
    enter, leave = 0.0, 1.0
    for at, step, middle, reach in (
        (start.x, end.x - start.x, centre.x, box.width / 2 + room),
        (start.y, end.y - start.y, centre.y, box.height / 2 + room),
    ):
        if not step:
            if abs(at - middle) >= reach:
                return False
            continue
        first, last = sorted(((middle - reach - at) / step, (middle + reach - at) / step))
        enter, leave = max(enter, first), min(leave, last)
    return enter < leave


def overlap(one: tuple[Point, Point], other: tuple[Point, Point], room: float) -> float:
    """How far two straight lines run beside each other, closer than `room`; 0 for lines that cross."""
    (start, end), length = one, math.dist(*one)
    if not length or not math.dist(*other):
        return 0.0
    along = Point((end.x - start.x) / length, (end.y - start.y) / length)
    parts, aside = [], []
    for place in other:
        dx, dy = place.x - start.x, place.y - start.y
        parts.append(dx * along.x + dy * along.y)
        aside.append(abs(dx * along.y - dy * along.x))
    return max(0.0, min(length, max(parts)) - max(0.0, min(parts))) if max(aside) < room else 0.0


def _distance(place: Point, start: Point, end: Point) -> float:
    """How far a place lies from a straight line between two points."""
    dx, dy = end.x - start.x, end.y - start.y
    square = dx * dx + dy * dy
    part = ((place.x - start.x) * dx + (place.y - start.y) * dy) / square if square else 0.0
    nearest = between(start, end, min(max(part, 0.0), 1.0))
    return math.dist(place, nearest)
