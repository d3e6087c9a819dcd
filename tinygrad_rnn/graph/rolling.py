"""Rolling up: which nodes of a graph are the same at another time, and how far apart in time they read one another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

from tinygrad_rnn.graph.nodes import Edge, Nodes
from tinygrad_rnn.graph.reckoning import Steps, reckon, with_origins
from tinygrad_rnn.graph.roles import shared_nodes
from tinygrad_rnn.graph.rolled import Role, Rolled, RolledEdge
from tinygrad_rnn.node import Tensor

Readers = Mapping[Tensor, Sequence[tuple[Tensor, int]]]
"""For each leaf the nodes that read it, each with the number of the operand."""


def roll(nodes: Sequence[Tensor]) -> Rolled:
    """The rolled form of a graph's nodes, which are in topological order.

    Steps and roles are those that `reckon` finds. Beyond that a leaf that one step alone reads belongs to that
    step, unless it stands where other steps read what is carried, as an initial state does.
    """
    order = with_origins(nodes)
    shared = shared_nodes(order)
    steps, numbers = reckon(order, shared)
    readers = _readers_of_leaves(order)
    steps = _reckon_leaves(steps, shared, numbers, readers)
    roles = _roles(nodes, steps, {**numbers, **_leaf_keys(steps, numbers, readers)})
    return Rolled(roles, _edges(nodes, steps, roles))


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


def _roles(nodes: Iterable[Tensor], steps: Steps, keys: Mapping[Tensor, Hashable]) -> list[Role]:
    """A role for the nodes of each key, and for each node without one."""
    members: dict[Hashable, list[tuple[int | None, Tensor]]] = defaultdict(list)
    for node in nodes:
        members[keys.get(node, ("alone", node.serial))].append((steps[node], node))
    roles = []
    for number, likes in enumerate(members.values()):
        likes.sort(key=lambda like: like[0] or 0)
        in_order = Nodes(node for _, node in likes)
        roles.append(Role(number, in_order, tuple([step for step, _ in likes if step is not None])))
    return roles


def _edges(nodes: Iterable[Tensor], steps: Steps, roles: Iterable[Role]) -> list[RolledEdge]:
    """The edges of the nodes, those between the same roles over the same time as one."""
    role_of = {node: role for role in roles for node in role.nodes}
    alike: dict[tuple[Role, Role, int | None, int | None], list[Edge]] = defaultdict(list)
    for node in nodes:
        here = steps[node]
        for operand, source in enumerate(node.inputs):
            if source in role_of:
                there = steps[source]
                offset = None if there is None or here is None else here - there
                one_a_step = here is None and there is not None
                place = role_of[source], role_of[node], None if one_a_step else operand, offset
                alike[place].append(Edge(source, node, operand))
    edges = []
    for place, group in alike.items():
        at = [steps[edge.source] if steps[edge.target] is None else steps[edge.target] for edge in group]
        edges.append(RolledEdge(*place, tuple(sorted(step for step in at if step is not None)), tuple(group)))
    return edges
