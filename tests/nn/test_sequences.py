"""What people may give `unroll` as inputs, targets and initial state, and what they hear otherwise."""

import numpy as np
import pytest
from elman_cases import Case, assert_agree, gradients, relative_error, same

import tinygrad_rnn as tg

STEPS, BATCH, FEATURES, HIDDEN, OUTPUTS = 5, 2, 3, 4, 2


@pytest.fixture
def case():
    return Case("subscript", (FEATURES, HIDDEN, OUTPUTS), STEPS, BATCH)


class TestInputs:
    def test_one_parameter_gets_one_gradient(self, case):
        xs = tg.parameter(case.values["xs"])
        run = case.unroll(xs=xs)
        run.loss.backward()
        assert relative_error(xs.grad, gradients(case.net, case.unroll())["xs"]) <= 1e-15
        assert [(x.op.name, x.label, x.step) for x in run.inputs] == [
            ("getitem", f"x_{t}", t) for t in range(1, STEPS + 1)
        ]

    def test_tensors_given_one_a_step_are_used_as_they_are(self, case):
        xs = [tg.parameter(x) for x in case.values["xs"]]
        run = case.unroll(xs=xs)
        run.loss.backward()
        assert same(run.inputs, xs)
        assert [(x.label, x.step) for x in xs] == [(None, None)] * STEPS
        assert relative_error([x.grad for x in xs], gradients(case.net, case.unroll())["xs"]) <= 1e-15

    def test_one_tensor_may_stand_at_several_steps(self, case):
        x = tg.parameter(case.values["xs"][0])
        run = case.unroll(xs=[x] * STEPS)
        run.loss.backward()
        repeated = case.unroll(xs=np.stack([case.values["xs"][0]] * STEPS))
        assert relative_error(x.grad, gradients(case.net, repeated)["xs"].sum(axis=0)) <= 1e-15

    def test_tensors_and_arrays_may_mix(self, case):
        xs = list(case.values["xs"])
        xs[2] = tg.parameter(xs[2])
        xs[3] = xs[3].tolist()
        run = case.unroll(xs=xs)
        assert run.inputs[2] is xs[2]
        assert_agree(gradients(case.net, run), gradients(case.net, case.unroll()), 0)

    @pytest.mark.parametrize("form", [np.ndarray.tolist, list, iter, tuple], ids=["lists", "list", "iterator", "tuple"])
    def test_any_iterable_gives_what_its_array_gives(self, case, form):
        run = case.unroll(xs=form(case.values["xs"]), targets=form(case.targets))
        assert_agree(gradients(case.net, run), gradients(case.net, case.unroll()), 0)

    def test_outputs_of_one_network_are_inputs_of_the_next(self, case):
        above = tg.nn.ElmanRNN(OUTPUTS, 2, 1)
        below = case.unroll(targets=None)
        run = above.unroll(below.outputs, np.ones((STEPS, BATCH, 1)))
        run.loss.backward()
        assert same(run.inputs, below.outputs)
        assert case.net.parameters["W_xh"].grad.any()

    def test_arrays_are_copied(self, case):
        xs = case.values["xs"].copy()
        run = case.unroll(xs=xs)
        before = gradients(case.net, run)
        xs[...] = 0
        assert_agree(gradients(case.net, run), before, 0)


class TestInitialState:
    @pytest.mark.parametrize("notation", ["lagged", "subscript", "goodfellow"])
    @pytest.mark.parametrize("batch", [None, BATCH])
    def test_is_zero_if_not_given(self, notation, batch):
        case = Case(notation, batch=batch)
        run, explicit = (case.unroll(initial_state=state) for state in (None, np.zeros_like(case.values["initial"])))
        assert_agree(gradients(case.net, run), gradients(case.net, explicit), 0)
        assert not run.initial_state.data.any()
        assert not run.initial_state.requires_grad

    @pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist, tg.tensor, tg.parameter])
    def test_may_be_an_array_a_constant_or_a_parameter(self, case, make):
        run = case.unroll(initial_state=make(case.values["initial"]))
        assert_agree(gradients(case.net, run), gradients(case.net, case.unroll()), 0)

    def test_that_is_a_parameter_gets_its_gradient_from_backward(self, case):
        state = tg.parameter(case.values["initial"], label="start")
        run = case.unroll(initial_state=state)
        run.loss.backward()
        assert run.initial_state is state
        assert state.label == "start"
        np.testing.assert_array_equal(state.grad, gradients(case.net, run)["initial"])

    def test_that_another_run_ended_with_carries_the_gradient_on(self, case):
        xs, targets = case.values["xs"], case.targets
        first = case.net.unroll(xs[:2], targets[:2], loss="sse", initial_state=case.values["initial"])
        second = case.net.unroll(xs[2:], targets[2:], loss="sse", initial_state=first.final_state)
        (first.loss + second.loss).backward()
        expected = gradients(case.net, case.unroll(loss="sse"))
        for name, parameter in case.net.parameters.items():
            assert relative_error(parameter.grad, expected[name]) <= 1e-14


class TestErrors:
    """Each names what was expected and what came."""

    @pytest.mark.parametrize(
        ("xs", "kind", "message"),
        [
            (np.zeros((0, 3)), tg.ShapeError, r"at least one time step.*got 0 steps"),
            ([], tg.ShapeError, r"at least one time step.*got 0 steps"),
            (np.zeros((5, 0, 3)), tg.ShapeError, r"at least .* one sequence; got \(5, 0, 3\)"),
            (np.zeros((5, 2)), tg.ShapeError, r"\(time, 3\) or \(time, batch, 3\).*got \(5, 2\)"),
            (np.zeros(3), tg.ShapeError, r"got \(3,\)"),
            (np.zeros((5, 2, 2, 3)), tg.ShapeError, r"got \(5, 2, 2, 3\)"),
            ([[1, 2, 3], [1, 2]], tg.ShapeError, r"got 2 steps of the shapes \(3,\), \(2,\)"),
            ([np.zeros((2, 3)), tg.tensor(np.zeros((1, 3)))], tg.ShapeError, r"shapes \(2, 3\), \(1, 3\)"),
            (tg.tensor(np.zeros((5, 2))), tg.ShapeError, r"got \(5, 2\)"),
            (3.0, tg.OperandError, r"x is a sequence over time, not 3\.0"),
            (np.array(3.0), tg.OperandError, r"x is a sequence over time, not array\(3\.\)"),
            (tg.tensor(3.0), tg.OperandError, r"x is a sequence over time, not Tensor\(3\."),
            (None, tg.OperandError, r"x is a sequence over time, not None"),
            ([[1, 2, 3], [1, 2, "many"]], tg.DTypeError, r"x_2: expected real numbers"),
            ([[1, 2, 3], [1, 2, [3]]], tg.OperandError, r"x_2: cannot make an array of real numbers"),
            (np.ones((5, 3)) * 1j, tg.DTypeError, r"x_1: expected real numbers, got complex128"),
        ],
        ids=lambda value: None,
    )
    def test_of_inputs(self, case, xs, kind, message):
        with pytest.raises(kind, match=message):
            case.net.unroll(xs)

    @pytest.mark.parametrize(
        ("targets", "kind", "message"),
        [
            (np.zeros((4, 2, 2)), tg.ShapeError, r"expected targets of shape \(5, 2, 2\), got \(4, 2, 2\)"),
            (np.zeros((6, 2, 2)), tg.ShapeError, r"got \(6, 2, 2\)"),
            (np.zeros((5, 2)), tg.ShapeError, r"got \(5, 2\)"),
            (np.zeros((5, 1, 2)), tg.ShapeError, r"got \(5, 1, 2\)"),
            ([], tg.ShapeError, r"got 0 steps"),
            ([np.zeros((2, 2))] * 4 + [np.zeros((1, 2))], tg.ShapeError, r"5 steps of the shapes \(2, 2\), \(1, 2\)"),
            (1.0, tg.OperandError, r"y\* is a sequence over time, not 1\.0"),
            ([["one"]], tg.DTypeError, r"y\*_1: expected real numbers"),
        ],
        ids=lambda value: None,
    )
    def test_of_targets(self, case, targets, kind, message):
        with pytest.raises(kind, match=message):
            case.unroll(targets=targets)

    @pytest.mark.parametrize(
        ("targets", "kind", "message"),
        [
            ([0, 1, 2, 0, 1], tg.SettingError, r"classes run from 0 to 1; the targets run from 0 to 2"),
            ([0, 1, -1, 0, 1], tg.SettingError, r"classes run from 0 to 1; the targets run from -1 to 1"),
            ([0, 1, 1], tg.ShapeError, r"\(5, 2\) or integer classes of shape \(5,\), got \(3,\)"),
            ([0.0, 1.0, 1.0, 0.0, 1.0], tg.ShapeError, r"or integer classes of shape \(5,\), got \(5,\)"),
            ([[0], [1, 0]], tg.ShapeError, r"got 2 steps of the shapes \(1,\), \(2,\)"),
        ],
        ids=lambda value: None,
    )
    def test_of_classes(self, targets, kind, message):
        with pytest.raises(kind, match=message):
            Case("goodfellow").unroll(targets=targets)

    @pytest.mark.parametrize(
        ("state", "kind", "message"),
        [
            (np.zeros(4), tg.ShapeError, r"expected an initial state of shape \(2, 4\), got \(4,\)"),
            (tg.tensor(np.zeros((2, 3))), tg.ShapeError, r"expected an initial state of shape \(2, 4\), got \(2, 3\)"),
            ("zero", tg.DTypeError, r"h_0: expected real numbers, got <U4 from a str"),
            (np.zeros((2, 4), complex), tg.DTypeError, r"h_0: expected real numbers, got complex128"),
        ],
        ids=lambda value: None,
    )
    def test_of_the_initial_state(self, case, state, kind, message):
        with pytest.raises(kind, match=message):
            case.unroll(initial_state=state)
