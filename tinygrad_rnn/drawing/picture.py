"""From a graph to a picture: what to show, where, and as DOT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from tinygrad_rnn.drawing.diagram import Diagram
from tinygrad_rnn.drawing.dot import Writer
from tinygrad_rnn.drawing.lettering import letter
from tinygrad_rnn.drawing.period import Spacing
from tinygrad_rnn.drawing.render import LAYOUT_SECONDS, PAINT_SECONDS
from tinygrad_rnn.drawing.rolling import roll_scene
from tinygrad_rnn.drawing.routes import route
from tinygrad_rnn.drawing.scene import Scene
from tinygrad_rnn.drawing.staging import build_scene
from tinygrad_rnn.drawing.theme import THEMES
from tinygrad_rnn.drawing.tiling import find_period, lay_out
from tinygrad_rnn.drawing.view import View
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.nn import Run, Unrolled
from tinygrad_rnn.node import Tensor

FIRST, LAST = 3, 2
"""How many steps a folded view shows at the start and at the end."""

DOZEN = 12
"""The most steps that are shown without folding unless asked for."""

MOST_UNROLLED = 3_000
"""The most nodes of a graph whose page can show it unrolled where that is not asked for."""

VIEWS = ("unrolled", "folded", "rolled")
OPS, VALUES = Spacing(marks=18.0, rows=20.0), Spacing(marks=18.0, rows=34.0)
SPACINGS = {"ops": OPS, "variables": VALUES, "cells": VALUES}


def draw(
    what: Tensor | Iterable[Tensor] | Graph | Run | Unrolled,
    view: str | None = None,
    detail: str = "ops",
    direction: str = "LR",
    theme: str = "light",
    shapes: bool = False,
    depth: int | None = None,
) -> Diagram:
    """Draw a graph.

    A graph with time steps is drawn in columns, one for each step, with the same mark at the same height in
    each and what is carried from step to step as a straight line. Shared parameters are written where they
    are used. A graph without steps, or whose steps have nothing in common, is laid out by Graphviz's dot.

    Args:
        what: a Tensor, several, a graph, or a network, cell or layer that was unrolled.
        view: "unrolled" for all steps, "folded" for the first three and the last two, "rolled" for what all
            steps do, drawn once, with loops for what is carried; unrolled up to a dozen steps and folded above
            if not given.
        detail: "ops" for every operation, "variables" for labelled values, with weights on the edges, "cells"
            for these with a box for each cell of a step: what was made in one scope, and of what has no scope
            all that a recurrence runs through.
        direction: of time: "LR", from left to right.
        theme: "light", "dark", or "print" for black ink on white paper.
        shapes: write the shape of each value beside it.
        depth: how many names of a scope tell cells apart: 1 makes one cell of "encoder/a" and "encoder/b"; all
            if not given.

    Raises:
        SettingError: an unknown setting.
        GraphError: nothing to draw, or something that is no Tensor.

    >>> x = tg.tensor(2.0, label="x")
    >>> tg.draw(x * x + 1).source.startswith("digraph")
    True
    """
    _check("view", view, (*VIEWS, None))
    _check("detail", detail, tuple(SPACINGS))
    _check("direction", direction, ("LR",))
    _check("theme", theme, tuple(THEMES))
    if depth is not None and (not isinstance(depth, int) or depth < 1):
        raise SettingError(f"depth is a whole number of at least 1, not {depth!r}")
    graph = what if isinstance(what, Graph) else what.graph if isinstance(what, Run | Unrolled) else Graph(what)
    graph = graph if graph.is_whole else graph.copy()
    if view == "rolled" and not graph.steps:
        raise SettingError("only time steps can be rolled up, and this graph has none: mark them by `with tg.step(t):`")
    shown = _choose_steps(graph.steps, view)
    manner = Manner(detail, depth, theme, shapes)
    drawn = _draw_view(graph, shown, manner, rolled=view == "rolled")
    titles = {name: f"{node.describe()} {node.dtype}" for name, node in drawn.marks.items()}
    write_page = partial(_write_page, graph, shown, view == "rolled", manner._replace(theme="light"))
    return Diagram(drawn.source, titles, drawn.title, drawn.seconds, write_page)


class Manner(NamedTuple):
    """How a graph is drawn, whichever of its steps are shown."""

    detail: str
    depth: int | None
    theme: str
    shapes: bool


def _draw_view(graph: Graph, shown: Sequence[int], manner: Manner, rolled: bool = False) -> View:
    """Draw a graph, of its time steps those given, or what they have in common."""
    unrolled = build_scene(graph, manner.detail, shown, manner.depth)
    scene = roll_scene(unrolled) if rolled else unrolled
    lettering = letter(mark for each in (unrolled, scene) for marks in each.blocks.values() for mark in marks)
    writer = Writer(scene, lettering, THEMES[manner.theme], manner.shapes)
    boxes = {mark: letters.box for mark, letters in lettering.items()}
    spacing = SPACINGS[manner.detail]
    period = find_period(unrolled, boxes, spacing) if shown else None
    if period is None:
        source, seconds = writer.unplaced(), LAYOUT_SECONDS
    else:
        layout = lay_out(scene, period, boxes, spacing)
        source, seconds = writer.placed(layout, route(scene, layout)), PAINT_SECONDS
    return View(
        name="rolled" if rolled else "folded" if scene.hidden else "unrolled",
        title=_title(graph, shown, rolled),
        source=source,
        marks={name: mark.node for mark, name in writer.names.items()},
        gaps={} if rolled else _list_gaps(scene, graph.steps),
        seconds=seconds,
    )


def _write_page(graph: Graph, shown: Sequence[int], rolled: bool, manner: Manner) -> str:
    """The page of a graph: the view asked for, and the others where there are such and the page can hold them."""
    from tinygrad_rnn.drawing.page import render_page  # what most drawings do without

    steps, choices, notes = graph.steps, [shown], []
    if len(shown) < len(steps):
        if len(graph) <= MOST_UNROLLED:
            choices.append(steps)
        else:
            notes.append(f"A picture of all {len(steps):,} time steps would be too large for this page.")
    elif len(steps) > DOZEN:
        choices.append(_choose_steps(steps, "folded"))
    views = [_draw_view(graph, choice, manner) for choice in choices]
    if len(steps) > 1:
        views.insert(
            0 if rolled else len(views), _draw_view(graph, _choose_steps(steps, "rolled"), manner, rolled=True)
        )
    return render_page(graph, _title(graph, steps, rolled=False).capitalize(), views, notes)


def _check(setting: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        names = ", ".join(repr(name) for name in allowed if name is not None)
        raise SettingError(f"{setting} is one of {names}, not {value!r}")


def _choose_steps(steps: Sequence[int], view: str | None) -> list[int]:
    """The steps that a view shows."""
    folds = view == "folded" or (view != "unrolled" and len(steps) > DOZEN)
    if not folds or len(steps) <= FIRST + LAST:
        return list(steps)
    return [*steps[:FIRST], *steps[-LAST:]]


def _list_gaps(scene: Scene, steps: Sequence[int]) -> dict[str, tuple[int, int]]:
    """The first and the last of the steps that each gap stands for, by the gap's name in DOT."""
    starts = [(scene.positions[step] + 1, count) for step, count in scene.hidden.items()]
    return {f"h{number}": (steps[start], steps[start + count - 1]) for number, (start, count) in enumerate(starts)}


def _title(graph: Graph, shown: Sequence[int], rolled: bool) -> str:
    counts = f"a graph of {len(graph)} nodes"
    if not graph.steps:
        return counts
    if rolled:
        return f"{counts} in {len(graph.steps)} time steps, rolled up"
    some = "" if len(shown) == len(graph.steps) else f", {len(shown)} of them shown"
    return f"{counts} in {len(graph.steps)} time steps{some}"
