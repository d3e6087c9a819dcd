"""Reverse mode: gradients, what they leave behind, and what walking backwards costs."""

import gc
import re
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import check_derivatives, run_together, same
from tinygrad_rnn.autodiff import reverse
from tinygrad_rnn.node import Operation, apply
from tinygrad_rnn.ops import shaping


def recurrence(W, xs):
    """A small recurrent network, its steps marked."""
    h = tg.tensor([[0.5, -0.5]])
    for t, x in enumerate(xs, start=1):
        with tg.step(t), tg.scope("cell"):
            h = tg.tanh(h @ W + x)
    return tg.sum(h * h)


W0, XS = np.array([[0.5, -0.25], [0.75, 1.0]]), np.array([[[1.0, -1.0]], [[0.5, 0.25]], [[-0.75, 2.0]]])

# ---------------------------------------------------------------------- grad


def test_a_gradient_is_a_plain_array_of_its_own():
    a, b, c = tg.parameter([1.0, 2.0]), tg.parameter([3.0, 4.0]), tg.tensor([5.0, 6.0])
    (a + b + c).sum().backward()
    assert type(a.grad) is np.ndarray
    assert a.grad.flags.writeable
    assert a.grad.flags.owndata
    a.grad += 10
    np.testing.assert_array_equal(a.grad, [11, 11])
    np.testing.assert_array_equal(b.grad, [1, 1])
    assert c.grad is None
    assert not np.shares_memory(a.grad, a.data)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x, lambda x: x.copy(), lambda x: x.reshape(2, 2), lambda x: x.T, lambda x: x[...], lambda x: x + 0.0,
        lambda x: tg.broadcast_to(x, (2, 2)), lambda x: tg.stack([x])[0], lambda x: x.sum() + x * 0.0,
    ],
)  # fmt: skip
def test_a_gradient_shares_nothing_with_what_was_given(function):
    """Rules may hand the adjoint on as it is; a parameter's grad is a copy all the same."""
    x, given = tg.parameter(np.ones((2, 2))), np.full((2, 2), 3.0)
    y = function(x)
    y.backward(given)
    y.backward(tg.tensor(given))
    x.grad[:] = 7
    np.testing.assert_array_equal(given, 3)
    np.testing.assert_array_equal(y.data, function(tg.tensor(np.ones((2, 2)))).data)
    (g,) = tg.grad(y, [x], gradient=given)
    assert not np.shares_memory(g.data, given)
    assert not np.shares_memory(x.grad, g.data)


def test_gradients_of_numbers_are_arrays_too():
    W = tg.parameter(2.0)
    (W * W).backward()
    assert type(W.grad) is np.ndarray
    assert (W.grad.shape, W.grad.item()) == ((), 4.0)
    W.grad += 1.0
    (W * W).backward()
    assert type(W.grad) is np.ndarray
    assert W.grad.item() == 9.0


def test_backward_twice_adds_up():
    W = tg.parameter([1.0, 2.0])
    y = (W * W).sum()
    y.backward()
    held = W.grad
    y.backward()
    (3 * W).sum().backward()
    np.testing.assert_array_equal(W.grad, [2 + 2 + 3, 4 + 4 + 3])
    assert W.grad is held
    W.grad = None
    y.backward()
    np.testing.assert_array_equal(W.grad, [2, 4])
    np.testing.assert_array_equal(held, [7, 11])


def test_backward_changes_nothing_but_grads_of_parameters():
    W, c = tg.parameter(W0), tg.tensor(XS[0])
    y = tg.sum(tg.tanh(c @ W))
    y.backward()
    nodes = tg.Graph(y).nodes
    assert [node.grad is None for node in nodes] == [node is not W for node in nodes]
    assert tg.grad(y, [W, c])[0].shape == W.shape
    np.testing.assert_array_equal(W.data, W0)


def test_a_gradient_may_be_given():
    W = tg.parameter([1.0, 2.0])
    y = W * W
    y.backward([1.0, 10.0])
    np.testing.assert_array_equal(W.grad, [2, 40])
    np.testing.assert_array_equal(tg.grad(y, [W], gradient=tg.tensor([1, 10]))[0].data, [2, 40])
    for wrong in 1.0, [1.0], [[1.0, 2.0]], [1.0, 2.0, 3.0]:
        with pytest.raises(tg.ShapeError, match=r"shape \(.*\) cannot be the adjoint of multiply \(2,\)"):
            y.backward(wrong)
        with pytest.raises(tg.ShapeError, match=r"cannot be the adjoint of multiply \(2,\)"):
            tg.grad(y, [W], gradient=wrong)
    with pytest.raises(tg.DTypeError, match="complex"):
        y.backward([1j, 1j])


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_needs_no_gradient(shape):
    W = tg.parameter(np.full(shape, 3.0))
    (W * W).backward()
    np.testing.assert_array_equal(W.grad, np.full(shape, 6.0))


@pytest.mark.parametrize("shape", [(2,), (0,), (1, 2)])
def test_several_elements_need_a_gradient(shape):
    W = tg.parameter(np.ones(shape), label="W")
    for ask in W.backward, lambda: tg.grad(W, [W]), lambda: tg.trace_backward(W):
        with pytest.raises(tg.GraphError, match=r"parameter 'W' \(.*\) has \d elements; reduce it to one.*\.sum"):
            ask()


def test_backward_from_what_depends_on_no_parameter_is_an_error():
    W, c = tg.parameter([1.0]), tg.tensor([1.0], label="c")
    with tg.no_grad():
        unrecorded = (W * W).sum()
    for y in c, (c * c).sum(), unrecorded, W.astype(int).astype(float):
        with pytest.raises(tg.GraphError, match=r"depends on no parameter.*tg\.parameter.*no_grad"):
            y.backward()
    with pytest.raises(tg.DTypeError, match=r"astype_discrete \(1,\) is int64, which cannot be differentiated"):
        W.astype(np.int64).backward()


def test_what_the_output_does_not_depend_on():
    W, unused = tg.parameter([1.0, 2.0]), tg.parameter(np.ones((2, 3), np.float32))
    y = (W * 2).sum()
    y.backward()
    assert unused.grad is None
    for create_graph in False, True:
        g, h = tg.grad(y, [unused, W], create_graph=create_graph)
        assert (g.shape, g.dtype) == ((2, 3), np.float32)
        np.testing.assert_array_equal(g.data, 0)
        np.testing.assert_array_equal(h.data, 2)


def test_nothing_depends_on_what_comes_after():
    x = tg.parameter([1.0, 2.0])
    y = x * x
    for create_graph in False, True:
        np.testing.assert_array_equal(tg.grad(x, [y], gradient=[1.0, 1.0], create_graph=create_graph)[0].data, 0)
        np.testing.assert_array_equal(tg.jvp(x, [y], [[1.0, 1.0]], create_graph=create_graph).data, 0)


def test_gradients_with_respect_to_inner_nodes_and_constants():
    W, c = tg.parameter([1.0, 2.0]), tg.tensor([3.0, 4.0])
    h = W * c
    y = (h * h * c).sum()
    for create_graph in False, True:
        found = tg.grad(y, [h, c, W, y, h], create_graph=create_graph)
        expected = [2 * h.data * c.data, 3 * (W.data * c.data) ** 2, 2 * h.data * c.data**2, 1, 2 * h.data * c.data]
        for g, e in zip(found, expected, strict=True):
            np.testing.assert_array_equal(g.data, e)
    assert (W.grad, h.grad, c.grad) == (None, None, None)


def test_grad_takes_a_sequence_of_floating_tensors():
    W, n = tg.parameter([1.0, 2.0], label="W"), tg.tensor([1, 2], label="n")
    y = (W * n).sum()
    for ask in (lambda *inputs: tg.grad(y, *inputs)), (lambda *inputs: tg.jvp(y, *inputs, [W])):
        with pytest.raises(tg.OperandError, match=r"expected a sequence of inputs, such as \[x\], not parameter 'W'"):
            ask(W)
        with pytest.raises(tg.OperandError, match="with respect to Tensors, not of a ndarray"):
            ask([W.data])
        with pytest.raises(tg.DTypeError, match=r"constant 'n' \(2,\) is int64, which cannot be differentiated"):
            ask([n])
    with pytest.raises(tg.DTypeError, match="cannot be differentiated"):
        tg.grad(n.sum(), [W])
    assert tg.grad(y, []) == ()


def test_a_shared_node_is_counted_for_each_use():
    a = tg.parameter(3.0)
    b = a + a
    c = b + b
    (c * b).backward()
    assert a.grad.item() == 48.0  # c·b = 8a²


@pytest.mark.parametrize("shape", [(2,), (2, 4), (1, 4), (4, 1)])
def test_a_rule_that_gives_another_shape_is_an_error(shape):
    wrong = tg.Operation("wrong", np.square, [lambda g, y, x: np.ones(shape)], lambda tangents, y, x: np.ones(shape))
    x = tg.parameter(np.ones(3), label="x")
    y = wrong(x)
    adjoint = rf"a rule of wrong gives an adjoint of shape {re.escape(str(shape))} to parameter 'x' \(3,\)"
    for ask in (lambda: y.backward(np.ones(3))), (lambda: tg.grad(y, [x], np.ones(3))):
        with pytest.raises(tg.ShapeError, match=adjoint):
            ask()
    with pytest.raises(ValueError, match=r"does not fit|could not broadcast"):
        tg.jvp(y, [x], [x])


def test_a_rule_whose_shape_cannot_be_added_is_named():
    wrong = tg.Operation("wrong", np.square, [lambda g, y, x: np.ones(2)], lambda tangents, y, x: x)
    x = tg.parameter(np.ones(3), label="x")
    y = wrong(x)
    with pytest.raises(tg.ShapeError, match=r"^rule 0 of wrong of x \(3,\) float64: "):
        (tg.tanh(x) + y).sum().backward()


def test_a_failing_rule_leaves_all_gradients_as_they_were():
    faulty = tg.Operation("faulty", np.square, [lambda g, y, x: g / None], lambda tangents, y, x: None)
    a, b = tg.parameter(2.0), tg.parameter(3.0)
    y = faulty(a * 2) + b
    with pytest.raises(TypeError):
        y.backward()
    assert (a.grad, b.grad) == (None, None)


# ---------------------------------------------------------------------- create_graph


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivatives_of_any_order(order):
    x = tg.parameter([0.5, -1.0, 2.0])
    y = x**4 + tg.sin(2 * x)
    for _ in range(order):
        (y,) = tg.grad(y.sum(), [x], create_graph=True)
    powers = [4 * x.data**3, 12 * x.data**2, 24 * x.data, np.full(3, 24.0)]
    waves = [np.cos(2 * x.data), -np.sin(2 * x.data), -np.cos(2 * x.data), np.sin(2 * x.data)]
    np.testing.assert_allclose(y.data, powers[order - 1] + 2**order * waves[order - 1], rtol=1e-14)


def test_a_recurrent_network_to_the_third_order():
    check_derivatives(lambda W: recurrence(W, XS), W0, order=3)


def test_create_graph_gives_the_same_numbers():
    W, xs = tg.parameter(W0), [tg.parameter(x) for x in XS]
    loss = recurrence(W, xs)
    plain, nodes = (tg.grad(loss, [W, *xs], create_graph=create_graph) for create_graph in (False, True))
    for g, h in zip(plain, nodes, strict=True):
        np.testing.assert_allclose(g.data, h.data, rtol=1e-14)
        assert (g.op, h.requires_grad) == (None, True)


def test_under_no_grad_derivatives_are_constants():
    W = tg.parameter([1.0, 2.0])
    y = (W * W).sum()
    with tg.no_grad():
        (g,) = tg.grad(y, [W], create_graph=True)
        along = tg.jvp(y, [W], [[1.0, 1.0]], create_graph=True)
        y.backward()
    assert [(node.op, node.requires_grad, node.data.tolist()) for node in (g, along)] == [
        (None, False, [2, 4]),
        (None, False, 6),
    ]
    np.testing.assert_array_equal(W.grad, [2, 4])


def test_a_gradient_is_differentiable_by_the_given_adjoint():
    W, v = tg.parameter([1.0, 2.0]), tg.parameter([3.0, 4.0])
    (g,) = tg.grad(W * W, [W], gradient=v, create_graph=True)
    np.testing.assert_array_equal(g.data, [6, 16])
    np.testing.assert_array_equal(tg.grad(g.sum(), [v])[0].data, [2, 4])


def test_backward_passes_can_be_learnt_from():
    """A penalty on the gradient's size: backward through a backward pass."""
    W = tg.parameter(W0)
    (g,) = tg.grad(recurrence(W, XS), [W], create_graph=True)
    penalty = tg.sum(g * g)
    penalty.backward()
    np.testing.assert_array_equal(W.grad, tg.grad(penalty, [W])[0].data)
    check_derivatives(lambda W: tg.sum(tg.grad(recurrence(W, XS), [W], create_graph=True)[0] ** 2), W0, order=1)


# ---------------------------------------------------------------------- where a backward node comes from


def test_backward_nodes_know_their_origin_and_stand_there():
    W, xs = tg.parameter(W0, label="W"), [tg.tensor(x) for x in XS]
    loss = recurrence(W, xs)
    forward = set(tg.Graph(loss).nodes)
    (g,) = tg.grad(loss, [W], create_graph=True)
    backward = [node for node in tg.Graph(g).nodes if node not in forward]
    assert all(node.origin is None for node in forward)
    seeds = [node for node in backward if node.origin is None]
    assert [(seed.op, seed.item()) for seed in seeds] == [(None, 1.0)]
    made = {}
    for node in backward:
        if node.origin is not None:
            assert isinstance(node.origin, tg.Origin)
            assert node.origin.node in forward
            assert (node.step, node.scope) == (node.origin.node.step, node.origin.node.scope)
            made.setdefault((node.origin.node, node.origin.operand), []).append(node.origin.ordinal)
    for (node, operand), ordinals in made.items():
        assert operand is None or node.inputs[operand].requires_grad
        assert ordinals == sorted(set(ordinals))
    sums = [node for node in backward if node.origin is not None and node.origin.operand is None]
    assert same((node.origin.node for node in sums), reversed([n for n in tg.Graph(loss).nodes if n.requires_grad]))
    assert all((node.op.name, node.origin.ordinal) == ("accumulate", 0) for node in sums)
    assert (g.origin.node is W, *g.origin[1:]) == (True, None, 0)


def test_steps_of_a_backward_pass_are_made_alike():
    """Each step's backward nodes come from the same operations, operands and ordinals."""
    W = tg.parameter(W0)
    loss = recurrence(W, [tg.tensor(x) for x in [*XS, *XS]])
    (g,) = tg.grad(loss, [W], create_graph=True)
    by_step = {}
    for node in tg.Graph(g).nodes:
        if node.origin is not None:
            shape = (node.op and node.op.name, node.origin.node.op and node.origin.node.op.name, *node.origin[1:])
            by_step.setdefault(node.step, []).append(shape)
    assert set(by_step) == {None, 1, 2, 3, 4, 5, 6}
    assert by_step[3] == by_step[4] == by_step[5]


def test_a_backward_pass_made_in_a_step_belongs_to_it():
    """As where training is unrolled: each step has its own."""
    W, losses = tg.parameter([0.5, -0.5], label="W"), []
    for k in (1, 2):
        with tg.step(k):
            losses.append(tg.square(W).sum())
            (gradient,) = tg.grad(losses[-1], [W], create_graph=True)
            W = W - 0.1 * gradient
    backward = [node for node in tg.Graph(W).nodes if node.origin is not None]
    assert {node.step for node in backward} == {1, 2}
    assert all(node.step == (1 if node.serial < losses[1].serial else 2) for node in backward)


def test_origins_of_a_second_order():
    x = tg.parameter(2.0)
    (g,) = tg.grad(x**3, [x], create_graph=True)
    (h,) = tg.grad(g, [x], create_graph=True)
    assert h.item() == 12.0
    chain = [node.origin.node for node in tg.Graph(h).nodes if node.origin is not None]
    assert any(node.origin is not None for node in chain)


def test_a_backward_pass_leaves_no_mark_on_what_comes_after():
    x = tg.parameter(2.0)
    tg.grad(x * x, [x], create_graph=True)

    def broken(g, y, x):
        raise ZeroDivisionError

    faulty = tg.Operation("faulty", np.square, [broken], broken)
    with pytest.raises(ZeroDivisionError):
        tg.grad(faulty(x), [x], create_graph=True)
    assert (x + 1).origin is None


# ---------------------------------------------------------------------- rebinding


def test_the_gradient_is_that_of_what_was_computed():
    W, b = tg.parameter([1.0, 2.0]), tg.parameter([0.0, 0.0])
    loss = tg.sum((W * W + b) ** 2)
    before = [g.data for g in tg.grad(loss, [W, b])]
    W.data = [10.0, 20.0]
    b.data = [5.0, 5.0]
    for g, e in zip(tg.grad(loss, [W, b]), before, strict=True):
        np.testing.assert_array_equal(g.data, e)
    loss.backward()
    np.testing.assert_array_equal(W.grad, before[0])
    watched = {event.node: event.adjoint for event in tg.trace_backward(loss)}
    np.testing.assert_array_equal([watched[W], watched[b]], before)


def test_walks_that_need_the_leaf_itself_refuse_after_a_rebinding():
    W, c = tg.parameter([1.0, 2.0], label="W"), tg.tensor([3.0, 4.0], label="c")
    loss = tg.sum(W * c)
    c.data = [3.0, 4.0]  # the same numbers, but who knows
    for ask in (
        lambda: tg.grad(loss, [W], create_graph=True), lambda: tg.jvp(loss, [W], [[1.0, 1.0]]),
        lambda: tg.jvp(loss, [W], [[1.0, 1.0]], create_graph=True),
    ):  # fmt: skip
        with pytest.raises(tg.ReboundError, match=r"constant 'c' \(2,\) was given another value after multiply \(2,\)"):
            ask()
    again = tg.sum(W * c)
    assert tg.grad(again, [W], create_graph=True)[0].data.tolist() == [3, 4]
    assert tg.jvp(again, [W], [[1.0, 1.0]]).item() == 7.0


def test_a_rebinding_elsewhere_does_not_matter():
    W, c = tg.parameter([1.0, 2.0]), tg.parameter([3.0, 4.0])
    constant = tg.exp(c)
    loss = tg.sum(W * constant)
    c.data = [0.0, 0.0]
    (g,) = tg.grad(loss, [W], create_graph=True)
    np.testing.assert_array_equal(g.data, constant.data)


# ---------------------------------------------------------------------- watching


def test_events_tell_the_whole_story():
    W, xs = tg.parameter(W0), [tg.parameter(x) for x in XS]
    loss = recurrence(W, xs) + tg.sum(W[0] * W[1]) + tg.where(True, W, 0.0).max()
    events = list(tg.trace_backward(loss))
    assert same((event.node for event in events), reversed([n for n in tg.Graph(loss).nodes if n.requires_grad]))
    received = {loss: [np.ones(())]}
    for event in events:
        assert event.adjoint.shape == event.node.shape
        np.testing.assert_allclose(event.adjoint, sum(received[event.node]), rtol=1e-14)
        assert len(event.contributions) == len(event.node.inputs)
        for source, contribution in zip(event.node.inputs, event.contributions, strict=True):
            assert (contribution is not None) == source.requires_grad
            if contribution is not None:
                assert contribution.shape == source.shape
                assert contribution.dtype == source.dtype
                received.setdefault(source, []).append(contribution)
    assert W.grad is None
    loss.backward()
    for event in events:
        if event.node.op is None:
            np.testing.assert_array_equal(event.adjoint, event.node.grad)
        np.testing.assert_allclose(event.adjoint, tg.grad(loss, [event.node])[0].data, rtol=1e-14)


def test_events_come_one_at_a_time_and_from_any_gradient():
    W = tg.parameter([1.0, 2.0])
    events = tg.trace_backward(W * W, gradient=[1.0, 10.0])
    first = next(events)
    np.testing.assert_array_equal(first.adjoint, [1, 10])
    np.testing.assert_array_equal(first.contributions, [[1, 20], [1, 20]])
    np.testing.assert_array_equal(next(events).adjoint, [2, 40])
    with pytest.raises(StopIteration):
        next(events)


def test_nobody_changes_what_they_watch():
    W = tg.parameter([1.0, 2.0])
    given = tg.tensor([1.0, 1.0])
    for event in tg.trace_backward((W + W) * 1.0 + W[::-1], gradient=given):
        for array in (event.adjoint, *event.contributions):
            if array is not None:
                with pytest.raises(ValueError, match="read-only"):
                    array[...] = 0
    np.testing.assert_array_equal(given.data, 1)
    assert event.node is W
    np.testing.assert_array_equal(event.adjoint, [3, 3])


# ---------------------------------------------------------------------- what it costs


@pytest.mark.parametrize("walk", ["backward", "create_graph", "jvp"])
def test_exponentially_many_paths_are_walked_in_one_go(walk):
    """b = a + a, c = b + b, …: 2⁶⁰ paths, 61 nodes."""
    a = tg.parameter(1.0)
    y = a
    for _ in range(60):
        y = y + y
    if walk == "backward":
        assert len(list(tg.trace_backward(y))) == 61
        assert sum(len(event.contributions) for event in tg.trace_backward(y)) == 120
        y.backward()
        assert a.grad.item() == 2.0**60
    elif walk == "create_graph":
        (g,) = tg.grad(y, [a], create_graph=True)
        assert g.item() == 2.0**60
        assert len(tg.Graph(g)) < 10 * 61
    else:
        assert tg.jvp(y, [a], [1.0]).item() == 2.0**60


def slices(T):
    """A sum over T slices of one array, and the array."""
    xs = tg.parameter(np.arange(2.0 * T).reshape(T, 2))
    terms = [xs[t] * xs[t - 1] for t in range(T)]
    return sum(terms[1:], start=terms[0]).sum(), xs


def test_slices_get_the_right_gradient():
    y, xs = slices(5)
    expected = np.roll(xs.data, 1, axis=0) + np.roll(xs.data, -1, axis=0)
    for create_graph in False, True:
        np.testing.assert_array_equal(tg.grad(y, [xs], create_graph=create_graph)[0].data, expected)


@pytest.mark.parametrize(
    "bounds",
    [
        [(0, 2), (2, 5), (5, 6)],
        [(2, 5), (5, 6), (0, 2)],
        [(0, 3), (2, 6)],
        [(0, 2), (3, 6)],
        [(0, 3), (0, 3), (3, 6)],
        [(0, 6)],
        [(0, 0), (0, 6)],
        [(0, 3), (3, None)],
        [(0, -3), (3, 6)],
        [(k, k + 1) for k in range(6)] * 3,
    ],
    ids=str,
)
@pytest.mark.parametrize("also", [False, True], ids=["slices alone", "and the whole"])
def test_slices_of_the_last_axis(bounds, also):
    """Whether they tile the axis, overlap or leave gaps, and whatever their order."""
    random = np.random.default_rng(0)
    x = tg.parameter(random.normal(size=(2, 6)))
    middle, expected, terms = x * 1.0, np.zeros((2, 6)), []
    for start, end in bounds:
        weights = random.normal(size=x.data[..., start:end].shape)
        terms.append((middle[..., start:end] * weights).sum())
        expected[..., start:end] += weights
    if also:
        terms.insert(1, middle.sum())
        expected += 1
    for create_graph in False, True:
        (found,) = tg.grad(sum(terms), [x], create_graph=create_graph)
        np.testing.assert_allclose(found.data, expected, rtol=1e-14)


def test_a_tile_that_is_broadcast():
    """A contribution at a slice may have a shape that numpy repeats to the slice's."""
    rules = [lambda g, y, x: shaping.AtIndex((..., slice(0, 3)), np.ones((1, 3), x.dtype))]
    op = Operation("ones_at_front", lambda x: x[..., 0], rules, lambda tangents, y, x: tangents[0][..., 0])
    x = tg.parameter(np.zeros((2, 3)))
    apply(op, (x,)).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 3)))


class Counting:
    """numpy, counting the elements of the arrays that it is asked to make or copy."""

    def __init__(self):
        self.elements = 0

    def __getattr__(self, name):
        attribute = getattr(np, name)
        if not callable(attribute):
            return attribute

        def counted(*arguments, **keywords):
            result = attribute(*arguments, **keywords)
            self.elements += np.size(result)
            return result

        return counted


def numbers_handled(T, monkeypatch):
    """How many numbers backprop hands on, makes and copies for T slices."""
    y, _ = slices(T)
    counting = Counting()
    with monkeypatch.context() as patch:
        for module in reverse, shaping:
            patch.setattr(module, "np", counting)
        order = reverse.topological_order([y], differentiable=True)
        reached = list(reverse.backpropagate(reversed(order), set(order), {y: np.ones(())}, set()))
    parts = [c.part if isinstance(c, reverse.AtIndex) else c for _, _, received in reached for c in received]
    return counting.elements + sum(np.size(part) for part in parts)


def test_slices_cost_in_proportion_to_their_number(monkeypatch):
    """T slices of one array are added into one buffer: twice the steps, twice the numbers."""
    few, many = numbers_handled(50, monkeypatch), numbers_handled(100, monkeypatch)
    assert few > 50 * 2
    assert many < 2.1 * few


def test_slices_make_a_backward_graph_in_proportion_to_their_number():
    sizes = []
    for T in 50, 100:
        y, xs = slices(T)
        sizes += [len(tg.Graph(tg.grad(y, [xs], create_graph=True)))]
    assert sizes[1] < 2.1 * sizes[0]


def test_a_chain_of_a_million_nodes():
    """Built, walked backwards and freed without recursion; memory is given back."""
    first = tg.parameter(1.0)
    y = first
    for _ in range(1_000_000):
        y = tg.negative(y)
    y.backward()
    assert first.grad.item() == 1.0
    leaf_array, grad = weakref.ref(first.data), weakref.ref(first.grad)
    assert leaf_array() is not None
    del y, first
    assert leaf_array() is None
    assert grad() is None


@pytest.mark.parametrize("walk", ["create_graph", "jvp", "forward over reverse"])
def test_other_walks_are_not_recursive_either(walk):
    x = tg.parameter(0.5)
    y = x
    for _ in range(20_000):
        y = tg.sin(y)
    if walk == "jvp":
        slope = tg.jvp(y, [x], [1.0], create_graph=True)
    else:
        (slope,) = tg.grad(y, [x], create_graph=True)
    (plain,) = tg.grad(y, [x])
    np.testing.assert_allclose(slope.item(), plain.item(), rtol=1e-12)
    if walk == "forward over reverse":
        assert np.isfinite(tg.jvp(slope, [x], [1.0]).item())
    array = weakref.ref(x.data)
    del y, x, slope, plain
    assert array() is None


def test_graphs_hold_no_cycles():
    """A graph goes with its last holder, without the garbage collector."""
    gc.disable()
    try:
        W = tg.parameter(W0)
        loss = recurrence(W, [tg.tensor(x) for x in XS])
        (g,) = tg.grad(loss, [W], create_graph=True)
        tg.jvp(g, [W], [W0])
        list(tg.trace_backward(loss))
        array = weakref.ref(W.data)
        del W, loss, g
        assert array() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------------- threads


def test_threads_work_on_graphs_of_their_own():
    def work(seed):
        rng = np.random.default_rng(seed)
        W, xs = tg.parameter(rng.standard_normal((2, 2))), rng.standard_normal((20, 1, 2))
        for _ in range(5):
            loss = recurrence(W, xs)
            loss.backward()
        (g,) = tg.grad(loss, [W], create_graph=True)
        steps = [node.step for node in tg.Graph(g).find(op="tanh")]
        return W.grad, tg.grad(tg.sum(g * g), [W])[0].data, tg.jvp(loss, [W], [xs[0].T @ xs[1]]).data, steps

    alone = [work(seed) for seed in range(8)]
    found = run_together(work)
    for mine, expected in zip(found, alone, strict=True):
        for x, e in zip(mine, expected, strict=True):
            np.testing.assert_array_equal(x, e)


# ---------------------------------------------------------------------- what is no Tensor, or has been tampered with


@pytest.mark.parametrize("nothing", [None, 3, [None]])
def test_what_is_no_tensor_has_no_derivative(nothing):
    x = tg.parameter(1.0)
    calls = [
        lambda: tg.grad(nothing, [x]), lambda: tg.grad(x, nothing), lambda: tg.jvp(nothing, [x], [1.0]),
        lambda: tg.jvp(x, nothing, [1.0]), lambda: tg.jacobian(nothing, x), lambda: tg.hessian(nothing, x),
        lambda: tg.trace_backward(nothing),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(tg.OperandError, match=r"(expected Tensors|derivatives are of Tensors)"):
            call()


def test_an_integer_leaf_that_claims_to_be_a_parameter_is_noticed():
    x, w = tg.tensor([1], label="x"), tg.parameter([2.0])
    x.requires_grad = True
    y = (x * w).sum()
    with pytest.raises(tg.DTypeError, match=r"'x' .* cannot be differentiated"):
        y.backward()
    assert (x.grad, w.grad) == (None, None)


def test_a_grad_of_another_shape_is_not_added_to():
    x, w = tg.parameter([1.0], label="x"), tg.parameter([2.0])
    x.grad = np.zeros(3)
    with pytest.raises(tg.ShapeError, match=r"'x' \(1,\) has a grad of shape \(3,\); `grad = None` clears it"):
        (x * w).sum().backward()
    assert x.grad.tolist() == [0, 0, 0]
    assert w.grad is None


def test_softplus_has_its_derivative_at_infinity():
    x = tg.parameter([np.inf, -np.inf, 800.0])
    tg.softplus(x).sum().backward()
    assert x.grad.tolist() == [1, 0, 1]
