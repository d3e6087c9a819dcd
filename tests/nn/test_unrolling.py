"""Any function can be a cell."""

import numpy as np
import pytest
from elman_cases import same

import tinygrad_rnn as tg

U, W = np.array([[0.5, -0.2], [0.1, 0.3], [-0.4, 0.2]]), np.array([[0.1, 0.2, 0.3], [-0.2, 0.4, 0.0], [0.3, 0.1, 0.2]])
XS = np.random.default_rng(0).normal(size=(4, 2))


@pytest.fixture
def weights():
    return tg.parameter(U, "U"), tg.parameter(W, "W")


@pytest.fixture
def cell(weights):
    def cell(x, h):
        return tg.tanh(tg.linear(x, weights[0]) + tg.linear(h, weights[1]))

    return cell


class TestFunctions:
    def test_are_run_step_by_step(self, cell):
        outputs, final = tg.nn.unroll(cell, XS, np.ones(3))
        h = np.ones(3)
        for output, x in zip(outputs, XS, strict=True):
            h = np.tanh(U @ x + W @ h)
            np.testing.assert_allclose(output.data, h, rtol=1e-14)
        assert final is outputs[-1]

    def test_have_their_nodes_marked_and_their_states_labelled(self, cell):
        graph = tg.nn.unroll(cell, XS, np.ones(3)).graph
        assert graph.steps == (1, 2, 3, 4)
        assert [n.label for n in graph.find(op="tanh")] == ["h_1", "h_2", "h_3", "h_4"]
        assert [n.step for n in graph.find(op="tanh")] == [1, 2, 3, 4]
        (start,) = graph.find(label="h_0")
        assert (start.step, start.op) == (None, None)
        assert [n.label for n in graph.leaves if n.label.startswith("x")] == ["x_1", "x_2", "x_3", "x_4"]

    def test_keep_their_own_labels(self, cell):
        def labelled(x, s):
            s = cell(x, s)
            s.label = f"s_{s.step}"
            return s

        assert [s.label for s in tg.nn.unroll(labelled, XS, np.ones(3)).outputs] == ["s_1", "s_2", "s_3", "s_4"]

    def test_may_have_states_of_several_parts_the_first_of_which_is_the_output(self, cell):
        def with_sum(x, state):
            h, total = state
            h = cell(x, h)
            return h, total + h

        outputs, (h, total) = tg.nn.unroll(with_sum, XS, (np.zeros(3), tg.tensor(np.zeros(3))))
        assert h is outputs[-1]
        np.testing.assert_allclose(total.data, sum(output.data for output in outputs), rtol=1e-14)
        assert (h.label, total.label) == ("h_4^(1)", "h_4^(2)")

    def test_may_take_integers(self):
        E = tg.parameter(np.eye(3))
        outputs, _ = tg.nn.unroll(lambda i, h: h + E[i], np.array([2, 0, 2]), np.zeros(3))
        assert outputs[-1].data.tolist() == [1, 0, 2]

    def test_have_gradients_through_time(self, cell, weights):
        outputs, _ = tg.nn.unroll(cell, XS, np.ones(3))
        found = tg.grad(outputs[-1].sum(), weights)
        run = tg.nn.unroll(lambda x, h: tg.tanh(U @ x + tg.matmul(weights[1], h)), XS, np.ones(3))
        (expected,) = tg.grad(run.outputs[-1].sum(), weights[1:])
        np.testing.assert_allclose(found[1].data, expected.data, rtol=1e-13)

    def test_need_a_state(self, cell):
        with pytest.raises(tg.SettingError, match="a function as a cell needs a state to start from"):
            tg.nn.unroll(cell, XS)

    def test_must_be_functions(self):
        with pytest.raises(tg.OperandError, match="a cell is a function of an input and a state, not 5"):
            tg.nn.unroll(5, XS, np.zeros(3))

    def test_must_give_tensors(self):
        with pytest.raises(tg.OperandError, match=r"a cell gives a Tensor or a tuple of Tensors, not None, at step 1"):
            tg.nn.unroll(lambda x, h: None, XS, np.zeros(3))


class TestSequences:
    def test_may_be_nodes_of_another_cell(self, cell):
        below = tg.nn.unroll(tg.nn.LSTMCell(2, 2), XS)
        above = tg.nn.unroll(cell, below.outputs, np.zeros(3))
        readers = [node.inputs[0] for node in above.graph.find(op="linear") if node.inputs[1].label == "U"]
        assert same(readers, below.outputs)

    def test_of_no_steps_are_refused(self, cell):
        with pytest.raises(tg.ShapeError, match="at least one time step"):
            tg.nn.unroll(cell, np.zeros((0, 2)), np.zeros(3))

    def test_of_words_are_refused(self, cell):
        with pytest.raises(tg.DTypeError, match="x_1: expected real numbers"):
            tg.nn.unroll(cell, ["one", "two"], np.zeros(3))


def test_a_state_goes_on_where_another_unrolling_ended():
    cell = tg.nn.LSTMCell(2, 3)
    whole = tg.nn.unroll(cell, XS)
    first = tg.nn.unroll(cell, XS[:2])
    second = tg.nn.unroll(cell, XS[2:], first.state)
    assert (second.outputs[-1].data == whole.outputs[-1].data).all()
    detached = tg.nn.unroll(cell, XS[2:], tuple(part.data for part in first.state))
    assert [part.label for part in tg.Graph(detached.outputs).leaves if part.step is None][-2:] == ["h_0", "c_0"]
    assert (detached.outputs[-1].data == whole.outputs[-1].data).all()
