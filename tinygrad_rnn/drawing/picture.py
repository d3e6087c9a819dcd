"""From a graph to a picture: what to show, where, and as DOT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.drawing.adjoints import Adjoints
from tinygrad_rnn.drawing.backward import Backward
from tinygrad_rnn.drawing.cards import Numbers, make_cards
from tinygrad_rnn.drawing.diagram import Diagram
from tinygrad_rnn.drawing.dot import Writer
from tinygrad_rnn.drawing.folding import DOZEN, FIRST, LAST, choose_steps
from tinygrad_rnn.drawing.geometry import Box
from tinygrad_rnn.drawing.glyphs import value_text
from tinygrad_rnn.drawing.highlight import check_steps, find_loss, find_path
from tinygrad_rnn.drawing.layout import Layout
from tinygrad_rnn.drawing.legend import Cell, name, title, write_label, write_rows
from tinygrad_rnn.drawing.lettering import letter
from tinygrad_rnn.drawing.moments import find_moments
from tinygrad_rnn.drawing.nablas import tell_apart
from tinygrad_rnn.drawing.overlay import Overlay
from tinygrad_rnn.drawing.period import Period, Spacing
from tinygrad_rnn.drawing.render import LAYOUT_SECONDS, PAINT_SECONDS
from tinygrad_rnn.drawing.rolling import repeated_part, roll_scene
from tinygrad_rnn.drawing.routes import room_needed, route
from tinygrad_rnn.drawing.scene import Mark, Scene
from tinygrad_rnn.drawing.sources import Source, check_setting, graph_of, is_whole_number, loss_of
from tinygrad_rnn.drawing.staging import build_scene
from tinygrad_rnn.drawing.theme import THEMES, Theme
from tinygrad_rnn.drawing.tiling import find_period, lay_out
from tinygrad_rnn.drawing.view import View
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.node import Tensor

MOST_UNROLLED = 3_000
"""The most nodes of a graph whose page can show it unrolled where that is not asked for; of one with gradients or
values beside the nodes, as many fewer as the picture is larger."""

VIEWS = ("unrolled", "folded", "rolled")
OPS, VALUES = Spacing(marks=18.0, rows=20.0), Spacing(marks=18.0, rows=34.0)
SPACINGS = {"ops": OPS, "variables": VALUES, "cells": VALUES}


class Manner(NamedTuple):
    """How a graph is drawn, whichever of its steps are shown: the settings of `draw`."""

    what: Source
    detail: str
    depth: int | None = None
    theme: str = "light"
    shapes: bool = False
    backward: bool = False
    values: bool = False
    gradients: bool = False
    highlight: tuple[int, int] | None = None

    @property
    def plain(self) -> Manner:
        """The same without anything laid over the drawing."""
        return self._replace(backward=False, values=False, gradients=False, highlight=None)

    @property
    def layers(self) -> int:
        """How many times as much is drawn as in a plain drawing, about."""
        return 1 + self.backward + self.values + self.gradients


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
    drawn = _draw_view(graph, shown, manner, rolled)
    write_page = partial(_write_page, graph, shown, manner, rolled)
    return Diagram(drawn, write_page)


def _require_rollable(graph: Graph, numbers: bool) -> None:
    if not graph.steps:
        raise SettingError("only time steps can be rolled up, and this graph has none: mark them by `with tg.step(t):`")
    if numbers:
        raise SettingError(
            "a rolled view stands for all steps at once, and has no values, gradients or ways of its own; "
            'draw these with view="unrolled" or "folded"'
        )


def _draw_view(graph: Graph, shown: Sequence[int], manner: Manner, rolled: bool = False) -> View:
    """Draw a graph, of its time steps those given, or what they have in common."""
    colours = THEMES[manner.theme]
    needs_adjoints = manner.backward or manner.gradients
    unrolled = build_scene(graph, manner.detail, shown, manner.depth, needs_adjoints or manner.values)
    tell_apart(unrolled)
    scene = roll_scene(unrolled) if rolled else unrolled
    lettering = letter(mark for each in (unrolled, scene) for marks in each.blocks.values() for mark in marks)
    adjoints = Adjoints(scene, _find_output(scene, graph, manner)) if needs_adjoints else None
    numbers = list(_find_numbers(scene, adjoints, manner, colours))
    cards, lettering = make_cards(lettering, numbers)
    lit = find_path(scene, graph, *manner.highlight) if manner.highlight else None
    overlay = Backward(adjoints, colours, lit) if manner.backward and adjoints else Overlay(colours, lit)
    writer = Writer(scene, lettering, colours, manner.shapes, overlay, cards)
    legend = [_describe_output(adjoints.output, colours)] if adjoints and manner.highlight else []
    legend += [*overlay.describe(), *(row for found in numbers if (row := found.describe()))]
    boxes = {mark: letters.box for mark, letters in lettering.items()}
    spacing = SPACINGS[manner.detail]
    repeated = repeated_part(unrolled, scene) if rolled else unrolled
    period = find_period(repeated, boxes, spacing, is_rolled=rolled) if shown else None
    marks = {name: mark.node for mark, name in writer.names.items()}
    if period is None:
        notes = [*overlay.write_unplaced(writer.ends), *write_label(legend)]
        source, seconds = writer.unplaced(notes), LAYOUT_SECONDS
    else:
        layout = _lay_out(scene, period, boxes, spacing)
        lines = route(scene, layout)
        notes = [*overlay.write(writer.names, scene, layout, lines), *write_rows(legend, layout.corner)]
        source, seconds = writer.placed(layout, lines, notes), PAINT_SECONDS
        marks |= overlay.marks(layout, lines)
    return View(
        name="rolled" if rolled else "folded" if scene.hidden else "unrolled",
        title=_title(graph, shown, rolled, scene.omits),
        source=source,
        marks=marks,
        titles={name: _describe(mark, adjoints) for mark, name in writer.names.items()},
        gaps={} if rolled else _list_gaps(scene, graph.steps),
        seconds=seconds,
        advice=_advise([] if rolled else shown, manner),
        find_moments=partial(_find_moments, graph, manner, scene, writer.names) if rolled else dict,
    )


def _find_numbers(scene: Scene, adjoints: Adjoints | None, manner: Manner, colours: Theme) -> Iterator[Numbers]:
    """What is written on marks below their labels."""
    if manner.values:
        yield Numbers("value", "=", {node: node.data for node in scene.nodes}, colours)
    if manner.gradients and adjoints:
        yield Numbers("gradient", "∇", adjoints.arrays, colours)


def _lay_out(scene: Scene, period: Period, boxes: Mapping[Mark, Box], spacing: Spacing) -> Layout:
    """The layout; where lines need more room between steps than is usual, once more with that room."""
    layout = lay_out(scene, period, boxes, spacing)
    room = room_needed(scene, layout)
    return layout if room <= layout.gap else lay_out(scene, period, boxes, spacing, room)


def _find_moments(
    graph: Graph, manner: Manner, scene: Scene, names: Mapping[Mark, str]
) -> dict[str, Mapping[float, Tensor]]:
    """The node of each mark of a rolled scene at each time step, by the mark's name in DOT."""
    moments = find_moments(scene, build_scene(graph, manner.detail, depth=manner.depth))
    return {names[mark]: nodes for mark, nodes in moments.items()}


def _advise(shown: Sequence[int], manner: Manner) -> str:
    """What to draw instead of a picture that is too large, of what the settings leave open."""
    ways = []
    if len(shown) > FIRST + LAST:
        ways.append("fewer steps (view='folded')")
    if manner.detail == "ops":
        ways.append("less detail (detail='variables')")
    return " or ".join([*ways, "a part of the graph (Graph.between)"])


def _find_output(scene: Scene, graph: Graph, manner: Manner) -> Tensor:
    """What gradients are of: the loss of the step that is highlighted, or that of the whole graph."""
    return find_loss(scene, manner.highlight[0]) if manner.highlight else loss_of(manner.what, graph)


def _describe_output(output: Tensor, colours: Theme) -> list[Cell]:
    """The legend's row that says what the gradients are of."""
    return [title("gradients are of", colours), name(value_text(output), colours)]


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
    return render_page(graph, _title(graph, steps, rolled=False).capitalize(), views, notes)


def _draw_light_and_dark(graph: Graph, shown: Sequence[int], manner: Manner, rolled: bool = False) -> View:
    """A view in the colours of both themes, for a page, whose reader prefers one of them."""
    light, dark = (_draw_view(graph, shown, manner._replace(theme=theme), rolled) for theme in ("light", "dark"))
    return replace(light, dark=dark.source)


def _list_gaps(scene: Scene, steps: Sequence[int]) -> dict[str, tuple[int, int]]:
    """The first and the last of the steps that each gap stands for, by the gap's name in DOT."""
    starts = [(scene.positions[step] + 1, count) for step, count in scene.hidden.items()]
    return {f"h{number}": (steps[start], steps[start + count - 1]) for number, (start, count) in enumerate(starts)}


def _title(graph: Graph, shown: Sequence[int], rolled: bool, omits: bool = False) -> str:
    counts, steps = f"a graph of {_counted(len(graph), 'node')}", len(graph.steps)
    if not steps:
        return counts
    if rolled:
        left_out = ", without what fewer than half of them have" if omits else ""
        return f"{counts} in {_counted(steps, 'time step')}, rolled up{left_out}"
    some = "" if len(shown) == steps else f", {len(shown)} of them shown"
    return f"{counts} in {_counted(steps, 'time step')}{some}"


def _counted(number: int, noun: str) -> str:
    """Such as 1 node or 15,007 nodes."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _describe(mark: Mark, adjoints: Adjoints | None) -> str:
    """What a mark's title says, which viewers show under the pointer."""
    words = f"{mark.node.describe()} {mark.node.dtype}"
    if adjoints is None:
        return words
    norm = adjoints.nodes.get(mark.node)
    return f"{words}, {'no gradient' if norm is None else f'norm of the gradient {norm:.4g}'}"
