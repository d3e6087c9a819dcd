"""Reckoning: which time step each node belongs to, and which nodes of different steps are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter

from tinygrad_rnn.graph.roles import find_roles
from tinygrad_rnn.node import Tensor

Steps = Mapping[Tensor, int | None]
"""The time step that each node belongs to."""


def reckon(
    order: Iterable[Tensor], shared: Collection[Tensor], shown: Collection[int] | None = None
) -> tuple[Steps, dict[Tensor, int]]:
    """The step of each node, and the role of each that an operation made in a step.

    A node that is marked with no step belongs to the latest of those that it is made from, as a running sum does to
    that of what it adds, if other steps have its like; what is made of many steps together belongs to none.

    Args:
        order: nodes in topological order, as `with_origins` gives them.
        shared: the nodes that all steps share.
        shown: the steps in which roles are found; all if not given.
    """
    order = list(order)
    steps = _find_steps(order, shared)
    if unmarked := [node for node in order if node.step is None and node.origin is None and steps[node] is not None]:
        roles = find_roles(order, shared, steps)
        occurrences = Counter(roles.values())
        alone = {node for node in unmarked if occurrences[roles[node]] == 1}
        steps = _find_steps(order, shared, alone)
    visible = order if shown is None else [node for node in order if (at := steps[node]) is None or at in shown]
    return steps, find_roles(visible, shared, steps)


def with_origins(nodes: Iterable[Tensor]) -> list[Tensor]:
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


def _find_steps(order: Iterable[Tensor], shared: Collection[Tensor], apart: Collection[Tensor] = ()) -> Steps:
    """The steps, where some nodes stand apart: they belong to no step but their own mark's."""
    steps: dict[Tensor, int | None] = {}
    for node in order:
        step = node.step
        if step is None and node not in apart:
            if node.origin is not None:
                step = _step_of_origin(node.origin.node, node.origin.operand, steps)
            elif node.op is not None and node not in shared:
                step = _latest(node, steps)
        steps[node] = step
    return steps


def _latest(node: Tensor, steps: Steps) -> int | None:
    """The latest step of what a node is made from, by preference of what another operation made: not the sum so far."""
    known = [(source.op is not node.op, at) for source in node.inputs if (at := steps[source]) is not None]
    return max(known)[1] if known else None


def _step_of_origin(forward: Tensor, operand: int | None, steps: Steps) -> int | None:
    """The forward node's step; if it has none, that of the operand to which the rule hands something on."""
    step = steps[forward]
    return steps[forward.inputs[operand]] if step is None and operand is not None else step
