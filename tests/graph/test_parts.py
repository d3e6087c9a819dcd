"""Parts of a graph: ancestors, descendants, and what lies between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.drawing.cells import elman
from tests.graph.programs import chain, programs
from tests.support import same


def ways(graph):
    """For each node the nodes that a way of one or more edges leads to, found without the library's walks."""
    reached = {node: set() for node in graph.nodes}
    for node in reversed(graph.nodes):
        for source in node.inputs:
            reached[source] |= {node} | reached[node]
    return reached


@given(programs(), st.data())
def test_parts_are_what_ways_lead_through(program, data):
    run, arrays = program
    graph = tg.Graph(run(*[tg.tensor(array) for array in arrays]))
    leads_to = ways(graph)
    some = st.lists(st.sampled_from(graph.nodes), min_size=1, max_size=3)
    sources, targets = data.draw(some), data.draw(some)
    after = {node for source in sources for node in leads_to[source]}
    before = {node for node in graph.nodes if not leads_to[node].isdisjoint(targets)}
    assert same(graph.descendants(sources), [node for node in graph.nodes if node in after])
    assert same(graph.ancestors(targets), [node for node in graph.nodes if node in before])
    on_the_way = (after | set(sources)) & (before | set(targets))
    if on_the_way:
        part = graph.between(sources, targets)
        assert same(part.nodes, [node for node in graph.nodes if node in on_the_way])
        assert same(part.outputs, [target for target in targets if target in on_the_way])
        inside = [edge for edge in graph.edges if {edge.source, edge.target} <= on_the_way]
        assert [(id(a), id(b), k) for a, b, k in part.edges] == [(id(a), id(b), k) for a, b, k in inside]
    else:
        with pytest.raises(tg.GraphError, match="no way leads from"):
            graph.between(sources, targets)


def test_one_node_is_not_its_own_ancestor():
    a = tg.tensor(1.0, label="a")
    b = tg.exp(a)
    c = tg.exp(b)
    graph = tg.Graph(c)
    assert same(graph.ancestors(b), [a])
    assert same(graph.descendants(b), [c])
    assert same(graph.ancestors([b, c]), [a, b])
    assert same(graph.descendants(iter([a, b])), [b, c])
    assert graph.ancestors(a) == graph.descendants(c) == graph.ancestors([]) == ()
    assert same(graph.between(b, b).nodes, [b])


def test_a_part_is_a_graph():
    W, x = tg.parameter(2.0, label="W"), tg.tensor(3.0, label="x")
    with tg.step(1):
        a = W * x
        b = tg.exp(a) * W
    part = tg.Graph(b + a).between(a, b)
    assert part.parameters == part.leaves == ()
    assert part.steps == (1,)
    assert same(part.find(op="multiply"), [a, b])
    assert str(part).splitlines()[0] == "%0 = multiply(W, x)    () float64   step 1"
    assert part.evaluate({a: 0.0}) == (2.0,)
    x.data = 0.0
    assert part.evaluate() == (2.0,)
    assert same(part.between(a, b).nodes, part.nodes)
    with pytest.raises(tg.GraphError, match=r"parameter 'W' \(\) is not a node of this graph"):
        part.ancestors(W)


@pytest.mark.parametrize("stranger", [3, None, "x", [1.0]])
def test_only_nodes_of_the_graph(stranger):
    graph = tg.Graph(tg.tensor(1.0))
    with pytest.raises((tg.GraphError, TypeError)):
        graph.ancestors(stranger)
    with pytest.raises(tg.GraphError, match="is not a node of this graph"):
        graph.descendants([stranger])


def test_no_way():
    a, b = tg.tensor(1.0, label="a"), tg.tensor(2.0, label="b")
    c = a + b
    with pytest.raises(tg.GraphError, match=r"no way leads from add \(\) to constant 'a' \(\) or constant 'b' \(\)"):
        tg.Graph(c).between(c, [a, b])
    with pytest.raises(tg.GraphError, match="no way leads from nothing to add"):
        tg.Graph(c).between([], c)


def test_a_long_chain():
    x, y = chain(100_000)
    graph = tg.Graph(y)
    assert len(graph.between(x, y)) == 100_000
    assert len(graph.ancestors(y)) == len(graph.descendants(x)) == 99_999


def test_a_part_copied_is_a_whole_graph():
    run = elman(4)
    whole = run.graph
    part = whole.between(run.states[0], run.states[-1])
    copied = part.copy()
    assert (whole.is_whole, part.is_whole, copied.is_whole) == (True, False, True)
    assert not set(copied.nodes) & set(part.nodes)
    assert [node.label for node in copied.leaves][:1] == ["W_hh"]
    assert copied.parameters == ()
    assert copied.find(label="h_4")[0].data.tolist() == run.states[-1].data.tolist()
    assert tg.draw(part).source == tg.draw(copied).source
    assert whole.copy().is_isomorphic(whole, labels=True)


def test_a_copy_does_not_depend_on_where_it_is_made():
    W = tg.parameter(2.0, label="W")
    loss = tg.exp(W * W)
    graph = tg.Graph([loss, *tg.grad(loss, [W], create_graph=True)])
    with tg.no_grad(), tg.step(3):
        copied = graph.copy()
    assert copied.is_isomorphic(graph, labels=True)
    assert [node.origin is None for node in copied.nodes] == [node.origin is None for node in graph.nodes]
    copied.outputs[0].backward()
    assert copied.parameters[0].grad == graph.outputs[1].data
    assert W.grad is None
