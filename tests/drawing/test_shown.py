"""What is shown of a graph, and what of it is left out."""

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
