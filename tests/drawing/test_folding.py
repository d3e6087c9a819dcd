"""Folding: which steps are shown, and that every line is seen which leads into those left out."""

import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import named, weights, zeros
from tests.drawing.oddities import x_at
from tests.drawing.paper import faults, read


def reading_back(lag, steps=20):
    """States that are made of the one before and of one from some steps before."""
    W, V = weights(2, 2, label="W"), weights(2, 2, label="V")
    states = [zeros(2, f"h_{k}") for k in range(1 - lag, 1)]
    for t in range(1, steps + 1):
        with tg.step(t):
            before = tg.linear(states[-1], W) + tg.linear(states[-lag], V)
            states.append(named(f"h_{t}", tg.tanh(before + x_at(t))))
    return states[lag:]


@pytest.mark.parametrize(("lag", "shown"), [(2, [1, 2, 3, 19, 20]), (3, [1, 2, 3, 4, 19, 20]), (9, [1, 2, 3, 19, 20])])
def test_so_many_of_the_first_steps_are_shown_that_usual_lines_are_seen(lag, shown):
    paper = read(tg.draw(reading_back(lag), view="folded"))
    assert [title.text for title in paper.titles] == [f"t = {t}" for t in shown]


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_each_value_that_a_step_left_out_reads_has_a_line_into_the_gap(detail):
    diagram = tg.draw(reading_back(3), view="folded", detail=detail)
    paper = read(diagram)
    into_gap = [paper.marks[line.tail].text for line in paper.lines if line.dashed and not line.tip]
    assert sorted(into_gap) == ["h_2", "h_3", "h_4", "h_4"]
    assert faults(diagram) == {}
