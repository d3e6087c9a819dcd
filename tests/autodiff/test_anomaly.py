"""The first NaN or infinity is named: what made it, from what, at which step, in which direction."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_rnn as tg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's own, which say neither where nor when


def raises(text):
    return pytest.raises(tg.NonFiniteError, match=text)


def test_forward():
    x, bad = tg.parameter([1.0, 0.0], label="x"), tg.tensor([np.nan, 1.0], label="bad")
    with tg.detect_anomaly(), tg.step(3):
        h = tg.sqrt(x)
        with raises(r"^log of x \(2,\) float64, step 3: the result holds an infinity, the operands are finite$"):
            tg.log(x)
        with raises(
            r"^divide of x .*, unlabelled \(2,\) float64, step 3: the result holds a NaN, the operands are fin"
        ):
            x / (x * 0)
        with raises(r"^multiply of x .*, bad \(2,\) float64, step 3: .* a NaN, as constant 'bad' \(2,\) did before$"):
            x * bad
        with tg.no_grad(), raises("^log of x"):
            tg.log(x)
        assert tg.tensor([1, 2]).sum().item() == 3
        assert h.shape == (2,)
    assert tg.log(x).data[1] == -np.inf


def test_backward():
    x = tg.parameter([1.0, 0.0], label="x")
    with tg.step(5):
        h = tg.sqrt(x)
    y = (h * [1.0, 0.0]).sum()
    for walk in y.backward, lambda: tg.grad(y, [x]), lambda: list(tg.trace_backward(y)):
        walk()  # unwatched
        with (
            tg.detect_anomaly(),
            raises(
                r"^backward pass, sqrt \(2,\) at step 5: what its rule hands to operand 0, parameter 'x' \(2,\), "
                "holds a NaN; the adjoint before it is finite$"
            ),
        ):
            walk()
    grad = x.grad.copy()
    with tg.detect_anomaly(), raises(r"^divide of .*, step 5: in a backward pass the result holds a NaN, the operands"):
        tg.grad(y, [x], create_graph=True)
    np.testing.assert_array_equal(x.grad, grad)


def test_a_sum_of_adjoints_that_overflows():
    x = tg.parameter([1.0], label="x")
    y = tg.sin(x) + tg.tanh(x)
    with tg.detect_anomaly(), raises(r"^backward pass, parameter 'x' \(1,\): the adjoint that it receives in all hol"):
        (x * 1.0 + x * 1.0).backward([1.7e308])
    with tg.detect_anomaly():
        y.backward()
    np.testing.assert_allclose(x.grad, np.cos(1) + 1 - np.tanh(1) ** 2)


def test_forward_mode():
    x = tg.parameter([1.0, 0.0], label="x")
    y = tg.sqrt(x)
    with tg.detect_anomaly():
        with raises(r"^forward mode, sqrt \(2,\): its tangent holds a NaN"):
            tg.jvp(y, [x], [[1.0, 0.0]])
        with raises("^divide of"):
            tg.jvp(y, [x], [[1.0, 0.0]], create_graph=True)
        np.testing.assert_array_equal(tg.jvp(x * x, [x], [[1.0, 1.0]]).data, [2, 0])
    tg.jvp(y, [x], [[1.0, 0.0]])


def test_inside_a_checkpoint():
    x = tg.parameter([1.0, 0.0], label="x")
    y = tg.checkpoint(lambda: (tg.sqrt(x) * [1.0, 0.0]).sum())
    with tg.detect_anomaly(), raises(r"^backward pass, sqrt"):
        y.backward()
    with tg.detect_anomaly(), raises("^log of x"):
        tg.checkpoint(lambda: tg.log(x))
    with tg.detect_anomaly():
        tg.checkpoint(lambda: tg.tanh(x)).sum().backward()
    np.testing.assert_allclose(x.grad, 1 - np.tanh(x.data) ** 2)


def test_it_holds_for_its_own_thread_and_block():
    x = tg.parameter([0.0], label="x")
    with tg.detect_anomaly(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(tg.log, x).result().item() == -np.inf
        with tg.detect_anomaly(), raises("log"):
            tg.log(x)
        with raises("log"):
            tg.log(x)
    assert tg.log(x).item() == -np.inf
