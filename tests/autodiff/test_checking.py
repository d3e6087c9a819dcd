"""`check_gradients` finds what is wrong, says where, and tells a kink from a fault."""

import numpy as np
import pytest

import tinygrad_rnn as tg

X = np.array([[0.5, -1.0, 2.0], [0.25, 1.5, -0.75]])


def cube(vjp=lambda g, y, x: g * 3 * x * x, jvp=lambda tangents, y, x: tangents[0] * 3 * x * x):
    """x³, with rules that may be wrong."""
    return tg.Operation("cube", lambda x: x * x * x, [vjp], jvp)


def without_a_graph(x):
    return x.data if isinstance(x, tg.Tensor) else x


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_right_rules_pass_in_every_dtype(dtype):
    tg.check_gradients(cube(), X.astype(dtype), order=3)
    tg.check_gradients(lambda x, b: tg.softmax(tg.tanh(x) @ x.T + b), X.astype(dtype), X[:, 0].astype(dtype))
    tg.check_gradients(lambda x: tg.exp(x) / x, np.array([1.0, 4.0], dtype), order=1)


def test_inputs_of_all_kinds():
    tg.check_gradients(lambda x, rows, y: x[rows] * y, tg.parameter(X, label="x"), np.array([1, 0, 1]), 2.0)
    tg.check_gradients(lambda x: x, np.ones((0, 2)))
    tg.check_gradients(lambda x: x * 1e3, [1e6, -1e6])
    with pytest.raises(tg.OperandError, match="no input of a floating dtype"):
        tg.check_gradients(lambda n: tg.tensor(1.0) * n, 2)
    with pytest.raises(tg.OperandError, match="returns a Tensor, not a float"):
        tg.check_gradients(lambda x: 1.0, X)


ENTRY = r"input 1 'b', entry \(0,\): "


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("operation", "order", "complaint"),
    [
        (cube(vjp=lambda g, y, x: g * 2 * x * x), 1, ENTRY + r"reverse mode finds -?[\d.]+ for the function, .* is -?"),
        (cube(jvp=lambda tangents, y, x: tangents[0] * 2 * x * x), 1, ENTRY + "forward mode finds"),
        (cube(vjp=lambda g, y, x: g * 3 * x * x * 1.01), 1, "reverse mode"),
        (cube(vjp=lambda g, y, x: g * 3 * x * x * np.array([1, 1, 1.01])), 1, r"entry \(2,\): reverse mode"),
        (cube(vjp=lambda g, y, x: g * (3 * without_a_graph(x) ** 2)), 2, "for the gradient of the function"),
        (cube(jvp=lambda tangents, y, x: tangents[0] * (3 * without_a_graph(x) ** 2)), 2, "for the tangent of the f"),
    ],
    ids=["vjp", "jvp", "vjp by a hundredth", "one element", "vjp out of the graph", "jvp out of the graph"],
)
def test_wrong_rules_are_found(operation, order, complaint, dtype):
    inputs = [X.astype(dtype), tg.tensor(X[0], "b", dtype)]

    def function(x, b):
        return x * operation(b)

    if order > 1:
        tg.check_gradients(function, *inputs, order=order - 1)
    with pytest.raises(tg.GradientCheckError, match=complaint) as caught:
        tg.check_gradients(function, *inputs, order=order)
    assert not isinstance(caught.value, tg.KinkError)
    assert isinstance(caught.value, AssertionError)


def test_only_the_modes_asked_for_are_checked():
    tg.check_gradients(cube(jvp=None), X, modes=["reverse"], order=1)
    tg.check_gradients(cube(vjp=lambda g, y, x: g), X, modes=("forward",))
    with pytest.raises(tg.GradientCheckError, match="reverse mode"):
        tg.check_gradients(cube(vjp=lambda g, y, x: g), X, modes=("reverse",))
    for wrong in {"modes": ["backward"]}, {"modes": []}, {"order": 0}:
        with pytest.raises(tg.SettingError, match="modes are reverse and forward, and the order is at least 1"):
            tg.check_gradients(cube(), X, **wrong)


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (tg.abs, [1.0, 0.0]),
        (tg.relu, [1.0, 0.0]),
        (tg.abs, [1.0, 1e-5]),  # not at the point, but between those that the difference takes
        (tg.sign, [1.0, -1e-5]),
        (lambda x: tg.maximum(x, 1), [3.0, 1.0]),
        (tg.log, [1.0, 1e-9]),
        (tg.sqrt, [1.0, 0.0]),
    ],
)
def test_a_kink_is_told_from_a_fault(function, x):
    with pytest.raises(tg.KinkError, match=r"input 0, entry \(1,\): a kink, a jump or an edge.*choose other inputs"):
        tg.check_gradients(function, x)
