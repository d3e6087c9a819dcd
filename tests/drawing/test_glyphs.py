"""What is written on operations and values."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.drawing.basics.label import LONGEST, Run, plain, typeset
from tinygrad_rnn.drawing.scene.glyphs import index_text, number_text, op_text, shape_text, value_text

a, b = tg.tensor(np.ones((3, 3)), label="a"), tg.tensor(np.ones(3), label="b")
W, B = typeset("W"), typeset("b_h")


@pytest.mark.parametrize(
    ("node", "sign"),
    [
        (a + b, "+"),
        (a - b, "−"),
        (a * b, "⊙"),
        (a * 2.0, "×"),
        (a / b, "÷"),
        (a**b, "^"),
        (a @ b, "×"),
        (tg.linear(b, a), "×"),
        (tg.square(a), "( )^2"),
        (a.T, "( )^T"),
        (-a, "−( )"),
        (a[0], "[0]"),
        (a[1:, ::2], "[1:, ::2]"),
        (tg.tanh(a), "tanh"),
        (tg.sigmoid(a), "σ"),
        (a.sum(), "Σ"),
        (tg.log_softmax(a), "log softmax"),
        (tg.sqrt(a), "√"),
        (tg.maximum(a, b), "max"),
        (tg.concatenate([a, a]), "concat"),
        (tg.broadcast_to(b, (3, 3)), "repeat"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_operations_have_signs(node, sign):
    assert plain(op_text(node, [None] * len(node.inputs))) == sign


@pytest.mark.parametrize(
    ("node", "tags", "text"),
    [
        (tg.linear(b, a), (None, W), "W"),
        (tg.linear(b, a, b), (None, W, B), "W + b_h"),
        (tg.linear(b, a, b), (None, None, B), "× + b_h"),
        (a @ b, (W, None), "W"),
        (a @ b, (W, B), "W b_h"),
        (a + b, (None, B), "+ b_h"),
        (a + b, (B, None), "+ b_h"),
        (a + b, (W, B), "W + b_h"),
        (a - b, (None, B), "− b_h"),
        (a - b, (W, None), "W −"),
        (a * b, (B, None), "⊙ b_h"),
        (a**2.0, (None, typeset("2")), "( )^2"),
        (a**b, (W, None), "W ^"),
        (tg.square(a), (W,), "W^2"),
        (a.T, (W,), "W^T"),
        (-a, (W,), "−W"),
        (a[0], (W,), "W[0]"),
        (tg.maximum(a, b), (None, B), "max b_h"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tags_are_put_into_the_signs(node, tags, text):
    assert plain(op_text(node, tags)) == text


def test_names_of_functions_are_sans_serif_and_signs_are_not():
    assert op_text(tg.tanh(a), [None]) == (Run("tanh", "sans"),)
    assert op_text(tg.sigmoid(a), [None]) == (Run("σ"),)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (tg.tensor(1.0, label="x_1"), "x_1"),
        (tg.tensor(2.5), "2.5"),
        (tg.tensor(-0.25), "−1/4"),
        (tg.tensor([[3]]), "3"),
        (tg.tensor(np.ones((2, 3))), "(2,3)"),
        (tg.tensor(np.ones(2)), "(2,)"),
    ],
)
def test_a_value_is_called_by_its_label_its_number_or_its_shape(value, text):
    assert plain(value_text(value)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-1.0, "−1"),
        (1 / 3, "1/3"),
        (-1 / 7, "−1/7"),
        (2 / 3, "0.667"),
        (1234.5, "1.23e+03"),
        (-1e-7, "−1e−07"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "−inf"),
        (True, "1"),
        (5e-324, "4.94e−324"),
    ],
)
def test_numbers(number, text):
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0, "0"),
        (slice(None), ":"),
        (slice(1, None, 2), "1::2"),
        (slice(None, -1), ":-1"),
        (..., "…"),
        (None, "None"),
        ((slice(None), 0), ":, 0"),
        ((), "()"),
        (np.array([1, 2]), "int64 2"),
    ],
)
def test_indices(index, text):
    assert index_text(index) == text


def test_a_long_index_is_shortened():
    (run,) = op_text(a[0:3:1, 0:3:1, None, None, None], [None])
    assert len(run.text) == 14
    assert run.text.endswith("…")


def test_shapes():
    assert shape_text(a) == "3×3"
    assert shape_text(b) == "3"
    assert shape_text(tg.tensor(1.0)) == ""


def test_a_long_name_of_an_operation_is_shortened():
    assert len(plain(typeset("x" * 100))) == LONGEST
