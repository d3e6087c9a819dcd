"""What colours mean: rows below a drawing, each an HTML-like table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tinygrad_rnn.drawing.colours import letters_on
from tinygrad_rnn.drawing.geometry import Box, Point
from tinygrad_rnn.drawing.inks import Ink
from tinygrad_rnn.drawing.label import Run, Text, markup, width
from tinygrad_rnn.drawing.statements import TABLE, extent, pair
from tinygrad_rnn.drawing.theme import SANS, SERIF, Theme

SIZE, SMALL, TINY = 10.0, 8.0, 6.0
"""Of the words, of a bar's ticks, and of letters on tiles, in points."""

PIECES, PIECE, HIGH = 40, 5, 9
"""How many pieces a bar of colours has at the most, and the width and height of each in points."""

EDGE = 4
"""How many pieces the words below a bar may reach beyond its end."""

TITLE = 112
"""The width of a row's title, in points."""

ROW = 26.0
"""The height of a row, in points."""

APART = 6.0
"""Between the drawing and the first row, in points."""


class Entry(NamedTuple):
    """An entry of a row: a <TD>, and how wide it is in points."""

    html: str
    width: int


class Tint(NamedTuple):
    """What stands for a number: a colour, and what is written on it if the colour alone does not tell."""

    colour: str
    letter: str = ""


def title(text: str, theme: Theme) -> Entry:
    """What a row is about."""
    letters = _font(markup((Run(text, "sans"),), SIZE, SANS), SIZE, theme.muted)
    return Entry(f'<TD ALIGN="LEFT" WIDTH="{TITLE}" HEIGHT="{ROW:g}" FIXEDSIZE="TRUE">{letters}</TD>', TITLE)


def words(text: str, theme: Theme) -> Entry:
    """Words in small type."""
    runs = (Run(text, "sans"),)
    return _entry(_font(markup(runs, SIZE, SANS), SIZE, theme.muted), 1.1 * width(runs, SIZE) + 2)


def symbol(text: Text, theme: Theme) -> Entry:
    """A label as it is written on a mark."""
    return _entry(_font(markup(text, 12, SANS), 12, theme.text, SERIF), width(text, 12) + 8)


def space(points: int) -> Entry:
    """Nothing."""
    return _entry("", points)


def swatch(ink: Ink, letter: str = "") -> Entry:
    """A sample of how something is painted, with what is written on it."""
    return _painted(
        _font(markup((Run(letter, "sans"),), SMALL, SANS), SMALL, ink.letters) if letter else "", ink, 18, 13
    )


def pill(text: Text, ink: Ink) -> Entry:
    """A label on its colour."""
    letters = _font(markup(text, 12, SANS), 12, ink.letters, SERIF)
    return _painted(letters, ink, math.ceil(width(text, 12)) + 10, 19)


def _painted(inner: str, ink: Ink, points: int, high: int) -> Entry:
    """Something on a fill, within a rounded outline."""
    style = "ROUNDED,DASHED" if ink.dashed else "ROUNDED"
    size = f'WIDTH="{points}" HEIGHT="{high}" FIXEDSIZE="TRUE"'
    paint = f'STYLE="{style}" COLOR="{ink.pen}" BGCOLOR="{ink.fill}"'
    outer = f'WIDTH="{points + 2}" HEIGHT="{high + 2}" FIXEDSIZE="TRUE"'
    table = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {outer} {paint}>'
    return _entry(f"{table}<TR><TD {size}>{inner}</TD></TR></TABLE>", points + 8)


def tile(tint: Tint, across: int, high: int) -> str:
    """A small rectangle of one colour, as a <TD>."""
    inner = _font(markup((Run(tint.letter, "sans"),), TINY, SANS), TINY, letters_on(tint.colour)) if tint.letter else ""
    return f'<TD BGCOLOR="{tint.colour}" WIDTH="{across}" HEIGHT="{high}" FIXEDSIZE="TRUE">{inner}</TD>'


def bar(tint: Callable[[float], Tint], ticks: Sequence[str], theme: Theme) -> Entry:
    """A bar of the tints from 0 to 1, with evenly spaced ticks below it, the first and the last at its ends."""
    apart = PIECES // (len(ticks) - 1)  # pieces from one tick to the next
    count = apart * (len(ticks) - 1)
    edge = _blank(EDGE)
    tiles = "".join(tile(tint(k / (count - 1)), PIECE, HIGH) for k in range(count))
    labels = _blank(apart - 2 * EDGE).join(
        f'<TD COLSPAN="{2 * EDGE}" WIDTH="{2 * EDGE * PIECE}" HEIGHT="11" FIXEDSIZE="TRUE">'
        f"{_font(markup((Run(tick, 'sans'),), SMALL, SANS), SMALL, theme.muted)}</TD>"
        for tick in ticks
    )
    inner = f"{TABLE}<TR>{edge}{tiles}{edge}</TR><TR>{labels}</TR></TABLE>"
    return _entry(inner, (count + 2 * EDGE) * PIECE)


def _blank(pieces: int) -> str:
    """Room in a bar."""
    if not pieces:
        return ""
    return f'<TD COLSPAN="{pieces}" WIDTH="{pieces * PIECE}" HEIGHT="{HIGH}" FIXEDSIZE="TRUE"></TD>'


def write_rows(rows: Sequence[Sequence[Entry]], corner: Point) -> Iterator[str]:
    """The rows as nodes of their own, from the upper left corner downwards."""
    for number, entries in enumerate(rows):
        total = sum(entry.width for entry in entries)
        place = Point(corner.x + total / 2, corner.y - APART - (number + 0.5) * ROW)
        size = extent(Box(total, ROW, False))
        yield f'l{number} [pos="{pair(place)}", {size}, shape=plaintext, style="", label=<{_row(entries)}>];'


def write_label(rows: Sequence[Sequence[Entry]]) -> Iterator[str]:
    """The rows as a label of the whole graph, for a drawing that dot lays out."""
    widest = max((sum(entry.width for entry in row) for row in rows), default=0)
    padded = [[*row, space(widest - sum(entry.width for entry in row))] for row in rows]
    lines = "".join(f"<TR><TD>{_row(entries)}</TD></TR>" for entries in padded)
    if lines:
        yield f"graph [labelloc=b, labeljust=l, label=<{TABLE}{lines}</TABLE>>];"


def _row(entries: Sequence[Entry]) -> str:
    size = f'WIDTH="{sum(entry.width for entry in entries)}" HEIGHT="{ROW:g}" FIXEDSIZE="TRUE"'
    return f"{TABLE[:-1]} {size}><TR>{''.join(entry.html for entry in entries)}</TR></TABLE>"


def _entry(inner: str, points: float) -> Entry:
    points = math.ceil(points)
    return Entry(f'<TD WIDTH="{points}" HEIGHT="{ROW:g}" FIXEDSIZE="TRUE">{inner}</TD>', points)


def _font(inner: str, size: float, colour: str, face: str = SANS) -> str:
    return inner and f'<FONT FACE="{face}" POINT-SIZE="{size:g}" COLOR="{colour}">{inner}</FONT>'
