"""A graph's outputs with other values."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.graph.programs import chain, programs
from tinygrad_rnn.node import Operation, apply


@given(programs(), st.data())
def test_it_gives_what_building_again_gives(program, data):
    run, arrays = program
    leaves = [tg.tensor(array) for array in arrays]
    graph = tg.Graph(run(*leaves))
    changed = [data.draw(st.booleans()) for _ in leaves]
    others = [array * 2 - 1 if change else array for array, change in zip(arrays, changed, strict=True)]
    given = {leaf: other for leaf, other in zip(leaves, others, strict=True) if leaf in graph.nodes}
    # Conditions, as `a > 0`, are constants of the graph; so they are in what is built again.
    expected = evaluate_plainly(graph, given)
    found = graph.evaluate(given)
    assert len(found) == len(graph.outputs)
    for value, wanted, output in zip(found, expected, graph.outputs, strict=True):
        assert isinstance(value, np.ndarray)
        assert value.dtype == output.dtype
        np.testing.assert_array_equal(value, wanted)
        assert not value.flags.writeable


def evaluate_plainly(graph, values):
    """The outputs, by computing every node there is."""
    known = {}
    for node in graph.nodes:
        if node in values or node.op is None:
            known[node] = values.get(node, node.data)
        else:
            known[node] = node.op.value(*[known[source] for source in node.inputs], **node.attributes)
    return [known[output] for output in graph.outputs]


def test_a_recurrent_network_on_another_sequence():
    net = tg.nn.ElmanRNN(2, 3, 1)
    rng = np.random.default_rng(0)
    (xs, ys), (others, targets) = [(rng.standard_normal((6, 2)), rng.standard_normal((6, 1))) for _ in range(2)]
    run, again = net.unroll(xs, ys), net.unroll(others, targets)
    values = dict(zip(run.inputs, others, strict=True))
    values |= dict(zip(run.targets, targets, strict=True))
    *outputs, loss, state = run.graph.evaluate(values)
    assert loss == again.loss.data
    np.testing.assert_array_equal(outputs, [output.data for output in again.outputs])
    np.testing.assert_array_equal(state, again.final_state.data)


def test_it_takes_the_leaves_as_they_are_now():
    W = tg.parameter([1.0, 2.0], label="W")
    graph = tg.Graph((W * W).sum())
    assert graph.evaluate() == (5.0,)
    W.data = [3.0, 4.0]
    assert graph.evaluate() == (25.0,)
    assert graph.evaluate({W: [0.0, 1.0]}) == (1.0,)
    assert graph.outputs[0].item() == 5.0
    assert W.data.tolist() == [3.0, 4.0]


def test_inner_nodes_can_be_given_and_what_they_were_made_from_does_not_count():
    a = tg.tensor(2.0, label="a")
    b = tg.exp(a)
    c = b * a
    assert tg.Graph([b, c]).evaluate({b: 5.0}) == (5.0, 10.0)
    assert tg.Graph(c).evaluate({b: 5.0, a: 3.0}) == (15.0,)


def counted(calls):
    """An operation that adds 1, and counts how often."""

    def value(x):
        calls.append(x)
        return x + 1

    op = Operation("count", value, [lambda g, y, x: g], lambda tangents, y, x: tangents[0])
    return lambda x: apply(op, [x])


def test_each_needed_node_is_computed_once_and_no_other():
    calls = []
    count = counted(calls)
    x, c = tg.tensor(1.0), tg.tensor(0.0)
    shared = count(x)
    unread = count(shared)
    constant = count(c)
    graph = tg.Graph([shared * shared + constant, unread])
    calls.clear()
    assert tg.Graph(graph.outputs[0]).evaluate({x: 3.0}) == (17.0,)
    assert calls == [3.0]
    calls.clear()
    assert graph.evaluate({x: 3.0}) == (17.0, 5.0)
    assert calls == [3.0, 4.0]
    calls.clear()
    assert graph.evaluate() == (5.0, 3.0)
    assert calls == []


def test_values_are_let_go_after_their_last_reader():
    size, steps = 100_000, 50
    x = tg.tensor(np.ones(size))
    y = x
    for _ in range(steps):
        y = y * 1.5 + x
    graph = tg.Graph(y.sum())
    other = np.full(size, 2.0)
    tracemalloc.start()
    try:
        (value,) = graph.evaluate({x: other})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert value == 2 * graph.outputs[0].data
    assert peak < 6 * other.nbytes, f"{peak / other.nbytes:.1f} arrays at once, where {2 * steps} are computed"


def test_a_given_array_is_copied_and_cast():
    x = tg.tensor(np.ones(2, np.float32))
    given = np.array([3, 4])
    graph = tg.Graph([x, x * x])
    first, second = graph.evaluate({x: given})
    given[0] = 7
    assert first.tolist() == [3.0, 4.0]
    assert (first.dtype, second.dtype) == (np.float32, np.float32)


def test_what_cannot_be_given():
    x, whole = tg.tensor([1.0, 2.0], label="x"), tg.tensor([1])
    graph = tg.Graph(x * x)
    with pytest.raises(tg.ShapeError, match=r"constant 'x' \(2,\) cannot take a value of shape \(3,\)"):
        graph.evaluate({x: np.ones(3)})
    with pytest.raises(tg.ShapeError, match=r"shape \(\)"):
        graph.evaluate({x: 1.0})
    with pytest.raises(tg.DTypeError, match="complex"):
        graph.evaluate({x: np.ones(2) * 1j})
    with pytest.raises(tg.DTypeError, match="is int64 and cannot take float64"):
        tg.Graph(whole + 1).evaluate({whole: [0.5]})
    with pytest.raises(tg.OperandError, match="is a Tensor already"):
        graph.evaluate({x: x})
    with pytest.raises(tg.GraphError, match=r"constant 'z' \(\) is not a node of this graph"):
        graph.evaluate({tg.tensor(1.0, label="z"): 1.0})
    with pytest.raises(tg.GraphError, match="'x' is not a node of this graph"):
        graph.evaluate({"x": 1.0})


def test_an_operation_that_fails_is_named():
    x = tg.tensor([0.0, 1.0], label="x")

    def value(a):
        if a[0]:
            raise ValueError("not today")
        return a

    op = Operation("moody", value, (), lambda tangents, y, x: None)
    graph = tg.Graph(apply(op, [x]))
    with pytest.raises(tg.ShapeError, match=r"moody of x \(2,\) float64: not today"):
        graph.evaluate({x: [1.0, 1.0]})


def test_a_long_chain():
    x, y = chain(100_000)
    assert tg.Graph(y).evaluate({x: 3.0}) == (-3.0,)


def test_evaluation_makes_no_node():
    x = tg.tensor(1.0)
    graph = tg.Graph(tg.exp(x))
    before = tg.tensor(0.0).serial
    graph.evaluate({x: 2.0})
    assert tg.tensor(0.0).serial == before + 1
