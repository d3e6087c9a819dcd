"""Elman networks with random numbers in them, and their gradients under the names that `textbook` uses."""

import numpy as np

import tinygrad_rnn as tg


class Case:
    """A network, and random inputs, targets and initial state for it.

    Targets are positive and do not sum to one, so that each loss is asked for its general form.
    """

    def __init__(self, notation, sizes=(3, 4, 2), steps=5, batch=None, seed=0, **settings):
        self.net = tg.nn.ElmanRNN(*sizes, notation=notation, **settings)
        random = np.random.default_rng(seed)
        for parameter in self.net.parameters.values():
            parameter.data = random.normal(scale=0.7, size=parameter.shape)
        input_size, hidden_size, output_size = sizes
        batch = () if batch is None else (batch,)
        self.values = {
            **{name: parameter.data for name, parameter in self.net.parameters.items()},
            "xs": random.normal(size=(steps, *batch, input_size)),
            "initial": random.normal(size=(*batch, hidden_size)),
        }
        self.targets = random.uniform(0.1, 0.9, (steps, *batch, output_size))

    def unroll(self, **changes):
        given = {"xs": self.values["xs"], "targets": self.targets, "initial_state": self.values["initial"], **changes}
        return self.net.unroll(**given)


def gradients(net, run):
    """The loss's derivatives by the parameters, the inputs and the initial state, from the graph."""
    leaves = {**net.parameters, "initial": run.initial_state}
    found = tg.grad(run.loss, [*leaves.values(), *run.inputs])
    arrays = [gradient.data for gradient in found]
    return {**dict(zip(leaves, arrays, strict=False)), "xs": np.stack(arrays[len(leaves) :])}


def relative_error(found, expected):
    """‖found − expected‖ / ‖expected‖, and 0 where both are exactly zero."""
    assert np.shape(found) == np.shape(expected)
    error = np.linalg.norm(np.subtract(found, expected))
    return error / np.linalg.norm(expected) if error else 0.0


def assert_agree(found, expected, tolerance=1e-12):
    """Each array of one dict agrees with that of the other, up to a relative error."""
    assert found.keys() == expected.keys()
    errors = {name: relative_error(found[name], expected[name]) for name in expected}
    assert max(errors.values()) <= tolerance, errors


def same(found, expected):
    """Whether two sequences hold the very same nodes; `==` would compare values."""
    return [id(node) for node in found] == [id(node) for node in expected]
