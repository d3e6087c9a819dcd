"""Where the chips stand that show what parameters receive: beside their operations, where nothing else is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from tinygrad_rnn.drawing.geometry import Box, Point, edge_point, meets, shifted
from tinygrad_rnn.drawing.layout import Layout
from tinygrad_rnn.drawing.period import Period, Role
from tinygrad_rnn.drawing.scene import Mark
from tinygrad_rnn.drawing.weights import line_pieces

CHIP = Box(12.0, 8.0, False)
STRIP = Box(14.0, 4.5, False)
"""What stands above weights that are written beside a line, instead of a chip."""

STUB = 8.0
"""The length of the arrow from a mark to its chip, in points."""

EDGE, FOOT = 12.0, 11.0
"""How far a chip may stand out of its step's marks, and below them, in points."""

ROOM = 1.5
"""The least distance between a chip and anything else, in points."""


def place_chips(layout: Layout, numbers: Mapping[Mark, int], beside: float) -> dict[Mark, list[Point]]:
    """The middles of each mark's chips, the same in every step.

    Args:
        layout: where everything else stands.
        numbers: how many chips each mark has.
        beside: how far to the right of lines there are others.
    """
    periods: dict[int, Period] = {}
    most: dict[int, dict[Role, int]] = {}
    for mark, number in numbers.items():
        period = layout.frames[mark].period
        periods[id(period)] = period
        roles = most.setdefault(id(period), {})
        roles[mark.key] = max(roles.get(mark.key, 0), number)
    placed = {key: _place(period, most[key], beside) for key, period in periods.items()}
    return {
        mark: [frame.place(place) for place in placed[id(frame.period)][mark.key][:number]]
        for mark, number in numbers.items()
        if (frame := layout.frames[mark])
    }


def _place(period: Period, numbers: Mapping[Role, int], beside: float) -> dict[Role, list[Point]]:
    """For each role the places of its chips: the first where they meet nothing, or where they meet the least."""
    lines = [piece for piece in line_pieces(period) if math.dist(*piece) > 1]
    lines += [(start, end) for piece in lines for start, end in [shifted(piece, beside)]]
    taken: list[tuple[Box, Point]] = [(box, period.centres[role]) for role, box in period.boxes.items()]

    def hits(role: Role, place: Point) -> int:
        """How bad a place for a chip of a role is: what is in its way, or in that of the line to it."""
        box, centre = period.boxes[role], period.centres[role]
        crossing = sum(meets(CHIP, place, start, end, ROOM) for start, end in lines)
        stub = edge_point(box, centre, place), place
        behind = sum(meets(other, at, *stub, ROOM) for other, at in taken if at != centre)
        covered = sum(
            abs(at.x - place.x) < (other.width + CHIP.width) / 2 + ROOM
            and abs(at.y - place.y) < (other.height + CHIP.height) / 2 + ROOM
            for other, at in taken
        )
        inside = (
            -EDGE < place.x - CHIP.width / 2 < place.x + CHIP.width / 2 < period.width + EDGE
            and period.bottom - FOOT < place.y - CHIP.height / 2 < place.y + CHIP.height / 2 < period.top + EDGE
        )
        return crossing + 2 * behind + 4 * covered + 3 * (not inside)

    placed: dict[Role, list[Point]] = {}
    for role, number in numbers.items():
        for _ in range(number):
            place = min(_places(period.boxes[role], period.centres[role]), key=lambda place: hits(role, place))
            taken.append((CHIP, place))
            placed.setdefault(role, []).append(place)
    return placed


def _places(box: Box, centre: Point) -> Iterator[Point]:
    """Places around a mark: below and above it, then beside it, then at its corners; first at the usual distance."""
    for stub in (STUB, STUB - 3, STUB + 6, STUB + 12, STUB - 5):
        down, out = (box.height + CHIP.height) / 2 + stub, (box.width + CHIP.width) / 2 + stub
        aside = box.width / 4 + 3
        for x, y in (
            (0, -down), (0, down), (out, 0), (-out, 0),
            (aside, -down), (-aside, -down), (aside, down), (-aside, down),
            (out, -down / 2), (-out, -down / 2), (out, down / 2), (-out, down / 2),
            (out, -down), (-out, -down), (out, down), (-out, down),
        ):  # fmt: skip
            yield Point(centre.x + x, centre.y + y)
