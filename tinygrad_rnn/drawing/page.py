"""A graph as one HTML page that needs nothing else: its views, its numbers, and backprop step by step."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from string import Template

from tinygrad_rnn.drawing.basics.label import clean, shorten
from tinygrad_rnn.drawing.record import encode, record_graph
from tinygrad_rnn.drawing.render import finish_svg, run_graphviz
from tinygrad_rnn.drawing.view import View
from tinygrad_rnn.graph import Graph

LIMIT = 8_000_000
"""How large a page may be, in bytes, before numbers are left out of it."""

SCRIPTS = ("graph.js", "picture.js", "backprop.js", "controls.js")


def render_page(graph: Graph, title: str, views: Sequence[View], notes: Sequence[str]) -> str:
    """The page as HTML text.

    Args:
        graph: what all the views show.
        title: the heading.
        views: the views that it can be switched between; it opens with the first.
        notes: sentences that say what the views leave out.

    Raises:
        DrawingError: there is no Graphviz, or it failed.
    """
    script, colours = "\n".join(map(_read, SCRIPTS)), Colours()
    painted = [_paint(view, colours, is_first=view is views[0]) for view in views]
    texts = {
        "title": html.escape(title),
        "lede": f"Every mark is a value or an operation{', in the column of its time step' if graph.steps else ''}.",
        "examples": html.escape(", ".join(_examples(graph))),
        "style": _read("page.css") + "\n".join(colours.rules()),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "views": "\n".join(painted),
    }
    record = record_graph(graph, views, LIMIT - sum(map(len, texts.values())))
    notes = [*notes, *record.pop("notes")]
    return Template(_read("page.html")).substitute(
        texts, notes="".join(f"<p>{html.escape(note)}</p>" for note in notes), record=encode(record)
    )


def _examples(graph: Graph) -> Iterator[str]:
    """What one might search the graph for: a label, an operation, a time step."""
    labels = [node.label for node in graph.nodes if node.label and (node.step is not None or not graph.steps)]
    names = [node.op.name for node in graph.nodes if node.op is not None]
    yield from (shorten(clean(found[len(found) // 2]), 20) for found in (labels, names) if found)
    yield from (f"t={step}" for step in graph.steps[1:2])


def _read(name: str) -> str:
    return (files("tinygrad_rnn.drawing") / "web" / name).read_text(encoding="utf-8")


# ---------------------------------------------------------------------- pictures


def _paint(view: View, colours: Colours, is_first: bool) -> str:
    """A view as SVG, each of its marks and lines with the name by which the script finds it.

    The first is shown without scripts as well.
    """
    painted = run_graphviz(colours.encode(view.source, view.dark), "svg", view.seconds, view.advice).decode()
    named = GROUP.sub(lambda group: _name(group["kind"], group["more"], html.unescape(group["title"]), view), painted)
    svg = finish_svg(colours.decode(named), {}, view.title).replace('role="img"', 'role="group"', 1)
    return f'<div class="view" data-view="{view.name}"{"" if is_first else " hidden"}>{svg}</div>'


def _name(kind: str, more: str, name: str, view: View) -> str:
    """The tag of an SVG group that shows a mark, a gap or a line; of any other without a name."""
    if kind == "edge":
        tail, _, head = name.partition("->")
        return f'<g class="edge{more}" data-tail="{tail}" data-head="{head}">'
    known = name in view.marks or name in view.gaps
    return f'<g class="node" data-mark="{name}">' if known else '<g class="node">'


GROUP = re.compile(
    r'<g id="[^"]*" class="(?P<kind>node|edge)(?P<more>(?: returning)?)">\s*<title>(?P<title>.*?)</title>'
)
"""How Graphviz begins what it has drawn of a node or an edge."""


class Colours:
    """The colours of pictures as CSS variables: light, or dark for readers who prefer it.

    Two drawings in DOT that differ in nothing but colours become one, in which each pair of colours has a colour of
    its own, that stands for its number; in the SVG that Graphviz makes of it, variables take their place.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def encode(self, light: str, dark: str) -> str:
        """The DOT text that stands for both."""
        others = iter(IN_DOT.findall(dark))
        return IN_DOT.sub(lambda found: f'"#{self._number(found[1], next(others)):06x}"', light)

    def _number(self, light: str, dark: str) -> int:
        return self._numbers.setdefault((light, dark), len(self._numbers) + 1)  # Graphviz leaves out black, which is 0

    def decode(self, svg: str) -> str:
        """The SVG with variables for the colours that stand for numbers."""
        return IN_SVG.sub(lambda found: f'{found[1]}="var(--c{int(found[2], 16)})"', svg)

    def rules(self) -> Iterator[str]:
        """What the variables are, as CSS."""
        light, dark = (
            " ".join(f"--c{number}: {pair[theme].lower()};" for pair, number in self._numbers.items())
            for theme in (0, 1)
        )
        yield f".view {{ {light} }}"
        yield f"@media screen and (prefers-color-scheme: dark) {{ .view {{ {dark} }} }}"


IN_DOT = re.compile('"(#[0-9A-Fa-f]{6})"')
IN_SVG = re.compile('(fill|stroke)="#([0-9a-f]{6})"')
"""Colours, where no label can be taken for one: labels have no quotation marks that are not escaped."""
