"""The path by which the loss of one step credits another."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import chain, elman, lstm, named
from tests.drawing.paper import faults, plain, read
from tests.drawing.renderers import needs_graphviz
from tinygrad_rnn.drawing.basics.theme import THEMES
from tinygrad_rnn.drawing.overlays.cards import written


def lit(diagram):
    """What is written on the marks that are not faded, and the ends of the lines that are not."""
    pens = {paint.pen for paint in (*THEMES["light"].kinds.values(), *THEMES["light"].parameters)}
    paper = read(diagram)
    marks = {mark.text for mark in paper.marks.values() if mark.colour in pens}
    lines = {paper.text_of(line) for line in paper.lines if line.colour in {"", *pens}}
    return marks, lines


def test_all_but_the_ways_from_the_loss_to_the_step_are_faded():
    marks, lines = lit(tg.draw(elman(5), detail="variables", highlight=(4, 2)))
    assert marks == {"x_2", "h_2", "h_3", "h_4", "y_4", "L_4"}
    assert lines == {("x_2", "h_2"), ("h_2", "h_3"), ("h_3", "h_4"), ("h_4", "y_4"), ("y_4", "L_4")}


def test_in_the_detail_of_operations_the_path_leads_through_them():
    marks, lines = lit(tg.draw(elman(3), highlight=(3, 3)))
    assert {"x_3", "W_xh", "+", "+ b_h", "tanh", "h_3", "W_oh", "L_3"} <= marks
    assert not {"h_2", "W_hh", "L", "y*_3"} & marks
    assert ("h_2", "W_hh") not in lines


def test_both_states_of_an_lstm_are_credited():
    marks, _ = lit(tg.draw(lstm(4), detail="variables", highlight=(3, 1)))
    assert {"c_1", "h_1", "c_2", "h_2", "f_2", "c_3", "h_3", "L_3"} <= marks
    assert not {"h_0", "c_0", "x_2", "L_2", "h_4"} & marks


def test_a_folded_drawing_shows_both_steps_and_the_path_through_the_steps_left_out():
    paper = read(tg.draw(elman(100), detail="variables", highlight=(50, 10)))
    assert [title.text for title in paper.titles] == [f"t = {t}" for t in (1, 2, 3, 10, 50, 99, 100)]
    marks, _ = lit(tg.draw(elman(100), detail="variables", highlight=(50, 10)))
    assert marks == {"x_10", "h_10", "h_50", "y_50", "L_50"}
    dashed = [line for line in paper.lines if line.dashed and line.colour == THEMES["light"].kinds["state"].pen]
    ends = {paper.text_of(line) for line in dashed}
    assert ends == {("h_10", "h_10"), ("h_50", "h_50")}  # at a gap, a line has one mark for both ends


def test_it_goes_together_with_the_backward_pass():
    diagram = tg.draw(elman(3), backward=True, highlight=(2, 1))
    paper = read(diagram)
    adjoint = THEMES["light"].adjoint
    strong = {paper.text_of(line) for line in paper.lines if line.colour == adjoint and line.head[0] == "n"}
    assert ("W_hh", "h_1") in strong
    assert ("W_hh", "h_2") not in strong
    assert faults(diagram) == {}


def test_gradients_are_those_of_the_loss_that_is_highlighted():
    run = tg.nn.ElmanRNN(2, 1, 1).unroll(np.ones((3, 2)), np.ones((3, 1)))
    events = {event.node: event.adjoint for event in tg.trace_backward(run.losses[2])}
    diagram = tg.draw(run, detail="variables", backward=True, gradients=True, highlight=(3, 1))
    paper = read(diagram)
    for t, state in enumerate(run.states, start=1):
        (mark,) = [mark for mark in paper.marks.values() if mark.text.startswith(f"h_{t}∇")]
        assert mark.text == f"h_{t}∇ {written(events[state].item())}"
        assert math.isclose(mark.norm, abs(events[state].item()), rel_tol=1e-5)
    assert not [mark for mark in paper.marks.values() if mark.text.startswith("L_2∇")]
    (legend,) = [line for line in diagram.source.splitlines() if line.startswith("l0 ")]
    assert "gradients are ofL_3" in plain(legend)


def test_gradients_of_a_step_with_two_losses_are_refused_and_of_each_alone_drawn():
    net = chain(range(1, 3))
    with tg.step(2):
        losses = [named(name, function(net).sum()) for name, function in (("A_2", tg.exp), ("B_2", tg.square))]
    assert {"A_2", "B_2"} <= lit(tg.draw(losses, highlight=(2, 1)))[0]
    with pytest.raises(tg.GraphError, match=r"step 2 has 2 \(.*'A_2'.*'B_2'.*\); draw one of them alone"):
        tg.draw(losses, gradients=True, highlight=(2, 1))
    assert "∇" in tg.draw(losses[0], gradients=True, highlight=(2, 1)).source


@needs_graphviz
def test_the_page_says_whose_gradients_the_picture_shows(tmp_path):
    note = "In the picture, gradients are those of the loss of step 3 alone"
    page = tg.draw(elman(3), gradients=True, highlight=(3, 1)).save(tmp_path / "a.html")
    assert note in page.read_text(encoding="utf-8")
    tg.draw(elman(3), highlight=(3, 1)).save(page)
    assert note not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("highlight", "message"),
    [
        (3, r"highlight is a pair \(t, k\)"),
        ((1, 2, 3), r"highlight is a pair \(t, k\)"),
        ((4, 1), r"there is no step 4; the steps run from 1 to 3"),
        ((1, 0), r"there is no step 0"),
        ((True, 1), r"there is no step True"),
        ((2, 1.0), r"there is no step 1\.0"),
    ],
)
def test_what_is_no_pair_of_steps_is_refused(highlight, message):
    with pytest.raises(tg.SettingError, match=message):
        tg.draw(elman(3), highlight=highlight)


def test_a_graph_without_steps_has_nothing_to_highlight():
    with pytest.raises(tg.SettingError, match="the graph has no time steps"):
        tg.draw(tg.exp(tg.tensor(1.0)), highlight=(1, 1))


def test_a_loss_credits_no_later_step():
    with pytest.raises(tg.GraphError, match="the loss of step 1 does not depend on the states and inputs of step 2"):
        tg.draw(elman(3), highlight=(1, 2))


def test_a_step_without_a_loss_is_refused_with_advice():
    def end(s):
        with tg.step(3):
            loss = tg.square(s).sum()
            loss.label = "L_3"
        return loss

    with pytest.raises(tg.GraphError, match=r"step 2 has no loss .* losses are made in the steps \[3\]"):
        tg.draw(chain(range(1, 4), end=end), highlight=(2, 1))
    with pytest.raises(tg.GraphError, match="label each step's loss"):
        tg.draw(chain(range(1, 4)), highlight=(2, 1))
    marks, _ = lit(tg.draw(chain(range(1, 4), end=end), highlight=(3, 1)))
    assert {"x_1", "s_1", "s_2", "s_3", "L_3"} <= marks
