"""What comes before the first step and after the last: it stands beside the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tinygrad_rnn.drawing.arranging import lay_out_period
from tinygrad_rnn.drawing.geometry import Point
from tinygrad_rnn.drawing.layout import Frame, Layout, line_of, measure_weights
from tinygrad_rnn.drawing.period import Contents, Period, Spacing
from tinygrad_rnn.drawing.scene import BEFORE, Link, Mark, Scene

APART = 8.0
"""The least distance between parts that stand one above the other, in points."""

CLOSE = 0.01
"""What is nearer than this touches, in points."""


class Part(NamedTuple):
    """Marks outside all columns that hang together.

    Attributes:
        marks: the marks.
        period: their places.
        link: the first link between them and anything else, or None.
    """

    marks: Sequence[Mark]
    period: Period
    link: Link | None


def place_beside(scene: Scene, layout: Layout, time: float, spacing: Spacing) -> None:
    """Place what comes before the first step, or after the last, beside the columns.

    What has a link to the steps stands next to them, as near as can be to where its line runs level; rails
    come first. Anything else stands farther away.
    """
    parts = [_lay_out_part(marks, links, layout, time, spacing) for marks, links in _find_parts(scene, time)]
    linked = sorted((part for part in parts if part.link), key=lambda part: not _is_on_rail(part, layout))
    lonely = [part for part in parts if part.link is None]
    is_left = time == BEFORE
    edge = layout.stops[0].right if is_left else layout.stops[-1].left
    for group in (linked, lonely):
        taken: list[tuple[float, float]] = []
        for part in group:
            up = _find_room(part.period, _find_level(part, layout), taken)
            frame = Frame(part.period, Point(edge - part.period.width if is_left else edge, up))
            for mark in part.marks:
                layout.frames[mark] = frame
                layout.centres[mark] = frame.place(part.period.centres[mark])
        edge += (-1 if is_left else 1) * (layout.gap + max((part.period.width for part in group), default=0.0))


def _find_parts(scene: Scene, time: float) -> Iterator[tuple[list[Mark], list[Link]]]:
    """The marks of a block, in parts that hang together, each with all its links."""
    links: dict[Mark, list[Link]] = {mark: [] for mark in scene.blocks[time]}
    for link in scene.links:
        for mark in dict.fromkeys((link.source, link.target)):
            if mark in links:
                links[mark].append(link)
    seen: set[Mark] = set()
    for first in links:
        marks, found = [first], dict.fromkeys(links[first])
        if first in seen:
            continue
        seen.add(first)
        for mark in marks:
            found |= dict.fromkeys(links[mark])
            near = (end for link in links[mark] for end in (link.source, link.target) if end in links)
            marks += [end for end in dict.fromkeys(near) if end not in seen]
            seen.update(marks)
        yield marks, list(found)


def _lay_out_part(marks: Sequence[Mark], links: Sequence[Link], layout: Layout, time: float, spacing: Spacing) -> Part:
    """Places within a part: what has a link to the steps stands nearest to these."""
    contents = Contents({mark: layout.boxes[mark] for mark in marks}, measure_weights(links))
    side = 1 if time == BEFORE else -1
    outer = []
    for link in links:
        if link.source in contents.boxes and link.target in contents.boxes:
            contents.inside[link.source][link.target] += 1
        else:
            outer.append(link)
    contents.leaving = {
        (link.source, 1 if link.trunk is not None else side): None for link in outer if link.source in contents.boxes
    }
    entered = dict.fromkeys(link.target for link in outer if link.target in contents.boxes)
    nearest = min(outer, key=lambda link: link.trunk is not None, default=None)
    ordered = [link for link in (nearest, *outer) if link is not None and link.target in entered]
    carried = dict.fromkeys(map(line_of, ordered))
    if len(entered) > 1:  # their lines come from below, lest one mark stands in the way of another
        contents.carried = carried
    else:  # only the first comes from the side
        contents.carried = dict.fromkeys([*carried][1:])
        contents.entered = [(mark, side) for mark in entered]
    return Part(marks, lay_out_period(contents, spacing), nearest)


def _find_level(part: Part, layout: Layout) -> float:
    """How far up a part goes, so that its first line to the steps runs level."""
    link = part.link
    spreads = link is not None and link.trunk is not None and link.trunk.source is not None
    if link and link.source and link.source in part.period.centres and link.target in layout.frames and not spreads:
        return layout.entry_height(link) - part.period.exits[link.source, 1 if link.source.time == BEFORE else -1][-1].y
    if link is not None and link.target in part.period.centres and link.source in layout.frames:
        bus = part.period.served.get(line_of(link))
        height = layout.exit_height(link.source, 1) if link.trunk is None else layout.levels[link.trunk]
        return height - (part.period.centres[link.target].y if bus is None else bus.y)
    return layout.period.bottom - part.period.bottom


def _is_on_rail(part: Part, layout: Layout) -> bool:
    """Whether a part's line to the steps is a rail's first piece, or its last."""
    carrier = None if part.link is None else part.link.carrier
    return carrier is not None and carrier.role in layout.period.rails


def _find_room(period: Period, level: float, taken: list[tuple[float, float]]) -> float:
    """The height nearest to a level where a part meets none of those that are placed."""
    low, high = period.bottom - APART / 2, period.top + APART / 2
    levels = [level, *(y for bottom, top in taken for y in (top - low, bottom - high))]
    free = [y for y in levels if all(y + high < bottom + CLOSE or top - CLOSE < y + low for bottom, top in taken)]
    up = min(free, key=lambda y: abs(y - level))
    taken.append((up + low, up + high))
    return up
