"""The gallery in docs shows what its command draws now."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS))

import gallery  # noqa: E402  the command beside the page
import gallery_peers  # noqa: E402


def test_the_page_is_what_the_command_writes():
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == gallery.write_page()
    assert {path.stem for path in (DOCS / "gallery").glob("*.svg")} == gallery.PICTURES.keys() | gallery.FIGURES.keys()
    assert len(gallery.PICTURES) >= 15


@pytest.mark.parametrize("name", gallery.PICTURES)
def test_a_picture_has_the_structure_of_what_is_drawn_now(name):
    drawn = gallery.PICTURES[name]().source
    svg = (DOCS / "gallery" / f"{name}.svg").read_text(encoding="utf-8")
    nodes = len(re.findall(r"^\w+ \[", drawn, re.MULTILINE)) - len(re.findall(r"^(?:graph|node|edge) \[", drawn, re.M))
    edges = len(re.findall(r"^\w+ -> \w+ \[", drawn, re.MULTILINE))
    assert svg.count('class="node"') == nodes
    assert len(re.findall('class="edge[" ]', svg)) == edges


@pytest.mark.parametrize("name", gallery.FIGURES)
def test_a_figure_has_the_titles_and_labels_of_what_is_plotted_now(name):
    plotted = [axes for axes in gallery.FIGURES[name]().axes if axes.get_title() or axes.get_xlabel()]
    ticks = [tick.get_text() for axes in plotted for tick in axes.get_yticklabels() if "$" in tick.get_text()]
    texts = [text for axes in plotted for text in (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) if text]
    svg = (DOCS / "gallery" / f"{name}.svg").read_text(encoding="utf-8")
    written = re.findall(r"<!-- (.*?) -->", svg)  # matplotlib draws text as outlines, and says what it is
    assert len(ticks + texts) >= 6
    for text in ticks + texts:
        assert written.count(text) == (ticks + texts).count(text)


def test_three_pictures_stand_beside_those_of_other_tools():
    assert gallery_peers.COMPARED.keys() <= gallery.PICTURES.keys()
    shown = re.findall(r"!\[.*\]\((gallery/.*\.svg)\)", gallery_peers.write_section())
    assert len(shown) == 3 * len(gallery_peers.TOOLS)
    drawn = {f"gallery/peers/{path.name}" for path in gallery_peers.FOLDER.glob("*.svg")}
    assert set(shown) == drawn | {f"gallery/{name}.svg" for name in gallery_peers.COMPARED}


def test_columns_and_captions_are_not_counted_as_nodes():
    path = gallery_peers.picture("two-layers", "")
    cells, inputs, states, columns = 2 * 4, 4, 2, 4
    assert gallery_peers.count_nodes(path) == cells + inputs + states
    assert path.read_text(encoding="utf-8").count('class="node"') == cells + inputs + states + 2 * columns
