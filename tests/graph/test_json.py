"""Graphs as JSON text: there and back bit for bit, and texts that are no graphs."""

import base64
import copy
import json
import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

import tinygrad_rnn as tg
from tests.graph.programs import chain, programs
from tests.ops.test_table import TABLE
from tinygrad_rnn.graph.exchange import _arguments
from tinygrad_rnn.node import Operation, apply

DTYPES = [np.dtype(code) for code in "?bBhHiIlLqQefdg"] + [np.dtype(">f8"), np.dtype(">i2")]


def reloaded(graph):
    return tg.Graph.from_json(graph.to_json())


def assert_same(one, other):
    """Everything that is known of both graphs is equal, bit for bit."""
    assert one.is_isomorphic(other, labels=True)
    number, number_there = ({node: k for k, node in enumerate(graph.nodes)} for graph in (one, other))
    for node, there in zip(one.nodes, other.nodes, strict=True):
        for array, found in zip((node._data, *node.arrays), (there._data, *there.arrays), strict=True):
            assert (found.dtype, found.shape) == (array.dtype, array.shape)
            assert bits(found) == bits(array)
            assert isinstance(found, np.generic) == isinstance(array, np.generic)
            if array.size:
                strides = [(a, b) for a, b, n in zip(found.strides, array.strides, array.shape, strict=True) if n > 1]
                assert all(a == b for a, b in strides)
        assert [number_there[source] for source in there.inputs] == [number[source] for source in node.inputs]
        if node.origin is None or node.origin.node not in number:
            assert there.origin is None
        else:
            assert (number_there[there.origin.node], *there.origin[1:]) == (number[node.origin.node], *node.origin[1:])


def bits(array):
    """An array's bytes; of a number of 80 bits without those that only fill it up to 128."""
    array = np.asarray(array)
    whole = np.frombuffer(array.tobytes(), np.uint8).reshape(array.size, array.itemsize)
    return whole[:, :10].tobytes() if array.dtype == np.longdouble else whole.tobytes()


# ---------------------------------------------------------------------- there and back


@given(programs())
def test_random_graphs(program):
    run, arrays = program
    parameters = [tg.parameter(array, label=f"p_{k}") for k, array in enumerate(arrays)]
    graph = tg.Graph(run(*parameters))
    loaded = reloaded(graph)
    assert_same(graph, loaded)
    assert loaded.to_json() == graph.to_json()
    assert str(loaded) == str(graph)
    for output, there in zip(graph.outputs, loaded.outputs, strict=True):
        found = tg.grad(there, loaded.parameters, gradient=np.ones(there.shape))
        expected = tg.grad(output, graph.parameters, gradient=np.ones(output.shape))
        assert [g.data.tobytes() for g in found] == [g.data.tobytes() for g in expected]


@pytest.mark.parametrize("line", TABLE, ids=lambda line: line.name)
def test_every_operation(line):
    """And its two backward passes: of the derivative, and of the derivative's derivative."""
    inputs = [tg.parameter(array) for array in line.draw()]
    y = tg.sum(line.function(*inputs))
    first = tg.grad(y, inputs, create_graph=True)
    second = tg.grad(sum((x * x).sum() for x in first), inputs, create_graph=True)
    graph = tg.Graph([y, *first, *second])
    loaded = reloaded(graph)
    assert_same(graph, loaded)
    for value, again in zip(graph.evaluate({inputs[-1]: inputs[-1].data}), loaded.evaluate(), strict=True):
        np.testing.assert_array_equal(value, again)


def test_operands_are_checked_for_every_operation():
    for op in tg.OPERATIONS.values():
        assert _arguments(op).parameters


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0))))
def test_values_of_every_real_dtype(array):
    leaf = tg.tensor(array)
    assert_same(tg.Graph(leaf), reloaded(tg.Graph(leaf)))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 1), (), (1, 1)])
def test_empty_arrays_and_arrays_without_axes(shape):
    x = tg.parameter(np.zeros(shape))
    assert_same(tg.Graph([x, -x, x.T, x.sum()]), reloaded(tg.Graph([x, -x, x.T, x.sum()])))


def test_zeros_infinities_and_payloads_keep_their_bits():
    bits = np.array([0x7FF8000000000001, 0xFFF80000DEADBEEF, 0x7FF0000000000000, 0x8000000000000000, 1], np.uint64)
    (loaded,) = reloaded(tg.Graph(tg.tensor(bits.view(np.float64)))).outputs
    assert loaded.data.view(np.uint64).tolist() == bits.tolist()


@pytest.mark.parametrize("notation", tg.nn.NOTATIONS)
def test_a_network_learns_alike_when_it_is_loaded(notation):
    net = tg.nn.ElmanRNN(2, 3, 2, notation=notation)
    rng = np.random.default_rng(1)
    xs, ys = rng.standard_normal((7, 4, 2)), np.abs(rng.standard_normal((7, 4, 2)))
    graph = tg.Graph(net.unroll(xs, ys).loss)
    loaded = reloaded(graph)
    assert_same(graph, loaded)
    graph.outputs[0].backward()
    loaded.outputs[0].backward()
    for name, parameter in net.parameters.items():
        assert loaded.find(label=name)[0].grad.tobytes() == parameter.grad.tobytes()


def test_views_keep_their_memory():
    """How an array lies in memory decides the last bits of sums, so views stay views of the same memory."""
    x = tg.parameter(np.random.default_rng(0).standard_normal((50, 40, 3)), label="x")
    parts = [x[:, t].T @ x[:, t] for t in range(40)]
    graph = tg.Graph([tg.stack(parts).sum(), x.transpose(2, 0, 1), x[::-2, ::-1], tg.broadcast_to(x[0, 0], (1000, 3))])
    text = graph.to_json()
    assert_same(graph, tg.Graph.from_json(text))
    assert len(text) < 4 * x.data.nbytes, "slices are written once for all"


def test_a_view_of_memory_with_gaps_keeps_its_values():
    x = tg.tensor([0.0, 0.0])
    x._data = np.lib.stride_tricks.as_strided(np.arange(6.0), (2,), (24,))
    assert reloaded(tg.Graph(x)).outputs[0].data.tolist() == [0.0, 3.0]


def test_a_backward_pass_keeps_its_origins():
    W = tg.parameter(np.eye(2), label="W")
    with tg.step(1):
        y = tg.tanh(W @ W).sum()
    graph = tg.Graph([y, *tg.grad(y, [W], create_graph=True)])
    assert any(node.origin for node in graph.nodes)
    loaded = reloaded(graph)
    assert_same(graph, loaded)
    assert str(loaded.rolled()) == str(graph.rolled())
    (second,) = tg.grad(loaded.outputs[1].sum(), loaded.parameters)
    (expected,) = tg.grad(graph.outputs[1].sum(), [W])
    assert second.data.tobytes() == expected.data.tobytes()
    assert_same(tg.Graph(graph.outputs[1]), reloaded(tg.Graph(graph.outputs[1])))


def test_a_rebound_leaf_and_what_was_made_from_it_before():
    W = tg.parameter([1.0, 2.0], label="W")
    y = (W * W).sum()
    W.data = [5.0, 6.0]
    graph = tg.Graph([y, W * 2.0])
    loaded = reloaded(graph)
    assert_same(graph, loaded)
    loaded.outputs[0].backward()
    (V,) = loaded.parameters
    assert V.grad.tolist() == [2.0, 4.0]
    assert V.data.tolist() == [5.0, 6.0]
    assert loaded.evaluate()[0] == 61.0


def test_a_loaded_parameter_can_be_trained():
    W = tg.parameter([1.0, 2.0], label="W")
    loaded = reloaded(tg.Graph((W * W).sum()))
    loaded.outputs[0].backward()
    tg.SGD(loaded.parameters, lr=0.5).step()
    assert loaded.evaluate() == (0.0,)
    assert W.grad is None


def test_reading_does_not_depend_on_where_it_is_done():
    y = tg.exp(tg.parameter(1.0))
    text = tg.Graph(y).to_json()
    with tg.no_grad(), tg.step(4), tg.scope("elsewhere"):
        loaded = tg.Graph.from_json(text)
    assert_same(tg.Graph(y), loaded)


def test_attributes_of_every_kind():
    settings = {
        "none": None, "yes": True, "number": -3, "real": 0.1, "infinite": float("-inf"), "text": "é\ud800",
        "tuple": (1, (), (2,)), "list": [1, [2.5]], "slice": slice(None, np.int64(3), -1), "dots": ...,
        "array": np.array([[True, False]]), "scalar": np.float64(0.5), "dtype": np.dtype(">f4"),
    }  # fmt: skip
    y = tg.exp(tg.tensor(1.0))
    y.op, y.attributes = tg.ops.OPERATIONS["astype_discrete"], {"dtype": settings_of(settings)}
    (loaded,) = reloaded(tg.Graph(y)).outputs
    found = dict(loaded.attributes["dtype"])
    array, scalar = found.pop("array"), found.pop("scalar")
    assert array.tolist() == [[True, False]]
    assert type(scalar) is np.float64
    assert scalar == 0.5
    assert found == {name: value for name, value in settings.items() if name not in ("array", "scalar")}
    assert type(found["yes"]) is bool
    assert found["dots"] is ...


def settings_of(settings):
    """The settings as one attribute."""
    return tuple(settings.items())


def test_what_a_part_reads_from_outside_is_a_leaf():
    W, x = tg.parameter(2.0, label="W"), tg.tensor(3.0, label="x")
    a = W * x
    y = a * tg.exp(x)
    loaded = reloaded(tg.Graph(y).between(a, y))
    assert [node.op and node.op.name for node in loaded.nodes] == [None, None, "multiply", None, "multiply"]
    assert loaded.outputs[0].item() == y.item()


def test_what_cannot_be_written():
    own = Operation("tanh", np.tanh, [lambda g, y, x: g], lambda tangents, y, x: tangents[0])
    with pytest.raises(tg.GraphError, match=r"cannot write tanh \(\): its operation is not one of this library's"):
        tg.Graph(apply(own, [1.0])).to_json()
    y = tg.exp(tg.tensor(1.0))
    y.attributes = {"callback": print}
    with pytest.raises(tg.GraphError, match="cannot write the attribute <built-in function print>"):
        tg.Graph(y).to_json()


def test_a_long_chain():
    _, y = chain(100_000)
    loaded = reloaded(tg.Graph(y))
    assert len(loaded) == 100_000
    assert loaded.outputs[0].item() == y.item()


# ---------------------------------------------------------------------- texts that are no graphs


def document():
    """A small text as Python has it, with something of every kind in it."""
    x, W = tg.tensor([[1.0, 2.0]], label="x"), tg.parameter(np.eye(2), label="W")
    with tg.step(1), tg.scope("cell"):
        y = tg.tanh(x @ W.T)[0, ::-1]
    y = y[np.array([0, 0])].sum()
    W.data = np.ones((2, 2))
    return json.loads(tg.Graph([y, *tg.grad(tg.exp(y), [x], create_graph=True)[:0], W * x]).to_json())


def encoded(array):
    return base64.b64encode(np.asarray(array).tobytes()).decode()


def node(number, **changes):
    return lambda d: d["nodes"][number].update(changes)


def entry(name, number=0, **changes):
    return lambda d: d[name][number].update(changes)


def without(name, number, *members):
    def change(d):
        for member in members:
            del d[name][number][member]

    return change


MADE = next(k for k, written in enumerate(document()["nodes"]) if written.get("op") == "transpose")

MALFORMED = {
    "another format": (lambda d: d.update(format="onnx"), "whose \"format\" is 'tinygrad_rnn.graph'"),
    "no format": (lambda d: d.pop("format"), "expected an object whose"),
    "a later version": (lambda d: d.update(version=2), "version 2, where this library reads version 1"),
    "a strange version": (lambda d: d.update(version=[]), r"version \[\], where"),
    "a member too many": (lambda d: d.update(code="import os"), "unknown member 'code'"),
    "no nodes": (lambda d: d.pop("nodes"), "nodes missing"),
    "nodes of another kind": (lambda d: d.update(nodes={}), "nodes is a list, not a dict"),
    "no outputs": (lambda d: d.update(nodes=[], outputs=[]), "a graph is made from a Tensor or several"),
    "an output that is no node": (lambda d: d.update(outputs=[99]), "no node 99 among the"),
    "an output that is no number": (lambda d: d.update(outputs=[True]), "no node True among the"),
    "an unread node": (lambda d: d.update(outputs=[0]), "neither an output nor an input"),
    "a node of another kind": (lambda d: d["nodes"].insert(0, 3), r"nodes\[0\]: expected an object, got a int"),
    "an unknown member": (node(0, module="os"), r"nodes\[0\]: unknown member 'module'"),
    "no value": (without("nodes", 0, "value"), r"nodes\[0\]: value missing"),
    "a value that is no array": (node(0, value=10**30), "no array 1000000000000000000000000000000 among"),
    "a negative number": (node(0, value=-1), "no array -1 among"),
    "a fraction for a number": (node(0, value=0.0), "value is a int, not a float"),
    "an unknown operation": (node(MADE, op="system"), "unknown operation 'system'"),
    "an operation of another kind": (node(MADE, op=["tanh"]), "op is a str, not a list"),
    "no operation": (without("nodes", MADE, "op"), "op missing"),
    "no inputs": (without("nodes", MADE, "inputs"), "inputs missing"),
    "itself for an input": (node(MADE, inputs=[MADE]), f"no node {MADE} among the {MADE} so far"),
    "a later node for an input": (node(MADE, inputs=[MADE + 1]), f"no node {MADE + 1} among the {MADE} so far"),
    "too few operands": (node(MADE, inputs=[]), "transpose of 0 inputs and .* missing a required argument"),
    "too many operands": (node(MADE, inputs=[0, 0]), "transpose of 2 inputs and"),
    "a missing attribute": (node(MADE, attributes={}), "missing a required argument: 'axes'"),
    "an unknown attribute": (node(MADE, attributes={"axes": None, "out": 1}), "unexpected keyword argument 'out'"),
    "an unknown kind of value": (node(MADE, attributes={"axes": {"eval": "1"}}), "unknown kind of value 'eval'"),
    "two kinds of value": (node(MADE, attributes={"axes": {"a": 1, "b": 2}}), "an object of one member, got 2"),
    "a slice that is none": (node(MADE, attributes={"axes": {"slice": [1, 2, 3, 4]}}), "not a slice"),
    "a slice of text": (node(MADE, attributes={"axes": {"slice": "abc"}}), "expected a list of parts, not 'abc'"),
    "a number that is none": (node(MADE, attributes={"axes": {"float": "one"}}), "invalid hexadecimal"),
    "a number of another kind": (node(MADE, attributes={"axes": {"float": None}}), "not a float"),
    "an ellipsis that holds": (node(MADE, attributes={"axes": {"ellipsis": 1}}), "an ellipsis holds nothing"),
    "a dtype that is none": (node(MADE, attributes={"axes": {"dtype": "O"}}), "not a real dtype: 'O'"),
    "a dtype of this machine's": (node(MADE, attributes={"axes": {"dtype": "<f7"}}), "no dtype '<f7'"),
    "an array that is none": (node(MADE, attributes={"axes": {"array": [1]}}), r"no array \[1\] among"),
    "kept arrays of a leaf": (node(0, kept=[]), "missing"),
    "too few kept arrays": (node(MADE, kept=[]), "the kept arrays are not like the inputs"),
    "a label of another kind": (node(0, label=3), "label is a str, not a int"),
    "a step of another kind": (node(0, step=1.5), "step is a int, not a float"),
    "a gradient of integers": (
        lambda d: (d["buffers"].append({"dtype": "<i8", "data": encoded([1])}),
                   d["arrays"].append({"buffer": len(d["buffers"]) - 1, "shape": [1]}),
                   d["nodes"].insert(0, {"value": len(d["arrays"]) - 1, "requires_grad": True})),
        "int64 has no gradient",
    ),
    "an origin to come": (node(0, origin=[1, None, 0]), "no node 1 among the 0"),
    "an origin too short": (node(1, origin=[0]), "an origin is a node, an operand or null, and a number"),
    "an empty origin": (node(1, origin=[]), "no node None among"),
    "an origin too long": (node(1, origin=[0, None, 0, 0]), "an origin is"),
    "an origin's operand": (node(1, origin=[0, 0, 0]), "no operand 0 among the 0"),
    "a negative ordinal": (node(1, origin=[0, None, -1]), "an origin is"),
    "no base64": (entry("buffers", data="?"), r"buffers\[0\]: "),
    "not whole elements": (entry("buffers", data="AAAA"), "buffer size must be a multiple of element size"),
    "bytes of another kind": (entry("buffers", data=[0]), "data is a str, not a list"),
    "letters outside ASCII": (entry("buffers", data="é" * 8), r"buffers\[0\]: "),
    "objects": (entry("buffers", dtype="|O"), "not a real dtype"),
    "objects of eight bytes": (entry("buffers", dtype="|O8"), "not a real dtype"),
    "complex numbers": (entry("buffers", dtype="<c8"), "not a real dtype"),
    "a structure": (entry("buffers", dtype="f8,f8"), "not a real dtype"),
    "truth values of 2": (entry("buffers", dtype="|b1", data=encoded(np.uint8([2]))), "neither 0 nor 1"),
    "a trillion elements": (entry("arrays", shape=[10**12]), r"arrays\[0\]: an array from byte 0 to 8000000000000 of"),
    "more than a machine has": (entry("arrays", shape=[10**30]), r"arrays\[0\]: "),
    "a product beyond integers": (entry("arrays", shape=[2**40, 2**40]), r"arrays\[0\]: "),
    "a negative length": (entry("arrays", shape=[-1]), r"shape is a list of integers from 0, not \[-1\]"),
    "a length that is none": (entry("arrays", shape=["2"]), r"shape is a list of integers from 0, not \['2'\]"),
    "a hundred axes": (entry("arrays", shape=[1] * 100), "maximum"),
    "strides beyond the end": (entry("arrays", strides=[8, 1000]), "an array from byte 0 to 1008 of"),
    "strides before the start": (entry("arrays", strides=[-8, -8]), "an array from byte -8 to 8 of"),
    "a length past the end of an empty array": (entry("arrays", shape=[0, 2**62, 2**62]), r"arrays\[0\]: "),
    "strides for other axes": (entry("arrays", strides=[8]), "2 axes have not 1 strides"),
    "an offset beyond the end": (entry("arrays", offset=1000), "an array from byte 1000 to"),
    "an offset before the start": (entry("arrays", offset=-8), "an array from byte -8 to"),
    "an offset beyond integers": (entry("arrays", offset=10**30), r"arrays\[0\]: "),
    "no such memory": (entry("arrays", buffer=99), "no buffer 99"),
    "a scalar with axes": (entry("arrays", scalar=True), "a scalar has no axes"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_text_is_refused(name):
    change, message = MALFORMED[name]
    whole = document()
    tg.Graph.from_json(json.dumps(whole))
    change(whole)
    with pytest.raises(tg.GraphError, match=message):
        tg.Graph.from_json(json.dumps(whole))


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", "3", '"tinygrad_rnn.graph"', "NaN", "-Infinity", b"\xff\xfe\x00", "9" * 10_000,
        "[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000,
        '{"format": "tinygrad_rnn.graph", "format": "tinygrad_rnn.graph"}',
    ],
)  # fmt: skip
def test_another_text_is_refused(text):
    with pytest.raises(tg.GraphFormatError, match="not a graph: "):
        tg.Graph.from_json(text)


@pytest.mark.parametrize("text", [None, 3, ["{}"]])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(tg.GraphFormatError, match="not a graph: "):
        tg.Graph.from_json(text)


def test_attributes_nested_deeply_are_refused():
    text = json.dumps(document()).replace('"axes": null', '"axes": ' + "[" * 900 + "]" * 900)
    with pytest.raises(tg.GraphFormatError, match="nested too deeply"):
        nested(100, tg.Graph.from_json, text)


def nested(depth, function, *arguments):
    """Call a function with that many calls already open."""
    return nested(depth - 1, function, *arguments) if depth else function(*arguments)


def test_reading_takes_memory_in_proportion_to_the_text():
    """Whatever shapes it claims, and whatever its operations would make of them."""
    x = tg.broadcast_to(tg.tensor(1.0), (10**6, 10**6))
    text = tg.Graph(tg.broadcast_to(x, (1000, 10**6, 10**6)).reshape(1000, 10**6, 10**6)[0, 0]).to_json()
    tracemalloc.start()
    try:
        loaded = tg.Graph.from_json(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert loaded.outputs[0].shape == (10**6,)
    assert peak < 1_000_000


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_text_is_refused_or_is_another_graph(seed):
    """Never another error, nor anything that cannot be written and read again."""
    rng = random.Random(seed)
    whole = document()
    for _ in range(rng.randint(1, 3)):
        damage(whole, rng)
    text = json.dumps(whole)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", *'0-9"{}[],:ex\\ ']) + text[at + 1 :]
    try:
        graph = tg.Graph.from_json(text)
    except tg.GraphError:
        return
    assert_same(graph, reloaded(graph))
    assert len(repr(graph)) + len(str(graph)) > 0


STRANGE = [
    None, True, False, 0, 1, -1, 3, 10**12, 2**63, 10**40, 0.5, 1e308, "", "x", "tanh", "<f4", "|O", [], {}, [0], [[]],
    {"slice": [0, 1, 2]}, {"ellipsis": None}, {"array": 0}, {"dtype": "<f8"}, [10**6] * 3,
]  # fmt: skip


def damage(whole, rng):
    """Replace, drop, copy or exchange something, anywhere."""
    places = [*walk(whole)]
    container, key = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        container[key] = copy.deepcopy(rng.choice(STRANGE))
    elif kind == 1:
        del container[key]
    elif kind == 2 and isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    else:
        other, there = rng.choice(places)
        container[key] = copy.deepcopy(other[there])


def walk(value):
    """Every place of a document, as a container and a key."""
    for key, member in [*value.items()] if isinstance(value, dict) else [*enumerate(value)]:
        yield value, key
        if isinstance(member, dict | list):
            yield from walk(member)
