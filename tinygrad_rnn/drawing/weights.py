"""Where the weights of lines are written: beside the line, where no mark, line or other text is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping

from tinygrad_rnn.drawing.buses import NEAR, RETURNING, riser_path
from tinygrad_rnn.drawing.geometry import Box, Point, between, meets, shifted
from tinygrad_rnn.drawing.period import Carried, Period, Port

HEIGHT = 12.0
"""Of the text, in points."""

STRIP = 12.0
"""How far above a text's middle the strip ends that backward drawings have there, in points."""

PARTS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9)
"""Where along a piece of a line a text may stand, the best first."""

FAR = 1e6
"""Beyond the edges of any column."""

BESIDE = 4.5
"""Between a line and that of what comes back along it, in points."""

Piece = tuple[Point, Point]
"""A straight piece of a line."""


def place_weights(period: Period, widths: Mapping[Carried, float]) -> dict[Carried, Point]:
    """The middle of each text beside a line that runs within a step, or up a riser; others have a place elsewhere.

    Args:
        period: one step.
        widths: how wide the text of each line is; a lag of 0 is within the step.
    """
    placer = _Placer(period)
    return {line: placer.place(line, width) for line, width in widths.items() if line in placer.paths}


def line_pieces(period: Period) -> Iterator[Piece]:
    """The straight pieces of all lines; rails and buses as lines across the whole column and beyond."""
    for path in _paths(period).values():
        yield from itertools.pairwise(path)
    for bus in period.buses:
        if not bus.lag and bus.source in period.centres:
            centre = period.centres[bus.source]
            yield centre, Point(centre.x, bus.y)
    for (_, side), path in period.exits.items():
        yield from itertools.pairwise([*path, Point(side * FAR, path[-1].y)])
    for y in (*(period.centres[source].y for source in period.rails), *(bus.y for bus in period.buses)):
        yield Point(-FAR, y), Point(FAR, y)


def _paths(period: Period) -> dict[Carried, list[Point]]:
    """The corners of each line within the step, and of each riser."""
    paths = {Carried(source, target, 0): path for (source, target), path in period.paths.items()}
    for bus in period.buses:
        for reader in bus.risers:
            paths[Carried(bus.source, reader, bus.lag)] = riser_path(period, bus, reader)
    return paths


class _Placer:
    """Finds places for texts one after the other, each clear of those before it where that is possible."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self.paths = _paths(period)
        self.lines = list(line_pieces(period))
        self.returning = [  # where what comes back is drawn
            (start, end)
            for line, path in self.paths.items()
            for piece in itertools.pairwise(_onwards(line, path))
            if piece[0] != piece[1]
            for start, end in [shifted(piece, BESIDE)]
        ]
        self.texts: list[tuple[Box, Point]] = []

    def place(self, line: Carried, width: float) -> Point:
        """The first place beside a line that is free, and nearest to this line; or where the least is in the way."""
        box = Box(width, HEIGHT, False)
        own = set(itertools.pairwise(self.paths[line]))
        others = [piece for piece in self.lines if piece not in own]
        places = self._places(_onwards(line, self.paths[line]), width)
        place, _ = min(places, key=lambda found: self._faults(box, found, own, others))  # the first of those equal
        self.texts.append((box, place))
        return place

    def _faults(
        self, box: Box, found: tuple[Point, float], own: Collection[Piece], others: Collection[Piece]
    ) -> tuple[int, int]:
        """How much is wrong with a place: the marks, lines and texts in the way, and the lines as near as its own.

        Where this is equal, the lines that are nearer count.
        """
        place, away = found
        marks = ((box, self.period.centres[role]) for role, box in self.period.boxes.items())
        covered = sum(
            2 * abs(centre.x - place.x) < other.width + box.width + 2
            and 2 * abs(centre.y - place.y) < other.height + box.height
            for other, centre in itertools.chain(marks, self.texts)
        )
        struck = sum(meets(box, place, *piece, 1.0) for piece in itertools.chain(own, others, self.returning))
        near = sum(meets(box, place, *piece, away + 0.5) for piece in others)
        below_strip = sum(  # that of what comes back to it, or to this text
            2 * abs(centre.x - place.x) < other.width + box.width and abs(centre.y - place.y) < STRIP + HEIGHT / 2
            for other, centre in self.texts
        )
        nearer = sum(meets(box, place, *piece, away - 0.5) for piece in others) if near else 0
        return 10 * (covered + struck) + 5 * below_strip + near, nearer

    def _places(self, path: list[Point], width: float) -> Iterator[tuple[Point, float]]:
        """Places beside a line: left and right where it rises, above and below where it is level; and how far away.

        The first are on its left, as one sees it from its start: on its right is what comes back.
        """
        pieces = sorted(itertools.pairwise(path), key=lambda piece: -math.dist(*piece))
        for farther, (start, end) in itertools.product((False, True), pieces):
            across, up = end.x - start.x, end.y - start.y
            level = abs(up) < 4
            to_left = math.copysign(1.0, across) if level else -math.copysign(1.0, up)
            half = HEIGHT / 2 if level else width / 2
            if farther and not level:  # so far that the text's corners are off a slanted line
                half += HEIGHT / 2 * abs(across / up)
            for part in PARTS:
                place = between(start, end, part)
                for away, side in ((NEAR, to_left), (RETURNING, -to_left)):
                    reach = side * (half + away)
                    yield Point(place.x, place.y + reach) if level else Point(place.x + reach, place.y), away


def _onwards(line: Carried, path: list[Point]) -> list[Point]:
    """A line's corners from where it starts: one from a trunk comes down to the step."""
    return path[::-1] if isinstance(line.target, Port) and line.target.trunk is not None else path
