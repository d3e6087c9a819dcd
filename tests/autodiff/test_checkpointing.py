"""Checkpoints: the same bits as the plain call, for as much memory and as many computations as stated."""

import gc
import inspect
import math
import sys
import tracemalloc
import weakref
from functools import cache

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import check_derivatives
from tinygrad_rnn.autodiff.checkpointing import advances

RNG = np.random.default_rng(0)
W0, U0, B0 = RNG.standard_normal((3, 3)) / 2, RNG.standard_normal((2, 3)), RNG.standard_normal(3)
XS = RNG.standard_normal((11, 4, 2))


def same_bits(found, expected):
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x.data, y.data, strict=True)


class Network:
    """A recurrent network that counts how often its step is computed."""

    def __init__(self):
        self.parameters = [tg.parameter(W0, label="W"), tg.parameter(U0, label="U"), tg.parameter(B0, label="b")]
        self.calls = 0

    def step(self, x, state):
        self.calls += 1
        W, U, b = self.parameters
        (h,) = state
        h = tg.tanh(h @ W + x @ U + b)
        h.label = "h"
        return (h * h).sum(), (h,)

    def loss(self, run, xs=XS):
        """A loss that reads outputs and the last state, twice."""
        outputs, (h,) = run(self.step, xs, (tg.tensor(np.ones((4, 3))),))
        return sum(outputs[1:], start=outputs[0]) + (h * 2 + h).sum()


def loop(step, xs, state):
    outputs = []
    for t, x in enumerate(xs, start=1):
        with tg.step(t):
            output, state = step(x, state)
        outputs.append(output)
    return outputs, state


def one_checkpoint(step, xs, state):
    return tg.checkpoint(loop, step, xs, state)


def a_checkpoint_each(step, xs, state):
    return loop(lambda x, state: tg.checkpoint(step, x, state), xs, state)


def nested(step, xs, state):
    """Halves, each of them a checkpoint of its own."""
    if len(xs) == 1:
        output, state = step(xs[0], state)
        return [output], state
    half = len(xs) // 2
    first, state = tg.checkpoint(nested, step, xs[:half], state)
    second, state = tg.checkpoint(nested, step, xs[half:], state)
    return first + second, state


def sequence(snapshots):
    return lambda step, xs, state: tg.checkpoint_sequence(step, xs, state, snapshots)


WAYS = {
    "one": one_checkpoint, "each": a_checkpoint_each, "nested": nested, "√T": sequence(None),
    "1": sequence(1), "2": sequence(2), "3": sequence(3), "many": sequence(100),
}  # fmt: skip
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@each_way
def test_gradients_are_those_of_the_plain_graph_bit_by_bit(way):
    net = Network()
    plain, loss = net.loss(loop), net.loss(way)
    same_bits([loss], [plain])
    expected = tg.grad(plain, net.parameters)
    same_bits(tg.grad(loss, net.parameters), expected)
    same_bits(tg.grad(loss, net.parameters[1:2]), expected[1:2])
    for times in 1, 2:
        loss.backward()
        np.testing.assert_array_equal(net.parameters[0].grad, times * expected[0].data)
    second = tg.grad(loss, net.parameters, create_graph=True)
    same_bits(second, tg.grad(plain, net.parameters, create_graph=True))
    directions = [np.ones(p.shape) for p in net.parameters]
    same_bits([tg.jvp(loss, net.parameters, directions)], [tg.jvp(plain, net.parameters, directions)])
    same_bits(tg.hvp(loss, net.parameters, directions), tg.hvp(plain, net.parameters, directions))


@each_way
def test_sequences_may_be_tensors(way):
    net, xs = Network(), tg.parameter(XS)
    assert np.any(tg.grad(net.loss(loop, xs), [xs])[0].data)
    same_bits(tg.grad(net.loss(way, xs), [xs]), tg.grad(net.loss(loop, xs), [xs]))
    same_bits(tg.grad(net.loss(way, list(xs)), [xs]), tg.grad(net.loss(loop, xs), [xs]))


def test_derivatives_of_derivatives_through_a_checkpoint():
    def function(W, x):
        return tg.checkpoint(lambda x: tg.tanh(x @ W) * tg.checkpoint(lambda h: tg.sin(h) * x, x), x).sum(axis=0)

    check_derivatives(function, W0, XS[0] @ U0, order=3)


def test_what_is_kept_and_what_is_made_again():
    net, seen = Network(), []

    def step(x, state):
        output, (h,) = net.step(x, state)
        seen.append(weakref.ref(output.inputs[0].data))
        return output, (h,)

    with tg.scope("cell"), tg.step(7):
        output, (h,) = tg.checkpoint(step, XS[0], (tg.tensor(np.ones((4, 3)), label="h_0"),))
    assert seen[0]() is None
    assert not tg.Graph(output).find(op="tanh")
    assert (h.label, h.step, h.scope, h.requires_grad) == ("h", 7, "cell", True)
    assert {node.label for node in tg.Graph(output).leaves} == {"h_0", "W", "U", "b"}
    events = list(tg.trace_backward(output + h.sum()))
    again = [event.node for event in events if event.node.op and event.node.op.name == "tanh"]
    assert [(node.label, node.step, node.scope) for node in again] == [("h", 7, "cell")]
    (g,) = tg.grad(h.sum(), [h])
    np.testing.assert_array_equal(g.data, 1)
    with tg.no_grad():
        again = list(tg.trace_backward(output))
    assert any(event.node.op.name == "tanh" for event in again if event.node.op)


def test_inner_nodes_that_the_function_closes_over_are_inputs():
    W = tg.parameter(W0)
    inner, unrelated = tg.exp(W), tg.parameter(B0)
    y = tg.checkpoint(lambda: (inner * inner * W).sum())
    same_bits(tg.grad(y, [inner, W, unrelated]), tg.grad((inner * inner * W).sum(), [inner, W, unrelated]))


def test_results_of_every_kind():
    x = tg.parameter([1.0, 2.0], label="x")
    y = x * 2

    def function():
        z = x * y
        return [z, (z, None), x, y, x.astype(int), tg.tensor([1.0, 1.0]) * 3]

    z, (also_z, nothing), same_x, same_y, whole, constant = tg.checkpoint(function)
    assert z is also_z
    assert (same_x is x, same_y is y, nothing) == (True, True, None)
    assert (whole.requires_grad, constant.requires_grad) == (False, False)
    assert whole.dtype.kind == "i"
    (z + whole + constant).sum().backward()
    np.testing.assert_array_equal(x.grad, [4, 8])
    with pytest.raises(tg.OperandError, match="returns Tensors, tuples and lists of them, or None, not 3"):
        tg.checkpoint(lambda: 3)


def test_part_of_a_sequence_of_results():
    x = tg.parameter([1.0, 2.0])
    a, b, c = tg.checkpoint(lambda: (x * 2, x * 3, x * 4))
    np.testing.assert_array_equal(tg.grad(b.sum(), [x])[0].data, 3)
    np.testing.assert_array_equal(tg.grad((a + c).sum(), [x])[0].data, 6)
    np.testing.assert_array_equal(tg.jvp(c, [x], [[1.0, 0.0]]).data, [4, 0])
    np.testing.assert_array_equal(tg.jvp(c + a, [a], [[1.0, 0.0]]).data, [1, 0])
    np.testing.assert_array_equal(tg.grad(c.sum(), [a])[0].data, 0)


def test_under_no_grad_nothing_is_recorded():
    net = Network()
    with tg.no_grad():
        for way in WAYS.values():
            loss = net.loss(way)
            assert (loss.op, loss.requires_grad) == (None, False)
    assert net.calls == len(WAYS) * len(XS)


def test_empty_and_short_sequences():
    for snapshots in None, 1, 3:
        outputs, state = tg.checkpoint_sequence(Network().step, [], "untouched", snapshots)
        assert (outputs, state) == ([], "untouched")
        net = Network()
        loss = net.loss(sequence(snapshots), XS[:1])
        same_bits(tg.grad(loss, net.parameters), tg.grad(net.loss(loop, XS[:1]), net.parameters))


# ---------------------------------------------------------------------- refusals


def test_a_function_that_computes_something_else_is_refused():
    x, rng, calls = tg.parameter([1.0, 2.0], label="x"), np.random.default_rng(0), []

    def fewer_results():
        calls.append(1)
        return [x * x] if len(calls) == 1 else []

    for y in tg.checkpoint(lambda: x * rng.standard_normal(2)), tg.checkpoint(fewer_results)[0]:
        for walk in lambda y=y: y.sum().backward(), lambda y=y: tg.jvp(y, [x], [x]):
            with pytest.raises(tg.GraphError, match=r"gave another value than before for output \(2,\)"):
                walk()
    assert x.grad is None


def test_a_parameter_inside_is_refused():
    x = tg.parameter([1.0, 2.0])
    y = tg.checkpoint(lambda: x * tg.parameter([1.0, 1.0], label="inside"))
    with pytest.raises(tg.GraphError, match=r"parameter 'inside' \(2,\) is made inside a checkpointed function"):
        y.sum().backward()


def test_a_rebound_leaf_is_refused():
    W = tg.parameter([1.0, 2.0], label="W")
    y = tg.checkpoint(lambda: W * W).sum()
    W.data = [3.0, 4.0]
    for walk in y.backward, lambda: tg.grad(y, [W]), lambda: tg.jvp(y, [W], [[1.0, 1.0]]):
        with pytest.raises(tg.ReboundError, match=r"parameter 'W' \(2,\) was given another value after checkpoint"):
            walk()
    assert W.grad is None


def test_a_checkpoint_has_no_other_value():
    y = tg.checkpoint(lambda x: x * 2, tg.parameter([1.0]))
    with pytest.raises(tg.GraphError, match=r"build the graph without tg\.checkpoint"):
        y.op.value(*y.arrays, **y.attributes)


@pytest.mark.parametrize("snapshots", [0, -1, 1.5, "two"])
def test_snapshots_are_counted_from_one(snapshots):
    with pytest.raises(tg.SettingError, match="snapshots is a whole number from 1"):
        tg.checkpoint_sequence(Network().step, XS, None, snapshots)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_failing_function_leaves_nothing_behind(error):
    W, calls = tg.parameter([1.0, 2.0]), []

    def function(x):
        with tg.step(3), tg.scope("inside"), tg.no_grad():
            calls.append(1)
            if len(calls) in (1, 3):
                raise error
        return x * W

    with pytest.raises(error):
        tg.checkpoint(function, W)
    y = tg.checkpoint(function, W).sum()
    with pytest.raises(error):
        y.backward()
    assert W.grad is None
    assert ((W + 1).step, (W + 1).scope) == (None, "")
    y.backward()
    np.testing.assert_array_equal(W.grad, [2, 4])


# ---------------------------------------------------------------------- cuts


def test_cuts_at_and_into_a_checkpoint():
    x, w = tg.parameter([1.0, 2.0]), tg.parameter([3.0, 4.0])
    y = tg.checkpoint(lambda: tg.checkpoint(lambda: x * w) + x)
    (hub,) = y.inputs
    z = (y + x).sum()
    np.testing.assert_array_equal(tg.grad(z, [x])[0].data, w.data + 2)
    for cut in [y], [hub]:
        np.testing.assert_array_equal(tg.grad(z, [x], cut=cut)[0].data, 1)
    (into_x,) = [edge for edge in tg.Graph(y).edges if edge.source is x]
    for create_graph in False, True:
        gx, gw = tg.grad(z, [x, w], cut=[into_x], create_graph=create_graph)
        np.testing.assert_array_equal(gx.data, 1)
        np.testing.assert_array_equal(gw.data, x.data)


# ---------------------------------------------------------------------- how often, and how much


@cache
def fewest(steps, snapshots):
    """The recurrence of Griewank and Walther, by trying everything."""
    if steps <= 1:
        return 0
    if snapshots == 0:
        return math.inf
    return min(m + fewest(m, snapshots) + fewest(steps - m, snapshots - 1) for m in range(1, steps))


@pytest.mark.parametrize("snapshots", range(1, 7))
def test_the_closed_form_is_the_least_number(snapshots):
    for steps in range(1, 45):
        assert advances(steps, snapshots) == fewest(steps, snapshots)


@pytest.mark.parametrize(("steps", "snapshots"), [(1, 1), (2, 1), (9, 1), (9, 2), (10, 3), (56, 3), (57, 3), (30, 40)])
def test_steps_are_computed_as_often_as_the_closed_form_says(steps, snapshots):
    net = Network()
    loss = net.loss(sequence(snapshots), np.ones((steps, 4, 2)))
    assert net.calls == steps
    loss.backward()
    assert net.calls == advances(steps, snapshots) + steps


@pytest.mark.parametrize("steps", [1, 2, 3, 9, 10, 16, 17, 100])
def test_segments_of_the_square_root_compute_each_step_at_most_twice(steps):
    net = Network()
    net.loss(sequence(None), np.ones((steps, 4, 2))).backward()
    length = math.isqrt(steps - 1) + 1
    kept = steps - (steps - 1) // length * length
    assert 1 <= kept <= length
    assert net.calls == 2 * steps - kept


@pytest.mark.parametrize("snapshots", [2, 3, 5])
def test_no_more_states_are_alive_than_stated(snapshots):
    """As many as are asked for in the graph, as many again during the walk, the result, and a step being computed."""
    net, alive, most = Network(), weakref.WeakSet(), 0

    class Tracked(np.ndarray):
        """An array that can be looked for in the set."""

        __hash__ = object.__hash__
        __eq__ = object.__eq__

    def step(x, state):
        nonlocal most
        output, (h,) = net.step(x, state)
        h._data = h._data.view(Tracked)
        alive.add(h._data)
        most = max(most, len(alive))
        return output.detach(), (h,)

    _, (h,) = tg.checkpoint_sequence(step, np.ones((100, 4, 2)), (tg.tensor(np.ones((4, 3))),), snapshots)
    h.sum().backward()
    assert snapshots <= most <= 2 * snapshots + 3


def peak(run):
    gc.collect()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_of_many_steps():
    """A twentieth of the plain graph's memory, at a thousand steps already."""
    net, xs = Network(), np.ones((1000, 4, 2))

    def step(x, state):
        h, total = state
        output, (h,) = net.step(x, (h,))
        return None, (h, total + output)

    def memory(run):
        def differentiate():
            _, (_, loss) = run(step, xs, (tg.tensor(np.ones((4, 3))), tg.tensor(0.0)))
            loss.backward()

        return peak(differentiate)

    plain = memory(loop)
    assert memory(sequence(None)) < plain / 10
    assert memory(sequence(10)) < plain / 40


def test_a_long_chain_is_walked_without_recursion():
    """With one snapshot, checkpoints stand inside one another as deep as there are steps."""
    w, steps = tg.parameter(0.5), 200

    def step(x, s):
        return None, (s if x else s * w)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 60)
    try:
        _, s = tg.checkpoint_sequence(step, np.arange(steps), tg.tensor(1.0), 1)
        found = tg.grad(s, [w])[0], tg.jvp(s, [w], [1.0])
    finally:
        sys.setrecursionlimit(limit)
    assert [derivative.item() for derivative in found] == [1, 1]


def test_checkpoints_hold_no_cycles():
    gc.disable()
    try:
        net = Network()
        loss = net.loss(sequence(2))
        loss.backward()
        tg.grad(loss, net.parameters, create_graph=True)
        tg.jvp(loss, net.parameters[:1], [W0])
        array = weakref.ref(net.parameters[0].data)
        net.parameters.clear()
        del loss
        assert array() is None
    finally:
        gc.enable()
