"""What no operation can mean: each is an error of the library's that names the operation and what it met."""

import numpy as np
import pytest

import tinygrad_rnn as tg

x = tg.parameter(np.ones((2, 3)), label="x")
square = tg.parameter(np.eye(2), label="x")

NAMING_X = {
    "sum": [lambda: x.sum(0.5), lambda: x.sum(axis="a"), lambda: np.sum(x, (0, 1.5))],
    "mean": [lambda: x.mean(0.5)],
    "softmax": [lambda: tg.softmax(x, "a")],
    "norm": [lambda: np.linalg.norm(x, axis="a")],
    "max": [lambda: np.ptp(x, "a")],
    "reshape": [lambda: x.reshape(1.5), lambda: np.reshape(x, None), lambda: x.reshape("a"), lambda: x.reshape(2, 1.5)],
    "broadcast_to": [lambda: np.broadcast_to(x, 1.5)],
    "stack": [lambda: tg.stack([x, x], axis="a")],
    "concatenate": [lambda: tg.concatenate([x, x], axis=1.5)],
    "split": [lambda: np.split(x, 0), lambda: np.split(x, 1.5), lambda: np.split(x, "a"), lambda: np.vsplit(x, 0)],
    "array_split": [lambda: np.array_split(x, 0)],
    "astype": [lambda: x.astype("foo"), lambda: x.sum(dtype="foo")],
    "rot90": [lambda: np.rot90(x, "a"), lambda: np.rot90(x, 0.5)],
    "pad": [lambda: np.pad(x, 1.5), lambda: np.pad(x, "a")],
    "diff": [lambda: np.diff(x, 1.5), lambda: np.diff(x, "a")],
    "einsum": [lambda: tg.einsum(x, 3)],
    "matrix_power": [lambda: np.linalg.matrix_power(square, "a"), lambda: np.linalg.matrix_power(square, 0.5)],
    "svd": [lambda: np.linalg.svd(x[0])],
}

WITHOUT_A_SEQUENCE = {
    "stack": lambda: tg.stack(3),
    "concatenate": lambda: tg.concatenate(3),
    "hstack": lambda: tg.hstack(3),
    "vstack": lambda: tg.vstack(None),
    "dstack": lambda: tg.dstack(3),
    "column_stack": lambda: tg.column_stack(3),
    "multi_dot": lambda: tg.linalg.multi_dot(3),
    "select": lambda: tg.select(3, [x]),
}


@pytest.mark.parametrize(("name", "call"), [(name, call) for name, calls in NAMING_X.items() for call in calls])
def test_an_error_names_the_operation_and_its_operand(name, call):
    with pytest.raises(tg.TinygradRNNError, match=rf"^{name} of \w+ \(\d, ?\d?\)"):
        call()


@pytest.mark.parametrize(("name", "call"), WITHOUT_A_SEQUENCE.items())
def test_an_error_names_the_operation_where_there_is_no_sequence(name, call):
    with pytest.raises(tg.TinygradRNNError, match=rf"^{name}\b"):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: x.sum(0.5), "an axis is a whole number, or several in a tuple; not 0.5"),
        (lambda: x.reshape(1.5), "a shape is a whole number, or several in a tuple; not 1.5"),
        (lambda: tg.stack(3), "stack takes its operands in a sequence, such as a list, not 3 alone"),
        (lambda: np.split(x, 0), "there is at least one part, not 0"),
    ],
)
def test_an_error_says_what_was_expected(call, words):
    with pytest.raises(tg.TinygradRNNError, match=words):
        call()
