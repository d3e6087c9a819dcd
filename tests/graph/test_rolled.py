"""The rolled form: roles, and edges with offsets in time."""

import numpy as np
import pytest
from hypothesis import given

import tinygrad_rnn as tg
from tests.drawing import cells
from tests.drawing.random_graphs import step_graphs
from tests.support import same


def graph_of(what):
    return what if isinstance(what, tg.Graph) else what.graph if hasattr(what, "graph") else tg.Graph(what)


def with_gradients(loss):
    """A graph of a loss and of its gradients by all its parameters."""
    graph = tg.Graph(loss)
    return tg.Graph([loss, *tg.grad(loss, graph.parameters, create_graph=True)])


def assert_unrolls_to(rolled, graph):
    """The rolled form says of each node which role it plays, and of each edge where it leads, once."""
    assert sorted(node.serial for role in rolled.roles for node in role.nodes) == [n.serial for n in graph.nodes]
    for number, role in enumerate(rolled.roles):
        assert role.number == number
        assert len(role.nodes) == max(1, len(role.steps))
        assert list(role.steps) == sorted(set(role.steps))
        assert len({node.op for node in role.nodes}) == 1
        for step, node in zip(role.steps, role.nodes, strict=False):
            assert role.at(step) is node
            assert node.step in (step, None)
            assert rolled.role_of(node) is role
    found = []
    for edge in rolled.edges:
        assert len(edge.edges) == len(edge.steps) or not (edge.source.steps or edge.target.steps)
        for source, target, operand in edge.edges:
            assert rolled.role_of(source) is edge.source
            assert rolled.role_of(target) is edge.target
            assert edge.operand in (operand, None)
            found.append((target.serial, operand, source.serial))
        if edge.offset is not None:
            expected = [(edge.source.at(step - edge.offset), edge.target.at(step)) for step in edge.steps]
            there = {(source, target) for source, target, _ in edge.edges}
            assert there == set(expected)
        else:
            assert not (edge.source.steps and edge.target.steps)
        assert (edge.operand is None) == bool(edge.source.steps and not edge.target.steps)
    assert sorted(found) == [(edge.target.serial, edge.operand, edge.source.serial) for edge in graph.edges]
    form = [(edge.source, edge.target, edge.operand, edge.offset) for edge in rolled.edges]
    assert len(set(form)) == len(form)


def form(rolled):
    """What a rolled form is but for the lengths of time."""
    roles = [(role.op, len(role.shape), role.dtype, bool(role.steps)) for role in rolled.roles]
    return roles, sorted((e.source.number, e.target.number, str(e.operand), str(e.offset)) for e in rolled.edges)


def offsets(rolled):
    """The labels of what is carried, of what reads it, and how far."""
    return {(e.source.label, e.target.label, e.offset) for e in rolled.edges if e.offset}


@pytest.mark.parametrize("name", cells.NETWORKS)
def test_a_network_rolls_up_to_the_same_form_at_every_length(name):
    short, long = (graph_of(cells.NETWORKS[name](steps)) for steps in (4, 9))
    assert_unrolls_to(long.rolled(), long)
    assert form(short.rolled()) == form(long.rolled())
    assert long.rolled().steps == tuple(range(1, 10))
    assert all(len(role.steps) in (0, 9) for role in long.rolled().roles)
    assert all(edge.offset in (None, 0, 1) for edge in long.rolled().edges)


@pytest.mark.parametrize("name", [name for name in cells.NETWORKS if name != "own cell"])
def test_a_backward_pass_rolls_up_as_well(name):
    short, long = (
        with_gradients(graph.outputs[-2] if len(graph.outputs) > 1 else graph.outputs[0])
        for graph in (graph_of(cells.NETWORKS[name](steps)) for steps in (4, 9))
    )
    rolled = long.rolled()
    assert_unrolls_to(rolled, long)
    assert form(short.rolled()) == form(rolled)
    assert {edge.offset for edge in rolled.edges} == {None, -1, 0, 1}


def test_elman():
    rolled = cells.elman(5).graph.rolled()
    assert offsets(rolled) == {("h_t", None, 1), (None, "L", 1)} or offsets(rolled) == {
        ("h_t", None, 1),
        (None, None, 1),
    }
    assert [role.label for role in rolled.roles if not role.steps and role.label] == [
        "W_xh", "W_hh", "W_oh", "b_h", "b_o", "h_0",
    ]  # fmt: skip
    assert {"x_t", "y*_t", "h_t", "y_t"} <= {role.label for role in rolled.roles if role.steps}


def test_lagged_labels_are_as_far_ahead_as_they_are():
    rolled = cells.elman(4, "lagged").graph.rolled()
    (state,) = [role for role in rolled.roles if role.op and role.op.name == "tanh"]
    assert state.label == "s_t+1"
    assert state.at(3).label == "s_4"


def test_copies_of_parameters():
    rolled = cells.elman(4, copies=True).graph.rolled()
    (copy,) = [role for role in rolled.roles if role.label == "W_hh^(t)"]
    assert copy.steps == (1, 2, 3, 4)


def test_a_step_reads_the_initial_state_where_others_read_what_is_carried():
    rolled = tg.Graph(cells.chain(range(1, 5))).rolled()
    initial, carried = [edge for edge in rolled.edges if edge.source.label in ("s_0", "s_t")]
    assert (initial.source.steps, initial.offset, initial.steps) == ((), None, (1,))
    assert (carried.offset, carried.steps) == (1, (2, 3, 4))
    assert (initial.target, initial.operand) == (carried.target, carried.operand)


def test_a_leaf_without_a_step_belongs_to_the_step_that_reads_it():
    W, s = tg.parameter(0.5, label="W"), tg.tensor(0.0, label="s_0")
    xs = [tg.tensor(1.0, label=f"x_{t}") for t in (1, 2, 3)]
    for t, x in enumerate(xs, start=1):
        with tg.step(t):
            s = tg.tanh(W * s + x)
    rolled = tg.Graph(s).rolled()
    (x,) = [role for role in rolled.roles if role.label == "x_t"]
    assert x.steps == (1, 2, 3)
    assert same(x.nodes, xs)
    assert_unrolls_to(rolled, tg.Graph(s))


def bidirectional(steps):
    W, U, V = (tg.parameter(0.5, label=name) for name in "WUV")
    xs = [tg.tensor(1.0, label=f"x_{t}") for t in range(1, steps + 1)]
    f, b = tg.tensor(0.0, label="f_0"), tg.tensor(0.0, label=f"b_{steps + 1}")
    forwards, backwards = {}, {}
    for t, x in enumerate(xs, start=1):
        with tg.step(t), tg.scope("forward"):
            forwards[t] = f = cells.named(f"f_{t}", tg.tanh(W * f + x))
    for t in range(steps, 0, -1):
        with tg.step(t), tg.scope("backward"):
            backwards[t] = b = cells.named(f"b_{t}", tg.tanh(U * b + xs[t - 1]))
    outputs = []
    for t in forwards:
        with tg.step(t):
            outputs.append(cells.named(f"y_{t}", forwards[t] + V * backwards[t]))
    return outputs


def test_what_runs_back_has_a_negative_offset():
    short, long = (tg.Graph(bidirectional(steps)) for steps in (3, 8))
    rolled = long.rolled()
    assert offsets(rolled) == {("f_t", None, 1), ("b_t", None, -1)}
    assert_unrolls_to(rolled, long)
    assert form(short.rolled()) == form(rolled)


@pytest.mark.parametrize("loss", ["sum", "stack", "mean of a stack"])
def test_losses_put_together_outside_of_time(loss):
    def build(steps):
        outputs = bidirectional(steps)
        if loss == "sum":
            return sum(outputs)
        return tg.stack(outputs).sum() if loss == "stack" else tg.stack(outputs).mean()

    for graphs in [tg.Graph(build(n)) for n in (4, 9)], [with_gradients(build(n)) for n in (4, 9)]:
        short, long = graphs
        assert_unrolls_to(long.rolled(), long)
        assert form(short.rolled()) == form(long.rolled())


def test_a_stack_reads_one_operand_a_step():
    graph = tg.Graph(tg.stack(bidirectional(4)))
    (edge,) = [edge for edge in graph.rolled().edges if edge.target.op is graph.outputs[0].op]
    assert (edge.source.label, edge.operand, edge.offset, edge.steps) == ("y_t", None, None, (1, 2, 3, 4))


def test_a_sequence_given_as_one_tensor():
    net = tg.nn.ElmanRNN(2, 3, 2)
    xs = tg.parameter(np.ones((5, 2)), label="xs")
    rolled = net.unroll(xs, np.ones((5, 2))).graph.rolled()
    (x,) = [role for role in rolled.roles if role.label == "x_t"]
    assert x.steps == (1, 2, 3, 4, 5)
    (edge,) = [edge for edge in rolled.edges if edge.target is x]
    assert (edge.source.label, edge.offset, len(edge.edges)) == ("xs", None, 5)


def test_irregular_first_and_last_steps_have_roles_of_their_own():
    U, W = tg.parameter(0.5, label="U"), tg.parameter(0.5, label="W")
    s = None
    for t in range(1, 7):
        with tg.step(t):
            x = tg.tensor(1.0, label=f"x_{t}")
            s = cells.named(f"s_{t}", tg.tanh(U * x if s is None else U * x + W * s))
    with tg.step(6):
        y = tg.exp(s)
    graph = tg.Graph(y)
    rolled = graph.rolled()
    assert_unrolls_to(rolled, graph)
    states = [role for role in rolled.roles if role.op and role.op.name == "tanh"]
    assert [role.steps for role in states] == [(1,), (2, 3, 4, 5, 6)]
    assert [role.label for role in states] == ["s_1", "s_t"]
    assert rolled.role_of(y).steps == (6,)
    carried = [(edge.source, edge.offset, edge.steps) for edge in rolled.edges if edge.offset]
    assert carried == [(states[0], 1, (2,)), (states[1], 1, (3, 4, 5, 6))]
    (product,) = [role for role in rolled.roles if role.op and role.op.name == "multiply" and 1 in role.steps]
    assert product.steps == (1, 2, 3, 4, 5, 6)


def test_second_order():
    def build(steps):
        loss = cells.elman(steps).loss
        W = tg.Graph(loss).parameters[0]
        (gradient,) = tg.grad(loss, [W], create_graph=True)
        return tg.Graph(tg.grad(tg.square(gradient).sum(), [W], create_graph=True))

    short, long = build(5), build(9)
    assert_unrolls_to(long.rolled(), long)
    assert form(short.rolled()) == form(long.rolled())


def test_a_backward_pass_without_its_forward_pass():
    """The gradient reads little of the forward pass, which still says which of its nodes are alike."""

    def build(steps):
        U, s = tg.parameter(0.5, label="U"), tg.tensor(0.0, label="s_0")
        for t in range(1, steps + 1):
            with tg.step(t):
                s = s + U
        return tg.Graph(tg.grad(s, [U], create_graph=True))

    short, long = build(4), build(9)
    assert_unrolls_to(long.rolled(), long)
    assert form(short.rolled()) == form(long.rolled())
    assert long.rolled().steps == tuple(range(1, 10))


@given(step_graphs())
def test_random_graphs(outputs):
    graph = tg.Graph(outputs)
    rolled = graph.rolled()
    assert_unrolls_to(rolled, graph)
    assert len(str(rolled).splitlines()) == len(rolled.roles)


@given(step_graphs())
def test_random_backward_passes(outputs):
    outputs = [outputs] if isinstance(outputs, tg.Tensor) else outputs
    loss = sum(output.sum() for output in outputs)
    if tg.Graph(loss).parameters:
        graph = with_gradients(loss)
        assert_unrolls_to(graph.rolled(), graph)


def test_a_graph_without_steps():
    x = tg.tensor(1.0, label="x")
    graph = tg.Graph(tg.exp(x) * x)
    rolled = graph.rolled()
    assert_unrolls_to(rolled, graph)
    assert len(rolled.roles) == 3
    assert rolled.steps == ()
    assert str(rolled).splitlines() == [
        "x = constant           () float64",
        "%1 = exp(x)            () float64",
        "%2 = multiply(%1, x)   () float64",
    ]


def test_leaves_that_no_step_reads():
    with tg.step(1):
        a, b = tg.tensor(1.0), tg.tensor(2.0)
    with tg.step(2):
        c = tg.tensor(3.0)
    graph = tg.Graph([a, b, c])
    rolled = graph.rolled()
    assert_unrolls_to(rolled, graph)
    assert [role.steps for role in rolled.roles] == [(1, 2), (1,)]


def test_a_part_rolls_up():
    run = cells.elman(5)
    part = run.graph.between(run.states[0], run.states[-1])
    rolled = part.rolled()
    assert {node.serial for role in rolled.roles for node in role.nodes} == {node.serial for node in part.nodes}
    assert offsets(rolled) == {("h_t", None, 1)}


def test_a_role_and_an_edge_describe_themselves():
    rolled = tg.Graph(cells.chain([1, 2, 3, 4])).rolled()
    assert repr(rolled) == "<rolled graph: 8 roles, 8 edges, 4 time steps>"
    (state,) = [role for role in rolled.roles if role.label == "s_t"]
    assert repr(state) == "<role s_t: tanh (3,) t = 1 … 4>"
    assert [repr(role) for role in rolled.roles[:1]] == ["<role U: parameter (3, 2)>"]
    (edge,) = [edge for edge in rolled.edges if edge.offset]
    assert repr(edge) == "<edge from <role s_t: tanh (3,) t = 1 … 4> to <role %5: linear (3,) t = 1 … 4>, offset 1>"
    assert (state.op.name, state.shape, state.dtype) == ("tanh", (3,), np.float64)
    with pytest.raises(tg.GraphError, match=r"<role s_t: .*> has no node at step 5, only at \[1, 2, 3, 4\]"):
        state.at(5)
    with pytest.raises(tg.GraphError, match="is not a node of this graph"):
        rolled.role_of(tg.tensor(1.0))


@pytest.mark.parametrize(
    ("labels", "common"),
    [
        (["h_1", "h_2", "h_3"], "h_t"),
        (["s_2", "s_3", "s_4"], "s_t+1"),
        (["p_0", "p_1", "p_2"], "p_t-1"),
        (["h1_1", "h1_2", "h1_3"], "h1_t"),
        (["y", "y", "y"], "y"),
        (["L_1", None, None], None),
        (["a", "b", "c"], None),
        (["a_1", "b_2", "c_3"], None),
        (["a_1", "a_2", "a_5"], None),
        (["a_1", "a", "a_3_4"], None),
        (["step 1 of 1", "step 2 of 2", "step 3 of 3"], "step t of t"),
    ],
)
def test_what_labels_have_in_common(labels, common):
    s = tg.tensor(0.0)
    for t, label in enumerate(labels, start=1):
        with tg.step(t):
            s = tg.sin(s)
        s.label = label
    (role,) = [role for role in tg.Graph(s).rolled().roles if role.op]
    assert role.label == common


def test_steps_with_holes():
    rolled = tg.Graph(cells.chain([0, 10, 20])).rolled()
    assert {(edge.offset, edge.steps) for edge in rolled.edges if edge.offset} == {(10, (10, 20))}
    assert str(rolled).endswith("t = 0, 10, 20")


def test_a_thousand_steps_take_as_many_lines_as_three():
    assert len(str(cells.elman(1000).graph.rolled()).splitlines()) == len(
        str(cells.elman(3).graph.rolled()).splitlines()
    )
