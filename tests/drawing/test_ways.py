"""Where operations are not drawn, all weights on the ways from one value to another are written beside its edge."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import named, weights, zeros
from tests.drawing.oddities import ODDITIES, x_at
from tests.drawing.paper import faults, read


def carried(state, steps=3):
    """A network of which a function makes each state of the one before."""
    h = zeros(3, "h_0")
    for t in range(1, steps + 1):
        with tg.step(t):
            h = named(f"h_{t}", state(h))
    return h


def written(what):
    """What is written beside the line from h_1 to h_2."""
    return read(tg.draw(what, detail="variables")).line("h_1", "h_2").text


W, V, K = (weights(3, 3, label=name) for name in "WVK")
NAMELESS = weights(3, 3), weights(3, 3)


def substeps(h, matrices):
    """Residual blocks without names."""
    for matrix in matrices:
        h = h + tg.tanh(matrix @ h)
    return h


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (lambda h: tg.tanh(V @ tg.tanh(W @ h)), "W V"),
        (lambda h: W @ (W @ h), "W W"),
        (lambda h: tg.tanh(W @ h) * tg.sigmoid(V @ h), "W, V"),
        (lambda h: tg.sigmoid(V @ h) * (h + tg.tanh(W @ h)), "V, W"),  # Python works from left to right
        (lambda h: h + 0.1 * tg.tanh(W @ h), "W"),
        (lambda h: 0.1 * tg.tanh(W @ h) + 0.9 * h, "W"),
        (lambda h: K @ (tg.tanh(W @ h) * tg.sigmoid(V @ h)), "W, V, K"),
        (lambda h: tg.tanh(W @ h) * tg.sigmoid(V @ tg.tanh(K @ h)), "W, K V"),
        (lambda h: tg.tanh(W @ h) * tg.sigmoid(V @ tg.tanh(W @ h)), "W, V"),
        (lambda h: substeps(h, [W, W, W]), "W"),
        (lambda h: substeps(h, [W, V, K]), "W, V, K"),
        (lambda h: tg.tanh(NAMELESS[0] @ h) * (NAMELESS[1] @ h), "(3,3), (3,3)"),
        (lambda h: tg.tanh(h @ W.T) * (h @ W.T), "W^T"),
    ],
)
def test_the_weights_of_one_way_are_a_product_and_those_of_several_have_commas(state, text):
    assert written(carried(state)) == text


def test_many_ways_are_many_weights_and_not_many_more():
    matrices = [weights(3, 3, label=f"W_{k}") for k in range(40)]  # along 2⁴⁰ ways
    assert written(carried(lambda h: substeps(h, matrices))) == ", ".join(f"W_{k}" for k in range(40))


@pytest.mark.parametrize(
    ("name", "text"),
    [("gates by hand", "W, V"), ("leaky units", "W"), ("gated units without names", "W_z, W_r W_n")],
)
def test_no_weight_is_left_out(name, text):
    assert written(ODDITIES[name]()) == text


# ---------------------------------------------------------------------- what the weights receive


def strips(paper, line):
    """The strips above the text beside a line, from left to right."""
    text = line.label
    beside = [strip for strip in paper.notes if strip.norm is not None and 0 < strip.y - text.y < text.height * 1.5]
    return sorted((strip for strip in beside if abs(strip.x - text.x) < text.width), key=lambda strip: strip.x)


def test_each_weight_beside_a_line_has_a_strip_in_the_order_of_the_text():
    random = np.random.default_rng(0)
    parameters = [tg.parameter(random.normal(size=(3, 3)), label=name) for name in ("W_z", "W_r", "W")]
    h = tg.tensor(random.normal(size=3), label="h_0")
    with tg.step(1):
        z, r = (tg.sigmoid(matrix @ h) for matrix in parameters[:2])
        h = named("h_1", z * h + (1 - z) * tg.tanh(parameters[2] @ (r * h)))
    loss = named("L", tg.square(h).sum())
    diagram = tg.draw(loss, detail="variables", backward=True)
    paper = read(diagram)
    line = paper.line("h_0", "h_1")
    assert line.text == "W_z, W_r W"
    found = strips(paper, line)
    parts = tg.grad(loss, parameters)
    assert len(found) == len(parts)
    for strip, part in zip(found, parts, strict=True):
        assert math.isclose(strip.norm, np.linalg.norm(part.data), rel_tol=1e-5)
    assert all(one.right < other.left for one, other in itertools.pairwise(found))
    assert abs(found[0].x - (line.label.left + 8)) < 3  # above W_z
    assert faults(diagram) == {}


def test_a_transposed_matrix_has_the_strip_of_its_parameter():
    random = np.random.default_rng(0)
    matrix, h = tg.parameter(random.normal(size=(3, 3)), label="W"), zeros(3, "h_0")
    for t in (1, 2):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(h @ matrix.T + x_at(t, 3)))
    paper = read(tg.draw(named("L", h.sum()), detail="variables", backward=True))
    (strip,) = strips(paper, paper.line("h_1", "h_2"))
    assert strip.norm > 0


def test_a_share_that_is_shown_beside_a_line_is_not_shown_beside_a_mark_as_well():
    paper = read(tg.draw(ODDITIES["only inputs marked"](), detail="variables", backward=True))
    assert [strip for strip in paper.notes if strip.norm is not None]
    assert not [mark for mark in paper.marks if mark[0] == "p"]
