"""One time step's places, worked out once and repeated for every step.

Laying out the unrolled graph as a whole would take long and put its columns out of order. One period has
few marks. What is carried from step to step becomes a rail, one straight row through all steps, where that
is possible; else a bus, a line below its readers with risers up to them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tinygrad_rnn.drawing.buses import place_buses, plan_buses
from tinygrad_rnn.drawing.columns import place_columns
from tinygrad_rnn.drawing.geometry import Box, Point
from tinygrad_rnn.drawing.paths import find_exits, find_paths
from tinygrad_rnn.drawing.period import Bus, Carried, Period, Role, Spacing
from tinygrad_rnn.drawing.rails import find_rails
from tinygrad_rnn.drawing.rows import Bend, Item, assign_rows, cut_lines, order_rows, rank
from tinygrad_rnn.drawing.weights import place_weights


def lay_out_period(
    boxes: Mapping[Role, Box],
    inside: Mapping[Role, Mapping[Role, int]],
    spacing: Spacing,
    carried: Sequence[Carried] = (),
    backward: Collection[Role] = (),
    combining: Collection[Role] = (),
    above: Collection[tuple[Role, Role]] = (),
    ends: Mapping[Role, int] | None = None,
    widths: Mapping[Carried, float] | None = None,
) -> Period:
    """Work out where each role stands.

    Args:
        boxes: each role's size.
        inside: within a step, what each role leads to, and in how many steps.
        spacing: the distances.
        carried: the lines that come in from other steps, and from outside the steps.
        backward: the roles that are carried from later steps to earlier ones.
        combining: the roles of additions and products.
        above: pairs of roles of which the second stands above the first, if that is possible.
        ends: roles that stand first (−1) or last (1) in their row.
        widths: how wide the text beside a line is, if it has one; a lag of 0 is within the step.
    """
    widths = widths or {}
    rails = find_rails(inside, carried, backward, combining)
    period = Period(boxes, inside, rails, backward)
    period.rows = assign_rows(_order(period, [*_second_readers(period, carried), *above]), period.rail_of)
    buses = plan_buses(period, carried)
    bent = {line.source for line in carried if line.source in inside and line.source not in rails}
    ends = {source: period.direction(source) for source in bent} | dict(ends or {})
    _place(period, buses, {role: end for role, end in ends.items() if role not in period.rail_of}, spacing, widths)
    place_buses(period, buses, widths.keys())
    period.paths = find_paths(period)
    period.exits = find_exits(
        period, {role: side for role, side in ends.items() if not period.leaves_along_rail(role, side)}
    )
    period.weights = place_weights(period, widths)
    _measure(period, widths)
    return period


def _second_readers(period: Period, carried: Iterable[Carried]) -> Iterator[tuple[Role, Role]]:
    """Each rail, and those that read its value but do not lead back to it: what these lead to need not cross it."""
    for line in carried:
        way = period.rails.get(line.source)
        if way is not None and line.target != way[0]:
            yield line.source, line.target


def _order(period: Period, above: Iterable[tuple[Role, Role]]) -> Mapping[Role, Collection[Role]]:
    """The links within a step, and those of the pairs that make no circle with them."""
    linked: dict[Role, Collection[Role]] = dict(period.inside)
    for lower, upper in above:
        tried = linked | {lower: [*linked[lower], upper]}
        if rank(tried, period.rail_of) is not None:
            linked = tried
    return linked


class Tap(NamedTuple):
    """The place on a rail, before its first mark, where one more reader is served."""

    source: Role


def _place(
    period: Period,
    buses: Sequence[Bus],
    ends: Mapping[Role, int],
    spacing: Spacing,
    widths: Mapping[Carried, float],
) -> None:
    """Order the rows, and find the coordinates."""
    rows: dict[Item, int] = dict(period.rows)
    lines = _weighted_lines(period, buses)
    taps = {bus.source: bus for bus in buses if bus.is_tap}
    rails: list[list[Item]] = []
    for source, way in period.rails.items():
        rail: list[Item] = list(way)
        if source in taps:
            tap, (reader,) = Tap(source), taps[source].risers
            rail.insert(0, tap)
            rows[tap] = rows[source]
            lines.append((tap, reader, 30) if rows[reader] > rows[tap] else (reader, tap, 30))
        rails.append(rail[::-1] if source in period.backward else rail)
    segments = cut_lines(lines, rows)
    ordered = order_rows(rows, segments, rails, ends)
    level = [(left, right, 4) for rail in rails for left, right in itertools.pairwise(rail)]

    room = _room_for_weights(period, buses, widths)

    def half_width(item: Item) -> float:
        return period.boxes[item].width / 2 + room.get(item, 0.0) if item in period.boxes else 0.0

    def distance(left: Item, right: Item) -> float:
        space = spacing.marks if left in period.boxes and right in period.boxes else 0.7 * spacing.marks
        return half_width(left) + half_width(right) + space

    x = place_columns(ordered, segments, level, distance)
    height = 0.0
    for row in ordered:
        tallest = max((period.boxes[item].height for item in row if item in period.boxes), default=0.0)
        height += tallest / 2
        for item in row:
            place = Point(x[item], height)
            if isinstance(item, Bend):
                period.bends.setdefault((item.source, item.target), []).append(place)
            elif isinstance(item, Tap):
                bus = taps[item.source]
                bus.y, bus.risers = place.y, dict.fromkeys(bus.risers, place.x)
            else:
                period.centres[item] = place
        height += tallest / 2 + spacing.rows


def _room_for_weights(period: Period, buses: Sequence[Bus], widths: Mapping[Carried, float]) -> dict[Role, float]:
    """How much wider than itself a mark stands, because of what is written beside its risers."""
    room: dict[Role, float] = {}
    for bus in buses:
        for reader in bus.risers:
            width = widths.get(Carried(bus.source, reader, bus.lag), 0.0)
            if width and not bus.is_tap:
                room[reader] = max(room.get(reader, 0.0), width + 7 - period.boxes[reader].width / 2)
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
            single = len(targets) == 1
            weight = 40 if single and entering[target] == 1 else 25 if single and target in period.rail_of else 8
            if role in along_bus or count < most / 2:  # or few steps have it
                weight = 1
            elif not entering[role]:
                weight -= 2  # a leaf makes way
            lines.append((role, target, weight))
    return lines


def _measure(period: Period, widths: Mapping[Carried, float]) -> None:
    """Find the column's extent, and move everything so that it starts at x = 0."""
    places = [place for path in (*period.paths.values(), *period.exits.values()) for place in path]
    places += [Point(x, bus.y) for bus in period.buses for x in bus.risers.values()]
    for role, (x, y) in period.centres.items():
        reach = period.boxes[role].width / 2, period.boxes[role].height / 2
        places += [Point(x - reach[0], y - reach[1]), Point(x + reach[0], y + reach[1])]
    for line, (x, y) in period.weights.items():
        places += [Point(x - widths[line] / 2, y), Point(x + widths[line] / 2, y)]
    left = min(x for x, _ in places)
    period.move(right=-left)
    period.width = max(x for x, _ in places) - left
    period.bottom, period.top = min(y for _, y in places), max(y for _, y in places)
