"""A graph as a whole: everything that one or several nodes were made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, SupportsIndex, overload

from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.graph.order import topological_order
from tinygrad_rnn.node import Tensor


class Nodes(tuple[Tensor, ...]):
    """Nodes in a fixed order; `in`, `index` and `count` go by identity, because `==` compares values."""

    __slots__ = ()

    def __contains__(self, node: object) -> bool:
        return any(member is node for member in self)

    def index(self, node: Any, start: Any = 0, stop: Any = None) -> int:
        """The position of this very node.

        Raises:
            ValueError: the node is not here.
        """
        for position in range(*slice(start, stop).indices(len(self))):
            if self[position] is node:
                return position
        raise ValueError(f"{node!r} is not one of these nodes")

    def count(self, node: Any) -> int:
        """How often this very node occurs."""
        return sum(member is node for member in self)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> Nodes: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Tensor | Nodes:
        if isinstance(index, slice):
            return Nodes(super().__getitem__(index))
        return super().__getitem__(index)


class Edge(NamedTuple):
    """`source` is operand number `operand` of `target`."""

    source: Tensor
    target: Tensor
    operand: int


class Graph:
    """All nodes that the given outputs were made from, and how they hang together.

    Attributes:
        outputs: the nodes that were given.
        nodes: all nodes in the order of making, which is a topological order.
        edges: one for each operand of each node, so that `a * a` has two.

    >>> x = tg.parameter([1.0, 2.0], label="x")
    >>> graph = tg.Graph((x * x).sum())
    >>> [node.describe() for node in graph.nodes]
    ["parameter 'x' (2,)", 'multiply (2,)', 'sum ()']
    """

    def __init__(self, outputs: Tensor | Iterable[Tensor]) -> None:
        if isinstance(outputs, Tensor) or not isinstance(outputs, Iterable):
            outputs = [outputs]
        self.outputs = Nodes(outputs)
        strangers = [output for output in self.outputs if not isinstance(output, Tensor)]
        if strangers or not self.outputs:
            raise GraphError(f"a graph is made from a Tensor or several, not from {strangers or 'nothing'}")
        self.nodes = Nodes(topological_order(self.outputs))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, in the order of the nodes that it leads to."""
        return tuple([Edge(source, node, k) for node in self.nodes for k, source in enumerate(node.inputs)])

    @property
    def leaves(self) -> Nodes:
        """The nodes that no operation made: parameters and constants."""
        return Nodes(node for node in self.nodes if node.op is None)

    @property
    def parameters(self) -> Nodes:
        """The leaves that ask for a gradient."""
        return Nodes(node for node in self.leaves if node.requires_grad)

    @property
    def steps(self) -> tuple[int, ...]:
        """The time steps that occur, in ascending order."""
        return tuple(sorted({node.step for node in self.nodes if node.step is not None}))

    def find(
        self, *, op: str | None = None, step: int | None = None, label: str | None = None, scope: str | None = None
    ) -> Nodes:
        """The nodes that fit all that is given: an operation's name, a time step, a label, a scope."""
        return Nodes(
            node
            for node in self.nodes
            if (op is None or (node.op is not None and node.op.name == op))
            and (step is None or node.step == step)
            and (label is None or node.label == label)
            and (scope is None or node.scope == scope)
        )

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        counts = f"{len(self)} nodes, {len(self.parameters)} parameters, {len(self.steps)} time steps"
        return f"<graph of {', '.join(output.describe() for output in self.outputs)}: {counts}>"
