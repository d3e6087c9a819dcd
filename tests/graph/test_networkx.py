"""A graph as networkx has it."""

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import MissingExtraError


def small():
    W = tg.parameter([1.0, 2.0], label="W")
    with tg.step(3), tg.scope("cell"):
        return tg.Graph(tg.tanh(W - W))


def test_nodes_and_edges():
    pytest.importorskip("networkx")
    network = small().to_networkx()
    assert network.nodes[0] == {
        "op": None, "label": "W", "step": None, "scope": "", "shape": (2,), "dtype": "float64", "requires_grad": True,
    }  # fmt: skip
    assert network.nodes[2] == {
        "op": "tanh", "label": None, "step": 3, "scope": "cell", "shape": (2,), "dtype": "float64",
        "requires_grad": True,
    }  # fmt: skip
    assert list(network.edges(keys=True, data=True)) == [
        (0, 1, 0, {"operand": 0}), (0, 1, 1, {"operand": 1}), (1, 2, 0, {"operand": 0}),
    ]  # fmt: skip


def test_what_networkx_finds_is_what_the_graph_says():
    networkx = pytest.importorskip("networkx")
    net = tg.nn.ElmanRNN(2, 3, 1)
    graph = net.unroll([[0.0, 1.0]] * 4, [[1.0]] * 4).graph
    network = graph.to_networkx()
    assert networkx.is_directed_acyclic_graph(network)
    position = {node: number for number, node in enumerate(graph.nodes)}
    for number, node in enumerate(graph.nodes):
        assert networkx.ancestors(network, number) == {position[other] for other in graph.ancestors(node)}
        assert networkx.descendants(network, number) == {position[other] for other in graph.descendants(node)}


def test_a_part_has_its_own_edges_alone():
    pytest.importorskip("networkx")
    x = tg.tensor(1.0)
    y = tg.exp(x) * x
    network = tg.Graph(y).between(y.inputs[0], y).to_networkx()
    assert list(network.edges) == [(0, 1, 0)]


def test_without_networkx_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.extras.find_spec", lambda package: None)
    with pytest.raises(MissingExtraError, match=r"networkx not installed: `pip install 'tinygrad-rnn\[graph\]'`"):
        small().to_networkx()
