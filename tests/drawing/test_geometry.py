"""Points, boxes and splines."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.drawing.basics.geometry import (
    Box,
    Point,
    between,
    edge_point,
    meets,
    onto_edge,
    rounded,
    shifted,
    side_of,
    straight,
    upright_edge,
    with_tip,
)

CIRCLE, BOX = Box(20, 20, True), Box(40, 20, False)
MIDDLE = Point(100, 100)
places = st.builds(Point, st.floats(-1000, 1000), st.floats(-1000, 1000))


@pytest.mark.parametrize(
    ("box", "towards", "edge"),
    [
        (CIRCLE, Point(200, 100), Point(110, 100)),
        (CIRCLE, Point(100, 0), Point(100, 90)),
        (CIRCLE, Point(103, 104), Point(106, 108)),
        (BOX, Point(200, 100), Point(120, 100)),
        (BOX, Point(100, 200), Point(100, 110)),
        (BOX, Point(140, 120), Point(120, 110)),
        (BOX, MIDDLE, MIDDLE),
    ],
)
def test_a_line_from_the_middle_leaves_at_the_edge(box, towards, edge):
    assert edge_point(box, MIDDLE, towards) == pytest.approx(edge)


@pytest.mark.parametrize(
    ("box", "place", "edge"),
    [
        (CIRCLE, Point(108, 106), Point(108, 106)),
        (CIRCLE, Point(100, 118), Point(100, 110)),
        (CIRCLE, Point(115, 106), Point(108, 106)),
        (CIRCLE, Point(94, 85), Point(94, 92)),
        (BOX, Point(123, 104), Point(120, 104)),
        (BOX, Point(76, 104), Point(80, 104)),
        (BOX, Point(107, 112), Point(107, 110)),
        (BOX, Point(107, 88), Point(107, 90)),
    ],
)
def test_a_place_close_to_a_box_is_moved_onto_its_edge(box, place, edge):
    assert onto_edge(box, MIDDLE, place) == pytest.approx(edge)


def test_the_upper_and_lower_edge_and_the_sides():
    assert upright_edge(BOX, MIDDLE, 95, up=True) == (95, 110)
    assert upright_edge(BOX, MIDDLE, 95, up=False) == (95, 90)
    assert upright_edge(CIRCLE, MIDDLE, 106, up=True) == pytest.approx((106, 108))
    assert side_of(BOX, MIDDLE, 1) == (120, 100)
    assert side_of(BOX, MIDDLE, -1) == (80, 100)


def test_a_shifted_path_runs_at_the_right_hand_of_the_first():
    assert shifted([Point(0, 0), Point(0, 10)], 3) == [Point(3, 0), Point(3, 10)]
    assert shifted([Point(0, 0), Point(10, 0)], 3) == [Point(0, -3), Point(10, -3)]


@given(places, places)
def test_a_straight_line_is_one_curve_through_its_ends(start, end):
    line = straight(start, end)
    assert len(line) == 4
    assert line[0] == start
    assert line[-1] == end
    assert math.dist(line[1], between(start, end, 1 / 3)) < 1e-6


@given(st.lists(places, min_size=1, max_size=5))
def test_a_rounded_line_is_made_of_cubic_curves_from_end_to_end(corners):
    line = rounded(corners, 10)
    assert len(line) % 3 == 1
    assert line[0] == corners[0]
    assert math.dist(line[-1], corners[-1]) < 0.1


def test_a_rounded_corner_starts_and_ends_a_radius_from_it():
    line = rounded([Point(0, 0), Point(50, 0), Point(50, 50)], 10)
    assert Point(40, 0) in line
    assert Point(50, 10) in line
    assert Point(50, 0) not in line


def test_a_line_is_cut_an_arrowhead_short_of_its_end():
    line, tip = with_tip(straight(Point(0, 0), Point(100, 0)), 10, 1)
    assert tip == (99, 0)
    assert line[-1] == (89, 0)


def test_a_line_without_length_has_no_room_for_an_arrowhead():
    assert with_tip([MIDDLE] * 4, 10, 1) == ([MIDDLE] * 4, MIDDLE)


@pytest.mark.parametrize(
    ("start", "end", "is_met"),
    [
        (Point(0, 100), Point(200, 100), True),
        (Point(0, 100), Point(70, 100), False),
        (Point(0, 112), Point(200, 112), False),
        (Point(100, 0), Point(100, 200), True),
        (Point(50, 50), Point(150, 150), True),
        (Point(100, 100), Point(100, 100), True),
    ],
)
@pytest.mark.parametrize("box", [BOX, CIRCLE])
def test_whether_a_line_meets_a_box(box, start, end, is_met):
    assert meets(box, MIDDLE, start, end, 1) is is_met


def test_a_line_past_the_corner_of_a_box_does_not_meet_it():
    assert not meets(BOX, MIDDLE, Point(110, 130), Point(140, 100), 1)
    assert meets(BOX, MIDDLE, Point(110, 118), Point(130, 98), 1)
