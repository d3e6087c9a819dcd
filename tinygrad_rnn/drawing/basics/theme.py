"""Colours, fonts and sizes of the drawings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

VIRIDIS = (
    "#440154", "#481769", "#472A7A", "#433D84", "#3D4E8A", "#355E8D",
    "#2E6D8E", "#297B8E", "#23898E", "#1F978B", "#21A585", "#2EB37C",
    "#46C06F", "#65CB5E", "#89D548", "#B0DD2F", "#D8E219", "#FDE725",
)  # fmt: skip
"""Evenly spaced points of the colour map viridis, from dark to light."""


class Paint(NamedTuple):
    """A fill, the pen that outlines it and the pen's width in points, and the colour of letters if not the text's."""

    fill: str
    pen: str
    width: float = 1.1
    letters: str | None = None


@dataclass(frozen=True)
class Theme:
    """The colours of one theme; `kinds` by what a mark is, `parameters` in turn, with square corners or round ones.

    The fills of inputs, outputs, gates, states and losses differ in lightness too, for those who see no colours.
    `sizes` are the colours of sizes from the least to the largest, evenly spaced.
    """

    background: str
    text: str
    muted: str
    edge: str
    column: Paint
    kinds: Mapping[str, Paint]
    parameters: tuple[Paint, ...]
    adjoint: str = "#C2410C"
    faded: str = "#C9CED6"
    square_parameters: bool = False
    negative: str = "#A65E00"
    positive: str = "#0B5394"
    sizes: tuple[str, ...] = VIRIDIS[::-1]
    not_finite: str = "#A3271B"


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
            "state": Paint("#D2E3F4", "#0B5394", 1.7),
            "second state": Paint("#D9CEEB", "#5B3A9B", 1.7),
            "gate": Paint("#E7EEF5", "#5A7FA6"),
            "output": Paint("#FCEFDA", "#A65E00", 1.4),
            "loss": Paint("#F0C6C0", "#A3271B"),
            "constant": Paint("#F1F2F4", "#5B6470"),
            "adjoint": Paint("#FBE7DB", "#C2410C"),
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
            "state": Paint("#1C3B5A", "#7DB7EE", 1.7),
            "second state": Paint("#45326E", "#B79CF0", 1.7),
            "gate": Paint("#22303F", "#7F9DBC"),
            "output": Paint("#33240B", "#F0B35A", 1.4),
            "loss": Paint("#6B2E28", "#F29488"),
            "constant": Paint("#252C36", "#8B95A3"),
            "adjoint": Paint("#3D2113", "#FF9D66"),
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
        sizes=VIRIDIS,
        not_finite="#F29488",
    ),
    "print": Theme(
        background="#FFFFFF",
        text="#000000",
        muted="#595959",
        edge="#404040",
        column=Paint("#FFFFFF", "#B3B3B3"),
        kinds={
            "op": Paint("#FFFFFF", "#404040", 0.8),
            "input": Paint("#FFFFFF", "#404040", 0.8),
            "target": Paint("#FFFFFF", "#404040", 0.8),
            "state": Paint("#D0D0D0", "#000000", 1.7),
            "second state": Paint("#A8A8A8", "#595959", 1.7),
            "gate": Paint("#EDEDED", "#404040", 0.8),
            "output": Paint("#FFFFFF", "#000000", 2.4),
            "loss": Paint("#4D4D4D", "#000000", 1.1, "#FFFFFF"),
            "constant": Paint("#FFFFFF", "#808080", 0.8),
            "adjoint": Paint("#FFFFFF", "#000000", 0.8),
        },
        parameters=(Paint("#EDEDED", "#000000", 0.8),),
        adjoint="#000000",
        faded="#C4C4C4",
        square_parameters=True,
        negative="#404040",
        positive="#404040",
        sizes=("#E6E6E6", "#1A1A1A"),
        not_finite="#000000",
    ),
}

SERIF = "Times New Roman,Liberation Serif,Times,serif"
SANS = "Helvetica,Arial,Liberation Sans,sans-serif"
