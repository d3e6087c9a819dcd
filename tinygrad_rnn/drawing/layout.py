"""Where everything stands: one period, repeated for each time step, and what comes before and after.

The cost is linear in the number of steps shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tinygrad_rnn.drawing.geometry import Box, Point
from tinygrad_rnn.drawing.period import Bus, Period, Spacing, lay_out_period
from tinygrad_rnn.drawing.rails import Carried, Role
from tinygrad_rnn.drawing.rows import rank
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Mark, Scene

MARGIN, GAP, CAPTION = 13.0, 30.0, 27.0
"""Around the marks of a column, between columns, and below the marks for the column's title, in points."""

HIDDEN_WIDTH = 84.0
"""The room for "⋯ 95 more steps", in points."""

COMBINING = frozenset({"add", "subtract", "multiply"})
"""The operations that a memory's rail may run through."""


class Column(NamedTuple):
    """The background of a time step."""

    step: int
    centre: Point
    box: Box


class HiddenSteps(NamedTuple):
    """A gap: how many steps are left out, where that is written, and the heights of the lines through it."""

    steps: int
    place: Point
    lines: dict[Role, float]


@dataclass
class Layout:
    """Where the marks of a scene stand.

    Attributes:
        period: a column's inner places, from its left edge.
        boxes: the marks' sizes.
        steps: the time steps shown.
        left: each column's left edge.
        centres: the marks' middles.
        columns: the columns' backgrounds.
        hidden: the gap after a step, where steps are left out.
        bends: where lines between marks outside the columns pass between others.
    """

    period: Period
    boxes: Mapping[Mark, Box]
    steps: list[float]
    left: dict[float, float] = field(default_factory=dict)
    centres: dict[Mark, Point] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    hidden: dict[float, HiddenSteps] = field(default_factory=dict)
    bends: dict[tuple[Mark, Mark], list[Point]] = field(default_factory=dict)

    def bus(self, role: Role | None, reader: Mark) -> Bus | None:
        """The bus or tap that serves a reader with the value of a role, if one does."""
        return next((bus for bus in self.period.buses if bus.source == role and reader.role in bus.risers), None)

    def entry_height(self, role: Role | None, reader: Mark) -> float:
        """How high a line comes into the reader's column: at a bus, or at the reader itself."""
        bus = self.bus(role, reader)
        return self.centres[reader].y if bus is None else bus.y


def find_period(scene: Scene, boxes: Mapping[Mark, Box], spacing: Spacing) -> Period | None:
    """The period of all steps shown, in which every role that occurs in one of them has its place.

    None if the steps differ so much that they have no period worth the name.

    Args:
        scene: what is shown.
        boxes: the size of each mark, alike for marks of one role.
        spacing: the distances.
    """
    sizes: dict[Role, Box] = {}
    inside: dict[Role, dict[Role, None]] = {}
    combining: set[Role] = set()
    largest = 0
    for time, marks in scene.blocks.items():
        if time in scene.positions:
            largest = max(largest, len(marks))
            for mark in marks:
                sizes[mark.role] = boxes[mark]
                inside.setdefault(mark.role, {})
                op = mark.node.op
                if not scene.contracted and (mark.is_value or (op is not None and op.name in COMBINING)):
                    combining.add(mark.role)
    carried: dict[Carried, None] = {}
    for link in scene.links:
        source, target = link.source, link.target
        if source is None or target is None or source.time not in scene.positions or target.time not in scene.positions:
            continue
        if source.time == target.time:
            inside[source.role][target.role] = None
        else:
            lag = scene.positions[target.time] - scene.positions[source.time]
            carried[Carried(source.role, target.role, lag)] = None
    if len(sizes) > 2 * largest + 5 or rank(inside, {}, {}) is None:
        return None
    return lay_out_period(sizes, inside, list(carried), combining, spacing)


def lay_out(scene: Scene, period: Period, boxes: Mapping[Mark, Box], spacing: Spacing) -> Layout:
    """Place the marks of a scene whose steps have a period."""
    layout = Layout(period, boxes, [time for time in scene.blocks if time in scene.positions])
    _place_columns(scene, layout)
    for time in (BEFORE, AFTER):
        _place_beside(scene, layout, time, spacing)
    return layout


def _place_columns(scene: Scene, layout: Layout) -> None:
    period = layout.period
    low, high = period.bottom - CAPTION, period.top + MARGIN
    box = Box(period.width + 2 * MARGIN, high - low, False)
    through: dict[Role, float] = {}  # the heights of what runs through a gap
    for link in scene.links:
        if link.source is not None and link.target is None:
            through[link.source.role] = period.centres[link.source.role].y
    x = 0.0
    for step in layout.steps:
        layout.left[step] = x
        layout.columns.append(Column(int(step), Point(x + period.width / 2, (low + high) / 2), box))
        for mark in scene.blocks[step]:
            centre = period.centres[mark.role]
            layout.centres[mark] = Point(x + centre.x, centre.y)
        x += box.width + GAP
        if count := scene.hidden.get(int(step)):
            middle = Point(x - MARGIN + HIDDEN_WIDTH / 2, low + CAPTION)
            layout.hidden[step] = HiddenSteps(count, middle, through)
            x += HIDDEN_WIDTH + GAP


# ---------------------------------------------------------------------- before the first step, after the last


def _connected(scene: Scene, time: float) -> list[list[Mark]]:
    """The marks of a block, in groups that hang together."""
    group = {mark: [mark] for mark in scene.blocks[time]}
    for link in scene.links:
        if link.source in group and link.target in group and group[link.source] is not group[link.target]:
            joined = group[link.source] + group[link.target]
            group |= dict.fromkeys(joined, joined)
    return list({id(marks): marks for marks in group.values()}.values())


class Part(NamedTuple):
    """Marks that hang together, outside all columns: their places, and the bends of lines between them."""

    centres: dict[Mark, Point]
    bends: dict[tuple[Mark, Mark], list[Point]]
    level: float


def _lay_out_part(marks: Sequence[Mark], scene: Scene, layout: Layout, time: float, spacing: Spacing) -> Part:
    """Place marks that hang together from their left edge, and say how far up they go."""
    inside: dict[Role, dict[Role, None]] = {mark: {} for mark in marks}
    ends: dict[Role, int] = {}
    inner = []
    for link in scene.links:
        source, target = link.source, link.target
        if source is not None and target is not None:
            if source in inside and target in inside:
                inner.append((source, target))
                inside[source][target] = None
            elif source in inside or target in inside:
                ends[source if source in inside else target] = 1 if time == BEFORE else -1
    sizes: dict[Role, Box] = {mark: layout.boxes[mark] for mark in marks}
    period = lay_out_period(sizes, inside, [], set(), spacing, ends)
    centres = {mark: period.centres[mark] for mark in marks}
    bends = {line: period.bends[line] for line in inner if line in period.bends}
    return Part(centres, bends, _level(scene, layout, centres))


def _level(scene: Scene, layout: Layout, centres: Mapping[Mark, Point]) -> float:
    """How far up a part goes, so that the first line between it and the steps runs level."""
    for link in scene.links:
        source, target = link.source, link.target
        if source is None or target is None:
            continue
        if source in centres and target.time in layout.left:
            return layout.entry_height(link.role, target) - centres[source].y
        if target in centres and source.time in layout.left:
            return layout.centres[source].y - centres[target].y
    return layout.period.bottom


def _place_beside(scene: Scene, layout: Layout, time: float, spacing: Spacing) -> None:
    """Place what comes before the first step, or after the last, beside the columns."""
    right = layout.columns[-1].centre.x + layout.columns[-1].box.width / 2
    floor = float("-inf")
    parts = [_lay_out_part(marks, scene, layout, time, spacing) for marks in _connected(scene, time)]
    for part in sorted(parts, key=lambda part: part.level):
        lowest = min(place.y - layout.boxes[mark].height / 2 for mark, place in part.centres.items())
        highest = max(place.y + layout.boxes[mark].height / 2 for mark, place in part.centres.items())
        widest = max(place.x + layout.boxes[mark].width / 2 for mark, place in part.centres.items())
        up = max(part.level, floor - lowest)
        floor = highest + up + 8
        x = -MARGIN - GAP - widest if time == BEFORE else right + GAP
        layout.centres |= {mark: Point(place.x + x, place.y + up) for mark, place in part.centres.items()}
        for ends, places in part.bends.items():
            layout.bends[ends] = [Point(place.x + x, place.y + up) for place in places]
