"""How large marks are, and how large the text on them: alike for all marks of one role."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from tinygrad_rnn.drawing.geometry import Box
from tinygrad_rnn.drawing.label import Text, width
from tinygrad_rnn.drawing.scene import Mark, Role

DIAMETER = {"state": 36.0, "second state": 36.0, "output": 36.0, "constant": 24.0}
"""Of circles, in points; 32 for kinds not named."""

ACROSS = 0.75
"""How much of a circle's diameter its text may take."""


class Lettering(NamedTuple):
    """The size of a mark and of its text, in points."""

    box: Box
    size: float


def letter(marks: Iterable[Mark]) -> dict[Mark, Lettering]:
    """Work out each mark's size from its text; marks of one role get the size of the largest."""
    marks = list(marks)
    by_text: dict[Hashable, Lettering] = {}
    by_role: dict[Role, Lettering] = {}
    for mark in marks:
        key = _key(mark)
        lettering = by_text.get(key) or by_text.setdefault(key, _letter(mark))
        if mark.role is not None:
            known = by_role.get(mark.role, lettering)
            by_role[mark.role] = _larger(lettering, known)
    return {mark: by_text[_key(mark)] if mark.role is None else by_role[mark.role] for mark in marks}


def _key(mark: Mark) -> Hashable:
    """What a mark's size depends on."""
    return mark.kind, mark.is_value, mark.parameter is None, mark.is_cell, mark.text, mark.caption


def _letter(mark: Mark) -> Lettering:
    """The size of a mark and of its text: the largest type in which the text fits a circle, or else a box around it."""
    text = mark.text
    if mark.kind == "delay":
        return Lettering(Box(width(text, 11) + 9, 15.0, False), 11.0)
    if mark.is_cell:
        size, height = (14.0, 50.0) if mark.caption else (16.0, 40.0)
        return Lettering(Box(max(width(text, size), width(mark.caption, size), 36.0) + 24, height, False), size)
    if mark.is_value and mark.parameter is None:
        diameter = DIAMETER.get(mark.kind, 32.0)
        for size in (16.0, 14.0, 12.5, 11.0):
            if width(text, size) <= ACROSS * diameter:
                return Lettering(Box(diameter, diameter, True), size)
        return Lettering(Box(width(text, 14) + 16, 26.0, False), 14.0)
    if mark.parameter is None and len(text) == 1 and width(text, 15) <= 15:
        return Lettering(Box(21.0, 21.0, True), 15.0)
    size = 11.0 if is_word(text) else 12.5
    return Lettering(Box(max(width(text, size) + 11, 22.0), 20.0, False), size)


def _larger(one: Lettering, other: Lettering) -> Lettering:
    box = Box(
        max(one.box.width, other.box.width), max(one.box.height, other.box.height), one.box.round and other.box.round
    )
    return Lettering(box, min(one.size, other.size))


def is_word(text: Text) -> bool:
    """Whether the text is the name of a function, such as tanh."""
    return len(text) == 1 and text[0].style == "sans"
