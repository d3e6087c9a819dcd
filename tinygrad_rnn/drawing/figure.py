"""A matplotlib figure that shows itself in a notebook."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that a notebook shows below its cell even where pyplot was never imported, as others are not."""

    def _repr_png_(self) -> bytes:
        png = BytesIO()
        self.savefig(png, format="png", facecolor=self.get_facecolor())
        return png.getvalue()
