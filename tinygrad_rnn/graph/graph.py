"""A graph as a whole: everything that one or several nodes were made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.graph.copying import copy_nodes
from tinygrad_rnn.graph.evaluation import Plan, evaluate, plan_evaluation
from tinygrad_rnn.graph.isomorphism import is_isomorphic
from tinygrad_rnn.graph.nodes import Edge, Nodes
from tinygrad_rnn.graph.order import dependencies, dependents, topological_order
from tinygrad_rnn.graph.rolled import Rolled
from tinygrad_rnn.graph.rolling import roll
from tinygrad_rnn.graph.table import node_table
from tinygrad_rnn.node import Array, Tensor

if TYPE_CHECKING:
    import networkx
    from numpy.typing import ArrayLike


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
    >>> print(graph)
    x = parameter                             (2,) float64
    %1 = multiply(x, x)                       (2,) float64
    %2 = sum(%1, axis=None, keepdims=False)   () float64
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
        return tuple(
            [
                Edge(source, node, operand)
                for node in self.nodes
                for operand, source in enumerate(node.inputs)
                if source in self._members
            ]
        )

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

    # ------------------------------------------------------------------ parts

    def ancestors(self, nodes: Tensor | Iterable[Tensor]) -> Nodes:
        """What a node, or any of several, was made from, in topological order.

        Raises:
            GraphError: a node is not in this graph.

        >>> x = tg.tensor(2.0, label="x")
        >>> y = tg.exp(x)
        >>> [node.describe() for node in tg.Graph(y * x).ancestors(y)]
        ["constant 'x' ()"]
        """
        reached = dependencies(self.nodes, self._own(nodes))
        read = {source for node in reached for source in node.inputs}
        return Nodes(node for node in self.nodes if node in read)

    def descendants(self, nodes: Tensor | Iterable[Tensor]) -> Nodes:
        """What was made from a node, or from any of several, in topological order.

        Raises:
            GraphError: a node is not in this graph.
        """
        reached = dependents(self.nodes, self._own(nodes))
        return Nodes(node for node in self.nodes if not reached.isdisjoint(node.inputs))

    def between(self, sources: Tensor | Iterable[Tensor], targets: Tensor | Iterable[Tensor]) -> Graph:
        """The part that lies on ways from one node to another, or from any of several to any of several.

        Its nodes are those on the ways, ends included, its edges those between them, and its outputs the targets
        that a way leads to. What its nodes read from outside belongs to no edge and keeps its value in `evaluate`;
        `copy` makes constants of it.

        Raises:
            GraphError: no way leads from a source to a target, or a node is not in this graph.

        >>> x = tg.tensor(2.0, label="x")
        >>> y = tg.exp(x)
        >>> print(tg.Graph(tg.sin(x) * y).between(x, y))
        x = constant   () float64
        %1 = exp(x)    () float64
        """
        sources, targets = self._own(sources), self._own(targets)
        on_the_way = dependents(self.nodes, sources) & dependencies(self.nodes, targets)
        led_to = [target for target in targets if target in on_the_way]
        if not led_to:
            ends = [" or ".join(node.describe() for node in nodes) or "nothing" for nodes in (sources, targets)]
            raise GraphError(f"no way leads from {ends[0]} to {ends[1]}")
        part = Graph(led_to)
        part.nodes = Nodes(node for node in self.nodes if node in on_the_way)
        return part

    @property
    def is_whole(self) -> bool:
        """Whether the graph has all that its nodes were made from; a part that `between` gives may lack some."""
        return all(self._members.issuperset(node.inputs) for node in self.nodes)

    def copy(self) -> Graph:
        """A graph of nodes of its own, with the same values; what nodes of a part read from outside is constant.

        >>> x = tg.tensor(2.0, label="x")
        >>> y = tg.exp(x)
        >>> part = tg.Graph(y * x).between(y, y)
        >>> len(part), len(part.copy())
        (1, 2)
        """
        copies = copy_nodes(self.nodes)
        return Graph([copies[output] for output in self.outputs])

    @cached_property
    def _members(self) -> frozenset[Tensor]:
        return frozenset(self.nodes)

    def _own(self, nodes: Tensor | Iterable[Tensor]) -> list[Tensor]:
        """Nodes of this graph, given as one or as several."""
        own = [nodes] if isinstance(nodes, Tensor) else list(nodes)
        for node in own:
            if not isinstance(node, Tensor) or node not in self._members:
                what = node.describe() if isinstance(node, Tensor) else repr(node)
                raise GraphError(f"{what} is not a node of this graph")
        return own

    # ------------------------------------------------------------------ values

    def evaluate(self, values: Mapping[Tensor, ArrayLike] | None = None) -> tuple[Array, ...]:
        """The outputs, recomputed with other values, without building anything.

        Leaves that are not given have the values that they hold now. Only what differs from the graph's own values
        is computed, each node once, and let go as soon as nothing needs it any more.

        Args:
            values: for leaves, or inner nodes to start from, the arrays to take for their values.

        Returns:
            For each output a read-only array.

        Raises:
            GraphError: a node is not in this graph.
            ShapeError: an array has not its node's shape.
            DTypeError: an array cannot be cast to its node's dtype.
            OperandError: something is no array of real numbers.

        >>> x = tg.tensor([1.0, 2.0], label="x")
        >>> graph = tg.Graph((x * x).sum())
        >>> graph.evaluate({x: [3.0, 4.0]})
        (array(25.),)
        """
        given = {} if values is None else values
        arrays = {node: node._fitting(given[node]) for node in self._own(given)}
        return evaluate(self._plan, self.outputs, arrays)

    @cached_property
    def _plan(self) -> Plan:
        return plan_evaluation(self.nodes, self.outputs)

    # ------------------------------------------------------------------ form

    def rolled(self) -> Rolled:
        """The rolled form: what the graph repeats from step to step, once, with the delays between."""
        return roll(self.nodes)

    def is_isomorphic(self, other: Graph, labels: bool = False) -> bool:
        """Whether another graph is built alike.

        Outputs correspond in order, and nodes one to one: by the same operations with the same attributes, from the
        same operands in the same order, shared alike, with the same shapes and dtypes, and parameters where the other
        has parameters. The order of making does not count, nor do values.

        Args:
            other: the graph to compare with.
            labels: whether labels, steps and scopes must be equal too.

        >>> x, y = tg.tensor(1.0), tg.tensor(2.0)
        >>> tg.Graph(x * x).is_isomorphic(tg.Graph(y * y)), tg.Graph(x * x).is_isomorphic(tg.Graph(x * y))
        (True, False)
        """
        if (len(self.outputs), len(self)) != (len(other.outputs), len(other)):
            return False
        return is_isomorphic(self._members, other._members, list(zip(self.outputs, other.outputs, strict=True)), labels)

    # ------------------------------------------------------------------ other forms

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The graph for networkx: nodes are the positions in `nodes`, and each operand has an edge.

        Nodes have the attributes op (the operation's name, or None), label, step, scope, shape, dtype (its name) and
        requires_grad, edges have the attribute operand.

        Raises:
            MissingExtraError: networkx is not installed.

        >>> x = tg.tensor(1.0, label="x")
        >>> network = tg.Graph(x * x).to_networkx()
        >>> network.nodes[1]["op"], list(network.edges(data="operand"))
        ('multiply', [(0, 1, 0), (0, 1, 1)])
        """
        from tinygrad_rnn.graph.conversion import to_networkx

        return to_networkx(self.nodes)

    def to_json(self) -> str:
        """The graph as JSON text, from which `from_json` makes it again, bit for bit.

        Everything is written but gradients summed up in `grad`, and origins outside the graph. Of a part its `copy`
        is written.

        Raises:
            GraphError: an operation or attribute that is not one of the library's.
        """
        from tinygrad_rnn.graph.exchange import write_json  # with json and more, which few need

        graph = self if self.is_whole else self.copy()
        return write_json(graph.nodes, graph.outputs)

    @classmethod
    def from_json(cls, text: str | bytes) -> Graph:
        r"""The graph that `to_json` wrote.

        The text may come from anywhere: nothing in it is executed, no operation is run, and memory is taken in
        proportion to its length. What it describes is taken at its word; an operation whose recorded value is not
        what it would compute shows when the graph is evaluated or differentiated.

        Raises:
            GraphFormatError: the text is not what `to_json` writes.

        >>> W = tg.parameter([1.0, 2.0], label="W")
        >>> graph = tg.Graph.from_json(tg.Graph(tg.tanh(W).sum()).to_json())
        >>> graph.outputs[0].backward()
        >>> graph.find(label="W")[0].grad
        array([0.41997434, 0.07065082])
        """
        from tinygrad_rnn.graph.exchange import read_json

        return cls(read_json(text))

    def __str__(self) -> str:
        """A line for each node."""
        return node_table(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        counts = f"{len(self)} nodes, {len(self.parameters)} parameters, {len(self.steps)} time steps"
        return f"<graph of {', '.join(output.describe() for output in self.outputs)}: {counts}>"
