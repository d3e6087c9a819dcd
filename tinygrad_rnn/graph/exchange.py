"""Graphs as JSON text: all that is known of every node, bit for bit.

The text is an object:

- "format" and "version" say what it is;
- "buffers" and "arrays" hold the numbers, see `memory`;
- "nodes" lists the nodes in topological order. A node is known by its position, and names only nodes before
  it. "value" is the number of its array. An operation's node has "op", "inputs" and "attributes", and "kept",
  its inputs' arrays, where a leaf has been rebound since. "label", "step", "scope", "requires_grad" and
  "origin" are left out where there are none;
- "outputs" are the positions of the outputs.

Reading runs no operation: values are taken as they are written, so that they are the same on every machine,
and so that what is read takes memory in proportion to the text, whatever it claims.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context
from functools import cache
from inspect import Parameter, Signature, signature
from typing import Any, NoReturn

import numpy as np

from tinygrad_rnn.errors import GraphError, GraphFormatError
from tinygrad_rnn.graph.attributes import decode, encode
from tinygrad_rnn.graph.memory import Memory, read_buffer, read_view
from tinygrad_rnn.node import NO_ATTRIBUTES, Array, Operation, Origin, Tensor, make
from tinygrad_rnn.ops.declaration import OPERATIONS

FORMAT = "tinygrad_rnn.graph"
VERSION = 1


def write_json(nodes: Sequence[Tensor], outputs: Iterable[Tensor]) -> str:
    """The text of a graph: all its nodes in topological order, and which of them are its outputs.

    Raises:
        GraphError: an operation that is not one of the library's, or an attribute that cannot be written.
    """
    position = {node: number for number, node in enumerate(nodes)}
    memory = Memory()
    written = []
    for node in nodes:
        entry = {} if node.op is None else _how_made(node, node.op, position, memory)
        written.append(entry | {"value": memory.number(node._data)} | _marks(node, position))
    document = {
        "format": FORMAT,
        "version": VERSION,
        "buffers": memory.buffers,
        "arrays": memory.views,
        "nodes": written,
        "outputs": [position[output] for output in outputs],
    }
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def _how_made(node: Tensor, op: Operation, position: Mapping[Tensor, int], memory: Memory) -> dict[str, Any]:
    if OPERATIONS.get(op.name) is not op:
        raise GraphError(f"cannot write {node.describe()}: its operation is not one of this library's")
    attributes = {name: encode(value, memory.number) for name, value in node.attributes.items()}
    entry = {"op": op.name, "inputs": [position[source] for source in node.inputs], "attributes": attributes}
    if any(source._data is not array for source, array in zip(node.inputs, node._arrays, strict=True)):
        entry["kept"] = [memory.number(array) for array in node._arrays]
    return entry


def _marks(node: Tensor, position: Mapping[Tensor, int]) -> dict[str, Any]:
    """How the node is marked; an origin only where the graph has the node that it names."""
    origin = node.origin
    marks = {
        "label": None if node.label is None else str(node.label),
        "step": None if node.step is None else int(node.step),
        "scope": node.scope or None,
        "requires_grad": node.requires_grad or None,
        "origin": [position[origin.node], *origin[1:]] if origin and origin.node in position else None,
    }
    return {name: mark for name, mark in marks.items() if mark is not None}


# ---------------------------------------------------------------------- reading


def read_json(text: str | bytes) -> list[Tensor]:
    """The outputs of the graph that a text describes.

    Raises:
        GraphFormatError: the text is not one that `write_json` writes; says where.
    """
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        return Context().run(_Reading(document).read)  # whatever step, scope or no_grad is in force here
    except RecursionError:
        raise GraphFormatError("not a graph: the text is nested too deeply") from None
    except GraphFormatError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise GraphFormatError(f"not a graph: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the text, whose members have each a name of their own."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise GraphFormatError(f"not a graph: an object has two members of one name among {[*map(_first, pairs)]}")
    return members


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _no_number(constant: str) -> NoReturn:
    raise GraphFormatError(f"not a graph: {constant} is no number in JSON")


_DOCUMENT = {"format": str, "version": int, "buffers": list, "arrays": list, "nodes": list, "outputs": list}
_BUFFER = {"dtype": str, "data": str}
_ARRAY = {"buffer": int, "shape": list, "offset": int, "strides": list, "scalar": bool}
_NODE = {
    "value": int, "op": str, "inputs": list, "attributes": dict, "kept": list,
    "label": str, "step": int, "scope": str, "requires_grad": bool, "origin": list,
}  # fmt: skip
_HOW_MADE = {"op", "inputs", "attributes"}


class _Reading:
    """One text on its way to nodes; each method raises a ValueError where something is not as it is written."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.buffers: list[Array] = []
        self.arrays: list[Array] = []
        self.nodes: list[Tensor] = []

    def read(self) -> list[Tensor]:
        if not isinstance(self.document, dict) or self.document.get("format") != FORMAT:
            raise ValueError(f'expected an object whose "format" is {FORMAT!r}')
        if self.document.get("version") != VERSION:
            raise ValueError(f"version {self.document.get('version')!r}, where this library reads version {VERSION}")
        document = _members(self.document, _DOCUMENT, required=_DOCUMENT)
        _each("buffers", document["buffers"], self.buffers, self._buffer)
        _each("arrays", document["arrays"], self.arrays, self._array)
        _each("nodes", document["nodes"], self.nodes, self._node)
        outputs = [_pick("node", self.nodes, number) for number in document["outputs"]]
        led_to = set(outputs).union(*[node.inputs for node in self.nodes])
        if len(led_to) < len(self.nodes):
            raise ValueError("a node is neither an output nor an input of a node")
        return outputs

    def _buffer(self, entry: Any) -> Array:
        return read_buffer(**_members(entry, _BUFFER, required=_BUFFER))

    def _array(self, entry: Any) -> Array:
        members = _members(entry, _ARRAY, required={"buffer", "shape"})
        buffer = _pick("buffer", self.buffers, members["buffer"])
        shape = _integers("shape", members["shape"], least=0)
        strides = _integers("strides", members["strides"]) if "strides" in members else None
        return read_view(buffer, shape, members.get("offset", 0), strides, members.get("scalar", False))

    def _node(self, entry: Any) -> Tensor:
        made = isinstance(entry, dict) and not entry.keys().isdisjoint({*_HOW_MADE, "kept"})
        members = _members(entry, _NODE, required={"value", *(_HOW_MADE if made else ())})
        value = self._number(members["value"])
        node = self._result(members, value) if made else make(None, (), (), value)
        node.label = members.get("label")
        node.step = members.get("step")
        node.scope = members.get("scope", "")
        node.requires_grad = members.get("requires_grad", False)
        if node.requires_grad and value.dtype.kind != "f":
            raise ValueError(f"{value.dtype} has no gradient")
        node.origin = self._origin(*members["origin"]) if "origin" in members else None
        return node

    def _result(self, members: Mapping[str, Any], value: Array) -> Tensor:
        op = OPERATIONS.get(members["op"])
        if op is None:
            raise ValueError(f"unknown operation {members['op']!r}")
        inputs = tuple([_pick("node", self.nodes, number) for number in members["inputs"]])
        attributes = {name: decode(value, self._number) for name, value in members["attributes"].items()}
        _check_operands(op, inputs, attributes)
        arrays = tuple([node._data for node in inputs])
        if "kept" in members:
            arrays = tuple([self._number(number) for number in members["kept"]])
            if [(a.shape, a.dtype) for a in arrays] != [(node.shape, node.dtype) for node in inputs]:
                raise ValueError("the kept arrays are not like the inputs")
        return make(op, inputs, arrays, value, attributes or NO_ATTRIBUTES)

    def _number(self, number: Any) -> Array:
        array: Array = _pick("array", self.arrays, number)
        return array

    def _origin(self, number: Any = None, operand: Any = None, ordinal: Any = None, *more: Any) -> Origin:
        node = _pick("node", self.nodes, number)
        if more or type(ordinal) is not int or ordinal < 0:
            raise ValueError("an origin is a node, an operand or null, and a number from 0")
        if operand is not None:
            _pick("operand", node.inputs, operand)
        return Origin(node, operand, ordinal)


def _each(name: str, entries: list[Any], results: list[Any], read: Callable[[Any], Any]) -> None:
    """Read one entry after the other, since later ones name earlier ones."""
    for number, entry in enumerate(entries):
        try:
            results.append(read(entry))
        except ValueError as error:
            raise GraphFormatError(f"not a graph: {name}[{number}]: {error}") from error


def _members(entry: Any, kinds: Mapping[str, type], required: Iterable[str]) -> dict[str, Any]:
    """An object, all of whose members are known and of their kinds."""
    if not isinstance(entry, dict):
        raise ValueError(f"expected an object, got a {type(entry).__name__}")
    for name, member in entry.items():
        if name not in kinds:
            raise ValueError(f"unknown member {name!r}")
        if type(member) is not kinds[name]:
            raise ValueError(f"{name} is a {kinds[name].__name__}, not a {type(member).__name__}")
    missing = [name for name in required if name not in entry]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing")
    return entry


def _pick(kind: str, choices: Sequence[Any], number: Any) -> Any:
    if type(number) is not int or not 0 <= number < len(choices):
        raise ValueError(f"there is no {kind} {number!r} among the {len(choices)} so far")
    return choices[number]


def _integers(name: str, numbers: list[Any], least: float = -math.inf) -> tuple[int, ...]:
    if any(type(number) is not int or number < least for number in numbers):
        raise ValueError(f"{name} is a list of integers{'' if least else ' from 0'}, not {numbers!r}")
    return tuple(numbers)


def _check_operands(op: Operation, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> None:
    """Refuse operands and attributes that the operation's first rule, or its value, could not be called with."""
    try:
        _arguments(op).bind(*inputs, **attributes)
    except TypeError as error:
        raise ValueError(f"{op.name} of {len(inputs)} inputs and {[*attributes]}: {error}") from error


@cache
def _arguments(op: Operation) -> Signature:
    rule = next((rule for rule in op.vjps if rule is not None), None)
    if rule is None and isinstance(op.value, np.ufunc):  # whose signature has settings that no node has
        return Signature([Parameter(f"x{k}", Parameter.POSITIONAL_ONLY) for k in range(op.value.nin)])
    if rule is None:
        return signature(op.value)
    rule_of_operands = signature(rule)
    _, _, *operands = rule_of_operands.parameters.values()  # after the adjoint and the result
    return rule_of_operands.replace(parameters=operands)
