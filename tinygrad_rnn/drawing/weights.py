"""Where the weights of lines are written: beside the line, where no mark, line or other text is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

from tinygrad_rnn.drawing.buses import riser_path
from tinygrad_rnn.drawing.geometry import Box, Point, between, meets
from tinygrad_rnn.drawing.period import Carried, Period

HEIGHT = 12.0
"""Of the text, in points."""

RETURNING = 9.0
"""From a line to a text on the side where the line of what comes back runs in backward drawings, in points."""

FAR = 1e6
"""Beyond the edges of any column."""


def place_weights(period: Period, widths: Mapping[Carried, float]) -> dict[Carried, Point]:
    """The middle of each text beside a line that runs within a step, or up a riser; others have a place elsewhere.

    Args:
        period: one step.
        widths: how wide the text of each line is; a lag of 0 is within the step.
    """
    writer = _Writer(period)
    return {line: writer.place(line, width) for line, width in widths.items() if line in writer.paths}


def line_pieces(period: Period) -> Iterator[tuple[Point, Point]]:
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


class _Writer:
    def __init__(self, period: Period) -> None:
        self.period = period
        self.paths = _paths(period)
        self.lines = list(line_pieces(period))
        self.texts: list[tuple[Box, Point]] = []

    def place(self, line: Carried, width: float) -> Point:
        """The first place beside a line where the text meets nothing; or where it meets the least."""
        box = Box(width, HEIGHT, False)
        places = list(self._places(self.paths[line], width))
        place = min(places, key=lambda place: self._hits(box, place))  # the first of those that are equal
        self.texts.append((box, place))
        return place

    def _hits(self, box: Box, place: Point) -> int:
        """How many marks, lines and texts are in the way of a text."""
        marks = ((box, self.period.centres[role]) for role, box in self.period.boxes.items())
        return sum(meets(box, place, start, end, 1.0) for start, end in self.lines) + sum(
            2 * abs(centre.x - place.x) < other.width + box.width + 2
            and 2 * abs(centre.y - place.y) < other.height + box.height
            for other, centre in itertools.chain(marks, self.texts)
        )

    def _places(self, path: list[Point], width: float) -> Iterator[Point]:
        """Places beside a line: on its left and right where it rises, above and below where it is level."""
        pieces = sorted(itertools.pairwise(path), key=lambda piece: -math.dist(*piece))
        for start, end in pieces:
            level = abs(end.y - start.y) < 4
            beside = Point(0.0, HEIGHT / 2) if level else Point(-width / 2, 0.0)
            near, far = ((0.0, 5.0), (0.0, -RETURNING)) if level else ((-5.0, 0.0), (RETURNING, 0.0))
            for part in (0.5, 0.35, 0.65, 0.2, 0.8):
                place = between(start, end, part)
                yield Point(place.x + beside.x + near[0], place.y + beside.y + near[1])
                yield Point(place.x - beside.x + far[0], place.y - beside.y + far[1])
