"""Interrupts, failures and threads: nothing is left behind, and nothing gets mixed up."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import no_setting_left, run_together
from tinygrad_rnn import node


def interrupted(after, error):
    """An operation whose rules fail once they have been called so often."""
    calls = []

    def rule(g, y, x):
        calls.append(1)
        if len(calls) > after:
            raise error
        return g

    return tg.Operation("interrupted", np.positive, [rule], lambda tangents, y, x: rule(tangents[0], y, x))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, MemoryError])
@pytest.mark.parametrize("after", [0, 3])
def test_an_interrupted_walk_leaves_gradients_and_settings_alone(error, after):
    op = interrupted(after, error)
    a, b = tg.parameter([2.0]), tg.parameter([3.0])
    b.grad = np.array([7.0])
    y = b
    for _ in range(after + 1):
        y = op(y) * a
    before = node.current_context()
    walks = [
        y.backward, lambda: tg.grad(y, [a, b]), lambda: tg.grad(y, [b], create_graph=True),
        lambda: list(tg.trace_backward(y)), lambda: tg.jvp(y, [b], [[1.0]]),
        lambda: tg.jvp(y, [b], [[1.0]], create_graph=True), lambda: tg.hessian(y, b),
    ]  # fmt: skip
    for walk in walks:
        with pytest.raises(error):
            walk()
        assert node.current_context() is before
        assert (a.grad, b.grad.tolist()) == (None, [7.0])
    assert (a * b).origin is None


def test_a_watcher_may_leave_in_the_middle():
    a = tg.parameter([2.0])
    y = tg.checkpoint(lambda: tg.sin(tg.sin(a))) * a
    events = tg.trace_backward(y)
    for event in events:
        if event.node.op.name == "sin":
            break
    assert (event.node + 1).step is None
    assert node.current_context() == (None, "", True, None, None)
    y.backward()
    np.testing.assert_allclose(a.grad, np.sin(np.sin(2)) + 2 * np.cos(np.sin(2)) * np.cos(2))


def test_threads_keep_their_walks_and_settings_apart():
    """Checkpoints, anomaly detection, cuts and higher derivatives, in eight threads at once."""

    def work(seed):
        rng = np.random.default_rng(seed)
        W, xs = tg.parameter(rng.standard_normal((2, 2))), rng.standard_normal((9, 2))

        def step(x, h):
            return (h * h).sum(), tg.tanh(h @ W + x)

        with tg.scope(f"thread {seed}"), tg.detect_anomaly():
            outputs, h = tg.checkpoint_sequence(step, xs, tg.tensor(np.ones(2)), 1 + seed % 3)
            loss = sum(outputs, start=h.sum())
            loss.backward()
            hvp = tg.hvp(loss, W, np.eye(2))
            cut = tg.grad(loss, [W], cut=[outputs[3]])
            with pytest.raises(tg.NonFiniteError, match="log"), np.errstate(divide="ignore"):
                tg.log(W * 0)
        return W.grad, hvp.data, cut[0].data, {n.scope for n in tg.Graph(loss).nodes if n.op}

    alone = [work(seed) for seed in range(8)]
    found = run_together(work)
    for seed, (mine, expected) in enumerate(zip(found, alone, strict=True)):
        for x, e in zip(mine[:3], expected[:3], strict=True):
            np.testing.assert_array_equal(x, e)
        assert mine[3] == expected[3]
        assert f"thread {seed}" in mine[3]


def test_a_leaked_setting_is_noticed_and_put_right():
    for leak in tg.step(3), tg.scope("cell"), tg.no_grad(), tg.detect_anomaly():
        with pytest.raises(AssertionError, match="a setting was not left"), no_setting_left():
            leak.__enter__()
        with no_setting_left(), leak:
            pass
    assert node.current_context() == (None, "", True, None, None)
