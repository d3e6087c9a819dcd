"""A finished drawing: shown, saved, and what can go wrong."""

import re
import tempfile
import webbrowser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, elman
from tests.drawing.oddities import ODDITIES
from tests.drawing.renderers import needs_graphviz, put_dot

ROUNDED = 0.5
"""As far apart as rounding puts equal places: some versions of Graphviz give the picture's size in whole points."""

MAGIC = {".dot": b"digraph {", ".svg": b"<?xml", ".png": b"\x89PNG\r\n", ".pdf": b"%PDF-", ".html": b"<!doctype html>"}


@pytest.fixture
def diagram():
    return tg.draw(elman(2))


@needs_graphviz
@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.parametrize("build", [elman, ODDITIES["a diamond"]])
def test_the_suffix_says_the_format(suffix, build, tmp_path):
    for name in (f"picture{suffix}", f"PICTURE{suffix.upper()}"):
        path = tg.draw(build()).save(tmp_path / name)
        assert path == tmp_path / name
        assert path.read_bytes().startswith(MAGIC[suffix])


def test_a_path_may_be_a_string(diagram, tmp_path):
    path = diagram.save(str(tmp_path / "picture.dot"))
    assert isinstance(path, Path)
    assert path.exists()


@needs_graphviz
def test_a_png_has_the_dots_per_inch_that_were_asked_for(diagram, tmp_path):
    def size(dpi):
        return int.from_bytes(diagram.save(tmp_path / "a.png", dpi=dpi).read_bytes()[16:20], "big")

    assert size(144) == pytest.approx(2 * size(72), abs=2)


@pytest.mark.parametrize("dpi", [0, -72, float("nan"), 0.5, 1e9, float("inf"), "72, label=x", None, True])
def test_dots_per_inch_are_a_number_that_makes_sense(diagram, dpi, tmp_path):
    with pytest.raises(tg.SettingError, match="dpi is a number of pixels per inch from 1 to 10,000"):
        diagram.save(tmp_path / "a.png", dpi=dpi)


@pytest.mark.parametrize("name", ["picture.jpeg", "picture", ".svg", "picture.svg.gz", "picture.", "picture.png "])
def test_another_suffix_is_refused(diagram, name, tmp_path):
    with pytest.raises(tg.SettingError, match=r"saved as \.dot, \.svg, \.png, \.pdf, \.html, not as"):
        diagram.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_output_error(diagram, tmp_path):
    with pytest.raises(tg.errors.OutputError, match=r"cannot write .*there/a\.dot: No such file or directory"):
        diagram.save(tmp_path / "there" / "a.dot")


def test_a_name_that_no_file_can_have_is_an_output_error(diagram, tmp_path):
    with pytest.raises(tg.errors.OutputError, match=r"cannot write '.*a.x00b\.dot': embedded null byte"):
        diagram.save(tmp_path / "a\0b.dot")
    with pytest.raises(tg.SettingError, match="a drawing is saved to a path, not None"):
        diagram.save(None)


def test_a_folder_is_not_replaced_by_a_picture(diagram, tmp_path):
    (tmp_path / "a.dot").mkdir()
    with pytest.raises(tg.errors.OutputError, match="cannot write"):
        diagram.save(tmp_path / "a.dot")
    assert [path.name for path in tmp_path.iterdir()] == ["a.dot"]


def test_a_file_in_place_of_a_folder_is_an_output_error(diagram, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(tg.errors.OutputError, match="Not a directory"):
        diagram.save(tmp_path / "file" / "a.dot")


def test_what_cannot_be_written_leaves_the_old_file_and_no_other(diagram, tmp_path, monkeypatch):
    path = tmp_path / "a.dot"
    path.write_text("old")

    def no_space(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(tg.errors.OutputError, match="No space left on device"):
        diagram.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_the_old_file_and_no_other(diagram, tmp_path, monkeypatch):
    path = tmp_path / "a.dot"
    path.write_text("old")

    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        diagram.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_exists_is_replaced_and_a_link_stays_one(diagram, tmp_path):
    path, link = tmp_path / "a.dot", tmp_path / "link.dot"
    path.write_text("old")
    link.symlink_to(path)
    diagram.save(link)
    assert path.read_text(encoding="utf-8") == diagram.source
    assert link.is_symlink()


def test_a_failed_painting_writes_nothing(diagram, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    put_dot(tmp_path / "bin", monkeypatch, "exit 1")
    with pytest.raises(tg.DrawingError):
        diagram.save(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


# ---------------------------------------------------------------------- in a notebook


@needs_graphviz
def test_a_notebook_shows_the_picture_and_its_title(diagram):
    shown = diagram._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg")
    assert shown["text/plain"] == repr(diagram) == f"<diagram: {diagram.title}>"


def test_a_notebook_says_why_there_is_no_picture(diagram, tmp_path, monkeypatch):
    put_dot(tmp_path, monkeypatch, "echo 'out of ink' >&2; exit 1")
    shown = diagram._repr_mimebundle_(include=None, exclude=None)
    assert shown == {"text/plain": f"{diagram!r}\nGraphviz failed: out of ink"}


@needs_graphviz
def test_the_svg_is_painted_once(diagram, tmp_path, monkeypatch):
    painted = diagram.svg
    put_dot(tmp_path, monkeypatch, "exit 1")
    assert diagram.svg is painted


@needs_graphviz
def test_ids_of_two_pictures_do_not_collide():
    one, other = (set(re.findall(r' id="([^"]*)"', tg.draw(elman(steps)).svg)) for steps in (2, 3))
    assert one
    assert other
    assert one.isdisjoint(other)


@needs_graphviz
def test_ids_differ_where_a_notebook_shows_the_same_picture_twice(diagram):
    one, other = (re.findall(r' id="([^"]*)"', diagram._repr_mimebundle_()["image/svg+xml"]) for _ in range(2))
    assert len(one) == len(set(one)) == len(other) > 3
    assert set(one).isdisjoint(other)


@needs_graphviz
@pytest.mark.parametrize("settings", [{"view": "rolled"}, {"shapes": True}, {"detail": "cells", "theme": "print"}])
@pytest.mark.parametrize("build", [NETWORKS["lstm"], ODDITIES["both directions"]])
def test_nothing_reaches_beyond_the_edge_of_the_picture(build, settings):
    root = ElementTree.fromstring(tg.draw(build(), **settings).svg)
    left, top, width, height = map(float, root.get("viewBox").split())
    shift_x, shift_y = map(float, re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", root[0].get("transform")).groups())
    texts = [element.get("d") or element.get("points") or "" for element in root.iter()]
    places = [pair for text in texts for pair in re.findall(r"(-?[\d.]+)[, ](-?[\d.]+)", text)]
    places += [(e.get("cx"), e.get("cy")) for e in root.iter() if e.get("cx")]
    assert len(places) > 100
    for x, y in places:
        assert -ROUNDED < float(x) + shift_x - left < width + ROUNDED
        assert -ROUNDED < float(y) + shift_y - top < height + ROUNDED


# ---------------------------------------------------------------------- in a viewer


@needs_graphviz
def test_showing_opens_a_temporary_file_in_the_default_viewer(diagram, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    diagram.show()
    (path,) = tmp_path.rglob("*.svg")
    assert opened == [path.as_uri()]
    assert diagram.svg in path.read_text(encoding="utf-8")


@needs_graphviz
def test_without_a_viewer_the_error_says_where_the_picture_is(diagram, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    with pytest.raises(tg.DrawingError, match=r"no viewer to show the picture in; it is at .*picture\.svg"):
        diagram.show()


@needs_graphviz
def test_the_svg_says_what_it_shows(diagram):
    root = ElementTree.fromstring(diagram.svg)
    assert root.get("aria-label") == diagram.title
    titles = [element.text for element in root.iter() if element.tag.endswith("}title")]
    assert sum("h_1" in title and "(3,)" in title for title in titles) >= 1
    assert "baseline-shift" not in diagram.svg
    assert "<!--" not in diagram.svg


@pytest.mark.parametrize(
    ("what", "title"),
    [
        (lambda: tg.tensor(1.0) * 2, "a graph of 3 nodes"),
        (lambda: elman(2), "in 2 time steps"),
        (lambda: elman(20), "in 20 time steps, 5 of them shown"),
    ],
)
def test_titles(what, title):
    assert tg.draw(what()).title.endswith(title)


def test_the_title_of_a_rolled_picture():
    assert tg.draw(elman(20), view="rolled").title.endswith("in 20 time steps, rolled up")


def test_the_source_is_the_same_every_time():
    assert tg.draw(elman(3)).source == tg.draw(elman(3)).source
