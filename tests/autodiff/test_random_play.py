"""Random play: graphs are built, differentiated, rebound and freed in any order, beside a model of plain floats."""

import math
import weakref
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import tinygrad_rnn as tg

NUMBERS = st.integers(-16, 16).map(lambda n: n / 8)
UNARY = {
    "tanh": (np.tanh, math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "sin": (np.sin, math.sin, math.cos),
    "negative": (lambda x: -x, lambda x: -x, lambda x: -1.0),
    "copy": (np.copy, lambda x: x, lambda x: 1.0),
    "tied with itself": (lambda x: np.maximum(x, x * 1.0), lambda x: x, lambda x: 1.0),
    "through a sum": (lambda x: tg.stack([x, x]).sum() / 2, lambda x: x, lambda x: 1.0),
}
BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: (1.0, 1.0)),
    "subtract": (lambda x, y: x - y, lambda x, y: (1.0, -1.0)),
    "multiply": (lambda x, y: x * y, lambda x, y: (y, x)),
    "maximum": (lambda x, y: np.maximum(x, y), lambda x, y: ((x > y) + (x == y) / 2, (y > x) + (x == y) / 2)),
}


@dataclass(eq=False)
class Model:
    """What a node should be: a number, its derivatives by the parameters below, and the leaf values it rests on."""

    value: float
    slopes: dict["Model", float] = field(default_factory=dict)
    rests_on: dict["Model", int] = field(default_factory=dict)
    is_parameter: bool = False
    rebound: int = 0
    grad: float | None = None

    def chained(self, value, *terms):
        """The result of an operation: terms are operands and the derivatives by them."""
        result = Model(value)
        for operand, factor in terms:
            result.rests_on |= operand.rests_on
            for parameter, slope in operand.slopes.items():
                result.slopes[parameter] = result.slopes.get(parameter, 0.0) + factor * slope
        return result

    def is_current(self):
        return all(leaf.rebound == times for leaf, times in self.rests_on.items())


def near(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def checked(y, model):
    """The node and its model, once backprop has found the model's derivatives."""
    try:
        events = [*tg.trace_backward(y)] if y.requires_grad else []
    except tg.ReboundError:
        assert not model.is_current()
    else:
        slopes = [event.adjoint.item() for event in events if event.node.op is None]
        assert sorted(slopes) == near(sorted(model.slopes.values()))
    return y, model


class Play(RuleBasedStateMachine):
    """Nodes are pairs of a Tensor and its model; those that are consumed are dropped, and may be freed."""

    nodes = Bundle("nodes")
    leaves = Bundle("leaves")

    def __init__(self):
        super().__init__()
        self.parameters = []

    @rule(target=leaves, value=NUMBERS)
    def make_parameter(self, value):
        model = Model(value, is_parameter=True)
        model.slopes, model.rests_on = {model: 1.0}, {model: 0}
        self.parameters.append((tg.parameter(value), model))
        return self.parameters[-1]

    @rule(target=nodes, value=NUMBERS)
    def make_constant(self, value):
        return tg.tensor(value), Model(value)

    @rule(target=nodes, leaf=leaves)
    def use_leaf(self, leaf):
        x, model = leaf
        return tg.copy(x), Model(model.value, {model: 1.0}, {model: model.rebound})

    @rule(target=nodes, node=nodes, name=st.sampled_from(sorted(UNARY)), way=st.sampled_from(["plain", "checkpoint"]))
    def apply_unary(self, node, name, way):
        x, model = node
        function, value, slope = UNARY[name]
        y = function(x) if way == "plain" else tg.checkpoint(function, x)
        return checked(y, model.chained(value(model.value), (model, slope(model.value))))

    @rule(target=nodes, first=nodes, second=nodes, name=st.sampled_from(sorted(BINARY)))
    def apply_binary(self, first, second, name):
        (x, a), (y, b) = first, second
        function, slopes = BINARY[name]
        da, db = slopes(a.value, b.value)
        z = np.tanh(function(x, y))  # so that nothing grows out of bounds
        value = math.tanh(function(a.value, b.value))
        outer = 1 - value * value
        return checked(z, a.chained(value, (a, outer * da), (b, outer * db)))

    @rule(target=nodes, node=nodes, way=st.sampled_from(["detach", "no_grad"]))
    def cut_off(self, node, way):
        x, model = node
        if way == "detach":
            return x.detach(), Model(model.value)
        with tg.no_grad():
            return x * 1.0, Model(model.value)

    @rule(leaf=leaves, value=NUMBERS)
    def rebind(self, leaf, value):
        x, model = leaf
        x.data = value
        model.value = value
        model.rebound += 1

    @rule(node=st.one_of(nodes, leaves))
    def try_to_write(self, node):
        x, _ = node
        with pytest.raises(tg.AssignmentError):
            x[()] = 5.0
        with pytest.raises(ValueError, match="read-only"):
            x.data[()] = 5.0
        array = np.zeros(())
        with pytest.raises(tg.AssignmentError):
            array += x
        if x.op is not None:
            with pytest.raises(tg.AssignmentError):
                x.data = 5.0

    @rule(node=nodes, times=st.integers(1, 2))
    def differentiate(self, node, times):
        y, model = node
        if not y.requires_grad:
            with pytest.raises(tg.GraphError, match="depends on no parameter"):
                y.backward()
            return
        for _ in range(times):
            try:
                y.backward()
            except tg.ReboundError:  # a checkpoint computes again, from leaves as they were
                assert not model.is_current()
                return
            for parameter, slope in model.slopes.items():
                parameter.grad = (parameter.grad or 0.0) + slope

    @rule(leaf=leaves)
    def clear(self, leaf):
        x, model = leaf
        x.grad = model.grad = None

    @rule(node=nodes, leaf=leaves, walk=st.sampled_from(["grad", "create_graph", "jvp"]))
    def ask(self, node, leaf, walk):
        (y, model), (x, parameter) = node, leaf
        try:
            if walk == "jvp":
                slope = tg.jvp(y, [x], [1.0])
            else:
                (slope,) = tg.grad(y, [x], create_graph=walk == "create_graph")
        except tg.ReboundError:
            assert not model.is_current()
        else:
            assert slope.item() == near(model.slopes.get(parameter, 0.0))

    @rule(node=consumes(nodes))
    def drop(self, node):
        """What nothing rests on any more is freed at once."""
        y, _ = node
        z = y * np.ones(3)
        array = weakref.ref(z.data)
        del z
        assert array() is None

    @invariant()
    def values_and_gradients_are_the_models(self):
        for x, model in self.parameters:
            assert x.item() == model.value
            assert (x.grad is None) == (model.grad is None)
            if x.grad is not None:
                assert x.grad.item() == near(model.grad)

    @rule(node=nodes)
    def look(self, node):
        y, model = node
        assert y.item() == near(model.value)


TestPlay = Play.TestCase
TestPlay.settings = settings(max_examples=200, stateful_step_count=40)
