"""Colours, fonts and sizes of the drawings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Paint(NamedTuple):
    """A fill and the pen that outlines it."""

    fill: str
    pen: str


@dataclass(frozen=True)
class Theme:
    """The colours of one theme; `kinds` by what a mark is, `parameters` in turn."""

    background: str
    text: str
    muted: str
    edge: str
    column: Paint
    kinds: Mapping[str, Paint]
    parameters: tuple[Paint, ...]
    adjoint: str = "#C2410C"
    faded: str = "#C9CED6"
    negative: str = "#A65E00"
    positive: str = "#0B5394"


THEMES: Mapping[str, Theme] = {
    "light": Theme(
        background="#FFFFFF",
        text="#1B1F24",
        muted="#6B7280",
        edge="#5B6470",
        column=Paint("#F6F7F9", "#E3E6EA"),
        kinds={
            "op": Paint("#FFFFFF", "#5B6470"),
            "input": Paint("#FFFFFF", "#4B5563"),
            "target": Paint("#FFFFFF", "#4B5563"),
            "state": Paint("#D6E6F5", "#0B5394"),
            "second state": Paint("#E6DFF3", "#5B3A9B"),
            "gate": Paint("#E7EEF5", "#5A7FA6"),
            "output": Paint("#FBE9D0", "#A65E00"),
            "loss": Paint("#F6DAD7", "#A3271B"),
            "constant": Paint("#F1F2F4", "#5B6470"),
        },
        parameters=(
            Paint("#DDF1EA", "#00795C"),
            Paint("#DCE8F5", "#0B5394"),
            Paint("#EEE2F5", "#7A3E9D"),
            Paint("#F9E8CF", "#A65E00"),
            Paint("#F3ECCB", "#8C6D00"),
            Paint("#F7DFEA", "#A3275F"),
        ),
    ),
    "dark": Theme(
        background="#14181F",
        text="#E8EAED",
        muted="#9AA3AF",
        edge="#8B95A3",
        column=Paint("#1B212A", "#2B333F"),
        kinds={
            "op": Paint("#14181F", "#8B95A3"),
            "input": Paint("#14181F", "#B6BEC9"),
            "target": Paint("#14181F", "#B6BEC9"),
            "state": Paint("#1C3B5A", "#7DB7EE"),
            "second state": Paint("#37295A", "#B79CF0"),
            "gate": Paint("#22303F", "#7F9DBC"),
            "output": Paint("#47320F", "#F0B35A"),
            "loss": Paint("#4A211D", "#F29488"),
            "constant": Paint("#252C36", "#8B95A3"),
        },
        parameters=(
            Paint("#12362C", "#4FC3A1"),
            Paint("#19314A", "#7DB7EE"),
            Paint("#33233F", "#C79BE3"),
            Paint("#3D2C0E", "#F0B35A"),
            Paint("#383108", "#D9C04E"),
            Paint("#41202F", "#F08CB8"),
        ),
        adjoint="#FF9D66",
        faded="#39424E",
        negative="#F0B35A",
        positive="#7DB7EE",
    ),
}

SERIF = "Times New Roman,Liberation Serif,Times,serif"
SANS = "Helvetica,Arial,Liberation Sans,sans-serif"
