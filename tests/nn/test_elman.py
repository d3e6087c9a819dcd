from collections import Counter

import numpy as np
import pytest
import textbook
from elman_cases import Case, assert_agree, gradients, relative_error, same
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.nn.elman import HIDDEN_ACTIVATIONS, LOSSES, OUTPUT_ACTIVATIONS

NOTATIONS = ("lagged", "subscript", "goodfellow")
COMBINATIONS = [
    (hidden, output, loss)
    for hidden in HIDDEN_ACTIVATIONS
    for output in OUTPUT_ACTIVATIONS
    for loss in LOSSES
    if loss != "cross_entropy" or output == "softmax"
]


def by_complex_step(case, loss):
    net = case.net
    return textbook.complex_step(
        lambda values: textbook.loss_of(
            net.notation, values, case.targets, net.activation, net.output_activation, loss
        ),
        case.values,
    )


def by_closed_form(case, closed_form):
    """A closed form, which is for one sequence; with a batch, the mean over its sequences."""
    xs, initial, targets = case.values["xs"], case.values["initial"], case.targets
    if xs.ndim == 2:
        return closed_form(case.values, targets)
    sequences = [
        closed_form({**case.values, "xs": xs[:, i], "initial": initial[i]}, targets[:, i]) for i in range(len(initial))
    ]
    axis = {"xs": 1, "initial": 0}
    return {
        name: np.stack([each[name] for each in sequences], axis[name]) / len(sequences)
        if name in axis
        else sum(each[name] for each in sequences) / len(sequences)
        for name in sequences[0]
    }


class TestGradients:
    """Backprop on the unrolled graph is backpropagation through time, and nothing else is needed."""

    @pytest.mark.parametrize("batch", [None, 2])
    @pytest.mark.parametrize("notation", NOTATIONS)
    @pytest.mark.parametrize(("hidden", "output", "loss"), COMBINATIONS)
    def test_equal_complex_step(self, notation, hidden, output, loss, batch):
        case = Case(notation, batch=batch, activation=hidden, output_activation=output)
        assert_agree(gradients(case.net, case.unroll(loss=loss)), by_complex_step(case, loss))

    @pytest.mark.parametrize("notation", NOTATIONS)
    @given(
        sizes=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
        steps=st.integers(1, 6),
        batch=st.none() | st.integers(1, 3),
        seed=st.integers(0, 2**32 - 1),
    )
    def test_equal_complex_step_for_any_sizes(self, notation, sizes, steps, batch, seed):
        case = Case(notation, sizes, steps, batch, seed, output_activation="logistic")
        found, expected = (
            np.concatenate([by_name[name].ravel() for name in case.values])
            for by_name in (gradients(case.net, case.unroll(loss="mse")), by_complex_step(case, "mse"))
        )
        assert relative_error(found, expected) <= 1e-12

    @pytest.mark.parametrize("batch", [None, 3])
    @pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
    @pytest.mark.parametrize("output", ["identity", "logistic", "tanh"])
    def test_equal_the_closed_form_of_the_lagged_notation(self, hidden, output, batch):
        case = Case("lagged", batch=batch, activation=hidden, output_activation=output)
        expected = by_closed_form(case, lambda *given: textbook.lagged(*given, hidden, output))
        assert_agree(gradients(case.net, case.unroll()), expected)

    @pytest.mark.parametrize("batch", [None, 3])
    @pytest.mark.parametrize("output", ["identity", "logistic", "tanh"])
    def test_equal_the_closed_form_of_the_subscript_notation(self, output, batch):
        case = Case("subscript", batch=batch, output_activation=output)
        expected = by_closed_form(case, lambda *given: textbook.subscript(*given, output))
        assert_agree(gradients(case.net, case.unroll()), expected)

    @pytest.mark.parametrize("batch", [None, 3])
    def test_equal_the_closed_form_of_the_goodfellow_notation(self, batch):
        case = Case("goodfellow", batch=batch)
        assert_agree(gradients(case.net, case.unroll()), by_closed_form(case, textbook.goodfellow))

    @pytest.mark.parametrize("batch", [None, 2])
    def test_equal_the_closed_form_over_two_hundred_steps(self, batch):
        case = Case("subscript", sizes=(2, 5, 2), steps=200, batch=batch)
        expected = by_closed_form(case, lambda *given: textbook.subscript(*given, "identity"))
        assert_agree(gradients(case.net, case.unroll()), expected)

    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_that_backward_leaves_in_the_parameters_are_the_same(self, notation):
        case = Case(notation, batch=2)
        run = case.unroll()
        run.loss.backward()
        expected = gradients(case.net, run)
        for name, parameter in case.net.parameters.items():
            np.testing.assert_array_equal(parameter.grad, expected[name])

    def test_of_what_a_lagged_loss_cannot_depend_on_are_zero_exactly(self):
        run = (case := Case("lagged")).unroll()
        U, W, V = case.net.parameters.values()
        *earlier_inputs, last_input = tg.grad(run.loss, run.inputs)
        assert not last_input.data.any()
        assert all(gradient.data.all() for gradient in earlier_inputs)
        first_U, first_W, first_V = tg.grad(run.losses[0], [U, W, V])
        assert not first_U.data.any()
        assert not first_W.data.any()
        assert first_V.data.all()


class TestCopies:
    """With `copies=True` the gradient through one step alone falls out of plain backprop."""

    @pytest.mark.parametrize("batch", [None, 2])
    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_gradients_sum_to_the_parameters(self, notation, batch):
        case = Case(notation, batch=batch)
        run = case.unroll(copies=True)
        expected = gradients(case.net, case.unroll())
        for name in case.net.parameters:
            through_steps = tg.grad(run.loss, [copies[name] for copies in run.copies])
            assert len(through_steps) == len(run)
            assert relative_error(sum(gradient.data for gradient in through_steps), expected[name]) <= 1e-12

    def test_gradients_are_the_immediate_ones_of_their_step(self):
        case = Case("subscript")
        run = case.unroll(copies=True)
        states = [run.initial_state, *run.states]
        for t, copies in enumerate(run.copies):
            lam, e = (gradient.data for gradient in tg.grad(run.loss, [run.states[t], run.logits[t]]))
            delta = (1 - run.states[t].data ** 2) * lam
            through_step = dict(zip(copies, tg.grad(run.loss, copies.values()), strict=True))
            immediate = {
                "W_xh": np.outer(delta, run.inputs[t].data),
                "W_hh": np.outer(delta, states[t].data),
                "W_oh": np.outer(e, run.states[t].data),
                "b_h": delta,
                "b_o": e,
            }
            assert_agree({name: gradient.data for name, gradient in through_step.items()}, immediate)

    def test_are_nodes_of_their_own_that_hold_the_parameters(self):
        net = Case("goodfellow").net
        run = net.unroll(np.ones((3, 3)), copies=True)
        assert [list(copies) for copies in run.copies] == [list(net.parameters)] * 3
        for t, copies in enumerate(run.copies, start=1):
            for name, copy in copies.items():
                assert (copy.op.name, copy.label, copy.step) == ("copy", f"{name}^({t})", t)
                assert same(copy.inputs, [net.parameters[name]])

    def test_are_made_on_request_alone(self):
        assert Case("subscript").unroll().copies == ()


class TestGraph:
    """Each time step has the same nodes, marked with the step and labelled as the text labels them."""

    @pytest.mark.parametrize("copies", [False, True])
    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_every_step_holds_the_same_operations(self, notation, copies):
        run = Case(notation, steps=4, batch=2).unroll(copies=copies)
        by_step = {
            t: Counter("leaf" if node.op is None else node.op.name for node in run.graph.find(step=t))
            for t in run.graph.steps
        }
        assert list(by_step) == [1, 2, 3, 4]
        assert by_step[1] == by_step[2] == by_step[3] == by_step[4]
        outside = [node.label for node in run.graph.nodes if node.step is None]
        assert outside == [*Case(notation).net.parameters, run.initial_state.label, None]  # and the sum's first zero

    def test_a_step_of_the_subscript_notation(self):
        run = (case := Case("subscript", steps=3)).unroll()
        p = case.net.parameters
        h, y, term = run.states[1], run.outputs[1], run.losses[1]
        (both,) = h.inputs
        products, b_h = both.inputs
        from_input, from_state = products.inputs
        assert (h.op.name, both.op.name, products.op.name) == ("tanh", "add", "add")
        assert (from_input.op.name, from_state.op.name) == ("linear", "linear")
        assert same(from_input.inputs, [run.inputs[1], p["W_xh"]])
        assert same(from_state.inputs, [run.states[0], p["W_hh"]])
        assert b_h is p["b_h"]
        product, b_o = y.inputs
        assert (y.op.name, product.op.name) == ("add", "linear")
        assert same([*product.inputs, b_o], [h, p["W_oh"], p["b_o"]])
        squared_error, factor = term.inputs
        (squares,) = squared_error.inputs
        (error,) = squares.inputs
        assert [node.op.name for node in (term, squared_error, squares, error)] == [
            "multiply", "sum", "square", "subtract",
        ]  # fmt: skip
        assert factor.item() == 1 / 3
        assert same(error.inputs, [y, run.targets[1]])
        so_far, last = run.loss.inputs
        assert (run.loss.op.name, so_far.op.name) == ("add", "add")
        assert same([so_far.inputs[1], last], [term, run.losses[2]])
        within = [h, both, products, from_input, from_state, y, product, term, squared_error, squares, error, so_far]
        assert {node.step for node in within} == {2}

    def test_a_step_of_the_lagged_notation(self):
        run = (case := Case("lagged", steps=3)).unroll()
        p = case.net.parameters
        o, s, s_next = run.outputs[1], run.states[1], run.states[2]
        assert (o.op.name, o.step) == ("linear", 2)
        assert same(o.inputs, [s, p["V"]])
        (total,) = s_next.inputs
        from_input, from_state = total.inputs
        assert (s_next.op.name, s_next.step, total.op.name) == ("tanh", 2, "add")
        assert same(from_input.inputs, [run.inputs[1], p["U"]])
        assert same(from_state.inputs, [s, p["W"]])

    def test_a_step_of_the_goodfellow_notation(self):
        run = (case := Case("goodfellow", steps=3)).unroll()
        p = case.net.parameters
        y_hat, o, h, term = run.outputs[1], run.logits[1], run.states[1], run.losses[1]
        (a,) = h.inputs
        with_state, from_input = a.inputs
        b, from_state = with_state.inputs
        c, product = o.inputs
        assert [node.op.name for node in (y_hat, o, h, a)] == ["softmax", "add", "tanh", "add"]
        assert same(y_hat.inputs, [o])
        assert same([b, *from_state.inputs], [p["b"], run.states[0], p["W"]])
        assert same(from_input.inputs, [run.inputs[1], p["U"]])
        assert same([c, *product.inputs], [p["c"], h, p["V"]])
        assert same(tg.Graph(term).find(op="log_softmax", step=2)[0].inputs, [o])
        assert a.label == "a_2"

    @pytest.mark.parametrize(
        ("notation", "labels"),
        [
            ("lagged", ["x_1 x_2 x_3", "s_1 s_2 s_3", "o_1 o_2 o_3", "y_1 y_2 y_3", "E_1 E_2 E_3", "s_1", "s_4"]),
            ("subscript", ["x_1 x_2 x_3", "h_1 h_2 h_3", "y_1 y_2 y_3", "y*_1 y*_2 y*_3", "L_1 L_2 L_3", "h_0", "h_3"]),
            ("goodfellow", ["x_1 x_2 x_3", "h_1 h_2 h_3", "ŷ_1 ŷ_2 ŷ_3", "y_1 y_2 y_3", "L_1 L_2 L_3", "h_0", "h_3"]),
        ],
    )
    def test_labels_are_the_text_s(self, notation, labels):
        run = Case(notation, steps=3).unroll()
        sequences = [run.inputs, run.states, run.outputs, run.targets, run.losses]
        assert [" ".join(node.label for node in nodes) for nodes in sequences] == labels[:5]
        assert [run.initial_state.label, run.final_state.label, run.loss.label] == [*labels[5:], "L"]

    def test_of_a_goodfellow_run_labels_the_logits(self):
        assert [o.label for o in Case("goodfellow", steps=2).unroll().logits] == ["o_1", "o_2"]

    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_nodes_know_their_step(self, notation):
        run = Case(notation, steps=3).unroll()
        for nodes in (run.inputs, run.outputs, run.logits, run.targets, run.losses):
            assert [node.step for node in nodes] == [1, 2, 3]
        made_in = [None, 1, 2] if notation == "lagged" else [1, 2, 3]  # s_{t+1} is made in step t
        assert [state.step for state in run.states] == made_in
        assert (run.initial_state.step, run.final_state.step) == (None, 3)

    def test_sequences_look_for_the_very_node(self):
        run = Case("subscript", steps=3).unroll(xs=np.ones((3, 3)), targets=np.ones((3, 2)))
        assert run.inputs[2] in run.inputs
        assert run.inputs.index(run.inputs[2]) == 2
        assert run.inputs[0] not in run.targets
        assert isinstance(run.states[1:], tg.Nodes)

    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_the_output_is_read_from_the_state(self, notation):
        run = (case := Case(notation)).unroll()
        weights = case.net.parameters[{"lagged": "V", "subscript": "W_oh", "goodfellow": "V"}[notation]]
        for state, output in zip(run.states, run.outputs, strict=True):
            product = tg.Graph(output).find(op="linear")[-1]
            assert same(product.inputs, [state, weights])


class TestRun:
    def test_without_targets_has_outputs_and_no_loss(self):
        case = Case("subscript")
        run = case.unroll(targets=None)
        assert (run.loss, run.losses, run.targets) == (None, (), ())
        for found, expected in zip(run.outputs, case.unroll().outputs, strict=True):
            np.testing.assert_array_equal(found.data, expected.data)
        assert all(state in run.graph.nodes for state in run.states)

    @pytest.mark.parametrize("batch", [None, 1, 3])
    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_has_the_shapes_of_its_sequences(self, notation, batch):
        run = Case(notation, sizes=(3, 4, 2), steps=5, batch=batch).unroll()
        axes = () if batch is None else (batch,)
        features = {3: [run.inputs], 4: [run.states], 2: [run.outputs, run.logits, run.targets]}
        for size, sequences in features.items():
            for nodes in sequences:
                assert [node.shape for node in nodes] == [(*axes, size)] * 5
        assert len(run) == 5

    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_outputs_are_those_of_plain_numpy(self, notation):
        case = Case(notation, batch=2, output_activation="softmax")
        expected = textbook.outputs_of(notation, case.values, "tanh", "softmax")
        np.testing.assert_allclose([output.data for output in case.unroll().outputs], expected, rtol=1e-14)

    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_of_one_step_one_sequence_and_sizes_of_one(self, notation):
        case = Case(notation, sizes=(1, 1, 1), steps=1, batch=1, output_activation="softmax")
        assert_agree(gradients(case.net, case.unroll(loss="sse")), by_complex_step(case, "sse"))
        assert len(case.unroll().losses) == 1

    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_of_a_float32_network_stays_float32(self, notation):
        case = Case(notation, batch=2, dtype=np.float32)
        run = case.unroll(copies=True)
        assert {node.dtype for node in run.graph.nodes} == {np.dtype(np.float32)}
        assert {gradient.dtype for gradient in gradients(case.net, run).values()} == {np.dtype(np.float32)}
        assert run.loss.item() == pytest.approx(Case(notation, batch=2).unroll().loss.item(), rel=1e-5)

    def test_under_no_grad_has_values_alone(self):
        case = Case("subscript")
        with tg.no_grad():
            run = case.unroll()
        assert run.loss.item() == case.unroll().loss.item()
        assert (run.loss.inputs, run.loss.requires_grad) == ((), False)

    def test_keeps_its_gradient_when_parameters_are_rebound(self):
        case = Case("subscript")
        run = case.unroll()
        before = gradients(case.net, run)
        for parameter in case.net.parameters.values():
            parameter.data = np.zeros(parameter.shape)
        assert_agree(gradients(case.net, run), before, tolerance=0)

    def test_shows_its_length_and_loss(self):
        run = Case("subscript", steps=3).unroll()
        assert repr(run) == f"<network unrolled over 3 steps, loss {run.loss.item():.6g}>"
        assert repr(Case("subscript", steps=3).unroll(targets=None)) == "<network unrolled over 3 steps>"


class TestNetwork:
    @pytest.mark.parametrize(
        ("notation", "shapes"),
        [
            ("lagged", {"U": (4, 3), "W": (4, 4), "V": (2, 4)}),
            ("subscript", {"W_xh": (4, 3), "W_hh": (4, 4), "W_oh": (2, 4), "b_h": (4,), "b_o": (2,)}),
            ("goodfellow", {"U": (4, 3), "W": (4, 4), "V": (2, 4), "b": (4,), "c": (2,)}),
        ],
    )
    def test_parameters_are_the_text_s(self, notation, shapes):
        net = tg.nn.ElmanRNN(3, 4, 2, notation=notation)
        assert [(name, p.shape) for name, p in net.parameters.items()] == list(shapes.items())
        assert [p.label for p in net.parameters.values()] == list(shapes)
        assert all(p.requires_grad and p.op is None for p in net.parameters.values())

    def test_initial_values_follow_from_the_seed(self):
        first, again, other = (
            np.concatenate([p.data.ravel() for p in tg.nn.ElmanRNN(3, 16, 2, seed=seed).parameters.values()])
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first, again)
        assert not np.any(first == other)
        assert -1 / 4 <= first.min() < -0.9 / 4
        assert 0.9 / 4 < first.max() <= 1 / 4

    def test_takes_numpy_s_integers_as_sizes(self):
        assert tg.nn.ElmanRNN(*np.array([3, 4, 2])).parameters["W_xh"].shape == (4, 3)

    def test_shows_its_settings(self):
        net = tg.nn.ElmanRNN(3, 4, 2, notation="goodfellow", activation="relu")
        assert repr(net) == "<Elman network 3→4→2, goodfellow notation, relu, softmax>"

    @pytest.mark.parametrize(
        ("settings", "kind", "message"),
        [
            ({"input_size": 0}, tg.SettingError, "input_size is a whole number from 1, not 0"),
            ({"hidden_size": -4}, tg.SettingError, "hidden_size is a whole number from 1, not -4"),
            ({"output_size": 2.0}, tg.SettingError, r"output_size is a whole number from 1, not 2\.0"),
            ({"output_size": True}, tg.SettingError, "output_size is a whole number from 1, not True"),
            ({"notation": "bishop"}, tg.SettingError, "one of lagged, subscript, goodfellow, not 'bishop'"),
            ({"notation": ["lagged"]}, tg.SettingError, r"one of lagged, subscript, goodfellow, not \['lagged'\]"),
            ({"activation": "softmax"}, tg.SettingError, "one of tanh, relu, logistic, identity, not 'softmax'"),
            ({"output_activation": ""}, tg.SettingError, "one of identity, logistic, tanh, softmax, not ''"),
            ({"seed": -1}, tg.SettingError, "numpy does not know the seed -1"),
            ({"seed": "first"}, tg.SettingError, "numpy does not know the seed 'first'"),
            ({"dtype": "single precision"}, tg.SettingError, "numpy does not know the dtype 'single precision'"),
            ({"dtype": int}, tg.DTypeError, "a parameter needs a floating dtype"),
            ({"dtype": complex}, tg.DTypeError, "expected real numbers, got complex128"),
        ],
        ids=lambda value: str(value) if isinstance(value, dict) else None,
    )
    def test_refuses_other_settings(self, settings, kind, message):
        with pytest.raises(kind, match=message):
            tg.nn.ElmanRNN(**{"input_size": 3, "hidden_size": 4, "output_size": 2, **settings})

    @pytest.mark.parametrize(
        ("notation", "loss", "message"),
        [
            ("subscript", "huber", "loss is one of sse, mse, cross_entropy, not 'huber'"),
            ("subscript", "", "loss is one of sse, mse, cross_entropy, not ''"),
            ("subscript", "cross_entropy", "the loss of a softmax, and this network's output_activation is identity"),
        ],
    )
    def test_refuses_losses_that_it_does_not_have(self, notation, loss, message):
        with pytest.raises(tg.SettingError, match=message):
            Case(notation).unroll(loss=loss)

    def test_refuses_an_unknown_loss_without_targets_too(self):
        with pytest.raises(tg.SettingError, match="loss is one of"):
            Case("subscript").unroll(targets=None, loss="huber")
