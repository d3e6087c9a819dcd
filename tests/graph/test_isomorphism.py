"""Graphs that are built alike, and graphs that are not."""

import numpy as np
import pytest
from hypothesis import given

import tinygrad_rnn as tg
from tests.graph.programs import chain, programs


@given(programs())
def test_the_same_program_builds_the_same_graph(program):
    run, arrays = program
    one, other = (tg.Graph(run(*[tg.tensor(sign * array) for array in arrays])) for sign in (1, 1))
    assert one.is_isomorphic(other)
    assert other.is_isomorphic(one, labels=True)
    assert one.is_isomorphic(one)


def test_values_and_the_order_of_making_do_not_count():
    def build(backwards, value):
        x = tg.parameter(value)
        exp, sin = (tg.sin(x), tg.exp(x))[::-1] if backwards else (tg.exp(x), tg.sin(x))
        return tg.Graph(exp - sin)

    assert build(False, 1.0).is_isomorphic(build(True, 2.0))


def pairs():
    """Pairs of graphs that differ in one thing."""
    x, y = tg.parameter([1.0, 2.0]), tg.parameter([3.0, 4.0])
    X = tg.parameter(np.ones((2, 2)))
    yield "operation", tg.exp(x), tg.sin(x)
    yield "operand order", x - tg.exp(x), tg.exp(x) - x
    yield "sharing", x * x, x * y
    yield "sharing, the other way round", x * y, x * x
    yield "sharing of a result", (e := tg.exp(x)) * e, tg.exp(x) * tg.exp(x)
    yield "crossing", [tg.exp(x), tg.sin(y), x, y], [tg.exp(x), tg.sin(y), y, x]
    yield "attribute", X.sum(axis=0), X.sum(axis=1)
    yield "index", x[:1], x[1:]
    yield "index array", x[[0, 0]], x[[0, 1]]
    yield "kind of index", x[None], x[...]
    yield "shape", tg.parameter([1.0]), tg.parameter([1.0, 2.0])
    yield "dtype", tg.tensor([1]), tg.tensor([1.0])
    yield "parameter or constant", tg.parameter(1.0), tg.tensor(1.0)
    yield "number of outputs", [x, x], [x]
    yield "order of outputs", [x, e], [e, x]
    yield "number of operands", tg.stack([x, x]), tg.stack([x, x, x])
    yield "number of operands alone", tg.concatenate([x, x[:0]]), tg.concatenate([x, x[:0], x[:0]])
    yield "leaf or not", tg.exp(x), tg.parameter(x.data)


@pytest.mark.parametrize(("one", "other"), [pytest.param(a, b, id=name) for name, a, b in pairs()])
def test_one_difference(one, other):
    one, other = tg.Graph(one), tg.Graph(other)
    assert not one.is_isomorphic(other)
    assert not other.is_isomorphic(one)
    assert one.is_isomorphic(one)


def test_labels_steps_and_scopes_count_on_request():
    def build(label, step, scope):
        with tg.step(step), tg.scope(scope):
            y = tg.exp(tg.tensor(1.0))
        y.label = label
        return tg.Graph(y)

    one = build("y", 1, "a")
    assert one.is_isomorphic(build("y", 1, "a"), labels=True)
    for other in build("z", 1, "a"), build("y", 2, "a"), build("y", 1, "b"):
        assert one.is_isomorphic(other)
        assert not one.is_isomorphic(other, labels=True)


def test_parts():
    x = tg.tensor(1.0)
    y = tg.exp(x)
    z = y * x
    part = tg.Graph(z).between(y, z)
    assert part.is_isomorphic(tg.Graph(z).between(y, z))
    assert not part.is_isomorphic(tg.Graph(z))
    assert not part.is_isomorphic(tg.Graph(z).between(x, z).between(x, y))
    w = tg.exp(x) * tg.tensor(1.0)
    assert not part.is_isomorphic(tg.Graph(w).between(w.inputs[0], w))


def test_a_long_chain():
    (_, one), (_, other), (_, odd) = chain(100_000), chain(100_000), chain(100_000, tg.tensor(1))
    assert tg.Graph(one).is_isomorphic(tg.Graph(other))
    assert not tg.Graph(one).is_isomorphic(tg.Graph(odd))
