"""Cells: one box for the nodes of a scope, or for all that a recurrence runs through."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, named, scoped_layers, weights, zeros
from tests.drawing.oddities import ODDITIES
from tests.drawing.paper import STATE_PEN, read
from tinygrad_rnn.drawing.basics.theme import THEMES


def cells(what, **settings):
    return read(tg.draw(what, detail="cells", **settings))


def in_column(paper, number):
    """What is written on the marks of a column, from the lowest to the highest."""
    inside = [mark for mark in paper.marks.values() if paper.column_of(mark) == number]
    return [mark.text for mark in sorted(inside, key=lambda mark: (mark.y, mark.x))]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("subscript", ["x_2", "h_2", "y*_2", "y_2", "L_2", "+"]),
        ("goodfellow", ["x_2", "h_2", "y_2", "o_2", "L_2", "ŷ_2", "+"]),
        ("lagged", ["x_2", "s_3", "o_2", "y_2", "E_2", "+"]),
        ("lstm", ["x_2", "h_2, c_2", "y_2", "y*_2", "L_2", "+"]),
        ("gru", ["x_2", "h_2", "y_2", "y*_2", "L_2", "+"]),
        ("two layers", ["x_2", "a_2", "b_2", "y_2", "y*_2", "L_2", "+"]),
        ("two layers of lstm", ["x_2", "h_2, c_2", "h_2, c_2", "y_2", "y*_2", "L_2", "+"]),
        ("own cell", ["mist 2", "quux 2", "kiwi 2", "dodo 2"]),
        ("layers in scopes", ["x_2", "lower a_2", "upper b_2", "y_2", "y*_2", "L_2", "+"]),
    ],
)
def test_a_box_stands_for_each_cell_of_a_step(name, texts):
    assert sorted(in_column(cells(NETWORKS[name](3)), 1)) == sorted(texts)


@pytest.mark.parametrize("name", ["subscript", "lstm", "gru", "two layers of lstm", "layers in scopes"])
def test_cells_are_boxes_in_one_row_joined_by_a_heavy_line(name):
    paper = cells(NETWORKS[name](3))
    heavy = [line for line in paper.lines if line.width > STATE_PEN]
    boxes = [paper.marks[line.head] for line in heavy]
    assert len(heavy) == (6 if "layers" in name else 3)
    assert not any(box.round for box in boxes)
    for line, box in zip(heavy, boxes, strict=True):
        assert {round(y, 1) for _, y in line.points} == {round(box.y, 1)}
        assert box.height >= 40


def test_a_cell_is_called_by_the_scope_of_its_own_step():
    paper = cells(ODDITIES["attention at each step of a decoder"]())
    assert in_column(paper, 0)[-1] == "encoder h_1"
    assert in_column(paper, 3) == ["decoder s_1"]


def test_layers_stand_above_each_other():
    paper = cells(scoped_layers())
    lower, upper = (paper.called(f"{layer} {state}_2") for layer, state in (("lower", "a"), ("upper", "b")))
    assert lower.x == pytest.approx(upper.x, abs=0.05)
    assert paper.called("x_2").y < lower.y < upper.y < paper.called("y_2").y


def test_directions_of_time_have_rows_of_their_own():
    paper = cells(ODDITIES["both directions"]())
    assert len({paper.called(f"f_{t}").y for t in range(1, 5)}) == 1
    assert len({paper.called(f"b_{t}").y for t in range(1, 5)}) == 1
    assert paper.called("f_1").y != paper.called("b_1").y
    assert paper.line("f_1", "f_2").points[0][0] < paper.line("f_1", "f_2").tip[0]
    assert paper.line("b_2", "b_1").points[0][0] > paper.line("b_2", "b_1").tip[0]


def test_the_depth_of_scopes_says_what_one_box_stands_for():
    assert "model b_2, a_2" in in_column(cells(scoped_layers(), depth=1), 1)
    assert {"lower a_2", "upper b_2"} <= set(in_column(cells(scoped_layers(), depth=2), 1))


def test_a_cell_starts_from_all_its_initial_values_at_once():
    paper = cells(NETWORKS["lstm"](3))
    start = paper.called("h_0, c_0")
    assert start.y == paper.called("h_1, c_1").y
    assert paper.line("h_0, c_0", "h_1, c_1").width > STATE_PEN


def test_folded_cells_run_into_the_gap_along_one_line():
    paper = cells(NETWORKS["lstm"](100))
    dashed = [line for line in paper.lines if line.dashed and line.width > STATE_PEN]
    assert len(dashed) == 2
    height = paper.called("h_1, c_1").y
    assert all(abs(y - height) < 0.05 for line in dashed for _, y in line.points)


def test_rolled_cells_have_a_loop():
    paper = cells(NETWORKS["lstm"](100), view="rolled")
    assert "h_t, c_t" in in_column(paper, 0)
    assert paper.line("h_t, c_t", "t−1").width > STATE_PEN


def test_a_scope_without_recurrence_is_a_cell_too():
    W = weights(3, 2, label="W")
    outputs = []
    for t in (1, 2, 3):
        with tg.step(t):
            x = tg.tensor(np.ones(2), label=f"x_{t}")
            with tg.scope("head"):
                outputs.append(named(f"y_{t}", tg.tanh(tg.linear(x, W))))
    assert in_column(cells(outputs), 1) == ["x_2", "head y_2"]


def test_a_running_sum_and_a_scalar_state_are_told_apart():
    total, s, w = tg.tensor(0.0), tg.tensor(1.0, label="s_0"), tg.parameter(0.5, label="w")
    for t in (1, 2, 3):
        with tg.step(t):
            s = named(f"s_{t}", w * s + 1.0)
            total = total + s
    paper = cells(total)
    assert not paper.called("s_2").round
    assert paper.called("s_2").colour == THEMES["light"].kinds["state"].pen
    assert all(mark.round for mark in paper.written("+"))


def test_scopes_without_steps_are_boxes_for_graphviz_to_place():
    x = tg.tensor(np.ones(2), label="x")
    for k in (1, 2):
        with tg.scope(f"layer {k}"):
            x = named(f"a_{k}", tg.tanh(tg.linear(x, weights(2, 2, label=f"W_{k}"))))
    source = tg.draw(x, detail="cells").source
    assert source.count(" -> ") == 2
    assert "layer&#160;1" in source
    assert "tanh" not in source


def test_a_hostile_scope_stays_text():
    with tg.step(1), tg.scope("<b>&\\N<b>"):
        y = tg.tanh(zeros(2, "x"))
    paper = cells(y)
    assert "<b>&\\N<b>" in {mark.text for mark in paper.marks.values()}
