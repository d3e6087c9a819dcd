"""A finished drawing."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.drawing.render import finish_svg, for_notebook, for_pango, run_graphviz
from tinygrad_rnn.drawing.view import View
from tinygrad_rnn.errors import DrawingError, SettingError
from tinygrad_rnn.files import replace_file

FORMATS = (".dot", ".svg", ".png", ".pdf", ".html")
MOST_DPI = 10_000


class Diagram:
    """A drawing: DOT text that Graphviz paints.

    In a notebook it shows itself.

    Attributes:
        source: the DOT text.
        title: what the picture shows, for those who cannot see it.
    """

    def __init__(self, view: View, write_page: Callable[[], str]) -> None:
        self.source = view.source
        self.title = view.title
        self._view = view
        self._write_page = write_page
        self._svg: str | None = None

    @property
    def svg(self) -> str:
        """The picture as SVG text, fit to stand in an HTML page.

        Raises:
            DrawingError: there is no Graphviz, or it failed.
        """
        if self._svg is None:
            self._svg = finish_svg(self._paint(self.source, "svg").decode(), self._view.titles, self.title)
        return self._svg

    def save(self, path: str | os.PathLike[str], dpi: float = 144) -> Path:
        """Write the picture to a file, in the format of its suffix: .dot, .svg, .png, .pdf or .html.

        An .html is a page to explore the graph in: it opens from disk, needs nothing else, and steps through
        backprop where the graph has one scalar output that depends on a parameter. Its pictures show what was
        asked for of gradients, values and ways. It is light or dark as its reader prefers, whatever the theme.

        Args:
            path: the file; one that exists is replaced.
            dpi: pixels per inch of a .png: 72 for one pixel per point, twice as many for twice the size.

        Raises:
            SettingError: no path, or another suffix; pixels per inch that are no number from 1 to 10,000.
            DrawingError: there is no Graphviz, or it failed; or a .png would have more than 32,767 pixels on a side.
            OutputError: the file cannot be written; one that was there before is as it was.
        """
        try:
            path = Path(path)
        except TypeError:
            raise SettingError(f"a drawing is saved to a path, not {path!r}") from None
        suffix = path.suffix.lower()
        if not (isinstance(dpi, int | float | np.integer) and not isinstance(dpi, bool) and 1 <= dpi <= MOST_DPI):
            raise SettingError(f"dpi is a number of pixels per inch from 1 to {MOST_DPI:,}, not {dpi!r}")
        if suffix not in FORMATS:
            raise SettingError(f"a drawing is saved as {', '.join(FORMATS)}, not as {path.name!r}")
        replace_file(path, self._bytes(suffix[1:], dpi))
        return path

    def show(self) -> None:
        """Show the picture: below the cell of a notebook, elsewhere in the default viewer, from a temporary file.

        Raises:
            DrawingError: there is no Graphviz, or it failed; or there is no viewer.
        """
        if _is_notebook():
            sys.modules["IPython"].display.display(self)
            return
        path = self.save(Path(tempfile.mkdtemp(prefix="tinygrad-rnn-")) / "picture.svg")
        if not webbrowser.open(path.as_uri()):
            raise DrawingError(f"there is no viewer to show the picture in; it is at {path}")

    def _bytes(self, format: str, dpi: float) -> bytes:
        if format == "dot":
            return self.source.encode()
        if format == "html":
            return self._write_page().encode()
        if format == "svg":
            return ('<?xml version="1.0" encoding="UTF-8"?>\n' + self.svg).encode()
        source = for_pango(self.source)
        if format == "png":
            source = source.replace("graph [", f"graph [dpi={dpi:f}, ", 1)
        return self._paint(source, format)

    def _paint(self, source: str, format: str) -> bytes:
        return run_graphviz(source, format, self._view.seconds, self._view.advice)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture, or why there is none."""
        try:
            return {"image/svg+xml": for_notebook(self.svg), "text/plain": repr(self)}
        except DrawingError as error:
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        return f"<diagram: {self.title}>"


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
