import numpy as np
import pytest
import textbook
from elman_cases import Case, assert_agree, gradients, relative_error

import tinygrad_rnn as tg

NOTATIONS = ("lagged", "subscript", "goodfellow")


class TestTerms:
    """The terms of a run are nodes of its graph, factors included."""

    @pytest.mark.parametrize("loss", ["sse", "mse", "cross_entropy"])
    @pytest.mark.parametrize("batch", [None, 1, 3])
    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_are_the_text_s_and_sum_to_the_loss(self, notation, batch, loss):
        case = Case(notation, batch=batch, output_activation="softmax")
        run = case.unroll(loss=loss)
        outputs = textbook.outputs_of(notation, case.values, "tanh", "softmax")
        factor = 1 / ((batch or 1) * (len(run) if loss == "mse" else 1))
        kind = "cross_entropy" if loss == "cross_entropy" else "sse"
        expected = [factor * textbook.LOSSES[kind]([o], [y]) for o, y in zip(outputs, case.targets, strict=True)]
        np.testing.assert_allclose([term.item() for term in run.losses], expected, rtol=1e-13)
        assert run.loss.item() == pytest.approx(sum(expected), rel=1e-13)

    @pytest.mark.parametrize(
        ("notation", "loss"), [("lagged", "sse"), ("subscript", "mse"), ("goodfellow", "cross_entropy")]
    )
    def test_are_by_default_those_of_the_notation(self, notation, loss):
        case = Case(notation)
        assert case.unroll().loss.item() == case.unroll(loss=loss).loss.item()

    @pytest.mark.parametrize(("batch", "op"), [(None, "sum"), (1, "sum"), (2, "multiply")])
    def test_are_multiplied_only_where_there_is_a_factor(self, batch, op):
        assert [term.op.name for term in Case("lagged", batch=batch).unroll().losses] == [op] * 5

    @pytest.mark.parametrize("notation", NOTATIONS)
    def test_gradients_sum_to_the_gradient_of_the_loss(self, notation):
        case = Case(notation, batch=2)
        run = case.unroll()
        parameters = case.net.parameters
        by_term = [tg.grad(term, parameters.values()) for term in run.losses]
        whole = tg.grad(run.loss, parameters.values())
        for parts, gradient in zip(zip(*by_term, strict=True), whole, strict=True):
            assert relative_error(sum(part.data for part in parts), gradient.data) <= 1e-12

    def test_of_a_batch_are_the_mean_over_its_sequences(self):
        case = Case("goodfellow", batch=3)
        xs, initial, targets = case.values["xs"], case.values["initial"], case.targets
        alone = [case.net.unroll(xs[:, i], targets[:, i], initial_state=initial[i]).loss.item() for i in range(3)]
        assert case.unroll().loss.item() == pytest.approx(np.mean(alone), rel=1e-14)


class TestTargets:
    @pytest.mark.parametrize("batch", [None, 2])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, tg.tensor, lambda c: list(map(tg.tensor, c))])
    def test_may_be_integer_classes(self, form, dtype, batch):
        case = Case("goodfellow", sizes=(3, 4, 5), batch=batch, dtype=dtype)
        classes = np.random.default_rng(1).integers(5, size=case.targets.shape[:-1])
        run, one_hot = case.unroll(targets=form(classes)), case.unroll(targets=np.eye(5)[classes])
        assert run.loss.dtype == dtype
        assert_agree(gradients(case.net, run), gradients(case.net, one_hot), tolerance=0)
        assert [y.label for y in run.targets] == ["y_1", "y_2", "y_3", "y_4", "y_5"]

    def test_of_small_unsigned_integers_are_classes_too(self):
        case = Case("goodfellow", steps=3)
        classes = np.array([0, 1, 1], np.uint8)
        assert case.unroll(targets=classes).loss.item() == case.unroll(targets=[0, 1, 1]).loss.item()

    def test_that_are_one_hot_integers_are_probabilities(self):
        case = Case("goodfellow", steps=2, sizes=(3, 4, 2))
        assert case.unroll(targets=[[0, 1], [1, 0]]).loss.item() == case.unroll(targets=[1, 0]).loss.item()

    def test_may_be_nodes_and_then_get_a_gradient(self):
        case = Case("subscript")
        targets = tg.parameter(case.targets)
        run = case.unroll(targets=targets)
        run.loss.backward()
        errors = np.array([y.data for y in run.outputs]) - case.targets
        np.testing.assert_allclose(targets.grad, -2 / len(run) * errors, rtol=1e-13)


class TestCrossEntropy:
    @pytest.mark.parametrize("scale", [1.0, 1000.0])
    def test_is_exact_where_the_probabilities_underflow(self, scale):
        logits = tg.parameter([scale, -scale, 0.0])
        loss = tg.nn.cross_entropy(logits, tg.tensor([0.0, 1.0, 0.0]))
        loss.backward()
        assert loss.item() == pytest.approx(2 * scale + np.log1p(np.exp(-2 * scale) + np.exp(-scale)), rel=1e-15)
        np.testing.assert_allclose(logits.grad, tg.softmax(logits).data - [0, 1, 0], atol=1e-15)

    def test_of_a_network_with_huge_logits_is_finite(self):
        case = Case("goodfellow")
        for name in ("V", "c"):
            case.net.parameters[name].data = 1000 * case.net.parameters[name].data
        run = case.unroll()
        run.loss.backward()
        logits = np.array([o.data for o in run.logits])
        assert np.abs(logits).max() > 1000
        shifted = logits - logits.max(axis=-1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        assert run.loss.item() == pytest.approx(-(case.targets * log_probabilities).sum(), rel=1e-13)
        assert all(np.isfinite(p.grad).all() for p in case.net.parameters.values())

    def test_of_one_class_alone_is_zero(self):
        case = Case("goodfellow", sizes=(2, 3, 1))
        run = case.unroll(targets=[0] * 5)
        assert run.loss.item() == 0
        assert not any(gradient.any() for gradient in gradients(case.net, run).values())


@pytest.mark.parametrize("loss", [tg.nn.squared_error, tg.nn.cross_entropy])
def test_targets_are_not_broadcast(loss):
    with pytest.raises(tg.ShapeError, match=r"'target' \(3,\) cannot be the target of .*'output' \(2, 3\)"):
        loss(tg.parameter(np.ones((2, 3)), label="output"), tg.tensor(np.ones(3), label="target"))
