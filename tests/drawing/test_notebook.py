"""Drawings in a notebook that is executed."""

import base64
import re

import pytest

from tests.drawing.renderers import needs_graphviz

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

pytestmark = [needs_graphviz, pytest.mark.filterwarnings("ignore")]  # which the notebook's own machinery gives

CELLS = (
    "import numpy as np, tinygrad_rnn as tg\nrun = tg.nn.ElmanRNN(2, 3, 1).unroll(np.zeros((3, 2)))",
    "d = tg.draw(run)\nd",
    "d",
    "d.show()",
    "tg.draw(run, view='rolled', detail='variables')",
    "tg.drawing.states_and_weights(run)",
)


@pytest.fixture(scope="module")
def outputs():
    """What stands below each cell that has an output, once the notebook is executed."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    return [output["data"] for cell in book.cells for output in cell.outputs]


@pytest.fixture(scope="module")
def pictures(outputs):
    """The SVG of each drawing."""
    return ["".join(output["image/svg+xml"]) for output in outputs[:4]]


def test_a_figure_is_shown_as_well(outputs):
    *_, figure = outputs
    assert base64.b64decode(figure["image/png"]).startswith(b"\x89PNG")


def test_each_cell_shows_its_picture(pictures):
    assert len(pictures) == 4
    assert all(picture.startswith("<svg") and picture.rstrip().endswith("</svg>") for picture in pictures)
    assert "t−1" not in pictures[0]
    assert "rolled up" in pictures[3]


def test_ids_on_the_page_do_not_collide(pictures):
    ids = [name for picture in pictures for name in re.findall(r' id="([^"]*)"', picture)]
    assert len(ids) > 40
    assert len(ids) == len(set(ids))


def test_a_picture_is_no_broader_than_the_page(pictures):
    assert all("max-width: 100%" in picture[: picture.index(">")] for picture in pictures)
