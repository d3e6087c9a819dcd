"""Truncated backpropagation through time: what is counted, what is cut, and that nothing is computed twice."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.training import TruncatedBPTT, parallel_streams, windows

STEPS, BATCH, HIDDEN = 12, 3, 4
RANDOM = np.random.default_rng(0)
XS, TARGETS = RANDOM.normal(size=(STEPS, BATCH, 2)), RANDOM.normal(size=(STEPS, BATCH, HIDDEN))
LAYERS = {"rnn": tg.nn.RNN, "lstm": tg.nn.LSTM, "gru": tg.nn.GRU}


def network(kind):
    layer = LAYERS[kind](2, HIDDEN, num_layers=2, seed=1)
    state = [RANDOM.normal(size=(2, BATCH, HIDDEN)) for _ in range(2 if kind == "lstm" else 1)]

    def build(xs, targets, state):
        outputs, after = layer(xs, state if len(state) > 1 else state[0])
        return tg.nn.squared_error(outputs, targets), after if isinstance(after, tuple) else (after,)

    return layer, build, state


def gradients(layer):
    found = {name: parameter.grad for name, parameter in layer.parameters.items()}
    for parameter in layer.parameters.values():
        parameter.grad = None
    return found


def truncated(layer, build, state, k1, k2):
    bptt = TruncatedBPTT(build, state, k1, k2)
    losses = [bptt.backward(xs, targets) for xs, targets in windows_of(k1)]
    return losses, gradients(layer), bptt.state


def windows_of(k1):
    return [*windows(XS, TARGETS, k1)]


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-10, atol=1e-13, err_msg=name)


def cut(layer, build, state, k1, k2):
    """For each window anew: the steps before the last k2 give only a value, then one graph of the last k2."""
    for end in range(k1, STEPS + 1, k1):
        begin = max(0, end - k2)
        parts = tuple(tg.tensor(part) for part in state)
        if begin:
            with tg.no_grad():
                _, parts = build(XS[:begin], TARGETS[:begin], parts)
        known = end - k1
        total = 0.0
        if known > begin:
            _, parts = build(XS[begin:known], TARGETS[begin:known], parts)
        total, _ = build(XS[known:end], TARGETS[known:end], parts)
        total.backward()
    return gradients(layer)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("k1", [1, 2, 3, 4, 6, 12])
def test_back_to_the_beginning_is_the_full_gradient(kind, k1):
    layer, build, state = network(kind)
    loss, after = build(XS, TARGETS, tuple(map(tg.tensor, state)))
    loss.backward()
    expected = gradients(layer)
    losses, found, last = truncated(layer, build, state, k1, STEPS + (-STEPS) % k1)
    assert sum(losses) == pytest.approx(loss.item(), rel=1e-12)
    same(found, expected)
    for part, wanted in zip(last, after, strict=True):
        np.testing.assert_allclose(part, wanted.data, rtol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (3, 3), (4, 4), (1, 2), (1, 5), (2, 4), (2, 3), (4, 6), (3, 7), (6, 8)])
def test_goes_back_k2_steps_and_no_further(kind, k1, k2):
    layer, build, state = network(kind)
    expected = cut(layer, build, state, k1, k2)
    _, found, _ = truncated(layer, build, state, k1, k2)
    same(found, expected)


def test_by_hand():
    """h_t = w h_{t-1} + x_t with w = 1/2, x = 1, h_0 = 1, L_t = h_t: h = 3/2, 7/4, 15/8."""
    w = tg.parameter(0.5)

    def build(xs, targets, state):
        (h,) = state
        losses = tg.tensor(0.0)
        for x in xs:
            h = w * h + x
            losses = losses + h
        return losses, (h,)

    def gradient(k1, k2):
        bptt = TruncatedBPTT(build, [np.array(1.0)], k1, k2)
        w.grad = None
        losses = [bptt.backward(np.ones(k1), np.ones(k1)) for _ in range(3 // k1)]
        assert sum(losses) == 1.5 + 1.75 + 1.875
        return float(w.grad)

    # dL_t/dw through the use of w at step k is w^(t−k) h_{k−1}
    assert gradient(1, 1) == 1 + 1.5 + 1.75
    assert gradient(1, 2) == 1 + (1.5 + 0.5) + (1.75 + 0.75)
    assert gradient(1, 3) == gradient(3, 3) == 1 + (1.5 + 0.5) + (1.75 + 0.75 + 0.25)


def test_an_update_between_windows_does_not_disturb_the_graphs_before():
    layer, build, state = network("gru")
    bptt = TruncatedBPTT(build, state, 3, 6)
    bptt.backward(XS[:3], TARGETS[:3])
    optimiser = tg.SGD(layer.parameters, lr=0.1)
    old = [parameter.data for parameter in layer.parameters.values()]
    optimiser.step()
    new = [parameter.data for parameter in layer.parameters.values()]
    optimiser.zero_grad()
    bptt.backward(XS[3:6], TARGETS[3:6])
    found = gradients(layer)

    copies = {name: tg.parameter(value) for name, value in zip(layer.parameters, old, strict=True)}
    for parameter, value in zip(layer.parameters.values(), old, strict=True):
        parameter.data = value
    _, middle = build(XS[:3], TARGETS[:3], tuple(map(tg.tensor, state)))
    for parameter, value in zip(layer.parameters.values(), new, strict=True):
        parameter.data = value
    loss, _ = build(XS[3:6], TARGETS[3:6], middle)
    loss.backward()
    assert copies.keys() == found.keys()
    same(found, gradients(layer))


def test_every_step_is_built_once_and_old_graphs_are_freed():
    _, build, state = network("rnn")
    built = []

    def counting(xs, targets, state):
        built.append(len(xs))
        return build(xs, targets, state)

    bptt = TruncatedBPTT(counting, state, 2, 6)
    for xs, targets in windows_of(2):
        bptt.backward(xs, targets)
    assert built == [2] * 6
    assert len(bptt._pieces) == 3


def test_windows_accumulate_into_one_gradient():
    layer, build, _ = network("lstm")
    state = [np.zeros((2, BATCH, HIDDEN))] * 2
    first, second = (
        truncated(layer, lambda xs, ys, s, k=k: build(xs[:, [k]], ys[:, [k]], s), [p[:, [k]] for p in state], 4, 4)[1]
        for k in (0, 1)
    )
    both = truncated(layer, lambda xs, ys, s: build(xs[:, :2], ys[:, :2], s), [p[:, :2] for p in state], 4, 4)[1]
    same({name: first[name] + second[name] for name in first}, both)


def test_impossible_windows_are_refused():
    _, build, state = network("rnn")
    with pytest.raises(tg.SettingError, match="needs k1 ≤ k2, not k1 = 3 and k2 = 2"):
        TruncatedBPTT(build, state, 3, 2)
    for k1, k2 in ((0, 1), (-1, -1), (1.5, 2), ("1", 2)):
        with pytest.raises(tg.SettingError, match=f"k1 is a whole number from 1, not {k1!r}"):
            TruncatedBPTT(build, state, k1, k2)
    bptt = TruncatedBPTT(build, state, 2, 4)
    with pytest.raises(tg.ShapeError, match="a window has 2 steps, not 3 inputs and 3 targets"):
        bptt.backward(XS[:3], TARGETS[:3])
    with pytest.raises(tg.ShapeError, match="not 2 inputs and 1 targets"):
        bptt.backward(XS[:2], TARGETS[:1])


def test_streams_are_contiguous_and_followed_by_what_comes_next():
    inputs, targets = parallel_streams(np.arange(23), 4)
    assert inputs.shape == targets.shape == (5, 4)
    np.testing.assert_array_equal(inputs.T.ravel(), np.arange(20))
    np.testing.assert_array_equal(targets, inputs + 1)
    assert [len(xs) for xs, _ in windows(inputs, targets, 2)] == [2, 2, 1]
    with pytest.raises(tg.SettingError, match="4 items are too few for 4 streams"):
        parallel_streams(np.arange(4), 4)
    with pytest.raises(tg.SettingError, match="batch is a whole number from 1, not 0"):
        parallel_streams(np.arange(4), 0)


def test_windows_that_cannot_be_are_refused():
    xs = np.arange(4)
    with pytest.raises(tg.SettingError, match="steps is a whole number from 1, not -1"):
        next(windows(xs, xs, -1))
    with pytest.raises(tg.ShapeError, match="4 inputs and 3 targets"):
        next(windows(xs, xs[:3], 2))
