"""What can be drawn, and the settings."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import elman
from tests.drawing.oddities import ODDITIES
from tests.drawing.paper import read
from tests.drawing.renderers import needs_graphviz
from tinygrad_rnn.drawing.theme import THEMES


def test_a_tensor_several_a_graph_and_a_run_are_drawn_alike():
    run = elman(3)
    assert tg.draw(run).source == tg.draw(run.graph).source
    y = tg.exp(tg.tensor(1.0))
    assert tg.draw(y).source == tg.draw([y]).source == tg.draw(tg.Graph(y)).source


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("view", "sideways", "view is one of 'unrolled', 'folded', not 'sideways'"),
        ("detail", "all", "detail is one of 'ops', 'variables', not 'all'"),
        ("detail", None, "detail is one of 'ops', 'variables', not None"),
        ("direction", "TB", "direction is one of 'LR', not 'TB'"),
        ("theme", "neon", "theme is one of 'light', 'dark', not 'neon'"),
    ],
)
def test_an_unknown_setting_is_refused(setting, value, message):
    with pytest.raises(tg.SettingError, match=message):
        tg.draw(tg.tensor(1.0), **{setting: value})


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
    light, dark = THEMES["light"], THEMES["dark"]
    assert light.kinds.keys() == dark.kinds.keys()
    assert len(light.parameters) == len(dark.parameters)


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
