"""How operations reach people: operators, numpy's functions, methods and comparisons."""

import operator

import numpy as np
import pytest
from numpy.testing import overrides

import tinygrad_rnn as tg
from tests.support import real
from tinygrad_rnn.ops.declaration import NUMPY
from tinygrad_rnn.ops.protocols import PLAIN

RNG = np.random.default_rng(0)
A, B = real(RNG, (2, 3)), real(RNG, (3,)) + 2.5

# ---------------------------------------------------------------------- operators

OPERATORS = ["add", "sub", "mul", "truediv", "pow"]
KINDS = {
    "Tensor": tg.tensor,
    "parameter": tg.parameter,
    "array": np.array,
    "list": np.ndarray.tolist,
    "numpy scalar": lambda array: array.flat[0],
    "number": lambda array: array.flat[0].item(),
    "int": lambda array: 2,
    "bool": lambda array: True,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_take_anything_on_either_side(name, kind):
    function, other = getattr(operator, name), KINDS[kind](B)
    plain = other.data if isinstance(other, tg.Tensor) else np.asarray(other)
    W = tg.parameter(np.abs(A) + 0.5)
    for y, expected in ((function(W, other), function(W.data, plain)), (function(other, W), function(plain, W.data))):
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad
        np.testing.assert_allclose(y.data, expected, rtol=1e-15)
        assert y.dtype == expected.dtype


@pytest.mark.parametrize("kind", ["Tensor", "parameter", "array", "list"])
def test_matmul_takes_anything_on_either_side(kind):
    other = KINDS[kind](A.T)
    W = tg.parameter(A)
    for y, expected in ((W @ other, A @ A.T), (other @ W, A.T @ A)):
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad
        np.testing.assert_allclose(y.data, expected, rtol=1e-15)


def test_operators_of_one_operand():
    x = tg.parameter(A)
    np.testing.assert_array_equal((-x).data, -A)
    np.testing.assert_array_equal(abs(x).data, abs(A))
    assert +x is x


@pytest.mark.parametrize("other", ["abc", {}, None, object(), 1j], ids=lambda other: type(other).__name__)
@pytest.mark.parametrize("name", [*OPERATORS, "matmul"])
def test_operators_refuse_what_is_foreign(name, other):
    x = tg.parameter(A, label="x")
    numpys = {"sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power"}.get(name, name)
    for left, right in ((x, other), (other, x)):
        with pytest.raises(TypeError, match=rf"^{numpys} of x \(2, 3\) float64: .*{type(other).__name__}") as caught:
            getattr(operator, name)(left, right)
        assert isinstance(caught.value, tg.DTypeError if other == 1j else tg.OperandError)


# ---------------------------------------------------------------------- dtypes


@pytest.mark.parametrize("number", [2, 2.0, True, 0.1], ids=repr)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", OPERATORS)
def test_python_numbers_do_not_change_the_dtype(name, dtype, number):
    x = tg.parameter(np.abs(A) + 0.5, dtype=dtype)
    for y in getattr(operator, name)(x, number), getattr(operator, name)(number, x):
        assert y.dtype == dtype
        assert {node.dtype for node in tg.Graph(y).nodes} == {np.dtype(dtype)}
        (g,) = tg.grad(y, [x], gradient=np.ones(y.shape))
        assert g.dtype == dtype


@pytest.mark.parametrize("other", ["?", "i1", "i4", "i8", "u8", "f2", "f4", "f8"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_arrays_promote_as_in_numpy(dtype, other, shape):
    x, array = tg.parameter(np.ones(3, dtype)), np.ones(shape, other)
    assert (x * array).dtype == (array * x).dtype == (x.data * array).dtype
    assert (x * tg.tensor(array)).dtype == (x.data * array).dtype
    (g,) = tg.grad((x * array).sum(), [x])
    assert g.dtype == x.dtype


@pytest.mark.parametrize("constant", [np.array([1, 2, 3]), np.array([True, False, True])])
def test_constants_of_other_kinds_take_part_and_get_no_gradient(constant):
    W, c = tg.parameter([1.0, 2.0, 3.0]), tg.tensor(constant)
    (W * c).sum().backward()
    np.testing.assert_array_equal(W.grad, constant)
    assert W.grad.dtype == float
    assert c.grad is None
    with pytest.raises(tg.DTypeError, match="cannot be differentiated"):
        tg.grad((W * c).sum(), [c])


# ---------------------------------------------------------------------- numpy's functions


@pytest.mark.parametrize(
    ("call", "ours"),
    [
        (np.tanh, tg.tanh), (np.exp, tg.exp), (np.abs, tg.abs), (np.absolute, tg.abs), (np.negative, tg.negative),
        (lambda x: np.sum(x, axis=1, keepdims=True), lambda x: tg.sum(x, 1, True)),
        (lambda x: np.mean(a=x, axis=-1), lambda x: tg.mean(x, -1)), (lambda x: np.max(x, 0), lambda x: tg.max(x, 0)),
        (np.amax, tg.max), (lambda x: np.min(x, axis=(0, 1)), tg.min), (np.amin, tg.min),
        (lambda x: np.add(x, B), lambda x: tg.add(x, B)), (lambda x: np.multiply(B, x), lambda x: tg.multiply(B, x)),
        (lambda x: np.maximum(x, 0), lambda x: tg.maximum(x, 0)), (lambda x: np.matmul(A.T, x), lambda x: A.T @ x),
        (lambda x: np.where(A > 0, x, B), lambda x: tg.where(A > 0, x, B)), (lambda x: np.dot(x, B), lambda x: x @ B),
        (lambda x: np.reshape(x, -1), tg.ravel), (np.ravel, tg.ravel), (np.transpose, tg.transpose),
        (np.matrix_transpose, tg.transpose), (lambda x: np.permute_dims(x, (1, 0)), tg.transpose),
        (lambda x: np.squeeze(x[:1]), lambda x: x[0]), (lambda x: np.astype(x, "f4"), lambda x: x.astype("f4")),
        (lambda x: np.broadcast_to(x, (2, 2, 3)), lambda x: tg.broadcast_to(x, (2, 2, 3))),
        (lambda x: np.concatenate([A, x], axis=1), lambda x: tg.concatenate([A, x], axis=1)),
        (lambda x: np.concatenate([B, x, [1.0]], axis=None), lambda x: tg.concatenate([B, x, [1.0]], axis=None)),
        (np.concatenate, tg.ravel), (lambda x: np.concat((x, x)), lambda x: tg.concatenate([x, x])),
        (lambda x: np.stack([x, A]), lambda x: tg.stack([x, A])), (lambda x: np.stack(x, axis=1), tg.transpose),
        (lambda x: np.split(x, 3, axis=1)[2], lambda x: x[:, 2:]), (lambda x: np.split(x, 2)[1], lambda x: x[1:]),
    ],
)  # fmt: skip
def test_numpy_functions_of_tensors_are_ours(call, ours):
    x = tg.parameter(A)
    found, expected, plain = call(x), ours(x), call(A)
    assert isinstance(found, tg.Tensor)
    assert found.requires_grad
    np.testing.assert_array_equal(found.data, expected.data)
    np.testing.assert_allclose(found.data, plain, rtol=1e-15)
    assert (found.shape, found.dtype) == (plain.shape, plain.dtype)


def test_every_function_with_numpys_name_is_numpys_for_tensors():
    ours = {name for name in tg.ops.__all__ if callable(getattr(tg, name)) and callable(getattr(np, name, None))}
    assert {"tanh", "sum", "concatenate"} <= ours
    for name in ours:
        assert NUMPY[getattr(np, name)] is getattr(tg, name)


def test_numpy_scalars_on_the_left_build_nodes():
    x = tg.parameter(A.astype(np.float32))
    assert (np.float32(2) * x).dtype == np.float32
    assert (np.float64(2) * x).dtype == (np.float64(2) * x.data).dtype
    assert (np.int64(2) ** x).requires_grad


@pytest.mark.parametrize(
    "write",
    [
        lambda array, x: np.add(array, x, out=array), lambda array, x: np.tanh(x, array),
        lambda array, x: np.sum(x, axis=0, out=array), lambda array, x: np.concatenate([x], out=array),
        lambda array, x: operator.iadd(array, x), lambda array, x: operator.imatmul(array, x),
        lambda array, x: np.add(array, array, out=x), lambda array, x: np.sum(array, out=x),
    ],
)  # fmt: skip
def test_no_tensor_is_written_into_an_array_or_written_to(write):
    array, x = np.zeros((2, 2)), tg.parameter([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(tg.AssignmentError, match=r"^numpy\.\w+ cannot write .*array = array \+ tensor"):
        write(array, x)
    np.testing.assert_array_equal(array, 0)
    np.testing.assert_array_equal(x.data, [[1, 2], [3, 4]])


RULELESS = [
    function
    for function in overrides.get_overridable_numpy_array_functions() | overrides.get_overridable_numpy_ufuncs()
    if function not in NUMPY and function not in PLAIN
]


@pytest.mark.parametrize("function", sorted(RULELESS, key=lambda f: f.__name__), ids=lambda f: f.__name__)
def test_a_numpy_function_without_a_rule_is_a_type_error(function):
    x = tg.parameter(A)

    def call():
        if isinstance(function, np.ufunc):
            return function(*[x] * function.nin)
        return x.__array_function__(function, (tg.Tensor,), (x,), {})  # past the check of how many arguments

    name = f"{getattr(function, '__module__', 'numpy')}.{function.__name__}"
    with pytest.raises(tg.OperandError, match=rf"^{name} has no rule for Tensors.*\.data"):
        call()


@pytest.mark.parametrize("method", ["reduce", "accumulate", "outer", "at"])
def test_methods_of_ufuncs_have_no_rules(method):
    x = tg.parameter(A)
    arguments = {"outer": [x, x], "at": [x, [0], 1.0]}.get(method, [x])
    with pytest.raises(tg.OperandError, match=rf"numpy\.add\.{method} has no rule for Tensors"):
        getattr(np.add, method)(*arguments)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.tanh(x, where=A > 0), lambda x: np.exp(x, dtype=np.float32), lambda x: np.add(x, x, where=A > 0),
        lambda x: np.add(x, 1, dtype=np.float32), lambda x: np.sum(x, initial=1.0), lambda x: np.sum(x, where=A > 0),
        lambda x: np.where(x), lambda x: np.where(A > 0, x), lambda x: np.tanh(x, casting="no"),
        lambda x: np.matmul(x, A.T, axes=[(0, 1), (0, 1), (0, 1)]),
    ],
)  # fmt: skip
def test_arguments_that_a_rule_does_not_take_are_a_type_error(call):
    with pytest.raises(tg.OperandError, match=r"^numpy\.\w+ of a Tensor: "):
        call(tg.parameter(A))


# ---------------------------------------------------------------------- comparisons and other plain answers


@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("other", [A.T.reshape(2, 3), A[0], 0.5, 0, True, A.tolist()], ids=type)
def test_comparisons_are_plain_boolean_arrays(compare, other):
    x = tg.parameter(A)
    expected = compare(A, np.asarray(other))
    for found in (
        compare(x, other), compare(x, tg.tensor(other)), compare(x, tg.parameter(other, dtype=float)),
    ):  # fmt: skip
        assert type(found) is np.ndarray
        assert found.dtype == bool
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(compare(other, x), compare(np.asarray(other), A))
    assert type(compare(np.asarray(other), x)) is np.ndarray


@pytest.mark.parametrize("other", ["abc", b"s", None, {}, object(), ["a", "b", "c"]], ids=type)
def test_comparison_for_equality_takes_anything(other):
    x = tg.parameter(A)
    np.testing.assert_array_equal(x == other, np.zeros(A.shape, bool))
    np.testing.assert_array_equal(x != other, np.ones(A.shape, bool))


def test_order_is_for_numbers():
    with pytest.raises(tg.TinygradRNNError, match=r"^less of x \(2, 3\) float64: "):
        operator.lt(tg.parameter(A, label="x"), "abc")


def test_a_tensor_hashes_by_identity():
    x, y = tg.tensor(1.0), tg.tensor(1.0)
    assert len({x, y, x}) == 2
    assert {x: "x", y: "y"}[y] == "y"


@pytest.mark.parametrize(
    "function",
    [
        np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.isnan, np.isfinite, np.isinf,
        np.all, np.any, np.nonzero, np.argwhere, np.flatnonzero, np.count_nonzero, np.signbit, np.logical_not,
        lambda x: np.argpartition(x, 1), lambda x: np.searchsorted(B, x), lambda x: np.lexsort((x, x)),
        lambda x: np.lexsort((x[0], A[0])), lambda x: np.logical_and(x, A > 0), lambda x: np.result_type(x, np.int8),
        lambda x: np.linalg.matrix_rank(x), np.iscomplexobj,
        np.zeros_like, np.ones_like, lambda x: np.argmax(x, axis=1), lambda x: np.argsort(x, axis=0),
        lambda x: np.allclose(x, A), lambda x: np.array_equal(A, x), lambda x: np.isclose(x, x),
        lambda x: np.greater(x, 0), lambda x: np.equal(0, x),
    ],
)  # fmt: skip
def test_functions_without_a_derivative_answer_plainly(function):
    found, expected = function(tg.parameter(A)), function(A)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


# ---------------------------------------------------------------------- methods


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.T, lambda x: x.mT, lambda x: x.flatten(), lambda x: x.ravel(), lambda x: x.copy(),
        lambda x: x.dot(B), lambda x: x.reshape(3, 2), lambda x: x.reshape((3, 2)), lambda x: x.reshape(-1),
        lambda x: x.reshape([2, -1]),
        lambda x: x.reshape(np.int64(6)), lambda x: x.reshape(np.int64(3), -1), lambda x: x.transpose(),
        lambda x: x.transpose(1, 0), lambda x: x.transpose((-1, 0)), lambda x: x.transpose(None), lambda x: x.squeeze(),
        lambda x: x[:1].squeeze(0), lambda x: x.sum(), lambda x: x.sum(0), lambda x: x.sum(axis=(0, 1), keepdims=True),
        lambda x: x.mean(axis=1), lambda x: x.max(1), lambda x: x.min(axis=0), lambda x: x.astype(np.float32),
        lambda x: x.astype("int64"), lambda x: x.astype(bool), lambda x: x.std(0), lambda x: x.var(axis=1, ddof=1),
        lambda x: x.prod(0), lambda x: x.cumsum(1), lambda x: x.cumprod(), lambda x: x.clip(-1, 1),
        lambda x: x.round(1), lambda x: x.clip(max=0.5),
        lambda x: x.swapaxes(0, 1), lambda x: x.repeat(2, 0), lambda x: x.take([0, 0], 1),
        lambda x: x.diagonal(1), lambda x: x.trace(), lambda x: x.reshape(3, 2, order="F"), lambda x: x.flatten("F"),
        lambda x: x % 0.75, lambda x: 1.5 % x, lambda x: x // 0.75, lambda x: 2 // x, lambda x: x.sum(dtype=np.float32),
    ],
)  # fmt: skip
def test_methods_are_numpys(call):
    found, expected = call(tg.parameter(A)), call(A)
    assert isinstance(found, tg.Tensor)
    np.testing.assert_array_equal(found.data, expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.argmax(), lambda x: x.argmax(axis=1), lambda x: x.argmin(0, keepdims=True), lambda x: x.argsort(0),
        lambda x: x.argpartition(1), lambda x: x.all(), lambda x: x.any(axis=0), lambda x: x.nonzero(),
        lambda x: x[0].searchsorted(B), lambda x: x.tolist(),
    ],
)  # fmt: skip
def test_methods_without_a_derivative_answer_plainly(call):
    found, expected = call(tg.parameter(A)), call(A)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


def test_the_sort_method_leaves_the_tensor_as_it_is():
    x = tg.parameter([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(x.sort().data, [1, 2, 3])
    np.testing.assert_array_equal(x.data, [3, 1, 2])


def test_no_output_is_what_numpy_means_by_none():
    x = tg.parameter(A)
    np.testing.assert_array_equal(np.sum(x, axis=0, out=None).data, A.sum(0))
    np.testing.assert_array_equal(np.exp(x, out=None).data, np.exp(A))


def test_arrays_are_made_of_tensors_by_stack_alone():
    x = tg.parameter([1.0, 2.0])
    for data in [x, x], [x[0], x[1]], [[x, 2 * x]]:
        with pytest.raises(tg.AssignmentError, match=r"tg\.stack"):
            np.array(data)


def test_methods_are_the_functions():
    methods = [name for name in tg.ops.__all__ if hasattr(tg.Tensor, name) and name not in {"reshape", "transpose"}]
    assert {"abs", "log_softmax", "sum"} <= set(methods)
    for name in methods:
        assert getattr(tg.Tensor, name) is getattr(tg, name)
