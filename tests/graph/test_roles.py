"""Roles: which nodes of different steps are alike."""

import tinygrad_rnn as tg
from tinygrad_rnn.graph.roles import find_roles, shared_nodes


def test_nodes_of_a_backward_pass_without_its_forward_nodes_go_by_how_they_are_made():
    W, s = tg.parameter(0.5), tg.tensor(0.0)
    for t in range(1, 6):
        with tg.step(t):
            s = tg.tanh(W * s)
    gradient = tg.Graph(tg.grad(s, [W], create_graph=True))
    backward = [node for node in gradient.nodes if node.origin is not None]
    roles = find_roles(backward, shared_nodes(gradient.nodes))
    subtractions = {roles[node] for node in backward if node.op and node.op.name == "subtract"}
    assert len(subtractions) == 1
    assert roles.keys() < set(backward)


def test_a_weight_is_what_most_steps_read_alike():
    W, s_0 = tg.parameter(0.5), tg.tensor(0.0)
    s = s_0
    for t in range(1, 6):
        with tg.step(t):
            s = tg.tanh(W * s)
    assert shared_nodes(tg.Graph(s).nodes) == {W}
