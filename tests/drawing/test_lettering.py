"""The sizes of marks and of the text on them."""

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.drawing.basics.label import Run, typeset, width
from tinygrad_rnn.drawing.scene.lettering import is_word, letter
from tinygrad_rnn.drawing.scene.scene import Mark

x = tg.tensor(1.0)


def value(label, kind="input", role=None):
    return Mark(x, True, role, typeset(label), 1, kind)


def op(*runs, role=None, parameter=None):
    return Mark(x, False, role, runs, 1, "op", parameter)


def sizes(*marks):
    return list(letter(marks).values())


@pytest.mark.parametrize(
    ("kind", "diameter"),
    [("state", 36), ("second state", 36), ("output", 36), ("constant", 24), ("input", 32), ("loss", 32), ("gate", 32)],
)
def test_a_value_with_a_short_label_is_a_circle(kind, diameter):
    ((box, size),) = sizes(value("h_3", kind))
    assert box == (diameter, diameter, True)
    assert 11 <= size <= 16
    assert width(typeset("h_3"), size) <= 0.75 * diameter


def test_a_longer_label_is_written_smaller_and_a_long_one_in_a_box():
    (_, short), (circle, smaller), (box, _) = sizes(value("h"), value("h_1234"), value("a long label"))
    assert smaller < short
    assert circle.round
    assert not box.round
    assert box.width > width(typeset("a long label"), 14)


@pytest.mark.parametrize(("label", "kind"), [("h_1000", "state"), ("y_1000", "output"), ("L_1000", "loss")])
def test_labels_of_a_thousand_steps_keep_off_their_circles(label, kind):
    ((box, size),) = sizes(value(label, kind))
    assert box.round
    assert width(typeset(label), size) <= 0.75 * box.width


def test_a_sign_is_a_small_circle_and_a_word_a_box_that_holds_it():
    (sign, _), (word, size) = sizes(op(Run("+")), op(Run("tanh", "sans")))
    assert sign == (21, 21, True)
    assert word.height == 20
    assert not word.round
    assert size == 11
    assert word.width > width((Run("tanh", "sans"),), size)


def test_a_parameter_is_a_box_even_if_it_is_one_letter():
    ((box, size),) = sizes(op(Run("W", "italic"), parameter=0))
    assert not box.round
    assert size == 12.5


def test_marks_of_one_role_are_as_large_as_the_largest():
    first, last = sizes(value("h_1", role=(1, True)), value("state 1", role=(1, True)))
    assert first == last
    assert not first.box.round


def test_marks_without_a_role_have_sizes_of_their_own():
    first, last = sizes(value("h_1"), value("state 1"))
    assert first != last


def test_words():
    assert is_word((Run("tanh", "sans"),))
    assert not is_word(typeset("W_hh"))
