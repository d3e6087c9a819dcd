"""What the marks of a rolled drawing stand for at each time step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, elman
from tests.drawing.random_graphs import step_graphs
from tinygrad_rnn.drawing.scene.moments import find_moments
from tinygrad_rnn.drawing.scene.rolling import roll_scene
from tinygrad_rnn.drawing.scene.sources import graph_of
from tinygrad_rnn.drawing.scene.staging import build_scene
from tinygrad_rnn.errors import SettingError


def moments_of(what, detail="ops", shown=None):
    graph = graph_of(what)
    return find_moments(roll_scene(build_scene(graph, detail, shown)), build_scene(graph, detail))


def delays_of(what):
    """The labels of what each delay stands for, by the time step."""
    return [
        {step: node.label for step, node in sorted(nodes.items())}
        for mark, nodes in moments_of(what).items()
        if mark.kind == "delay"
    ]


@pytest.mark.parametrize("detail", ["ops", "variables", "cells"])
@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_a_mark_stands_for_the_same_node_of_every_step(build, detail):
    for mark, nodes in moments_of(build(5), detail, shown=[1, 2, 5]).items():
        assert len({node.op for node in nodes.values()} - {None}) <= 1
        assert mark.kind == "delay" or mark.node in set(nodes.values())
        if mark.kind != "delay":
            assert set(nodes) >= {2, 3, 4}
            assert all(node.step in (None, step) for step, node in nodes.items())


def test_a_delay_stands_for_what_comes_from_another_step():
    (state, _) = delays_of(elman(4))
    assert state == {1: "h_0", 2: "h_1", 3: "h_2", 4: "h_3"}


def test_a_delay_of_what_runs_back_stands_for_the_next_step():
    outputs = tg.nn.RNN(2, 3, bidirectional=True).unroll(np.ones((3, 2))).outputs
    there, back, _ = delays_of(sum(output.sum() for output in outputs))
    assert there == {1: "h_0", 2: "h_1", 3: "h_2"}
    assert back == {1: "h_2^(rev)", 2: "h_3^(rev)", 3: "h_4^(rev)"}


@given(step_graphs(), st.data())
def test_whatever_steps_are_drawn_each_mark_stands_for_its_own_node_and_its_likes(outputs, data):
    steps = graph_of(outputs).steps
    shown = data.draw(st.sets(st.sampled_from(steps), min_size=1)) if steps else []
    detail = data.draw(st.sampled_from(["ops", "variables", "cells"]))
    try:
        moments = moments_of(outputs, detail, shown)
    except SettingError:
        return
    for mark, nodes in moments.items():
        assert not nodes or mark.kind == "delay" or mark.node in set(nodes.values())
        assert set(nodes) <= set(steps)
