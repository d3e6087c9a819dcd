"""The ends of lines: how each leaves its source and comes to its target, at a mark, a bus or a gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from operator import itemgetter

from tinygrad_rnn.drawing.buses import riser_path
from tinygrad_rnn.drawing.geometry import Point, shifted
from tinygrad_rnn.drawing.layout import Layout, Stop, written_beside
from tinygrad_rnn.drawing.period import Bus
from tinygrad_rnn.drawing.scene import Link, Mark, Scene, Trunk

COPY = 7.0
"""Between lines that lead between the same marks, in points."""


class Ends:
    """Where the lines of a scene begin and end on the paper.

    Attributes:
        stops: the blocks by time.
        aside: how far to its right each line runs beside the middle of those that lead between the same marks.
        bus_ends: the links at which a bus ends.
    """

    def __init__(self, scene: Scene, layout: Layout) -> None:
        self.scene, self.layout = scene, layout
        self.stops = {stop.time: stop for stop in layout.stops if stop.time is not None}
        self.aside = _part_copies(scene.links)
        self._gaps = [stop for stop in layout.stops if stop.time is None]
        self._entered = {(link.target.time, link.target.key) for link in scene.links if link.carrier and link.target}
        self.bus_ends = self.find_bus_ends(scene.links)

    # ------------------------------------------------------------------ at marks

    def way_out(self, source: Mark, side: int) -> list[Point]:
        """The corners on the way out of the source's row, to its right (1) or left (−1)."""
        frame = self.layout.frames[source]
        way_out = frame.period.exits.get((source.key, side))
        return [self.layout.side_of(source, side)] if way_out is None else [frame.place(place) for place in way_out]

    def entry(self, link: Link, side: int = -1) -> list[Point]:
        """The corners where a line comes to its target: from a bus, or else into its right (1) or left (−1) side."""
        assert link.target is not None
        bus = self.layout.bus(link)
        return [self.layout.side_of(link.target, side)] if bus is None else self.rise(link, bus)

    def enters_level(self, link: Link, trunk: Trunk) -> bool:
        """Whether a trunk runs straight into the mark outside the steps that it leads to."""
        return abs(self.entry(link)[0].y - self.layout.levels[trunk]) < 0.5

    def beside_copies(self, link: Link, path: list[Point]) -> list[Point]:
        """The path of a link moved aside where others lead between the same marks."""
        if not self.aside[link] or link.source is None or link.target is None:
            return path
        path = shifted(path, self.aside[link])
        start, end = self.layout.onto_edge(link.source, path[0]), self.layout.onto_edge(link.target, path[-1])
        return [start, *path[1:-1], end]

    def label(self, link: Link) -> Point | None:
        """Where the weights are written that belong to a line within a block, or to a riser."""
        if not link.weights:
            return None
        mark = link.target
        if mark is None or (link.trunk is not None and mark.role is None):
            mark = link.source
        assert mark is not None
        frame = self.layout.frames[mark]
        place = frame.period.weights.get(written_beside(link))
        return None if place is None else frame.place(place)

    # ------------------------------------------------------------------ at buses

    def rise(self, link: Link, bus: Bus) -> list[Point]:
        """The corners of the riser from a bus to a link's target."""
        assert link.target is not None
        frame = self.layout.frames[link.target]
        return [frame.place(corner) for corner in riser_path(frame.period, bus, link.target.key, self.aside[link])]

    def find_bus_ends(self, links: Iterable[Link]) -> set[Link]:
        """The links at which a bus ends, of those that have one source; from a bus's end the others branch off."""
        branches: dict[tuple[int, Mark | None, float], list[tuple[float, Link]]] = defaultdict(list)
        for link in links:
            bus, target = None if link.trunk else self.layout.bus(link), link.target
            if bus is not None and target is not None and not (bus.is_tap and self._has_rail(target, bus)):
                branches[id(bus), link.source, target.time].append((bus.risers[target.key] + self.aside[link], link))
        ends = set()
        for branch in branches.values():
            (left, first), (right, last) = min(branch, key=itemgetter(0)), max(branch, key=itemgetter(0))
            if first.carrier is not None:
                ends.add(last if first.carrier.lag >= 0 else first)
            else:
                assert first.source is not None
                x = self.layout.frames[first.source].period.centres[first.source.key].x
                ends |= {first} if left < x else set()
                ends |= {last} if right >= x else set()
        return ends

    def _has_rail(self, target: Mark, bus: Bus) -> bool:
        """Whether the rail that a bus taps enters the target's step."""
        return (target.time, self.layout.period.rails[bus.source][0]) in self._entered

    # ------------------------------------------------------------------ at gaps

    def gap(self, mark: Mark | None, *, before: bool) -> Stop:
        """The last gap before the step of a mark, or the first after it; the other where there is no such gap."""
        assert mark is not None
        number = self.stops[mark.time].number
        earlier = [gap for gap in self._gaps if gap.number < number]
        later = [gap for gap in self._gaps if gap.number > number]
        return earlier[-1] if earlier and (before or not later) else later[0]

    def height_in_gap(self, link: Link) -> float:
        """The height of a line in a gap."""
        assert link.carrier is not None
        return next(iter(self.layout.hidden.values())).lines[link.carrier.role]


def _part_copies(links: Iterable[Link]) -> dict[Link, float]:
    """How far to its right each line runs beside the middle of those that lead between the same marks."""
    copies: dict[Hashable, list[Link]] = defaultdict(list)
    for link in links:
        key = link if link.source is None or link.target is None else (link.source, link.target, link.carrier)
        copies[key].append(link)
    return {link: (k - (len(alike) - 1) / 2) * COPY for alike in copies.values() for k, link in enumerate(alike)}
