"""How the lines within a step run: straight where nothing is in the way, else around the marks in between."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tinygrad_rnn.drawing.buses import riser_path
from tinygrad_rnn.drawing.geometry import Point, edge_point, meets, onto_edge, overlap, side_of, upright_edge
from tinygrad_rnn.drawing.period import Carried, Period, Port, Role, Tap

ROOM, WELL_AWAY = 2.0, 6.5
"""The least distance between a line and a mark that is not at its ends, and one that is better, in points."""

DETOUR = 9.0
"""How far above or below its row a line turns aside that passes other rows, in points."""

NEAR = 3.5
"""The least distance between lines that run beside each other, in points."""

ARROWS = 6.0
"""The least distance between the arrowheads at one mark, in points."""

BESIDE = 7.0
"""How far above or below its row a line passes from one mark of the row to another, in points."""

ASIDE = 5.0
"""From the middle of a mark to where a line ends that would run along another one, in points."""

OFFSET = 0.3
"""How far from a mark's middle an upright line may meet it, in parts of the mark's width."""

FAR = 1e6
"""Beyond the edges of any column."""

FLAT = 0.4
"""The slope below which a line takes a corner, and runs level."""


def find_paths(period: Period, leaving: Iterable[tuple[Role, int]], entered: Iterable[tuple[Role, int]]) -> None:
    """Find the path of each line within a step that no bus carries, and of each line that leaves the step.

    Args:
        period: one step, whose marks and buses have their places.
        leaving: the roles whose lines leave on the right (1) or on the left (−1). Where other marks stand in the
            way, they leave above or below the row.
        entered: the roles to which lines come straight from the right or left.
    """
    finder = _Finder(period)
    lines = [
        (source, target)
        for source, targets in period.inside.items()
        for target in targets
        if Carried(source, target, 0) not in period.served
    ]

    def freedom(line: tuple[Role, Role]) -> tuple[bool, bool, int]:
        """The less freedom a line has, the earlier it is placed."""
        source, target = line
        has_one_way = _comes_down(target) or isinstance(target, Tap)
        return not has_one_way, period.rows[source] == period.rows[target], len(period.bends.get(line, ()))

    for line in sorted(lines, key=freedom):  # those that cannot well give way come first
        period.paths[line] = finder.find(*line)
    finder.part_arrowheads()
    for role, side in entered:
        finder.keep_free(role, side)
    for role, side in leaving:
        if not period.leaves_along_rail(role, side):
            period.exits[role, side] = finder.find_exit(role, side)


def _bus_paths(period: Period) -> Iterator[tuple[Role, Role, list[Point]]]:
    """The lines to the readers of buses, each with what it leads from and to."""
    for bus in period.buses:
        for reader in () if bus.is_tap else bus.risers:
            rise = riser_path(period, bus, reader)
            if bus.lag or bus.source not in period.centres:
                yield bus.source, reader, [Point(-FAR if bus.lag >= 0 else FAR, bus.y), *rise]
            else:
                centre = period.centres[bus.source]
                start = upright_edge(period.boxes[bus.source], centre, centre.x, up=True)
                yield bus.source, reader, [start, Point(centre.x, bus.y), *rise]


class _Finder:
    """Finds paths one after the other, each clear of those before it where that is possible."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self.found = list(_bus_paths(period))  # the paths so far, each with what it leads from and to
        self.bands: dict[int, tuple[float, float]] = {}  # each row's lowest and highest point
        for role, centre in period.centres.items():
            reach = period.boxes[role].height / 2
            low, high = self.bands.get(period.rows[role], (centre.y, centre.y))
            self.bands[period.rows[role]] = min(low, centre.y - reach), max(high, centre.y + reach)

    def find(self, source: Role, target: Role) -> list[Point]:
        """The best of the possible paths."""
        paths = [self._with_ends(source, target, corners) for corners in self._corners(source, target)]
        around = (self._with_ends(source, target, corners) for corners in self._around(source, target))
        ends = (target, source) if _comes_down(target) or isinstance(target, Tap) else (source, target)
        best = self._best(paths, *ends, around)
        self.found.append((*ends, best))
        return best

    def part_arrowheads(self) -> None:
        """Where arrowheads would lie on each other, let the outermost of their lines come to the mark from the side."""
        entering: dict[tuple[Role, bool], list[Role]] = defaultdict(list)
        for (source, target), path in self.period.paths.items():
            end = self.period.centres[target]
            if abs(path[-2].x - end.x) > self.period.boxes[target].width / 2 + ARROWS:
                entering[target, path[-2].x > end.x].append(source)
        for (target, on_right), sources in entering.items():
            outermost = sorted(sources, key=lambda source: self.period.paths[source, target][-2].x, reverse=on_right)
            for number, source in enumerate(outermost):
                ends = [self.period.paths[other, target][-1] for other in outermost[number:]]
                if any(math.dist(one, other) < ARROWS for one, other in itertools.combinations(ends, 2)):
                    self._come_from_side(source, target, number)

    def _come_from_side(self, source: Role, target: Role, number: int) -> None:
        """Let a line run level to the side of its target, below a number of others, if that is free."""
        centre, box = self.period.centres[target], self.period.boxes[target]
        *corners, _ = self.period.paths[source, target]
        turn = Point(corners[-1].x, centre.y - min(number * ARROWS, box.height / 3))
        level = [
            *corners,
            turn,
            onto_edge(box, centre, Point(centre.x + math.copysign(box.width, turn.x - centre.x), turn.y)),
        ]
        if self._is_free(level, source, target, ROOM) and not self._runs_along_another(level, source, target):
            self.period.paths[source, target] = level
            self.found.append((source, target, level))

    def _best(
        self, paths: Sequence[list[Point]], source: Role, target: Role, around: Iterable[list[Point]] = ()
    ) -> list[Point]:
        """The first path that keeps well away from marks and runs along no line, or else the next best.

        Ways around everything are taken only where each of the paths meets a mark or runs along a line.
        """

        def is_good(path: list[Point], room: float) -> bool:
            return self._is_free(path, source, target, room) and not self._runs_along_another(path, source, target)

        for candidates, room in ((paths, WELL_AWAY), (paths, ROOM), (around, ROOM)):
            for path in candidates:
                if is_good(path, room):
                    return path
        return next((path for path in paths if self._is_free(path, source, target, ROOM)), paths[0])

    def find_exit(self, role: Role, side: int) -> list[Point]:
        """The best of the possible ways out."""
        centre, box = self.period.centres[role], self.period.boxes[role]
        straight = [side_of(box, centre, side)]
        low, high = self.bands[self.period.rows[role]]
        paths = [straight]
        for k in range(2, 9):
            for y, up in ((high + k * DETOUR / 2, True), (low - k * DETOUR / 2, False)):
                paths.append([upright_edge(box, centre, centre.x, up=up), Point(centre.x, y)])
        out = (role, side)
        whole = [[*path, Point(path[-1].x + side * FAR, path[-1].y)] for path in paths]
        best = self._best(whole, role, out)
        self.found.append((role, out, best))
        return best[:-1]

    def keep_free(self, role: Role, side: int) -> None:
        """Let no line leave where another comes straight to a role from the right (1) or left (−1)."""
        end = side_of(self.period.boxes[role], self.period.centres[role], side)
        self.found.append(((role, side), role, [Point(end.x + side * FAR, end.y), end]))

    def _with_ends(self, source: Role, target: Role, corners: list[Point]) -> list[Point]:
        """A path through corners, from the edge of its source to that of its target."""
        period = self.period
        a, b = period.centres[source], period.centres[target]
        start = edge_point(period.boxes[source], a, corners[0] if corners else b)
        if isinstance(target, Port) and not corners and abs(b.x - a.x) < OFFSET * period.boxes[source].width:
            start = upright_edge(period.boxes[source], a, b.x, up=True)
        end = edge_point(period.boxes[target], b, corners[-1] if corners else a)
        return [start, *corners, end]

    def _runs_along_another(self, path: list[Point], source: Role, target: Role) -> bool:
        """Whether a path runs along a rail that does not join its ends, or along a path that shares neither of them."""
        rail_of, centres = self.period.rail_of, self.period.centres
        own = rail_of.get(source) if rail_of.get(source) == rail_of.get(target) else None
        rails = (centres[rail].y for rail in self.period.rails if rail != own)
        others = [[Point(-FAR, y), Point(FAR, y)] for y in rails]
        others += [found for one, another, found in self.found if one != source and another != target]
        return any(
            overlap(piece, part, NEAR) > NEAR
            for other in others
            for part in itertools.pairwise(other)
            for piece in itertools.pairwise(path)
        )

    def _is_free(self, path: list[Point], source: Role, target: Role, room: float) -> bool:
        """Whether a path keeps so far away from all marks but those at its ends."""
        return not any(
            meets(box, self.period.centres[role], start, end, room)
            for start, end in itertools.pairwise(path)
            for role, box in self.period.boxes.items()
            if role not in (source, target)
        )

    # ------------------------------------------------------------------ possible paths, the best first

    def _corners(self, source: Role, target: Role) -> Iterator[list[Point]]:
        """The corners between the ends of possible paths: none, the bends, or those of level and upright pieces."""
        a, b = self.period.centres[source], self.period.centres[target]
        low, high = self.bands[self.period.rows[source]]
        bends = self.period.bends.get((source, target), [])
        if abs(a.y - b.y) < 1:
            yield []
            for inwards in (0.0, math.copysign(ASIDE, b.x - a.x)):
                for y in (high + BESIDE, low - BESIDE):
                    yield [Point(a.x + inwards, y), Point(b.x - inwards, y)]
            return
        is_aside = bool(bends) and abs(bends[0].x - a.x) > self.period.boxes[source].width / 2 + ROOM
        if isinstance(target, Port) and is_aside and source not in self.period.rail_of:
            yield [Point(bends[0].x, a.y), *bends]
        yield from self._levelled(source, target, bends)
        yield bends
        bottom, _ = self.bands[self.period.rows[target]]
        upright = [place for bend in bends for place in self._upright(bend)]
        for middle in (bends, upright) if bends else (bends,):
            yield [Point(a.x, high), *middle]
            yield [*middle, Point(b.x, bottom)]
            yield [Point(a.x, high), *middle, Point(b.x, bottom)]

    def _around(self, source: Role, target: Role) -> Iterator[list[Point]]:
        """Upright lanes, nearer ones first, that are reached along one level and left along another."""
        a, b = self.period.centres[source], self.period.centres[target]
        low = self.bands[self.period.rows[source]][1] + DETOUR
        high = self.bands[self.period.rows[target]][0] - DETOUR
        for distance in range(0, 400, 8):
            for lane in (min(a.x, b.x) - distance, max(a.x, b.x) + distance):
                yield [Point(a.x, low), Point(lane, low), Point(lane, high), Point(b.x, high)]

    def _levelled(self, source: Role, target: Role, bends: list[Point]) -> Iterator[list[Point]]:
        """The bends, with corners for each piece that is flat, so that it is level.

        It runs out of its mark's side or into it, but not along a rail, or else between rows, at one of some heights.
        """
        places = [self.period.centres[source], *bends, self.period.centres[target]]
        pieces = list(itertools.pairwise(places))
        if not any(itertools.starmap(_is_flat, pieces)):
            return
        for part in ("into", "out of", 0.5, 0.3, 0.7, 0.1, 0.9, 0.4, 0.6, 0.2, 0.8):
            corners: list[Point] = []
            for start, end in pieces:
                if _is_flat(start, end):
                    out_of = start == places[0] and source not in self.period.rail_of
                    into = end == places[-1] and target not in self.period.rail_of
                    if into and (part == "into" or (part == "out of" and not out_of)):
                        corners.append(Point(start.x, end.y))
                    elif out_of and isinstance(part, str):
                        corners.append(Point(end.x, start.y))
                    else:
                        (_, low), (high, _) = self._band(start.y), self._band(end.y)
                        y = low + (0.5 if isinstance(part, str) else part) * (high - low)
                        corners += [Point(start.x, y), Point(end.x, y)]
                corners.append(end)
            yield corners[:-1]

    def _upright(self, bend: Point) -> list[Point]:
        """Where an upright line through a bend comes into its row, and where it leaves the row."""
        return [Point(bend.x, y) for y in self._band(bend.y)]

    def _band(self, y: float) -> tuple[float, float]:
        """The lowest and the highest point of the row at a height."""
        return next((band for band in self.bands.values() if band[0] <= y <= band[1]), (y, y))


def _comes_down(role: Role) -> bool:
    """Whether it is a port by which a line comes from a trunk."""
    return isinstance(role, Port) and role.trunk is not None


def _is_flat(start: Point, end: Point) -> bool:
    return abs(end.y - start.y) < FLAT * abs(end.x - start.x)
