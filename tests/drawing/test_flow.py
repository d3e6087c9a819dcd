"""Figures over time: rows, norms, theme."""

import sys

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import chain, elman, lstm, named
from tests.drawing.test_backward import random_elman
from tinygrad_rnn.drawing.theme import THEMES

pytest.importorskip("matplotlib")


def test_each_state_and_parameter_has_a_row_with_its_norms():
    run = random_elman(6)
    axes, bar = tg.drawing.gradient_flow(run).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["$h_{t}$", "$W_{xh}^{(t)}$", "$W_{hh}^{(t)}$", "$W_{oh}^{(t)}$", "$b_{h}^{(t)}$", "$b_{o}^{(t)}$"]
    norms = axes.collections[0].get_array()
    adjoints = {event.node: event.adjoint for event in tg.trace_backward(run.loss)}
    np.testing.assert_allclose(norms[0], [np.linalg.norm(adjoints[state]) for state in run.states])
    assert bar.get_ylabel() == "norm of the gradient"


def test_the_parts_of_a_parameter_are_the_gradients_of_its_copies():
    net, xs = tg.nn.ElmanRNN(2, 3, 2), np.random.default_rng(0).normal(size=(5, 2))
    copied = net.unroll(xs, np.zeros((5, 2)), copies=True)
    parts = tg.grad(copied.loss, [copies["W_hh"] for copies in copied.copies])
    for run in (copied, net.unroll(xs, np.zeros((5, 2)))):
        norms = tg.drawing.gradient_flow(run).axes[0].collections[0].get_array()
        np.testing.assert_allclose(norms[2].filled(0.0), [np.linalg.norm(part.data) for part in parts], atol=1e-15)


def test_zero_is_marked_and_none_is_blank():
    axes = tg.drawing.gradient_flow(elman(4)).axes[0]
    assert {text.get_text() for text in axes.texts} == {"0"}
    assert axes.collections[0].get_array().mask[2, 0]  # what W_hh receives in step 1, from a state of zeros


def test_two_states_are_two_rows_and_any_graph_with_steps_will_do():
    labels = [label.get_text() for label in tg.drawing.gradient_flow(lstm(4)).axes[0].get_yticklabels()]
    assert labels[:2] == ["$c_{t}$", "$h_{t}$"]
    loss = chain(range(1, 60), end=lambda s: named("L", tg.square(s).sum()))
    assert tg.drawing.gradient_flow(loss).axes[0].collections[0].get_array().shape == (3, 59)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("plot", [tg.drawing.gradient_flow, tg.drawing.states_and_weights])
def test_figures_have_the_themes_colours(plot, theme):
    figure = plot(random_elman(3), theme=theme)
    assert figure.get_facecolor()[:3] == pytest.approx(
        [int(THEMES[theme].background[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    )
    figure.canvas.draw()


def test_states_over_time_and_weights():
    run = random_elman(7)
    figure = tg.drawing.states_and_weights(run)
    values = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(values, np.transpose([state.data for state in run.states]))


def test_what_has_no_course_over_time_is_refused():
    with pytest.raises(tg.GraphError, match=r"mark steps with tg\.step"):
        tg.drawing.gradient_flow(tg.exp(tg.parameter(1.0)))
    with pytest.raises(tg.GraphError, match="give unroll the targets"):
        tg.drawing.gradient_flow(elman(2, targets=False))
    with pytest.raises(tg.SettingError, match="theme is one of"):
        tg.drawing.gradient_flow(elman(2), theme="neon")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("tinygrad_rnn.extras.find_spec", lambda name: None)
    with pytest.raises(tg.MissingExtraError, match=r"tinygrad-rnn\[cli\]"):
        tg.drawing.gradient_flow(elman(2))
