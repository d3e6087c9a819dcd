"""Trunks: one line for all that the same steps read."""

import itertools
import math

import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import named, weights, zeros
from tests.drawing.oddities import ODDITIES, x_at
from tests.drawing.paper import read

ATTENTION = ODDITIES["attention at each step of a decoder"]


def lines_between(paper, tails, heads):
    """The lines from marks with some texts to marks with others."""
    return [line for line in paper.lines if (paper.marks[line.tail].text, paper.marks[line.head].text) in
            set(itertools.product(tails, heads))]  # fmt: skip


def highest(line):
    return round(max(y for _, y in line.points), 1)


@pytest.mark.parametrize(
    ("detail", "tails", "heads"),
    [
        ("ops", ["h_1", "h_2", "h_3"], ["stack"]),
        ("variables", ["h_1", "h_2", "h_3"], ["α_1", "α_2", "α_3", "c_1", "c_2", "c_3"]),
        ("cells", ["encoder h_1", "encoder h_2", "encoder h_3"], [f"decoder s_{t}" for t in (1, 2, 3)]),
    ],
)
def test_all_states_that_a_decoder_attends_to_come_along_one_line_above_the_columns(detail, tails, heads):
    paper = read(tg.draw(ATTENTION(), detail=detail))
    lines = lines_between(paper, tails, heads)
    along = [line for line in lines if highest(line) > paper.columns[0].top]
    if detail == "variables":  # what the first step multiplies by A comes along the line of what later ones do
        (state,) = [line for line in lines if line not in along]
        assert (paper.text_of(state), state.text) == (("h_3", "α_1"), "A")
        assert {paper.line(f"s_{t - 1}", f"α_{t}").text for t in (2, 3)} == {"A"}
    assert len(along) == 3 * (3 if detail == "ops" else len(heads)) - (detail == "variables")
    assert len({highest(line) for line in along}) == 1


def test_dots_show_where_lines_join_a_trunk_and_leave_it():
    paper = read(tg.draw(ATTENTION()))
    level = {highest(line) for line in lines_between(paper, ["h_1"], ["stack"])}
    on_trunk = [dot for dot in paper.dots if round(dot.y, 1) in level]
    assert len(on_trunk) == 3 + 3 - 2


def test_a_line_that_comes_down_beside_the_middle_of_a_cell_meets_it_upright():
    paper = read(tg.draw(ATTENTION(), detail="cells"))
    cells = [f"decoder s_{t}" for t in (1, 2, 3)]
    lines = lines_between(paper, ["encoder h_1"], cells)
    assert len(lines) == 3
    for line in lines:
        (before, _), (end, _) = line.points[-2:]
        assert before == pytest.approx(end, abs=0.01)
        assert abs(end - paper.marks[line.head].x) > 1


def test_each_column_of_an_encoder_and_a_decoder_stands_beside_the_one_before():
    paper = read(tg.draw(ATTENTION(), detail="cells"))
    assert [title.text for title in paper.titles] == [f"t = {t}" for t in range(1, 7)]
    assert len({column.y for column in paper.columns}) == 1


def test_of_steps_left_out_what_is_read_comes_out_of_the_gap_up_to_the_same_line():
    paper = read(tg.draw(ATTENTION(9, 8), view="folded", detail="variables"))
    (line,) = lines_between(paper, ["h_1"], ["α_8"])
    (gap,) = {note.x for note in paper.notes if note.text == "⋯"}
    stubs = [line for line in paper.lines if not line.tip and abs(line.places[:, 0] - gap).max() < 0.1]
    assert stubs
    assert {highest(stub) for stub in stubs} == {highest(line)}
    assert highest(line) > paper.columns[0].top
    assert (gap, highest(line)) in {(round(dot.x, 1), round(dot.y, 1)) for dot in paper.dots}


@pytest.mark.parametrize("overlay", [{}, {"backward": True}])
def test_a_drawing_grows_by_nothing_with_the_steps_left_out_that_are_attended_to(overlay):
    few, many = (
        tg.draw(sum(tg.square(s).sum() for s in ATTENTION(encoded, 8)), view="folded", detail="variables", **overlay)
        for encoded in (20, 60)
    )
    assert len(read(few).lines) == len(read(many).lines)


def test_one_value_that_many_steps_read_comes_along_one_line():
    paper = read(tg.draw(ODDITIES["one summary for all later steps"](), detail="variables"))
    lines = lines_between(paper, ["c"], [f"d_{t}" for t in range(4, 8)])
    assert len(lines) == 4
    assert len({highest(line) for line in lines}) == 1
    assert highest(lines[0]) > paper.columns[0].top


def test_what_is_read_from_one_and_from_two_steps_before_is_carried_by_lines_of_its_own():
    W, V = weights(3, 3, label="W"), weights(3, 3, label="V")
    first, second = zeros(3, "h_-1"), zeros(3, "h_0")
    for t in range(1, 5):
        with tg.step(t):
            new = named(f"h_{t}", tg.tanh(tg.linear(second, W) + tg.linear(first, V) + x_at(t, 3)))
            first, second = second, new
    paper = read(tg.draw(second))
    assert not paper.dots or all(dot.y < paper.columns[0].top for dot in paper.dots)


@pytest.mark.parametrize("overlay", [{}, {"backward": True}])
def test_no_dot_joins_values_of_different_roles(overlay):
    what = ODDITIES["all states and outputs read at the end"]()
    paper = read(tg.draw(what, detail="variables", **overlay))
    states, outputs = ([f"{letter}_{t}" for t in range(1, 5)] for letter in "hy")
    dots = [
        {(round(dot.x, 1), round(dot.y, 1)) for dot in paper.dots for line in lines_between(paper, alike, ["L"])
         if min(math.dist(place, (dot.x, dot.y)) for place in line.points) < 1}
        for alike in (states, outputs)
    ]  # fmt: skip
    assert all(dots)
    assert dots[0].isdisjoint(dots[1])
    ends = {round(line.tip[0]) for alike in (states, outputs) for line in lines_between(paper, alike, ["L"])}
    assert len(ends) == 2  # nor do they come to one point


def test_two_values_of_different_roles_that_are_read_at_the_end_have_lines_of_their_own():
    paper = read(tg.draw(ODDITIES["a state and an output read at the end"](), detail="variables"))
    assert not paper.dots
    assert paper.line("h_3", "L").tip != paper.line("y_4", "L").tip


def test_an_initial_value_joins_the_line_of_those_that_follow():
    W, states = weights(3, 3, label="W"), [zeros(3, "h_0")]
    for t in (1, 2, 3):
        with tg.step(t):
            states.append(named(f"h_{t}", tg.tanh(tg.linear(states[-1], W))))
    paper = read(tg.draw(named("L", tg.stack(states).sum()), detail="variables"))
    assert len({highest(line) for line in lines_between(paper, [f"h_{t}" for t in range(4)], ["L"])}) == 1
