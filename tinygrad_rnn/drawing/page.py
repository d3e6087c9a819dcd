"""A graph as one HTML page that needs nothing else: its views, its numbers, and backprop step by step."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from tinygrad_rnn.drawing.record import record_graph
from tinygrad_rnn.drawing.render import finish_svg, run_graphviz
from tinygrad_rnn.drawing.theme import THEMES, Theme
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
    script = "\n".join(map(_read, SCRIPTS))
    texts = {
        "title": html.escape(title),
        "style": _read("page.css") + "\n".join(_dark_rules(THEMES["light"], THEMES["dark"])),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "views": "\n".join(map(_paint, views)),
    }
    record = record_graph(graph, views, LIMIT - sum(map(len, texts.values())))
    notes = [*notes, *record.pop("notes")]
    return Template(_read("page.html")).substitute(
        texts, notes="".join(f"<p>{html.escape(note)}</p>" for note in notes), record=_escape(record)
    )


def _read(name: str) -> str:
    return (files("tinygrad_rnn.drawing") / "web" / name).read_text(encoding="utf-8")


def _escape(record: Any) -> str:
    """JSON that may stand in an HTML element of any kind: no character in it means anything to HTML."""
    text = json.dumps(record, separators=(",", ":"), allow_nan=False)  # in ASCII, so that U+2028 is escaped as well
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)


# ---------------------------------------------------------------------- pictures


def _paint(view: View) -> str:
    """A view as SVG, each of its marks and lines with the name by which the script finds it."""
    painted = run_graphviz(view.source, "svg", view.seconds).decode()
    named = GROUP.sub(lambda group: _name(group["kind"], html.unescape(group["title"]), view), painted)
    svg = finish_svg(named, {}, view.title).replace('role="img"', 'role="group"', 1)
    return f'<div class="view" data-view="{view.name}" hidden>{svg}</div>'


def _name(kind: str, name: str, view: View) -> str:
    """The tag of an SVG group that shows a mark, a gap or a line; of any other without a name."""
    if kind == "edge":
        tail, _, head = name.partition("->")
        return f'<g class="edge" data-tail="{tail}" data-head="{head}">'
    known = name in view.marks or name in view.gaps
    return f'<g class="node" data-mark="{name}">' if known else '<g class="node">'


GROUP = re.compile(r'<g id="[^"]*" class="(?P<kind>node|edge)">\s*<title>(?P<title>.*?)</title>')
"""How Graphviz begins what it has drawn of a node or an edge."""


def _dark_rules(light: Theme, dark: Theme) -> Iterator[str]:
    """CSS that turns the colours of one theme into those of the other, for readers who prefer it dark."""
    yield "@media screen and (prefers-color-scheme: dark) {"
    for old, new in dict(zip(list_colours(light), list_colours(dark), strict=True)).items():
        for attribute in ("fill", "stroke"):
            yield f'.view [{attribute}="{old.lower()}"] {{ {attribute}: {new.lower()}; }}'
    yield "}"


def list_colours(theme: Theme) -> list[str]:
    """All colours of a theme, in an order that is the same for every theme."""
    paints = [theme.column, *(theme.kinds[kind] for kind in sorted(theme.kinds)), *theme.parameters]
    inks = (colour for paint in paints for colour in (paint.fill, paint.pen, paint.letters or theme.text))
    return [theme.background, theme.text, theme.muted, theme.edge, *inks]
