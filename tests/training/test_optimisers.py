import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tinygrad_rnn as tg

STEPS = 20
RULES = {
    "SGD": lambda parameters: tg.SGD(parameters, lr=0.1),
    "SGD with momentum": lambda parameters: tg.SGD(parameters, lr=0.1, momentum=0.9),
    "SGD with weight decay": lambda parameters: tg.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.2),
    "Adam": lambda parameters: tg.Adam(parameters, lr=0.05),
    "Adam with weight decay": lambda parameters: tg.Adam(parameters, lr=0.05, weight_decay=0.2),
    "Adam with settings": lambda parameters: tg.Adam(parameters, lr=0.05, betas=(0.5, 0.9), eps=1e-3),
}


def sgd_as_published(theta, slope, lr, momentum=0.0):
    """v ← μ v + ∇, θ ← θ − α v, with v = 0 before the first step."""
    v = np.zeros_like(theta)
    for _ in range(STEPS):
        v = momentum * v + slope(theta)
        theta = theta - lr * v
        yield theta


def adam_as_published(theta, slope, alpha, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Kingma and Ba 2015, algorithm 1, line by line."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t in range(1, STEPS + 1):
        g = slope(theta)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta = theta - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
        yield theta


def decayed(slope):
    """The slope of a loss to which 0.2 ‖θ‖² / 2 is added."""
    return lambda theta: slope(theta) + 0.2 * theta


PUBLISHED = {
    "SGD": lambda theta, slope: sgd_as_published(theta, slope, 0.1),
    "SGD with momentum": lambda theta, slope: sgd_as_published(theta, slope, 0.1, 0.9),
    "SGD with weight decay": lambda theta, slope: sgd_as_published(theta, decayed(slope), 0.1, 0.9),
    "Adam": lambda theta, slope: adam_as_published(theta, slope, 0.05),
    "Adam with weight decay": lambda theta, slope: adam_as_published(theta, decayed(slope), 0.05),
    "Adam with settings": lambda theta, slope: adam_as_published(theta, slope, 0.05, 0.5, 0.9, 1e-3),
}


def valley(theta):
    """Σ θ⁴ / 4 + θ₀ θ₁, whose slope is θ³ and the other's value; for arrays and Tensors alike."""
    return (theta * theta * theta * theta).sum() / 4 + theta[0] * theta[1]


def slope_of_valley(theta):
    return theta**3 + [theta[1], theta[0], 0]


START = np.array([1.0, -2.0, 0.5])


def network():
    """A small network after one backward pass, and its loss."""
    net = tg.nn.ElmanRNN(2, 3, 1)
    random = np.random.default_rng(0)
    run = net.unroll(random.normal(size=(5, 2)), random.normal(size=(5, 1)))
    run.loss.backward()
    return net, run


def gradient_vector(net):
    return np.concatenate([parameter.grad.ravel() for parameter in net.parameters.values()])


class TestRules:
    @pytest.mark.parametrize("rule", RULES)
    def test_equal_the_published_ones(self, rule):
        theta = tg.parameter(START)
        optimiser = RULES[rule]([theta])
        for expected in PUBLISHED[rule](START, slope_of_valley):
            optimiser.zero_grad()
            valley(theta).backward()
            optimiser.step()
            np.testing.assert_allclose(theta.data, expected, rtol=1e-12)

    @pytest.mark.parametrize("rule", RULES)
    def test_equal_pytorch_s(self, rule):
        torch = pytest.importorskip("torch")
        theirs = torch.nn.Parameter(torch.tensor(START))
        their_optimiser = {
            "SGD": lambda: torch.optim.SGD([theirs], lr=0.1),
            "SGD with momentum": lambda: torch.optim.SGD([theirs], lr=0.1, momentum=0.9),
            "SGD with weight decay": lambda: torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.2),
            "Adam": lambda: torch.optim.Adam([theirs], lr=0.05),
            "Adam with weight decay": lambda: torch.optim.Adam([theirs], lr=0.05, weight_decay=0.2),
            "Adam with settings": lambda: torch.optim.Adam([theirs], lr=0.05, betas=(0.5, 0.9), eps=1e-3),
        }[rule]()
        ours = tg.parameter(START)
        optimiser = RULES[rule]([ours])
        for _ in range(STEPS):
            for their, loss in ((optimiser, valley(ours)), (their_optimiser, valley(theirs))):
                their.zero_grad()
                loss.backward()
                their.step()
            np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-10)

    @pytest.mark.parametrize("rule", RULES)
    def test_treat_each_parameter_by_itself(self, rule):
        together = [tg.parameter(START), tg.parameter(START[::-1])]
        optimiser = RULES[rule](together)
        apart = [tg.parameter(START), tg.parameter(START[::-1])]
        optimisers = [RULES[rule]([theta]) for theta in apart]
        for _ in range(STEPS):
            for theta in together + apart:
                theta.grad = slope_of_valley(theta.data)
            for each in (optimiser, *optimisers):
                each.step()
        for one, other in zip(together, apart, strict=True):
            np.testing.assert_array_equal(one.data, other.data)

    def test_descent_updates_each_parameter_of_a_network_by_the_text_s_rule(self):
        net, _ = network()
        before = {name: (parameter.data, parameter.grad) for name, parameter in net.parameters.items()}
        tg.SGD(net.parameters, lr=0.3).step()
        for name, (value, gradient) in before.items():
            np.testing.assert_array_equal(net.parameters[name].data, value - 0.3 * gradient)

    @pytest.mark.parametrize("rule", RULES)
    def test_bring_a_network_s_loss_down(self, rule):
        net = tg.nn.ElmanRNN(1, 8, 1)
        wave = np.sin(np.arange(31.0))[:, None]
        optimiser = RULES[rule](net.parameters)
        losses = []
        for _ in range(60):
            run = net.unroll(wave[:-1], wave[1:])
            losses.append(run.loss.item())
            optimiser.zero_grad()
            run.loss.backward()
            optimiser.step()
        assert min(losses) < losses[0] / 4


@pytest.mark.parametrize("rule", RULES)
class TestSteps:
    def test_leave_earlier_graphs_as_they_were(self, rule):
        net, run = network()
        nodes = run.graph.nodes
        before = [np.array(node.data) for node in nodes if node.op is not None]
        gradients = [g.data for g in tg.grad(run.loss, net.parameters.values())]
        optimiser = RULES[rule](net.parameters)
        optimiser.step()
        tg.clip_grad_norm(net.parameters, 1e-3)
        optimiser.step()
        for node, value in zip([node for node in nodes if node.op is not None], before, strict=True):
            np.testing.assert_array_equal(node.data, value)
        for after, gradient in zip(tg.grad(run.loss, net.parameters.values()), gradients, strict=True):
            np.testing.assert_array_equal(after.data, gradient)

    def test_leave_gradients_and_values_held_elsewhere_as_they_were(self, rule):
        theta = tg.parameter(START)
        theta.grad = gradient = np.array([1.0, 2.0, 3.0])
        value = theta.data
        optimiser = RULES[rule]([theta])
        optimiser.step()
        optimiser.step()
        np.testing.assert_array_equal(gradient, [1.0, 2.0, 3.0])
        np.testing.assert_array_equal(value, START)
        assert not np.array_equal(theta.data, value)

    def test_pass_over_parameters_without_a_gradient(self, rule):
        with_gradient, without = tg.parameter(START), tg.parameter(START)
        with_gradient.grad = np.ones(3)
        RULES[rule]([with_gradient, without]).step()
        np.testing.assert_array_equal(without.data, START)
        assert (with_gradient.data != START).all()

    @pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_keep_shape_and_dtype(self, rule, shape, dtype):
        theta = tg.parameter(np.ones(shape, dtype))
        optimiser = RULES[rule]([theta])
        for _ in range(3):
            optimiser.zero_grad()
            tg.square(theta).sum().backward()
            optimiser.step()
        assert (theta.shape, theta.dtype, theta.grad.dtype) == (shape, dtype, dtype)
        assert (theta.data < 1).all()

    def test_count_a_parameter_that_is_listed_twice_once(self, rule):
        once, twice = tg.parameter(START), tg.parameter(START)
        for theta, parameters in ((once, [once]), (twice, {"input": twice, "output": twice})):
            theta.grad = np.ones(3)
            RULES[rule](parameters).step()
        np.testing.assert_array_equal(once.data, twice.data)

    def test_follow_a_learning_rate_set_anew(self, rule):
        theta = tg.parameter(START)
        optimiser = RULES[rule]([theta])
        theta.grad = np.ones(3)
        optimiser.lr = 0.0
        optimiser.step()
        np.testing.assert_array_equal(theta.data, START)

    def test_start_over_with_cleared_gradients(self, rule):
        net, _ = network()
        RULES[rule](net.parameters).zero_grad()
        assert [parameter.grad for parameter in net.parameters.values()] == [None] * 5


class TestClipping:
    @given(
        arrays(np.float64, (4,), elements=st.floats(-1e6, 1e6)),
        arrays(np.float64, (2, 2), elements=st.floats(-1e6, 1e6)),
        st.floats(1e-6, 1e6),
    )
    def test_scales_by_one_factor(self, first, second, max_norm):
        parameters = [tg.parameter(np.zeros(4)), tg.parameter(np.zeros((2, 2)))]
        for parameter, gradient in zip(parameters, (first, second), strict=True):
            parameter.grad = gradient.copy()
        expected = math.sqrt(math.fsum((first**2).ravel()) + math.fsum((second**2).ravel()))
        norm = tg.clip_grad_norm(parameters, max_norm)
        assert norm == pytest.approx(expected, rel=1e-14)
        factor = min(1.0, max_norm / norm) if norm else 1.0
        for parameter, gradient in zip(parameters, (first, second), strict=True):
            np.testing.assert_allclose(parameter.grad, gradient * factor, rtol=1e-15)

    def test_of_a_network_keeps_the_direction(self):
        net, _ = network()
        before = gradient_vector(net)
        norm = tg.clip_grad_norm(net.parameters, 0.01)
        after = gradient_vector(net)
        assert norm == pytest.approx(np.linalg.norm(before), rel=1e-14)
        assert np.linalg.norm(after) == pytest.approx(0.01, rel=1e-14)
        assert before @ after / np.linalg.norm(before) / np.linalg.norm(after) == pytest.approx(1, abs=1e-15)

    @pytest.mark.parametrize("max_norm", [1e3, math.inf])
    def test_leaves_a_small_gradient_as_it_is(self, max_norm):
        net, _ = network()
        before = gradient_vector(net)
        tg.clip_grad_norm(net.parameters, max_norm)
        np.testing.assert_array_equal(gradient_vector(net), before)

    def test_passes_over_parameters_without_a_gradient(self):
        some, none = tg.parameter(START), tg.parameter(START)
        some.grad = np.array([3.0, 4.0, 0.0])
        assert tg.clip_grad_norm([some, none], 1.0) == 5.0
        np.testing.assert_allclose(some.grad, [0.6, 0.8, 0.0], rtol=1e-15)
        assert none.grad is None
        assert tg.clip_grad_norm([none], 1.0) == 0.0

    def test_counts_a_parameter_that_is_listed_twice_once(self):
        theta = tg.parameter(START)
        theta.grad = np.array([3.0, 4.0, 0.0])
        assert tg.clip_grad_norm([theta, theta], 2.5) == 5.0
        np.testing.assert_array_equal(theta.grad, [1.5, 2.0, 0.0])

    @pytest.mark.parametrize("dtype", [np.float32, np.float16])
    def test_squares_of_a_narrow_dtype_do_not_overflow(self, dtype):
        large = np.finfo(dtype).max / 2
        theta = tg.parameter(np.zeros(4, dtype))
        theta.grad = np.full(4, large)
        assert tg.clip_grad_norm([theta], 1.0) == pytest.approx(2 * float(large), rel=1e-15)
        np.testing.assert_allclose(theta.grad, np.full(4, 0.5), rtol=np.finfo(dtype).eps)
        assert theta.grad.dtype == dtype

    @pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan, 1e200])
    def test_refuses_a_norm_that_is_not_finite_and_changes_nothing(self, bad):
        good, broken = tg.parameter(START, label="W"), tg.parameter(START, label="U")
        good.grad, broken.grad = np.full(3, 7.0), np.array([1.0, bad, 2.0])
        with pytest.raises(tg.NonFiniteError, match=r"parameter 'U' \(3,\): (inf|nan)") as caught:
            tg.clip_grad_norm([good, broken], 1.0)
        assert isinstance(caught.value, FloatingPointError)
        assert "'W'" not in str(caught.value)
        np.testing.assert_array_equal(good.grad, np.full(3, 7.0))
        np.testing.assert_array_equal(broken.grad, [1.0, bad, 2.0])


class TestErrors:
    THETA = tg.parameter(START, label="theta")

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda p: tg.SGD(p, lr=0), "lr is a finite number above 0, not 0"),
            (lambda p: tg.SGD(p, lr=math.nan), "lr is a finite number above 0, not nan"),
            (lambda p: tg.SGD(p, lr="fast"), "lr is a finite number above 0, not 'fast'"),
            (lambda p: tg.Adam(p, lr=math.inf), "lr is a finite number above 0, not inf"),
            (lambda p: tg.SGD(p, lr=0.1, momentum=1), r"momentum is a number in \[0, 1\), not 1"),
            (lambda p: tg.SGD(p, lr=0.1, momentum=None), r"momentum is a number in \[0, 1\), not None"),
            (lambda p: tg.SGD(p, lr=0.1, weight_decay=-1), "weight_decay is a finite number from 0, not -1"),
            (lambda p: tg.Adam(p, betas=(0.9, 1.0)), r"a beta is a number in \[0, 1\), not 1\.0"),
            (lambda p: tg.Adam(p, betas=0.9), r"betas are two numbers, not 0\.9"),
            (lambda p: tg.Adam(p, betas=(0.9,)), r"betas are two numbers, not \(0\.9,\)"),
            (lambda p: tg.Adam(p, eps=0), "eps is a finite number above 0, not 0"),
            (lambda p: tg.clip_grad_norm(p, 0), "max_norm is a number above 0, not 0"),
            (lambda p: tg.clip_grad_norm(p, math.nan), "max_norm is a number above 0, not nan"),
            (lambda p: tg.clip_grad_norm(p, "one"), "max_norm is a number above 0, not 'one'"),
            (lambda p: tg.SGD([], lr=0.1), "expected parameters.*got none"),
            (lambda p: tg.clip_grad_norm({}, 1.0), "expected parameters.*got none"),
        ],
    )
    def test_of_settings(self, make, message):
        with pytest.raises(tg.SettingError, match=message):
            make([self.THETA])

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            (THETA, r"in a dict or list; got parameter 'theta' \(3,\)"),
            (None, "in a dict or list; got None"),
            ([THETA, 2.0], r"got 2\.0"),
            ([THETA, START], r"got array"),
            ({"W": tg.tensor(START)}, r"got constant \(3,\)"),
            ([THETA * 2], r"got multiply \(3,\)"),
            (["W_xh"], "got 'W_xh'"),
        ],
        ids=lambda value: None,
    )
    @pytest.mark.parametrize("make", [lambda p: tg.SGD(p, lr=0.1), tg.Adam, lambda p: tg.clip_grad_norm(p, 1.0)])
    def test_of_what_are_no_parameters(self, make, parameters, message):
        with pytest.raises(tg.OperandError, match=message):
            make(parameters)
