"""Columns: one period, repeated for each time step, with room for what is left out.

The cost is linear in the number of steps shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from tinygrad_rnn.drawing.arranging import lay_out_period
from tinygrad_rnn.drawing.geometry import Box, Point
from tinygrad_rnn.drawing.gutters import place_beside
from tinygrad_rnn.drawing.layout import (
    GAP,
    MARGIN,
    Column,
    Frame,
    HiddenSteps,
    Layout,
    Stop,
    line_of,
    measure_weights,
    ports_of,
)
from tinygrad_rnn.drawing.loops import place_loops
from tinygrad_rnn.drawing.period import Carried, Period, Port, Role, Spacing
from tinygrad_rnn.drawing.rows import rank
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Mark, Scene
from tinygrad_rnn.drawing.trunks import place_trunks

CAPTION = 27.0
"""Below the marks of a column, for its title, in points."""

HIDDEN_WIDTH = 84.0
"""The room for "95 more steps", in points."""

DOTS = 15.0
"""Half the room of the dots in a gap, in points."""

COMBINING = frozenset({"add", "subtract", "multiply"})
"""The operations that a memory's rail may run through."""

MOST_LAGS = 4
"""From how many different distances in time one role may be read where steps have a period worth the name."""


def find_period(scene: Scene, boxes: Mapping[Mark, Box], spacing: Spacing, *, is_rolled: bool = False) -> Period | None:
    """The period of all steps shown, in which every role that occurs in one of them has its place.

    None if the steps differ so much that they have no period worth the name.

    Args:
        scene: what is shown.
        boxes: the size of each mark, alike for marks of one role.
        spacing: the distances.
        is_rolled: whether what is carried leaves its step in loops: what runs back in time on the left.
    """
    steps = scene.steps
    marks = [mark for time in steps for mark in scene.blocks[time]]
    sizes: dict[Role, Box] = {mark.role: boxes[mark] for mark in marks}
    inside: dict[Role, Counter[Role]] = {role: Counter() for role in sizes}
    ports: Counter[Port] = Counter()
    carried: dict[Carried, None] = {}
    leaving: dict[tuple[Role, int], None] = {}
    for link in scene.links:
        source, target = link.source, link.target
        if link.trunk is not None:
            ports.update(port for port in ports_of(link) if port is not None)
        elif target is not None and target.role is not None:
            if link.carrier is not None:
                carried[Carried(link.carrier.role, target.role, link.carrier.lag)] = None
                if is_rolled and link.carrier.role in sizes:
                    leaving[link.carrier.role, link.carrier.side] = None
                if source is not None and source.role not in (None, link.carrier.role):  # read instead of it
                    leaving[source.role, -1 if source.role in scene.backward else 1] = None
            elif source is not None:
                inside[source.role][target.role] += 1
        elif source is not None and target is not None and source.role is not None:
            leaving[source.role, 1] = None  # it leads to what comes after all steps
    if not sizes or _is_irregular(scene, sizes, carried) or rank(inside, {}) is None:
        return None
    rails_through = {mark.role for mark in marks if not scene.contracted and _combines(mark)}
    return lay_out_period(
        sizes,
        inside,
        spacing,
        list(carried),
        scene.backward,
        rails_through,
        leaving=leaving,
        widths=measure_weights(scene.links),
        ports=ports,
    )


def _is_irregular(scene: Scene, roles: Mapping[Role, Box], carried: Collection[Carried]) -> bool:
    """Whether the steps have too little in common, or read too much of each other, or what comes after them."""
    lags = Counter(source for source, _ in {(line.source, line.lag): None for line in carried})
    largest = max(len(scene.blocks[time]) for time in scene.steps)
    returns = any(
        link.source is not None
        and link.source.time == AFTER
        and link.target is not None
        and link.target.time != AFTER
        and link.carrier is not None
        and link.carrier.lag > 0
        and link.trunk is None
        for link in scene.links
    )
    return returns or len(roles) > 2 * largest + 5 or max(lags.values(), default=0) > MOST_LAGS


def _combines(mark: Mark) -> bool:
    return mark.is_value or (mark.node.op is not None and mark.node.op.name in COMBINING)


def lay_out(scene: Scene, period: Period, boxes: Mapping[Mark, Box], spacing: Spacing, gap: float = GAP) -> Layout:
    """Place the marks of a scene whose steps have a period, with columns at a distance of `gap` points."""
    layout = Layout(period, boxes, gap)
    _place_columns(scene, layout)
    if scene.is_rolled:
        place_loops(scene, layout)
        return layout
    place_trunks(scene, layout)
    for time in (BEFORE, AFTER):
        place_beside(scene, layout, time, spacing)
    return layout


def _place_columns(scene: Scene, layout: Layout) -> None:
    period, gap = layout.period, layout.gap
    low, high = period.bottom - CAPTION, period.top + MARGIN
    box = Box(period.width + 2 * MARGIN, high - low, False)
    through = _lines_through_gaps(scene, period)
    layout.stops.append(Stop(0, float("-inf"), -MARGIN - gap, BEFORE))
    x = -MARGIN
    for time in scene.steps:
        frame = Frame(period, Point(x + MARGIN, 0.0))
        layout.columns.append(Column(int(time), Point(x + box.width / 2, (low + high) / 2), box))
        layout.stops.append(Stop(len(layout.stops), x, x + box.width, time))
        for mark in scene.blocks[time]:
            layout.frames[mark] = frame
            layout.centres[mark] = frame.place(period.centres[mark.role])
        x += box.width + gap
        if count := scene.hidden.get(time):
            middle = x + HIDDEN_WIDTH / 2
            layout.hidden[time] = HiddenSteps(count, Point(middle, low + CAPTION / 2), through)
            layout.stops.append(Stop(len(layout.stops), middle - DOTS, middle + DOTS, None))
            x += HIDDEN_WIDTH + gap
    layout.stops.append(Stop(len(layout.stops), x, float("inf"), AFTER))


def _lines_through_gaps(scene: Scene, period: Period) -> dict[Role, float]:
    """The heights of the lines that run through a gap, by what they carry."""
    heights: dict[Role, float] = {}
    for link in scene.links:
        if link.carrier is not None and (link.source is None or link.target is None):
            role = link.carrier.role
            if link.trunk is not None:
                heights[role] = period.top + MARGIN
                continue
            bus = None if link.target is None else period.served.get(line_of(link))
            side = period.direction(role) if link.carrier.lag else 1
            if (role, side) in period.exits:
                heights[role] = period.exits[role, side][-1].y
            elif role in period.centres:
                heights[role] = period.centres[role].y
            else:
                heights[role] = (period.bottom + period.top) / 2 if bus is None else bus.y
    return heights
