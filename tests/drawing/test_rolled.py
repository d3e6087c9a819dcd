"""The rolled picture: one column of the unrolled one, whose rails come back to it through delays."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, chain, elman, lstm, named, weights, zeros
from tests.drawing.oddities import ODDITIES, x_at
from tests.drawing.paper import STATE_PEN, faults, read
from tests.drawing.random_graphs import step_graphs

DETAILS = ["ops", "variables", "cells"]
GRAPHS = {**ODDITIES, **NETWORKS}
UNLIKE = ["steps with nothing in common", "many steps with nothing in common"]
KINDS = [
    "decoder after encoder",
    "attention at each step of a decoder",
    "long attention",
    "one summary for all later steps",
]
ALIKE = [name for name in NETWORKS if name != "own cell"]  # whose labels need another size with t than with numbers


def rolled(what, detail="ops", **settings):
    return read(tg.draw(what, view="rolled", detail=detail, **settings))


def loops(paper):
    """For each delay: what it comes from, how long it is, and all that it leads to."""
    found = {}
    for line in paper.lines:
        tail, head = paper.marks[line.tail], paper.marks[line.head]
        if head.is_delay:
            found.setdefault(head.name, [tail.text, head.text])
        elif tail.is_delay:
            found[tail.name].append(head.text)
    return sorted(found.values())


# ---------------------------------------------------------------------- like one column of the unrolled picture


@pytest.mark.parametrize(("name", "detail"), [*itertools.product(GRAPHS, DETAILS)])
def test_a_rolled_drawing_has_no_faults(name, detail):
    what = GRAPHS[name]()
    graph = what.graph if isinstance(what, tg.nn.Run) else tg.Graph(what)
    if name in UNLIKE:
        with pytest.raises(tg.SettingError, match="no two time steps of this graph are alike"):
            tg.draw(graph, view="rolled", detail=detail)
    elif name in KINDS:
        with pytest.raises(tg.SettingError, match=r"steps like 1, 2, 3.* differ from steps like \d+"):
            tg.draw(graph, view="rolled", detail=detail)
    elif graph.steps:
        assert faults(tg.draw(graph, view="rolled", detail=detail)) == {}
    else:
        with pytest.raises(tg.SettingError, match="only time steps can be rolled up"):
            tg.draw(graph, view="rolled", detail=detail)


@settings(max_examples=25)
@given(step_graphs(), st.sampled_from(DETAILS))
def test_the_rolled_drawing_of_a_random_graph_has_no_faults(graph, detail):
    try:
        diagram = tg.draw(graph, view="rolled", detail=detail)
    except tg.SettingError:  # where no two steps are alike
        assume(False)
    assert faults(diagram) == {}


@pytest.mark.parametrize(("name", "detail"), [*itertools.product(ALIKE, DETAILS)])
def test_marks_stand_where_they_stand_in_a_column_of_the_unrolled_picture(name, detail):
    once, often = rolled(NETWORKS[name](3), detail), read(tg.draw(NETWORKS[name](3), detail=detail))
    (alone,) = once.columns
    first = often.columns[0]
    there = [mark for mark in often.marks.values() if often.column_of(mark) == 0]
    here = [mark for mark in once.marks.values() if not mark.is_delay]
    assert len(here) == len(there)
    for mark, like in zip(here, there, strict=True):
        assert (mark.x - alone.x, mark.y) == pytest.approx((like.x - first.x, like.y), abs=0.05)
        assert (mark.width, mark.height, mark.colour) == (like.width, like.height, like.colour)


def test_what_few_steps_have_is_left_out():
    """Truncated backpropagation: at each fourth step what is carried is cut off, and is a leaf there."""
    W, U = weights(2, 2, label="W"), weights(2, 2, label="U")
    h, states = zeros(2, "h_0"), []
    for t in range(1, 10):
        with tg.step(t):
            before = h.detach() if t in (5, 9) else h
            h = named(f"h_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(before, W)))
            states.append(h)
    assert [mark.text for mark in rolled(states, "variables").marks.values()] == ["x_t", "h_t", "t−1"]


@pytest.mark.parametrize(
    ("steps", "title", "delay"),
    [
        ((1, 5, 9), "t = 1, 5, 9", "t−4"),
        (tuple(range(2, 40, 3)), "t = 2, 5, …, 38", "t−3"),
        ((1, 2, 4), "t = 1, 2, 4", "previous"),
        ((-3, -2, -1), "t = −3, …, −1", "t−1"),
    ],
)
def test_the_title_and_the_delay_say_how_far_apart_steps_are(steps, title, delay):
    paper = rolled(chain(steps))
    assert [found.text for found in paper.titles] == [title]
    assert delay in {mark.text for mark in paper.marks.values()}


@pytest.mark.parametrize("steps", [2, 3, 12, 100])
def test_a_rolled_picture_is_equally_large_for_any_number_of_steps(steps):
    paper = rolled(chain(range(1, steps + 1)))
    assert len(paper.columns) == 1
    assert sorted(mark.text for mark in paper.marks.values()) == sorted(["U", "W", "+", "tanh", "s_t", "x_t", "t−1"])
    assert [title.text for title in paper.titles] == [f"t = 1, …, {steps}"]


# ---------------------------------------------------------------------- labels and loops


def test_labels_have_t_for_the_step():
    texts = {mark.text for mark in rolled(elman(3)).marks.values()}
    assert {"x_t", "h_t", "y_t", "y*_t", "L_t"} <= texts
    assert "s_t+1" in {mark.text for mark in rolled(elman(3, "lagged")).marks.values()}


def test_labels_with_nothing_in_common_are_left_open():
    s, total = tg.tensor(0.0), []
    for t, name in enumerate(("one", "two", "six"), start=1):
        with tg.step(t):
            s = tg.tanh(s)
            s.label = name
            total.append(s)
    texts = {mark.text for mark in rolled(total).marks.values()}
    assert "…" in texts
    assert texts.isdisjoint({"one", "two", "six"})


@pytest.mark.parametrize(
    ("indices", "written"), [((2, 0, 3), "E[…]"), ((1, 2, 3), "E[t]"), ((0, 1, 2), "E[t−1]"), ((1, 1, 1), "E[1]")]
)
def test_an_index_that_follows_no_rule_is_left_open(indices, written):
    E, h = weights(4, 3, label="E"), zeros(3, "h_0")
    for t, index in enumerate(indices, start=1):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(E[index] + h))
    assert written in {mark.text for mark in rolled(h).marks.values()}


@pytest.mark.parametrize(("factors", "written"), [((1, 1 / 2, 1 / 7), "× …"), ((0.5, 0.5, 0.5), "× 1/2")])
def test_a_number_that_differs_is_left_open(factors, written):
    W, h = weights(3, 3, label="W"), zeros(3, "h_0")
    for t, factor in enumerate(factors, start=1):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(factor * (W @ h)))
    assert written in {mark.text for mark in rolled(h).marks.values()}


@pytest.mark.parametrize(("names", "written"), [(("W_1", "W_2", "W_3"), "W_t"), (("A", "B", "C"), "…")])
def test_weights_of_one_step_each_are_written_with_t(names, written):
    h = zeros(3, "h_0")
    for t, name in enumerate(names, start=1):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(weights(3, 3, label=name) @ h))
    assert [line.label.text for line in rolled(h, "variables").lines if line.label] == [written]
    assert written in {mark.text for mark in rolled(h).marks.values()}


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_each_recurrent_edge_is_a_loop_with_its_delay(detail):
    ops = detail == "ops"
    assert loops(rolled(elman(3), detail)) == [["+", "t−1", "+"], ["h_t", "t−1", "W_hh" if ops else "h_t"]]
    total, memory, state = loops(rolled(lstm(3), detail))
    assert total == ["+", "t−1", "+"]
    assert memory == ["c_t", "t−1", "⊙" if ops else "c_t"]
    assert state[:2] == ["h_t", "t−1"]
    assert sorted(state[2:]) == [f"W_h{gate}" if ops else f"{gate}_t" for gate in "fgio"]


def test_what_runs_back_in_time_is_read_a_step_later_and_leaves_on_the_left():
    paper = rolled(ODDITIES["both directions"]())
    assert ["b_t", "t+1", "V"] in loops(paper)
    assert ["f_t", "t−1", "W"] in loops(paper)
    for state, delay, side in (("b_t", "t+1", -1), ("f_t", "t−1", 1)):
        mark = paper.called(state)
        (way,) = [line for line in paper.lines if line.tail == mark.name and paper.marks[line.head].text == delay]
        assert way.points[0] == pytest.approx((mark.x + side * mark.width / 2, mark.y), abs=0.05)


def test_a_value_read_after_one_step_and_after_two_has_two_loops():
    assert loops(rolled(ODDITIES["a value skips a step"]())) == [["s_t", "t−1", "W"], ["s_t", "t−2", "V"]]


def test_loops_run_around_the_column_and_those_of_states_are_heavy():
    paper = rolled(lstm(3))
    (column,) = paper.columns
    for line in paper.lines:
        tail, head = paper.marks[line.tail], paper.marks[line.head]
        if tail.is_delay or head.is_delay:
            delay, mark = (tail, head) if tail.is_delay else (head, tail)
            assert delay.bottom > column.top or delay.top < column.bottom
            assert (line.width > 1) == (mark.text != "+")
    (way,) = [line for line in paper.lines if line.tail == paper.called("c_t").name and line.width > STATE_PEN]
    assert max(x for x, _ in way.points) > column.right


def test_loops_side_by_side_do_not_run_on_each_other():
    paper = rolled(NETWORKS["two layers of lstm"](3))
    upright = {}
    for line in paper.lines:
        if paper.marks[line.head].is_delay:
            lane = round(max(x for x, _ in line.points), 1)
            heights = [y for x, y in line.points if abs(x - lane) < 0.2]
            assert all(max(heights) < low or high < min(heights) for low, high in upright.get(lane, []))
            upright.setdefault(lane, []).append((min(heights), max(heights)))
    assert sum(map(len, upright.values())) == 5


def test_what_comes_before_and_after_the_steps_is_left_out():
    texts = {mark.text for mark in rolled(elman(3)).marks.values()}
    assert "h_0" not in texts
    assert "L" not in texts


def test_what_a_single_step_has_is_left_out():
    paper = rolled(ODDITIES["first step different"]())
    assert {mark.text for mark in paper.marks.values()} >= {"s_t", "t−1"}
    states = paper.called("s_t")
    assert sum(line.head == states.name for line in paper.lines) == 1


# ---------------------------------------------------------------------- what only some steps have


def recurrent(read, steps=9):
    """Each state is made of the one before and an input, and of what `read` gives for the step and the states."""
    W, U, states = weights(2, 2, label="W"), weights(2, 2, label="U"), [zeros(2, "h_0")]
    for t in range(1, steps + 1):
        with tg.step(t):
            made = tg.linear(x_at(t), U) + tg.linear(states[-1], W)
            states.append(named(f"h_{t}", tg.tanh(read(t, made, states))))
    return states[1:]


def clockwork():
    """What is read at every step is made at every third."""
    C, K, slow = weights(2, 2, label="C"), weights(2, 2, label="K"), zeros(2, "s_0")

    def read(t, made, states):
        nonlocal slow
        made = made + tg.linear(slow, C)
        if t % 3 == 0:
            slow = named(f"s_{t}", tg.tanh(tg.linear(slow, K) + tg.linear(states[-1], K)))
        return made

    return recurrent(read)


def skips_once():
    S = weights(2, 2, label="S")
    return recurrent(lambda t, made, states: made + tg.linear(states[2], S) if t == 7 else made)


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_what_a_mark_reads_that_few_steps_make_is_an_open_line(detail):
    diagram = tg.draw(clockwork(), view="rolled", detail=detail)
    (line,) = [line for line in read(diagram).lines if line.dashed]
    assert read(diagram).marks[line.head].text == ("C" if detail == "ops" else "h_t")
    assert faults(diagram) == {}
    assert "most of" in diagram.source
    assert diagram.title.endswith("rolled up, without what fewer than half of them have")


@pytest.mark.parametrize("detail", DETAILS)
def test_what_a_single_step_reads_besides_leaves_neither_line_nor_bend(detail):
    once, never = (
        tg.draw(what, view="rolled", detail=detail) for what in (skips_once(), recurrent(lambda t, made, states: made))
    )
    places = [[(mark.text, mark.x, mark.y) for mark in read(diagram).marks.values()] for diagram in (once, never)]
    lines = [[line.points for line in read(diagram).lines] for diagram in (once, never)]
    assert places[0] == places[1]
    assert lines[0] == lines[1]
    assert "most of" in once.source
    assert "most of" not in never.source


def test_steps_that_read_different_things_by_turns_are_not_drawn_as_one():
    """Teacher forcing at every second step."""
    U, V, h, y = weights(2, 2, label="U"), weights(2, 2, label="V"), zeros(2, "h_0"), zeros(2, "y_0")
    for t in range(1, 6):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(tg.linear(zeros(2, f"y*_{t}") if t % 2 else y, U) + h))
            y = named(f"y_{t}", tg.linear(h, V))
    with pytest.raises(tg.SettingError, match="steps like 1, 3, 5 differ from steps like 2, 4"):
        tg.draw([h, y], view="rolled")


def test_labels_decide_which_row_a_recursion_stands_in():
    """Of what a last loss needs less remains from step to step, as in connectionist temporal classification."""
    alphas = [tg.tensor(0.0, f"α_0({s})") for s in range(3)]
    for t in range(1, 6):
        with tg.step(t):
            scores = tg.log_softmax(tg.parameter(np.arange(3.0) + t, f"z_{t}"))
            alphas = [
                named(f"α_{t}({s})", (tg.logaddexp(alphas[s], alphas[s - 1]) if s else alphas[s]) + scores[s])
                for s in range(3)
            ]
    paper = read(tg.draw(alphas[-1], detail="variables"))
    for s in range(3):
        rows = [mark.y for mark in paper.marks.values() if mark.text.endswith(f"({s})") and mark.text != f"α_0({s})"]
        assert len(rows) == 3 + s
        assert max(rows) - min(rows) < 0.1
    texts = {mark.text for mark in rolled(alphas[-1]).marks.values()}
    assert {"α_t(0)", "α_t(1)", "α_t(2)", "[0]", "[1]", "[2]"} <= texts
    assert faults(tg.draw(alphas[-1], view="rolled")) == {}
