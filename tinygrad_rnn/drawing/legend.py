"""What colours mean: rows below a drawing, each an HTML-like table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tinygrad_rnn.drawing.geometry import Point
from tinygrad_rnn.drawing.label import Run, Text, markup, width
from tinygrad_rnn.drawing.overlay import Ink
from tinygrad_rnn.drawing.theme import SANS, SERIF, Theme

SIZE, SMALL = 10.0, 8.0
"""Of the words and of a bar's ticks, in points."""

BAR, HIGH = 192, 9
"""The size of a bar of colours, in points."""

ROW = 26.0
"""The height of a row, in points."""

APART = 6.0
"""Between the drawing and the first row, in points."""

TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'


class Cell(NamedTuple):
    """A part of a row: a <TD>, and how wide it is in points."""

    html: str
    width: int


def words(text: str, theme: Theme) -> Cell:
    """Words in small type."""
    runs = (Run(text, "sans"),)
    return _cell(_font(markup(runs, SIZE, SANS), SIZE, theme.muted), 1.1 * width(runs, SIZE) + 2)


def space(points: int) -> Cell:
    """Nothing."""
    return _cell("", points)


def swatch(ink: Ink) -> Cell:
    """A sample of how something is painted."""
    return _painted("", ink, 18, 13)


def pill(text: Text, ink: Ink) -> Cell:
    """A label on its colour."""
    letters = _font(markup(text, 12, SANS), 12, ink.letters, SERIF)
    return _painted(letters, ink, math.ceil(width(text, 12)) + 10, 19)


def _painted(inner: str, ink: Ink, points: int, high: int) -> Cell:
    """Something on a fill, within a rounded outline."""
    style = "ROUNDED,DASHED" if ink.dashed else "ROUNDED"
    size = f'WIDTH="{points}" HEIGHT="{high}" FIXEDSIZE="TRUE"'
    paint = f'STYLE="{style}" COLOR="{ink.pen}" BGCOLOR="{ink.fill}"'
    outer = f'WIDTH="{points + 2}" HEIGHT="{high + 2}" FIXEDSIZE="TRUE"'
    table = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {outer} {paint}>'
    return _cell(f"{table}<TR><TD {size}>{inner}</TD></TR></TABLE>", points + 8)


def bar(colour: Callable[[float], str], ticks: Sequence[str], theme: Theme) -> Cell:
    """A bar of the colours from 0 to 1, with evenly spaced ticks below it, the first and the last at its ends."""
    half = 12 // (len(ticks) - 1)  # pieces between a tick and the middle of its interval
    pieces = 2 * half * (len(ticks) - 1)
    points = BAR // pieces
    edge = f'<TD COLSPAN="{half}" WIDTH="{half * points}" HEIGHT="{HIGH}" FIXEDSIZE="TRUE"></TD>'
    colours = "".join(
        f'<TD BGCOLOR="{colour(k / (pieces - 1))}" WIDTH="{points}" HEIGHT="{HIGH}" FIXEDSIZE="TRUE"></TD>'
        for k in range(pieces)
    )
    labels = "".join(
        f'<TD COLSPAN="{2 * half}" WIDTH="{2 * half * points}" HEIGHT="11" FIXEDSIZE="TRUE">'
        f"{_font(markup((Run(tick, 'sans'),), SMALL, SANS), SMALL, theme.muted)}</TD>"
        for tick in ticks
    )
    inner = f"{TABLE}<TR>{edge}{colours}{edge}</TR><TR>{labels}</TR></TABLE>"
    return _cell(inner, (pieces + 2 * half) * points)


def write_rows(rows: Sequence[Sequence[Cell]], corner: Point) -> Iterator[str]:
    """The rows as nodes of their own, from the upper left corner downwards."""
    for number, cells in enumerate(rows):
        total = sum(cell.width for cell in cells)
        place = f"{corner.x + total / 2:.2f},{corner.y - APART - (number + 0.5) * ROW:.2f}"
        size = f"width={total / 72:.3f}, height={ROW / 72:.3f}"
        yield f'l{number} [pos="{place}", {size}, shape=plaintext, style="", label=<{_row(cells)}>];'


def write_label(rows: Sequence[Sequence[Cell]]) -> str:
    """The rows as a label of the whole graph, for a drawing that dot lays out."""
    lines = "".join(f'<TR><TD ALIGN="LEFT">{_row(cells)}</TD></TR>' for cells in rows)
    return f"graph [labelloc=b, labeljust=l, label=<{TABLE}{lines}</TABLE>>];"


def _row(cells: Sequence[Cell]) -> str:
    return f"{TABLE}<TR>{''.join(cell.html for cell in cells)}</TR></TABLE>"


def _cell(inner: str, points: float) -> Cell:
    points = math.ceil(points)
    return Cell(f'<TD WIDTH="{points}" HEIGHT="{ROW:g}" FIXEDSIZE="TRUE">{inner}</TD>', points)


def _font(inner: str, size: float, colour: str, face: str = SANS) -> str:
    return f'<FONT FACE="{face}" POINT-SIZE="{size:g}" COLOR="{colour}">{inner}</FONT>'
