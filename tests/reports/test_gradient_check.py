"""The closed form by an independent way, and a check that notices a wrong gradient."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.reports import closed_form, gradient_check
from tinygrad_rnn.reports.gradient_check import check_gradient, relative_difference


@pytest.fixture
def problem():
    random = np.random.default_rng(0)
    return tg.nn.ElmanRNN(2, 3, 2, seed=1), random.normal(size=(7, 2)), random.normal(size=(7, 2))


def test_the_forward_pass_is_the_network_s(problem):
    net, xs, targets = problem
    run = net.unroll(xs, targets)
    values = {name: parameter.data for name, parameter in net.parameters.items()}
    states, outputs = closed_form.forward(values, xs)
    np.testing.assert_allclose(states[1:], [state.data for state in run.states], rtol=1e-13)
    np.testing.assert_allclose(outputs, [output.data for output in run.outputs], rtol=1e-13)
    assert closed_form.loss(values, xs, targets) == pytest.approx(run.loss.item(), rel=1e-13)


def test_generic_backprop_is_right(problem):
    check = check_gradient(*problem)
    assert check.closed_form < 1e-12
    assert check.complex_step < 1e-12
    assert check.finite_difference < 1e-7


def test_the_network_is_left_as_it_was(problem):
    net, xs, targets = problem
    before = {name: parameter.data.copy() for name, parameter in net.parameters.items()}
    check_gradient(net, xs, targets)
    for name, parameter in net.parameters.items():
        np.testing.assert_array_equal(parameter.data, before[name])
        assert parameter.grad is None


def test_a_wrong_gradient_is_noticed_by_all_three(problem, monkeypatch):
    def grad(output, inputs):
        return tuple(tg.tensor(gradient.data * (1 + 1e-5)) for gradient in tg.grad(output, inputs))

    monkeypatch.setattr(gradient_check, "grad", grad)
    assert all(difference == pytest.approx(1e-5, rel=1e-2) for difference in check_gradient(*problem))


def test_relative_difference_is_the_worst_parameter_s():
    found = {"a": np.array([1.0, 2.0]), "b": np.array([10.0])}
    expected = {"a": np.array([1.0, 4.0]), "b": np.array([8.0])}
    assert relative_difference(found, expected) == 0.5
