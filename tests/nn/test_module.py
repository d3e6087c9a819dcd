"""Parameters are found where a module keeps them, and named by path."""

import numpy as np
import pytest

import tinygrad_rnn as tg


class Head(tg.nn.Module):
    def __init__(self):
        self.weight = tg.parameter(np.ones(2), "w")
        self.offset = tg.tensor(np.zeros(2))  # a constant
        self.name = "head"


class Net(tg.nn.Module):
    def __init__(self):
        self.heads = [Head(), Head()]
        self.by_name = {"a": Head(), "b": (tg.parameter(np.zeros(3)),)}
        self.scale = tg.parameter(2.0)
        self.noise = tg.nn.Dropout(0.5)
        self.last = self.scale * 2  # a result, not a parameter


PATHS = ["scale", "heads.0.weight", "heads.1.weight", "by_name.a.weight", "by_name.b.0"]


def test_parameters_are_found_in_attributes_lists_tuples_and_dicts():
    net = Net()
    assert list(net.parameters) == PATHS
    assert net.parameters["heads.1.weight"] is net.heads[1].weight
    assert net.parameters["by_name.b.0"] is net.by_name["b"][0]


def test_a_parameter_that_two_parts_share_has_two_names():
    net = Net()
    net.heads[1].weight = net.heads[0].weight
    assert list(net.parameters) == PATHS
    optimiser = tg.SGD(net.parameters, lr=0.1)
    assert len(optimiser.parameters) == 4


def test_generators_are_found_too():
    net = Net()
    assert net.generators == {"noise.random": net.noise.random}


def test_train_and_eval_reach_every_part():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(part.training for part in (net, *net.heads, net.by_name["a"], net.noise))
    assert all(part.training for part in (net.train(), *net.heads, net.by_name["a"], net.noise))
    assert tg.nn.Module.training


def test_an_elman_network_is_a_module_among_others():
    net = tg.nn.Module()
    net.elman = tg.nn.ElmanRNN(2, 3, 1)
    assert list(net.parameters) == ["elman.W_xh", "elman.W_hh", "elman.W_oh", "elman.b_h", "elman.b_o"]
    state = {name: value + 1 for name, value in net.elman.state_dict().items()}
    net.elman.load_state_dict(state)
    assert (net.parameters["elman.W_hh"].data == state["W_hh"]).all()


def test_a_recurrent_layer_s_subclass_has_parameters_of_its_own():
    class Headed(tg.nn.GRU):
        def __init__(self):
            super().__init__(2, 3, bias=False)
            self.head = tg.nn.Linear(3, 1)

    assert list(Headed().parameters) == ["weight_ih_l0", "weight_hh_l0", "head.weight", "head.bias"]
    assert not Headed().eval().head.training


def test_a_module_says_how_large_it_is():
    assert repr(tg.nn.LSTM(10, 20, 2)) == "<LSTM of 5,920 parameters>"


class TestState:
    def test_goes_from_one_module_to_another(self):
        net, other = Net(), Net()
        for number, parameter in enumerate(net.parameters.values()):
            parameter.data = parameter.data + number
        other.load_state_dict(net.state_dict())
        assert all((other.parameters[path].data == net.parameters[path].data).all() for path in PATHS)

    def test_is_a_copy(self):
        net = Net()
        state = net.state_dict()
        state["heads.0.weight"][...] = 7
        assert net.heads[0].weight.data.tolist() == [1, 1]
        net.load_state_dict(state)
        state["heads.0.weight"][...] = 8
        assert net.heads[0].weight.data.tolist() == [7, 7]

    def test_keeps_graphs_already_built(self):
        net = Net()
        y = (net.heads[0].weight * 3).sum()
        net.load_state_dict({path: value * 5 for path, value in net.state_dict().items()})
        assert y.item() == 6

    def test_is_cast_to_the_parameters_dtype(self):
        layer = tg.nn.Linear(2, 1, dtype=np.float32)
        layer.load_state_dict({"weight": [[1, 2]], "bias": np.array([0.5], np.float64)})
        assert layer.weight.dtype == layer.bias.dtype == np.float32

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"scale": None}, tg.SettingError, "missing for: scale; .*unknown parameters: none"),
            ({"heads.2.weight": [1, 1]}, tg.SettingError, "missing for: none; .*unknown parameters: heads.2.weight"),
            ({"heads.1.weight": [1, 1, 1]}, tg.ShapeError, r"heads.1.weight has the shape \(2,\).*shape \(3,\)"),
            ({"heads.1.weight": [1j, 1]}, tg.DTypeError, "heads.1.weight: expected real numbers"),
            ({"heads.1.weight": "one"}, tg.DTypeError, "heads.1.weight: expected real numbers"),
        ],
    )
    def test_that_does_not_fit_is_refused_whole(self, change, error, message):
        net = Net()
        state = {path: value * 0 for path, value in net.state_dict().items()} | change
        state = {path: value for path, value in state.items() if value is not None}
        with pytest.raises(error, match=message):
            net.load_state_dict(state)
        assert net.scale.item() == 2
        assert net.heads[0].weight.data.tolist() == [1, 1]


def test_a_composition_is_trained_like_any_network():
    """A character model in small: embedding, LSTM and a linear head learn a sequence by heart."""

    class Model(tg.nn.Module):
        def __init__(self):
            self.embedding = tg.nn.Embedding(3, 4)
            self.lstm = tg.nn.LSTM(4, 8)
            self.head = tg.nn.Sequential(tg.nn.LayerNorm(8), tg.nn.Linear(8, 3))

        def loss(self, text):
            outputs, _ = self.lstm.unroll(self.embedding.unroll(text[:-1]))
            terms = [tg.nn.cross_entropy(self.head(h), c) for h, c in zip(outputs, text[1:], strict=True)]
            return sum(terms) / len(terms)

    model, text = Model(), np.array([0, 1, 2, 2, 1, 0, 0, 2, 1])
    optimiser = tg.Adam(model.parameters, lr=0.03)
    first = model.loss(text).item()
    for _ in range(40):
        optimiser.zero_grad()
        model.loss(text).backward()
        optimiser.step()
    assert model.loss(text).item() < 0.05 < 0.9 < first
