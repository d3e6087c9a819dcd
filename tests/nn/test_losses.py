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


@pytest.mark.parametrize("loss", [tg.nn.squared_error, tg.nn.cross_entropy, tg.nn.binary_cross_entropy_with_logits])
def test_targets_are_not_broadcast(loss):
    with pytest.raises(tg.ShapeError, match=r"'target' \(3,\) cannot be the target of .*'output' \(2, 3\)"):
        loss(tg.parameter(np.ones((2, 3)), label="output"), tg.tensor(np.ones(3), label="target"))


def test_no_sequences_cost_nothing():
    assert tg.nn.cross_entropy(tg.tensor(np.zeros((0, 3))), np.zeros(0, int)).item() == 0


LOGITS = np.random.default_rng(5).normal(scale=3, size=(2, 4, 3))
CLASSES = np.random.default_rng(6).integers(3, size=(2, 4))
MASK = np.array([[True, True, False, False], [True, False, True, True]])


class TestClasses:
    @pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, tg.tensor, np.uint8])
    def test_cost_what_their_one_hot_rows_cost(self, form):
        found = tg.nn.cross_entropy(tg.tensor(LOGITS), form(CLASSES))
        assert found.item() == tg.nn.cross_entropy(tg.tensor(LOGITS), np.eye(3)[CLASSES]).item()

    @pytest.mark.parametrize("form", [int, np.int64, tg.tensor])
    def test_may_be_one_alone(self, form):
        logits = LOGITS[0, 0]
        found = tg.nn.cross_entropy(tg.tensor(logits), form(2))
        assert found.item() == pytest.approx(np.log(np.exp(logits).sum()) - logits[2], rel=1e-14)

    @pytest.mark.parametrize("classes", [[0, 3], [-1, 0]])
    def test_that_are_none_are_refused(self, classes):
        with pytest.raises(tg.SettingError, match="classes run from 0 to 2; the targets run from"):
            tg.nn.cross_entropy(tg.tensor(np.zeros((2, 3))), classes)

    def test_have_the_softmax_s_gradient(self):
        logits = tg.parameter(LOGITS)
        tg.nn.cross_entropy(logits, CLASSES).backward()
        np.testing.assert_allclose(logits.grad, tg.softmax(logits).data - np.eye(3)[CLASSES], atol=1e-15)


class TestMasks:
    @pytest.mark.parametrize(
        ("loss", "target"),
        [
            (tg.nn.squared_error, LOGITS / 2),
            (tg.nn.cross_entropy, CLASSES),
            (tg.nn.cross_entropy, np.abs(LOGITS)),
            (tg.nn.binary_cross_entropy_with_logits, np.eye(3)[CLASSES]),
        ],
    )
    def test_leave_out_what_they_hide(self, loss, target):
        logits = tg.parameter(LOGITS)
        found = loss(logits, target, mask=MASK)
        found.backward()
        alone = tg.parameter(LOGITS[MASK])
        expected = loss(alone, target[MASK])
        expected.backward()
        assert found.item() == pytest.approx(expected.item(), rel=1e-14)
        np.testing.assert_allclose(logits.grad[MASK], alone.grad, rtol=1e-14)
        assert not logits.grad[~MASK].any()

    @pytest.mark.parametrize("loss", [tg.nn.squared_error, tg.nn.cross_entropy, tg.nn.binary_cross_entropy_with_logits])
    @pytest.mark.parametrize("form", [np.asarray, tg.tensor])
    def test_hide_gaps_in_targets_from_the_gradient(self, loss, form):
        logits = tg.parameter(LOGITS)
        gaps = np.where(MASK[..., None], np.eye(3)[CLASSES], np.nan)
        (found,) = tg.grad(loss(logits, form(gaps), mask=MASK), [logits])
        (expected,) = tg.grad(loss(logits, np.eye(3)[CLASSES], mask=MASK), [logits])
        assert (found.data == expected.data).all()

    def test_hide_classes_that_are_none(self):
        hidden = np.where(MASK, CLASSES, -100)
        found, expected = (tg.nn.cross_entropy(tg.tensor(LOGITS), c, mask=MASK).item() for c in (hidden, CLASSES))
        assert found == expected

    def test_of_other_shapes_are_refused(self):
        with pytest.raises(tg.ShapeError, match=r"expected a mask of shape \(2, 4\), got \(4,\)"):
            tg.nn.squared_error(tg.tensor(LOGITS), LOGITS, mask=MASK[0])


class TestBinaryCrossEntropy:
    @pytest.mark.parametrize("x", [-800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0])
    @pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
    def test_is_exact_for_logits_of_any_size(self, x, y):
        logits = tg.parameter([x])
        loss = tg.nn.binary_cross_entropy_with_logits(logits, [y])
        loss.backward()
        small = np.log1p(np.exp(-abs(x)))  # −ln of the probability that is nearly one
        expected = y * (small + max(-x, 0)) + (1 - y) * (small + max(x, 0))
        assert loss.item() == pytest.approx(expected, rel=1e-14, abs=0)
        probability = np.exp(-max(-x, 0) - small)
        assert logits.grad[0] == pytest.approx(probability - y, rel=1e-14, abs=1e-16)

    def test_is_the_cross_entropy_of_two_classes(self):
        x = LOGITS[0, :, 0]
        found = tg.nn.binary_cross_entropy_with_logits(tg.tensor(x), CLASSES[0] > 0)
        expected = tg.nn.cross_entropy(tg.tensor(np.stack([np.zeros(4), x], axis=1)), (CLASSES[0] > 0).astype(int))
        assert found.item() == pytest.approx(expected.item(), rel=1e-14)
