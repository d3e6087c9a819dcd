"""Pieces of DOT that all who write it share: places, sizes, courses of lines, dots and words."""

from __future__ import annotations

from tinygrad_rnn.drawing.geometry import Box, Point, Spline, with_tip
from tinygrad_rnn.drawing.inks import Stroke
from tinygrad_rnn.drawing.label import Run, markup
from tinygrad_rnn.drawing.theme import SANS

ARROW = 10.0
"""The length of an arrowhead of size 1, in points."""

TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
"""The beginning of an HTML-like table of which nothing is seen but what is in it."""


def pair(point: Point) -> str:
    """A place as DOT has it."""
    return f"{point.x:.2f},{point.y:.2f}"


def extent(box: Box) -> str:
    """A node's size as DOT has it, in inches."""
    return f"width={box.width / 72:.3f}, height={box.height / 72:.3f}"


def course_text(course: Spline, stroke: Stroke, arrow: bool) -> str:
    """An edge's course as DOT has it, with an arrowhead at its end or without."""
    if not arrow:
        return f'pos="{" ".join(map(pair, course))}", arrowhead=none'
    course, tip = with_tip(course, ARROW * stroke.arrowhead, 0.6 * stroke.pen)
    return f'pos="e,{pair(tip)} {" ".join(map(pair, course))}"'


def dot(name: str, place: Point, colour: str) -> str:
    """The dot at which one line branches off another."""
    return f'{name} [pos="{pair(place)}", shape=point, width=0.05, label="", color="{colour}", fillcolor="{colour}"];'


def sans(words: str) -> str:
    """Words in the sans-serif face, as part of an HTML-like label."""
    return markup((Run(words, "sans"),), 0, SANS)
