"""The optimisers beside PyTorch's, written down and live; their state; clipping by value; schedules."""

import json
import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.training.golden.optimisers import GRADIENTS, PATH, RULES, START, pytorch_s
from tinygrad_rnn.training import constant, cosine, step_decay, warm_up

GOLDEN = json.loads(PATH.read_text())
CASES = [(name, settings) for name, cases in RULES.items() for settings in cases]


def steps(optimiser, theta, gradients):
    for gradient in gradients:
        theta.grad = np.array(gradient)
        optimiser.step()
        yield theta.data


def make(name, settings):
    theta = tg.parameter(START)
    return getattr(tg, name)([theta], **{"lr": 0.01, **settings} if name == "SGD" else settings), theta


@pytest.mark.parametrize(("name", "settings", "expected"), GOLDEN)
def test_equal_what_pytorch_gave(name, settings, expected):
    np.testing.assert_allclose([*steps(*make(name, settings), GRADIENTS)], expected, rtol=1e-10)


def test_every_case_is_written_down():
    assert [(name, settings) for name, settings, _ in GOLDEN] == CASES


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_equal_pytorch_s(name, settings):
    pytest.importorskip("torch")
    np.testing.assert_allclose([*steps(*make(name, settings), GRADIENTS)], pytorch_s(name, settings), rtol=1e-10)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_a_restored_state_goes_on_bit_for_bit(name, settings):
    whole, theta = make(name, settings)
    expected = [*steps(whole, theta, GRADIENTS)]
    first, theta = make(name, settings)
    [*steps(first, theta, GRADIENTS[:7])]
    second, other = make(name, settings)
    other.data = theta.data
    state = first.state_dict()
    second.load_state_dict(state)
    for array in state.values():
        array[...] = -1  # which the optimiser has copied
    np.testing.assert_array_equal([*steps(second, other, GRADIENTS[7:])], expected[7:])


def test_a_state_of_another_kind_is_refused():
    adam, _ = make("Adam", {})
    sgd, _ = make("SGD", {})
    with pytest.raises(tg.SettingError, match=r"not the state of such an Adam: it differs in 0\.m, 0\.v"):
        adam.load_state_dict(sgd.state_dict())
    wide = tg.Adam([tg.parameter(np.ones(4))])
    with pytest.raises(tg.SettingError, match=r"0\.m .* \(4,\), not \(3,\)"):
        adam.load_state_dict(wide.state_dict())
    before = adam.state_dict()
    for name, value, error in (("0.steps", -1, tg.SettingError), ("0.v", np.array(["a"] * 3), tg.DTypeError)):
        with pytest.raises(error):
            adam.load_state_dict({**before, "0.m": np.ones(3), name: value})
        assert all((adam.state_dict()[key] == array).all() for key, array in before.items())


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("SGD", {"nesterov": True}, "Nesterov's momentum needs a momentum"),
        ("RMSProp", {"rho": 1}, r"rho is a number in \[0, 1\), not 1"),
        ("RMSProp", {"momentum": -1}, r"momentum is a number in \[0, 1\), not -1"),
        ("RMSProp", {"eps": 0}, "eps is a finite number above 0, not 0"),
        ("Adagrad", {"eps": -1}, "eps is a finite number above 0, not -1"),
        ("AdamW", {"weight_decay": math.inf}, "weight_decay is a finite number from 0, not inf"),
    ],
)
def test_settings_out_of_range_are_refused(name, settings, message):
    with pytest.raises(tg.SettingError, match=message):
        make(name, settings)


def test_clipping_by_value():
    theta, other = tg.parameter(np.zeros(4)), tg.parameter(np.zeros(2))
    theta.grad = np.array([3.0, -3.0, 0.5, math.inf])
    tg.clip_grad_value([theta, other], 2.0)
    np.testing.assert_array_equal(theta.grad, [2.0, -2.0, 0.5, 2.0])
    assert other.grad is None


def test_clipping_by_value_refuses_nan_and_changes_nothing():
    good, bad = tg.parameter(np.zeros(1)), tg.parameter(np.zeros(1), label="W")
    good.grad, bad.grad = np.array([3.0]), np.array([math.nan])
    with pytest.raises(tg.NonFiniteError, match="'W'"):
        tg.clip_grad_value([good, bad], 1.0)
    assert good.grad == 3.0
    with pytest.raises(tg.SettingError, match="max_value is a number above 0"):
        tg.clip_grad_value([good], 0)


@pytest.mark.parametrize("n", range(12))
def test_schedules_are_pytorch_s(n):
    torch = pytest.importorskip("torch")
    theta = torch.nn.Parameter(torch.zeros(1))
    for ours, theirs in (
        (lambda n: step_decay(n, 3, 0.5), lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.5)),
        (lambda n: cosine(n, 20, 0.1), lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20, 0.1)),
        (lambda n: warm_up(n, 5), lambda o: torch.optim.lr_scheduler.LinearLR(o, 0.2, 1.0, 4)),
    ):
        optimiser = torch.optim.SGD([theta], lr=1.0)
        scheduler = theirs(optimiser)
        for _ in range(n):
            optimiser.step()
            scheduler.step()
        assert ours(n) == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-12)


def test_schedules_multiply():
    assert [constant(n) * warm_up(n, 2) * step_decay(n, 2) for n in range(4)] == [0.5, 1, 0.1, 0.1]
    assert warm_up(0, 0) == 1
    assert cosine(50, 10, 0.25) == 0.25


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (lambda: step_decay(3, 0), "every is a whole number from 1, not 0"),
        (lambda: step_decay(3, 2, -0.5), "factor is a finite number above 0, not -0.5"),
        (lambda: cosine(3, 0), "updates is a finite number above 0, not 0"),
        (lambda: warm_up(3, -1), "updates is a number from 0, not -1"),
    ],
)
def test_schedules_that_cannot_be_are_refused(schedule, message):
    with pytest.raises(tg.SettingError, match=message):
        schedule()
