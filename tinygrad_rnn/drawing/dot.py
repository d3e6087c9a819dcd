"""A scene as DOT text. What is placed is pinned, so that Graphviz only has to paint it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

from tinygrad_rnn.drawing.geometry import Point, between
from tinygrad_rnn.drawing.glyphs import shape_text
from tinygrad_rnn.drawing.inks import Ink, Stroke
from tinygrad_rnn.drawing.label import Run, Text, escape, markup, width
from tinygrad_rnn.drawing.layout import WEIGHTS, Layout
from tinygrad_rnn.drawing.lettering import Lettering
from tinygrad_rnn.drawing.lines import Line, topmost
from tinygrad_rnn.drawing.overlay import Overlay
from tinygrad_rnn.drawing.scene import Link, Mark, Scene
from tinygrad_rnn.drawing.statements import TABLE, course_text, dot, extent, pair, sans
from tinygrad_rnn.drawing.theme import SANS, SERIF, Paint

MANY, HASTE = 2000, "nslimit=0.1, nslimit1=0.5, mclimit=0.01, "
"""From how many marks on dot may not search long for the best places: 5,000 marks would take it minutes."""

CUT = "//"
"""What is written on a line along which no gradient comes back."""

TEXT = 'shape=plaintext, style="", width=0.4, height=0.3'
"""The attributes of a node that is nothing but text."""


class Writer:
    """Writes one scene; each mark and line has a name in DOT that no label can disturb.

    Args:
        scene: what is shown.
        lettering: the size of each mark and of its text.
        cards: what is written below the labels of marks, as rows of an HTML-like table.
        overlay: how it is painted.
        shapes: whether the shape of each value is written beside it.

    Attributes:
        names: each mark's name.
    """

    def __init__(
        self,
        scene: Scene,
        lettering: Mapping[Mark, Lettering],
        cards: Mapping[Mark, str],
        overlay: Overlay,
        shapes: bool,
    ) -> None:
        self.scene, self.lettering, self.cards = scene, lettering, cards
        self.overlay, self.theme, self.shapes = overlay, overlay.theme, shapes
        self.names = {
            mark: f"n{number}" for number, mark in enumerate(mark for marks in scene.blocks.values() for mark in marks)
        }
        self.label = cache(self._label)

    def placed(self, layout: Layout, lines: Sequence[Line], notes: Iterable[str] = ()) -> str:
        """DOT with every position given; the notes are statements that come last."""
        return "\n".join([
            "digraph {",
            f'graph [layout=nop2, splines=true, outputorder=nodesfirst, pad=0.18, bgcolor="{self.theme.background}"];',
            *self._defaults(),
            *self._columns(layout),
            *(self._mark(mark, layout.centres[mark]) for mark in self.names),
            *self._shapes(layout),
            *self._hidden(layout),
            *self._lines(lines),
            *notes,
            "}\n",
        ])  # fmt: skip

    def unplaced(self, notes: Iterable[str] = ()) -> str:
        """DOT that leaves all positions to Graphviz's dot, which takes less care where there is very much to place.

        The notes are statements that come last.
        """
        haste = HASTE if len(self.names) + _passed_ranks(self.scene.links) > MANY else ""
        return "\n".join([
            "digraph {",
            f'graph [{haste}rankdir=LR, nodesep=0.2, ranksep=0.3, pad=0.18, bgcolor="{self.theme.background}"];',
            *self._defaults(),
            *self._frames(),
            *self._unplaced_gaps(),
            *self._unplaced_edges(),
            *notes,
            "}\n",
        ])  # fmt: skip

    # ------------------------------------------------------------------ marks

    def _defaults(self) -> list[str]:
        """What holds for all nodes and all edges that do not say otherwise."""
        theme = self.theme
        return [
            f'node [fixedsize=true, style=filled, shape=circle, penwidth=1.1, fontname="{SERIF}", fontsize=16, '
            f'fontcolor="{theme.text}", color="{theme.edge}", fillcolor="{theme.background}"];',
            f'edge [color="{theme.edge}", penwidth=1, arrowsize=0.56, fontname="{SERIF}", fontsize=13, '
            f'fontcolor="{theme.text}"];',
        ]

    def _mark(self, mark: Mark, place: Point | None) -> str:
        """A mark as a node: pinned to its place, or without one where dot finds it."""
        box, size = self.lettering[mark]
        paint = self._paint(mark)
        ink = self.overlay.ink(mark, self._ink(mark, paint))
        label = self.label(mark.text, mark.caption, size)
        if mark in self.cards:
            rows = f"<TR><TD>{TABLE}{self.cards[mark]}</TABLE></TD></TR>"
            label = f"<{TABLE}<TR><TD>{label[1:-1]}</TD></TR>{rows}</TABLE>>"
        attributes = [
            extent(box), f"label={label}", f"fontsize={size:g}",
            f'fillcolor="{ink.fill}"', f'color="{ink.pen}"', f'fontcolor="{ink.letters}"',
            *self.overlay.attributes(mark),
        ]  # fmt: skip
        if place is not None:
            attributes.insert(0, f'pos="{pair(place)}"')
        is_parameter = mark.parameter is not None or mark.kind == "parameter"
        is_square = mark.kind == "delay" or (self.theme.square_parameters and is_parameter and not box.round)
        styles = ["rounded"] * (not box.round and not is_square) + ["filled"] + ["dashed"] * ink.dashed
        if not box.round:
            attributes.append("shape=box")
        if styles != ["filled"]:
            attributes.append(f'style="{",".join(styles)}"')
        if paint.width != Paint("", "").width:
            attributes.append(f"penwidth={paint.width:g}")
        if place is None and self._shape(mark):
            attributes.append(f'xlabel=<<FONT POINT-SIZE="8">{sans(self._shape(mark))}</FONT>>')
        return f"{self.names[mark]} [{', '.join(attributes)}];"

    def _paint(self, mark: Mark) -> Paint:
        """The theme's paint for a mark of its kind."""
        theme = self.theme
        if mark.kind == "parameter" or mark.parameter is not None:
            return theme.parameters[(mark.parameter or 0) % len(theme.parameters)]
        if mark.kind == "delay":
            return Paint(theme.text, theme.text, letters=theme.background)
        paint = theme.kinds[mark.kind]
        is_backward = mark.kind == "op" and mark.node.origin is not None
        return paint._replace(pen=theme.kinds["adjoint"].pen) if is_backward else paint

    def _ink(self, mark: Mark, paint: Paint) -> Ink:
        """How a mark is painted where nothing is laid over it."""
        is_parameter = mark.kind == "parameter" or mark.parameter is not None
        letters = paint.pen if is_parameter else paint.letters or self.theme.text
        return Ink(paint.fill, paint.pen, letters, dashed=mark.kind == "target")

    def _label(self, text: Text, caption: Text, size: float) -> str:
        lines = [markup(line, size, SANS) for line in (text, caption) if any(run.text for run in line)]
        return f"<{'<BR/>'.join(lines)}>" if lines else '""'

    def _shape(self, mark: Mark) -> str:
        """What is written of the shape beside a mark, if that was asked for."""
        return shape_text(mark.node) if self.shapes and mark.is_value else ""

    def _shapes(self, layout: Layout) -> Iterator[str]:
        """The shapes of values, in small type at their lower right."""
        for mark, name in self.names.items():
            if words := self._shape(mark):
                box, centre = self.lettering[mark].box, layout.centres[mark]
                reach = 0.36 if box.round else 0.5
                x = centre.x + reach * box.width + width((Run(words, "sans"),), 8) / 2 + 3
                place = Point(x, centre.y - reach * box.height - 4)
                yield f"s{name} [{self._text(place, f'<{sans(words)}>', 8)}];"

    # ------------------------------------------------------------------ columns and gaps

    def _columns(self, layout: Layout) -> Iterator[str]:
        """The backgrounds of the time steps, and their titles at their feet."""
        fill, pen, *_ = self.theme.column
        for number, column in enumerate(layout.columns):
            yield (
                f'c{number} [pos="{pair(column.centre)}", {extent(column.box)}, shape=box, label="", '
                f'style="rounded,filled", fillcolor="{fill}", color="{pen}", penwidth=0.8];'
            )
        for number, column in enumerate(layout.columns):
            above, points = (13, 11) if self.scene.omits else (11, 13)  # of two lines or one
            foot = Point(column.centre.x, column.centre.y - column.box.height / 2 + above)
            yield f"t{number} [{self._text(foot, self._step_title(column.step), points)}];"

    def _step_title(self, step: float) -> str:
        """What is written below a column: t = 3; below the one of a rolled picture t = 1, …, 3, or t = 1, 5, 9.

        Above it is "most of" where some steps have what is left out there.
        """
        steps = [f"{time:.0f}" for time in (self.scene.positions if self.scene.is_rolled else [step])]
        if len(steps) > 1 and self.scene.stride == 1:
            steps[1:-1] = ["…"]
        elif len(steps) > 4:
            steps[2:-1] = ["…"]
        words = escape(", ".join(steps)).replace("-", "−")
        most = '<FONT POINT-SIZE="9">most of</FONT><BR/>' if self.scene.omits else ""
        return f"<{most}<I>t</I>&#160;=&#160;{words}>"

    def _hidden(self, layout: Layout) -> Iterator[str]:
        """What is written in gaps: dots on the lines through them, and how many steps are left out."""
        for number, gap in enumerate(layout.hidden.values()):
            for line, (role, height) in enumerate(gap.lines.items()):
                colour = self._state_colour(role) if role in self.scene.states else self.theme.edge
                place = Point(gap.place.x, height)
                dots = f"·{CUT}·" if role in self.scene.severed else "⋯"
                yield f"g{number}_{line} [{self._text(place, dots, 20, colour)}];"
            yield f'h{number} [pos="{pair(gap.place)}", {self._more_steps(gap.steps)}, {TEXT}];'

    def _more_steps(self, steps: int) -> str:
        """What is written in a gap: 95 more steps."""
        words = f"<{sans(f'{steps} more')}<BR/>{sans('step' + 's' * (steps > 1))}>"
        return f'label={words}, fontsize=11, fontcolor="{self.theme.muted}"'

    def _text(self, place: Point, label: str, size: float, colour: str | None = None) -> str:
        """The attributes of a node that is nothing but text."""
        label = label if label.startswith("<") else f'"{label}"'
        return (
            f'pos="{pair(place)}", label={label}, fontsize={size:g}, fontcolor="{colour or self.theme.muted}", {TEXT}'
        )

    # ------------------------------------------------------------------ lines

    def _lines(self, lines: Sequence[Line]) -> Iterator[str]:
        """The lines, faded and dashed ones below others; the dots where they meet; and where they are cut."""
        dots: dict[Point, str] = {}
        for line in topmost(sorted(lines, key=lambda line: (self.overlay.is_lit(line.link), not line.dashed))):
            colour = self.overlay.stroke(line.link, Stroke(self._line_colour(line.link, line.state), 1, 1)).colour
            dots |= dict.fromkeys(line.joints, colour)
            yield self._line(line)
        for number, (place, colour) in enumerate(dots.items()):
            yield dot(f"d{number}", place, colour)
        for number, line in enumerate(line for line in lines if line.link.cut):
            start, end = max(pairwise(line.corners), key=lambda piece: math.dist(*piece))
            place = between(start, end, 0.5 if line.label is None else 0.22)
            yield f"x{number} [{self._text(place, CUT, 15, self.theme.text)}];"

    def _line(self, line: Line) -> str:
        """A line as an edge with its course; those of states are heavy."""
        heavy = line.state is not None
        inside = line.link.carrier is None
        is_branch = line.tapped or line.link.trunk is not None
        size = 0.56 if not heavy else 0.5 if inside else 0.6 if is_branch else 0.75
        pen = 1.0 if not heavy else 1.6 if is_branch else 2.4
        stroke = self.overlay.stroke(line.link, Stroke(self._line_colour(line.link, line.state), pen, size))
        attributes = [course_text(line.course, stroke, line.arrow), *self._stroke(stroke)]
        if line.dashed:
            attributes.append("style=dashed")
        if line.label is not None:
            attributes.append(f'lp="{pair(line.label)}", {self._weights(line.link)}')
            if not self.overlay.is_lit(line.link):
                attributes.append(f'fontcolor="{self.theme.faded}"')
        ends = (line.link.source or line.link.target, line.link.target or line.link.source)
        tail, head = (self.names[end] for end in ends if end is not None)
        return f"{tail} -> {head} [{', '.join(attributes)}];"

    def _stroke(self, stroke: Stroke) -> list[str]:
        """The attributes that differ from those of all edges."""
        usual = Stroke(self.theme.edge, 1, 0.56)
        if stroke == usual:
            return []
        return [f'color="{stroke.colour}", penwidth={stroke.pen:g}, arrowsize={stroke.arrowhead:g}']

    def _weights(self, link: Link) -> str:
        return f"label=<{markup(link.weights, WEIGHTS, SANS)}>"

    def _line_colour(self, link: Link, state: Hashable) -> str:
        """That of the state whose line it is; else that of adjoints for what comes from a backward pass."""
        if state is not None:
            return self._state_colour(state)
        is_adjoint = link.value is not None and link.value.origin is not None
        return self.theme.kinds["adjoint"].pen if is_adjoint else self.theme.edge

    def _state_colour(self, role: Hashable) -> str:
        return self.theme.kinds[self.scene.states[role]].pen

    # ------------------------------------------------------------------ where dot finds the places

    def _frames(self) -> Iterator[str]:
        """The marks, those of a time step within a frame of its own."""
        fill, pen, *_ = self.theme.column
        for number, (time, marks) in enumerate(self.scene.blocks.items()):
            inner = [self._mark(mark, None) for mark in marks]
            if time in self.scene.positions:
                title = f'label={self._step_title(time)}, labelloc=b, fontsize=13, fontname="{SERIF}"'
                frame = f'style="rounded,filled", fillcolor="{fill}", color="{pen}", fontcolor="{self.theme.muted}"'
                yield f"subgraph cluster{number} {{ graph [{title}, {frame}];"
                yield from [*inner, "}"]
            else:
                yield from inner

    def _unplaced_gaps(self) -> Iterator[str]:
        for number, steps in enumerate(self.scene.hidden.values()):
            yield f'h{number} [shape=plaintext, style="", fixedsize=false, {self._more_steps(steps)}];'

    def _unplaced_edges(self) -> Iterator[str]:
        """Every link, but those at gaps that are written alike only once."""
        at_gaps = (link for link in self.scene.links if link.source is None or link.target is None)
        yield from (self._unplaced_edge(link) for link in self.scene.links if link.source and link.target)
        yield from dict.fromkeys(map(self._unplaced_edge, at_gaps))

    def _unplaced_edge(self, link: Link) -> str:
        """A link; one that comes out of a gap, or runs into it, has what is written there as its other end."""
        attributes = [self._weights(link)] if link.weights else []
        if link.source is not None and link.source.node.op is not None:
            attributes.append("weight=5")  # leaves make way for what is made of others
        state = self.scene.state_of(link)
        colour = self._line_colour(link, state)
        stroke = Stroke(colour, 1, 0.56) if state is None else Stroke(colour, 2, 0.7)
        attributes += self._stroke(self.overlay.stroke(link, stroke))
        if link.source is None or link.target is None:
            attributes.append("style=dashed")
        if link.cut:
            attributes.append(f'headlabel="{CUT}"')
        return f"{self.ends(link)} [{', '.join(attributes)}];"

    def ends(self, link: Link) -> str:
        """A link as an edge; at a gap, what is written there is one of its ends."""
        tail, head = (self._gap_beside(link) if end is None else self.names[end] for end in (link.source, link.target))
        return f"{tail} -> {head}"

    def _gap_beside(self, link: Link) -> str:
        """The gap that a link comes out of or runs into."""
        assert link.carrier is not None
        mark = link.source or link.target
        assert mark is not None
        earlier = sum(step < mark.time for step in self.scene.hidden)
        before = (link.source is None) == (link.carrier.lag >= 0)
        if earlier and (before or earlier == len(self.scene.hidden)):
            return f"h{earlier - 1}"
        return f"h{earlier}"


def _passed_ranks(links: Iterable[Link]) -> int:
    """How many ranks of marks the links pass over in all: dot finds a place for each line in each of them."""
    ends = [(link.source, link.target) for link in links if link.source is not None and link.target is not None]
    ends.sort(key=lambda end: (end[1].node.serial, end[1].is_value))
    ranks: dict[Mark, int] = {}
    for source, target in ends:
        ranks[target] = max(ranks.get(target, 0), ranks.get(source, -1) + 1)
    for source, target in ends:  # what starts a way stands just before what it first leads to
        ranks.setdefault(source, ranks[target] - 1)
    return sum(max(ranks[target] - ranks[source] - 1, 0) for source, target in ends)
