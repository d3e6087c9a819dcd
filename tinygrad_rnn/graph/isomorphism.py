"""Whether two graphs are built alike, whatever their values and the order in which their nodes were made."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import Any

from tinygrad_rnn.graph.attributes import encode
from tinygrad_rnn.node import Array, Tensor


def is_isomorphic(
    ours: Collection[Tensor],
    theirs: Collection[Tensor],
    outputs: Iterable[tuple[Tensor, Tensor]],
    labels: bool,
) -> bool:
    """Whether the nodes can be matched one to one, outputs with outputs and operands with operands.

    Operands have an order, so a node's match settles those of its inputs: one walk from the outputs decides,
    in time proportional to the number of edges.

    Args:
        ours: the nodes of one graph.
        theirs: the nodes of the other.
        outputs: the outputs of both, in pairs.
        labels: whether labels, steps and scopes must be equal too.
    """
    match: dict[Tensor, Tensor] = {}
    matched: set[Tensor] = set()
    waiting = list(outputs)
    while waiting:
        node, other = waiting.pop()
        if node in match or other in matched:
            if match.get(node) is not other:
                return False
            continue
        match[node] = other
        matched.add(other)
        if (node in ours) != (other in theirs) or not _alike(node, other, labels):
            return False
        if node in ours:
            if node.op is not other.op or len(node.inputs) != len(other.inputs):
                return False
            waiting.extend(zip(node.inputs, other.inputs, strict=True))
    return True


def _alike(node: Tensor, other: Tensor, labels: bool) -> bool:
    return (
        node.shape == other.shape
        and node.dtype == other.dtype
        and node.requires_grad == other.requires_grad
        and (not labels or (node.label, node.step, node.scope) == (other.label, other.step, other.scope))
        and (node.attributes is other.attributes or _written(node) == _written(other))
    )


def _written(node: Tensor) -> Any:
    """The attributes in a form that `==` compares as a whole."""
    return {name: encode(value, _contents) for name, value in node.attributes.items()}


def _contents(array: Array) -> Hashable:
    return array.dtype.str, array.shape, array.tobytes()
