"""A scene as DOT text. What is placed is pinned, so that Graphviz only has to paint it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from tinygrad_rnn.drawing.geometry import Point, with_tip
from tinygrad_rnn.drawing.glyphs import shape_text
from tinygrad_rnn.drawing.label import Run, Text, markup, width
from tinygrad_rnn.drawing.layout import Layout
from tinygrad_rnn.drawing.lettering import Lettering
from tinygrad_rnn.drawing.routes import Line
from tinygrad_rnn.drawing.scene import Link, Mark, Scene
from tinygrad_rnn.drawing.theme import SANS, SERIF, Paint, Theme

ARROW = 10.0
"""The length of an arrowhead of size 1, in points."""


class Writer:
    """Writes one scene; each mark and line has a name in DOT that no label can disturb."""

    def __init__(self, scene: Scene, lettering: Mapping[Mark, Lettering], theme: Theme, shapes: bool) -> None:
        self.scene, self.lettering, self.theme, self.shapes = scene, lettering, theme, shapes
        self.names = {
            mark: f"n{number}" for number, mark in enumerate(mark for marks in scene.blocks.values() for mark in marks)
        }
        self.label = cache(self._label)

    def placed(self, layout: Layout, lines: Sequence[Line]) -> str:
        """DOT with every position given."""
        return "\n".join([
            "digraph {",
            f'graph [layout=nop2, splines=true, outputorder=nodesfirst, pad=0.18, bgcolor="{self.theme.background}"];',
            *self._defaults(),
            *self._columns(layout),
            *(self._mark(mark, layout.centres[mark]) for mark in self.names),
            *self._shapes(layout),
            *self._hidden(layout),
            *self._lines(lines),
            "}\n",
        ])  # fmt: skip

    def unplaced(self) -> str:
        """DOT that leaves all positions to Graphviz's dot."""
        edges = [self._edge(link, self._weights(link)) for link in self.scene.links]
        return "\n".join([
            "digraph {",
            f'graph [rankdir=LR, nodesep=0.2, ranksep=0.3, pad=0.18, bgcolor="{self.theme.background}"];',
            *self._defaults(),
            *self._clusters(),
            *edges,
            "}\n",
        ])  # fmt: skip

    def _clusters(self) -> Iterator[str]:
        """The marks, those of a time step within a frame of its own."""
        fill, pen = self.theme.column
        for number, (time, marks) in enumerate(self.scene.blocks.items()):
            inner = [self._mark(mark, None) for mark in marks]
            if time in self.scene.positions:
                title = f"<<I>t</I>&#160;=&#160;{time}>"
                frame = f'style="rounded,filled", fillcolor="{fill}", color="{pen}", fontcolor="{self.theme.muted}"'
                yield f"subgraph cluster{number} {{ graph [label={title}, labelloc=b, fontsize=13, {frame}];"
                yield from [*inner, "}"]
            else:
                yield from inner

    # ------------------------------------------------------------------ marks

    def _defaults(self) -> list[str]:
        theme = self.theme
        return [
            f'node [fixedsize=true, style=filled, shape=circle, penwidth=1.1, fontname="{SERIF}", fontsize=16, '
            f'fontcolor="{theme.text}", color="{theme.edge}", fillcolor="{theme.background}"];',
            f'edge [color="{theme.edge}", penwidth=1, arrowsize=0.56, fontname="{SERIF}", fontsize=13, '
            f'fontcolor="{theme.text}"];',
        ]

    def _mark(self, mark: Mark, place: Point | None) -> str:
        box, size = self.lettering[mark]
        paint, letters = self._paint(mark)
        attributes = [
            f"width={box.width / 72:.3f}", f"height={box.height / 72:.3f}",
            f"label={self.label(mark.text, size)}", f"fontsize={size:g}",
            f'fillcolor="{paint.fill}"', f'color="{paint.pen}"', f'fontcolor="{letters}"',
        ]  # fmt: skip
        if place is not None:
            attributes.insert(0, f'pos="{_pair(place)}"')
        if not box.round:
            attributes.append('shape=box, style="rounded,filled"')
        elif mark.kind == "target":
            attributes.append('style="filled,dashed"')
        if mark.kind in ("state", "second state"):
            attributes.append("penwidth=1.7")
        return f"{self.names[mark]} [{', '.join(attributes)}];"

    def _paint(self, mark: Mark) -> tuple[Paint, str]:
        """A mark's fill and pen, and the colour of its letters."""
        theme = self.theme
        if mark.kind == "parameter" or mark.parameter is not None:
            paint = theme.parameters[(mark.parameter or 0) % len(theme.parameters)]
            return paint, paint.pen
        return theme.kinds[mark.kind], theme.text

    def _label(self, text: Text, size: float) -> str:
        return f"<{markup(text, size, SANS)}>"

    def _shapes(self, layout: Layout) -> Iterator[str]:
        """The shapes of values, in small type at their lower right."""
        if not self.shapes:
            return
        for mark, name in self.names.items():
            words = shape_text(mark.node)
            if mark.is_value and words:
                box, centre = self.lettering[mark].box, layout.centres[mark]
                reach = 0.36 if box.round else 0.5
                x = centre.x + reach * box.width + width((Run(words, "sans"),), 8) / 2 + 3
                place = Point(x, centre.y - reach * box.height - 4)
                yield f"s{name} [{self._text(place, f'<{sans(words)}>', 8)}];"

    # ------------------------------------------------------------------ columns and gaps

    def _columns(self, layout: Layout) -> Iterator[str]:
        fill, pen = self.theme.column
        for number, column in enumerate(layout.columns):
            size = f"width={column.box.width / 72:.3f}, height={column.box.height / 72:.3f}"
            yield (
                f'c{number} [pos="{_pair(column.centre)}", {size}, shape=box, label="", '
                f'style="rounded,filled", fillcolor="{fill}", color="{pen}", penwidth=0.8];'
            )
        for number, column in enumerate(layout.columns):
            foot = Point(column.centre.x, column.centre.y - column.box.height / 2 + 11)
            title = f"<<I>t</I>&#160;=&#160;{column.step}>"
            yield f"t{number} [{self._text(foot, title, 13)}];"

    def _hidden(self, layout: Layout) -> Iterator[str]:
        for number, gap in enumerate(layout.hidden.values()):
            for line, (role, height) in enumerate(gap.lines.items()):
                colour = self._line_colour(role if role in self.scene.states else None)
                place = Point(gap.place.x, height)
                yield f"g{number}_{line} [{self._text(place, '⋯', 20, colour)}];"
            words = f"<{sans(f'{gap.steps} more')}<BR/>{sans('step' + 's' * (gap.steps > 1))}>"
            yield f"h{number} [{self._text(Point(gap.place.x, gap.place.y - 3), words, 11)}];"

    def _text(self, place: Point, label: str, size: float, colour: str | None = None) -> str:
        label = label if label.startswith("<") else f'"{label}"'
        return (
            f'pos="{_pair(place)}", shape=plaintext, style="", width=0.4, height=0.3, label={label}, '
            f'fontsize={size:g}, fontcolor="{colour or self.theme.muted}"'
        )

    # ------------------------------------------------------------------ lines

    def _lines(self, lines: Sequence[Line]) -> Iterator[str]:
        for number, line in enumerate(lines):
            if line.tapped:
                colour = self._line_colour(line.state)
                yield (
                    f'd{number} [pos="{_pair(line.course[0])}", shape=point, width=0.05, label="", '
                    f'color="{colour}", fillcolor="{colour}"];'
                )
            yield self._line(line)

    def _line(self, line: Line) -> str:
        heavy = line.state is not None
        inside = line.link.source is not None and line.link.target is not None and (
            line.link.source.time == line.link.target.time
        )  # fmt: skip
        size = 0.56 if not heavy else 0.5 if inside else 0.6 if line.tapped else 0.75
        pen = 1.0 if not heavy else 1.6 if line.tapped else 2.4
        attributes = []
        if line.arrow:
            course, tip = with_tip(line.course, ARROW * size, 0.6 * pen)
            attributes.append(f'pos="e,{_pair(tip)} {" ".join(map(_pair, course))}"')
        else:
            attributes.append(f'pos="{" ".join(map(_pair, line.course))}", arrowhead=none')
        if heavy:
            attributes.append(f'color="{self._line_colour(line.state)}", penwidth={pen}, arrowsize={size}')
        if line.dashed:
            attributes.append("style=dashed")
        if line.label is not None:
            attributes.append(f'lp="{_pair(line.label)}", {self._weights(line.link)}')
        return self._edge(line.link, ", ".join(attributes))

    def _edge(self, link: Link, attributes: str) -> str:
        ends = [link.source or link.target, link.target or link.source]
        tail, head = (self.names[end] for end in ends if end is not None)
        return f"{tail} -> {head} [{attributes}];" if attributes else f"{tail} -> {head};"

    def _weights(self, link: Link) -> str:
        return f"label=<{markup(link.weights, 13, SANS)}>" if link.weights else ""

    def _line_colour(self, role: object) -> str:
        if role is None:
            return self.theme.edge
        kind = "state" if role == self.scene.states[0] else "second state"
        return self.theme.kinds[kind].pen


def sans(words: str) -> str:
    """Words in the sans-serif face, as part of an HTML-like label."""
    return markup((Run(words, "sans"),), 0, SANS)


def _pair(point: Point) -> str:
    return f"{point.x:.2f},{point.y:.2f}"
