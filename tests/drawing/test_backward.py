"""Backward drawings: every line that backprop used has its companion, and only those; colours and widths tell norms."""

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, chain, elman, lstm, named, weights
from tests.drawing.oddities import ODDITIES
from tests.drawing.paper import faults, read
from tests.drawing.random_graphs import step_graphs
from tests.drawing.renderers import needs_graphviz
from tests.drawing.test_scale import calls
from tinygrad_rnn.drawing.basics.colours import luminance
from tinygrad_rnn.drawing.basics.theme import THEMES
from tinygrad_rnn.drawing.scene.sources import graph_of

DETAILS, VIEWS = ("ops", "variables"), ("unrolled", "folded")


def random_elman(steps, radius=None, **settings):
    """An Elman network with random inputs; its recurrent matrix is a rotation times `radius`."""
    random = np.random.default_rng(0)
    net = tg.nn.ElmanRNN(2, 4, 2, **settings)
    if radius is not None:
        net.parameters["W_hh"].data = radius * np.linalg.qr(random.normal(size=(4, 4)))[0]
    return net.unroll(0.1 * random.normal(size=(steps, 2)), random.normal(size=(steps, 2)))


def one_number(what):
    """What to draw, made one number that depends on parameters; None if it depends on none."""
    if isinstance(what, tg.nn.Run):
        return what if what.loss is not None else one_number(list(what.outputs))
    outputs = [what] if isinstance(what, tg.Tensor) else list(what)
    total = sum(output.sum() for output in outputs if output.requires_grad)
    return total if isinstance(total, tg.Tensor) else None


GRAPHS = {name: build for name, build in {**NETWORKS, **ODDITIES}.items() if one_number(build()) is not None}
LONG = {name for name, build in GRAPHS.items() if len(graph_of(one_number(build())).steps) > 5}
CROWDED = {
    ("three layers in both directions", "variables"): "four lines that run back lie on others, of 200",
    ("without labels", "variables"): "a line that runs back meets a mark",
}
CASES = [
    pytest.param(
        name,
        detail,
        view,
        marks=[pytest.mark.xfail(reason=CROWDED[name, detail], strict=True)] if (name, detail) in CROWDED else [],
    )
    for name, detail, view in itertools.product(GRAPHS, DETAILS, VIEWS)
    if view == "unrolled" or name in LONG  # shorter ones have nothing to fold
    if not name.startswith("the gradient of")  # so many lines meet there that a few run behind marks
]


def returning(paper):
    """The lines of what comes back, from the values of their ends to their norms; chips left out."""
    return [line for line in paper.lines if line.norm is not None and line.head[0] == "n"]


# ---------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_geometry_is_that_of_the_forward_drawing(name, detail):
    what = one_number(NETWORKS[name]())
    forward, backward = read(tg.draw(what, detail=detail)), read(tg.draw(what, detail=detail, backward=True))
    places = {name: (mark.x, mark.y, mark.width, mark.height) for name, mark in forward.marks.items()}
    assert {
        name: (mark.x, mark.y, mark.width, mark.height) for name, mark in backward.marks.items() if name[0] == "n"
    } == places
    assert [line.points for line in forward.lines if line.tip is None] == [
        line.points for line in backward.lines if line.tip is None and line.norm is None
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_each_edge_that_backprop_used_has_its_line_and_no_other(name):
    what = one_number(NETWORKS[name]())
    output = what.loss if isinstance(what, tg.nn.Run) else what
    diagram = tg.draw(what, backward=True)
    norms, drawn = [], [line.norm for line in returning(read(diagram))]
    for event in tg.trace_backward(output):
        for source, contribution in zip(event.node.inputs, event.contributions, strict=False):
            if contribution is not None and source.op is not None:  # parameters have chips
                norms.append(np.linalg.norm(contribution))
        if event.node.label is not None and event.node.op is not None:  # from the value to its operation
            norms.append(np.linalg.norm(event.adjoint))
    np.testing.assert_allclose(sorted(drawn), sorted(norms), rtol=1e-5)


def test_lines_run_against_those_of_the_forward_pass_and_bear_the_contributions():
    run = random_elman(3)
    events = {event.node: event for event in tg.trace_backward(run.loss)}
    paper = read(tg.draw(run, backward=True, detail="variables"))
    for t in (2, 3):
        (line,) = [line for line in returning(paper) if paper.text_of(line) == (f"h_{t}", f"h_{t - 1}")]
        state, before = run.states[t - 1], run.states[t - 2]
        expected = np.linalg.norm(  # what h_{t−1} receives through the product with W_hh
            next(
                contribution
                for node, event in events.items()
                for source, contribution in zip(node.inputs, event.contributions, strict=False)
                if source is before and node.step == t
            )
        )
        assert math.isclose(line.norm, expected, rel_tol=1e-5)
        assert math.isclose(paper.called(f"h_{t}").norm, np.linalg.norm(events[state].adjoint), rel_tol=1e-5)


def test_where_values_share_what_is_not_drawn_each_line_bears_its_own_part():
    """Two values that are slices of one product: what each gives back to the state is told apart."""
    W, s = weights(4, 2, label="W"), tg.parameter(np.array([0.3, -0.2]), label="s_0")
    for t in (1, 2):
        with tg.step(t):
            both = tg.linear(s, W)
            u, v = named(f"u_{t}", tg.tanh(both[:2])), named(f"v_{t}", tg.square(both[2:]))
            s = named(f"s_{t}", u * v)
    L = named("L", s.sum())
    paper = read(tg.draw(L, detail="variables", backward=True))
    u, v = (next(iter(tg.Graph(L).find(label=f"{letter}_2"))) for letter in "uv")
    before = next(iter(tg.Graph(L).find(label="s_1")))
    for node in (u, v):
        (part,) = tg.grad(node, [before], gradient=tg.grad(L, [node])[0])
        line = next(line for line in returning(paper) if paper.text_of(line) == (node.label, "s_1"))
        assert math.isclose(line.norm, np.linalg.norm(part.data), rel_tol=1e-5)


def test_what_is_read_by_its_indices_receives_all_that_comes_back():
    W = tg.parameter(np.array([0.5, -1.0, 2.0]), label="W")
    with tg.step(1):
        y = named("y", tg.tanh(W))
    with tg.step(2):
        L = named("L", tg.exp(y[0]) * y[0] + y[2])
    paper = read(tg.draw(L, detail="variables", backward=True))
    (adjoint,) = tg.grad(L, [y])
    (back,) = [line.norm for line in returning(paper) if paper.text_of(line) == ("L", "y")]
    assert math.isclose(back, np.linalg.norm(adjoint.data), rel_tol=1e-5)


def test_chips_bear_what_parameters_receive_in_each_step():
    net = tg.nn.ElmanRNN(2, 3, 2)
    run = net.unroll(np.ones((3, 2)), np.zeros((3, 2)), copies=True)
    parts = tg.grad(run.loss, [copy["W_hh"] for copy in run.copies])
    paper = read(tg.draw(net.unroll(np.ones((3, 2)), np.zeros((3, 2))), backward=True))
    marks = paper.written("W_hh")
    for mark, part in zip(marks, parts, strict=True):
        (chip,) = [line.norm for line in paper.lines if line.tail == mark.name and line.head[0] == "p"]
        assert math.isclose(chip, np.linalg.norm(part.data), rel_tol=1e-5, abs_tol=1e-12)


def test_the_gradient_reaches_an_initial_state_that_asks_for_one():
    start = tg.parameter(np.full(3, 0.1), label="h_0")
    with_gradient = read(tg.draw(elman(3, initial_state=start), backward=True, detail="variables"))
    without = read(tg.draw(elman(3), backward=True, detail="variables"))
    assert [line for line in returning(with_gradient) if with_gradient.text_of(line) == ("h_1", "h_0")]
    assert not with_gradient.called("h_0").dashed
    assert not [line for line in returning(without) if without.text_of(line) == ("h_1", "h_0")]
    assert without.called("h_0").dashed


def test_no_gradient_looks_different_from_a_gradient_of_zero():
    a, b = tg.parameter(2.0, label="a"), tg.tensor(3.0, label="b")
    with tg.step(1):
        c = named("c", a * 0.0)
    with tg.step(2):
        d = named("d", c * b + tg.square(named("e", a * 1.0)) * 0.0)
    paper = read(tg.draw(d, backward=True))
    background = THEMES["light"].background
    assert paper.called("b").dashed
    assert paper.called("b").fill == background
    assert not paper.called("e").dashed
    assert (paper.called("e").fill, paper.called("e").norm) == (background, 0.0)
    assert paper.called("c").fill != background


@pytest.mark.parametrize("theme", THEMES)
def test_fills_are_the_farther_from_the_background_and_lines_the_wider_the_larger_the_norm(theme):
    paper = read(tg.draw(random_elman(6, radius=0.3), backward=True, theme=theme))
    background = luminance(THEMES[theme].background)
    marks = sorted((mark for mark in paper.marks.values() if mark.norm), key=lambda mark: mark.norm)
    distances = [abs(luminance(mark.fill) - background) for mark in marks]
    assert len(set(distances)) > 5
    assert all(one <= other + 0.005 for one, other in itertools.pairwise(distances))
    lines = sorted(returning(paper), key=lambda line: line.norm)
    assert all(one.width <= other.width for one, other in itertools.pairwise(lines))
    assert 0.8 <= lines[0].width < lines[-1].width <= 2.7


@pytest.mark.parametrize(("radius", "grows"), [(0.3, False), (3.0, True)])
def test_vanishing_and_exploding_gradients_are_seen_along_the_time_axis(radius, grows):
    net = tg.nn.ElmanRNN(2, 4, 2, activation="identity")
    random = np.random.default_rng(0)
    net.parameters["W_hh"].data = radius * np.linalg.qr(random.normal(size=(4, 4)))[0]
    run = net.unroll(random.normal(size=(12, 2)))
    loss = named("L", tg.square(run.outputs[-1]).sum())
    paper = read(tg.draw(loss, backward=True, detail="variables"))
    states = [paper.called(f"h_{t}") for t in range(1, 13)]
    brightness = [luminance(state.fill) for state in states]  # dark is large
    assert brightness == sorted(brightness, reverse=not grows)
    ratios = [earlier.norm / later.norm for earlier, later in itertools.pairwise(states[:-1])]
    np.testing.assert_allclose(ratios, radius, rtol=1e-4)


def test_a_folded_drawing_shows_what_comes_out_of_the_steps_left_out():
    run = random_elman(40, radius=0.9)
    paper = read(tg.draw(run, backward=True, detail="variables"))
    dashed = [line for line in returning(paper) if line.dashed]
    (before,) = [line for line in dashed if line.head == paper.called("h_3").name]
    events = {event.node: event for event in tg.trace_backward(run.loss)}
    (received,) = [
        contribution
        for node, event in events.items()
        for source, contribution in zip(node.inputs, event.contributions, strict=False)
        if source is run.states[2] and node.step == 4
    ]
    assert math.isclose(before.norm, np.linalg.norm(received), rel_tol=1e-5)


# ---------------------------------------------------------------------- no faults, and no more work than needed


@pytest.mark.parametrize(("name", "detail", "view"), CASES)
def test_a_backward_drawing_has_no_faults(name, detail, view):
    found = faults(tg.draw(one_number(GRAPHS[name]()), detail=detail, view=view, backward=True))
    assert found.keys() <= {"misplaced"}  # a text may stand nearer to what comes back along another line


@settings(max_examples=40)
@given(step_graphs(), st.sampled_from(DETAILS), st.sampled_from(VIEWS))
def test_the_backward_drawing_of_a_random_graph_has_no_faults(graph, detail, view):
    what = one_number(graph)
    if what is not None:
        assert faults(tg.draw(what, detail=detail, view=view, backward=True)) == {}


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("build", [elman, lstm])
def test_ten_times_the_steps_are_ten_times_the_work(build, detail):
    short, long = (calls(build(steps), view="unrolled", detail=detail, backward=True) for steps in (6, 60))
    assert long < 11 * short


@needs_graphviz
def test_graphs_without_steps_have_lines_the_other_way_as_well():
    a, b = tg.parameter(2.0, label="a"), tg.tensor(3.0, label="b")
    diagram = tg.draw(named("c", tg.tanh(a * b)), backward=True)
    assert diagram.source.count("dir=back") == 3  # c to tanh, tanh to the product, the product to a
    assert "norm of the gradient".replace(" ", "&#160;") in diagram.source
    assert diagram.svg.startswith("<svg")


# ---------------------------------------------------------------------- what cannot be drawn


@pytest.mark.parametrize("setting", ["backward", "gradients"])
def test_what_has_no_gradient_is_refused_with_advice(setting):
    x = tg.parameter(np.ones(2), label="x")
    for what, advice in (
        ([tg.exp(x).sum(), tg.sin(x).sum()], "draw one of them alone, or their sum"),
        (tg.exp(x), r"reduce it to one, as with \.sum\(\)"),
        (tg.exp(tg.tensor(1.0)), "depends on no parameter"),
        (elman(2, targets=False), "give unroll the targets"),
        (chain(range(1, 4)), r"reduce it to one, as with \.sum\(\)"),
    ):
        with pytest.raises(tg.GraphError, match=advice):
            tg.draw(what, **{setting: True})


def test_a_second_order_graph_is_drawn_with_its_backward_pass_as_nodes():
    net = tg.nn.ElmanRNN(2, 3, 2)
    run = net.unroll(np.ones((3, 2)), np.zeros((3, 2)))
    (slope,) = tg.grad(run.loss, [net.parameters["W_hh"]], create_graph=True)
    penalty = named("P", tg.square(slope).sum())
    assert faults(tg.draw(penalty)) == {}
    assert faults(tg.draw(penalty, backward=True)) == {}


@pytest.mark.parametrize("detail", DETAILS)
def test_adjoints_of_two_backward_passes_have_names_of_their_own(detail):
    net = tg.nn.ElmanRNN(2, 3, 1)
    W = net.parameters["W_hh"]
    (slope,) = tg.grad(net.unroll(np.ones((3, 2)), np.zeros((3, 1))).loss, [W], create_graph=True)
    (product,) = tg.grad((slope * tg.tensor(np.eye(3), label="v")).sum(), [W], create_graph=True)
    product.label = "Hv"
    paper = read(tg.draw(product, detail=detail))
    for t in (1, 2, 3):
        for name in (f"h_{t}", f"y_{t}"):
            names = [mark.text for mark in paper.marks.values() if mark.text.endswith(name)]
            assert sorted(names) == sorted([name, f"∇{name}", f"∇′{name}", f"∇∇{name}"])
        assert paper.called(f"∇h_{t}").y < paper.called(f"∇′h_{t}").y  # which is made of the other
    assert len({paper.called(f"∇′h_{t}").y for t in (1, 2, 3)}) == 1
    assert paper.called("Hv").colour == THEMES["light"].kinds["output"].pen


def test_derivatives_with_labels_of_their_own_look_like_results():
    x = tg.parameter(3.0, "x")
    y = named("y", tg.exp(x))
    (slope,) = tg.grad(y, [x], create_graph=True)
    source = tg.draw([y, slope], detail="variables").source
    (pill,) = [line for line in source.splitlines() if "label=<∇<I>x</I>>" in line]
    assert THEMES["light"].parameters[0].pen in pill  # in the colour of its parameter
    slope.label = "y'"
    source = tg.draw([y, slope], detail="variables").source
    (result,) = [line for line in source.splitlines() if "label=<<I>y'</I>>" in line or "<I>y&#x27;</I>" in line]
    assert THEMES["light"].kinds["loss"].pen in result


@needs_graphviz
def test_titles_tell_norms():
    svg = tg.draw(elman(2), backward=True).svg
    assert re.search(r"<title>tanh .*h_2.*, norm of the gradient [\d.]+</title>", svg)
    assert re.search(r"<title>constant .*x_1.*, no gradient</title>", svg)


def test_what_is_not_finite_has_a_colour_of_its_own():
    with np.errstate(over="ignore"), tg.step(1):
        big = named("b", tg.parameter(np.ones(2), label="a") * 1.0)
        loss = named("L", tg.exp(big * 1000.0).sum())
        diagram = tg.draw(loss, backward=True)
    paper = read(diagram)
    assert paper.called("b").fill == THEMES["light"].not_finite
    assert paper.called("b").dashed  # for those who see no colours
    assert "not&#160;finite" in diagram.source
    assert "not&#160;finite" not in tg.draw(elman(2), backward=True).source
