"""What can be drawn, and the settings."""

import itertools
import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import elman
from tests.drawing.oddities import ODDITIES
from tests.drawing.paper import read
from tests.drawing.renderers import needs_graphviz
from tinygrad_rnn.drawing.basics.theme import THEMES

TOLD_APART = ["input", "output", "state", "second state", "loss"]


def test_a_tensor_several_a_graph_and_a_run_are_drawn_alike():
    run = elman(3)
    assert tg.draw(run).source == tg.draw(run.graph).source
    y = tg.exp(tg.tensor(1.0))
    assert tg.draw(y).source == tg.draw([y]).source == tg.draw(tg.Graph(y)).source


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("view", "sideways", "view is one of 'unrolled', 'folded', 'rolled', not 'sideways'"),
        ("detail", "all", "detail is one of 'ops', 'variables', 'cells', not 'all'"),
        ("detail", None, "detail is one of 'ops', 'variables', 'cells', not None"),
        ("depth", 0, "depth is a whole number of at least 1, not 0"),
        ("depth", "all", "depth is a whole number of at least 1, not 'all'"),
        ("depth", True, "depth is a whole number of at least 1, not True"),
        *[
            (name, "yes", f"{name} is True or False, not 'yes'")
            for name in ("shapes", "backward", "values", "gradients")
        ],
        ("direction", "TB", "direction is one of 'LR', not 'TB'"),
        ("theme", "neon", "theme is one of 'light', 'dark', 'print', not 'neon'"),
    ],
)
def test_an_unknown_setting_is_refused(setting, value, message):
    with pytest.raises(tg.SettingError, match=message):
        tg.draw(tg.tensor(1.0), **{setting: value})


def test_settings_may_be_numbers_of_numpys():
    of_numpy = {"values": np.True_, "depth": np.int64(2), "highlight": (np.int64(2), np.int64(1))}
    of_python = {"values": True, "depth": 2, "highlight": (2, 1)}
    assert tg.draw(elman(2), **of_numpy).source == tg.draw(elman(2), **of_python).source


@pytest.mark.parametrize("nothing", [[], "text", 3, None, np.ones(2)])
def test_what_is_no_graph_is_refused(nothing):
    with pytest.raises((tg.GraphError, TypeError)):
        tg.draw(nothing)


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_has_its_background_columns_and_colours(theme):
    diagram = tg.draw(elman(2), theme=theme)
    assert f'bgcolor="{THEMES[theme].background}"' in diagram.source
    assert {column.colour for column in read(diagram).columns} == {THEMES[theme].column.pen}
    assert read(diagram).called("h_1").colour == THEMES[theme].kinds["state"].pen


def test_the_themes_have_colours_for_the_same_things():
    assert len({tuple(theme.kinds) for theme in THEMES.values()}) == 1
    assert len(THEMES["light"].parameters) == len(THEMES["dark"].parameters)


def lightness(colour):
    """How light a colour is in a grey picture, from 0 to 255 (ITU-R BT.601)."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_what_a_mark_is_can_be_told_without_colours(theme):
    looks = [(lightness(theme.kinds[kind].fill), theme.kinds[kind].width) for kind in TOLD_APART]
    for (one, pen), (other, other_pen) in itertools.combinations(looks, 2):
        assert abs(one - other) >= 7 or abs(pen - other_pen) >= 0.5
    for kind in TOLD_APART:
        paint = theme.kinds[kind]
        assert abs(lightness(paint.letters or theme.text) - lightness(paint.fill)) > 90


def test_the_print_theme_has_no_colours_and_parameters_have_square_corners():
    source = tg.draw(elman(2), theme="print").source
    colours = set(re.findall("#[0-9A-F]{6}", source))
    assert colours
    assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in colours)
    corners = {mark: "rounded" in mark for mark in source.splitlines() if "W</I>" in mark or "tanh" in mark}
    assert {("tanh" in mark, is_round) for mark, is_round in corners.items()} == {(True, True), (False, False)}


def test_shapes_are_written_beside_values_on_request():
    plain, shaped = read(tg.draw(elman(2))), read(tg.draw(elman(2), shapes=True))
    notes = [note for note in shaped.notes if note.text == "3"]
    assert not any(note.text == "3" for note in plain.notes)
    state = shaped.called("h_1")
    assert any(0 < note.x - state.x < 40 and 0 < state.y - note.y < 30 for note in notes)


def test_kinds_follow_from_the_graph():
    paper = read(tg.draw(elman(3)))
    kinds = THEMES["light"].kinds
    for label, kind in (("h_2", "state"), ("x_2", "input"), ("y_2", "output"), ("L_2", "loss"), ("L", "loss")):
        assert paper.called(label).colour == kinds[kind].pen
    assert paper.called("y*_2").dashed
    assert not paper.called("x_2").dashed


@needs_graphviz
@pytest.mark.parametrize("name", ["a diamond", "several outputs", "numbers", "one node", "only leaves"])
def test_graphs_without_steps_are_laid_out_by_graphviz(name):
    diagram = tg.draw(ODDITIES[name]())
    assert "layout=nop2" not in diagram.source
    assert diagram.svg.startswith("<svg")


@needs_graphviz
def test_steps_with_nothing_in_common_are_frames_that_graphviz_places():
    diagram = tg.draw(ODDITIES["steps with nothing in common"]())
    assert "subgraph cluster" in diagram.source
    assert diagram.svg.count("=&#160;") + diagram.svg.count("= ") + diagram.svg.count("=\xa0") >= 5


def test_the_same_operand_twice_is_two_edges_without_steps():
    assert tg.draw(ODDITIES["the same node twice"]()).source.count(" -> ") == 2


def test_an_unrolled_layer_is_drawn_as_its_graph():
    run = tg.nn.LSTM(2, 3).unroll(np.zeros((4, 2)))
    assert tg.draw(run).source == tg.draw(run.graph).source
