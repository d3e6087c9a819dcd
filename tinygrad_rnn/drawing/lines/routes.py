"""How every line runs: within a block as its period says, between blocks through the rooms between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from tinygrad_rnn.drawing.basics.geometry import Point, meets
from tinygrad_rnn.drawing.layout.layout import Layout, ports_of
from tinygrad_rnn.drawing.layout.period import Bus, Port
from tinygrad_rnn.drawing.lines.ends import Ends
from tinygrad_rnn.drawing.lines.lines import Line
from tinygrad_rnn.drawing.lines.rooms import BESIDE, LANE, Rooms
from tinygrad_rnn.drawing.scene.scene import BEFORE, Carrier, Link, Mark, Scene, Trunk

DOTS = 4.0
"""Between the dots in a gap and a line that rises from them, in points."""


class Router:
    """Finds the course of each link, by where it begins and ends.

    Attributes:
        scene: what is shown.
        layout: where it stands.
        rooms: what lies between the blocks.
    """

    def __init__(self, scene: Scene, layout: Layout) -> None:
        self.scene, self.layout = scene, layout
        self.ends = Ends(scene, layout)
        self.rooms = Rooms(self.ends)
        self.right = max(
            (centre.x + layout.boxes[mark].width / 2 for mark, centre in layout.centres.items()), default=0.0
        )
        self._extents = self._find_extents()
        whole = [link for link in scene.links if link.source is not None and link.target is not None]
        self._joined = {(end, link.trunk) for link in whole for end in (link.source, link.target)}

    def route(self, links: Sequence[Link] | None = None) -> list[Line]:
        """The line of every link; or those of some links, on the ways that they have among all."""
        if links is None:
            return [self._line(link, self.ends.bus_ends) for link in self.scene.links]
        bus_ends = self.ends.find_bus_ends(links)
        return [self._line(link, bus_ends) for link in links]

    def _line(self, link: Link, bus_ends: Collection[Link]) -> Line:
        bus = self.layout.bus(link)
        if link.trunk is not None:
            return self._along_trunk(link, link.trunk)
        if bus is not None and link not in bus_ends:
            return self._off_bus(link, bus)
        if link.carrier is not None:
            return self._loop(link, link.carrier, bus) if self.scene.is_rolled else self._across(link, bus)
        return self._inside(link) if bus is None else self._along_bus(link, bus)

    # ------------------------------------------------------------------ within a block

    def _inside(self, link: Link) -> Line:
        """A line between two marks of a block; where there are several, they run side by side."""
        source, target = link.source, link.target
        assert source is not None
        assert target is not None
        frame, rail_of = self.layout.frames[source], self.layout.period.rail_of
        path = [frame.place(corner) for corner in frame.period.paths[source.key, target.key]]
        path = self.ends.beside_copies(link, path)
        rail = rail_of.get(source.role) if rail_of.get(source.role) == rail_of.get(target.role) else None
        state = rail if rail in self.scene.states else None
        return Line(link, path, state, label=self.ends.label(link))

    def _off_bus(self, link: Link, bus: Bus) -> Line:
        """A line that branches off a bus and rises to its reader."""
        rise = self.ends.rise(link, bus)
        return Line(link, rise, self.scene.state_of(link), tapped=True, joints=rise[:1], label=self.ends.label(link))

    def _along_bus(self, link: Link, bus: Bus) -> Line:
        """A line from a mark up to a bus, along it, and up to one of the readers at its ends."""
        assert link.source is not None
        start, rise = self.layout.top_of(link.source), self.ends.rise(link, bus)
        return Line(link, [start, Point(start.x, rise[0].y), *rise], None, label=self.ends.label(link))

    # ------------------------------------------------------------------ from a block back to itself

    def _loop(self, link: Link, carrier: Carrier, bus: Bus | None) -> Line:
        """One half of a loop: from a mark to its delay, or from the delay to a reader; or an open line."""
        source, target = link.source, link.target
        assert target is not None
        if source is None:
            return self._open_line(link)
        loop, side = self.layout.loops[carrier], carrier.side
        if target.kind == "delay":
            way_out = self.ends.way_out(source, side)
            end = self.layout.side_of(target, side)
            corners = [*way_out, Point(loop.out, way_out[-1].y), Point(loop.out, loop.level), end]
            return Line(link, corners, self.scene.state_of(link), arrow=False)
        start, end = self.layout.side_of(source, -side), self.layout.side_of(target, -side)
        entry = [self.layout.onto_edge(target, Point(end.x, end.y - self.ends.aside[link]))]
        entry = entry if bus is None else self.ends.rise(link, bus)
        corners = [start, Point(loop.back, loop.level), Point(loop.back, entry[0].y), *entry]
        label = self.ends.label(link)
        if link.weights and label is None:
            label = Point(loop.label, entry[0].y + BESIDE)
        return Line(link, corners, self.scene.state_of(link), label=label)

    def _open_line(self, link: Link) -> Line:
        """A line from the left edge of the column, for what a mark reads that is not shown."""
        (column,) = self.layout.columns
        entry = self.ends.entry(link)
        start = Point(column.centre.x - column.box.width / 2, entry[0].y)
        return Line(link, [start, *entry], None, dashed=True)

    # ------------------------------------------------------------------ from block to block

    def _across(self, link: Link, bus: Bus | None) -> Line:
        """A line from a block, or out of a gap, to another block or into a gap."""
        crossing = self.rooms.crossings[link]
        rise = [] if bus is None else self.ends.rise(link, bus)[1:]
        corners = [*crossing.way_out, *self.rooms.corners(link), crossing.end, *rise]
        if len(corners) == 2:
            corners = self.ends.beside_copies(link, corners)
        label = self.ends.label(link)
        if link.weights and label is None:
            label = self.rooms.place_text(crossing)
        is_open = link.source is None or link.target is None
        arrow = link.target is not None
        return Line(link, corners, self.scene.state_of(link), arrow=arrow, dashed=is_open, label=label)

    # ------------------------------------------------------------------ trunks

    def _along_trunk(self, link: Link, trunk: Trunk) -> Line:
        """A line up to a trunk, along it, and down from it; it has dots where others join it, or leave it.

        Out of a gap or into it there is no more than the piece between the gap and the trunk where others run on.
        """
        up, down = self._up(link, trunk), self._down(link, trunk)
        first, last = self._extents[trunk]
        joints = [corner for corner in (up[-1], down[0]) if first + 0.5 < corner.x < last - 0.5]
        is_open = link.source is None or link.target is None
        partial = is_open and (link.source or link.target, trunk) in self._joined
        corners = [*up, *down] if not partial else up if link.source is None else down
        arrow, state = link.target is not None and not partial, self.scene.state_of(link)
        return Line(link, corners, state, arrow, is_open, partial=partial, joints=joints, label=self.ends.label(link))

    def _find_extents(self) -> dict[Trunk, tuple[float, float]]:
        """How far to the left and to the right each trunk reaches."""
        reach: dict[Trunk, list[float]] = defaultdict(list)
        for link in self.scene.links:
            if link.trunk is not None:
                reach[link.trunk] += self._up(link, link.trunk)[-1].x, self._down(link, link.trunk)[0].x
        return {trunk: (min(places), max(places)) for trunk, places in reach.items()}

    def _up(self, link: Link, trunk: Trunk) -> list[Point]:
        """The corners from where a link starts up to its trunk."""
        source, level, (port, _) = link.source, self.layout.levels[trunk], ports_of(link)
        if source is None:
            return self._through_gap(link, level)
        if port is not None:
            return self._through_port(link, source, port, level)
        if source.time == BEFORE:
            return self._climb(source, level)
        way_out = self.ends.way_out(source, 1)
        x = self.right + LANE * (1 + [*self.layout.levels].index(trunk))
        return [*way_out, Point(x, way_out[-1].y), Point(x, level)]

    def _down(self, link: Link, trunk: Trunk) -> list[Point]:
        """The corners from a trunk down to where a link ends."""
        target, level, (_, port) = link.target, self.layout.levels[trunk], ports_of(link)
        if target is None:
            return self._through_gap(link, level)[::-1]
        if port is not None:
            return self._through_port(link, target, port, level)[::-1]
        entry = self.ends.entry(link)
        if self.ends.enters_level(link, trunk):
            return entry
        x = self.rooms.lane((trunk, "down"), -2)
        return [Point(x, level), Point(x, entry[0].y), *entry]

    def _through_gap(self, link: Link, level: float) -> list[Point]:
        """The corners from a gap, above what is written there, up to a trunk."""
        gap = self.ends.gap(link.target or link.source, before=link.source is None)
        x = (gap.left + gap.right) / 2
        return [Point(x, self.ends.height_in_gap(link) + DOTS), Point(x, level)]

    def _through_port(self, link: Link, mark: Mark, port: Port, level: float) -> list[Point]:
        """The corners from a mark of a step up to a trunk."""
        frame, aside = self.layout.frames[mark], self.ends.aside[link]
        path = [frame.place(corner) for corner in frame.period.paths[port.role, port]]
        if aside:
            path = [Point(corner.x + aside, corner.y) for corner in path]
            path[0] = self.layout.onto_edge(mark, path[0])
        return [*path, Point(path[-1].x, level)]

    def _climb(self, mark: Mark, level: float) -> list[Point]:
        """The corners on the way up from a mark that stands before the steps."""
        boxes, centres = self.layout.boxes, self.layout.centres
        start = self.layout.top_of(mark)
        top = Point(start.x, level)
        others = (other for other in self.scene.blocks[BEFORE] if other is not mark)
        if not any(meets(boxes[other], centres[other], start, top, 2.0) for other in others):
            return [start, top]
        way_out = self.ends.way_out(mark, 1)
        x = self.rooms.lane((mark, "up"), 0)
        return [*way_out, Point(x, way_out[-1].y), Point(x, level)]
