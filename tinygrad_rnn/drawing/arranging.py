"""One time step's places, worked out once and repeated for every step.

Laying out the unrolled graph as a whole would take long and put its columns out of order. One period has
few marks. What is carried from step to step becomes a rail, one straight row through all steps, where that
is possible; else a bus, a line below its readers with risers up to them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from tinygrad_rnn.drawing.buses import APART, NEAR, RETURNING, SPREAD, place_buses, plan_buses
from tinygrad_rnn.drawing.coordinates import assign_x
from tinygrad_rnn.drawing.geometry import Box, Point
from tinygrad_rnn.drawing.paths import find_paths
from tinygrad_rnn.drawing.period import Bus, Carried, Contents, Period, Port, Role, Spacing, Tap
from tinygrad_rnn.drawing.rails import find_rails
from tinygrad_rnn.drawing.rows import Bend, Item, Segment, assign_rows, cut_lines, order_rows, rank
from tinygrad_rnn.drawing.weights import place_weights

PORTS_ABOVE = 8.0
"""How far above the highest row the ports stand, in points."""

FLAT, TRACK = 2.5, 5.0
"""How much farther across than up a line runs that is drawn level, and the room for it between rows, in points."""

CHAIN, TO_TAP, ONTO_RAIL, USUAL, TO_PORT, SELDOM = 40, 30, 25, 8, 4, 1
"""How much a line is to be short and straight: the only one out of one mark and into another; one at a tap; the only
one out of a mark, if it leads onto a rail; any other; one at a port; one that few steps have, or that a bus draws."""

ALONG_RAIL = 4
"""How much the pieces of a rail are to be short."""

PASSED = 5.0
"""How much farther apart marks stand on each side where risers pass between them, in points."""


def lay_out_period(contents: Contents, spacing: Spacing) -> Period:
    """Work out where each role of a step stands, and how the lines within the step run."""
    carried, widths = contents.carried, contents.widths
    rails = find_rails(contents.inside, carried, contents.backward, contents.combining)
    period = Period(contents.boxes, contents.inside, rails, contents.backward)
    period.rows = assign_rows(_order(period, carried), period.rail_of)
    buses = plan_buses(period, carried)
    _add_ports(period, contents.ports)
    _add_taps(period, buses)
    bent = [line.source for line in carried if line.source in contents.inside and line.source not in rails]
    leaving = {(source, period.direction(source)): None for source in bent} | contents.leaving
    ends = {role: side for role, side in (*leaving, *contents.entered) if role not in period.rail_of}
    _place(period, buses, ends, spacing, widths)
    place_buses(period, buses, widths)
    find_paths(period, leaving, contents.entered)
    period.weights = place_weights(period, widths)
    _measure(period, widths)
    return period


def _order(period: Period, carried: Iterable[Carried]) -> Mapping[Role, Collection[Role]]:
    """What each role leads to, as far as rows go: to what it leads to in the step, and from a rail to all its readers.

    What reads a rail's value but does not lead back to it stands above the rail where that makes no circle: what it
    leads to need not cross the rail then.
    """
    linked: dict[Role, Collection[Role]] = dict(period.inside)
    for line in carried:
        way = period.rails.get(line.source)
        if way is not None and line.target != way[0]:
            tried = linked | {line.source: [*linked[line.source], line.target]}
            if rank(tried, period.rail_of) is not None:
                linked = tried
    return linked


def _add_taps(period: Period, buses: Iterable[Bus]) -> None:
    """Put the taps on their rails, each linked to its reader from below to above."""
    for bus in buses:
        if bus.is_tap:
            tap, (reader,) = Tap(bus.source), bus.risers
            period.rows[tap] = period.rows[bus.source]
            period.rail_of[tap] = bus.source
            lower, upper = (tap, reader) if period.rows[reader] > period.rows[tap] else (reader, tap)
            _link(period, tap, lower, upper, 1)


def _add_ports(period: Period, ports: Mapping[Port, int]) -> None:
    """Put the ports into a row above all others, each linked to its role."""
    top = max(period.rows.values(), default=0) + 1
    for port, count in ports.items():
        period.rows[port] = top
        _link(period, port, port.role, port, count)


def _link(period: Period, place: Port | Tap, source: Role, target: Role, count: int) -> None:
    """Add a place without size, and a line from it or to it."""
    period.boxes = {**period.boxes, place: Box(0.0, 0.0, False)}
    period.inside = {**period.inside, source: {**period.inside.get(source, {}), target: count}}


def _place(
    period: Period,
    buses: Sequence[Bus],
    ends: Mapping[Role, int],
    spacing: Spacing,
    widths: Mapping[Carried, float],
) -> None:
    """Order the rows, and find the coordinates."""
    rows: dict[Item, int] = dict(period.rows)
    rails = list(_rails_from_left(period))
    segments = cut_lines(_weighted_lines(period, buses), rows)
    ordered = order_rows(rows, segments, rails, ends)
    level = [(left, right, ALONG_RAIL) for rail in rails for left, right in itertools.pairwise(rail)]
    distance = _measure_distances(period, spacing, _room_for_weights(period, buses, widths))
    x = assign_x(ordered, segments, level, distance)
    _stack(period, ordered, x, _rows_apart(ordered, segments, x, spacing))


def _rails_from_left(period: Period) -> Iterator[list[Item]]:
    """The items of each rail from left to right."""
    for source, way in period.rails.items():
        rail: list[Item] = [Tap(source), *way] if Tap(source) in period.rows else [*way]
        yield rail[::-1] if source in period.backward else rail


def _measure_distances(period: Period, spacing: Spacing, room: Mapping[Role, float]) -> Callable[[Item, Item], float]:
    """What tells how far apart the middles of two neighbours in a row have to be; `room` is added to a mark's own."""

    def half_width(item: Item) -> float:
        return period.boxes[item].width / 2 + room.get(item, 0.0) if item in period.boxes else 0.0

    def distance(left: Item, right: Item) -> float:
        is_line = not (half_width(left) and half_width(right)) and not {left, right} & room.keys()
        return half_width(left) + half_width(right) + (0.7 * spacing.marks if is_line else spacing.marks)

    return distance


def _stack(
    period: Period, rows: Sequence[Sequence[Item]], x: Mapping[Item, float], apart: Mapping[Item, float]
) -> None:
    """Give all items their places, row upon row from the bottom."""
    height = 0.0
    for row in rows:
        height += apart[row[0]]
        tallest = max((period.boxes[item].height for item in row if item in period.boxes), default=0.0)
        height += tallest / 2
        for item in row:
            place = Point(x[item], height)
            if isinstance(item, Bend):
                period.bends.setdefault((item.source, item.target), []).append(place)
            else:
                period.centres[item] = place
        height += tallest / 2


def _rows_apart(
    rows: Sequence[Sequence[Item]], segments: Iterable[Segment], x: Mapping[Item, float], spacing: Spacing
) -> dict[Item, float]:
    """For the first item of each row how far below it the row before ends: far enough for the lines between them."""
    first = {item: row[0] for row in rows for item in row}
    level = Counter(first[above] for below, above, _ in segments if abs(x[above] - x[below]) > FLAT * spacing.rows)
    apart = {row[0]: max(spacing.rows, TRACK * (level[row[0]] + 1)) for row in rows}
    return apart | {row[0]: PORTS_ABOVE for row in rows if isinstance(row[0], Port)} | {rows[0][0]: 0.0}


def _room_for_weights(period: Period, buses: Sequence[Bus], widths: Mapping[Carried, float]) -> dict[Role, float]:
    """How much wider than itself a mark stands, because of what is written beside its risers, or lines from it."""
    room: dict[Role, float] = {
        line.target: width / 2 + NEAR for line, width in widths.items() if isinstance(line.target, Port)
    }
    inside = [line for line in widths if not line.lag and line.source in period.rows and line.target in period.boxes]
    entering = Counter((line.target, period.rows[line.source]) for line in inside)
    for line in inside:
        if entering[line.target, period.rows[line.source]] > 1:  # side by side
            needed = NEAR + widths[line] + RETURNING - period.boxes[line.source].width / 2
            room[line.source] = max(room.get(line.source, 0.0), needed)
    number = Counter(reader for bus in buses if not bus.is_tap for reader in bus.risers)
    for bus in buses:
        passed = len({period.rows[reader] for reader in bus.risers}) > 1  # by risers to higher rows
        for reader in bus.risers:
            width = widths.get(Carried(bus.source, reader, bus.lag), 0.0)
            if width and not bus.is_tap:
                across = period.boxes[reader].width
                outermost = min(max(number[reader] - 1, 1) * APART / 2, SPREAD * across)
                needed = outermost + width + (PASSED if passed else 0.0) + 1.5 - across / 2
                room[reader] = max(room.get(reader, 0.0), needed)
    return room


def _weighted_lines(period: Period, buses: Iterable[Bus]) -> list[tuple[Role, Role, int]]:
    """The lines from row to row, with how much each is to be short and straight."""
    entering = Counter(target for targets in period.inside.values() for target in targets)
    along_bus = {bus.source for bus in buses if not bus.lag}
    most = max((count for targets in period.inside.values() for count in targets.values()), default=0)
    lines = []
    for role, targets in period.inside.items():
        for target, count in targets.items():
            if period.rows[role] == period.rows[target]:
                continue  # along a rail
            single = sum(not isinstance(other, Port) for other in targets) == 1
            if isinstance(role, Tap) or isinstance(target, Tap):
                weight = TO_TAP
            elif role in along_bus or count < most / 2:  # or few steps have it
                weight = SELDOM
            elif isinstance(target, Port):
                weight = TO_PORT
            else:
                is_chain, is_onto_rail = single and entering[target] == 1, single and target in period.rail_of
                weight = CHAIN if is_chain else ONTO_RAIL if is_onto_rail else USUAL
                weight -= 0 if entering[role] else 2  # a leaf makes way
            lines.append((role, target, weight))
    return lines


def _measure(period: Period, widths: Mapping[Carried, float]) -> None:
    """Find the column's extent, which ports don't add to, and move everything so that it starts at x = 0."""
    places = [place for path in (*period.paths.values(), *period.exits.values()) for place in path]
    places += [Point(x, bus.y) for bus in period.buses for x in bus.risers.values()]
    for role, (x, y) in period.centres.items():
        reach = period.boxes[role].width / 2, period.boxes[role].height / 2
        places += [Point(x - reach[0], y - reach[1]), Point(x + reach[0], y + reach[1])]
    for line, (x, y) in period.weights.items():
        places += [Point(x - widths[line] / 2, y), Point(x + widths[line] / 2, y)]
    ports = {place for role, place in period.centres.items() if isinstance(role, Port)}
    left = min(x for x, _ in places)
    period.move(right=-left)
    period.width = max(x for x, _ in places) - left
    heights = [place.y for place in places if place not in ports]
    period.bottom, period.top = min(heights), max(heights)
