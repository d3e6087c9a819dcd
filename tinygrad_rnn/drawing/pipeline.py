"""From a graph to one view of it, stage by stage: what is shown, what is laid over it, where it stands, and as DOT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from tinygrad_rnn.drawing.basics.geometry import Box
from tinygrad_rnn.drawing.basics.theme import THEMES, Theme
from tinygrad_rnn.drawing.dot import Writer
from tinygrad_rnn.drawing.layout.period import Period, Spacing
from tinygrad_rnn.drawing.layout.tiling import find_period, lay_out
from tinygrad_rnn.drawing.lines.routes import Router
from tinygrad_rnn.drawing.overlays.adjoints import Adjoints
from tinygrad_rnn.drawing.overlays.backward import Backward
from tinygrad_rnn.drawing.overlays.cards import Numbers, make_cards
from tinygrad_rnn.drawing.overlays.highlight import find_loss, find_path
from tinygrad_rnn.drawing.overlays.legend import Entry, symbol, title, write_label, write_rows
from tinygrad_rnn.drawing.overlays.overlay import Overlay
from tinygrad_rnn.drawing.render import LAYOUT_SECONDS, PAINT_SECONDS
from tinygrad_rnn.drawing.scene.folding import FIRST, LAST
from tinygrad_rnn.drawing.scene.glyphs import value_text
from tinygrad_rnn.drawing.scene.lettering import letter
from tinygrad_rnn.drawing.scene.moments import find_moments
from tinygrad_rnn.drawing.scene.nablas import tell_apart
from tinygrad_rnn.drawing.scene.rolling import repeated_part, roll_scene
from tinygrad_rnn.drawing.scene.scene import Mark, Scene
from tinygrad_rnn.drawing.scene.sources import Source, loss_of
from tinygrad_rnn.drawing.scene.staging import build_scene
from tinygrad_rnn.drawing.view import View
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.node import Tensor

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


def draw_view(graph: Graph, shown: Sequence[int], manner: Manner, rolled: bool = False) -> View:
    """Draw a graph, of its time steps those given, or what they have in common."""
    unrolled = build_scene(graph, manner.detail, shown, manner.depth, numbers=manner.layers > 1)
    tell_apart(unrolled)
    scene = roll_scene(unrolled) if rolled else unrolled
    layers = _find_layers(scene, graph, manner)
    overlay, legend = layers.overlay, layers.legend

    lettering = letter(mark for each in (unrolled, scene) for marks in each.blocks.values() for mark in marks)
    cards, lettering = make_cards(lettering, layers.numbers)
    boxes, spacing = {mark: letters.box for mark, letters in lettering.items()}, SPACINGS[manner.detail]
    repeated = repeated_part(unrolled, scene) if rolled else unrolled
    period = find_period(repeated, boxes, spacing, is_rolled=rolled) if shown else None

    writer = Writer(scene, lettering, cards, overlay, manner.shapes)
    marks = {name: mark.node for mark, name in writer.names.items()}
    if period is None:
        notes = [*overlay.write_unplaced(writer.ends), *write_label(legend)]
        source, seconds = writer.unplaced(notes), LAYOUT_SECONDS
    else:
        router = _lay_out(scene, period, boxes, spacing)
        layout, lines = router.layout, router.route()
        added = overlay.write(writer.names, router, lines)
        notes = [*added.statements, *write_rows(legend, layout.corner)]
        source, seconds = writer.placed(layout, lines, notes), PAINT_SECONDS
        marks |= added.marks
    return View(
        name="rolled" if rolled else "folded" if scene.hidden else "unrolled",
        title=title_of(graph, shown, rolled, scene.omits),
        source=source,
        marks=marks,
        titles={name: _describe(mark, layers.adjoints) for mark, name in writer.names.items()},
        gaps={} if rolled else _list_gaps(scene, graph.steps),
        seconds=seconds,
        advice=_advise([] if rolled else shown, manner),
        find_moments=partial(_find_moments, graph, manner, scene, writer.names) if rolled else dict,
    )


# ---------------------------------------------------------------------- what is laid over a drawing


class Layers(NamedTuple):
    """What is drawn of a graph besides itself.

    Attributes:
        adjoints: what backprop hands from node to node, or None where that is not asked for.
        numbers: what is written on marks below their labels.
        overlay: other colours and lines.
        legend: the rows of the legend.
    """

    adjoints: Adjoints | None
    numbers: list[Numbers]
    overlay: Overlay
    legend: list[list[Entry]]


def _find_layers(scene: Scene, graph: Graph, manner: Manner) -> Layers:
    """What the settings ask for."""
    colours = THEMES[manner.theme]
    needs_adjoints = manner.backward or manner.gradients
    adjoints = Adjoints(scene, _find_output(scene, graph, manner)) if needs_adjoints else None
    numbers = list(_find_numbers(scene, adjoints, manner, colours))
    lit = find_path(scene, graph, *manner.highlight) if manner.highlight else None
    overlay = Backward(adjoints, colours, lit) if manner.backward and adjoints else Overlay(colours, lit)
    legend = [_describe_output(adjoints.output, colours)] if adjoints and manner.highlight else []
    legend += [*overlay.describe(), *(row for found in numbers if (row := found.describe()))]
    return Layers(adjoints, numbers, overlay, legend)


def _find_output(scene: Scene, graph: Graph, manner: Manner) -> Tensor:
    """What gradients are of: the loss of the step that is highlighted, or that of the whole graph."""
    return find_loss(scene, manner.highlight[0]) if manner.highlight else loss_of(manner.what, graph)


def _find_numbers(scene: Scene, adjoints: Adjoints | None, manner: Manner, colours: Theme) -> Iterator[Numbers]:
    """What is written on marks below their labels."""
    if manner.values:
        yield Numbers("value", "=", {node: node.data for node in scene.nodes}, colours)
    if manner.gradients and adjoints:
        yield Numbers("gradient", "∇", adjoints.arrays, colours)


def _describe_output(output: Tensor, colours: Theme) -> list[Entry]:
    """The legend's row that says what the gradients are of."""
    return [title("gradients are of", colours), symbol(value_text(output), colours)]


# ---------------------------------------------------------------------- where it stands


def _lay_out(scene: Scene, period: Period, boxes: Mapping[Mark, Box], spacing: Spacing) -> Router:
    """The layout and what routes lines through it; once more where these need more room between steps than is usual."""
    router = Router(scene, lay_out(scene, period, boxes, spacing))
    room = router.rooms.needed
    return router if room <= router.layout.gap else Router(scene, lay_out(scene, period, boxes, spacing, room))


# ---------------------------------------------------------------------- what is said of it


def title_of(graph: Graph, shown: Sequence[int], rolled: bool, omits: bool = False) -> str:
    """What a view shows, in words; `omits` tells whether a rolled one leaves something out."""
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


def _list_gaps(scene: Scene, steps: Sequence[int]) -> dict[str, tuple[int, int]]:
    """The first and the last of the steps that each gap stands for, by the gap's name in DOT."""
    starts = [(scene.positions[step] + 1, count) for step, count in scene.hidden.items()]
    return {f"h{number}": (steps[start], steps[start + count - 1]) for number, (start, count) in enumerate(starts)}


def _advise(shown: Sequence[int], manner: Manner) -> str:
    """What to draw instead of a picture that is too large, of what the settings leave open."""
    ways = []
    if len(shown) > FIRST + LAST:
        ways.append("fewer steps (view='folded')")
    if manner.detail == "ops":
        ways.append("less detail (detail='variables')")
    return " or ".join([*ways, "a part of the graph (Graph.between)"])


def _find_moments(
    graph: Graph, manner: Manner, scene: Scene, names: Mapping[Mark, str]
) -> dict[str, Mapping[float, Tensor]]:
    """The node of each mark of a rolled scene at each time step, by the mark's name in DOT."""
    moments = find_moments(scene, build_scene(graph, manner.detail, depth=manner.depth))
    return {names[mark]: nodes for mark, nodes in moments.items()}
