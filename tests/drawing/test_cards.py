"""Values and gradients on marks: numbers, strips of colours, norms."""

import itertools
import math
import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, elman, named
from tests.drawing.paper import faults, plain, read
from tests.drawing.renderers import needs_graphviz
from tests.drawing.test_backward import one_number, random_elman
from tinygrad_rnn.drawing.basics.colours import diverging
from tinygrad_rnn.drawing.basics.theme import THEMES
from tinygrad_rnn.drawing.overlays.cards import written


def statement(diagram, name):
    """The line of DOT text that writes a mark."""
    (line,) = [line for line in diagram.source.splitlines() if line.startswith(f"{name} [")]
    return line


def tiles(line):
    """The tiles of a strip or bar, each with a stroke at its end, and nothing else."""
    return "".join(f"{inner}|" for inner in re.findall(r'<TD BGCOLOR="#\w+"[^>]*>(.*?)</TD>', line))


def strips(line):
    return re.findall(r'<TD BGCOLOR="(#\w+)"', line)


def test_a_single_number_is_written():
    run = random_elman(3)
    diagram = tg.draw(run, values=True, gradients=True, detail="variables")
    (mark,) = [mark for mark in read(diagram).marks.values() if mark.text.startswith("L_2")]
    assert mark.text == f"L_2= {written(run.losses[1].item())}∇ 1"


def test_a_small_array_is_a_strip_of_colours_around_zero():
    run = random_elman(3)
    diagram = tg.draw(run, values=True, detail="variables")
    shown = {node for step in (run.inputs, run.states, run.outputs, run.targets, [run.initial_state]) for node in step}
    largest = max(np.abs(node.data).max() for node in shown)
    (mark,) = [mark for mark in read(diagram).marks.values() if mark.text.startswith("h_2")]
    expected = [diverging(value / largest, THEMES["light"]) for value in run.states[1].data]
    assert strips(statement(diagram, mark.name)) == expected
    legend = next(line for line in diagram.source.splitlines() if line.startswith("l0 "))
    assert f">{written(largest)}<" in legend
    assert f">{written(-largest)}<" in legend


def test_gradients_are_those_of_backprop():
    run = random_elman(3)
    adjoints = {event.node: event.adjoint for event in tg.trace_backward(run.loss)}
    diagram = tg.draw(run, gradients=True, detail="variables")
    largest = max(np.abs(adjoints[node]).max() for node in (*run.states, *run.outputs))
    (mark,) = [mark for mark in read(diagram).marks.values() if mark.text.startswith("h_1")]
    expected = [diverging(value / largest, THEMES["light"]) for value in adjoints[run.states[0]]]
    assert strips(statement(diagram, mark.name)) == expected
    (constant,) = [mark for mark in read(diagram).marks.values() if mark.text.startswith("x_1")]
    assert constant.text == "x_1"


def test_the_last_sum_has_its_numbers_beside_its_name_as_well():
    losses = []
    for t in (1, 2, 3):
        with tg.step(t):
            losses.append(named(f"L_{t}", tg.exp(tg.tensor(0.0, label=f"x_{t}"))))
    paper = read(tg.draw(named("L", sum(losses)), values=True))
    sums = sorted((mark for mark in paper.marks.values() if mark.text.startswith("+")), key=lambda mark: mark.x)
    assert [mark.text.split()[-1] for mark in sums] == ["1", "2", "3"]


def test_a_large_array_is_told_by_its_norm():
    x = tg.tensor(np.full(16, 0.5), label="x")
    with tg.step(1):
        y = named("y", tg.exp(x))
    paper = read(tg.draw(y, values=True))
    assert any(mark.text == "x= ‖·‖ 2" for mark in paper.marks.values())


@pytest.mark.parametrize("theme", THEMES)
def test_negative_entries_bear_a_minus_for_those_who_see_no_colours(theme):
    x = tg.tensor(np.array([-1.0, 1.0, 0.0, -0.25]), label="x")
    with tg.step(1):
        diagram = tg.draw(named("y", tg.exp(x)), values=True, theme=theme)
    (mark,) = [mark for mark in read(diagram).marks.values() if mark.text.startswith("x=")]
    assert plain(tiles(statement(diagram, mark.name))) == "−|||−|"
    legend = next(line for line in diagram.source.splitlines() if line.startswith("l0 "))
    assert plain(tiles(legend)) == "−|" * 20 + "|" * 20


def test_the_legend_explains_what_is_not_finite_where_there_is_such():
    w, y = tg.parameter(np.ones(4), label="w"), tg.tensor([math.nan, math.inf, -math.inf, 1.0], label="y")
    strange = tg.draw((y * w).sum(), values=True, gradients=True).source
    words = plain(strange)
    assert words.count("?↑↓") == 3  # the values of y and of the product, and the gradient of w
    assert words.count("?nan↑inf↓−inf") == 2
    only = plain(tg.draw(tg.tensor([math.inf, math.inf], label="z") * 1.0, values=True).source)
    assert "↑inf" in only
    assert "nan" not in only
    assert "inf" not in plain(tg.draw(w.sum(), values=True, gradients=True).source)


def test_what_is_not_finite_has_a_colour_of_its_own():
    with np.errstate(over="ignore"), tg.step(1):
        y = named("y", tg.exp(tg.tensor(np.array([1.0, 1e6]), label="x")))
    diagram = tg.draw(y, values=True)
    assert THEMES["light"].not_finite in strips(diagram.source)


NUMBERS = {-0.0: "0", 1714.3: "1714", -10288.3: "−10288", 0.2041: "0.204", 0.5: "1/2", math.inf: "inf", 3e9: "3e+09"}


@pytest.mark.parametrize(("number", "text"), list(NUMBERS.items()))
def test_numbers_are_short(number, text):
    assert written(number) == text


@pytest.mark.parametrize(("name", "detail"), list(itertools.product(NETWORKS, ["ops", "variables"])))
def test_drawings_with_numbers_have_no_faults(name, detail):
    what = one_number(NETWORKS[name]())
    assert faults(tg.draw(what, detail=detail, values=True, gradients=True)) == {}
    assert faults(tg.draw(what, detail=detail, values=True, backward=True)) == {}


@needs_graphviz
def test_graphs_without_steps_have_numbers_too():
    a = tg.parameter(2.0, label="a")
    diagram = tg.draw(named("c", tg.square(a) + 1), values=True, gradients=True)
    assert "∇" in diagram.svg
    assert "∇" not in tg.draw(elman(2), values=True).source


@needs_graphviz
def test_parameters_that_are_read_often_have_room_for_their_numbers():
    a = tg.parameter(-4.0, label="a")
    result = named("g", a * a + a * 3.0 + tg.exp(a) * a)
    (slope,) = tg.grad(result, [a])
    (line,) = [line for line in tg.draw(result, gradients=True).source.splitlines() if "<I>a</I>" in line]
    assert f"a∇ {written(slope.item())}" in plain(line)
