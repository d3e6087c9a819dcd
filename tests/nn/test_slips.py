"""What the three texts print, what is right, and the number that tells them apart: docs/notations.md, checked."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import textbook
from elman_cases import Case, relative_error

import tinygrad_rnn as tg

DOCS = Path(__file__).parents[2] / "docs"
SLIPS = SimpleNamespace(**runpy.run_path(str(DOCS / "slips.py")))
SEEDS = range(20)


def gradient(output, node):
    return tg.grad(output, [node])[0].data


def credit(run, name):
    """credit[t, k]: the derivative of the loss of step t by the parameter's use at step k."""
    uses = [copies[name] for copies in run.copies]
    return np.array([[node.data for node in tg.grad(term, uses)] for term in run.losses])


def test_the_document_shows_what_its_command_prints():
    environment = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-W", "error", DOCS / "slips.py"]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=environment).stdout
    assert len(printed.splitlines()) == 7
    assert f"```text\n{printed}```\n" in (DOCS / "notations.md").read_text(encoding="utf-8")


class TestArticle:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_sum_over_steps_agrees_once_put_right(self, seed):
        for row in SLIPS.article_weights(seed):
            assert relative_error(row.put_right, row.backprop) <= 1e-12
            assert relative_error(row.as_printed, row.backprop) > 1e-3

    @pytest.mark.parametrize("seed", SEEDS)
    def test_sum_over_steps_loses_all_credit_through_time(self, seed):
        _, run = SLIPS.random_run("subscript", seed)
        at_the_end = next(SLIPS.article_weights(seed))
        *earlier, last = credit(run, "W_hh")[-1]
        assert relative_error(at_the_end.as_printed, last) <= 1e-12
        assert relative_error(at_the_end.backprop - at_the_end.as_printed, sum(earlier)) <= 1e-12

    @pytest.mark.parametrize(("name", "lost"), [("W_xh", 0.82), ("W_hh", 0.84), ("b_h", 0.84)])
    def test_sum_over_steps_loses_more_than_half_of_the_gradient(self, name, lost):
        errors = []
        for seed in range(SLIPS.NETWORKS):
            p, run = SLIPS.random_run("subscript", seed)
            by_the_last_use = gradient(run.losses[-1], run.copies[-1][name])
            errors.append(relative_error(by_the_last_use, gradient(run.losses[-1], p[name])))
        assert np.median(errors) > 0.5
        assert round(np.median(errors), 2) == lost

    @pytest.mark.parametrize("seed", SEEDS)
    def test_loss_derivative_has_the_other_sign(self, seed):
        one_step, many_steps = SLIPS.article_outputs(seed)
        np.testing.assert_array_equal(one_step.as_printed, -one_step.put_right)
        assert relative_error(many_steps.as_printed, many_steps.backprop) > 1
        _, run = SLIPS.random_run("subscript", seed)
        y, target = (np.array([node.data for node in nodes]) for nodes in (run.outputs, run.targets))
        difference = textbook.complex_step(lambda at: textbook.LOSSES["mse"](at["y"], target), {"y": y})["y"]
        assert relative_error(many_steps.put_right, difference) <= 1e-12

    def test_loss_derivative_makes_descent_climb(self):
        y, target = np.array([[0.3, -0.5]]), np.array([[1.0, 0.0]])
        before, with_printed, with_right = (
            textbook.LOSSES["mse"](y - 0.1 * slope, target)
            for slope in (np.zeros_like(y), 2 * (target - y), 2 * (y - target))
        )
        assert with_right < before < with_printed

    def test_product_of_recurrent_weights_and_input_does_not_exist(self):
        p, run = SLIPS.random_run("subscript", 0)
        with pytest.raises(tg.ShapeError, match=r"linear of x_1 \(3,\) float64, W_hh \(8, 8\)"):
            tg.linear(run.inputs[0], p["W_hh"])

    def test_bias_is_one_for_all_steps(self):
        case = Case("subscript")
        run = case.unroll(copies=True)
        assert len(run.graph.find(label="b_h")) == 1
        by_step = [gradient(run.loss, copies["b_h"]) for copies in run.copies]
        assert np.size(by_step) == len(run) * case.net.parameters["b_h"].size
        assert relative_error(sum(by_step), gradient(run.loss, case.net.parameters["b_h"])) <= 1e-12

    def test_lstm_needs_no_backpropagation_of_its_own(self):
        def loss(values):
            """Of arrays and of Tensors alike; gates in the order input, forget, candidate, output."""
            h = c = np.zeros(3)
            for x in values["xs"]:
                sums = values["W"] @ np.concatenate([x, h]) + values["b"]
                i, f, o = (1 / (1 + np.exp(-sums[k : k + 3])) for k in (0, 3, 9))
                c = f * c + i * np.tanh(sums[6:9])
                h = o * np.tanh(c)
            return (h * h).sum()

        random = np.random.default_rng(0)
        values = {"W": random.normal(size=(12, 5)), "b": random.normal(size=12), "xs": random.normal(size=(6, 2))}
        nodes = {name: tg.parameter(array) for name, array in values.items()}
        loss(nodes).backward()
        expected = textbook.complex_step(loss, values)
        assert max(relative_error(nodes[name].grad, expected[name]) for name in values) <= 1e-12


class TestNote:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_bias_gradient_read_as_total_counts_each_credit_several_times(self, seed):
        (row,) = SLIPS.note(seed)
        _, run = SLIPS.random_run("goodfellow", seed)
        t, k = np.indices((len(run), len(run)))
        of_b = credit(run, "b")
        assert not of_b[k > t].any()
        times = np.maximum(t - k + 1, 0)
        assert relative_error(row.as_printed, np.einsum("tk,tkh->h", times, of_b)) <= 1e-12
        assert relative_error(row.put_right, of_b.sum(axis=(0, 1))) <= 1e-12
        assert relative_error(row.put_right, row.backprop) <= 1e-12
        assert relative_error(row.as_printed, row.backprop) > 0.1

    def test_loss_is_a_sum_over_the_classes_too(self):
        run = Case("goodfellow").unroll()
        as_printed = -sum(y * np.log(y_hat) for y, y_hat in zip(run.targets, run.outputs, strict=True))
        assert as_printed.shape == (2,)
        with pytest.raises(tg.GraphError, match="has 2 elements"):
            as_printed.backward()
        assert as_printed.sum().item() == pytest.approx(run.loss.item(), rel=1e-14)

    def test_state_gradients_follow_the_recursion(self):
        case = Case("goodfellow")
        run = case.unroll()
        W, V = (case.net.parameters[name].data for name in "WV")
        found = [node.data for node in tg.grad(run.loss, run.states)]
        by_logits = [y.data.sum() * y_hat.data - y.data for y, y_hat in zip(run.targets, run.outputs, strict=True)]
        assert relative_error(found[-1], V.T @ by_logits[-1]) <= 1e-12
        for t in range(len(run) - 1):
            h_next = run.states[t + 1].data
            expected = W.T @ np.diag(1 - h_next**2) @ found[t + 1] + V.T @ by_logits[t]
            assert relative_error(found[t], expected) <= 1e-12


class TestLecture:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_partial_derivative_by_the_input_weights_is_zero(self, seed):
        (row,) = SLIPS.lecture(seed)
        assert not row.as_printed.any()
        assert row.backprop.any()
        assert relative_error(row.put_right, row.backprop) <= 1e-12

    @pytest.mark.parametrize("name", ["U", "W"])
    def test_forward_accumulation_equals_backprop_at_every_step(self, name):
        case = Case("lagged", sizes=(2, 3, 2), steps=6)
        run, weights = case.unroll(), case.net.parameters[name]
        states = [*run.states, run.final_state]
        directions = np.eye(weights.size).reshape(-1, *weights.shape)
        for state in states:
            columns = [tg.jvp(state, [weights], [direction]).data for direction in directions]
            rows = [tg.grad(state, [weights], gradient=adjoint)[0].data.ravel() for adjoint in np.eye(3)]
            assert relative_error(np.transpose(columns), rows) <= 1e-12

    @pytest.mark.parametrize("name", ["U", "W"])
    def test_forward_accumulation_is_the_induction(self, name):
        case = Case("lagged", sizes=(2, 3, 2), steps=6)
        run, weights = case.unroll(), case.net.parameters[name]
        states = [*run.states, run.final_state]
        read = run.inputs if name == "U" else run.states
        direction = np.random.default_rng(0).normal(size=weights.shape)
        derivative = np.zeros(3)  # of s_1
        for factor, made in zip(read, states[1:], strict=True):
            slope = np.diag(1 - made.data**2)
            derivative = slope @ (direction @ factor.data + case.net.parameters["W"].data @ derivative)
            assert relative_error(tg.jvp(made, [weights], [direction]).data, derivative) <= 1e-12
