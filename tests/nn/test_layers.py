"""Linear maps, embeddings, dropout, normalisation and composition."""

import importlib.util

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.support import check_derivatives

XS = np.random.default_rng(0).normal(size=(4, 3, 5))


class TestLinear:
    @pytest.mark.parametrize("bias", [True, False])
    def test_is_a_weighted_sum_plus_a_bias(self, bias):
        layer = tg.nn.Linear(5, 2, bias=bias)
        expected = XS @ layer.weight.data.T + (layer.bias.data if bias else 0)
        np.testing.assert_allclose(layer(tg.tensor(XS)).data, expected, rtol=1e-13)
        assert list(layer.state_dict()) == ["weight", "bias"][: 1 + bias]

    def test_starts_uniform_within_one_over_the_root_of_the_features(self):
        layer = tg.nn.Linear(100, 200, seed=1)
        for values in layer.state_dict().values():
            assert 0.09 < np.abs(values).max() <= 0.1
        assert (layer.weight.data == tg.nn.Linear(100, 200, seed=1).weight.data).all()
        assert (layer.weight.data != tg.nn.Linear(100, 200, seed=2).weight.data).all()


class TestEmbedding:
    @pytest.mark.parametrize("form", [np.asarray, np.uint8, tg.tensor, lambda rows: rows])
    def test_gives_rows(self, form):
        embedding = tg.nn.Embedding(4, 3)
        rows = [[0, 3, 3], [1, 2, 0]]
        assert (embedding(form(rows)).data == embedding.weight.data[np.array(rows)]).all()

    def test_adds_up_the_gradients_of_a_row(self):
        embedding = tg.nn.Embedding(4, 2)
        (embedding([1, 3, 1]) * np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).sum().backward()
        assert embedding.weight.grad.tolist() == [[0, 0], [6, 8], [0, 0], [3, 4]]

    def test_is_unrolled_into_a_node_for_every_step(self):
        embedding = tg.nn.Embedding(4, 2)
        nodes = embedding.unroll([[0, 1], [2, 3], [1, 1]])
        assert [(x.label, x.step, x.shape) for x in nodes] == [(f"x_{t}", t, (2, 2)) for t in (1, 2, 3)]
        assert (nodes[1].data == embedding.weight.data[[2, 3]]).all()

    def test_starts_standard_normal(self):
        values = tg.nn.Embedding(300, 100).weight.data
        assert abs(values.mean()) < 0.02
        assert abs(values.std() - 1) < 0.02

    @pytest.mark.parametrize(
        ("rows", "error", "message"),
        [
            ([0, 4], tg.IndexingError, "an embedding of 4 takes 0 to 3; got 0 to 4"),
            (-1, tg.IndexingError, "takes 0 to 3; got -1"),
            ([0.0], tg.DTypeError, "takes integers, not float64"),
            ([True], tg.DTypeError, "takes integers, not bool"),
            ([[1], [2, 3]], tg.OperandError, "cannot make an array of real numbers from a list"),
        ],
    )
    def test_refuses_what_is_no_row(self, rows, error, message):
        with pytest.raises(error, match=message):
            tg.nn.Embedding(4, 2)(rows)


class TestDropout:
    def test_keeps_the_mean(self):
        dropped = tg.nn.Dropout(0.3)(tg.tensor(np.ones((100, 100)))).data
        assert sorted(set(dropped.ravel())) == [0, 1 / 0.7]
        assert abs((dropped == 0).mean() - 0.3) < 0.02

    def test_follows_from_the_seed(self):
        first, again, other = (tg.nn.Dropout(0.5, seed=seed) for seed in (1, 1, 2))
        x = tg.tensor(np.ones(100))
        found = first(x).data
        assert (found == again(x).data).all()
        assert (found != other(x).data).any()
        assert (found != first(x).data).any()

    def test_goes_on_where_its_generator_was_set_back(self):
        dropout = tg.nn.Dropout(0.5)
        x = tg.tensor(np.ones(100))
        before = dropout.random.bit_generator.state
        found = dropout(x).data
        dropout.random.bit_generator.state = before
        assert (found == dropout(x).data).all()

    @pytest.mark.parametrize("p", [0, 0.5])
    def test_makes_no_node_where_nothing_is_dropped(self, p):
        dropout = tg.nn.Dropout(p)
        x = tg.tensor(np.ones(3))
        steps = tg.nn.Embedding(3, 2).unroll([0, 1])
        if p:
            dropout.eval()
        assert dropout(x) is x
        assert dropout.over(steps) is steps

    def test_variational_draws_once_for_a_sequence(self):
        dropout = tg.nn.Dropout(0.5, variational=True)
        whole = dropout(tg.tensor(np.ones((6, 4, 5)))).data
        assert (whole == whole[0]).all()
        assert len(set(whole.ravel())) == 2
        steps = tg.nn.Embedding(3, 50).unroll([0, 1, 1])
        dropped = dropout.over(steps)
        kept = [x.data != 0 for x in dropped]
        assert all((mask == kept[0]).all() for mask in kept)
        assert 0 < kept[0].sum() < 50
        assert [x.step for x in dropped] == [1, 2, 3]

    def test_else_draws_anew_for_every_step(self):
        first, second = tg.nn.Dropout(0.5).over(tg.nn.Embedding(3, 50).unroll([1, 1]))
        assert (first.data != second.data).any()

    @pytest.mark.parametrize("p", [-0.1, 1.0, np.nan, "x", None])
    def test_refuses_what_is_no_probability(self, p):
        with pytest.raises(tg.SettingError, match=r"a probability of dropout is a number in \[0, 1\)"):
            tg.nn.Dropout(p)


class TestLayerNorm:
    def test_gives_mean_zero_and_variance_one(self):
        y = tg.nn.LayerNorm(5, eps=0.0)(tg.tensor(XS)).data
        np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-15)
        np.testing.assert_allclose(y.var(axis=-1), 1, rtol=1e-13)

    def test_is_finite_for_equal_values(self):
        layer = tg.nn.LayerNorm(4)
        x = tg.parameter(np.ones(4))
        y = layer(x)
        y.sum().backward()
        assert not y.data.any()
        assert np.isfinite(x.grad).all()

    @pytest.mark.parametrize("shape", [(), (4, 1), (4, 3)])
    def test_refuses_other_features(self, shape):
        """One feature as well, which broadcasting would quietly make five."""
        with pytest.raises(tg.ShapeError, match=r"expected x of shape \(…, 5\), got"):
            tg.nn.LayerNorm(5)(tg.tensor(np.ones(shape)))

    @pytest.mark.parametrize("eps", [-1e-5, np.nan, "x"])
    def test_refuses_an_eps_that_cannot_be(self, eps):
        with pytest.raises(tg.SettingError, match="eps is a finite number from 0"):
            tg.nn.LayerNorm(5, eps=eps)

    def test_has_derivatives_to_the_second_order(self):
        layer = tg.nn.LayerNorm(5)

        def function(x, w, b):
            layer.weight, layer.bias = w, b
            return layer(x)

        check_derivatives(function, XS[0], XS[1, 0], XS[2, 0])


class TestSequential:
    def test_gives_what_its_parts_give_one_after_the_other(self):
        first, last = tg.nn.Linear(5, 4), tg.nn.Linear(4, 2)
        net = tg.nn.Sequential(first, tg.tanh, last)
        assert (net(tg.tensor(XS)).data == last(tg.tanh(first(tg.tensor(XS)))).data).all()
        assert list(net.parameters) == ["0.weight", "0.bias", "2.weight", "2.bias"]

    def test_of_nothing_changes_nothing(self):
        x = tg.tensor(1.0)
        assert tg.nn.Sequential()(x) is x

    def test_keeps_what_a_subclass_adds(self):
        class Scaled(tg.nn.Sequential):
            def __init__(self, *parts):
                super().__init__(*parts)
                self.scale = tg.parameter(2.0)

        assert list(Scaled(tg.nn.Linear(2, 1, bias=False)).parameters) == ["scale", "0.weight"]

    @pytest.mark.parametrize("part", [3, [tg.nn.Linear(2, 1)], None])
    def test_refuses_what_cannot_be_called(self, part):
        with pytest.raises(tg.OperandError, match="expected modules and functions"):
            tg.nn.Sequential(tg.tanh, part)

    def test_passes_train_and_eval_on(self):
        net = tg.nn.Sequential(tg.nn.Sequential(tg.nn.Dropout(0.9))).eval()
        x = tg.tensor(np.ones(50))
        assert net(x) is x
        assert net.train()(x) is not x


@pytest.mark.parametrize(
    "make",
    [
        lambda: tg.nn.Linear(0, 1),
        lambda: tg.nn.Linear(1, 2.0),
        lambda: tg.nn.Embedding(True, 1),
        lambda: tg.nn.LayerNorm(0),
    ],
)
def test_sizes_that_cannot_be_are_refused(make):
    with pytest.raises(tg.SettingError, match="is a whole number from 1"):
        make()


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    ("make", "name", "sizes"),
    [
        (tg.nn.Linear, "Linear", (5, 2)),
        (tg.nn.LayerNorm, "LayerNorm", (5,)),
        (tg.nn.Embedding, "Embedding", (5, 2)),
    ],
)
def test_agrees_with_pytorch(make, name, sizes):
    import torch

    ours, theirs = make(*sizes), getattr(torch.nn, name)(*sizes, dtype=torch.float64)
    random = np.random.default_rng(0)
    state = {path: random.normal(size=value.shape) for path, value in ours.state_dict().items()}
    ours.load_state_dict(state)
    theirs.load_state_dict({path: torch.tensor(value) for path, value in state.items()})
    x = random.integers(5, size=(3, 4)) if name == "Embedding" else XS
    y, expected = ours(tg.tensor(x)), theirs(torch.tensor(x))
    weights = random.normal(size=y.shape)
    (y * weights).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=1e-12)
    for path, parameter in theirs.named_parameters():
        np.testing.assert_allclose(ours.parameters[path].grad, parameter.grad.numpy(), rtol=1e-12)
