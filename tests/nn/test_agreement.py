"""The recurrent layers are PyTorch's: outputs, final states and every gradient, to ten digits.

`make_golden.py` has written down random projections of what PyTorch computes. Where PyTorch is installed, all
numbers are compared with it once more.
"""

import importlib.util
from functools import cache

import numpy as np
import pytest
from recurrent_cases import CASES, GOLDEN, HIDDEN, INPUT, probe

import tinygrad_rnn as tg

TOLERANCE = 1e-10

needs_pytorch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")


@cache
def results(case):
    """What this library makes of a case, under PyTorch's names."""
    layer = getattr(tg.nn, case.layer)(INPUT, HIDDEN, **case.settings)
    layer.load_state_dict(case.parameters)
    inputs = {name: tg.parameter(value) for name, value in case.inputs.items()}
    xs, *states = inputs.values()
    outputs, final = layer(xs, states if len(states) == 2 else states[0], case.lengths)
    h_n, *c_n = final if isinstance(final, tuple) else (final,)
    found = {"outputs": outputs, "h_n": h_n, **({"c_n": c_n[0]} if c_n else {})}
    sum((value * case.weights(name, value.shape)).sum() for name, value in found.items()).backward()
    leaves = {**inputs, **layer.parameters}
    return {
        **{name: value.data for name, value in found.items()},
        **{f"gradient of {name}": leaf.grad for name, leaf in leaves.items()},
    }


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_projections_are_those_written_down(case, golden):
    found = results(case)
    norms = np.array([np.linalg.norm(array) for array in found.values()])
    errors = np.abs(probe(found) - golden[str(case)]).max(axis=1)
    assert dict(zip(found, errors <= TOLERANCE * norms, strict=True)) == dict.fromkeys(found, True)


@needs_pytorch
@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_numbers_are_pytorch_s(case):
    import pytorch_oracle

    found, expected = results(case), pytorch_oracle.results(case)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        assert np.linalg.norm(found[name] - array) <= TOLERANCE * np.linalg.norm(array), name


def test_every_case_is_written_down(golden):
    assert golden.keys() == {str(case) for case in CASES}
    assert len(CASES) == 4 * 2 * 2 * 2 * 2 * 4
