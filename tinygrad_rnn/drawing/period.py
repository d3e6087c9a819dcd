"""One time step's place in the picture, worked out once and repeated for every step.

Laying out the unrolled graph as a whole would take long and put its columns out of order. One period has
few marks. What is carried from step to step becomes a rail, one straight row through all steps, where that
is possible; else a bus, a line below its readers with risers up to them.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tinygrad_rnn.drawing.columns import place_columns
from tinygrad_rnn.drawing.geometry import Box, Point
from tinygrad_rnn.drawing.rails import Carried, Role, find_rails
from tinygrad_rnn.drawing.rows import Bend, Item, assign_rows, cut_lines, order_rows, rank

LANE = 15.0
"""Points between a bus and what lies above it."""


class Spacing(NamedTuple):
    """Points between marks of a row, and between rows."""

    marks: float
    rows: float


@dataclass
class Bus:
    """A horizontal line below the readers of one value, and where its risers stand.

    Attributes:
        source: the role of the value.
        carried: whether it comes from another step, and so from the column's edge.
        y: the height of the line.
        risers: for each reader, the x at which the line rises to it.
    """

    source: Role
    carried: bool
    y: float
    risers: dict[Role, float]


@dataclass
class Period:
    """Where each role stands within a column whose left edge is at x = 0.

    Attributes:
        boxes: each role's size.
        rails: for each carried role on a rail, the roles along it, from where it enters to itself.
        rail_of: for each role on a rail, the rail's carried role.
        backward: the carried roles whose lines run from later steps to earlier ones.
        rows: each role's row, counted from the bottom.
        centres: each role's middle.
        bends: for each line that passes other rows, the points where it does.
        taps: for each rail with a second reader, the point where that is tapped.
        buses: the buses, in the order in which they were added.
        width: of the column.
        bottom: the lowest point.
        top: the highest point.
    """

    boxes: Mapping[Role, Box]
    rails: Mapping[Role, list[Role]]
    backward: set[Role]
    rail_of: dict[Role, Role] = field(init=False)
    rows: dict[Role, int] = field(default_factory=dict)
    centres: dict[Role, Point] = field(default_factory=dict)
    bends: dict[tuple[Role, Role], list[Point]] = field(default_factory=dict)
    taps: dict[Role, Point] = field(default_factory=dict)
    buses: list[Bus] = field(default_factory=list)
    width: float = 0.0
    bottom: float = 0.0
    top: float = 0.0

    def __post_init__(self) -> None:
        self.rail_of = {role: source for source, way in self.rails.items() for role in way}


def lay_out_period(
    boxes: Mapping[Role, Box],
    inside: Mapping[Role, Collection[Role]],
    carried: Sequence[Carried],
    combining: set[Role],
    spacing: Spacing,
    ends: Mapping[Role, int] | None = None,
) -> Period:
    """Work out where each role stands.

    Args:
        boxes: each role's size.
        inside: within a step, what each role leads to.
        carried: the lines between steps.
        combining: the roles of additions and products.
        spacing: the distances.
        ends: roles that stand first (−1) or last (1) in their row.
    """
    rails = find_rails(inside, carried, combining)
    period = Period(boxes, rails, {line.source for line in carried if line.lag < 0})
    period.rows = assign_rows(_with_second_readers(period, inside, carried), period.rail_of)
    served = _plan_buses(period, inside, carried)
    bent = {line.source for line in carried} - set(rails)  # nothing may stand between these and the column's edge
    ends = {source: -1 if source in period.backward else 1 for source in bent} | dict(ends or {})
    _place(period, inside, served, ends, spacing)
    for source, (is_carried, readers) in served.items():
        _add_bus(period, source, is_carried, readers)
    _place_risers(period)
    _measure(period)
    return period


def _with_second_readers(
    period: Period, inside: Mapping[Role, Collection[Role]], carried: Iterable[Carried]
) -> Mapping[Role, Collection[Role]]:
    """The links within a step, and from each rail to those that read its value but do not lead back to it.

    So these stand above the rail, and what they lead to need not cross it.
    """
    linked: dict[Role, Collection[Role]] = dict(inside)
    for line in carried:
        way = period.rails.get(line.source)
        if way is not None and line.target != way[0]:
            tried = linked | {line.source: [*linked[line.source], line.target]}
            if rank(tried, period.rail_of, {}) is not None:
                linked = tried
    return linked


def _plan_buses(
    period: Period, inside: Mapping[Role, Collection[Role]], carried: Sequence[Carried]
) -> dict[Role, tuple[bool, list[Role]]]:
    """Which values get a bus or a tap, whether they are carried, and the readers served by it."""
    readers: dict[Role, list[Role]] = defaultdict(list)
    entries = {way[0] for way in period.rails.values()}  # nothing stands in the way there
    for line in carried:
        if line.target not in entries and abs(line.lag) == 1 and line.target not in readers[line.source]:
            readers[line.source].append(line.target)
    planned = {source: (True, targets) for source, targets in readers.items() if targets}
    led_to = {target for targets in inside.values() for target in targets}
    for role, targets in inside.items():
        if role not in led_to and len(targets) >= 3:
            planned[role] = (False, list(targets))
    return planned


# ---------------------------------------------------------------------- places


class Tap(NamedTuple):
    """The place on a rail, before its first mark, where a second reader is served."""

    source: Role


def _place(
    period: Period,
    inside: Mapping[Role, Collection[Role]],
    served: Mapping[Role, tuple[bool, list[Role]]],
    ends: Mapping[Role, int],
    spacing: Spacing,
) -> None:
    """Order the rows, and find the coordinates."""
    rows: dict[Item, int] = dict(period.rows)
    lines = _weighted_lines(period, inside, served)
    rails: list[list[Item]] = []
    for source, way in period.rails.items():
        rail: list[Item] = list(way)
        if source in served and len(served[source][1]) == 1:
            tap, reader = Tap(source), served[source][1][0]
            rail.insert(0, tap)
            rows[tap] = rows[source]
            lines.append((tap, reader, 30) if rows[reader] > rows[tap] else (reader, tap, 30))
        rails.append(rail[::-1] if source in period.backward else rail)
    segments = cut_lines(lines, rows)
    ordered = order_rows(rows, segments, rails, ends)
    level = [(left, right, 4) for rail in rails for left, right in itertools.pairwise(rail)]

    def half_width(item: Item) -> float:
        return period.boxes[item].width / 2 if item in period.boxes else 0.0

    def distance(left: Item, right: Item) -> float:
        space = spacing.marks if left in period.boxes and right in period.boxes else 0.7 * spacing.marks
        return half_width(left) + half_width(right) + space

    x = place_columns(ordered, segments, level, distance)
    first = min(x[role] - half_width(role) for role in period.boxes)
    height = 0.0
    for row in ordered:
        tallest = max((period.boxes[item].height for item in row if item in period.boxes), default=0.0)
        height += tallest / 2
        for item in row:
            place = Point(x[item] - first, height)
            if isinstance(item, Bend):
                period.bends.setdefault((item.source, item.target), []).append(place)
            elif isinstance(item, Tap):
                period.taps[item.source] = place
            else:
                period.centres[item] = place
        height += tallest / 2 + spacing.rows


def _weighted_lines(
    period: Period, inside: Mapping[Role, Collection[Role]], served: Mapping[Role, tuple[bool, list[Role]]]
) -> list[tuple[Role, Role, int]]:
    """The lines from row to row, with how much each is to be short and straight."""
    entering = Counter(target for targets in inside.values() for target in targets)
    lines = []
    for role, targets in inside.items():
        for target in targets:
            if period.rows[role] == period.rows[target]:
                continue  # along a rail
            single = len(targets) == 1
            weight = 40 if single and entering[target] == 1 else 25 if single and target in period.rail_of else 8
            if role in served and not served[role][0]:
                weight = 1  # along a bus
            elif not entering[role]:
                weight -= 2  # a leaf makes way
            lines.append((role, target, weight))
    return lines


def _measure(period: Period) -> None:
    lows = [centre.y - period.boxes[role].height / 2 for role, centre in period.centres.items()]
    highs = [centre.y + period.boxes[role].height / 2 for role, centre in period.centres.items()]
    rights = [centre.x + period.boxes[role].width / 2 for role, centre in period.centres.items()]
    bends = [place.x for places in period.bends.values() for place in places]
    period.bottom = min([*lows, *[bus.y for bus in period.buses]])
    period.top = max(highs)
    period.width = max([*rights, *bends])


def _raise(period: Period, above: float, by: float) -> None:
    """Move up what stands above a height."""

    def raised(place: Point) -> Point:
        return Point(place.x, place.y + by) if place.y > above else place

    period.centres = {role: raised(place) for role, place in period.centres.items()}
    period.taps = {role: raised(place) for role, place in period.taps.items()}
    period.bends = {line: [raised(place) for place in places] for line, places in period.bends.items()}
    for bus in period.buses:
        bus.y += by if bus.y > above else 0.0


# ---------------------------------------------------------------------- buses


def _add_bus(period: Period, source: Role, carried: bool, readers: Sequence[Role]) -> None:
    """Add a bus just below its readers, and move up what stands higher; or tap the rail for a single reader."""
    if source in period.rails and len(readers) == 1:
        tap = period.taps[source]
        period.buses.append(Bus(source, carried, tap.y, {readers[0]: tap.x}))
        return
    low = min(period.centres[reader].y - period.boxes[reader].height / 2 for reader in readers)
    served = [bus.y for bus in period.buses if set(bus.risers) & set(readers) and bus.source not in period.rails]
    cut = min([low, *served]) - 1
    _raise(period, cut, LANE)
    risers = {reader: period.centres[reader].x for reader in readers}
    period.buses.append(Bus(source, carried, cut + 2, risers))


def _place_risers(period: Period) -> None:
    """Part the risers that end at one reader, and move those that would run behind a mark to a free lane."""
    serving: dict[Role, list[Bus]] = defaultdict(list)
    for bus in period.buses:
        for reader in bus.risers:
            if bus.source not in period.rails or len(bus.risers) > 1:
                serving[reader].append(bus)
    for reader, buses in serving.items():
        for number, bus in enumerate(buses):
            bus.risers[reader] += (number - (len(buses) - 1) / 2) * 11
    taken: list[float] = []
    for reader, buses in serving.items():
        for bus in buses:
            bus.risers[reader] = _free_lane(period, bus, reader, taken)


def _free_lane(period: Period, bus: Bus, reader: Role, taken: list[float]) -> float:
    """Where the riser stands: below the reader, or beside it where other marks are in the way."""
    x, centre, box = bus.risers[reader], period.centres[reader], period.boxes[reader]
    if _is_free(period, x, bus.y, centre.y - box.height / 2, reader):
        return x
    for distance in range(int(box.width / 2) + 8, 400, 4):
        for lane in (centre.x - distance, centre.x + distance):
            clear = _is_free(period, lane, bus.y, centre.y + box.height / 2, None) and _can_enter(period, lane, reader)
            if clear and all(abs(lane - other) > 8 for other in taken):
                taken.append(lane)
                return lane
    return x


def _is_free(period: Period, x: float, low: float, high: float, reader: Role | None) -> bool:
    """Whether a vertical line meets no mark but its reader."""
    for role, centre in period.centres.items():
        box = period.boxes[role]
        if role != reader and abs(centre.x - x) < box.width / 2 + 5 and (
            low < centre.y + box.height / 2 + 2 and centre.y - box.height / 2 - 2 < high
        ):  # fmt: skip
            return False
    return True


def _can_enter(period: Period, lane: float, reader: Role) -> bool:
    """Whether the way from a lane to the side of a reader is free."""
    target = period.centres[reader]
    left, right = sorted((lane, target.x))
    return not any(
        role != reader and abs(centre.y - target.y) < period.boxes[role].height / 2 + 2 and left < centre.x < right
        for role, centre in period.centres.items()
    )
