"""The path by which the loss of one time step credits another: what lies on the ways between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tinygrad_rnn.drawing.scene import Link, Mark, Scene
from tinygrad_rnn.drawing.sources import is_whole_number
from tinygrad_rnn.errors import GraphError, SettingError
from tinygrad_rnn.graph import Graph, dependencies, dependents
from tinygrad_rnn.node import Tensor

CREDITED = ("state", "second state", "input")
"""The kinds of marks that a loss is led back to."""


def check_steps(steps: Iterable[int], highlight: object) -> tuple[int, int]:
    """The time step of the loss, and the one that it credits, counted as the labels count.

    Raises:
        SettingError: not two time steps of the graph.
    """
    known = list(steps)
    if not isinstance(highlight, tuple | list) or len(highlight) != 2:
        raise SettingError(f"highlight is a pair (t, k): the step of the loss and the step credited; not {highlight!r}")
    for step in highlight:
        if not is_whole_number(step) or step not in known:
            there = f"the steps run from {known[0]} to {known[-1]}" if known else "the graph has no time steps"
            raise SettingError(f"highlight={tuple(highlight)!r}: there is no step {step!r}; {there}")
    late, early = map(int, highlight)
    return late, early


def find_loss(scene: Scene, late: int) -> Tensor:
    """The one loss made in a step, that gradients are of.

    Raises:
        GraphError: none is made there, or several.
    """
    losses = _find_losses(scene, late)
    if len(losses) > 1:
        names = ", ".join(loss.describe() for loss in losses)
        raise GraphError(
            f"gradients are of one loss, and step {late} has {len(losses)} ({names}); draw one of them alone"
        )
    return losses[0]


def find_path(scene: Scene, graph: Graph, late: int, early: int) -> set[Mark | Link]:
    """The marks and links on all ways from the loss of step `late` back to the states and inputs of step `early`.

    Raises:
        GraphError: no loss is made in the one step; or it does not depend on the other.
    """
    losses = _find_losses(scene, late)
    credited = _of_kinds(scene, early, CREDITED)
    on_path = dependents(graph.nodes, credited) & dependencies(graph.nodes, losses)
    if not on_path:
        raise GraphError(f"the loss of step {late} does not depend on the states and inputs of step {early}")
    into_gaps = {source for node in on_path - scene.visible for source in node.inputs}
    marks = {mark for found in scene.blocks.values() for mark in found if mark.node in on_path}
    links = {
        link
        for link in scene.links
        if link.value in on_path and (link.target in marks if link.target is not None else link.value in into_gaps)
    }
    return marks | links


def _find_losses(scene: Scene, late: int) -> list[Tensor]:
    """The losses made in a step, at least one."""
    losses = _of_kinds(scene, late, ["loss"])
    if not losses:
        with_loss = [int(step) for step in scene.steps if _of_kinds(scene, step, ["loss"])]
        advice = f"losses are made in the steps {with_loss}" if with_loss else "label each step's loss, as with L_3"
        raise GraphError(f"step {late} has no loss that is a labelled single number; {advice}")
    return losses


def _of_kinds(scene: Scene, step: float, kinds: Collection[str]) -> list[Tensor]:
    return [mark.node for mark in scene.blocks[step] if mark.kind in kinds]
