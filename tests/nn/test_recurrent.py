"""The recurrent layers beyond their numbers: lengths, shapes, states, marks, dropout, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.support import check_derivatives

INPUT, HIDDEN = 2, 3
LAYERS = {
    "RNN": tg.nn.RNN,
    "LSTM": tg.nn.LSTM,
    "GRU": tg.nn.GRU,
    "GRU, reset before": lambda *sizes, **settings: tg.nn.GRU(*sizes, reset_after=False, **settings),
}

kinds = pytest.mark.parametrize("kind", LAYERS)


def make(kind, **settings):
    return LAYERS[kind](INPUT, HIDDEN, **settings)


def pair(state):
    """The parts of a state, which may be one alone."""
    return state if isinstance(state, tuple) else (state,)


def drawn(layer, steps, batch, seed=0):
    """Random sequences and an initial state, as parameters."""
    random = np.random.default_rng(seed)
    xs = tg.parameter(random.normal(size=(steps, *batch, INPUT)))
    states = (len(layer.cells), *batch, HIDDEN)
    parts = [tg.parameter(random.normal(size=states)) for _ in next(iter(layer.cells.values())).letters]
    return xs, parts[0] if len(parts) == 1 else tuple(parts)


class TestLengths:
    @given(st.data())
    @kinds
    def test_give_each_sequence_what_it_has_alone(self, kind, data):
        lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
        settings = {"num_layers": data.draw(st.integers(1, 2)), "bidirectional": data.draw(st.booleans())}
        layer = make(kind, **settings)
        xs, state = drawn(layer, max(lengths), (len(lengths),))
        outputs, final = layer(xs, state, lengths)
        loss = (outputs * np.arange(outputs.size).reshape(outputs.shape)).sum() + sum(s.sum() for s in pair(final))
        leaves = [*layer.parameters.values(), xs, *pair(state)]
        together = tg.grad(loss, leaves)

        alone, total = [], 0
        weights = np.arange(outputs.size).reshape(outputs.shape)
        for b, length in enumerate(lengths):
            parts = tuple(part[:, b] for part in pair(state))
            found, last = layer(xs[:length, b], parts if len(parts) > 1 else parts[0])
            alone.append((found, last))
            total = total + (found * weights[:length, b]).sum() + sum(s.sum() for s in pair(last))
            np.testing.assert_allclose(outputs.data[:length, b], found.data, rtol=1e-12)
            assert not outputs.data[length:, b].any()
            for whole, part in zip(pair(final), pair(last), strict=True):
                np.testing.assert_allclose(whole.data[:, b], part.data, rtol=1e-12)
        for whole, part in zip(together, tg.grad(total, leaves), strict=True):
            assert np.linalg.norm(whole.data - part.data) <= 1e-12 * np.linalg.norm(part.data)

    @kinds
    def test_make_what_lies_beyond_the_end_irrelevant(self, kind):
        layer = make(kind, bidirectional=True, num_layers=2)
        xs, state = drawn(layer, 4, (3,))
        values = xs.data.copy()
        values[2:, 0] = np.nan
        values[3:, 2] = np.inf
        polluted = tg.parameter(values)
        found = []
        for given_xs in (xs, polluted):
            outputs, final = layer(given_xs, state, [2, 4, 3])
            leaves = [*layer.parameters.values(), given_xs, *pair(state)]
            loss = outputs.sum() + sum(s.sum() for s in pair(final))
            found.append([outputs.data, *(g.data for g in tg.grad(loss, leaves))])
        for clean, other in zip(*found, strict=True):
            assert (clean == other).all()
        gradient = found[1][1 + len(layer.parameters)]
        assert not gradient[2:, 0].any()
        assert not gradient[3:, 2].any()

    @kinds
    def test_that_are_equal_change_nothing(self, kind):
        layer = make(kind, bidirectional=True)
        xs, state = drawn(layer, 3, (2,))
        found, expected = (layer(xs, state, lengths)[0] for lengths in ([3, 3], None))
        assert (found.data == expected.data).all()
        assert len(tg.Graph(found)) == len(tg.Graph(expected))

    @kinds
    def test_all_short_make_short_outputs(self, kind):
        layer = make(kind)
        xs, state = drawn(layer, 5, (2,))
        outputs, _ = layer(xs, state, np.array([2, 3]))
        assert outputs.shape == (3, 2, HIDDEN)

    @pytest.mark.parametrize(
        ("lengths", "error", "message"),
        [
            ([1, 2, 3], tg.ShapeError, r"one length for each sequence of a batch, of shape \(2,\); got \(3,\)"),
            (2, tg.ShapeError, r"of shape \(2,\); got \(\)"),
            ([0, 2], tg.SettingError, r"whole numbers from 1 to 4, the number of steps; got \[0, 2\]"),
            ([2, 5], tg.SettingError, r"whole numbers from 1 to 4"),
            ([1.0, 2.0], tg.SettingError, r"whole numbers from 1 to 4"),
            ([[1], [2, 3]], tg.OperandError, "cannot make an array of real numbers from a list"),
        ],
    )
    def test_that_cannot_be_are_refused(self, lengths, error, message):
        with pytest.raises(error, match=message):
            make("LSTM")(np.zeros((4, 2, INPUT)), lengths=lengths)

    def test_of_one_sequence_without_a_batch_axis_are_refused(self):
        with pytest.raises(tg.ShapeError, match=r"of shape \(\); got \(1,\)"):
            make("LSTM")(np.zeros((4, INPUT)), lengths=[4])

    @kinds
    def test_have_derivatives_to_the_second_order(self, kind):
        layer = make(kind, num_layers=2, bidirectional=True)
        xs, state = drawn(layer, 3, (2,))
        cells = list(layer.cells.values())

        def function(inputs, h_0, weight):
            cells[0].weight_hh = weight
            rest = pair(state)[1:]
            outputs, final = layer(inputs, (h_0, *rest) if rest else h_0, [1, 3])
            return tg.concatenate([outputs, *pair(final)], axis=None)

        check_derivatives(function, xs.data, pair(state)[0].data, cells[0].weight_hh.data)


class TestShapes:
    @pytest.mark.parametrize("batch_first", [False, True])
    @kinds
    def test_without_a_batch_axis_are_those_of_a_batch_of_one_without_it(self, kind, batch_first):
        layer = make(kind, num_layers=2, bidirectional=True, batch_first=batch_first)
        xs, state = drawn(layer, 4, ())
        outputs, final = layer(xs, state)
        batched = tuple(part[:, None] for part in pair(state))
        axis = 0 if batch_first else 1
        others, last = layer(np.expand_dims(xs.data, axis), batched if len(batched) > 1 else batched[0])
        assert outputs.shape == (4, 2 * HIDDEN)
        np.testing.assert_allclose(outputs.data, np.squeeze(others.data, axis), rtol=1e-13)
        for part, other in zip(pair(final), pair(last), strict=True):
            np.testing.assert_allclose(part.data, other.data[:, 0], rtol=1e-13)

    @kinds
    def test_of_steps_given_one_by_one_do_not_depend_on_batch_first(self, kind):
        layer = make(kind, batch_first=True)
        xs, state = drawn(layer, 4, (3,))
        found, _ = layer.unroll(list(xs.data), state)
        expected, _ = layer(xs.data.swapaxes(0, 1), state)
        assert (np.array([h.data for h in found]) == expected.data.swapaxes(0, 1)).all()

    @pytest.mark.parametrize(
        ("xs", "message"),
        [
            (np.zeros((3, 5)), r"expected xs of shape \(time, 2\) or \(time, batch, 2\).*got \(3, 5\)"),
            (np.zeros((0, 4, 2)), "at least one time step"),
            (np.zeros((3, 0, 2)), "one sequence"),
            (np.zeros(3), r"got \(3,\)"),
            ([np.zeros(2), np.zeros((1, 2))], r"2 steps of the shapes \(2,\), \(1, 2\)"),
        ],
    )
    def test_of_inputs_that_do_not_fit_are_refused(self, xs, message):
        with pytest.raises(tg.ShapeError, match=message):
            make("GRU")(xs)

    @pytest.mark.parametrize(
        ("kind", "state", "message"),
        [
            ("GRU", np.zeros((1, 4, 3)), r"an initial h of shape \(2, 4, 3\), got 1 states"),
            ("GRU", np.zeros((2, 1, 3)), r"an initial h of shape \(2, 4, 3\), got .*h_0.*\(1, 3\)"),
            ("LSTM", [np.zeros((2, 4, 3))], r"the state of this LSTMCell is a pair \(h, c\); got 1"),
            ("LSTM", (np.zeros((2, 4, 3)), np.zeros((2, 4, 5))), r"an initial c of shape \(2, 4, 3\), got .*c_0"),
        ],
    )
    def test_of_states_that_do_not_fit_are_refused(self, kind, state, message):
        with pytest.raises(tg.ShapeError, match=message):
            make(kind, bidirectional=True)(np.zeros((3, 4, 2)), state)


class TestStates:
    @kinds
    def test_go_on_where_a_part_of_the_sequence_ended(self, kind):
        layer = make(kind, num_layers=2)
        xs, state = drawn(layer, 6, (2,))
        whole, _ = layer(xs, state)
        _, middle = layer(xs[:3], state)
        rest, _ = layer(xs[3:], middle)
        assert (rest.data == whole.data[3:]).all()

    @kinds
    def test_of_an_unrolled_layer_go_on_as_nodes(self, kind):
        layer = make(kind, num_layers=2)
        xs, state = drawn(layer, 6, (2,))
        whole = layer.unroll(xs, state)
        middle = layer.unroll(xs[:3], state).state
        rest = layer.unroll(xs[3:], middle)
        assert (rest.outputs[-1].data == whole.outputs[-1].data).all()
        (gradient,) = tg.grad(rest.outputs[-1].sum(), [xs])
        assert gradient.data[0].any()

    @kinds
    def test_that_are_not_given_are_zero(self, kind):
        layer = make(kind, num_layers=2, bidirectional=True)
        xs, state = drawn(layer, 3, (2,))
        zeros = tuple(np.zeros(part.shape) for part in pair(state))
        found, expected = layer(xs), layer(xs, zeros if len(zeros) > 1 else zeros[0])
        assert (found[0].data == expected[0].data).all()


class TestGraph:
    def test_is_a_list_of_steps_from_end_to_end(self):
        """No node reads, or is made from, several steps but through the recurrence."""
        graph = make("LSTM", num_layers=2, bidirectional=True).unroll(np.ones((4, 2, INPUT)), lengths=[4, 2]).graph
        for edge in graph.edges:
            if edge.source.step != edge.target.step and edge.source.step is not None:
                assert abs(edge.source.step - edge.target.step) == 1
                assert edge.source.label[0] in "hc"
        assert all(node.step is not None for node in graph.nodes if node.op is not None)

    def test_tells_layers_and_directions_apart(self):
        layer = make("GRU", num_layers=2, bidirectional=True)
        graph = layer.unroll(np.ones((3, INPUT))).graph
        for scope, superscript in {"l0": "1", "l0_reverse": "1rev", "l1": "2", "l1_reverse": "2rev"}.items():
            for letter in "rznh":
                (gate,) = graph.find(label=f"{letter}_2^({superscript})")
                assert (gate.step, gate.scope) == (2, scope)
        assert [p.label for p in graph.parameters[:4]] == ["W_ih^(1)", "W_hh^(1)", "b_ih^(1)", "b_hh^(1)"]
        starts = [leaf.label for leaf in graph.leaves if leaf.step is None and not leaf.requires_grad]
        assert starts == ["h_0^(1)", "h_4^(1rev)", "h_0^(2)", "h_4^(2rev)"]
        assert [y.label for y in graph.outputs[:3]] == ["y_1^(2)", "y_2^(2)", "y_3^(2)"]

    def test_of_one_layer_has_plain_labels(self):
        graph = make("LSTM").unroll(np.ones((2, INPUT))).graph
        labels = {node.label for node in graph.nodes if node.label}
        assert labels == {
            *("W_ih", "W_hh", "b_ih", "b_hh", "h_0", "c_0", "x_1", "x_2"),
            *(f"{letter}_{t}" for letter in "ifgoch" for t in (1, 2)),
        }

    def test_labels_the_state_that_is_carried_where_a_sequence_is_over(self):
        graph = make("LSTM").unroll(np.ones((3, 2, INPUT)), lengths=[3, 1]).graph
        assert [graph.find(label=f"c_{t}")[0].op.name for t in (1, 2, 3)] == ["add", "where", "where"]
        (h,) = graph.find(label="h_2")
        assert [node.label for node in h.inputs] == ["m_2", None, "h_1"]

    def test_holds_the_final_states_too(self):
        run = make("LSTM").unroll(np.ones((3, 2, INPUT)), lengths=[3, 2])
        h, c = run.state
        assert c[0] in run.graph.outputs
        assert len(run.graph.outputs) == 3 + len(h) + len(c)

    @kinds
    def test_is_not_recorded_under_no_grad(self, kind):
        layer = make(kind, bidirectional=True)
        xs, state = drawn(layer, 3, (2,))
        expected, _ = layer(xs, state, [2, 3])
        with tg.no_grad():
            outputs, _ = layer(xs, state, [2, 3])
        assert outputs.op is None
        assert (outputs.data == expected.data).all()

    @kinds
    def test_can_be_drawn(self, kind):
        run = make(kind).unroll(np.ones((3, INPUT)))
        for detail in ("ops", "variables"):
            assert tg.draw(run.graph, detail=detail).source.startswith("digraph")


class TestParameters:
    @pytest.mark.parametrize("bias", [False, True])
    @kinds
    def test_have_pytorch_s_names(self, kind, bias):
        layer = make(kind, num_layers=2, bidirectional=True, bias=bias)
        names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else [])]
        expected = [f"{name}_{place}" for place in ("l0", "l0_reverse", "l1", "l1_reverse") for name in names]
        assert list(layer.parameters) == list(layer.state_dict()) == expected
        assert layer.parameters["weight_ih_l1"].shape[1] == 2 * HIDDEN

    @kinds
    def test_differ_between_layers_and_follow_from_the_seed(self, kind):
        first, again, other = (make(kind, num_layers=2, seed=seed).state_dict() for seed in (1, 1, 2))
        assert (first["weight_hh_l0"] != first["weight_hh_l1"]).all()
        assert all((first[name] == again[name]).all() for name in first)
        assert all((first[name] != other[name]).all() for name in first)

    @kinds
    def test_decide_the_dtype_of_everything(self, kind):
        layer = make(kind, dtype=np.float32, dropout=0.5, num_layers=2)
        outputs, _ = layer(np.ones((3, 2, INPUT)), lengths=[1, 3])
        assert {n.dtype for n in tg.Graph(outputs).nodes} == {np.dtype(np.float32), np.dtype(bool)}


class TestDropout:
    def test_acts_between_layers_in_training_alone(self):
        layer, plain = make("RNN", num_layers=2, dropout=0.5), make("RNN", num_layers=2)
        xs = np.random.default_rng(0).normal(size=(4, 8, INPUT))
        assert (layer(xs)[0].data != plain(xs)[0].data).any()
        assert (layer.eval()(xs)[0].data == plain(xs)[0].data).all()
        assert (layer.train()(xs)[0].data != plain(xs)[0].data).any()
        dropped = [n for n in layer.unroll(xs).graph.find(op="multiply") if n.scope == ""]
        assert [n.step for n in dropped] == [1, 2, 3, 4]

    def test_of_a_single_layer_does_nothing(self):
        xs = np.ones((4, 2, INPUT))
        assert (make("GRU", dropout=0.5)(xs)[0].data == make("GRU")(xs)[0].data).all()

    def test_follows_from_the_seed(self):
        xs = np.ones((4, 2, INPUT))
        first, again = (make("LSTM", num_layers=2, dropout=0.5, seed=3) for _ in range(2))
        assert (first(xs)[0].data == again(xs)[0].data).all()
        assert (first(xs)[0].data != make("LSTM", num_layers=2, dropout=0.5, seed=3)(xs)[0].data).any()
        assert list(first.generators) == ["dropout.random"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_layers": 0}, "num_layers is a whole number from 1, not 0"),
        ({"dropout": 1.0}, r"a probability of dropout is a number in \[0, 1\), not 1.0"),
        ({"dropout": "half"}, "a probability of dropout is a number"),
        ({"nonlinearity": "sigmoid"}, "nonlinearity is one of tanh, relu"),
        ({"seed": -1}, "numpy does not know the seed -1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(tg.SettingError, match=message):
        tg.nn.RNN(INPUT, HIDDEN, **settings)
