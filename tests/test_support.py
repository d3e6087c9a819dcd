"""The tests' own finite differences: they find what is wrong, and notice a kink."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import KinkError, check_derivatives

X = np.array([0.5, -1.0, 2.0])


def cube(vjp=lambda g, y, x: g * 3 * x * x, jvp=lambda tangents, y, x: tangents[0] * 3 * x * x):
    """x³, with rules that may be wrong."""
    return tg.Operation("cube", lambda x: x * x * x, [vjp], jvp)


def test_right_rules_pass():
    check_derivatives(cube(), X, order=3)


def without_a_graph(x):
    return x.data if isinstance(x, tg.Tensor) else x


@pytest.mark.parametrize(
    ("operation", "order", "complaint"),
    [
        (cube(vjp=lambda g, y, x: g * 2 * x * x), 1, "reverse mode"),
        (cube(jvp=lambda tangents, y, x: tangents[0] * 2 * x * x), 1, "forward mode"),
        (cube(vjp=lambda g, y, x: g * 3 * x * x * (1 + 1e-9)), 1, "reverse mode"),
        (cube(vjp=lambda g, y, x: g * 3 * x * x * np.array([1, 1, 1 + 1e-9])), 1, "reverse mode"),
        (cube(vjp=lambda g, y, x: g * (3 * without_a_graph(x) ** 2)), 2, "reverse mode"),
        (cube(jvp=lambda tangents, y, x: tangents[0] * (3 * without_a_graph(x) ** 2)), 2, "reverse mode"),
    ],
    ids=["vjp", "jvp", "vjp by a billionth", "one element", "vjp out of the graph", "jvp out of the graph"],
)
def test_wrong_rules_are_found(operation, order, complaint):
    if order > 1:
        check_derivatives(operation, X, order=order - 1)  # the first derivative is right
    with pytest.raises(AssertionError, match=complaint):
        check_derivatives(operation, X, order=order)


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (tg.abs, [0.0]),
        (tg.relu, [0.0]),
        (tg.relu, [1.0, 0.0, -1.0]),
        (tg.abs, [1e-5]),  # not at the point, but between those that the difference takes
        (tg.abs, [-3e-5]),
        (tg.sign, [0.0]),
        (tg.sign, [1e-5]),
        (tg.max, [1.0, 1.0]),
        (lambda x: tg.maximum(x, 1), [1.0]),
    ],
)
def test_a_kink_is_reported(function, x):
    with pytest.raises(KinkError, match="from the left"):
        check_derivatives(function, np.array(x), order=1)
