"""Labels as typeset text: h_3 becomes an italic h with an upright subscript 3.

A label is data. It becomes runs of text here, and every run is escaped on its way into DOT; nothing that
a label holds is ever read as markup.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Literal, NamedTuple

Style = Literal["italic", "upright", "sans"]
Script = Literal["base", "sub", "sup"]

LONGEST = 28
"""Characters shown of a label that is not a variable's name; titles have all of it."""

SCRIPT_SIZE = 0.72
"""The size of subscripts, as a part of the text's."""


class Run(NamedTuple):
    """A piece of text in one style."""

    text: str
    style: Style = "upright"
    script: Script = "base"


Text = tuple[Run, ...]

# A variable's name: letters, perhaps with an accent or mark, then _subscript and ^superscript, without braces.
_NAME = re.compile(
    r"(?P<base>(?:[^\W\d_][\u0300-\u036f]*){1,12}[*'′]{0,3})"
    r"(?:_(?P<sub>\(?[-−+]?[^\W_]{1,8}(?:[-−+,][^\W_]{1,8})?\)?))?"
    r"(?:\^(?P<sup>\(?[-−+]?[^\W_]{1,8}\)?))?"
)

_IN_BRACES = re.compile(r"([_^])\{([^{}]+)\}")


def typeset(label: str) -> Text:
    """A label as runs: a variable's name with its subscript and superscript, anything else as it stands."""
    label = clean(label)
    name = _NAME.fullmatch(_IN_BRACES.sub(r"\1\2", label))
    if name is None:
        return (Run(shorten(label)),)
    runs = [Run(name["base"], "italic" if len(name["base"].rstrip("*'′")) <= 2 else "upright")]
    scripts: tuple[Script, ...] = ("sub", "sup")
    for script in scripts:
        if text := name[script]:
            letters = any(character.isalpha() for character in text)
            runs.append(Run(text.replace("-", "−"), "italic" if letters else "upright", script))
    return tuple(runs)


def clean(text: str) -> str:
    """Text of printable characters alone: white space becomes spaces, other controls become U+FFFD."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isspace():
        return " "
    if character in "\u200c\u200d":  # they join and part the signs of one emoji or ligature
        return character
    return "\ufffd" if unicodedata.category(character)[0] == "C" else character


def shorten(text: str, longest: int = LONGEST) -> str:
    """The text, or as much of it as fits, with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def plain(text: Text) -> str:
    """The runs as one line, such as "h_3"."""
    marks = {"base": "", "sub": "_", "sup": "^"}
    return "".join(marks[run.script] + run.text for run in text)


# ---------------------------------------------------------------------- into DOT


def escape(text: str) -> str:
    """Text inside an HTML-like label."""
    text = html.escape(text)
    text = text.replace("\\", "&#92;&#92;")  # Graphviz reads \N as a node's name, and \\ as one backslash
    return text.replace(" ", "&#160;")  # and drop leading and repeated spaces


def markup(text: Text, size: float, sans: str) -> str:
    """The runs as an HTML-like label, without the angle brackets around it."""
    return "".join(_markup(run, size, sans) for run in text)


def _markup(run: Run, size: float, sans: str) -> str:
    inner = escape(run.text)
    if run.style == "italic":
        inner = f"<I>{inner}</I>"
    elif run.style == "sans":
        inner = f'<FONT FACE="{escape(sans)}">{inner}</FONT>'
    if run.script == "base":
        return inner
    tag = run.script.upper()
    return f'<{tag}><FONT POINT-SIZE="{size * SCRIPT_SIZE:.1f}">{inner}</FONT></{tag}>'


# ---------------------------------------------------------------------- into matplotlib's formulas

_IN_FORMULAS = re.compile(r"(?:[^\W_]|[\u0300-\u036f*'′()+,−])+")


def mathtext(text: Text) -> str:
    """A variable's name as matplotlib writes formulas; anything else as it stands."""
    is_name = any(run.style == "italic" or run.script != "base" for run in text)
    if not is_name or not all(_IN_FORMULAS.fullmatch(run.text) for run in text):
        return plain(text).replace("$", r"\$")
    return f"${''.join(map(_mathtext, text))}$"


def _mathtext(run: Run) -> str:
    upright = run.style != "italic" and any(character.isalpha() for character in run.text)
    inner = rf"\mathrm{{{run.text}}}" if upright else run.text
    return {"base": inner, "sub": f"_{{{inner}}}", "sup": f"^{{{inner}}}"}[run.script]


# ---------------------------------------------------------------------- how wide it is

_NARROW = frozenset("fijlrtI.,:;'|!()[]/\\ ′·")
_BROAD = frozenset("mwMWŵΣ—…∥")


def width(text: Text, size: float) -> float:
    """About how wide the runs are at a font size, both in points."""
    total = 0.0
    for run in text:
        em = size * (1 if run.script == "base" else SCRIPT_SIZE)
        total += em * sum(map(_advance, run.text)) * (1.12 if run.style == "sans" else 1)
    return total


def _advance(character: str) -> float:
    if character in _NARROW:
        return 0.31
    if character in _BROAD:
        return 0.82
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    return 0.68 if character.isupper() else 0.5
