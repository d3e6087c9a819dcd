"""Roles: which nodes of different time steps are the same node at another time.

Two nodes of two steps play one role if they are made alike: by the same operation, from operands that
play one role within the step, that are shared by all steps, or that come from outside the step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_rnn.node import Tensor


def shared_nodes(nodes: Iterable[Tensor]) -> set[Tensor]:
    """The nodes without a step that more than half of all steps read in the same way, as they read weights."""
    readings = set()
    steps = set()
    for node in nodes:
        if node.step is not None:
            steps.add(node.step)
            for operand, source in enumerate(node.inputs):
                if source.step is None:
                    readings.add((source, node.op, operand, node.step))
    counts = Counter((source, op, operand) for source, op, operand, _ in readings)
    return {source for (source, _, _), readers in counts.items() if readers > len(steps) / 2}


def find_roles(
    nodes: Iterable[Tensor], shared: Collection[Tensor], steps: Mapping[Tensor, int | None] | None = None
) -> dict[Tensor, int]:
    """A number for each node that an operation made in a time step; equal numbers are equal roles.

    Args:
        nodes: nodes in topological order; those without a step, and leaves, get no role.
        shared: the nodes that all steps share.
        steps: the step to reckon each node to, where that is not the one it is marked with.

    Within one step a role occurs once: of several nodes that are made alike, each in the order of making
    has a role of its own.
    """
    step_of = attrgetter("step") if steps is None else steps.__getitem__
    roles: dict[Tensor, int] = {}
    numbers: dict[Hashable, int] = {}
    ordinals: Counter[Hashable] = Counter()

    def operand(source: Tensor, step: int) -> Hashable:
        if source in shared:
            return source.serial, "shared"
        return roles.get(source) if step_of(source) == step else None

    for node in nodes:
        step = step_of(node)
        if node.op is None or step is None:
            continue
        made = _derivation(node, roles)
        if made is None:
            operands = tuple([operand(source, step) for source in node.inputs])
            made = (node.op, _attributes(node), node.scope, operands)
        ordinals[step, made] += 1
        roles[node] = numbers.setdefault((made, ordinals[step, made]), len(numbers))
    return roles


def _derivation(node: Tensor, roles: Mapping[Tensor, int]) -> Hashable:
    """What a node of a backward pass has in common with its likes at other steps: which rule of which role made it.

    Its operands don't count: at the last step an adjoint is a sum of fewer terms. What a node without a role hands
    on to a node with one, as a stack of all steps does, belongs to the latter. None for any other node.
    """
    if node.origin is None:
        return None
    forward, operand, ordinal = node.origin
    if forward in roles:
        return node.op, roles[forward], operand, ordinal
    if operand is not None and forward.inputs[operand] in roles:
        return node.op, forward.serial, "to", roles[forward.inputs[operand]], ordinal
    return None


def _attributes(node: Tensor) -> Hashable:
    """What the attributes have in common at every step; an index moves with time, so only its form counts."""
    return tuple(
        [(name, _form(value) if name == "index" else _value(value)) for name, value in node.attributes.items()]
    )


def _value(value: Any) -> Hashable:
    """A setting as it is, but of an array, as a mask is one, only the form."""
    return ("array", value.dtype, value.shape) if isinstance(value, np.ndarray) else repr(value)


def _form(index: Any) -> Hashable:
    return tuple([_form(part) for part in index]) if isinstance(index, tuple) else type(index).__name__
