"""What is shown of a graph, and what of it is left out."""

from contextlib import nullcontext

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import elman, named, weights, zeros
from tests.drawing.paper import faults, read


def drawn(what, **settings):
    """A drawing without faults, read from paper."""
    diagram = tg.draw(what, **settings)
    assert faults(diagram) == {}
    return read(diagram)


def texts(paper):
    return [mark.text for mark in paper.marks.values()]


def ends(paper):
    """The lines as pairs of what is written at their ends, but for those into gaps."""
    return [paper.text_of(line) for line in paper.lines if line.tail in paper.marks and line.head in paper.marks]


# ---------------------------------------------------------------------- folded


def inputs_made_before(steps=30):
    """A network whose inputs are made before all steps."""
    xs = [tg.tensor([1.0, t], label=f"x_{t}") for t in range(1, steps + 1)]
    return tg.nn.RNN(2, 3).unroll(xs)


def targets_made_before(steps=30):
    """A network whose targets are made before all steps."""
    targets = [tg.tensor(np.ones(2), label=f"y_{t}") for t in range(1, steps + 1)]
    return tg.nn.ElmanRNN(2, 3, 2).unroll(np.zeros((steps, 2)), targets)


def embeddings_made_before(steps=30):
    """A network that reads, at each step, what is made of an input before all steps."""
    xs = [tg.exp(tg.tensor(np.ones(3), label=f"x_{t}")) for t in range(1, steps + 1)]
    W, s = weights(3, 3, label="W"), zeros(3, "s_0")
    for t, x in enumerate(xs, start=1):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W) + x))
    return s


@pytest.mark.parametrize("detail", ["ops", "variables", "cells"])
@pytest.mark.parametrize(
    "build",
    [inputs_made_before, targets_made_before, embeddings_made_before, lambda: elman(30, copies=True)],
    ids=["inputs", "targets", "embeddings", "parameters"],
)
def test_what_hidden_steps_alone_read_is_hidden_with_them(build, detail):
    paper = drawn(build(), detail=detail)
    linked = {name for line in paper.lines for name in (line.tail, line.head)}
    assert [mark.text for mark in paper.marks.values() if mark.name not in linked] == []
    assert not any(f"_{t}" in text for text in texts(paper) for t in range(4, 29))


def attention_over_a_stack(encoded=12, decoded=8):
    """A decoder each step of which reads a stack of all states of the encoder, made outside all steps."""
    W, Q, V, s, states, total = *(weights(3, 3, label=name) for name in "WQV"), zeros(3, "s_0"), [], tg.tensor(0.0)
    for t in range(1, encoded + 1):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W) + tg.tensor(np.ones(3), label=f"x_{t}")))
            states.append(s)
    S = named("S", tg.stack(states))
    for t in range(1, decoded + 1):
        with tg.step(encoded + t):
            c = named(f"c_{t}", tg.softmax(S @ tg.linear(s, Q)) @ S)
            s = named(f"d_{t}", tg.tanh(tg.linear(s, V) + c))
            total = total + named(f"L_{t}", tg.square(s).sum())
    return total


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_what_is_made_between_steps_stays_when_these_are_hidden(detail):
    paper = drawn(attention_over_a_stack(), detail=detail)
    stack = "stack" if detail == "ops" else "S"
    for t in (1, 2, 3):
        assert (f"s_{t}", stack) in ends(paper)
    hidden = [line for line in paper.lines if line.dashed and line.head in paper.marks]
    assert stack in [paper.marks[line.head].text for line in hidden]
    readers = [paper.marks[line.head] for line in paper.lines if line.tail == paper.called("S").name]
    assert {paper.column_of(mark) for mark in readers} >= {3, 4}


# ---------------------------------------------------------------------- without operations


def scaled(steps=5):
    """A network with a bias whose states are scaled by one constant with a name, and by one without."""
    U, W, b = weights(3, 2, label="U"), weights(3, 3, label="W"), weights(3, label="b")
    k, s = tg.tensor(np.ones(3), label="k"), zeros(3, "s_0")
    for t in range(1, steps + 1):
        with tg.step(t):
            x = tg.tensor(np.ones(2), label=f"x_{t}")
            s = named(f"s_{t}", tg.tanh(tg.linear(x, U) + tg.linear(s, W) + b) * k * 0.5)
    return s


@pytest.mark.parametrize("detail", ["variables", "cells"])
@pytest.mark.parametrize("steps", [5, 30])
def test_a_constant_with_a_name_that_all_steps_read_is_one_mark_before_them(steps, detail):
    paper = drawn(scaled(steps), detail=detail)
    k = paper.called("k")
    assert paper.column_of(k) is None
    assert k.right < paper.columns[0].left
    readers = {paper.marks[line.head].text for line in paper.lines if line.tail == k.name}
    assert readers == {mark.text for mark in paper.marks.values() if mark.text[0] == "s"} - {"s_0"}
    assert not {"b", "0.5"} & set(texts(paper))


def test_data_read_often_are_marks_where_operations_are_not():
    p, q = tg.tensor(1.0, label="p"), tg.tensor(2.0, label="q")
    a, b, c = named("a", p + p), named("b", tg.tanh(p)), named("c", p * q)
    source = tg.draw(named("d", a * b + c), detail="variables").source
    assert source.count(" -> ") == 7


def test_a_matrix_is_written_beside_lines_though_no_gradient_is_asked_of_it():
    W, s = tg.tensor(np.eye(3), label="W"), zeros(3, "s_0")
    for t in range(1, 4):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W)))
    paper = drawn(s, detail="variables")
    assert "W" not in texts(paper)
    assert [paper.line(f"s_{t - 1}", f"s_{t}").text for t in (1, 2, 3)] == ["W", "W", "W"]


def test_an_input_of_many_products_is_a_mark_and_the_parameters_are_written():
    x = tg.tensor(np.ones(2), label="x")
    layers = [named(f"a_{k}", tg.linear(x, weights(3, 2, label=f"W_{k}"))) for k in range(5)]
    source = tg.draw(layers, detail="variables").source
    assert source.count(" -> ") >= 5
    assert "<I>x</I>" in source


@pytest.mark.parametrize("label", ["S", None])
def test_what_most_steps_read_of_others_is_a_mark(label):
    W, Q, s, states = weights(3, 3, label="W"), weights(3, 3, label="Q"), zeros(3, "s_0"), []
    for t in range(1, 4):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W)))
            states.append(s)
    S, q = named(label, tg.stack(states)), s
    for t in range(4, 10):
        with tg.step(t):
            q = named(f"q_{t}", tg.tanh(tg.linear(tg.softmax(S @ q) @ S, Q)))
    paper = drawn(q, detail="variables")
    for t in range(1, 4):
        assert (f"s_{t}", label or "stack") in ends(paper)
    for t in range(4, 10):
        assert (label or "stack", f"q_{t}") in ends(paper)


@pytest.mark.parametrize("detail", ["variables", "cells"])
def test_the_number_that_a_sum_starts_from_is_left_out_where_operations_are(detail):
    losses, W, h = [], weights(3, 3, label="W"), zeros(3, "h_0")
    for t in range(1, 4):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(tg.linear(h, W)))
            losses.append(named(f"L_{t}", h.sum()))
    total = named("L", sum(losses))
    assert "0" in texts(drawn(total))
    paper = drawn(total, detail=detail)
    assert "0" not in texts(paper)
    assert [text for _, text in ends(paper)].count("+") == 3 + 2


@pytest.mark.parametrize("detail", ["variables", "cells"])
@pytest.mark.parametrize("total", [sum, lambda losses: sum(losses) / len(losses), lambda losses: 0.5 * sum(losses)])
def test_a_running_sum_is_drawn_in_every_step_whatever_is_made_of_it(total, detail):
    losses, W, h = [], weights(3, 3, label="W"), zeros(3, "h_0")
    for t in range(1, 5):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(tg.linear(h, W)))
            losses.append(named(f"L_{t}", h.sum()))
    paper = drawn(named("L", total(losses)), detail=detail)
    assert [paper.column_of(mark) for mark in paper.written("+")] == [0, 1, 2, 3]
    assert ends(paper).count(("+", "L")) == 1
    assert not [source for source, target in ends(paper) if target == "L" and source != "+"]
    assert not paper.dots


def test_a_carried_value_without_a_name_is_drawn_in_the_last_step_as_well():
    W, h = weights(3, 3, label="W"), zeros(3, "h_0")
    for t in (1, 2, 3):
        with tg.step(t):
            h = tg.tanh(tg.linear(h, W))
    paper = drawn(named("L", h.sum()), detail="variables")
    assert [paper.column_of(mark) for mark in paper.written("tanh")] == [0, 1, 2]


# ---------------------------------------------------------------------- cells


def attending(loss_inside):
    """Encoder and decoder in scopes of their own, the decoder attending to all states of the encoder."""
    U, W, V, Q, C = (weights(3, 3, label=name) for name in "UWVQC")
    s, states, total = zeros(3, "s_0"), [], tg.tensor(0.0)
    for t in range(1, 5):
        with tg.step(t), tg.scope("encoder"):
            s = named(f"s_{t}", tg.tanh(tg.linear(tg.tensor(np.ones(3), label=f"x_{t}"), U) + tg.linear(s, W)))
            states.append(s)
    for t in range(1, 4):
        with tg.step(4 + t):
            with tg.scope("decoder"):
                S = tg.stack(states)
                c = named(f"c_{t}", tg.softmax(S @ tg.linear(s, Q)) @ S)
                s = named(f"d_{t}", tg.tanh(tg.linear(s, V) + c))
                y = named(f"y_{t}", tg.linear(s, C))
            with tg.scope("decoder") if loss_inside else nullcontext():
                total = total + named(f"L_{t}", tg.square(y).sum())
    return total


def test_a_box_stands_for_one_scope_and_what_is_outside_of_it_stays():
    paper = drawn(attending(loss_inside=False), detail="cells")
    boxes = [f"encoder s_{t}" for t in range(1, 5)] + [f"decoder y_{t}, d_{t}" for t in range(1, 4)]
    losses = ["+", "L_1", "+", "L_2", "+", "L_3"]
    inputs = ["s_0", *(f"x_{t}" for t in range(1, 5))]
    assert sorted(texts(paper)) == sorted([*boxes, *losses, *inputs])
    assert len({paper.called(box).y for box in boxes}) == 1


def test_a_cell_that_starts_from_a_plain_number_as_well_does_not_say_so():
    assert "s_0" in texts(drawn(attending(loss_inside=True), detail="cells"))


def test_a_scope_that_goes_on_with_the_state_of_another_stays_a_cell_of_its_own():
    U, W, V, s = weights(3, 3, label="U"), weights(3, 3, label="W"), weights(3, 3, label="V"), zeros(3, "s_0")
    for t in range(1, 7):
        with tg.step(t), tg.scope("encoder" if t < 4 else "decoder"):
            x = tg.tensor(np.ones(3), label=f"x_{t}")
            s = named(f"s_{t}", tg.tanh(tg.linear(x, U) + tg.linear(s, W)) if t < 4 else tg.tanh(tg.linear(s, V)))
    paper = drawn(s, detail="cells")
    boxes = [f"{'encoder' if t < 4 else 'decoder'} s_{t}" for t in range(1, 7)]
    assert sorted(texts(paper)) == sorted(["s_0", "x_1", "x_2", "x_3", *boxes])
    assert len({paper.called(box).y for box in boxes}) == 1
