"""What each value is drawn as: input, state, gate, output, loss, … It follows from the graph, never from a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping

from tinygrad_rnn.drawing.cells import find_recurrences
from tinygrad_rnn.drawing.nablas import differentiated
from tinygrad_rnn.drawing.scene import BEFORE, Mark, Role, Scene
from tinygrad_rnn.drawing.survey import Survey
from tinygrad_rnn.node import Tensor


def assign_kinds(scene: Scene, survey: Survey) -> None:
    """Say of each value what it is, from where it stands and what it leads to; and which values are states."""
    scene.states = _find_states(scene, find_recurrences(survey))
    leading = _ancestors(scene.states, _made_from(scene))
    initial = {
        link.source: link.carrier.role
        for link in scene.links
        if link.source is not None and link.source.node in survey.initial
        if link.carrier is not None and link.carrier.role in scene.states
    }
    for marks in scene.blocks.values():
        for mark in marks:
            is_adjoint = _is_adjoint(mark, scene)
            if is_adjoint and mark.node.label is not None and survey.is_output(mark.node):
                mark.parameter, is_adjoint = None, False  # a result like others, though it is made by backprop
            if is_adjoint:
                mark.kind = "adjoint"
            elif mark.is_value:
                mark.kind = _kind(mark, initial.get(mark, mark.role), scene.states, leading, survey)


def _find_states(scene: Scene, recurrences: Mapping[Hashable, Hashable]) -> dict[Hashable, str]:
    """What is carried from step to step, the last made first; not running sums, nor adjoints.

    Of each recurrence, as each layer of a network is one, what is made last is a "state", and others are second ones.
    """
    carried: dict[Role, Tensor] = {}
    sums: set[Role] = set()
    for link in scene.links:
        source, target = link.source, link.target
        if source is None or target is None or not source.role or not target.role or source.time == target.time:
            continue
        if target.node.origin is not None:  # read by the backward pass
            continue
        carried[source.role] = source.node
        is_number = target.node.ndim == 0 and not target.is_cell
        if source.role[0] == target.role[0] and is_number:  # read only to have something added
            sums.add(source.role)
    states = [role for role, node in carried.items() if role not in sums and node.origin is None]
    kinds: dict[Hashable, str] = {}
    first: set[Hashable] = set()
    for role in sorted(states, key=lambda role: -carried[role].serial):
        recurrence = recurrences.get(role[0], role)
        kinds[role] = "second state" if recurrence in first else "state"
        first.add(recurrence)
    return kinds


def _made_from(scene: Scene) -> Mapping[Hashable, Collection[Hashable]]:
    """Within a step, the roles that each role is made from."""
    made_from: dict[Hashable, set[Hashable]] = defaultdict(set)
    for link in scene.links:
        if link.source is not None and link.target is not None and link.source.time == link.target.time:
            made_from[link.target.role].add(link.source.role)
    return made_from


def _ancestors(roles: Iterable[Hashable], made_from: Mapping[Hashable, Collection[Hashable]]) -> set[Hashable]:
    """The roles given, and all that they are made from."""
    found = set(roles)
    waiting = list(found)
    while waiting:
        for role in made_from.get(waiting.pop(), ()):
            if role not in found:
                found.add(role)
                waiting.append(role)
    return found


def _kind(
    mark: Mark, role: Hashable, states: Mapping[Hashable, str], leading: Collection[Hashable], survey: Survey
) -> str:
    """What a value is, by its role or the one that it starts; `leading` are the roles that states are made from."""
    node = mark.node
    if role in states:
        return states[role]
    if node.op is None or _is_slice(node):
        if node.requires_grad:
            return "parameter"
        if node.label is None:
            return "constant"
        return "target" if states and role is not None and role not in leading else "input"
    if not survey.is_output(node) and (role in leading or not survey.shown or mark.time == BEFORE):
        return "gate"
    return "loss" if node.ndim == 0 else "output"


def _is_adjoint(mark: Mark, scene: Scene) -> bool:
    """Whether a mark stands for an adjoint, or a cell of the backward pass, and not for an operation of it."""
    if mark.is_cell:
        return mark.node.origin is not None
    return (mark.is_value or scene.contracted) and differentiated(mark.node) is not None


def _is_slice(node: Tensor) -> bool:
    """Whether a node is a part of a constant, as x_t is where a sequence comes as one Tensor."""
    return node.op is not None and node.op.name == "getitem" and node.inputs[0].op is None and not node.requires_grad
