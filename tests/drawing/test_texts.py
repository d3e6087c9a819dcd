"""Labels and titles may hold anything: they come out as text."""

import html
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.paper import faults, read
from tests.drawing.renderers import needs_graphviz
from tinygrad_rnn.drawing.basics.label import clean

HOSTILE = {
    "quotes": "say \"it\" & 'that'",
    "script": "<script>alert(1)</script>",
    "markup": "<b>bold</b>",
    "half a tag": "<lambda> <map",
    "end of a label": ">, color=red]; }",
    "backslashes": r"C:\new\\folder\\",
    "one backslash": "\\",
    "a quote behind a backslash": 'a\\"; b [label=x',
    "record": "{a|b}",
    "node's name": r"\N",
    "graph's name": r"\G \E \T \H \L",
    "newlines": "one\ntwo\r\nthree",
    "nothing": "",
    "spaces": "   ",
    "controls": "a\0b\x07c\x1bd\x7f",
    "not a character": "a\ufffe\uffffb",
    "emoji": "🚀 👩\u200d🚀 🇩🇪",
    "half an emoji": "a\ud83d",
    "right to left": "שלום \u202e abc",
    "entity": "&amp; &#65; &nonsense;",
    "comment": "--> <!-- ]]>",
    "comment in DOT": "/* // # */",
    "ten thousand characters": "long " * 2000,
    "ten thousand letters": "W" * 10_000,
    "a keyword": "graph",
    "colours": '#fff" stroke="red',
}


def cell(label):
    """Two steps in which the label is that of a leaf, an operation and a parameter."""
    W, s = tg.parameter(np.ones(2), label=label), tg.tensor(np.ones(2), label=label)
    for t in (1, 2):
        with tg.step(t):
            s = tg.tanh(W * s + tg.tensor(np.ones(2), label=label))
            s.label = label
    return s


def by_hand(label):
    """The same without steps."""
    x = tg.tensor(np.ones(2), label=label)
    y = tg.exp(x) * x
    y.label = label
    return y


@pytest.fixture(params=HOSTILE)
def label(request):
    return HOSTILE[request.param]


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_a_drawing_with_any_label_has_no_faults(label, detail):
    diagram = tg.draw(cell(label), detail=detail)
    assert faults(diagram) == {}
    shown = clean(label)[:27]
    assert any(mark.text.startswith(shown) for mark in read(diagram).marks.values())


@needs_graphviz
@pytest.mark.parametrize("build", [cell, by_hand])
def test_any_label_can_stand_in_a_legend(label, build):
    output = (build(label) * tg.parameter(np.ones(2), label=label)).sum()
    assert "norm" in tg.draw(output, backward=True, values=True).svg


def test_any_label_can_be_written_to_a_dot_file(label, tmp_path):
    path = tg.draw(by_hand(label)).save(tmp_path / "picture.dot")
    assert path.read_bytes().decode() == tg.draw(by_hand(label)).source


@needs_graphviz
@pytest.mark.parametrize("build", [cell, by_hand])
def test_any_label_comes_out_as_text_of_the_svg(label, build):
    graph = build(label)
    root = ElementTree.fromstring(tg.draw(graph, shapes=True).svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "title", "text", "path", "polygon", "polyline", "ellipse", "tspan"}
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("}text")]
    said = "".join("".join(texts).split())
    shown = "".join(clean(label)[:27].split())
    assert shown in said
    titles = [element.text for element in root.iter() if element.tag.endswith("}title")]
    assert any(graph.describe() in title for title in titles)


@needs_graphviz
def test_no_attribute_of_the_svg_holds_a_label(label):
    svg = tg.draw(cell(label)).svg
    attributes = re.sub(r">[^<]*<", "><", svg)
    if len(label.strip()) > 1 and label != "graph":
        assert html.escape(label) not in attributes


@needs_graphviz
def test_any_label_can_be_painted(label, tmp_path):
    path = tg.draw(cell(label)).save(tmp_path / "picture.png")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "name",
    ["a b.dot", "quote'\".dot", "{|}.dot", "<b>.dot", r"\N.dot", "new\nline.dot", "🚀.dot", "$(id).dot", "-o.dot"],
)
def test_a_file_may_have_any_name(name, tmp_path):
    diagram = tg.draw(by_hand("x"))
    assert diagram.save(tmp_path / name).read_text(encoding="utf-8") == diagram.source
    assert [path.name for path in tmp_path.iterdir()] == [name]
