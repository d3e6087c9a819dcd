"""Paths that backprop must not cross, decided when the graph is already there."""

import numpy as np
import pytest

import tinygrad_rnn as tg

A, B = np.array([1.0, 2.0]), np.array([0.5, -1.5])


def chain():
    """y = x w (x w + x), its nodes by name."""
    x, w = tg.parameter(A, label="x"), tg.parameter(B, label="w")
    h = x * w
    k = h + x
    return x, w, h, k, (h * k).sum()


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_cut_node_receives_and_hands_nothing_on(create_graph):
    x, w, h, k, y = chain()
    gh, gx, gw = tg.grad(y, [h, x, w], cut=[h], create_graph=create_graph)
    np.testing.assert_array_equal(gh.data, A * B + (A * B + A))
    np.testing.assert_array_equal(gx.data, A * B)
    np.testing.assert_array_equal(gw.data, 0)
    for cut in [k], k:
        np.testing.assert_array_equal(tg.grad(y, [h], cut=cut)[0].data, A * B + A)
    np.testing.assert_array_equal(tg.grad(y, [x], cut=[y], create_graph=create_graph)[0].data, 0)
    ending = tg.Operation("ending", np.floor, (), lambda tangents, y, x: None)(x)
    np.testing.assert_array_equal(tg.grad(ending, [ending], A, create_graph, cut=[ending])[0].data, A)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_cut_edge_is_one_operand(create_graph):
    x = tg.parameter(A)
    y = (x * x).sum()
    first, second = [edge for edge in tg.Graph(y).edges if edge.source is x]
    for cut, expected in ([], 2 * A), ([first], A), (second, A), ([first, second], 0 * A):
        np.testing.assert_array_equal(tg.grad(y, [x], cut=cut, create_graph=create_graph)[0].data, expected)


def test_a_cut_is_what_detach_would_have_done():
    """Truncated backpropagation through time, on a graph that is there: cut the edges into the older state."""
    rng = np.random.default_rng(0)
    W, xs = tg.parameter(rng.standard_normal((3, 3))), rng.standard_normal((6, 3))

    def run(detached_at=None):
        states = [tg.tensor(np.ones(3))]
        for t, x in enumerate(xs):
            h = states[-1].detach() if t == detached_at else states[-1]
            states.append(tg.tanh(h @ W + x))
        return states

    states = run()
    for t in range(len(xs)):
        into = [edge for edge in tg.Graph(states[-1]).edges if edge.source is states[t]]
        found = tg.grad(states[-1].sum(), [W], cut=into)
        expected = tg.grad(run(detached_at=t)[-1].sum(), [W])
        np.testing.assert_array_equal(found[0].data, expected[0].data)


def test_backward_and_its_watchers_are_cut_too():
    x, w, h, k, y = chain()
    y.backward(cut=[h])
    np.testing.assert_array_equal(x.grad, A * B)
    assert w.grad is None
    events = {event.node: event for event in tg.trace_backward(y, cut=[h])}
    assert events[h].contributions == (None, None)
    assert w not in events
    assert events[k].contributions[0] is not None


def test_what_cannot_be_cut():
    x, *_, y = chain()
    for wrong in ["x"], [A], "h":
        with pytest.raises(tg.OperandError, match="nodes and edges of a graph can be cut, not"):
            tg.grad(y, [x], cut=wrong)


def test_detach():
    with tg.step(2), tg.scope("cell"):
        x = tg.parameter(A, label="x")
        h = tg.tanh(x)
    h.label = "h"
    d = h.detach()
    assert (d.op, d.inputs, d.requires_grad, d.label, d.step, d.scope) == (None, (), False, "h", 2, "cell")
    np.testing.assert_array_equal(d.data, h.data)
    np.testing.assert_array_equal(tg.grad((x * x.detach()).sum(), [x])[0].data, A)
    kept = x.detach()
    x.data = B
    np.testing.assert_array_equal(kept.data, A)
