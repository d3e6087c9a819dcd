"""The backward pass on the geometry of the forward one.

Marks are filled by the norms of their adjoints. Beside each line along which backprop ran there is a line in
the other direction, the wider the larger what comes back along it. Where parameters are written on an
operation, a chip beside it shows what they receive there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from tinygrad_rnn.drawing.basics.colours import letters_on, mix, sequential
from tinygrad_rnn.drawing.basics.geometry import Box, Point, edge_point, parallel, rounded, straight
from tinygrad_rnn.drawing.basics.inks import Ink, Stroke
from tinygrad_rnn.drawing.basics.label import width
from tinygrad_rnn.drawing.basics.scales import LogScale, power_of_ten
from tinygrad_rnn.drawing.basics.statements import course_text, dot, extent, pair
from tinygrad_rnn.drawing.basics.theme import Theme
from tinygrad_rnn.drawing.layout.layout import WEIGHTS, Layout
from tinygrad_rnn.drawing.layout.weights import BESIDE
from tinygrad_rnn.drawing.lines.lines import RADIUS, Line, topmost
from tinygrad_rnn.drawing.lines.routes import Router
from tinygrad_rnn.drawing.overlays.adjoints import Adjoints, Share
from tinygrad_rnn.drawing.overlays.chips import CHIP, STRIP, place_chips
from tinygrad_rnn.drawing.overlays.legend import Entry, Tint, bar, pill, space, swatch, title, words
from tinygrad_rnn.drawing.overlays.overlay import Addition, Overlay
from tinygrad_rnn.drawing.scene.glyphs import value_text
from tinygrad_rnn.drawing.scene.scene import Link, Mark
from tinygrad_rnn.drawing.scene.ways import places

THIN, THICK = 0.8, 2.7
"""The widths of the lines at the two ends of the scale, in points."""

ABOVE = 9.5
"""From the middle of weights beside a line to that of the strip above them, in points."""

APART = 1.5
"""Between strips side by side, in points."""

MOST_TOTALS = 12
"""The most parameters whose whole gradients are shown below a drawing."""


class Chip(NamedTuple):
    """A small rectangle that shows what a parameter receives at one place of its use.

    Attributes:
        name: what it is called in DOT.
        mark: the mark that the parameter receives it from.
        share: the parameter, and what it receives.
        place: the rectangle's middle.
        link: the link beside which the parameter is written; None where it is written on the mark.
    """

    name: str
    mark: Mark
    share: Share
    place: Point
    link: Link | None = None


class Backward(Overlay):
    """The colours of the backward pass.

    Attributes:
        adjoints: the norms that are shown.
        scale: of all of them.
    """

    def __init__(self, adjoints: Adjoints, theme: Theme, lit: Collection[Mark | Link] | None = None) -> None:
        super().__init__(theme, lit)
        self.adjoints = adjoints
        self.scale = LogScale(adjoints.all_norms())

    def fill(self, norm: float | None) -> Ink:
        """How something is painted that receives an adjoint of this norm, or none at all."""
        theme = self.theme
        if norm is None:
            return Ink(theme.background, theme.muted, theme.muted, dashed=True)
        if norm == 0:
            return Ink(theme.background, theme.text, theme.text)
        if not math.isfinite(norm):
            letters = letters_on(theme.not_finite)
            return Ink(theme.not_finite, letters, letters, dashed=True)
        fill = sequential(self.scale.part(norm), theme)
        return Ink(fill, mix(fill, letters_on(theme.background), 0.3), letters_on(fill))

    def ink(self, mark: Mark, ink: Ink) -> Ink:
        """Filled by the norm of the adjoint."""
        return self.seen(mark, self.fill(self.adjoints.nodes.get(mark.node)))

    def stroke(self, link: Link, stroke: Stroke) -> Stroke:
        """Forward lines fade."""
        return self.seen(link, Stroke(self.theme.faded, 1.0, 0.5))

    def returning(self, norm: float) -> Stroke:
        """How a line is painted along which something of this norm comes back: the larger, the wider."""
        part = self.scale.part(norm) if norm else 0.0
        pen = THIN + (THICK - THIN) * part
        return Stroke(self.theme.adjoint, round(pen, 2), round(0.42 + 0.13 * pen, 2))

    def attributes(self, mark: Mark) -> list[str]:
        """The norm itself, for those who read the DOT text."""
        norm = self.adjoints.nodes.get(mark.node)
        return [] if norm is None else [f'norm="{norm:.6g}"']

    def describe(self) -> list[list[Entry]]:
        """The legend: the scale, what is painted otherwise, and the whole gradients of the parameters."""
        theme, scale = self.theme, self.scale
        ticks = [power_of_ten(exponent) for exponent in scale.ticks]
        first = [
            title("norm of the gradient", theme), bar(lambda part: Tint(sequential(part, theme)), ticks, theme),
            swatch(self.fill(0.0)), words("zero", theme), space(12),
            swatch(self.fill(None)), words("no gradient", theme),
        ]  # fmt: skip
        if not all(map(math.isfinite, self.adjoints.all_norms())):
            first += [space(12), swatch(self.fill(math.nan)), words("not finite", theme)]
        totals = [pill(value_text(node), self.fill(norm)) for node, norm in self.adjoints.totals.items()]
        shown = totals[:MOST_TOTALS]
        if len(totals) > len(shown):
            shown.append(words(f"+{len(totals) - len(shown)} more", theme))
        return [first, [title("summed over all uses", theme), *shown]] if shown else [first]

    def write(self, names: Mapping[Mark, str], router: Router, lines: Sequence[Line]) -> Addition:
        """The lines beside those along which backprop ran, and the chips of the parameters."""
        norms, layout = self.adjoints.links, router.layout
        used = router.route([link for link in router.scene.links if link in norms])
        used.sort(key=lambda line: norms[line.link])
        strips = list(_weight_chips(self.adjoints, lines))
        chips = list(_chips(self.adjoints, layout, strips))
        statements: list[str] = []
        for number, line in enumerate(topmost(used)):
            statements += self._write_line(line, f"da{number}", names, layout)
        for chip in chips:
            statements += self._write_chip(chip, names[chip.mark], layout)
        for strip in strips:
            ink = self.seen(strip.link or strip.mark, self.fill(strip.share.norm))
            statements.append(_rectangle(strip, STRIP, ink))
        return Addition(statements, {chip.name: chip.share.parameter for chip in (*chips, *strips)})

    def _write_line(self, line: Line, joint: str, names: Mapping[Mark, str], layout: Layout) -> Iterator[str]:
        """The line beside a line, and the dot where it joins that of a bus or rail."""
        link, norm = line.link, self.adjoints.links[line.link]
        stroke = self.seen(link, self.returning(norm))
        corners = _beside(line, layout)
        if line.tapped:
            yield dot(joint, corners[0], stroke.colour)
        arrow = link.source is not None and not line.partial
        course = course_text(rounded(corners[::-1], RADIUS), stroke, arrow)
        ends = link.target or link.source, link.source or link.target
        tail, head = (names[end] for end in ends if end is not None)
        dashed = ", style=dashed" if line.dashed else ""
        yield f"{tail} -> {head} [{course}, {_attributes(stroke, norm)}{dashed}];"

    def _write_chip(self, chip: Chip, tail: str, layout: Layout) -> Iterator[str]:
        """A chip, and the short line to it from its mark, whose name is the tail."""
        box, centre, norm = layout.boxes[chip.mark], layout.centres[chip.mark], chip.share.norm
        yield _rectangle(chip, CHIP, self.seen(chip.mark, self.fill(norm)))
        stroke = self.seen(chip.mark, self.returning(norm))._replace(arrowhead=0.45)
        course = straight(edge_point(box, centre, chip.place), edge_point(CHIP, chip.place, centre))
        yield f"{tail} -> {chip.name} [{course_text(course, stroke, arrow=True)}, {_attributes(stroke, norm)}];"

    def write_unplaced(self, ends: Callable[[Link], str]) -> Iterator[str]:
        """The same lines where dot finds the places: it lets edges between the same marks run side by side."""
        written: dict[object, str] = {}
        for link, norm in self.adjoints.links.items():
            stroke = self.seen(link, self.returning(norm))
            key = link if link.source and link.target else ends(link)  # one line at a gap
            written[key] = f"{ends(link)} [dir=back, {_attributes(stroke, norm)}];"
        yield from written.values()


# ---------------------------------------------------------------------- where it stands


def _beside(line: Line, layout: Layout) -> list[Point]:
    """The corners of the line beside a line, from its source's end to its target's."""
    corners, source, target = parallel(line.corners, BESIDE), line.link.source, line.link.target
    if line.partial:
        end = -1 if source is None else 0
        corners[end] = Point(corners[end].x, corners[end].y - BESIDE)
        return corners
    if line.tapped:
        corners[0] = Point(corners[0].x, corners[0].y - BESIDE * _direction(line, layout))
    elif source is not None:
        corners[0] = layout.onto_edge(source, corners[0])
    if target is not None:
        corners[-1] = layout.onto_edge(target, corners[-1])
    return corners


def _direction(line: Line, layout: Layout) -> int:
    """Which way the bus or rail runs that a line branches off: 1 to the right, −1 to the left."""
    carrier, source = line.link.carrier, line.link.source
    if carrier is not None or source is None:
        return 1 if carrier is None or carrier.lag >= 0 else -1
    return 1 if line.corners[0].x >= layout.centres[source].x else -1


def _attributes(stroke: Stroke, norm: float) -> str:
    paint = f'color="{stroke.colour}", penwidth={stroke.pen:g}, arrowsize={stroke.arrowhead:g}'
    return f'{paint}, class="returning", norm="{norm:.6g}"'


def _chips(adjoints: Adjoints, layout: Layout, strips: Iterable[Chip]) -> Iterator[Chip]:
    """What parameters receive at each operation of a step, but for what the strips above weights show."""
    written = {(strip.mark, strip.share) for strip in strips}
    shares = {
        mark: left
        for mark, found in adjoints.shares.items()
        if mark.role and not mark.is_value
        if (left := [share for share in found if (mark, share) not in written])
    }
    places = place_chips(layout, {mark: len(found) for mark, found in shares.items()}, BESIDE)
    numbers = count()
    for mark, found in shares.items():
        for share, place in zip(found, places[mark], strict=True):
            yield Chip(f"p{next(numbers)}", mark, share, place)


def _weight_chips(adjoints: Adjoints, lines: Sequence[Line]) -> Iterator[Chip]:
    """What the weights receive that are written beside lines; it is shown above them."""
    numbers = count()
    for line in lines:
        mark = line.link.target
        if line.label is not None and mark is not None:
            for share, x in _strips(line.link, line.label.x, adjoints.shares.get(mark, ())):
                yield Chip(f"w{next(numbers)}", mark, share, Point(x, line.label.y + ABOVE), line.link)


def _strips(link: Link, middle: float, shares: Sequence[Share]) -> list[tuple[Share, float]]:
    """The shares of the weights beside a line, and the x of each: side by side, above the weights if there is room."""
    left = middle - width(link.weights, WEIGHTS) / 2
    found: dict[Share, float] = {}
    for weight, runs in places(link.ways):
        end, parameters = left + width(link.weights[: runs.stop], WEIGHTS), weight.parameters
        for share in shares:
            if share.parameter in parameters:
                found.setdefault(share, end - width(weight.text, WEIGHTS) / 2)
    placed: list[float] = []
    for x in found.values():
        placed.append(max([x, *(other + STRIP.width + APART for other in placed[-1:])]))
    aside = (sum(placed) - sum(found.values())) / max(len(placed), 1)
    return [(share, x - aside) for share, x in zip(found, placed, strict=True)]


def _rectangle(chip: Chip, box: Box, ink: Ink) -> str:
    """A chip as a DOT statement."""
    return (
        f'{chip.name} [pos="{pair(chip.place)}", {extent(box)}, shape=box, style="rounded,filled", label="", '
        f'fillcolor="{ink.fill}", color="{ink.pen}", norm="{chip.share.norm:.6g}"];'
    )
