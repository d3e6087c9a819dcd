"""The work of a drawing grows with the steps shown, and no faster. Work is counted in function calls."""

import sys

import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, chain, elman, named, weights, zeros


def calls(what, **settings):
    """How many functions are called to draw something."""
    count = 0

    def notice(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(notice)
    try:
        tg.draw(what, **settings)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", ["subscript", "lstm", "two layers", "own cell"])
@pytest.mark.parametrize("detail", ["ops", "variables", "cells"])
def test_ten_times_the_steps_are_ten_times_the_work(name, detail):
    short, long = (calls(NETWORKS[name](steps), view="unrolled", detail=detail) for steps in (12, 120))
    assert long < 11 * short


def test_a_folded_drawing_costs_little_beyond_a_look_at_each_node():
    short, long = elman(300), elman(3000)
    assert calls(long) < 11 * calls(short)
    assert calls(long) < 40 * len(long.graph)


def test_a_folded_drawing_of_ten_thousand_steps_is_no_larger_than_one_of_a_hundred():
    short, long = (tg.draw(chain(range(1, steps + 1))).source for steps in (100, 10_000))
    assert len(long) < 1.05 * len(short)
    assert "9995&#160;more" in long


def inputs_made_before(steps):
    """A recurrent network by hand, all inputs of which are made before its steps."""
    xs = [tg.tensor([1.0, t], label=f"x_{t}") for t in range(1, steps + 1)]
    W, s = weights(2, 2, label="W"), zeros(2, "s_0")
    for t, x in enumerate(xs, start=1):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W) + x))
    return s


def test_inputs_made_before_all_steps_cost_no_more_than_others():
    short, long = (tg.Graph(inputs_made_before(steps)) for steps in (100, 1000))
    assert calls(long) < 8 * calls(short)
    assert len(tg.draw(long).source) < 1.05 * len(tg.draw(short).source)
    assert calls(long, view="unrolled") < 11 * calls(short, view="unrolled")


def test_dot_text_grows_with_the_steps():
    short, long = (len(tg.draw(elman(steps), view="unrolled").source) for steps in (12, 120))
    assert long < 11 * short
