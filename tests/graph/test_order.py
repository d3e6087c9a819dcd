"""The order of a graph: every node once, after its inputs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.support import same
from tinygrad_rnn.graph import dependents, topological_order

# A graph to draw: for each node the two earlier ones that it adds up, by their positions.
edges = st.integers(1, 40).flatmap(lambda n: st.tuples(*[st.tuples(*[st.integers(0, k)] * 2) for k in range(n)]))


def build(edges):
    nodes = [tg.parameter(1.0)]
    for left, right in edges:
        nodes.append(nodes[left] + nodes[right])
    return nodes


@given(edges, st.data())
def test_every_ancestor_once_and_after_its_inputs(edges, data):
    nodes = build(edges)
    outputs = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3))
    order = topological_order(outputs)
    position = {node: k for k, node in enumerate(order)}
    assert len(position) == len(order)
    assert all(position[source] < position[node] for node in order for source in node.inputs)
    reached = set(outputs)
    for node in reversed(nodes):
        if node in reached:
            reached.update(node.inputs)
    assert set(order) == reached


@given(edges, st.data())
def test_dependents_are_what_a_source_leads_to(edges, data):
    nodes = build(edges)
    sources = data.draw(st.sets(st.sampled_from(nodes), max_size=3))
    depends = {}
    for node in nodes:
        depends[node] = node in sources or any(depends[source] for source in node.inputs)
    assert dependents(topological_order(nodes), sources) == {node for node in nodes if depends[node]}


def test_only_what_depends_on_a_parameter():
    W, c = tg.parameter(1.0), tg.tensor(1.0)
    y = W * c
    z = (c + c) * y
    assert same(topological_order([z], differentiable=True), [W, y, z])
    assert same(topological_order([z]), [W, c, y, z.inputs[0], z])
    assert topological_order([c + c], differentiable=True) == []


def test_a_node_with_many_paths_is_visited_once():
    x = tg.tensor(np.zeros(1))
    y = x
    for _ in range(1000):
        y = y + y
    assert len(topological_order([y, y, x])) == 1001


def test_the_order_does_not_recurse():
    y = tg.tensor(1.0)
    for _ in range(10_000):
        y = -y
    order = topological_order([y])
    assert len(order) == 10_001
    assert order[-1] is y
