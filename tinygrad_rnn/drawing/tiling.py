"""Columns: one period, repeated for each time step, with room for what is left out.

The cost is linear in the number of steps shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

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
from tinygrad_rnn.drawing.period import Carried, Contents, Period, Role, Spacing
from tinygrad_rnn.drawing.rows import rank
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Link, Mark, Scene

CAPTION = 27.0
"""Below the marks of a column, for its title, in points."""

HIDDEN_WIDTH = 84.0
"""The room for "95 more steps", in points."""

DOTS = 15.0
"""Half the room of the dots in a gap, in points."""

FIRST_TRUNK, APART = 14.0, 8.0
"""Between the columns and the first trunk, and at least between trunks or the marks at their ends, in points."""

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
    contents = _find_contents(scene, boxes, is_rolled)
    if not contents.boxes or _is_irregular(scene, contents) or rank(contents.inside, {}) is None:
        return None
    return lay_out_period(contents, spacing)


def _find_contents(scene: Scene, boxes: Mapping[Mark, Box], is_rolled: bool) -> Contents:
    """What there is in any of the steps shown."""
    marks = [mark for time in scene.steps for mark in scene.blocks[time]]
    contents = Contents(
        boxes={mark.role: boxes[mark] for mark in marks},
        widths=measure_weights(scene.links),
        backward=scene.backward,
        combining={mark.role for mark in marks if not scene.contracted and _combines(mark)},
    )
    for link in scene.links:
        source, target = link.source, link.target
        if link.trunk is not None:
            contents.ports.update(port for port in ports_of(link) if port is not None)
        elif target is not None and target.role is not None:
            _add_line(contents, link, target, is_rolled)
        elif source is not None and target is not None and source.role is not None:
            contents.leaving[source.role, 1] = None  # it leads to what comes after all steps
    return contents


def _add_line(contents: Contents, link: Link, target: Mark, is_rolled: bool) -> None:
    """Add the line of a link to a mark of a step: from within the step, or carried."""
    source, carrier = link.source, link.carrier
    if carrier is not None:
        contents.carried[Carried(carrier.role, target.role, carrier.lag)] = None
        if is_rolled and carrier.role in contents.boxes:
            contents.leaving[carrier.role, carrier.side] = None
        if source is not None and source.role not in (None, carrier.role):  # read instead of it
            contents.leaving[source.role, -1 if source.role in contents.backward else 1] = None
    elif source is not None:
        contents.inside[source.role][target.role] += 1


def _is_irregular(scene: Scene, contents: Contents) -> bool:
    """Whether the steps have too little in common, or read too much of each other, or what comes after them."""
    lags = Counter(source for source, _ in {(line.source, line.lag): None for line in contents.carried})
    largest = max(len(scene.blocks[time]) for time in scene.steps)
    returns = any(map(_returns, scene.links))
    return returns or len(contents.boxes) > 2 * largest + 5 or max(lags.values(), default=0) > MOST_LAGS


def _returns(link: Link) -> bool:
    """Whether what comes after all steps is read by one of them, as if it were carried forwards."""
    source, target, carrier = link.source, link.target, link.carrier
    if source is None or target is None or carrier is None or link.trunk is not None:
        return False
    return source.time == AFTER and target.time != AFTER and carrier.lag > 0


def _combines(mark: Mark) -> bool:
    return mark.is_value or (mark.node.op is not None and mark.node.op.name in COMBINING)


def lay_out(scene: Scene, period: Period, boxes: Mapping[Mark, Box], spacing: Spacing, gap: float = GAP) -> Layout:
    """Place the marks of a scene whose steps have a period, with columns at a distance of `gap` points."""
    layout = Layout(period, boxes, gap)
    _place_columns(scene, layout)
    if scene.is_rolled:
        place_loops(scene, layout)
        return layout
    _place_trunks(scene, layout)
    for time in (BEFORE, AFTER):
        place_beside(scene, layout, time, spacing)
    return layout


def _place_columns(scene: Scene, layout: Layout) -> None:
    """Place the steps shown from left to right, and the gaps between them where others are left out."""
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


def _place_trunks(scene: Scene, layout: Layout) -> None:
    """Find each trunk's height: above the columns, with room for the marks at which they end."""
    height = layout.top + FIRST_TRUNK
    for trunk in dict.fromkeys(trunk for link in scene.links if (trunk := link.trunk) is not None):
        up = 0.0 if trunk.target is None else layout.boxes[trunk.target].height / 2
        layout.levels[trunk] = height + up
        height += 2 * up + APART
