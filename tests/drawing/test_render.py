"""Running Graphviz: which one, for how long, and what is said when it fails."""

import re
import shutil
import sys

import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import elman
from tests.drawing.renderers import HAS_DOT, needs_graphviz, needs_pygraphviz, put_dot
from tinygrad_rnn.drawing import render
from tinygrad_rnn.drawing.render import finish_svg, for_pango, run_graphviz

SOURCE = "digraph { a -> b }"
ADVICE = "something else"


@pytest.fixture
def without_dot(tmp_path, monkeypatch):
    """A PATH on which there is nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def without_pygraphviz(tmp_path, monkeypatch):
    """A folder that comes first where Python looks, with a pygraphviz that cannot be imported."""
    (tmp_path / "pygraphviz.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.skipif(not HAS_DOT, reason="there is no dot")
@pytest.mark.parametrize(("format", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_dot_on_the_path_paints(format, magic, without_pygraphviz):
    assert run_graphviz(SOURCE, format, 30, ADVICE).startswith(magic)


@needs_pygraphviz
@pytest.mark.parametrize(("format", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_without_dot_pygraphviz_paints(format, magic, without_dot):
    assert shutil.which("dot") is None
    assert run_graphviz(SOURCE, format, 30, ADVICE).startswith(magic)


@needs_pygraphviz
def test_pygraphviz_paints_the_same_positions(without_dot):
    svg = tg.draw(elman(2)).svg
    assert svg.count("<ellipse") >= 14
    assert "h" in svg


def test_without_both_the_error_names_both_ways(without_dot, without_pygraphviz):
    with pytest.raises(tg.DrawingError, match=r"install its `dot` .*pip install 'tinygrad-rnn\[dot\]'"):
        run_graphviz(SOURCE, "svg", 30, ADVICE)


def test_without_both_the_dot_text_can_still_be_had(without_dot, without_pygraphviz, tmp_path):
    diagram = tg.draw(elman(2))
    assert diagram.save(tmp_path / "a.dot").read_text(encoding="utf-8") == diagram.source
    assert "not installed" in diagram._repr_mimebundle_()["text/plain"]


def test_dot_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    put_dot(tmp_path, monkeypatch, "exec /bin/sleep 60")
    with pytest.raises(tg.DrawingError, match=r"did not finish within 0\.2 s; draw something else"):
        run_graphviz(SOURCE, "svg", 0.2, ADVICE)


def test_pygraphviz_that_takes_too_long_is_ended(without_dot, monkeypatch):
    monkeypatch.setattr(render, "CHILD", "import time; time.sleep(60)")
    with pytest.raises(tg.DrawingError, match=r"did not finish within 0\.2 s; draw something else"):
        run_graphviz(SOURCE, "svg", 0.2, ADVICE)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'Error: bad news' >&2; echo more >&2; exit 1", "Error: bad news"),
        ("exit 3", "it gave no reason"),
        ("kill -SEGV $$", "it gave no reason"),
        ("printf '\\377bad' >&2; exit 1", "bad"),
    ],
)
def test_dot_that_fails_is_quoted(script, reason, tmp_path, monkeypatch):
    put_dot(tmp_path, monkeypatch, script)
    with pytest.raises(tg.DrawingError, match=f"Graphviz failed: .*{reason}") as caught:
        run_graphviz(SOURCE, "svg", 30, ADVICE)
    assert "more" not in str(caught.value)


@pytest.mark.parametrize(
    ("child", "reason"),
    [("import sys; sys.exit('no luck')", "no luck"), ("import os; os.abort()", "it gave no reason")],
)
def test_a_child_process_that_fails_does_not_end_this_one(child, reason, without_dot, monkeypatch):
    monkeypatch.setattr(render, "CHILD", child)
    with pytest.raises(tg.DrawingError, match=f"Graphviz failed: {reason}"):
        run_graphviz(SOURCE, "svg", 30, ADVICE)


@needs_graphviz
def test_bad_dot_text_is_an_error():
    with pytest.raises(tg.DrawingError, match="Graphviz failed"):
        run_graphviz("digraph { a -> ", "svg", 30, ADVICE)


@needs_pygraphviz
def test_bad_dot_text_is_an_error_of_pygraphviz_too(without_dot):
    with pytest.raises(tg.DrawingError, match="Graphviz failed"):
        run_graphviz("digraph { a -> ", "svg", 30, ADVICE)


def test_dot_is_run_with_the_text_on_its_standard_input(tmp_path, monkeypatch):
    put_dot(tmp_path, monkeypatch, 'echo "$@"; /bin/cat')
    assert run_graphviz(SOURCE, "svg", 30, ADVICE).decode().splitlines() == ["-Kdot -Tsvg", SOURCE]


def test_no_graphviz_is_imported_into_this_process(without_dot):
    tg.draw(elman(2))._repr_mimebundle_()
    assert "pygraphviz" not in sys.modules


def too_large(pixels):
    """What is said of a bitmap of so many pixels, one per point."""
    source = f"digraph {{ graph [dpi=72, pad=0] a [shape=box, width={pixels / 72}, height=1] }}"
    with pytest.raises(tg.DrawingError) as caught:
        run_graphviz(source, "png", 60, ADVICE)
    return str(caught.value)


@needs_graphviz
def test_a_bitmap_that_graphviz_would_shrink_is_refused():
    assert "would have 80,0" in too_large(80_000)
    assert re.search(r"32,767 are the most; save it as \.svg .* \(dpi\), or draw something else", too_large(40_000))


@needs_pygraphviz
def test_a_bitmap_that_pygraphviz_would_shrink_is_refused(without_dot):
    assert "would have 80,0" in too_large(80_000)


# ---------------------------------------------------------------------- finishing


def test_subscripts_are_lowered_and_superscripts_raised():
    svg = '<svg><text x="1" y="10" baseline-shift="{}" font-size="10.00">3</text></svg>'
    assert 'y="13.30"' in finish_svg(svg.format("sub"), {}, "")
    assert 'y="4.50"' in finish_svg(svg.format("super"), {}, "")


def test_titles_are_those_given_and_no_others():
    svg = "<svg><g><title>n0</title></g><g><title>n0&#45;&gt;n1</title></g></svg>"
    assert finish_svg(svg, {"n0": "h < 3"}, 'a "b"') == (
        '<svg role="img" aria-label="a &quot;b&quot;"><g><title>h &lt; 3</title>\n</g><g></g></svg>'
    )


def test_subscripts_are_larger_for_pango():
    assert for_pango('h<SUB><FONT POINT-SIZE="10.0">3') == 'h<SUB><FONT POINT-SIZE="12.0">3'
