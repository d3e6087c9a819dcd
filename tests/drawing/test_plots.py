"""Figures over time: rows, norms, theme."""

import sys

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import chain, elman, lstm, named
from tests.drawing.test_backward import random_elman
from tinygrad_rnn.drawing.plots import MOST_SIGNS
from tinygrad_rnn.drawing.theme import THEMES

pytest.importorskip("matplotlib")


def steps(w, b, count=4, label="h_{}"):
    """The sum of the last of some states, each the one before times w, plus b."""
    h = tg.tensor(np.ones(w.shape), label="h_0")
    for t in range(1, count + 1):
        with tg.step(t):
            h = w * h + b
            if label is not None:
                h.label = label.format(t)
    return h.sum()


def received(*parts):
    """A sum over time of which a parameter receives these parts of its gradient, or None of it."""
    w, loss = tg.parameter([1.0], label="w"), tg.tensor(0.0)
    for t, part in enumerate(parts, 1):
        with tg.step(t):
            loss = loss + (tg.tensor(1.0) if part is None else (w * tg.tensor([part])).sum())
    return loss


def sum_of_squares(net):
    outputs, _ = net.unroll(np.random.default_rng(0).normal(size=(4, 2)))
    return sum(tg.square(output).sum() for output in outputs)


def rows_of(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def cells_in_legend(figure):
    """Row and column of the cells that look as the legend's entries do."""
    told, axes, (legend,) = {}, figure.axes[0], figure.legends
    rows, columns = axes.collections[0].get_array().shape
    for entry, text in zip(legend.get_patches(), legend.get_texts(), strict=True):
        look = entry.get_facecolor(), entry.get_hatch()
        (patch,) = [patch for patch in axes.patches if (patch.get_facecolor(), patch.get_hatch()) == look]
        told[text.get_text()] = {
            (row, column)
            for row, column in np.ndindex(rows, columns)
            if patch.get_path().contains_point((column + 0.5, row + 0.5))
        }
    return told


def norms_in(axes):
    """The norms that are shown as colours."""
    return 10.0 ** axes.collections[0].get_array()


def test_each_state_and_parameter_has_a_row_with_its_norms():
    run = random_elman(6)
    axes, bar = tg.drawing.gradient_flow(run).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["$h_{t}$", "$W_{xh}^{(t)}$", "$W_{hh}^{(t)}$", "$W_{oh}^{(t)}$", "$b_{h}^{(t)}$", "$b_{o}^{(t)}$"]
    norms = norms_in(axes)
    adjoints = {event.node: event.adjoint for event in tg.trace_backward(run.loss)}
    np.testing.assert_allclose(norms[0], [np.linalg.norm(adjoints[state]) for state in run.states])
    assert bar.get_ylabel() == "norm of the gradient"


def test_the_parts_of_a_parameter_are_the_gradients_of_its_copies():
    net, xs = tg.nn.ElmanRNN(2, 3, 2), np.random.default_rng(0).normal(size=(5, 2))
    copied = net.unroll(xs, np.zeros((5, 2)), copies=True)
    parts = tg.grad(copied.loss, [copies["W_hh"] for copies in copied.copies])
    for run in (copied, net.unroll(xs, np.zeros((5, 2)))):
        norms = norms_in(tg.drawing.gradient_flow(run).axes[0])
        np.testing.assert_allclose(norms[2].filled(0.0), [np.linalg.norm(part.data) for part in parts], atol=1e-15)


def test_each_of_several_layers_and_directions_has_its_rows():
    layers = rows_of(tg.drawing.gradient_flow(sum_of_squares(tg.nn.GRU(2, 3, num_layers=2))))
    assert layers == [
        *["$h_{t}^{(1)}$", "$h_{t}^{(2)}$"],
        *["$W_{ih}^{(1,t)}$", "$W_{hh}^{(1,t)}$", "$b_{ih}^{(1,t)}$", "$b_{hh}^{(1,t)}$"],
        *["$W_{ih}^{(2,t)}$", "$W_{hh}^{(2,t)}$", "$b_{ih}^{(2,t)}$", "$b_{hh}^{(2,t)}$"],
    ]
    directions = rows_of(tg.drawing.gradient_flow(sum_of_squares(tg.nn.LSTM(2, 3, bidirectional=True))))
    assert len(set(directions)) == 4 + 8
    assert directions[-4] == "$W_{ih}^{(rev,t)}$"


def test_parameters_of_one_label_and_those_without_any_have_rows_of_their_own():
    figure = tg.drawing.gradient_flow(steps(tg.parameter([0.5, 0.1], "w"), tg.parameter([0.3, 0.2], "w")))
    assert rows_of(figure) == ["$h_{t}$", "$w^{(t)}$", "$w^{(t)}$′"]
    assert not np.allclose(*norms_in(figure.axes[0])[1:])
    loss = steps(tg.parameter([0.5, 0.1]), tg.parameter([0.3, 0.2]))
    assert rows_of(tg.drawing.gradient_flow(loss)) == ["$h_{t}$", "parameter 2", "parameter 2′"]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("h[{}]", "h[t]"),
        ("h{}", "ht"),
        ("state at {}", "state at t"),
        ("h'_{}", "$h'_{t}$"),
        ("net_{}", r"$\mathrm{net}_{t}$"),
        ("${}$", r"\$t\$"),
        (None, "+ b"),
    ],
)
def test_rows_have_the_names_of_the_rolled_drawing(label, name):
    loss = steps(tg.parameter([0.5, 0.1], "w"), tg.parameter([0.3, 0.2], "b"), label=label)
    assert rows_of(tg.drawing.gradient_flow(loss))[0] == name
    assert tg.drawing.states_and_weights(loss).axes[0].get_title() == name


def test_a_single_number_may_be_a_state():
    loss = steps(tg.parameter(0.5, "w"), tg.parameter(0.1, "b"))
    assert rows_of(tg.drawing.gradient_flow(loss)) == ["$h_{t}$", "$w^{(t)}$", "$b^{(t)}$"]


@pytest.mark.parametrize(
    ("norms", "ends"), [((1.5e308, 1e306), ("10³⁰⁶", "10³⁰⁹")), ((5e-324, 1e-322), ("10⁻³²⁴", "10⁻³²²"))]
)
def test_norms_may_be_as_large_and_as_small_as_floats(norms, ends):
    figure = tg.drawing.gradient_flow(received(*norms))
    figure.canvas.draw()
    ticks = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert (ticks[0], ticks[-1]) == ends
    low, high = figure.axes[0].collections[0].get_clim()
    exponents = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(exponents, np.log10([norms]))
    assert low <= exponents.min() <= exponents.max() <= high


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("length", [6, MOST_SIGNS + 1])
def test_zero_no_gradient_and_not_finite_are_three_things(theme, length):
    figure = tg.drawing.gradient_flow(received(None, 0.0, np.inf, np.nan, *[1.0] * (length - 4)), theme)
    figure.canvas.draw()
    axes, told = figure.axes[0], cells_in_legend(figure)
    with_signs = length <= MOST_SIGNS
    finiteness = "not finite: ↑ infinite, ? not a number" if with_signs else "not finite"
    assert told == {"no gradient": {(0, 0)}, "zero": {(0, 1)}, finiteness: {(0, 2), (0, 3)}}
    looks = [(handle.get_facecolor(), handle.get_hatch()) for handle in figure.legends[0].get_patches()]
    assert len(set(looks)) == 3
    signs = {(text.get_text(), text.get_position()) for text in axes.texts}
    assert signs == ({("0", (1.5, 0.5)), ("↑", (2.5, 0.5)), ("?", (3.5, 0.5))} if with_signs else set())


def test_nothing_is_told_of_what_does_not_occur():
    assert not tg.drawing.gradient_flow(steps(tg.parameter([0.5], "w"), tg.parameter([0.3], "b"))).legends


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
    states = np.transpose([state.data for state in run.states])
    values = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(values * np.abs(states).max(), states)


@pytest.mark.parametrize("net", [tg.nn.LSTM(2, 3, num_layers=3), tg.nn.GRU(2, 3, num_layers=2, bidirectional=True)])
def test_many_weights_have_room_and_whole_titles(net):
    figure = tg.drawing.states_and_weights(sum_of_squares(net))
    figure.canvas.draw()
    weights = [axes for axes in figure.axes if axes.get_title().startswith(("$W", "$b"))]
    assert len(weights) == len(net.parameters)
    for axes in weights:
        assert axes.get_window_extent().width > figure.dpi  # an inch
        assert axes.get_window_extent().height > figure.dpi
        title = axes.title.get_window_extent()
        assert title.x0 >= 0
        assert title.x1 <= figure.bbox.x1


def test_the_states_of_a_batch_are_told_apart():
    run, _ = tg.nn.RNN(2, 3).unroll(np.random.default_rng(0).normal(size=(5, 4, 2)))
    axes = tg.drawing.states_and_weights(list(run)).axes[0]
    assert axes.get_ylabel() == "4 rows × 3 units"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["[0]", "[1]", "[2]", "[3]"]
    values = axes.collections[0].get_array()
    place = int(axes.get_yticks()[2])  # in the middle of the three units of the third
    third = run[-1].data[2]
    np.testing.assert_allclose(values[place - 1 : place + 2, -1] * third[0], values[place - 1, -1] * third)


def test_states_that_are_missing_or_not_finite_are_told():
    with np.errstate(invalid="ignore"):
        figure = tg.drawing.states_and_weights(steps(tg.parameter([np.inf], "w"), tg.parameter([0.3], "b")))
    figure.canvas.draw()
    assert [text.get_text() for legend in figure.subfigs[1].legends for text in legend.get_texts()] == ["not finite"]


def test_print_tells_negative_numbers_by_a_pattern():
    loss = steps(tg.parameter([-0.5, 0.5], "w"), tg.parameter([0.0, 0.0], "b"), 1)
    told = [
        {text.get_text() for legend in figure.subfigs[1].legends for text in legend.get_texts()}
        for figure in (tg.drawing.states_and_weights(loss, theme) for theme in ("print", "light"))
    ]
    assert told == [{"negative"}, set()]


@pytest.mark.parametrize("plot", [tg.drawing.gradient_flow, tg.drawing.states_and_weights])
def test_all_themes_are_named(plot):
    assert all(f'"{theme}"' in plot.__doc__ for theme in THEMES)


def test_what_has_no_course_over_time_is_refused():
    with pytest.raises(tg.GraphError, match=r"mark steps with tg\.step"):
        tg.drawing.gradient_flow(tg.exp(tg.parameter(1.0)))
    with pytest.raises(tg.GraphError, match="give unroll the targets"):
        tg.drawing.gradient_flow(elman(2, targets=False))
    with pytest.raises(tg.SettingError, match="theme is one of"):
        tg.drawing.gradient_flow(elman(2), theme="neon")
    doubled, loss = 2.0 * tg.parameter(1.0), 0.0
    for t in (1, 2):
        with tg.step(t):
            loss = loss + doubled * tg.tensor(1.0)
    with pytest.raises(tg.GraphError, match="no step reads a parameter"):
        tg.drawing.gradient_flow(loss)


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("tinygrad_rnn.extras.find_spec", lambda name: None)
    with pytest.raises(tg.MissingExtraError, match=r"tinygrad-rnn\[cli\]"):
        tg.drawing.gradient_flow(elman(2))
