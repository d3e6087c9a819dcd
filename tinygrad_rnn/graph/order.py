"""The order of a graph: every node after its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from tinygrad_rnn.node import Tensor


def topological_order(outputs: Iterable[Tensor], *, differentiable: bool = False) -> list[Tensor]:
    """The outputs and all that they were made from, each node after its inputs.

    A node is made after its inputs, so the order of making is a topological order. The walk visits each
    node once, however many paths lead to it, and does not recurse.

    Args:
        outputs: the nodes to start from.
        differentiable: leave out what no gradient can pass, that is, nodes that depend on no parameter.
    """
    found = {node for node in outputs if node.requires_grad or not differentiable}
    waiting = list(found)
    while waiting:
        for node in waiting.pop().inputs:
            if node not in found and (node.requires_grad or not differentiable):
                found.add(node)
                waiting.append(node)
    return sorted(found, key=attrgetter("serial"))


def dependents(order: Iterable[Tensor], sources: Iterable[Tensor]) -> set[Tensor]:
    """The nodes of a topological order that the sources lead to, the sources included."""
    reached = set(sources)
    for node in order:
        if not reached.isdisjoint(node.inputs):
            reached.add(node)
    return reached


def dependencies(order: Sequence[Tensor], targets: Iterable[Tensor]) -> set[Tensor]:
    """What the targets were made from by nodes of a topological order, the targets included."""
    reached = set(targets)
    for node in reversed(order):
        if node in reached:
            reached.update(node.inputs)
    return reached
