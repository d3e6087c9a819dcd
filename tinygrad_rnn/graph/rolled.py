"""The rolled form: what a graph repeats from step to step, once, with the delays between.

Each role is the same node at all its time steps. Edges between roles carry an offset in time, so that a
recurrent network becomes a small cyclic graph, as large for a thousand steps as for three.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.graph.nodes import Edge, Nodes
from tinygrad_rnn.graph.roles import find_roles, shared_nodes
from tinygrad_rnn.graph.table import columns, formula, kind
from tinygrad_rnn.node import Operation, Shape, Tensor

Steps = Mapping[Tensor, int | None]
"""The time step that each node belongs to."""

Readers = Mapping[Tensor, Sequence[tuple[Tensor, int]]]
"""For each leaf the nodes that read it, each with the number of the operand."""

NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, eq=False, repr=False)
class Role:
    """The same node at each time step that has it; or one node that belongs to no step.

    Attributes:
        number: its position in `Rolled.roles`.
        nodes: its nodes, in the order of their steps.
        steps: their time steps; empty for a node that belongs to none.
    """

    number: int
    nodes: Nodes
    steps: tuple[int, ...]

    @property
    def op(self) -> Operation | None:
        """The operation that makes its nodes; None for leaves."""
        return self.nodes[0].op

    @property
    def shape(self) -> Shape:
        """The shape of its first node."""
        return self.nodes[0].shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The dtype of its first node."""
        return self.nodes[0].dtype

    @property
    def label(self) -> str | None:
        """What its nodes' labels have in common, with the step as t: h_t for h_1, h_2, …; None if nothing."""
        labels = [node.label for node in self.nodes if node.label is not None]
        return label_in_common(labels, self.steps) if len(labels) == len(self.nodes) else None

    def at(self, step: int) -> Tensor:
        """Its node at a time step.

        Raises:
            GraphError: it has none there.
        """
        if step not in self.steps:
            raise GraphError(f"{self!r} has no node at step {step}, only at {[*self.steps]}")
        return self.nodes[self.steps.index(step)]

    def __repr__(self) -> str:
        of = self.op.name if self.op else "parameter" if self.nodes[0].requires_grad else "constant"
        return f"<role {self.label or f'%{self.number}'}: {of} {self.shape}{_when(self.steps)}>"


class RolledEdge(NamedTuple):
    """The edges that lead from one role to another alike at all steps.

    Attributes:
        source: the role that is read.
        target: the role that reads it.
        operand: as which operand; None where a node outside time reads one operand a step, as a stack does.
        offset: how many steps after the source's the target's step is: 0 within a step, 1 for a state read at the
            next step, negative for what runs from later to earlier steps; None where either belongs to no step.
        steps: the target's steps that have the edge; the source's, where the target belongs to no step.
        edges: the edges themselves.
    """

    source: Role
    target: Role
    operand: int | None
    offset: int | None
    steps: tuple[int, ...]
    edges: tuple[Edge, ...]

    def __repr__(self) -> str:
        offset = "" if self.offset is None else f", offset {self.offset}"
        return f"<edge from {self.source!r} to {self.target!r}{offset}>"


class Rolled:
    """A graph rolled up.

    Attributes:
        roles: each node of the graph plays one of them; in the order of their first nodes.
        edges: each edge of the graph is in one of them.

    >>> s = tg.tensor(0.0, label="s_0")
    >>> W = tg.parameter(0.5, label="W")
    >>> for t in 1, 2, 3:
    ...     with tg.step(t):
    ...         s = tg.tanh(W * s)
    ...         s.label = f"s_{t}"
    >>> print(tg.Graph(s).rolled())
    s_0 = constant                   () float64
    W = parameter                    () float64
    %2 = multiply(W, s_0 | s_t[-1])  () float64  t = 1 … 3
    s_t = tanh(%2)                   () float64  t = 1 … 3
    """

    def __init__(self, roles: Sequence[Role], edges: Sequence[RolledEdge]) -> None:
        self.roles = tuple(roles)
        self.edges = tuple(edges)
        self._role_of = {node: role for role in roles for node in role.nodes}

    @property
    def steps(self) -> tuple[int, ...]:
        """The time steps that occur, in ascending order."""
        return tuple(sorted({step for role in self.roles for step in role.steps}))

    def role_of(self, node: Tensor) -> Role:
        """The role that a node plays.

        Raises:
            GraphError: the graph doesn't have the node.
        """
        if node not in self._role_of:
            raise GraphError(f"{node!r} is not a node of this graph")
        return self._role_of[node]

    def __str__(self) -> str:
        """A line for each role; what is read at another step has the distance in brackets."""
        names = _names(self.roles)
        operands: dict[Role, dict[int | None, list[str]]] = defaultdict(lambda: defaultdict(list))
        for edge in self.edges:
            distance = f"[{-edge.offset:+d}]" if edge.offset else ""
            operands[edge.target][edge.operand].append(names[edge.source] + distance)
        return columns(
            (
                f"{names[role]} = {formula(role.nodes[0], [' | '.join(names) for names in operands[role].values()])}",
                kind(role.nodes[0]),
                _when(role.steps).strip(),
            )
            for role in self.roles
        )

    def __repr__(self) -> str:
        return f"<rolled graph: {len(self.roles)} roles, {len(self.edges)} edges, {len(self.steps)} time steps>"


def roll(nodes: Sequence[Tensor]) -> Rolled:
    """The rolled form of a graph's nodes, which are in topological order.

    Roles go by time steps, as `find_roles` finds them. A node made from several steps, as a running sum is,
    is reckoned to the latest of them if other steps have its like. A leaf that one step alone reads is reckoned
    to that step, unless it stands where other steps read what is carried, as an initial state does.
    """
    order = _with_origins(nodes)
    shared = shared_nodes(order)
    steps = _reckon(order, shared, apart=set())
    numbers = find_roles(order, shared, steps)
    occurrences = Counter(numbers.values())
    alone = {
        node
        for node, number in numbers.items()
        if node.step is None and node.origin is None and occurrences[number] == 1
    }
    if alone:
        steps = _reckon(order, shared, alone)
        numbers = find_roles(order, shared, steps)
    readers = _readers_of_leaves(order)
    with_leaves = _reckon_leaves(steps, shared, numbers, readers)
    return _assemble(nodes, with_leaves, {**numbers, **_leaf_keys(with_leaves, numbers, readers)})


def _with_origins(nodes: Iterable[Tensor]) -> list[Tensor]:
    """The nodes and, for those of a backward pass, the forward nodes that say which of them are alike."""
    found = set(nodes)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        for source in (*node.inputs, *node.origin[:1]) if node.origin else node.inputs:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return sorted(found, key=attrgetter("serial"))


def _readers_of_leaves(order: Iterable[Tensor]) -> Readers:
    readers: dict[Tensor, list[tuple[Tensor, int]]] = {}
    for node in order:
        if node.op is None:
            readers[node] = []
        for operand, source in enumerate(node.inputs):
            if source.op is None:
                readers[source].append((node, operand))
    return readers


# ---------------------------------------------------------------------- which step


def _reckon(order: Iterable[Tensor], shared: set[Tensor], apart: set[Tensor]) -> Steps:
    """The step of each node: its mark, or what it is made from; of those that stand apart none."""
    steps: dict[Tensor, int | None] = {}
    for node in order:
        step = node.step
        if step is None and node not in apart:
            if node.origin is not None:
                step = _step_of_origin(node.origin.node, node.origin.operand, steps)
            elif node.op is not None and node not in shared:
                step = max((at for source in node.inputs if (at := steps[source]) is not None), default=None)
        steps[node] = step
    return steps


def _step_of_origin(forward: Tensor, operand: int | None, steps: Steps) -> int | None:
    """The forward node's step; if it has none, that of the operand to which the rule hands something on."""
    step = steps[forward]
    return steps[forward.inputs[operand]] if step is None and operand is not None else step


def _reckon_leaves(steps: Steps, shared: set[Tensor], numbers: Mapping[Tensor, int], readers: Readers) -> Steps:
    """The steps, with those of leaves that one step alone reads, but not in the place of something carried."""
    carried = {
        (number, operand)
        for node, number in numbers.items()
        for operand, source in enumerate(node.inputs)
        if steps[source] not in (None, steps[node])
    }
    alone = {}
    for leaf, places in readers.items():
        initial = any(node in numbers and (numbers[node], operand) in carried for node, operand in places)
        at = {steps[node] for node, _ in places}
        if steps[leaf] is None and leaf not in shared and not initial and len(at) == 1:
            alone[leaf] = at.pop()
    return {**steps, **alone}


def _leaf_keys(steps: Steps, numbers: Mapping[Tensor, int], readers: Readers) -> dict[Tensor, Hashable]:
    """For each leaf of a step what it has in common with its likes: which role reads it, how, and how much later."""
    keys: dict[Tensor, Hashable] = {}
    unread: Counter[int] = Counter()
    for leaf, places in readers.items():
        step = steps[leaf]
        if step is None:
            continue
        lags = [
            (at - step, numbers[node], operand)
            for node, operand in places
            if node in numbers and (at := steps[node]) is not None
        ]
        if lags:
            keys[leaf] = "leaf", *min(lags, key=lambda place: abs(place[0]))
        else:
            keys[leaf] = "unread", unread[step]
            unread[step] += 1
    return keys


# ---------------------------------------------------------------------- putting together


def _assemble(nodes: Iterable[Tensor], steps: Steps, keys: Mapping[Tensor, Hashable]) -> Rolled:
    """The roles of nodes with equal keys, and of each node without a key; and the edges between them."""
    nodes = list(nodes)
    members: dict[Hashable, list[Tensor]] = defaultdict(list)
    for node in nodes:
        members[keys.get(node, node)].append(node)
    roles = []
    role_of: dict[Tensor, Role] = {}
    for number, likes in enumerate(members.values()):
        marked = sorted([(step, node.serial, node) for node in likes if (step := steps[node]) is not None])
        in_order = [node for _, _, node in marked] or likes
        roles.append(Role(number, Nodes(in_order), tuple([step for step, _, _ in marked])))
        role_of |= dict.fromkeys(likes, roles[-1])
    alike: dict[tuple[Role, Role, int | None, int | None], list[Edge]] = defaultdict(list)
    for node in nodes:
        for operand, source in enumerate(node.inputs):
            if source in role_of:
                there, here = steps[source], steps[node]
                offset = None if there is None or here is None else here - there
                one_a_step = here is None and there is not None
                place = role_of[source], role_of[node], None if one_a_step else operand, offset
                alike[place].append(Edge(source, node, operand))
    edges = []
    for place, group in alike.items():
        at = [steps[edge.source] if steps[edge.target] is None else steps[edge.target] for edge in group]
        edges.append(RolledEdge(*place, tuple(sorted(step for step in at if step is not None)), tuple(group)))
    return Rolled(roles, edges)


# ---------------------------------------------------------------------- as text


def label_in_common(labels: Sequence[str], steps: Sequence[int]) -> str | None:
    """What labels of several steps have in common, with the step as t; None if nothing."""
    if len(labels) == 1:
        return labels[0]
    parts = [_part(texts, steps) for texts in zip(*map(NUMBER.split, labels), strict=False)]
    same_form = len({len(NUMBER.split(label)) for label in labels}) == 1
    return "".join(part or "" for part in parts) if same_form and None not in parts else None


def _part(texts: Sequence[str], steps: Sequence[int]) -> str | None:
    """What the same part of several labels has in common: the text, or its number as seen from the step."""
    if len(set(texts)) == 1:
        return texts[0]
    if not all(text.isdecimal() for text in texts):
        return None
    distances = {int(text) - step for text, step in zip(texts, steps, strict=True)}
    return f"t{distances.pop():+d}".replace("t+0", "t") if len(distances) == 1 else None


def _names(roles: Sequence[Role]) -> dict[Role, str]:
    labels = [role.label or "" for role in roles]
    uses = Counter(labels)
    return {
        role: label if label and uses[label] == 1 else f"{label}%{role.number}"
        for role, label in zip(roles, labels, strict=True)
    }


def _when(steps: Sequence[int]) -> str:
    """The steps in short: those of a run without holes by the first and the last."""
    if not steps:
        return ""
    if len(steps) > 2 and steps[-1] - steps[0] == len(steps) - 1:
        return f" t = {steps[0]} … {steps[-1]}"
    return f" t = {', '.join(map(str, steps))}"
