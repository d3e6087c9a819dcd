"""The demo's results as one HTML page that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from importlib.resources import files
from string import Template

from tinygrad_rnn.reports.figures import paint, plot_forecast, plot_gradients, plot_training
from tinygrad_rnn.reports.results import SPANS, Results
from tinygrad_rnn.reports.wording import PERIODS, check_rows, compare, explain_choice, linear_row, network_row
from tinygrad_rnn.training.sunspots import TESTS, TRAINING, UNIT, VALIDATION

THEMES = ("light", "dark")

QUOTED = [
    ["threshold autoregression *", "0.097", "0.097", "0.28"],
    ["Weigend, Huberman and Rumelhart 1990 *", "0.082", "0.086", "0.35"],
]
"""Rows from the literature, from memory of it."""


def render_page(results: Results, drawings: Mapping[str, str], versions: Mapping[str, str]) -> str:
    """The page as HTML text: `page.html` with the results in it.

    Args:
        results: what came out.
        drawings: the unrolled network as SVG text, for each of `THEMES`.
        versions: the programs that took part, and which version of each.
    """
    texts = {
        **{name: str(value) for name, value in asdict(results.settings).items()},
        "seeds": ", ".join(map(str, results.settings.seeds)),
        "nodes": f"{results.nodes:,}",
        "steps": str(results.steps),
        "parameters": str(results.parameters),
        "training_years": str(TRAINING),
        "validation": str(VALIDATION),
        "unit": f"{results.unit:.1f}",
        "unit_years": str(UNIT),
        "first_scored": str(SPANS["train"].first),
        "verdict": " ".join(compare(results, span) for span in TESTS),
        "choice": explain_choice(results),
        "chosen": str(results.chosen.seed),
        "versions": " · ".join(f"{name} {version}" for name, version in versions.items()),
    }
    errors = [(linear_row(results), ""), (network_row(results), "ours"), *((row, "quoted") for row in QUOTED)]
    blocks = {
        "errors": _head(["model", *map(str, PERIODS)]) + "".join(_row(cells, kind) for cells, kind in errors),
        "check": _head(["generic backprop and …", "differ by"]) + "".join(_row(cells) for cells in check_rows(results)),
        "unrolled": _in_both_themes(drawings),
        "forecast": _in_both_themes({theme: paint(plot_forecast, results, theme) for theme in THEMES}),
        "training": _in_both_themes({theme: paint(plot_training, results, theme) for theme in THEMES}),
        "gradients": _in_both_themes({theme: paint(plot_gradients, results, theme) for theme in THEMES}),
    }
    template = Template((files("tinygrad_rnn.reports") / "page.html").read_text(encoding="utf-8"))
    return template.substitute({name: escape(text) for name, text in texts.items()}, **blocks)


def _head(cells: Sequence[str]) -> str:
    return "<thead><tr>" + "".join(f'<th scope="col">{escape(cell)}</th>' for cell in cells) + "</tr></thead>\n"


def _row(cells: Sequence[str], kind: str = "") -> str:
    name, *numbers = map(escape, cells)
    return f'<tr class="{kind}"><th scope="row">{name}</th>' + "".join(f"<td>{n}</td>" for n in numbers) + "</tr>\n"


def _in_both_themes(pictures: Mapping[str, str]) -> str:
    """A picture as SVG in each theme, of which the style sheet shows the one that the reader prefers."""
    return "".join(f'<div class="{theme}">{pictures[theme]}</div>' for theme in THEMES)
