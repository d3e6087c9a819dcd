"""Numbers on marks: a single number is written, a small array shown as a strip of colours, a larger one by its norm."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.drawing.adjoints import norm
from tinygrad_rnn.drawing.colours import diverging, letters_on
from tinygrad_rnn.drawing.geometry import Box
from tinygrad_rnn.drawing.glyphs import number_text
from tinygrad_rnn.drawing.inks import Ink
from tinygrad_rnn.drawing.label import Run, markup, width
from tinygrad_rnn.drawing.legend import Entry, Tint, bar, swatch, tile, title, words
from tinygrad_rnn.drawing.lettering import Lettering
from tinygrad_rnn.drawing.scene import Mark
from tinygrad_rnn.drawing.theme import SANS, Theme
from tinygrad_rnn.node import Array, Tensor

MOST = 12
"""The most entries of an array that is shown entry by entry."""

SIZE, LINE = 9.0, 11.0
"""Of numbers, and the height of their line, in points."""

NOT_FINITE = {"?": math.nan, "↑": math.inf, "↓": -math.inf}
"""What is written on a tile for a number that has no place on the scale."""

WIDE, NARROW, HIGH = 8, 5, 8
"""The size of an entry in a strip, in points; narrow where there are more than six."""


class Row(NamedTuple):
    """One row of a card: its HTML-like text, and its size in points."""

    html: str
    width: float
    height: float


class Numbers:
    """Arrays of nodes, such as their values, on one scale of colours.

    Args:
        name: what they are.
        sign: what is written before each.
        arrays: those that are shown.
        theme: the colours.
    """

    def __init__(self, name: str, sign: str, arrays: Mapping[Tensor, Array], theme: Theme) -> None:
        self.name, self.sign, self.arrays, self.theme = name, sign, arrays, theme
        strips = [array for array in arrays.values() if 1 < array.size <= MOST]
        finite = [float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array))) for array in strips]
        self.largest = max(finite, default=0.0)
        self.letters = {letter_for(float(entry)) for array in strips for entry in array.flat}

    def row(self, node: Tensor) -> Row | None:
        """What is shown of a node."""
        array = self.arrays.get(node)
        if array is None:
            return None
        if 1 < array.size <= MOST:
            inner, wide, high = self._strip(array)
        else:
            text = written(array.item()) if array.size == 1 else f"‖·‖ {written(norm(array))}"
            inner, wide, high = _words(text), width((Run(text, "sans"),), SIZE) + 2, LINE
        return Row(
            f"<TD>{_words(f'{self.sign} ')}</TD><TD>{inner}</TD>",
            wide + 2 * width((Run(self.sign, "sans"),), SIZE),
            high,
        )

    def describe(self) -> list[Entry]:
        """The legend's row, if colours are used."""
        entries = []
        if self.largest:
            ticks = [written(part * self.largest) for part in (-1, 0, 1)]
            entries.append(bar(lambda part: self._tint((2 * part - 1) * self.largest), ticks, self.theme))
        fill = self.theme.not_finite
        for letter, entry in NOT_FINITE.items():
            if letter in self.letters:
                entries += [swatch(Ink(fill, fill, letters_on(fill)), letter), words(written(entry), self.theme)]
        return [title(f"{self.sign} {self.name}", self.theme), *entries] if entries else []

    def _strip(self, array: Array) -> Row:
        """The entries as colours, in the rows of the array's last axis."""
        grid = array.reshape(-1, array.shape[-1])
        across = WIDE if grid.shape[1] <= MOST // 2 else NARROW
        lines = (f"<TR>{''.join(tile(self._tint(float(entry)), across, HIGH) for entry in line)}</TR>" for line in grid)
        wide, high = across * grid.shape[1] + 2, HIGH * grid.shape[0] + 2
        frame = f'<TABLE BORDER="1" COLOR="{self.theme.muted}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
        table = f'{frame} WIDTH="{wide}" HEIGHT="{high}" FIXEDSIZE="TRUE">{"".join(lines)}</TABLE>'
        return Row(table, wide, high + 2)

    def _tint(self, entry: float) -> Tint:
        """An entry as a colour, with its sign for those who see no colours."""
        part = entry / self.largest if self.largest else 0.0
        colour = diverging(part, self.theme) if math.isfinite(entry) else self.theme.not_finite
        return Tint(colour, letter_for(entry))


def letter_for(entry: float) -> str:
    """What is written on a tile: a minus for a negative number, nothing for others, a letter for what is not finite."""
    if not math.isfinite(entry):
        return next(letter for letter, number in NOT_FINITE.items() if str(number) == str(entry))
    return "−" if entry < 0 else ""


def _words(text: str) -> str:
    return f'<FONT POINT-SIZE="{SIZE:g}">{markup((Run(text, "sans"),), SIZE, SANS)}</FONT>'


def written(number: float) -> str:
    """A number as it is written on a mark."""
    if 1000 <= abs(number) < 100_000:
        return f"{number:.0f}".replace("-", "−")
    return number_text(number + 0.0)  # not −0


def make_cards(
    lettering: Mapping[Mark, Lettering], shown: Sequence[Numbers]
) -> tuple[dict[Mark, str], dict[Mark, Lettering]]:
    """The rows below the labels of marks, and all marks' sizes with room for them.

    A node that has two marks, for the operation and for its result, has its numbers on the second; on both where the
    operation's likes at other steps have no other mark.
    """
    values = {mark.node for mark in lettering if mark.is_value}
    alone = {mark.key for mark in lettering if mark.is_value or mark.node not in values}
    cards: dict[Mark, str] = {}
    boxes: dict[Hashable, Box] = {mark.key: letters.box for mark, letters in lettering.items()}
    for mark, letters in lettering.items():
        rows = [row for numbers in shown if (row := numbers.row(mark.node)) is not None]
        is_written = mark.kind == "constant" and mark.node.size == 1  # its label is its value
        if rows and not is_written and mark.key in alone:
            cards[mark] = "".join(f"<TR>{row.html}</TR>" for row in rows)
            wide = max(width(mark.text, letters.size), *(row.width for row in rows)) + 12
            high = letters.size + 8 + sum(row.height for row in rows)
            box = boxes[mark.key]
            boxes[mark.key] = Box(max(wide, box.width), max(high, box.height), False)
    return cards, {mark: letters._replace(box=boxes[mark.key]) for mark, letters in lettering.items()}
