"""From a graph to a picture: what to show, where, and as DOT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tinygrad_rnn.drawing.diagram import Diagram
from tinygrad_rnn.drawing.dot import Writer
from tinygrad_rnn.drawing.lettering import letter
from tinygrad_rnn.drawing.period import Spacing
from tinygrad_rnn.drawing.render import LAYOUT_SECONDS
from tinygrad_rnn.drawing.rolling import roll_scene, without_ends
from tinygrad_rnn.drawing.routes import route
from tinygrad_rnn.drawing.staging import build_scene
from tinygrad_rnn.drawing.theme import THEMES
from tinygrad_rnn.drawing.tiling import find_period, lay_out
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.nn import Run
from tinygrad_rnn.node import Tensor

FIRST, LAST = 3, 2
"""How many steps a folded view shows at the start and at the end."""

DOZEN = 12
"""The most steps that are shown without folding unless asked for."""

VIEWS = ("unrolled", "folded", "rolled")
OPS, VALUES = Spacing(marks=18.0, rows=20.0), Spacing(marks=18.0, rows=34.0)
SPACINGS = {"ops": OPS, "variables": VALUES, "cells": VALUES}


def draw(
    what: Tensor | Iterable[Tensor] | Graph | Run,
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
        what: a Tensor, several, a graph, or an unrolled network.
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
    graph = what if isinstance(what, Graph) else what.graph if isinstance(what, Run) else Graph(what)
    graph = graph if graph.is_whole else graph.copy()
    if view == "rolled" and not graph.steps:
        raise SettingError("only time steps can be rolled up, and this graph has none: mark them by `with tg.step(t):`")
    shown = _choose_steps(graph.steps, view)
    unrolled = build_scene(graph, detail, shown, depth)
    scene = roll_scene(unrolled) if view == "rolled" else unrolled
    lettering = letter(mark for each in (unrolled, scene) for marks in each.blocks.values() for mark in marks)
    writer = Writer(scene, lettering, THEMES[theme], shapes)
    boxes = {mark: letters.box for mark, letters in lettering.items()}
    repeated = without_ends(unrolled) if view == "rolled" else unrolled
    period = find_period(repeated, boxes, SPACINGS[detail]) if shown else None
    titles = {name: f"{mark.node.describe()} {mark.node.dtype}" for mark, name in writer.names.items()}
    title = _title(graph, shown, view)
    if period is None:
        return Diagram(writer.unplaced(), titles, title, LAYOUT_SECONDS)
    layout = lay_out(scene, period, boxes, SPACINGS[detail])
    return Diagram(writer.placed(layout, route(scene, layout)), titles, title)


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


def _title(graph: Graph, shown: Sequence[int], view: str | None) -> str:
    counts = f"a graph of {len(graph)} nodes"
    if not graph.steps:
        return counts
    if view == "rolled":
        return f"{counts} in {len(graph.steps)} time steps, rolled up"
    some = "" if len(shown) == len(graph.steps) else f", {len(shown)} of them shown"
    return f"{counts} in {len(graph.steps)} time steps{some}"
