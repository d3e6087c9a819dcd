"""Columns, rows and rails, checked by the coordinates of the drawing alone."""

import itertools

import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, chain, elman, named, own_cell, zeros
from tests.drawing.paper import STATE_PEN, read

DETAILS = ["ops", "variables"]
ROUNDED = 0.05
"""As far apart as rounding puts equal places."""

PATHS = {
    "lagged": ["s_{}"],
    "subscript": ["h_{}"],
    "goodfellow": ["h_{}"],
    "lstm": ["c_{}"],
    "gru": ["h_{}"],
    "two layers": ["a_{}", "b_{}"],
    "two layers of lstm": ["c_{}"],
    "own cell": ["quux {}", "kiwi {}"],
}
"""What is carried along a rail in each network, with room for the time step."""


@pytest.fixture(params=list(itertools.product(NETWORKS, DETAILS)), ids=" in ".join)
def drawing(request):
    """A network's name, the detail, and its drawing of three steps as read from paper."""
    name, detail = request.param
    return name, detail, read(tg.draw(NETWORKS[name](3), detail=detail))


def places(paper, number):
    """Where the marks of a column stand from its middle, how large they are and in which colour."""
    column = paper.columns[number]
    inside = [mark for mark in paper.marks.values() if paper.column_of(mark) == number]
    return [(mark.x - column.x, mark.y, mark.width, mark.height, mark.colour) for mark in inside]


def is_level(points, height):
    """Whether all points are at one height."""
    return all(abs(y - height) < ROUNDED for _, y in points)


# ---------------------------------------------------------------------- columns


def test_there_is_a_column_for_each_step_with_its_title(drawing):
    _, _, paper = drawing
    assert [title.text for title in paper.titles] == ["t = 1", "t = 2", "t = 3"]
    assert [title.x for title in paper.titles] == [column.x for column in paper.columns]


def test_columns_are_equally_large_level_and_equally_far_apart(drawing):
    _, _, paper = drawing
    first, second, third = paper.columns
    assert len({(column.width, column.height, column.y) for column in paper.columns}) == 1
    assert first.right < second.left
    assert second.x - first.x == pytest.approx(third.x - second.x, abs=ROUNDED)


def test_every_column_has_the_same_marks_at_the_same_places(drawing):
    _, _, paper = drawing
    first, second, third = (places(paper, number) for number in range(3))
    assert len(first) == len(second) == len(third) > 2
    for one, *others in zip(first, second, third, strict=True):
        assert all(other[0] == pytest.approx(one[0], abs=ROUNDED) for other in others)
        assert all(other[1:] == one[1:] for other in others)


def test_what_has_no_step_stands_beside_the_columns(drawing):
    name, _, paper = drawing
    start, _ = PATHS[name][0].split("{}")
    label = "blip" if name == "own cell" else f"{start}{1 if name == 'lagged' else 0}"
    outside = [mark for mark in paper.written(label) if paper.column_of(mark) is None]
    assert outside
    assert all(mark.right < paper.columns[0].left for mark in outside)


# ---------------------------------------------------------------------- rails


def steps_of(name):
    """The subscripts of the states that three columns make: those of the lagged notation are one ahead."""
    return (2, 3, 4) if name == "lagged" else (1, 2, 3)


def test_what_is_carried_stands_in_one_row(drawing):
    name, _, paper = drawing
    for path in PATHS[name]:
        for marks in zip(*(paper.written(path.format(step)) for step in steps_of(name)), strict=True):
            assert len({mark.y for mark in marks}) == 1
            assert [paper.column_of(mark) for mark in marks] == [0, 1, 2]


def test_the_line_of_what_is_carried_is_straight_and_heavy(drawing):
    name, _, paper = drawing
    first, *_, last = steps_of(name)
    for path in PATHS[name]:
        for start, end in zip(paper.written(path.format(first)), paper.written(path.format(last)), strict=True):
            rail = [line for line in paper.lines if line.width > STATE_PEN and is_level(line.points, start.y)]
            pieces = [(line.points[0][0], line.tip[0]) for line in rail]
            pieces += [(mark.left, mark.right) for mark in paper.marks.values() if mark.y == start.y]
            reached = start.right
            for left, right in sorted(pieces):
                if reached < end.left:
                    assert left < reached + 2
                    reached = max(reached, right)


def test_no_line_is_as_heavy_as_the_states(drawing):
    _, _, paper = drawing
    light = {line.width for line in paper.lines if line.width < STATE_PEN}
    assert light == {1.0}


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(
    ("notation", "state", "output", "loss"),
    [("lagged", "s_2", "o_1", "E_1"), ("subscript", "h_1", "y_1", "L_1"), ("goodfellow", "h_1", "o_1", "L_1")],
)
def test_inputs_stand_below_the_state_and_outputs_and_losses_above(notation, state, output, loss, detail):
    paper = read(tg.draw(elman(3, notation), detail=detail))
    order = [paper.called(label).y for label in ("x_1", state, output, loss)]
    assert order == sorted(set(order))


@pytest.mark.parametrize("detail", DETAILS)
def test_the_gates_of_an_lstm_stand_in_one_row_below_the_memory(detail):
    paper = read(tg.draw(NETWORKS["lstm"](3), detail=detail))
    if detail == "ops":
        assert len({paper.called(f"{gate}_2").y for gate in "ifgo"}) == 1
    assert all(paper.called(f"{gate}_2").y < paper.called("c_2").y for gate in "ifg")
    assert paper.called("c_2").y < paper.called("h_2").y < paper.called("y_2").y < paper.called("L_2").y


def test_a_cell_of_ones_own_has_a_rail_for_each_of_its_values():
    paper = read(tg.draw(own_cell(4)))
    low, high = paper.called("quux 1").y, paper.called("kiwi 1").y
    assert low < high
    assert {paper.called(f"quux {t}").y for t in range(1, 5)} == {low}
    assert {paper.called(f"kiwi {t}").y for t in range(1, 5)} == {high}
    assert paper.called("blip").y == low
    assert paper.called("blop").y == high
    assert all(paper.called(f"mist {t}").y < low and high < paper.called(f"dodo {t}").y for t in range(1, 5))
    assert paper.line("quux 1", "+").width > STATE_PEN
    assert paper.line("kiwi 1", "+").width > STATE_PEN
    assert paper.line("kiwi 1", "cos").width < STATE_PEN


# ---------------------------------------------------------------------- parameters


def test_parameters_are_tags_in_every_step():
    paper = read(tg.draw(elman(3)))
    for tag in ("W_xh", "W_hh", "+ b_h", "W_oh", "+ b_o"):
        assert [paper.column_of(mark) for mark in paper.written(tag)] == [0, 1, 2]
        assert len({mark.colour for mark in paper.written(tag)}) == 1


def test_between_variables_parameters_are_written_on_the_lines():
    paper = read(tg.draw(elman(3), detail="variables"))
    written = [line.text for line in paper.lines]
    assert [written.count(name) for name in ("W_xh", "W_hh", "W_oh")] == [3, 3, 3]
    assert paper.line("h_1", "h_2").text == "W_hh"


def test_no_line_crosses_the_page(drawing):
    _, _, paper = drawing
    pitch = paper.columns[1].x - paper.columns[0].x
    assert all(abs(line.ends[1][0] - line.ends[0][0]) < 2 * pitch for line in paper.lines)


# ---------------------------------------------------------------------- folded


def titles(diagram):
    return [int(title.text.removeprefix("t = ")) for title in read(diagram).titles]


def test_a_dozen_steps_are_drawn_unrolled_and_more_are_folded():
    assert titles(tg.draw(elman(12))) == list(range(1, 13))
    assert titles(tg.draw(elman(13))) == [1, 2, 3, 12, 13]


def test_a_view_asked_for_by_name_is_drawn():
    assert titles(tg.draw(elman(40), view="unrolled")) == list(range(1, 41))
    assert titles(tg.draw(elman(7), view="folded")) == [1, 2, 3, 6, 7]
    assert titles(tg.draw(elman(5), view="folded")) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("steps", "words"), [(100, "95 more steps"), (6, "1 more step")])
@pytest.mark.parametrize("detail", DETAILS)
def test_the_gap_of_a_folded_drawing_says_how_many_steps_it_hides(steps, words, detail):
    paper = read(tg.draw(elman(steps), view="folded", detail=detail))
    (note,) = [note for note in paper.notes if "more" in note.text]
    assert note.text == words
    assert paper.columns[2].right < note.left < note.right < paper.columns[3].left


def test_rails_run_dashed_into_the_gap_and_out_of_it():
    paper = read(tg.draw(elman(100)))
    height = paper.called("h_1").y
    dashed = [line for line in paper.lines if line.dashed and line.width > STATE_PEN]
    into, out = sorted(dashed, key=lambda line: line.points[0])
    assert is_level([*into.points, *out.points], height)
    assert paper.marks[into.tail].text == "h_3"
    assert into.tip is None
    assert paper.marks[out.head].text == "W_hh"
    assert paper.column_of(paper.marks[out.head]) == 3


def test_folded_steps_that_count_with_holes_are_counted_and_not_subtracted():
    steps = [0, 10, 20, 21, 22, 30, 31, 32, 33, 34, 50, 60, 70, 71]
    paper = read(tg.draw(chain(steps)))
    assert [title.text for title in paper.titles] == ["t = 0", "t = 10", "t = 20", "t = 70", "t = 71"]
    assert [note.text for note in paper.notes if "more" in note.text] == ["9 more steps"]


# ---------------------------------------------------------------------- two edges between the same marks


def squares(steps=3):
    """h_t = tanh(x_t * x_t + h_{t−1}), and the square of the sum of the last."""
    h = zeros(2, "h_0")
    for t in range(1, steps + 1):
        with tg.step(t):
            x = tg.tensor([1.0, 1.0], label=f"x_{t}")
            h = named(f"h_{t}", tg.tanh(x * x + h))
    total = named("S", h.sum())
    return named("L", total * total)


@pytest.mark.parametrize("detail", DETAILS)
def test_two_edges_between_the_same_marks_run_side_by_side(detail):
    paper = read(tg.draw(squares(), detail=detail))
    pairs = {}
    for line in paper.lines:
        pairs.setdefault((line.tail, line.head), []).append(line)
    doubled = [(paper.marks[tail], paper.marks[head], lines) for (tail, head), lines in pairs.items() if len(lines) > 1]
    assert len(doubled) == (4 if detail == "ops" else 0)
    for tail, head, (one, other) in doubled:
        for place in (0, -1):
            middle = tuple((a + b) / 2 for a, b in zip(one.points[place], other.points[place], strict=True))
            off = (middle[0] - tail.x) * (head.y - tail.y) - (middle[1] - tail.y) * (head.x - tail.x)
            assert abs(off) < 1
            assert one.points[place] != other.points[place]


def test_a_carried_value_read_twice_by_one_operation_comes_along_two_lines():
    h = zeros(2, "h_0")
    for t in (1, 2):
        with tg.step(t):
            h = named(f"h_{t}", tg.exp(h * h))
    paper = read(tg.draw(h))
    state, product = paper.called("h_1"), paper.written("⊙")[1]
    one, other = [line for line in paper.lines if (line.tail, line.head) == (state.name, product.name)]
    assert is_level(one.points, one.tip[1])
    assert is_level(other.points, other.tip[1])
    assert one.tip[1] - state.y == pytest.approx(state.y - other.tip[1], abs=ROUNDED)
    assert one.tip[1] != other.tip[1]


def test_a_value_read_twice_from_a_line_below_has_two_risers():
    outputs = []
    for t in (1, 2):
        with tg.step(t):
            x = tg.tensor([1.0, 1.0], label=f"x_{t}")
            outputs += [x * x, tg.exp(x), tg.sin(x)]
    paper = read(tg.draw(outputs))
    product = paper.written("⊙")[0]
    one, other = [line for line in paper.lines if line.head == product.name]
    assert one.tip[0] - product.x == pytest.approx(product.x - other.tip[0], abs=ROUNDED)
    assert one.tip[0] != other.tip[0]
