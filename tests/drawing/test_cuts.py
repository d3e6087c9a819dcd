"""Cuts: where what is carried was detached, its line says so, and nothing comes back along it."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import named, weights, zeros
from tests.drawing.oddities import x_at
from tests.drawing.paper import faults, read

CUT = "//"


def truncated(steps, every, cut=tg.Tensor.detach):
    """The states of a network that is cut before each step after some."""
    W, U = weights(2, 2, label="W"), weights(2, 2, label="U")
    h, states = zeros(2, "h_0"), []
    for t in range(1, steps + 1):
        with tg.step(t):
            before = cut(h) if every and t > 1 and t % every == 1 else h
            h = named(f"h_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(before, W)))
            states.append(h)
    return states


def cuts(paper):
    """How many cuts are drawn, those within gaps last."""
    return [sum(note.text == CUT for note in paper.notes), sum(note.text == f"·{CUT}·" for note in paper.notes)]


@pytest.mark.parametrize("detail", ["ops", "variables", "cells"])
def test_a_detached_state_is_no_mark_of_its_own_but_a_cut_in_the_line(detail):
    whole, diagram = read(tg.draw(truncated(6, None), detail=detail)), tg.draw(truncated(6, 2), detail=detail)
    paper = read(diagram)
    assert [mark.text for mark in paper.marks.values()] == [mark.text for mark in whole.marks.values()]
    assert sorted(map(paper.text_of, paper.lines)) == sorted(map(whole.text_of, whole.lines))
    assert cuts(paper) == [2, 0]
    assert cuts(whole) == [0, 0]
    assert faults(diagram) == {}


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_no_gradient_comes_back_along_a_cut_line(detail):
    loss = sum(tg.square(h).sum() for h in truncated(4, 2))
    paper = read(tg.draw(loss, detail=detail, backward=True))
    returning = {paper.text_of(line) for line in paper.lines if line.norm is not None}
    into = "W" if detail == "ops" else "h_{}"
    assert (into.format(2), "h_1") in returning
    assert (into.format(3), "h_2") not in returning


def test_a_copy_of_the_numbers_is_an_input_like_any_other():
    states = truncated(4, 2, cut=lambda h: tg.tensor(np.array(h.data), "memory"))
    paper = read(tg.draw(states))
    assert "memory" in {mark.text for mark in paper.marks.values()}
    assert cuts(paper) == [0, 0]


def test_cuts_in_steps_that_are_left_out_are_drawn_in_the_gap():
    assert cuts(read(tg.draw(truncated(20, 5), view="folded"))) == [0, 1]
    assert cuts(read(tg.draw(truncated(20, None), view="folded"))) == [0, 0]


def test_a_highlighted_way_ends_at_a_cut():
    states = truncated(6, 2)
    losses = [named(f"L_{t}", tg.square(h).sum()) for t, h in enumerate(states, start=1)]
    with pytest.raises(tg.GraphError, match="does not depend"):
        tg.draw(losses, highlight=(3, 2))
