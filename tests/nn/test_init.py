"""Initial values are distributed as their papers say."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.nn import init


def test_uniform_fills_its_bounds_evenly():
    values = init.uniform((100, 100), 0.3)
    counts, _ = np.histogram(values, bins=10, range=(-0.3, 0.3))
    assert counts.sum() == values.size
    np.testing.assert_allclose(counts, values.size / 10, rtol=0.1)


def test_glorot_keeps_the_mean_of_both_variances():
    values = init.glorot((300, 100))
    assert values.std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert np.abs(values).max() <= np.sqrt(6 / 400)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (1, 1)])
def test_orthogonal_has_singular_values_of_one(shape):
    Q = init.orthogonal(shape, seed=3)
    assert Q.shape == shape
    np.testing.assert_allclose(np.linalg.svd(Q, compute_uv=False), 1, rtol=1e-13)


def test_orthogonal_is_drawn_uniformly():
    """Every element of a matrix so drawn is as often positive as negative; without a correction it would not be."""
    signs = np.mean([np.sign(init.orthogonal((3, 3), seed=seed)) for seed in range(1000)], axis=0)
    assert np.abs(signs).max() < 0.15


def test_an_irnn_repeats_its_state():
    net = tg.nn.RNN(2, 3, nonlinearity="relu")
    zeros = {name: np.zeros(3) for name in ("bias_ih_l0", "bias_hh_l0")}
    net.load_state_dict({**net.state_dict(), "weight_hh_l0": init.identity(3), **zeros})
    outputs, _ = net(np.zeros((5, 2)), np.array([[1.0, 2.0, 3.0]]))
    assert (outputs.data == [1, 2, 3]).all()
    assert (init.identity(2, scale=0.5) == [[0.5, 0], [0, 0.5]]).all()


def test_a_forget_gate_bias_acts_on_the_forget_gate_alone():
    cell = tg.nn.LSTMCell(2, 3)
    cell.load_state_dict({name: np.zeros(value.shape) for name, value in cell.state_dict().items()})
    cell.bias_ih.data = init.forget_gate_bias(3, value=100.0)
    graph = tg.nn.unroll(cell, np.zeros((1, 2))).graph
    gates = {letter: graph.find(label=f"{letter}_1")[0].data.tolist() for letter in "ifgo"}
    assert gates == {"i": [0.5] * 3, "f": [1] * 3, "g": [0] * 3, "o": [0.5] * 3}


@pytest.mark.parametrize(
    "draw", [lambda seed: init.uniform((5,), 1.0, seed), lambda seed: init.orthogonal((3, 3), seed)]
)
def test_draws_follow_from_the_seed_and_go_on_from_a_generator(draw):
    assert (draw(1) == draw(1)).all()
    assert (draw(1) != draw(2)).any()
    generator = np.random.default_rng(1)
    assert (draw(generator) == draw(1)).all()
    assert (draw(generator) != draw(1)).any()


@pytest.mark.parametrize("draw", [init.glorot, init.orthogonal])
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 3), (2.5, 3), 3])
def test_what_is_for_matrices_refuses_other_shapes(draw, shape):
    with pytest.raises(tg.ShapeError, match=r"the shape \(outputs, inputs\) of a matrix"):
        draw(shape)


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: init.uniform((2, 3), -1.0), tg.SettingError, "bound is a finite number from 0, not -1.0"),
        (lambda: init.uniform((2, -3), 1.0), tg.ShapeError, r"a tuple of whole numbers from 0, not \(2, -3\)"),
        (lambda: init.identity(2.5), tg.SettingError, "size is a whole number from 1, not 2.5"),
        (lambda: init.forget_gate_bias(0), tg.SettingError, "hidden_size is a whole number from 1, not 0"),
    ],
)
def test_sizes_and_bounds_that_cannot_be_are_refused(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
