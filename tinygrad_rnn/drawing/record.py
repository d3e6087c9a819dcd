"""What a page holds of a graph: its nodes, and backprop through them as it really ran, ready for JSON.

Nodes are numbered in topological order. What is too much for a page is left out, and the record says so.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff import Event, trace_backward
from tinygrad_rnn.drawing.basics.label import Run, Text, clean, shorten
from tinygrad_rnn.drawing.formulas import BROADCASTING, find_formula, formula_name
from tinygrad_rnn.drawing.scene.glyphs import index_text, number_text, value_text
from tinygrad_rnn.drawing.scene.nablas import has_name
from tinygrad_rnn.drawing.view import View
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.node import Array, Tensor

MOST_ENTRIES = 400
"""The largest array that is given in full."""

SAMPLED = 16
"""The most rows, and the most columns, that are given of a larger array."""

BYTES_PER_ENTRY, BYTES_PER_ARRAY, BYTES_PER_EVENT = 21, 15, 45
"""What a number takes in a page, what an array takes besides, and an event without its arrays; about."""

MOST_NODES = 40_000
"""The largest graph that is described in full; of a larger one, only the nodes that a view shows."""

Record = dict[str, Any]


def record_graph(graph: Graph, views: Sequence[View], room: int) -> Record:
    """Describe a graph, and backprop from its scalar output to its parameters.

    Args:
        graph: the graph.
        views: what is shown of it.
        room: for all that is recorded, in bytes.

    Returns:
        "views", "nodes", "events", "parameters", "output" and "operations", as the page's script reads them; and
        "notes", sentences that say what is missing, and why.
    """
    is_whole = len(graph) <= MOST_NODES
    shown = {node for view in views for node in view.marks.values()}
    nodes = graph.nodes if is_whole else [node for node in graph.nodes if node in shown]
    recorder = _Recorder(nodes)
    too_large = f"it is too large for that: it has {len(graph):,} nodes"
    output, reason = _find_output(graph) if is_whole else (None, too_large)
    notes = [] if output is not None else [f"Backprop cannot be watched in this graph, because {reason}."]
    if not is_whole:
        notes.append("Only the nodes in the picture are described.")
    record: Record = {
        "views": [recorder.view(view, view.find_moments() if is_whole else {}) for view in views],
        "nodes": [recorder.node(node) for node in nodes],
        "operations": {formula_name(node): _formula(node) for node in nodes if node.op is not None},
        "parameters": [recorder.numbers[node] for node in nodes if node.op is None and node.requires_grad],
        "output": None if output is None else recorder.numbers[output],
    }
    recorder.leave_out(room - len(encode(record)))
    for node, described in zip(nodes, record["nodes"], strict=True):
        described |= recorder.value(node)
    with np.errstate(all="ignore"):  # the page shows what is not finite
        events = [] if output is None else [recorder.event(event) for event in trace_backward(output)]
    return {**record, "events": events, "notes": [*notes, *recorder.notes()]}


def encode(record: Record) -> str:
    """JSON that may stand in an HTML element of any kind: no character in it means anything to HTML."""
    text = json.dumps(record, separators=(",", ":"), allow_nan=False)  # in ASCII, so that U+2028 is escaped as well
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _formula(node: Tensor) -> Record:
    return find_formula(node)._asdict() | {"broadcasts": formula_name(node) in BROADCASTING}


def _find_output(graph: Graph) -> tuple[Tensor | None, str]:
    """The one output from which backprop can be watched; or None, and why there is none."""
    outputs = [node for node in graph.outputs if node.dtype.kind == "f" and node.size == 1]
    scalars = [node for node in outputs if node.ndim == 0] or outputs
    if len(scalars) != 1:
        return None, "it has no scalar output" if not scalars else f"it has {len(scalars)} scalar outputs"
    if not scalars[0].requires_grad:
        return None, "its output depends on no parameter"
    return scalars[0], ""


class _Recorder:
    def __init__(self, nodes: Sequence[Tensor]) -> None:
        self.nodes = nodes
        self.numbers: dict[Tensor | None, int] = {node: number for number, node in enumerate(nodes)}
        self.values = _held_values(nodes)
        self.left_out = range(0)
        self.is_thinned = False

    def leave_out(self, room: int) -> None:
        """Decide whose numbers are left out, so that all others take no more than so many bytes."""
        self.left_out = find_middle([_cost(node) for node in self.nodes], room - BYTES_PER_EVENT * len(self.nodes))

    def view(self, view: View, moments: Mapping[str, Mapping[float, Tensor]]) -> Record:
        """The nodes that a view's marks show, and the steps that its gaps stand for.

        Where marks show other nodes at other moments, these are time steps, and each mark has a node for each, or
        None.
        """
        steps = sorted({step for nodes in moments.values() for step in nodes})
        marks = {
            mark: [self.numbers.get(moments[mark].get(step)) for step in steps] if steps else self.numbers[node]
            for mark, node in view.marks.items()
        }
        return {"name": view.name, "title": view.title, "marks": marks, "moments": steps, "gaps": dict(view.gaps)}

    def node(self, node: Tensor) -> Record:
        """A node without its value, and without what is usual."""
        described: Record = {"shape": node.shape, "dtype": node.dtype.name}
        if node.op is None:
            described["kind"] = "parameter" if node.requires_grad else "constant"
        else:
            described["op"] = node.op.name
            described["formula"] = formula_name(node)
            described["inputs"] = [self.numbers.get(source) for source in node.inputs]
        optional = {
            "label": node.label and clean(node.label),
            "name": _runs(_name(node)),
            "step": node.step,
            "scope": clean(node.scope),
            "settings": _settings(node.attributes),
        }
        return described | {key: value for key, value in optional.items() if value not in (None, "", [])}

    def value(self, node: Tensor) -> Record:
        """A node's value, or nothing where it is left out."""
        return {} if self.numbers[node] in self.left_out else {"value": self.array(self.values[node])}

    def event(self, event: Event) -> Record:
        """A node that backprop reached, its adjoint, and what its inputs receive."""
        number = self.numbers[event.node]
        if number in self.left_out:
            return {"node": number, "needed": [given is not None for given in event.contributions]}
        return {
            "node": number,
            "adjoint": self.array(event.adjoint),
            "contributions": [None if given is None else self.array(given) for given in event.contributions],
        }

    def array(self, array: Array) -> Record:
        """An array's entries in order; or of a large one some rows and columns, and what is known of all."""
        if array.size <= MOST_ENTRIES:
            return {"entries": _numbers(array)}
        self.is_thinned = True
        matrix = array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1)
        rows, columns = (_spread(length) for length in matrix.shape)
        numbers = matrix.astype(np.float64)
        summary = [numbers.min(), numbers.max(), math.sqrt((numbers * numbers).sum())]
        return {
            "entries": _numbers(matrix[np.ix_(rows, columns)]),
            "rows": rows,
            "columns": columns,
            **dict(zip(("least", "largest", "norm"), _numbers(np.array(summary)), strict=True)),
        }

    def notes(self) -> list[str]:
        """What is missing, in sentences."""
        notes = []
        if self.is_thinned:
            notes.append(
                f"Of arrays of more than {MOST_ENTRIES} numbers, at most {SAMPLED} rows and columns are in this page."
            )
        if self.left_out:
            steps = [step for number in self.left_out if (step := self.nodes[number].step) is not None]
            where = f", from time step {min(steps)} to {max(steps)}" if steps else ""
            notes.append(
                f"The numbers of {len(self.left_out):,} nodes in the middle of the graph{where}, are left out, "
                "because the page would be too large with them."
            )
        return notes


def find_middle(costs: Sequence[int], room: int) -> range:
    """The fewest places around the middle without which the others fit."""
    low = high = len(costs) // 2
    total = sum(costs)
    while total > room and high - low < len(costs):
        if low == 0 or low + high < len(costs):
            total -= costs[high]
            high += 1
        else:
            low -= 1
            total -= costs[low]
    return range(low, high)


def _cost(node: Tensor) -> int:
    """About how many bytes a node's value, its adjoint and what its inputs receive take."""
    sizes = [node.size, node.size, *(source.size for source in node.inputs)]
    return sum(BYTES_PER_ARRAY + BYTES_PER_ENTRY * min(size, MOST_ENTRIES) for size in sizes)


def _held_values(nodes: Iterable[Tensor]) -> Mapping[Tensor, Array]:
    """The value of each node that the graph was computed with; a leaf may have been rebound since."""
    values: dict[Tensor, Array] = {}
    for node in nodes:
        values.setdefault(node, node.data)
        values.update((source, np.asarray(array)) for source, array in zip(node.inputs, node.arrays, strict=True))
    return values


def _spread(length: int) -> list[int]:
    """Up to SAMPLED places, evenly spread."""
    places: list[int] = np.unique(np.linspace(0, length - 1, min(length, SAMPLED)).round().astype(int)).tolist()
    return places


def _numbers(array: Array) -> list[float | str]:
    """All entries as numbers of JSON, which has none for what is not finite."""
    return [number if math.isfinite(number) else _not_finite(number) for number in map(float, array.flat)]


def _not_finite(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _name(node: Tensor) -> Text:
    """A node's label, "∇" and that of which it is the adjoint, or the number that it is; nothing for others."""
    if has_name(node):
        return value_text(node)
    if node.op is None and node.size == 1 and not node.requires_grad:
        return (Run(number_text(node.item())),)
    return ()


def _runs(text: Text) -> list[list[str]]:
    return [list(run) for run in text]


def _settings(attributes: Mapping[str, Any]) -> str:
    """An operation's keyword arguments in words, but for those that are off."""
    given = {name: value for name, value in attributes.items() if value is not None and value is not False}
    return shorten(clean(", ".join(f"{name} {index_text(value)}" for name, value in given.items())), 60)
