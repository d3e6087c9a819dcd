"""Matplotlib figures of an unrolled network over time: how gradients flow, and what its states and weights are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn.autodiff import trace_backward
from tinygrad_rnn.drawing.adjoints import norm
from tinygrad_rnn.drawing.colours import diverging, sequential
from tinygrad_rnn.drawing.glyphs import value_text
from tinygrad_rnn.drawing.label import Text
from tinygrad_rnn.drawing.scales import LogScale, power_of_ten
from tinygrad_rnn.drawing.sources import Source, check_setting, graph_of, loss_of
from tinygrad_rnn.drawing.staging import build_scene
from tinygrad_rnn.drawing.theme import THEMES, Theme
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.extras import require_extra
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.node import Array, Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

MOST_SIGNS = 40
"""The most time steps of a figure in which zeros are marked."""


def gradient_flow(what: Source, theme: str = "light") -> Figure:
    """How large gradients are over time: those of the states, and what each parameter receives in each step.

    Where there is no gradient the figure is blank; where it is zero it says so.

    Args:
        what: an unrolled network, one number made in time steps, or its graph.
        theme: "light" or "dark".

    Raises:
        MissingExtraError: matplotlib is not installed.
        SettingError: an unknown theme.
        GraphError: there are no time steps, or nothing to differentiate.

    >>> run = tg.nn.ElmanRNN(2, 3, 1).unroll(np.ones((5, 2)), np.zeros((5, 1)))
    >>> [axes.get_ylabel() for axes in tg.drawing.gradient_flow(run).axes]
    ['', 'norm of the gradient']
    """
    graph = _prepare(what, theme)
    rows = _gradients(graph, loss_of(what, graph))
    norms = np.array([[rows[name].get(step, np.nan) for step in graph.steps] for name in rows])
    scale, colours = LogScale(norms[norms > 0]), THEMES[theme]

    def plot(figure: Figure) -> None:
        from matplotlib.colors import LogNorm

        axes = figure.add_subplot()
        limits = LogNorm(10.0**scale.low, 10.0**scale.high, clip=True)
        colour_map = _colour_map(lambda part: sequential(part, colours))
        image = axes.pcolormesh(
            np.ma.masked_where(~(norms > 0), norms), cmap=colour_map, norm=limits,
            edgecolors=colours.background, linewidth=0.5 if len(graph.steps) <= MOST_SIGNS else 0,
        )  # fmt: skip
        if len(graph.steps) <= MOST_SIGNS:
            for row, column in np.argwhere(norms == 0):
                axes.text(column + 0.5, row + 0.5, "0", ha="center", va="center", color=colours.muted)
        _label_steps(axes, graph.steps)
        axes.set_yticks(np.arange(len(rows)) + 0.5, list(rows), fontsize=11)
        axes.invert_yaxis()
        bar = figure.colorbar(image, ax=axes, label="norm of the gradient", pad=0.02)
        bar.set_ticks([10.0**exponent for exponent in scale.ticks], labels=[power_of_ten(k) for k in scale.ticks])
        bar.ax.minorticks_off()
        bar.outline.set_visible(False)

    return _figure(plot, (8.0, 0.9 + 0.32 * len(rows)), colours)


def states_and_weights(what: Source, theme: str = "light") -> Figure:
    """The states over time, unit by unit, and the weights that make them.

    Takes and raises what `gradient_flow` does, but for what is said of differentiating.

    >>> figure = tg.drawing.states_and_weights(tg.nn.ElmanRNN(2, 3, 1).unroll(np.ones((5, 2))))
    >>> [axes.get_title() for axes in figure.axes if axes.get_title()]
    ['$h_{t}$', '$W_{xh}$', '$W_{hh}$', '$W_{oh}$', '$b_{h}$', '$b_{o}$']
    """
    graph = _prepare(what, theme)
    states = [(name, _columns(nodes, graph.steps)) for name, nodes in _states(graph).items()]
    weights = [(_formula(value_text(node)), _matrix(node.data)) for node in graph.parameters if node.size]
    colours = THEMES[theme]

    def plot(figure: Figure) -> None:
        upper, lower = figure.subfigures(2, 1, height_ratios=[max(len(states), 1), 1.1], squeeze=False).ravel()
        for axes, (name, values) in zip(_row(upper, 1, len(states)), states, strict=True):
            _show(axes, name, values, colours)
            _label_steps(axes, graph.steps)
            axes.set_ylabel("unit")
        for axes, (name, values) in zip(_row(lower, len(weights), 1), weights, strict=True):
            _show(axes, name, values, colours)
            axes.set_xticks([])

    return _figure(plot, (9.0, 1.2 + 1.6 * len(states) + 1.8), colours)


# ---------------------------------------------------------------------- what is shown


def _prepare(what: Source, theme: str) -> Graph:
    require_extra("cli", "matplotlib")
    check_setting("theme", theme, tuple(THEMES))
    graph = graph_of(what)
    if not graph.steps:
        raise GraphError("a graph without time steps has no course over time; mark steps with tg.step, or use unroll")
    return graph


def _states(graph: Graph) -> dict[str, dict[int, Tensor]]:
    """What is carried from step to step, by name: the node of each step."""
    scene = build_scene(graph, "variables")
    found: dict[Any, dict[int, Tensor]] = {role: {} for role in reversed(scene.states)}
    names: dict[Any, str] = {}
    for step in scene.steps:
        for mark in scene.blocks[step]:
            if mark.role in found:
                found[mark.role][int(step)] = mark.node
                names.setdefault(mark.role, _formula(mark.text, below="t"))
    named: dict[str, dict[int, Tensor]] = {}
    for role, nodes in found.items():
        if nodes:
            name = names[role]
            while name in named:  # layers may have states of one name
                name += "′"
            named[name] = nodes
    return named


def _gradients(graph: Graph, loss: Tensor) -> dict[str, dict[int, float]]:
    """For each state and each parameter, the norm of its gradient, or of its part of the gradient, by step."""
    adjoints: dict[Tensor, float] = {}
    parts: dict[Tensor, dict[int, Array]] = {node: {} for node in graph.parameters}
    for event in trace_backward(loss):
        adjoints[event.node] = norm(event.adjoint)
        for source, part in zip(event.node.inputs, event.contributions, strict=False):
            if source in parts and part is not None and event.node.step is not None:
                known = parts[source].get(event.node.step)
                parts[source][event.node.step] = part if known is None else known + part
    rows = {
        name: {step: adjoints[node] for step, node in nodes.items() if node in adjoints}
        for name, nodes in _states(graph).items()
    }
    for node, series in parts.items():
        if series:
            rows[_formula(value_text(node), above="(t)")] = {step: norm(part) for step, part in series.items()}
    return rows


def _columns(nodes: Mapping[int, Tensor], steps: Sequence[int]) -> Array:
    """The units of a state as rows, the time steps as columns."""
    size = max(node.size for node in nodes.values())
    columns = np.full((size, len(steps)), np.nan)
    for column, step in enumerate(steps):
        if step in nodes:
            columns[: nodes[step].size, column] = nodes[step].data.ravel()
    return columns


def _matrix(array: Array) -> Array:
    """An array as a matrix; a vector as one column."""
    return array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)


def _formula(text: Text, below: str = "", above: str = "") -> str:
    """A label as matplotlib writes formulas, perhaps with another subscript or superscript."""
    base = "".join(run.text for run in text if run.script == "base")
    if not base.isalpha():
        return base.replace("$", r"\$")
    below = below or "".join(run.text for run in text if run.script == "sub")
    above = above or "".join(run.text for run in text if run.script == "sup")
    return f"${base}" + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "") + "$"


# ---------------------------------------------------------------------- how it is plotted


def plot_style(theme: Theme) -> dict[str, Any]:
    """Matplotlib's settings for a theme."""
    return {
        "font.size": 9,
        "text.color": theme.text,
        "axes.labelcolor": theme.text,
        "axes.edgecolor": theme.edge,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": theme.edge,
        "ytick.color": theme.edge,
        "xtick.labelcolor": theme.text,
        "ytick.labelcolor": theme.text,
        "legend.frameon": False,
    }


def _figure(plot: Callable[[Figure], None], size: tuple[float, float], theme: Theme) -> Figure:
    """A figure of a size in inches that `plot` fills."""
    from matplotlib import style
    from matplotlib.figure import Figure

    settings = {"mathtext.fontset": "stix", "figure.facecolor": theme.background, "axes.facecolor": theme.background}
    with style.context(["default", {**plot_style(theme), **settings}]):
        figure = Figure(size, layout="constrained")
        plot(figure)
    return figure


def _row(figure: Any, across: int, down: int) -> list[Axes]:
    """Axes side by side, or one above the other."""
    return list(figure.subplots(max(down, 1), max(across, 1), squeeze=False).ravel()[: across * down])


def _show(axes: Axes, name: str, values: Array, theme: Theme) -> None:
    """Numbers as colours, on a scale of their own around zero."""
    largest = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    colour_map = _colour_map(lambda part: diverging(2 * part - 1, theme))
    image = axes.pcolormesh(np.ma.masked_invalid(values), cmap=colour_map, vmin=-largest, vmax=largest)
    axes.set_title(name)
    axes.set_yticks([])
    axes.invert_yaxis()
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_ticks([-largest, 0.0, largest], labels=[f"{-largest:.2g}".replace("-", "−"), "0", f"{largest:.2g}"])
    bar.outline.set_visible(False)


def _colour_map(colour: Callable[[float], str]) -> Colormap:
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour(k / 255) for k in range(256)])


def _label_steps(axes: Axes, steps: Sequence[int]) -> None:
    """The numbers of the steps below their columns, of at most twenty of them."""
    shown = range(0, len(steps), -(-len(steps) // 20))
    axes.set_xticks([k + 0.5 for k in shown], [str(steps[k]) for k in shown])
    axes.set_xlabel("time step")
