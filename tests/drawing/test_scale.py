"""The work of a drawing grows with the steps shown, and no faster. Work is counted in function calls."""

import sys

import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, chain, elman


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
@pytest.mark.parametrize("detail", ["ops", "variables"])
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


def test_dot_text_grows_with_the_steps():
    short, long = (len(tg.draw(elman(steps), view="unrolled").source) for steps in (12, 120))
    assert long < 11 * short
