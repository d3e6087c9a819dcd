"""Where the loops of a rolled picture run: out of the column on one side, around it, and in on the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tinygrad_rnn.drawing.basics.geometry import Point
from tinygrad_rnn.drawing.basics.label import width
from tinygrad_rnn.drawing.layout.layout import WEIGHTS, Frame, Layout, Loop, line_of
from tinygrad_rnn.drawing.scene.scene import Carrier, Link, Mark, Scene

LANE, LEVEL = 10.0, 20.0
"""Between loops that run side by side: upright, and above or below the column, in points."""

ROOM = 14.0
"""Between the column and the first loop, in points."""


class Span(NamedTuple):
    """A loop yet to be placed: its delay, and the heights at which it leaves the column and comes back."""

    carrier: Carrier
    delay: Mark
    heights: tuple[float, ...]
    is_above: bool

    @property
    def reach(self) -> float:
        """How long its way around the column is; the longer, the farther outside."""
        mean = self.heights[0] + max(self.heights[1:])
        return -mean if self.is_above else mean


def place_loops(scene: Scene, layout: Layout) -> None:
    """Place each delay in the middle above or below the column, whichever is nearer, and the lanes of its loop."""
    (column,) = layout.columns
    across, up = column.box.width / 2, column.box.height / 2
    room = {side: ROOM + _widest(scene, layout, side) for side in (-1, 1)}
    spans = sorted(_find_spans(scene, layout), key=lambda span: span.reach)
    lanes = _find_lanes(spans)
    levels = {True: column.centre.y + up, False: column.centre.y - up}
    for span in spans:
        levels[span.is_above] += LEVEL if span.is_above else -LEVEL
        level, side = levels[span.is_above], span.carrier.side
        out, back = (column.centre.x + way * (across + room[way] + lanes[span] * LANE) for way in (side, -side))
        label = column.centre.x - side * (across + room[-side] / 2)
        layout.loops[span.carrier] = Loop(out, level, back, label)
        layout.centres[span.delay] = Point(column.centre.x, level)
        layout.frames[span.delay] = Frame(layout.period, Point(0.0, 0.0))


def _find_spans(scene: Scene, layout: Layout) -> list[Span]:
    """The loops, with those that are nearer to its upper edge above the column."""
    (column,) = layout.columns
    loops: dict[Carrier, list[Link]] = defaultdict(list)
    for link in scene.links:
        if link.carrier is not None and link.source is not None:
            loops[link.carrier].append(link)
    spans = []
    for carrier, (way_out, *back) in loops.items():
        assert way_out.source is not None
        assert way_out.target is not None
        heights = (layout.exit_height(way_out.source, carrier.side), *map(layout.entry_height, back))
        is_above = heights[0] + sum(heights[1:]) / len(back) > 2 * column.centre.y
        spans.append(Span(carrier, way_out.target, heights, is_above))
    return spans


def _find_lanes(spans: Sequence[Span]) -> Mapping[Span, int]:
    """For each loop, how far outside it runs: outside those before it on its way, and beside all that it would meet."""
    lanes: dict[Span, int] = {}
    for span in spans:
        taken = {lane for other, lane in lanes.items() if _meet(span, other)}
        lowest = 1 + max((lane for other, lane in lanes.items() if other.is_above == span.is_above), default=-1)
        lanes[span] = next(lane for lane in range(lowest, lowest + len(spans)) if lane not in taken)
    return lanes


def _meet(one: Span, other: Span) -> bool:
    """Whether the upright parts of two loops would run on each other in the same lane."""
    if one.is_above == other.is_above:
        return True
    upper, lower = (one, other) if one.is_above else (other, one)
    return min(upper.heights) < max(lower.heights) + LANE


def _widest(scene: Scene, layout: Layout, side: int) -> float:
    """The room for the weights that are written beside the lines where these come back on a side."""
    widths = [
        width(link.weights, WEIGHTS)
        for link in scene.links
        if link.carrier is not None and link.weights and link.carrier.side == -side
        if line_of(link) not in layout.period.weights
    ]
    return max(widths, default=0.0)
