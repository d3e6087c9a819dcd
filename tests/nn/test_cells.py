"""The cells: their equations, written once more in plain numpy, and the marks that their nodes bear."""

import itertools

import numpy as np
import pytest

import tinygrad_rnn as tg

CELLS = {
    "tanh": tg.nn.RNNCell,
    "relu": lambda *sizes, **settings: tg.nn.RNNCell(*sizes, nonlinearity="relu", **settings),
    "LSTM": tg.nn.LSTMCell,
    "GRU": tg.nn.GRUCell,
    "GRU, reset before": lambda *sizes, **settings: tg.nn.GRUCell(*sizes, reset_after=False, **settings),
}
STEPS, BATCH, INPUT, HIDDEN = 4, 2, 3, 5


def sigma(x):
    return 1 / (1 + np.exp(-x))


def advance(kind, p, x, state):
    """One step in plain numpy, with a separate product for every gate; numbers may be complex."""
    W, U, b, d = p["weight_ih"], p["weight_hh"], p["bias_ih"], p["bias_hh"]
    rows = [slice(k * HIDDEN, (k + 1) * HIDDEN) for k in range(len(b) // HIDDEN)]
    h = state[0]
    a = [x @ W[k].T + b[k] + h @ U[k].T + d[k] for k in rows]
    if kind in ("tanh", "relu"):
        return (np.tanh(a[0]) if kind == "tanh" else a[0] * (a[0].real > 0),)
    if kind == "LSTM":
        i, f, g, o = sigma(a[0]), sigma(a[1]), np.tanh(a[2]), sigma(a[3])
        c = f * state[1] + i * g
        return o * np.tanh(c), c
    r, z, k = sigma(a[0]), sigma(a[1]), rows[2]
    if kind == "GRU":
        n = np.tanh(x @ W[k].T + b[k] + r * (h @ U[k].T + d[k]))
    else:
        n = np.tanh(x @ W[k].T + b[k] + (r * h) @ U[k].T + d[k])
    return ((1 - z) * n + z * h,)


def final_sum(kind, p, xs, state, weights):
    """Σ_t Σ weights ⊙ h_t, plus the sum of the final state."""
    total = 0
    for x in xs:
        state = advance(kind, p, x, state)
        total = total + (weights * state[0]).sum()
    return total + sum(part.sum() for part in state)


@pytest.mark.parametrize("batch", [(), (1,), (BATCH,)])
@pytest.mark.parametrize("kind", CELLS)
def test_gradients_are_those_of_the_complex_step(kind, batch):
    random = np.random.default_rng(3)
    cell = CELLS[kind](INPUT, HIDDEN)
    for parameter in cell.parameters.values():
        parameter.data = random.normal(scale=0.5, size=parameter.shape)
    xs = tg.parameter(random.normal(size=(STEPS, *batch, INPUT)))
    start = tuple(tg.parameter(random.normal(size=(*batch, HIDDEN))) for _ in cell.letters)
    weights = random.normal(size=(*batch, HIDDEN))

    outputs, final = tg.nn.unroll(cell, xs, start if len(start) > 1 else start[0])
    parts = final if isinstance(final, tuple) else (final,)
    loss = sum((weights * h).sum() for h in outputs) + sum(part.sum() for part in parts)
    loss.backward()

    leaves = {**cell.parameters, "xs": xs, **{f"start {k}": part for k, part in enumerate(start)}}
    values = {name: leaf.data for name, leaf in leaves.items()}
    for name, leaf in leaves.items():
        direction = random.normal(size=leaf.shape)
        moved = {**values, name: values[name] + 1e-30j * direction}
        state = tuple(moved[f"start {k}"] for k in range(len(start)))
        found = final_sum(kind, moved, moved["xs"], state, weights)
        assert loss.item() == pytest.approx(found.real, rel=1e-12)
        size = np.linalg.norm(leaf.grad) * np.linalg.norm(direction)
        assert abs(found.imag / 1e-30 - (direction * leaf.grad).sum()) <= 1e-12 * size, name


GATES = {"tanh": "h", "relu": "h", "LSTM": "ifgoch", "GRU": "rznh", "GRU, reset before": "rznh"}


class TestNodes:
    @pytest.mark.parametrize("kind", CELLS)
    def test_every_gate_is_a_labelled_node_of_its_step(self, kind):
        outputs, _ = tg.nn.unroll(CELLS[kind](INPUT, HIDDEN), np.ones((3, INPUT)))
        graph = tg.Graph(outputs)
        for letter, t in itertools.product(GATES[kind], (1, 2, 3)):
            (gate,) = graph.find(label=f"{letter}_{t}")
            assert (gate.step, gate.shape) == (t, (HIDDEN,))
        made = [node for node in graph.nodes if node.op is not None]
        assert {node.step for node in made} == {1, 2, 3}
        by_step = [[node.op.name for node in made if node.step == t] for t in (1, 2, 3)]
        assert by_step[0] == by_step[1] == by_step[2]

    @pytest.mark.parametrize(("kind", "count"), [("tanh", 4), ("LSTM", 16), ("GRU", 16)])
    def test_are_as_few_as_possible(self, kind, count):
        """The products of all gates are two nodes, whatever the number of gates."""
        outputs, _ = tg.nn.unroll(CELLS[kind](INPUT, HIDDEN), np.ones((1, INPUT)))
        made = [node.op.name for node in tg.Graph(outputs).nodes if node.op is not None]
        assert made.count("linear") == 2
        assert len(made) == count

    def test_outside_of_time_are_labelled_by_letters_alone(self):
        h, c = tg.nn.LSTMCell(INPUT, HIDDEN, superscript="^(2)")(tg.tensor(np.ones(INPUT)))
        assert (h.label, c.label, h.step) == ("h^(2)", "c^(2)", None)

    def test_parameters_bear_the_superscript(self):
        cell = tg.nn.RNNCell(INPUT, HIDDEN, superscript="^(2)")
        assert [p.label for p in cell.parameters.values()] == ["W_ih^(2)", "W_hh^(2)", "b_ih^(2)", "b_hh^(2)"]


class TestParameters:
    @pytest.mark.parametrize(("kind", "gates"), [("tanh", 1), ("LSTM", 4), ("GRU", 3)])
    def test_have_pytorch_s_names_and_shapes(self, kind, gates):
        shapes = {name: value.shape for name, value in CELLS[kind](INPUT, HIDDEN).state_dict().items()}
        assert list(shapes.items()) == [
            ("weight_ih", (gates * HIDDEN, INPUT)),
            ("weight_hh", (gates * HIDDEN, HIDDEN)),
            ("bias_ih", (gates * HIDDEN,)),
            ("bias_hh", (gates * HIDDEN,)),
        ]

    def test_are_uniform_within_one_over_the_root_of_the_units(self):
        values = np.concatenate([value.ravel() for value in tg.nn.LSTMCell(50, 100).state_dict().values()])
        assert np.abs(values).max() <= 0.1
        counts, _ = np.histogram(values, bins=10, range=(-0.1, 0.1))
        np.testing.assert_allclose(counts, len(values) / 10, rtol=0.05)

    @pytest.mark.parametrize("kind", CELLS)
    def test_follow_from_the_seed(self, kind):
        first, again, other = (CELLS[kind](INPUT, HIDDEN, seed=seed).state_dict() for seed in (1, 1, 2))
        assert all((first[name] == again[name]).all() for name in first)
        assert all((first[name] != other[name]).all() for name in first)

    @pytest.mark.parametrize("kind", CELLS)
    def test_may_be_without_biases(self, kind):
        cell = CELLS[kind](INPUT, HIDDEN, bias=False)
        zeros = CELLS[kind](INPUT, HIDDEN)
        bias = np.zeros(zeros.bias_ih.shape)
        zeros.load_state_dict({**cell.state_dict(), "bias_ih": bias, "bias_hh": bias})
        xs = np.random.default_rng(0).normal(size=(STEPS, BATCH, INPUT))
        for output, expected in zip(*(tg.nn.unroll(c, xs).outputs for c in (cell, zeros)), strict=True):
            np.testing.assert_allclose(output.data, expected.data, rtol=1e-14)

    @pytest.mark.parametrize("kind", CELLS)
    def test_decide_the_dtype_of_everything(self, kind):
        cell = CELLS[kind](INPUT, HIDDEN, dtype=np.float32)
        outputs, _ = tg.nn.unroll(cell, np.ones((2, BATCH, INPUT)))
        assert {node.dtype for node in tg.Graph(outputs).nodes} == {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", CELLS)
def test_a_state_that_is_not_given_is_zero(kind):
    cell = CELLS[kind](INPUT, HIDDEN)
    x = tg.tensor(np.ones((BATCH, INPUT)))
    zeros = tuple(tg.tensor(np.zeros((BATCH, HIDDEN))) for _ in cell.letters)
    found, expected = cell(x), cell(x, zeros if len(zeros) > 1 else zeros[0])
    for part, other in zip(*(s if isinstance(s, tuple) else (s,) for s in (found, expected)), strict=True):
        assert (part.data == other.data).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tg.nn.LSTMCell(0, 3), "input_size is a whole number from 1, not 0"),
        (lambda: tg.nn.GRUCell(2, 2.5), "hidden_size is a whole number from 1, not 2.5"),
        (lambda: tg.nn.RNNCell(2, 3, nonlinearity="sine"), "nonlinearity is one of tanh, relu, not 'sine'"),
        (lambda: tg.nn.RNNCell(2, 3, seed="x"), "numpy does not know the seed 'x'"),
        (lambda: tg.nn.RNNCell(2, 3, dtype="x"), "numpy does not know the dtype 'x'"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, message):
    with pytest.raises(tg.SettingError, match=message):
        make()


def test_an_input_that_does_not_fit_is_an_error_with_its_step():
    with pytest.raises(tg.ShapeError, match=r"linear of x_1 \(2, 7\).*W_ih \(20, 3\).*step 1"):
        tg.nn.unroll(tg.nn.LSTMCell(INPUT, HIDDEN), np.ones((STEPS, BATCH, 7)))


@pytest.mark.parametrize(
    ("kind", "state", "message"),
    [
        ("LSTM", np.ones((2, HIDDEN)), r"the state of this LSTMCell is a pair \(h, c\); got 1"),
        ("LSTM", (np.ones(HIDDEN),), r"a pair \(h, c\); got 1"),
        ("LSTM", (np.ones((2, HIDDEN)), np.ones((2, 1))), r"h and c .* same shape, not \(2, 5\) and \(2, 1\)"),
        ("GRU", (np.ones(HIDDEN), np.ones(HIDDEN)), "the state of this GRUCell is one part; got 2"),
        ("tanh", np.ones((2, 7)), r"linear of .*\(2, 7\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(kind, state, message):
    """A batch of two, which could be taken apart into h and c, among them."""
    cell = CELLS[kind](INPUT, HIDDEN)
    with pytest.raises(tg.ShapeError, match=message):
        cell(tg.tensor(np.ones((2, INPUT))), state)
    with pytest.raises(tg.ShapeError, match=message):
        tg.nn.unroll(cell, np.ones((STEPS, 2, INPUT)), state)
