"""A graph as other libraries have it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tinygrad_rnn.extras import require_extra
from tinygrad_rnn.node import Tensor

if TYPE_CHECKING:
    import networkx


def to_networkx(nodes: Iterable[Tensor]) -> networkx.MultiDiGraph:
    """The nodes by their positions, and an edge for each operand, whose key is the operand's number."""
    require_extra("graph", "networkx")
    import networkx

    result = networkx.MultiDiGraph()
    position: dict[Tensor, int] = {}
    for number, node in enumerate(nodes):
        position[node] = number
        result.add_node(
            number,
            op=None if node.op is None else node.op.name,
            label=node.label,
            step=node.step,
            scope=node.scope,
            shape=node.shape,
            dtype=node.dtype.name,
            requires_grad=node.requires_grad,
        )
        for operand, source in enumerate(node.inputs):
            if source in position:
                result.add_edge(position[source], number, key=operand, operand=operand)
    return result
