"""How the lines within a step run: straight where nothing is in the way, else around the marks in between."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from tinygrad_rnn.drawing.geometry import Point, edge_point, meets, side_of, upright_edge
from tinygrad_rnn.drawing.period import Carried, Period, Role

ROOM = 2.0
"""The least distance between a line and a mark that is not at its ends, in points."""

DETOUR = 9.0
"""How far above or below its row a line passes the marks between its ends, in points."""

FAR = 1e6
"""Beyond the edges of any column."""

FLAT = 0.4
"""The slope below which a line takes a corner, and runs level."""


def find_paths(period: Period) -> dict[tuple[Role, Role], list[Point]]:
    """For each line within a step that no bus carries, its corners, ends included."""
    finder = _Finder(period)
    return {
        (source, target): finder.find(source, target)
        for source, targets in period.inside.items()
        for target in targets
        if Carried(source, target, 0) not in period.served
    }


def find_exits(period: Period, sides: Mapping[Role, int]) -> dict[Role, list[Point]]:
    """For each role whose lines leave the step on its right (1) or left (−1), the corners on the way out of its row.

    Where other marks stand in the way, the line leaves above or below the row.
    """
    finder = _Finder(period)
    return {role: finder.find_exit(role, side) for role, side in sides.items()}


class _Finder:
    def __init__(self, period: Period) -> None:
        self.period = period
        self.exits: list[float] = []  # the heights at which lines leave the step
        self.bands: dict[int, tuple[float, float]] = {}  # each row's lowest and highest point
        for role, centre in period.centres.items():
            reach = period.boxes[role].height / 2
            low, high = self.bands.get(period.rows[role], (centre.y, centre.y))
            self.bands[period.rows[role]] = min(low, centre.y - reach), max(high, centre.y + reach)

    def find(self, source: Role, target: Role) -> list[Point]:
        """The first of the possible paths that meets no other mark; the first of all if none is free."""
        paths = [self._with_ends(source, target, corners) for corners in self._corners(source, target)]
        return next((path for path in paths if self._is_free(path, source, target)), paths[0])

    def find_exit(self, role: Role, side: int) -> list[Point]:
        """The first of the possible ways out that meets no other mark, nor runs along another way out."""
        centre, box = self.period.centres[role], self.period.boxes[role]
        straight = [side_of(box, centre, side)]
        low, high = self.bands[self.period.rows[role]]
        paths = [straight]
        for k in range(1, 6):
            for y, up in ((high + k * DETOUR / 2, True), (low - k * DETOUR / 2, False)):
                paths.append([upright_edge(box, centre, centre.x, up=up), Point(centre.x, y)])
        levels = [bus.y for bus in self.period.buses] + self.exits
        for path in paths:
            last = path[-1]
            is_free = self._is_free([*path, Point(last.x + side * FAR, last.y)], role, role)
            if is_free and not any(abs(last.y - y) < DETOUR / 2 for y in levels):
                self.exits.append(last.y)
                return path
        return straight

    def _with_ends(self, source: Role, target: Role, corners: list[Point]) -> list[Point]:
        period = self.period
        a, b = period.centres[source], period.centres[target]
        start = edge_point(period.boxes[source], a, corners[0] if corners else b)
        end = edge_point(period.boxes[target], b, corners[-1] if corners else a)
        return [start, *corners, end]

    def _is_free(self, path: list[Point], source: Role, target: Role) -> bool:
        return not any(
            meets(box, self.period.centres[role], start, end, ROOM)
            for start, end in itertools.pairwise(path)
            for role, box in self.period.boxes.items()
            if role not in (source, target)
        )

    # ------------------------------------------------------------------ possible paths, the best first

    def _corners(self, source: Role, target: Role) -> Iterator[list[Point]]:
        a, b = self.period.centres[source], self.period.centres[target]
        low, high = self.bands[self.period.rows[source]]
        bends = self.period.bends.get((source, target), [])
        if abs(a.y - b.y) < 1:
            yield []
            for y in (high + DETOUR, low - DETOUR):
                yield [Point(a.x, y), Point(b.x, y)]
            return
        levelled = self._levelled(source, target, bends)
        if levelled != bends:
            yield levelled
        yield bends
        bottom, _ = self.bands[self.period.rows[target]]
        upright = [place for bend in bends for place in self._upright(bend)]
        for middle in (bends, upright) if bends else (bends,):
            yield [Point(a.x, high), *middle]
            yield [*middle, Point(b.x, bottom)]
            yield [Point(a.x, high), *middle, Point(b.x, bottom)]
        yield from self._around(a, b, high + DETOUR, bottom - DETOUR)

    def _around(self, a: Point, b: Point, low: float, high: float) -> Iterator[list[Point]]:
        """Upright lanes, nearer ones first, that are reached along one level and left along another."""
        for distance in range(0, 400, 8):
            for lane in (min(a.x, b.x) - distance, max(a.x, b.x) + distance):
                yield [Point(a.x, low), Point(lane, low), Point(lane, high), Point(b.x, high)]

    def _levelled(self, source: Role, target: Role, bends: list[Point]) -> list[Point]:
        """The bends, with a corner for a piece that is flat, so that it is level; but not along a rail."""
        a, b = self.period.centres[source], self.period.centres[target]
        first, last = [a, *bends][-1], [*bends, b][0]
        corners = list(bends)
        if _is_flat(first, b) and target not in self.period.rail_of:
            corners.append(Point(first.x, b.y))
        elif _is_flat(a, last) and source not in self.period.rail_of:
            corners.insert(0, Point(last.x, a.y))
        return corners

    def _upright(self, bend: Point) -> list[Point]:
        """Where an upright line through a bend comes into its row, and where it leaves the row."""
        row = next((band for band in self.bands.values() if band[0] <= bend.y <= band[1]), (bend.y, bend.y))
        return [Point(bend.x, y) for y in row]


def _is_flat(start: Point, end: Point) -> bool:
    return abs(end.y - start.y) < FLAT * abs(end.x - start.x)
