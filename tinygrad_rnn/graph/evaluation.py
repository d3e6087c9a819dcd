"""What a graph's outputs would be with other values, found without making a node."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from tinygrad_rnn.graph.order import dependencies
from tinygrad_rnn.node import Array, Tensor, explain, read_only

Plan: TypeAlias = Sequence[tuple[Tensor, Sequence[Tensor]]]
"""Each result in topological order, and what nobody reads after it."""


def plan_evaluation(order: Sequence[Tensor], outputs: Iterable[Tensor]) -> Plan:
    """When the values of a graph's nodes, which are in topological order, are computed and let go."""
    last_reader = {source: node for node in order for source in node.inputs}
    for output in outputs:
        last_reader.pop(output, None)
    read_last: dict[Tensor, list[Tensor]] = {node: [] for node in order if node.op is not None}
    for source, node in last_reader.items():
        read_last[node].append(source)
    return tuple(read_last.items())


def evaluate(plan: Plan, outputs: Iterable[Tensor], values: Mapping[Tensor, Array]) -> tuple[Array, ...]:
    """The outputs' values where some nodes have other values.

    A node is computed again, once, if an array that it reads is not the one that it was made from, be it
    given here or because a leaf was rebound. Nodes outside the plan keep their values.

    Args:
        plan: the graph's plan.
        outputs: the nodes asked for.
        values: for any nodes, the arrays that stand for their values.
    """
    computed: dict[Tensor, Any] = dict(values)
    if any(node.op is not None for node in values):
        plan = _needed(plan, outputs, values)
    for node, read_last in plan:
        arrays = [computed.get(source, source._data) for source in node.inputs]
        for array, before in zip(arrays, node._arrays, strict=True):
            if array is not before:
                computed[node] = _compute(node, arrays)
                break
        for source in read_last:
            computed.pop(source, None)
    return tuple([read_only(computed.get(output, output._data)) for output in outputs])


def _needed(plan: Plan, outputs: Iterable[Tensor], given: Collection[Tensor]) -> Plan:
    """Without what is given, and what only that was made from."""
    rest = [(node, read_last) for node, read_last in plan if node not in given]
    needed = dependencies([node for node, _ in rest], outputs)
    return [(node, read_last) for node, read_last in rest if node in needed]


def _compute(node: Tensor, arrays: Sequence[Array]) -> Any:
    op: Any = node.op
    try:
        return op.value(*arrays, **node.attributes)
    except (ValueError, IndexError, TypeError) as error:
        raise explain(op.name, node.inputs, error) from error
