"""The public function `draw`: from a graph to a picture, and to a page with several views of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np

from tinygrad_rnn.drawing.diagram import Diagram
from tinygrad_rnn.drawing.folding import DOZEN, choose_steps
from tinygrad_rnn.drawing.highlight import check_steps
from tinygrad_rnn.drawing.pipeline import SPACINGS, Manner, draw_view, title_of
from tinygrad_rnn.drawing.sources import Source, check_setting, graph_of, is_whole_number
from tinygrad_rnn.drawing.theme import THEMES
from tinygrad_rnn.drawing.view import View
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.graph import Graph

MOST_UNROLLED = 3_000
"""The most nodes of a graph whose page can show it unrolled where that is not asked for; of one with gradients or
values beside the nodes, as many fewer as the picture is larger."""

VIEWS = ("unrolled", "folded", "rolled")


def draw(
    what: Source,
    view: str | None = None,
    detail: str = "ops",
    direction: str = "LR",
    theme: str = "light",
    shapes: bool = False,
    depth: int | None = None,
    backward: bool = False,
    values: bool = False,
    gradients: bool = False,
    highlight: tuple[int, int] | None = None,
) -> Diagram:
    """Draw a graph.

    A graph with time steps is drawn in columns, one for each step, with the same mark at the same height in
    each and what is carried from step to step as a straight line. Shared parameters are written where they
    are used. What the same steps read comes along one line above the columns, as the states do to which a decoder
    attends. A line that bears // was cut by `detach`. A graph without steps, or whose steps have nothing in common,
    is laid out by Graphviz's dot. Where backward passes are part of the graph, ∇h is the adjoint
    of h, and ∇′h that of a second pass.

    Args:
        what: a Tensor, several, a graph, or a network, cell or layer that was unrolled.
        view: "unrolled" for all steps, "folded" for the first three or more and the last two, "rolled" for what
            at least half of the steps do, drawn once, with loops for what is carried, "…" for what differs from step
            to step, and "most of" below where that is not all; unrolled up to a dozen steps and folded above if not
            given.
        detail: "ops" for every operation, "variables" for labelled values, with weights on the edges, "cells"
            for these with a box for each cell of a step: what was made in one scope, and of what has no scope
            all that a recurrence runs through. "W V" beside an edge is what one way multiplies by, first W, then V;
            "W, V" are the weights of several ways, as through a state and its gate: each once, in the order of
            their use. As in textbooks, parameters that are no matrices, such as biases, and plain numbers are
            left out of both.
        direction: of time: "LR", from left to right.
        theme: "light", "dark", or "print" for black and greys on white paper; no theme needs its colours to be seen.
        shapes: write the shape of each value beside it.
        depth: how many names of a scope tell cells apart: 1 makes one cell of "encoder/a" and "encoder/b"; all
            if not given.
        backward: draw backprop on the same geometry: beside each line along which it ran another one the
            other way, all coloured by the norms of the gradients; and what the parameters receive at each use.
            Gradients are computed for the drawing; what `backward` has left in `grad` is neither read nor changed.
        values: show values on the marks: a number, up to a dozen entries as colours, or else the norm.
        gradients: show gradients likewise.
        highlight: (t, k): fade all but the ways by which the loss of step t credits the states and inputs of
            step k; steps are counted as labels count them, and are shown in a folded view as well. Gradients are
            then those of the loss of step t alone, and the legend names it.

    Raises:
        SettingError: an unknown setting, or settings that do not go together.
        GraphError: nothing to draw, or something that is no Tensor; a gradient is asked for, and the graph has
            several outputs, or one with several elements, or no parameters; the step highlighted has no loss, or
            several and a gradient is asked for, or its loss does not depend on the other step.

    >>> x = tg.tensor(2.0, label="x")
    >>> tg.draw(x * x + 1).source.startswith("digraph")
    True
    """
    check_setting("view", view, (*VIEWS, None))
    check_setting("detail", detail, tuple(SPACINGS))
    check_setting("direction", direction, ("LR",))
    check_setting("theme", theme, tuple(THEMES))
    switches = {"shapes": shapes, "backward": backward, "values": values, "gradients": gradients}
    for setting, switch in switches.items():
        if not isinstance(switch, bool | np.bool_):
            raise SettingError(f"{setting} is True or False, not {switch!r}")
    if depth is not None and (not is_whole_number(depth) or depth < 1):
        raise SettingError(f"depth is a whole number of at least 1, not {depth!r}")
    graph, rolled = graph_of(what), view == "rolled"
    if rolled:
        _require_rollable(graph, backward or values or gradients or highlight is not None)
    ends = None if highlight is None else check_steps(graph.steps, highlight)
    shown = choose_steps(graph, view, ends or ())
    manner = Manner(what, detail, depth, theme, shapes, backward, values, gradients, ends)
    drawn = draw_view(graph, shown, manner, rolled)
    write_page = partial(_write_page, graph, shown, manner, rolled)
    return Diagram(drawn, write_page)


def _require_rollable(graph: Graph, numbers: bool) -> None:
    """Refuse what has no rolled view."""
    if not graph.steps:
        raise SettingError("only time steps can be rolled up, and this graph has none: mark them by `with tg.step(t):`")
    if numbers:
        raise SettingError(
            "a rolled view stands for all steps at once, and has no values, gradients or ways of its own; "
            'draw these with view="unrolled" or "folded"'
        )


def _write_page(graph: Graph, shown: Sequence[int], manner: Manner, rolled: bool) -> str:
    """The page of a graph: the view asked for, and the others where there are such and the page can hold them."""
    from tinygrad_rnn.drawing.page import render_page  # what most drawings do without

    steps, choices, notes = graph.steps, [shown], []
    if len(shown) < len(steps):
        if len(graph) * manner.layers <= MOST_UNROLLED:
            choices.append(steps)
        else:
            notes.append(f"A picture of all {len(steps):,} time steps would be too large for this page.")
    elif len(steps) > DOZEN:
        choices.append(choose_steps(graph, "folded", manner.highlight or ()))
    if manner.highlight and (manner.backward or manner.gradients):
        notes.append(
            f"In the picture, gradients are those of the loss of step {manner.highlight[0]} alone; all others in this "
            "page are those of the graph's output."
        )
    views = [_draw_light_and_dark(graph, choice, manner) for choice in choices]
    if len(steps) > 1:
        with suppress(SettingError):  # no two steps are alike
            once = _draw_light_and_dark(graph, choose_steps(graph, "rolled"), manner.plain, rolled=True)
            views.insert(0 if rolled else len(views), once)
            if manner.layers > 1 or manner.highlight:
                notes.append("The rolled view stands for all time steps at once, so that nothing is laid over it.")
    return render_page(graph, title_of(graph, steps, rolled=False).capitalize(), views, notes)


def _draw_light_and_dark(graph: Graph, shown: Sequence[int], manner: Manner, rolled: bool = False) -> View:
    """A view in the colours of both themes, for a page, whose reader prefers one of them."""
    light, dark = (draw_view(graph, shown, manner._replace(theme=theme), rolled) for theme in ("light", "dark"))
    return replace(light, dark=dark.source)
