"""From a graph to a picture: what to show, where, and as DOT."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tinygrad_rnn.drawing.adjoints import Adjoints
from tinygrad_rnn.drawing.backward import Backward
from tinygrad_rnn.drawing.cards import Numbers, make_cards
from tinygrad_rnn.drawing.diagram import Diagram
from tinygrad_rnn.drawing.dot import Writer
from tinygrad_rnn.drawing.highlight import check_steps, find_path
from tinygrad_rnn.drawing.legend import write_label, write_rows
from tinygrad_rnn.drawing.lettering import letter
from tinygrad_rnn.drawing.overlay import Overlay
from tinygrad_rnn.drawing.period import Spacing
from tinygrad_rnn.drawing.render import LAYOUT_SECONDS
from tinygrad_rnn.drawing.routes import route
from tinygrad_rnn.drawing.scene import Mark
from tinygrad_rnn.drawing.sources import Source, check_setting, graph_of, loss_of
from tinygrad_rnn.drawing.staging import build_scene
from tinygrad_rnn.drawing.theme import THEMES
from tinygrad_rnn.drawing.tiling import find_period, lay_out
from tinygrad_rnn.graph import Graph

FIRST, LAST = 3, 2
"""How many steps a folded view shows at the start and at the end."""

DOZEN = 12
"""The most steps that are shown without folding unless asked for."""

VIEWS = ("unrolled", "folded")
SPACINGS = {"ops": Spacing(marks=18.0, rows=20.0), "variables": Spacing(marks=18.0, rows=34.0)}


def draw(
    what: Source,
    view: str | None = None,
    detail: str = "ops",
    direction: str = "LR",
    theme: str = "light",
    shapes: bool = False,
    backward: bool = False,
    values: bool = False,
    gradients: bool = False,
    highlight: tuple[int, int] | None = None,
) -> Diagram:
    """Draw a graph.

    A graph with time steps is drawn in columns, one for each step, with the same mark at the same height in
    each and what is carried from step to step as a straight line. Shared parameters are written where they
    are used. A graph without steps, or whose steps have nothing in common, is laid out by Graphviz's dot.

    Args:
        what: a Tensor, several, a graph, or an unrolled network.
        view: "unrolled" for all steps, "folded" for the first three and the last two; unrolled up to a
            dozen steps and folded above if not given.
        detail: "ops" for every operation, "variables" for labelled values, with weights on the edges.
        direction: of time: "LR", from left to right.
        theme: "light" or "dark".
        shapes: write the shape of each value beside it.
        backward: draw backprop on the same geometry: beside each line along which it ran another one the
            other way, all coloured by the norms of the gradients; and what the parameters receive at each use.
        values: show values on the marks: a number, up to a dozen entries as colours, or else the norm.
        gradients: show gradients likewise.
        highlight: (t, k): fade all but the ways by which the loss of step t credits the states and inputs of
            step k; steps are counted as labels count them, and are shown in a folded view as well.

    Raises:
        SettingError: an unknown setting.
        GraphError: nothing to draw, or something that is no Tensor; a gradient is asked for, and the graph has
            several outputs, or one with several elements, or no parameters; the step highlighted has no loss, or
            its loss does not depend on the other step.

    >>> x = tg.tensor(2.0, label="x")
    >>> tg.draw(x * x + 1).source.startswith("digraph")
    True
    """
    check_setting("view", view, (*VIEWS, None))
    check_setting("detail", detail, tuple(SPACINGS))
    check_setting("direction", direction, ("LR",))
    check_setting("theme", theme, tuple(THEMES))
    graph = graph_of(what)
    ends = () if highlight is None else check_steps(graph.steps, highlight)
    shown = _choose_steps(graph.steps, view, ends)
    colours = THEMES[theme]
    scene = build_scene(graph, detail, shown, numbers=backward or values or gradients)
    lettering = letter(mark for marks in scene.blocks.values() for mark in marks)
    adjoints = Adjoints(scene, loss_of(what, graph)) if backward or gradients else None
    numbers = []
    if values:
        numbers.append(Numbers("value", "=", {node: node.data for node in scene.nodes}, colours))
    if gradients and adjoints:
        numbers.append(Numbers("gradient", "∇", adjoints.arrays, colours))
    cards, lettering = make_cards(scene, lettering, numbers)
    lit = find_path(scene, graph, *ends) if ends else None
    overlay = Backward(adjoints, colours, lit) if backward and adjoints else Overlay(colours, lit)
    writer = Writer(scene, lettering, colours, shapes, overlay, cards)
    legend = [*overlay.describe(), *(row for found in numbers if (row := found.describe()))]
    boxes = {mark: letters.box for mark, letters in lettering.items()}
    period = find_period(scene, boxes, SPACINGS[detail]) if shown else None
    titles = {name: _describe(mark, adjoints) for mark, name in writer.names.items()}
    title = _title(graph, shown)
    if period is None:
        notes = [*overlay.write_unplaced(writer.ends), *write_label(legend)]
        return Diagram(writer.unplaced(notes), titles, title, LAYOUT_SECONDS)
    layout = lay_out(scene, period, boxes, SPACINGS[detail])
    lines = route(scene, layout)
    notes = [*overlay.write(writer.names, scene, layout, lines), *write_rows(legend, layout.corner)]
    return Diagram(writer.placed(layout, lines, notes), titles, title)


def _choose_steps(steps: Sequence[int], view: str | None, wanted: Collection[int]) -> list[int]:
    """The steps that a view shows: in any case those that are wanted."""
    folds = view == "folded" or (view is None and len(steps) > DOZEN)
    if not folds or len(steps) <= FIRST + LAST:
        return list(steps)
    return sorted({*steps[:FIRST], *steps[-LAST:], *wanted})


def _title(graph: Graph, shown: Sequence[int]) -> str:
    counts = f"a graph of {len(graph)} nodes"
    if not graph.steps:
        return counts
    some = "" if len(shown) == len(graph.steps) else f", {len(shown)} of them shown"
    return f"{counts} in {len(graph.steps)} time steps{some}"


def _describe(mark: Mark, adjoints: Adjoints | None) -> str:
    """What a mark's title says, which viewers show under the pointer."""
    words = f"{mark.node.describe()} {mark.node.dtype}"
    if adjoints is None:
        return words
    norm = adjoints.nodes.get(mark.node)
    return f"{words}, {'no gradient' if norm is None else f'norm of the gradient {norm:.4g}'}"
