"""Nodes: values, how they are made and marked, what may be done to them, and what errors say."""

import copy
import pickle
import threading

import numpy as np
import pytest

import tinygrad_rnn as tg

# ---------------------------------------------------------------------- leaves


@pytest.mark.parametrize("make", [tg.tensor, tg.parameter])
def test_a_leaf_holds_a_copy(make):
    array = np.array([1.0, 2.0])
    leaf = make(array, label="x")
    array[0] = 9
    np.testing.assert_array_equal(leaf.data, [1, 2])
    assert (leaf.label, leaf.op, leaf.inputs, leaf.arrays, leaf.grad) == ("x", None, (), (), None)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i8", "f2", "f4", "f8", "g", ">f8"])
def test_a_leaf_keeps_numpys_dtype(dtype):
    array = np.ones(3, dtype)
    assert tg.tensor(array).dtype == array.dtype
    assert tg.tensor([1, 0], dtype=dtype).dtype == array.dtype


@pytest.mark.parametrize(("data", "dtype"), [(True, bool), (2, int), (2.0, float), ([1, 2.0], float), ([[]], float)])
def test_numbers_and_lists_take_the_dtype_that_numpy_gives_them(data, dtype):
    assert tg.tensor(data).dtype == dtype
    assert tg.tensor(data).shape == np.shape(data)


def test_a_parameter_needs_a_floating_dtype():
    with pytest.raises(tg.DTypeError, match=r"parameter needs a floating dtype, constant 'n' \(2,\) has int64"):
        tg.parameter(np.array([1, 2], np.int64), label="n")
    assert tg.parameter([1, 2], dtype=float).requires_grad


class Foreign:
    """Something that no operation knows."""


@pytest.mark.parametrize("data", ["abc", b"abc", None, {}, {1.0}, Foreign(), [None], ["a"], [[1], [2, 3]], 2**70])
@pytest.mark.parametrize("dtype", [None, float, np.int8])
def test_what_is_not_numbers_is_refused(data, dtype):
    with pytest.raises((tg.OperandError, tg.DTypeError), match=type(data).__name__):
        tg.tensor(data, dtype=dtype)


@pytest.mark.parametrize(("data", "dtype"), [([300], np.uint8), (-1, np.uint8), ([np.nan], int), ([np.inf], int)])
def test_a_number_that_the_dtype_cannot_hold_is_refused(data, dtype):
    with pytest.raises(tg.OperandError, match="cannot make an array"):
        tg.tensor(data, dtype=dtype)


@pytest.mark.parametrize("misfit", [lambda x: x * 300, lambda x: 300 + x, lambda x: x - (-1)])
def test_a_python_integer_that_the_other_operand_s_dtype_cannot_hold_is_refused(misfit):
    with pytest.raises(tg.OperandError, match=r"x \(1,\) uint8: .*out of bounds"):
        misfit(tg.tensor([1], label="x", dtype=np.uint8))


def test_a_leaf_does_not_take_a_number_that_its_dtype_cannot_hold():
    x = tg.tensor([1, 2], dtype=np.int8)
    with pytest.raises(tg.OperandError, match="out of bounds"):
        x.data = [300, 1]
    assert x.data.tolist() == [1, 2]


@pytest.mark.parametrize("label", [5, b"x", ["x"]])
def test_a_label_is_a_string(label):
    with pytest.raises(tg.OperandError, match="a label is a string"):
        tg.parameter(1.0, label=label)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_a_leaf_is_a_leaf_of_its_own(duplicate):
    with tg.step(3), tg.scope("cell"):
        x = tg.parameter([1.0, 2.0], label="x")
    (x * x).sum().backward()
    other = duplicate(x)
    assert (other.label, other.step, other.scope, other.requires_grad, other.grad) == ("x", 3, "cell", True, None)
    assert other.serial > x.serial
    (other * 3.0).sum().backward()
    assert x.grad.tolist() == [2, 4]
    assert other.grad.tolist() == [3, 3]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_result_is_not_copied_apart_from_its_graph(duplicate):
    with pytest.raises(tg.OperandError, match=r"tanh \(\) is a result"):
        duplicate(tg.tanh(tg.parameter(1.0)))


@pytest.mark.parametrize("data", [1j, np.array([1j]), [1.0, 2j], np.complex64(1)])
def test_complex_numbers_are_refused(data):
    with pytest.raises(tg.DTypeError, match="expected real numbers, got complex"):
        tg.tensor(data)
    with pytest.raises(tg.DTypeError, match="expected real numbers, got complex"):
        tg.tensor(1.0, dtype=complex)


def test_a_tensor_is_no_data():
    x = tg.parameter(1.0, label="x")
    with pytest.raises(tg.OperandError, match=r"parameter 'x' \(\) is a Tensor already"):
        tg.tensor(x)
    with pytest.raises(tg.OperandError, match=r"tg\.stack joins them"):
        tg.tensor([x, x])


def test_a_tensor_is_not_made_by_its_class():
    with pytest.raises(tg.OperandError, match=r"tg\.tensor"):
        tg.Tensor()


# ---------------------------------------------------------------------- values


@pytest.mark.parametrize(
    "node",
    [
        tg.tensor(1.0), tg.parameter([1.0, 2.0]), tg.tensor(3) * 2, tg.sum(tg.tensor([1.0, 2.0])), tg.tensor([1.0])[0],
        tg.tensor(np.float32(1)) + 1, tg.tensor([1.0, 2.0]) @ [3.0, 4.0], tg.tensor([1.0]).reshape(()),
        tg.max(tg.tensor([True])), tg.broadcast_to(1.0, (2, 2)), tg.tensor(np.empty((0, 3))).T,
    ],
)  # fmt: skip
def test_the_value_is_a_read_only_array(node):
    assert type(node.data) is np.ndarray
    assert (node.data.shape, node.data.dtype, node.data.ndim) == (node.shape, node.dtype, node.ndim)
    with pytest.raises(ValueError, match="read-only"):
        node.data[...] = 0
    with pytest.raises(ValueError, match="read-only"):
        node.data += 1


def test_a_node_records_how_it_was_made():
    a = tg.parameter([1.0, 2.0])
    y = a * a
    assert y.op is tg.OPERATIONS["multiply"]
    assert [x is a for x in y.inputs] == [True, True]
    assert all(array is a.data for array in y.arrays)
    assert not any(array.flags.writeable for array in (*y.arrays, *(y + 2.0).arrays))
    assert tg.sum(y, axis=0).attributes == {"axis": (0,), "keepdims": False}
    assert repr(y.op) == "<operation multiply>"


def test_inputs_are_recorded_for_constants_too():
    y = tg.tensor(2.0) * 3.0
    assert [x.item() for x in y.inputs] == [2.0, 3.0]
    assert not y.requires_grad


def test_what_depends_on_a_parameter_asks_for_a_gradient():
    W, c = tg.parameter([1.0]), tg.tensor([1.0])
    assert all(node.requires_grad for node in (W, c * W, (c * W + 1).sum()))
    assert not any(node.requires_grad for node in (c, c + 1, W.astype(int)))


def test_shape_and_size():
    x = tg.tensor(np.ones((2, 3)))
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
    total = x.sum()
    assert (total.shape, total.ndim, total.size) == ((), 0, 1)
    with pytest.raises(tg.OperandError, match=r"sum \(\) has no axis"):
        len(total)


def test_iteration_gives_nodes():
    x = tg.parameter([[1.0, 2.0], [3.0, 4.0]])
    rows = list(x)
    assert [row.data.tolist() for row in rows] == [[1, 2], [3, 4]]
    assert all(row.inputs == (x,) for row in rows)
    first, second = x[0]
    assert (first.item(), second.item()) == (1, 2)
    with pytest.raises(tg.OperandError, match="no axis"):
        iter(first).__next__()


# ---------------------------------------------------------------------- leaving the graph


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_item_is_a_python_number(shape):
    assert type(tg.parameter(np.full(shape, 2.5)).item()) is float
    assert type(tg.tensor(np.full(shape, 2)).item()) is int
    assert type(tg.tensor(np.full(shape, True)).item()) is bool


def test_item_is_for_one_number():
    with pytest.raises(tg.ShapeError, match=r"constant 'x' \(2,\) holds 2 numbers"):
        tg.tensor([1.0, 2.0], label="x").item()


def test_a_constant_converts_to_a_number():
    x = tg.tensor(2.5)
    assert (float(x), int(x), bool(x), bool(tg.tensor(0))) == (2.5, 2, True, False)
    with pytest.raises(tg.ShapeError, match="2 numbers"):
        float(tg.tensor([1.0, 2.0]))
    with pytest.raises(tg.ShapeError, match="2 numbers"):
        bool(tg.parameter([1.0, 2.0]))


@pytest.mark.parametrize("convert", [float, int])
def test_a_parameter_does_not_convert_to_a_number(convert):
    with pytest.raises(tg.AssignmentError, match=r"multiply \(\) depends on a parameter.*\.item\(\)"):
        convert(tg.parameter(2.0) * 2)


@pytest.mark.parametrize("x", [tg.parameter([1.0, 2.0], label="x"), tg.tensor([1.0, 2.0], label="x")])
def test_a_tensor_does_not_become_a_plain_array(x):
    array = np.zeros(2)
    for leave in (np.array, np.asarray, lambda x: np.array([x, x]), lambda x: array.__setitem__(slice(None), x)):
        with pytest.raises(tg.AssignmentError, match=r"'x' \(2,\) would leave the graph.*tg.stack"):
            leave(x)
    np.testing.assert_array_equal(array, 0)


def test_an_element_of_a_plain_array_does_not_take_a_parameter():
    array = np.zeros(2)
    with pytest.raises(ValueError, match="setting an array element") as caught:  # numpy's own, over ours
        array[0] = tg.parameter(1.0)
    assert isinstance(caught.value.__cause__, tg.AssignmentError)
    assert "would leave the graph" in str(caught.value.__cause__)
    array[0] = tg.tensor(1.0)
    np.testing.assert_array_equal(array, [1, 0])


def test_a_tensor_is_not_written_into():
    x = tg.parameter([1.0, 2.0], label="x")
    with pytest.raises(tg.AssignmentError, match=r"parameter 'x' \(2,\) cannot be written into.*tg.where"):
        x[0] = 3.0
    y = x
    y += 1  # another node by the same name
    assert y is not x
    np.testing.assert_array_equal(x.data, [1, 2])


# ---------------------------------------------------------------------- rebinding


def test_rebinding_copies_and_casts():
    W = tg.parameter(np.ones(2, np.float32))
    array = np.array([3.0, 4.0])
    W.data = array
    array[0] = 9
    np.testing.assert_array_equal(W.data, [3, 4])
    assert W.dtype == np.float32
    W.data = [1, 2]
    assert W.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        W.data[0] = 5


def test_rebinding_checks_shape_dtype_and_kind():
    W, n = tg.parameter([1.0, 2.0], label="W"), tg.tensor([1, 2], label="n")
    with pytest.raises(tg.ShapeError, match=r"parameter 'W' \(2,\) cannot take a value of shape \(3,\)"):
        W.data = np.ones(3)
    with pytest.raises(tg.ShapeError, match=r"shape \(\)"):
        W.data = 1.0
    with pytest.raises(tg.DTypeError, match=r"constant 'n' \(2,\) is int64 and cannot take float64"):
        n.data = np.array([1.5, 2.5])
    with pytest.raises(tg.DTypeError, match="complex"):
        W.data = np.array([1j, 2j])
    with pytest.raises(tg.OperandError, match="is a Tensor already"):
        W.data = W * 2
    with pytest.raises(tg.AssignmentError, match=r"multiply \(2,\) is a result; only a leaf's value can be rebound"):
        (W * 2).data = np.ones(2)
    np.testing.assert_array_equal(W.data, [1, 2])
    np.testing.assert_array_equal(n.data, [1, 2])


def test_graphs_built_before_a_rebinding_keep_their_values():
    W = tg.parameter([1.0, 2.0])
    y = W * W
    W.data = [5.0, 6.0]
    np.testing.assert_array_equal(y.data, [1, 4])
    np.testing.assert_array_equal(y.arrays, [[1, 2], [1, 2]])
    np.testing.assert_array_equal((W * W).data, [25, 36])


# ---------------------------------------------------------------------- step, scope, no_grad


def test_nodes_made_in_a_step_belong_to_it():
    with tg.step(3):
        x = tg.tensor(1.0)
        with tg.step(4):
            y = x + 1
        z = x + 1
    assert (x.step, y.step, y.inputs[1].step, z.step, tg.tensor(1.0).step) == (3, 4, 4, 3, None)


def test_a_node_made_outside_takes_the_step_that_its_inputs_share():
    with tg.step(1):
        a, b = tg.tensor(1.0), tg.tensor(2.0)
    with tg.step(2):
        c = tg.tensor(3.0)
    free = tg.tensor(4.0)
    assert [(a + b).step, (a + free).step, (free + a).step] == [1, 1, 1]
    assert [(a + c).step, (c + a).step, (free + free).step] == [None, None, None]
    assert tg.stack([a, c, a]).step is None
    assert (a + 1).inputs[1].step is None


def test_what_steps_have_met_in_belongs_to_none_from_there_on():
    losses = []
    for t in range(1, 6):
        with tg.step(t):
            losses.append(tg.tensor(1.0))
    total, sums = losses[0], []
    for loss in losses[1:]:
        total = total + loss
        sums.append(total)
    assert [node.step for node in sums] == [None] * 4
    assert (losses[4] * tg.tanh(total / 5)).step is None
    assert (losses[4] * tg.tanh(tg.tensor(2.0) / 5)).step == 5


def test_a_step_is_an_integer():
    with tg.step(np.int64(3)):
        assert type(tg.tensor(1.0).step) is int
    for t in 1.5, "1", None:
        with pytest.raises(tg.OperandError, match=f"a time step is an integer, not {t!r}"):
            tg.step(t)


def test_scopes_nest():
    with tg.scope("encoder"):
        with tg.scope("cell"), tg.step(1):
            x = tg.tensor(1.0)
        y = x + 1
    assert [x.scope, y.scope, (y + 1).scope] == ["encoder/cell", "encoder", ""]
    for name in "", 3, None:
        with pytest.raises(tg.OperandError, match="a scope's name is a string"):
            tg.scope(name)


def test_no_grad_gives_leaves():
    W = tg.parameter([1.0, 2.0])
    with tg.no_grad(), tg.step(2):
        y = W * 2
        made = tg.parameter(1.0)
    assert (y.op, y.inputs, y.arrays, y.requires_grad, y.step) == (None, (), (), False, 2)
    np.testing.assert_array_equal(y.data, [2, 4])
    assert made.requires_grad
    assert (W * 2).requires_grad


def test_a_setting_can_be_used_again_and_inside_itself():
    third = tg.step(3)
    with third, tg.step(4), third:
        inner = tg.tensor(1.0)
    with third:
        again = tg.tensor(1.0)
    assert (inner.step, again.step, tg.tensor(1.0).step) == (3, 3, None)


def test_an_exception_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError), tg.step(1), tg.scope("a"), tg.no_grad():
        raise ZeroDivisionError
    with pytest.raises(tg.ShapeError), tg.step(1), tg.scope("b"):
        tg.parameter([1.0, 2.0]) + tg.tensor([1.0, 2.0, 3.0])
    y = tg.parameter(1.0) + 1
    assert (y.step, y.scope, y.requires_grad) == (None, "", True)


def test_settings_hold_for_their_own_thread():
    made = []
    with tg.step(1), tg.scope("here"), tg.no_grad():
        thread = threading.Thread(target=lambda: made.append(tg.parameter(1.0) * 2))
        thread.start()
        thread.join()
    (y,) = made
    assert (y.step, y.scope, y.requires_grad) == (None, "", True)


# ---------------------------------------------------------------------- errors, and what they say


def misfits():
    """Operations on operands that do not fit, the error's class, and what it says of them."""
    with tg.step(7):
        a, b = tg.parameter(np.ones((2, 3)), label="a"), tg.tensor(np.ones((4, 5), np.float32), label="b")
    both = r"a \(2, 3\) float64, b \(4, 5\) float32, step 7: "
    alone = r"a \(2, 3\) float64, step 7: "
    return [
        (lambda: a + b, tg.ShapeError, "add of " + both),
        (lambda: a @ b, tg.ShapeError, "matmul of " + both),
        (lambda: a.dot(b), tg.ShapeError, "matmul of " + both),
        (lambda: tg.linear(a, b), tg.ShapeError, "linear of " + both),
        (lambda: tg.linear(a, a, b), tg.ShapeError, r"linear of a \(2, 3\) float64, " + both),
        (lambda: tg.where(True, a, b), tg.ShapeError, r"where of unlabelled \(\) \w+, " + both),
        (lambda: tg.concatenate([a, b]), tg.ShapeError, "concatenate of " + both),
        (lambda: tg.concatenate([a, b], axis=2), tg.ShapeError, "concatenate of " + both),
        (lambda: tg.stack([a, b]), tg.ShapeError, "stack of " + both),
        (lambda: tg.stack([a, a], axis=3), tg.ShapeError, r"stack of a \(2, 3\) float64, " + alone),
        (lambda: a == b, tg.ShapeError, "equal of " + both),
        (lambda: a < b, tg.ShapeError, "less of " + both),
        (lambda: a.reshape(4), tg.ShapeError, "reshape of " + alone),
        (lambda: a.squeeze(0), tg.ShapeError, "squeeze of " + alone),
        (lambda: a.transpose(1, 1), tg.ShapeError, "transpose of " + alone),
        (lambda: tg.broadcast_to(a, (3, 2)), tg.ShapeError, "broadcast_to of " + alone),
        (lambda: tg.split(a, 2, axis=1), tg.ShapeError, "split of " + alone),
        (lambda: tg.split(a, 2, axis=2), tg.ShapeError, "split of " + alone),
        (lambda: a.sum(2), tg.ShapeError, "sum of " + alone),
        (lambda: a.max((0, 0)), tg.ShapeError, "max of " + alone),
        (lambda: a[2], tg.IndexingError, "getitem of " + alone),
        (lambda: a[0, 0, 0], tg.IndexingError, "getitem of " + alone),
        (lambda: a[1.5], tg.IndexingError, "getitem of " + alone),
        (lambda: -tg.tensor([True], label="m"), tg.DTypeError, r"negative of m \(1,\) bool: "),
        (lambda: a + "abc", tg.OperandError, r"add of " + alone + "a builtins.str cannot be an operand"),
        (lambda: {} * a, tg.OperandError, "multiply of " + alone + "a builtins.dict cannot be an operand"),
        (lambda: a / None, tg.OperandError, "divide of " + alone + "a builtins.NoneType cannot be an operand"),
        (lambda: Foreign() @ a, tg.OperandError, "matmul of " + alone + r"a [\w.]+\.Foreign cannot be an operand"),
        (lambda: tg.linear(a, a, "b"), tg.OperandError, "linear of .*" + alone + "a builtins.str cannot be an operand"),
        (
            lambda: tg.where(True, a, {}),
            tg.OperandError,
            "where of .*" + alone + "a builtins.dict cannot be an operand",
        ),
        (lambda: tg.add(2.0, "abc"), tg.OperandError, "add: a builtins.str cannot be an operand"),
        (lambda: tg.add(None, 2.0), tg.OperandError, "add: a builtins.NoneType cannot be an operand"),
        (lambda: tg.exp("abc"), tg.OperandError, "exp: a builtins.str cannot be an operand"),
        (lambda: a + [1.0, "x"], tg.DTypeError, "add of " + alone + "expected real numbers"),
        (lambda: a + [a], tg.OperandError, "add of " + alone + ".*tg.stack"),
        (lambda: a + 1j, tg.DTypeError, "add of " + alone + "expected real numbers, got complex128"),
        (lambda: np.array([1j]) * a, tg.DTypeError, "multiply of " + alone + "expected real numbers, got complex128"),
        (lambda: a.astype(complex), tg.DTypeError, "astype.*expected real numbers, got complex128"),
        (lambda: tg.concatenate([]), tg.ShapeError, "concatenate: "),
        (lambda: tg.stack([]), tg.ShapeError, "stack: "),
    ]


@pytest.mark.parametrize(
    ("misfit", "kind", "message"), misfits(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_errors_name_operation_operands_and_step(misfit, kind, message):
    with pytest.raises(tg.TinygradRNNError, match=f"^{message}") as caught:
        misfit()
    assert type(caught.value) is kind


def test_errors_are_of_the_built_in_kinds_too():
    kinds = {
        tg.ShapeError: ValueError, tg.IndexingError: IndexError, tg.DTypeError: TypeError, tg.OperandError: TypeError,
        tg.AssignmentError: TypeError, tg.GraphError: ValueError, tg.ReboundError: RuntimeError,
    }  # fmt: skip
    assert all(issubclass(kind, built_in) and issubclass(kind, tg.TinygradRNNError) for kind, built_in in kinds.items())


def test_an_error_names_the_step_that_it_happens_in():
    a, b = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.0, 3.0])
    with pytest.raises(tg.ShapeError, match="step 5: "), tg.step(5):
        a + b
    with pytest.raises(tg.ShapeError) as caught:
        a + b
    assert "step" not in str(caught.value)


def test_an_error_names_labels_of_any_kind_in_one_short_line():
    with pytest.raises(tg.ShapeError) as caught:
        tg.tensor([1.0, 2.0], label="a\n\x1b[2J") + tg.tensor([1.0, 2.0, 3.0], label="long" * 1000)
    assert r"'a\n\x1b[2J' (2,)" in str(caught.value)
    assert "…" in str(caught.value)
    assert len(str(caught.value)) < 250
    assert str(caught.value).isprintable()


def test_an_error_does_not_name_a_thousand_operands():
    with pytest.raises(tg.ShapeError, match="and 993 more"):
        tg.stack([*[tg.tensor([1.0, 2.0])] * 1000, tg.tensor(1.0)])


def test_a_node_describes_itself():
    with tg.step(2):
        x = tg.parameter([1.0, 2.0], label="x")
    assert x.describe() == "parameter 'x' (2,) at step 2"
    assert repr(x) == "Tensor([1. 2.], parameter 'x' (2,) at step 2, float64)"
    assert repr(tg.tensor(np.float32(0.5)) * 2) == "Tensor(1., multiply (), float32)"
    assert len(repr(tg.tensor(np.ones((100, 100))))) < 200
