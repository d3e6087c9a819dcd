"""Matplotlib figures of an unrolled network over time: how gradients flow, and what its states and weights are."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn.drawing.basics.colours import diverging, letters_on, sequential
from tinygrad_rnn.drawing.basics.scales import LogScale, power_of_ten
from tinygrad_rnn.drawing.basics.theme import THEMES, Theme
from tinygrad_rnn.drawing.overlays.cards import letter_for
from tinygrad_rnn.drawing.scene.sources import Source, check_setting, graph_of, loss_of
from tinygrad_rnn.drawing.series import gradients_over_time, states_over_time, weights_of
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.extras import require_extra
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.node import Array, Shape, Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, FigureBase
    from matplotlib.patches import Patch

Masked = np.ma.MaskedArray[Any, Any]

SERIF = ["STIXGeneral", "DejaVu Sans"]
"""The font of formulas, for names that are none."""

MOST_SIGNS = 40
"""The most time steps of a figure in which cells bear signs."""

LEAST_ACROSS, MOST_ACROSS = 4, 5
"""For how many weights side by side there is room."""

MOST_ROWS = 16
"""The most rows of a state that are set off from each other."""

CORNERS = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
"""Of a cell, from its column and row."""


def gradient_flow(what: Source, theme: str = "light") -> Figure:
    """How large gradients are over time: those of the states, and what each parameter receives in each step.

    What has no place among the colours is told below them: no gradient, one of zero (0), and what is not finite, as
    NaN (?) and infinity (↑) are.

    Args:
        what: an unrolled network, one number made in time steps, or its graph.
        theme: "light", "dark" or "print".

    Raises:
        MissingExtraError: matplotlib is not installed.
        SettingError: an unknown theme.
        GraphError: there are no time steps, nothing to differentiate, or neither states nor parameters in steps.

    >>> run = tg.nn.ElmanRNN(2, 3, 1).unroll(np.ones((5, 2)), np.zeros((5, 1)))
    >>> [axes.get_ylabel() for axes in tg.drawing.gradient_flow(run).axes]
    ['', 'norm of the gradient']
    """
    graph = _prepare(what, theme)
    rows = gradients_over_time(graph, loss_of(what, graph))
    if not rows:
        raise GraphError(
            "no state is carried from step to step and no step reads a parameter: there is nothing to show"
        )
    norms, colours = _table(rows.values(), graph.steps), THEMES[theme]

    def plot(figure: Figure) -> None:
        axes = figure.add_subplot()
        with_signs = len(graph.steps) <= MOST_SIGNS
        _show_norms(axes, norms, colours, with_signs)
        handles = _mark_oddities(axes, norms, "gradient", colours, with_signs)
        handles += _hatch(axes, norms == 0, "zero", colours.background, colours.edge, "")
        if with_signs:
            _write_signs(axes, norms, colours)
        _label_steps(axes, graph.steps)
        axes.set_yticks(np.arange(len(rows)) + 0.5, list(rows), fontsize=11, family=SERIF)
        axes.invert_yaxis()
        _explain(figure, handles)

    return _figure(plot, (8.0, max(1.2 + 0.32 * len(rows), 2.4)), colours)


def states_and_weights(what: Source, theme: str = "light") -> Figure:
    """The states over time, unit by unit, and the weights that make them.

    A state of several axes is shown row by row: of a batch, [0] has the units of the first element.

    Args:
        what: what `gradient_flow` takes; there need be nothing to differentiate.
        theme: "light", "dark" or "print", which has a pattern where numbers are negative.

    Raises:
        MissingExtraError: matplotlib is not installed.
        SettingError: an unknown theme.
        GraphError: there are no time steps.

    >>> figure = tg.drawing.states_and_weights(tg.nn.ElmanRNN(2, 3, 1).unroll(np.ones((5, 2))))
    >>> [axes.get_title() for axes in figure.axes if axes.get_title()]
    ['$h_{t}$', '$W_{xh}$', '$W_{hh}$', '$W_{oh}$', '$b_{h}$', '$b_{o}$']
    """
    graph = _prepare(what, theme)
    states, colours = states_over_time(graph), THEMES[theme]
    weights = {name: node for name, node in weights_of(graph).items() if node.size}
    down = max(-(-len(weights) // MOST_ACROSS), 1)
    across = max(-(-len(weights) // down), LEAST_ACROSS)
    columns = {name: _columns(nodes, graph.steps) for name, nodes in states.items()}
    high = [min(max(0.07 * len(values), 0.9), 3.0) + 0.7 for values in columns.values()]
    heights = 0.1 + sum(high), 0.3 + 1.7 * down

    def plot(figure: Figure) -> None:
        upper, lower = figure.subfigures(2, 1, height_ratios=heights, squeeze=False).ravel()
        handles: list[Patch] = []
        for axes, (name, nodes) in zip(_grid(upper, len(states), 1, high), states.items(), strict=True):
            handles += _show(axes, name, columns[name], colours)
            _label_steps(axes, graph.steps)
            _label_units(axes, next(iter(nodes.values())).shape, colours)
        for axes, (name, node) in zip(_grid(lower, len(weights), across, [1.0] * down), weights.items(), strict=True):
            handles += _show(axes, name, np.ma.masked_array(_matrix(node.data)), colours)
            axes.set_xticks([])
        _explain(lower, handles)

    return _figure(plot, (9.0, 0.3 + sum(heights)), colours)


# ---------------------------------------------------------------------- what is shown


def _prepare(what: Source, theme: str) -> Graph:
    """The graph of what is given, which has a course over time."""
    require_extra("cli", "matplotlib")
    check_setting("theme", theme, tuple(THEMES))
    graph = graph_of(what)
    if not graph.steps:
        raise GraphError("a graph without time steps has no course over time; mark steps with tg.step, or use unroll")
    return graph


def _table(rows: Collection[Mapping[int, float]], steps: Sequence[int]) -> Masked:
    """Numbers by row and time step; masked where there are none."""
    numbers = [[row.get(step, 0.0) for step in steps] for row in rows]
    missing = [[step not in row for step in steps] for row in rows]
    return np.ma.masked_array(numbers, missing)


def _columns(nodes: Mapping[int, Tensor], steps: Sequence[int]) -> Masked:
    """The units of a state as rows, the time steps as columns; masked where there is no state."""
    size = max(node.size for node in nodes.values())
    columns: Masked = np.ma.masked_array(np.zeros((size, len(steps))), mask=True)
    for column, step in enumerate(steps):
        if step in nodes:
            columns[: nodes[step].size, column] = nodes[step].data.ravel()
    return columns


def _matrix(array: Array) -> Array:
    """An array as a matrix; a vector as one column."""
    return array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)


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

    from tinygrad_rnn.drawing.figure import ShownFigure

    settings = {
        "mathtext.fontset": "stix",
        "hatch.linewidth": 0.6,
        "figure.facecolor": theme.background,
        "axes.facecolor": theme.background,
    }
    with style.context(["default", {**plot_style(theme), **settings}]):
        figure = ShownFigure(size, layout="constrained")
        plot(figure)
    return figure


def _grid(figure: FigureBase, count: int, across: int, heights: Sequence[float]) -> list[Axes]:
    """So many axes, row by row; a row is as high in proportion to others as said."""
    places = figure.add_gridspec(max(len(heights), 1), across, height_ratios=heights or None)
    return [figure.add_subplot(places[divmod(number, across)]) for number in range(count)]


def _show_norms(axes: Axes, norms: Masked, theme: Theme, with_edges: bool) -> None:
    """Norms as colours, by their exponents: powers of ten may lie beyond what a float can hold."""
    scale = LogScale(norms.compressed())
    exponents = np.ma.masked_invalid(np.ma.log10(norms))
    image = axes.pcolormesh(
        exponents, cmap=_colour_map(lambda part: sequential(part, theme)), vmin=scale.low, vmax=scale.high,
        edgecolors=theme.background, linewidth=0.5 if with_edges else 0,
    )  # fmt: skip
    below = np.any(exponents < scale.low)
    bar = axes.figure.colorbar(
        image, ax=axes, label="norm of the gradient", pad=0.02, extend="min" if below else "neither"
    )
    bar.set_ticks(scale.ticks, labels=[power_of_ten(exponent) for exponent in scale.ticks])
    bar.outline.set_visible(False)


def _show(axes: Axes, name: str, values: Masked, theme: Theme) -> list[Patch]:
    """Numbers as colours, on a scale of their own around zero; what the legend says of other cells."""
    finite = np.ma.masked_invalid(values)
    largest = float(np.max(np.abs(finite.compressed()), initial=0.0)) or 1.0
    colour_map = _colour_map(lambda part: diverging(2 * part - 1, theme))
    image = axes.pcolormesh(finite / largest, cmap=colour_map, vmin=-1, vmax=1)
    handles = _mark_oddities(axes, values, "state", theme)
    if theme.negative == theme.positive:
        handles += _hatch(axes, finite < 0, "negative", "none", theme.background, "/////", sample=theme.negative)
    axes.set_title(name, family=SERIF)
    axes.set_yticks([])
    axes.invert_yaxis()
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_ticks([-1, 0, 1], labels=[f"{-largest:.2g}".replace("-", "−"), "0", f"{largest:.2g}"])
    bar.outline.set_visible(False)
    return handles


def _mark_oddities(axes: Axes, values: Masked, what: str, theme: Theme, with_signs: bool = False) -> list[Patch]:
    """Mark where there is nothing and where a number is not finite; what the legend says of that."""
    missing = np.ma.getmaskarray(values)
    meaning = "not finite: ↑ infinite, ? not a number" if with_signs else "not finite"
    not_finite, lines = ~missing & ~np.isfinite(values.data), letters_on(theme.not_finite)
    return [
        *_hatch(axes, missing, f"no {what}", theme.background, theme.muted, "////"),
        *_hatch(axes, not_finite, meaning, theme.not_finite, lines, "" if with_signs else "xxxx"),
    ]


def _hatch(
    axes: Axes, where: Masked | Array, meaning: str, fill: str, lines: str, hatch: str, sample: str = ""
) -> list[Patch]:
    """Fill some cells with a colour and a pattern; what the legend says of them, if there are any."""
    from matplotlib.patches import Patch, PathPatch
    from matplotlib.path import Path

    cells = np.argwhere(np.ma.filled(where, False))[:, ::-1]
    if not len(cells):
        return []
    path = Path.make_compound_path_from_polys(cells[:, np.newaxis] + CORNERS)
    axes.add_patch(PathPatch(path, facecolor=fill, edgecolor=lines, hatch=hatch, linewidth=0))
    return [Patch(facecolor=sample or fill, edgecolor=lines, hatch=hatch, linewidth=0.5, label=meaning)]


def _write_signs(axes: Axes, norms: Masked, theme: Theme) -> None:
    """Write what is zero or not finite on its cells."""
    for (row, column), norm in np.ndenumerate(norms.filled(1.0)):
        if norm == 0 or not np.isfinite(norm):
            sign, ink = letter_for(norm) or "0", theme.muted if norm == 0 else letters_on(theme.not_finite)
            axes.text(column + 0.5, row + 0.5, sign, ha="center", va="center", color=ink)


def _explain(figure: FigureBase, handles: Iterable[Patch]) -> None:
    """The legend below a figure, with each entry once."""
    entries = {handle.get_label(): handle for handle in handles}
    if entries:
        figure.legend(handles=list(entries.values()), loc="outside lower left", ncols=len(entries))


def _label_units(axes: Axes, shape: Shape, theme: Theme) -> None:
    """What the rows of a state are: its units, or those of each row [k], as of each element of a batch."""
    count = shape[0] if len(shape) > 1 else 1
    units = math.prod(shape) // max(count, 1)
    if min(count, units) <= 1:
        axes.set_ylabel("unit")
        return
    shown = range(0, count, -(-count // 8))
    axes.set_yticks([(k + 0.5) * units for k in shown], [f"[{k}]" for k in shown])
    axes.set_ylabel(f"{count} rows × {units} units")
    if count <= MOST_ROWS:
        axes.hlines([k * units for k in range(1, count)], *axes.get_xlim(), theme.background, linewidth=1.5)


def _colour_map(colour: Callable[[float], str]) -> Colormap:
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour(k / 255) for k in range(256)])


def _label_steps(axes: Axes, steps: Sequence[int]) -> None:
    """The numbers of the steps below their columns, of as many of them as there is room for."""
    most = min(20, 60 // max(len(str(step)) for step in steps))
    shown = range(0, len(steps), -(-len(steps) // most))
    axes.set_xticks([k + 0.5 for k in shown], [str(steps[k]) for k in shown])
    axes.set_xlabel("time step")
