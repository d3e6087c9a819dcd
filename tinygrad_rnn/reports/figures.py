"""The report's curves: drawn by matplotlib in the drawings' colours, as SVG that is fit to stand in a page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_rnn.drawing.plots import plot_style
from tinygrad_rnn.drawing.scales import power_of_ten
from tinygrad_rnn.drawing.theme import THEMES, Theme
from tinygrad_rnn.reports.results import Results, gradient_sizes
from tinygrad_rnn.reports.sunspot_network import LEARNT
from tinygrad_rnn.training.sunspots import TESTS, TRAINING, UNIT, VALIDATION, Years

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (9.2, 3.2)  # inches of 72 points; the page scales it
FORECAST_FROM = 1900


def plot_forecast(axes: Axes, results: Results, theme: Theme) -> None:
    """The sunspot numbers of the test years and of some before, and what the models had forecast."""
    shown = results.series.during(Years(FORECAST_FROM, UNIT.last))
    years, forecasts = results.series.years[shown], results.forecasts[:, shown]
    state, output = theme.kinds["state"].pen, theme.kinds["output"].pen
    for span in TESTS:
        axes.axvspan(span.first - 0.4, span.last + 0.4, color=theme.column.fill, zorder=0)
        axes.text((span.first + span.last) / 2, 201, f"test years {span}", ha="center", color=theme.muted)
    axes.plot(years, results.series.numbers[shown], "o", color=theme.text, ms=2.8, zorder=3, label="sunspot number")
    axes.plot(years, results.linear[shown], color=output, ls=(0, (3, 1.4)), lw=1, label="linear autoregression")
    axes.plot(years, forecasts.mean(axis=0), color=state, lw=1.6, label="recurrent networks, mean and range")
    axes.fill_between(years, forecasts.min(axis=0), forecasts.max(axis=0), color=state, alpha=0.25, lw=0)
    axes.set(xlim=(FORECAST_FROM - 0.5, UNIT.last + 0.5), ylim=(0, 215), ylabel="sunspot number")
    _add_legend(axes)


def plot_training(axes: Axes, results: Results, theme: Theme) -> None:
    """How the errors fall on the years learnt from and on the validation years, until training is stopped."""
    for position, network in enumerate(results.networks):
        epochs, learnt, validation, _ = np.array(network.looks).T
        for errors, kind, name in (
            (learnt, "state", f"years learnt from, {LEARNT}"),
            (validation, "loss", f"validation years, {VALIDATION}"),
        ):
            label = None if position else name
            axes.plot(epochs, errors / results.unit, color=theme.kinds[kind].pen, lw=1, alpha=0.8, label=label)
        stop = network.epochs, network.validation / results.unit
        axes.plot(*stop, "o", color=theme.kinds["loss"].pen, ms=4.5, zorder=3)
    axes.set(yscale="log", xlim=(0, None), ylim=(0.05, 1), xlabel="epoch", ylabel="error")
    axes.set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
    axes.minorticks_off()
    _add_legend(axes)


def plot_gradients(axes: Axes, results: Results, theme: Theme) -> None:
    """The size of the gradient with respect to the state at every time step, on a logarithmic scale."""
    whole, last = gradient_sizes(results.chosen.forecaster)
    years = np.arange(TRAINING.first, TRAINING.last)
    axes.plot(years, whole, color=theme.kinds["state"].pen, lw=1.2, label="of the whole loss")
    axes.plot(years, last, color=theme.kinds["loss"].pen, lw=1.2, label=f"of the loss in {TRAINING.last} alone")
    axes.set(yscale="log", xlim=(TRAINING.first, TRAINING.last), xlabel="year read at the step", ylabel="‖∂L/∂h‖")
    axes.yaxis.set_major_formatter(lambda size, _: power_of_ten(round(math.log10(size))))
    _add_legend(axes)


def _add_legend(axes: Axes) -> None:
    """Above the axes, in one row."""
    axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(-0.01, 1), handlelength=1.8, columnspacing=2.5)


def paint(plot: Callable[[Axes, Results, Theme], None], results: Results, theme: str) -> str:
    """A figure as SVG text for a page.

    Its texts are text, in the page's own typeface; no id of it is another figure's; two runs give the same.

    Args:
        plot: draws into the axes; its docstring is what those are told who cannot see the figure.
        results: what to draw.
        theme: "light" or "dark".
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    name = f"{plot.__name__}-{theme}"
    with style.context(["default", {**plot_style(THEMES[theme]), "svg.fonttype": "none", "svg.hashsalt": name}]):
        figure = Figure(SIZE, layout="constrained")
        plot(figure.add_subplot(), results, THEMES[theme])
        svg = io.StringIO()
        figure.savefig(
            svg, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
        )
    return _fit(svg.getvalue(), name, (plot.__doc__ or "").partition("\n")[0])


def _fit(svg: str, name: str, title: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\1{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
