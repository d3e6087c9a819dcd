"""A graph as a whole: its nodes, edges, leaves and steps, and how to find a node."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import same


@pytest.fixture
def net():
    """Two steps of a small network, by the names of their nodes."""
    W, h0 = tg.parameter([[0.5]], label="W"), tg.tensor([[0.0]], label="h_0")
    nodes, h = {"W": W, "h_0": h0}, h0
    for t in 1, 2:
        with tg.step(t), tg.scope("cell"):
            nodes[f"x_{t}"] = x = tg.tensor([[float(t)]], label=f"x_{t}")
            nodes[f"a_{t}"] = a = h @ W + x
            nodes[f"h_{t}"] = h = tg.tanh(a)
            h.label = f"h_{t}"
    nodes["loss"] = tg.sum(h * h)
    return nodes


def test_nodes_are_in_topological_order(net):
    graph = tg.Graph(net["loss"])
    seen = set()
    for node in graph.nodes:
        assert seen.issuperset(node.inputs)
        seen.add(node)
    assert len(graph) == len(graph.nodes) == len(seen) == 12
    assert graph.nodes[-1] is net["loss"]


def test_edges_keep_order_and_repeats():
    a, b = tg.parameter(2.0), tg.tensor(3.0)
    y = a * a
    z = b - y
    edges = tg.Graph(z).edges
    assert same([edge.source for edge in edges], [a, a, b, y])
    assert same([edge.target for edge in edges], [y, y, z, z])
    assert [edge.operand for edge in edges] == [0, 1, 0, 1]


def test_leaves_parameters_and_steps(net):
    graph = tg.Graph(net["loss"])
    assert same(graph.leaves, [net["W"], net["h_0"], net["x_1"], net["x_2"]])
    assert same(graph.parameters, [net["W"]])
    assert graph.steps == (1, 2)
    assert tg.Graph(net["W"]).steps == ()


def test_find(net):
    graph = tg.Graph(net["loss"])
    assert same(graph.find(label="h_2"), [net["h_2"]])
    assert same(graph.find(op="tanh"), [net["h_1"], net["h_2"]])
    assert same(graph.find(op="tanh", step=2), [net["h_2"]])
    assert same(graph.find(op="add", scope="cell", step=1), [net["a_1"]])
    assert len(graph.find(scope="cell")) == 8
    assert len(graph.find()) == len(graph)
    assert graph.find(label="h_3") == graph.find(op="W") == graph.find(step=3) == ()


def test_several_outputs(net):
    graph = tg.Graph([net["h_1"], net["a_2"]])
    assert same(graph.outputs, [net["h_1"], net["a_2"]])
    assert net["h_2"] not in graph.nodes
    assert len(tg.Graph(iter([net["loss"], net["loss"]]))) == 12


def test_nodes_are_compared_by_identity(net):
    nodes = tg.Graph(net["loss"]).nodes
    twin = tg.tensor([[0.0]], label="h_0")
    assert net["h_0"] in nodes
    assert twin not in nodes
    assert 3 not in nodes
    assert (nodes.index(net["W"]), nodes.index(net["h_0"])) == (0, 1)
    assert nodes.index(net["h_0"], 1, 2) == 1
    assert (nodes.count(net["h_0"]), nodes.count(twin)) == (1, 0)
    for stranger, *bounds in (twin,), (net["h_0"], 2), (net["h_0"], 0, 1), (net["h_0"], 0, -11):
        with pytest.raises(ValueError, match="is not one of these nodes"):
            nodes.index(stranger, *bounds)


def test_edges_are_compared_by_the_identity_of_their_ends():
    x = tg.parameter([1.0, 2.0])
    graph = tg.Graph(x * x + tg.tensor([1.0, 2.0]))
    assert [graph.edges.index(edge) for edge in graph.edges] == [0, 1, 2, 3]
    assert graph.edges[3] in graph.edges
    assert len(set(graph.edges)) == 4
    other = tg.Edge(tg.parameter([1.0, 2.0]), *graph.edges[0][1:])
    assert other not in graph.edges
    assert other != graph.edges[0]
    assert graph.edges[0] == tg.Edge(*graph.edges[0])
    assert graph.nodes == tg.Graph(graph.outputs).nodes
    assert graph.nodes != tg.Graph(x + x).nodes
    assert len({graph.nodes, tg.Graph(graph.outputs).nodes}) == 1


def test_a_part_of_the_nodes_is_nodes(net):
    nodes = tg.Graph(net["loss"]).nodes
    assert isinstance(nodes[1:3], tg.Nodes)
    assert net["h_0"] in nodes[:2]
    assert net["h_0"] not in nodes[2:]
    assert nodes[np.int64(1)] is net["h_0"]


@pytest.mark.parametrize("outputs", [[], [3], "ab", [None], [np.ones(2)], 3, None])
def test_a_graph_is_made_from_tensors(outputs):
    with pytest.raises(tg.GraphError, match="a graph is made from a Tensor or several, not from"):
        tg.Graph(outputs)


def test_a_graph_of_a_leaf():
    x = tg.tensor(1.0)
    graph = tg.Graph(x)
    assert same(graph.nodes, [x])
    assert same(graph.leaves, [x])
    assert (graph.edges, graph.parameters) == ((), ())


def test_a_graph_describes_itself(net):
    assert repr(tg.Graph(net["loss"])) == "<graph of sum () at step 2: 12 nodes, 1 parameters, 2 time steps>"
