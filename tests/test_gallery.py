"""The gallery in docs shows what its command draws now."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS))

import gallery  # noqa: E402  the command beside the page


def test_the_page_is_what_the_command_writes():
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == gallery.write_page()
    assert {path.stem for path in (DOCS / "gallery").iterdir()} == gallery.PICTURES.keys()
    assert len(gallery.PICTURES) >= 15


@pytest.mark.parametrize("name", gallery.PICTURES)
def test_a_picture_has_the_structure_of_what_is_drawn_now(name):
    drawn = gallery.PICTURES[name]().source
    svg = (DOCS / "gallery" / f"{name}.svg").read_text(encoding="utf-8")
    nodes = len(re.findall(r"^\w+ \[", drawn, re.MULTILINE)) - len(re.findall(r"^(?:graph|node|edge) \[", drawn, re.M))
    edges = len(re.findall(r"^\w+ -> \w+ \[", drawn, re.MULTILINE))
    assert svg.count('class="node"') == nodes
    assert len(re.findall('class="edge[" ]', svg)) == edges
