"""Buses: values that several marks of a step read come along a line below these, with risers up to them."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from tinygrad_rnn.drawing.geometry import Box, Point, meets, onto_edge, overlap, side_of, upright_edge
from tinygrad_rnn.drawing.period import Bus, Carried, Period, Role, Tap

LANE, WRITTEN = 15.0, 32.0
"""Points between a bus and what lies above it, and where weights are written beside the risers."""

BELOW = 9.0
"""How far from its reader on a rail a riser that stands beside it turns to it, in points."""

NEAR, RETURNING = 5.0, 9.0
"""From a line to a text beside it; on the side where the line of what comes back runs in backward drawings; in
points."""

APART = 11.0
"""Points between the risers that end at one reader."""

PARTED = 8.0
"""The least distance between the risers that run beside each other, in points."""

STRAIGHT = 4.0
"""How far aside a line may start that still runs straight up, in points."""

SPREAD = 0.4
"""How far from the middle of a reader a riser may end at the most, as a part of its width."""


def plan_buses(period: Period, carried: Iterable[Carried]) -> list[Bus]:
    """The buses and taps, whose places are yet to be found.

    What comes from outside has a bus, unless it enters a rail. A single reader that does not stand on the
    rail taps it. A value of the step has a bus if three or more marks of higher rows read it.
    """
    readers: dict[tuple[Role, int], list[Role]] = defaultdict(list)
    entries = {(source, way[0]) for source, way in period.rails.items()}
    for line in carried:
        enters = (line.source, line.target) in entries and line.lag == period.direction(line.source)
        if not enters and line.target not in readers[line.source, line.lag]:
            readers[line.source, line.lag].append(line.target)
    buses = [
        Bus(source, lag, 0.0, dict.fromkeys(targets, 0.0), is_tap=_is_tap(period, source, lag, targets))
        for (source, lag), targets in readers.items()
        if targets
    ]
    for role, targets in period.inside.items():
        above = [target for target in targets if period.rows[target] > period.rows[role]]
        if len(above) >= 3 and min(period.rows[target] for target in above) == period.rows[role] + 1:
            buses.append(Bus(role, 0, 0.0, dict.fromkeys(above, 0.0)))
    return buses


def _is_tap(period: Period, source: Role, lag: int, readers: Sequence[Role]) -> bool:
    return source in period.rails and lag == period.direction(source) and len(readers) == 1


def place_buses(period: Period, buses: Sequence[Bus], widths: Mapping[Carried, float]) -> None:
    """Put each bus just below its readers, and move up what stands higher; then place the risers.

    Args:
        period: one step.
        buses: the buses and taps.
        widths: how wide the texts are that are written beside lines.
    """
    number = Counter(reader for bus in buses if not bus.is_tap for reader in bus.risers)
    for bus in buses:
        if not bus.is_tap:
            _make_room(period, bus, number, widths)
        period.buses.append(bus)
        period.served |= {Carried(bus.source, reader, bus.lag): bus for reader in bus.risers}
    for bus in buses:
        if bus.is_tap:
            tap = period.centres[Tap(bus.source)]
            bus.y, bus.risers = tap.y, dict.fromkeys(bus.risers, tap.x)
    _place_risers(period, widths)


def _make_room(period: Period, bus: Bus, number: Mapping[Role, int], widths: Mapping[Carried, float]) -> None:
    """Put a bus below its readers and the buses that serve them already, and move up what stands higher.

    Args:
        period: one step.
        bus: the bus.
        number: how many buses serve each reader.
        widths: how wide the texts are that are written beside lines.
    """
    low = min(period.centres[reader].y - period.boxes[reader].height / 2 for reader in bus.risers)
    rises_inside = not bus.lag and bus.source in period.centres
    floor = period.centres[bus.source].y if rises_inside else float("-inf")
    served = [
        other.y
        for other in period.buses
        if other.risers.keys() & bus.risers.keys() and not other.is_tap and other.y > floor
    ]
    cut = min([low, *served]) - 1
    is_among = any(number[reader] > 2 for reader in bus.risers)
    has_text = any(Carried(bus.source, reader, bus.lag) in widths for reader in bus.risers)
    written = has_text and (is_among or not served)
    period.move(up=WRITTEN if written else LANE, above=cut)
    bus.y = cut + 2
    bus.risers = {reader: period.centres[reader].x for reader in bus.risers}


def _place_risers(period: Period, widths: Mapping[Carried, float]) -> None:
    """Part the risers that end at one reader, and move those that would run behind a mark to a free lane."""
    serving: dict[Role, list[Bus]] = defaultdict(list)
    for bus in period.buses:
        for reader in bus.risers:
            if not bus.is_tap:
                serving[reader].append(bus)
    entering = _find_entering(period)
    for reader, buses in serving.items():
        places = _spread(len(buses), entering[reader])
        middle = sum(places) / len(places)
        places.sort(key=lambda place: -abs(place - middle))  # the lower a bus, the farther inside
        apart = min(APART, SPREAD * period.boxes[reader].width / max(1.0, *map(abs, places)))
        for place, bus in zip(places, buses, strict=True):
            bus.risers[reader] += place * apart
    texts = [text for reader, buses in serving.items() for text in _room_for_texts(period, reader, buses, widths)]
    served = [(reader, bus) for reader, buses in serving.items() for bus in buses]
    aside = [(reader, bus) for reader, bus in served if not _is_straight_free(period, bus, reader)]
    taken = [riser_path(period, bus, reader) for reader, bus in served if (reader, bus) not in aside]
    for reader, bus in aside:
        bus.risers[reader] = _free_lane(period, bus, reader, taken, texts)
        taken.append(riser_path(period, bus, reader))


def _room_for_texts(
    period: Period, reader: Role, buses: Sequence[Bus], widths: Mapping[Carried, float]
) -> Iterator[tuple[Box, Point]]:
    """The room left of the first and right of the second of the risers that run straight up to a reader."""
    straight = [bus for bus in buses if _is_straight_free(period, bus, reader)]
    top = period.centres[reader].y - period.boxes[reader].height / 2
    for some, side, away in ((straight[:1], -1, NEAR), (straight[1:2], 1, RETURNING)):
        for bus in some:
            if width := widths.get(Carried(bus.source, reader, bus.lag), 0.0):
                box = Box(width + 2 * away, top - bus.y, False)
                yield box, Point(bus.risers[reader] + side * (away + width / 2), bus.y + box.height / 2)


def _spread(number: int, sides: Collection[int]) -> list[float]:
    """Where risers end at their reader, in distances from its middle, beside lines that come to it on some sides."""
    if 0 in sides:
        return [place for place in range(-(number // 2), (number + 1) // 2 + 1) if place]
    middle = (number - 1 + (1 in sides) - (-1 in sides)) / 2
    return [place - middle for place in range(number)]


def _find_entering(period: Period) -> Mapping[Role, set[int]]:
    """For each role, whether lines without a bus come to it from lower rows: from the left, the middle, the right."""
    sides: dict[Role, set[int]] = defaultdict(set)
    for role, targets in period.inside.items():
        for target in targets:
            if period.rows[role] < period.rows[target] and Carried(role, target, 0) not in period.served:
                start = [period.centres[role], *period.bends.get((role, target), ())][-1]
                x = start.x - period.centres[target].x
                sides[target].add(0 if abs(x) < STRAIGHT else 1 if x > 0 else -1)
    return sides


def _is_straight_free(period: Period, bus: Bus, reader: Role) -> bool:
    """Whether no mark is in the way of a riser that stands right below its reader."""
    x, low = bus.risers[reader], period.centres[reader].y - period.boxes[reader].height / 2
    return _is_free(period, Point(x, bus.y), Point(x, low), reader)


def _free_lane(
    period: Period,
    bus: Bus,
    reader: Role,
    taken: Collection[Sequence[Point]],
    texts: Collection[tuple[Box, Point]],
) -> float:
    """Where a riser stands beside its reader, away from other marks, from risers, and from the texts beside those."""
    centre, box = period.centres[reader], period.boxes[reader]
    for distance in range(int(box.width / 2) + 14, 400, 4):
        for lane in (centre.x - distance, centre.x + distance):
            way = list(itertools.pairwise(_around(period, Point(lane, bus.y), reader)))
            clear = all(_is_free(period, *piece, reader) for piece in way)
            written = any(meets(*text, *piece, 1.0) for text in texts for piece in way)
            beside = any(overlap(way[0], (other[0], other[1]), PARTED) for other in taken)
            if clear and not written and not beside:
                return lane
    return bus.risers[reader]


def _is_free(period: Period, start: Point, end: Point, reader: Role) -> bool:
    """Whether a straight line meets no mark but its reader."""
    return not any(
        role != reader and meets(period.boxes[role], centre, start, end, 4.0) for role, centre in period.centres.items()
    )


def riser_path(period: Period, bus: Bus, reader: Role, aside: float = 0.0) -> list[Point]:
    """The corners of a riser, ends included: into its reader's lower or upper edge, or into its side.

    One of several risers to the same reader stands `aside`, to the right of where the only one would stand.
    """
    centre, box = period.centres[reader], period.boxes[reader]
    if bus.is_tap:
        tap = Tap(bus.source)
        *way, end = period.paths.get((tap, reader)) or period.paths[reader, tap][::-1]
        end = onto_edge(box, centre, Point(end.x + aside, end.y)) if aside else end
        return [*(Point(place.x + aside, place.y) for place in way), end]
    foot = Point(bus.risers[reader] + aside, bus.y)
    if abs(foot.x - centre.x) <= box.width / 2:
        return [foot, upright_edge(box, centre, foot.x, up=foot.y > centre.y)]
    return _around(period, foot, reader)


def _around(period: Period, foot: Point, reader: Role) -> list[Point]:
    """The corners of a riser beside its reader: into the reader's side; from below on a rail, which leaves there."""
    centre, box = period.centres[reader], period.boxes[reader]
    side = 1 if foot.x > centre.x else -1
    if reader not in period.rail_of:
        return [foot, Point(foot.x, centre.y), side_of(box, centre, side)]
    up = foot.y > centre.y
    end = upright_edge(box, centre, centre.x + side * box.width / 4, up=up)
    level = end.y + (BELOW if up else -BELOW)
    return [foot, Point(foot.x, level), Point(end.x, level), end]
