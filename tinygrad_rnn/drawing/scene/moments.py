"""What the marks of a rolled drawing stand for at each time step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping

from tinygrad_rnn.drawing.scene.scene import Mark, Role, Scene
from tinygrad_rnn.node import Tensor

Moments = Mapping[Mark, Mapping[float, Tensor]]
"""For each mark its node at the time steps at which it has one."""


def find_moments(rolled: Scene, unrolled: Scene) -> Moments:
    """Find the nodes of each mark of a rolled scene, in a scene that shows all time steps of the same graph.

    A delay stands at a step for what that step reads of another: h_2 at step 3, and h_0, which is before all steps,
    at step 1. A mark that this scene does not have, because other nodes are seen to be alike in it, stands for none.
    """
    roles = {(mark.node, mark.is_value): mark.role for marks in unrolled.blocks.values() for mark in marks}
    likes: dict[Role | None, dict[float, Tensor]] = defaultdict(dict)
    for time in unrolled.steps:
        for mark in unrolled.blocks[time]:
            likes[mark.role][time] = mark.node
    carried: dict[tuple[Hashable, int], dict[float, Tensor]] = defaultdict(dict)
    for link in unrolled.links:
        if link.carrier is not None and link.value is not None and link.target is not None and link.target.role:
            carried[link.carrier][link.target.time] = link.value
    moments = {mark: likes[roles.get((mark.node, mark.is_value))] for mark in rolled.blocks[rolled.steps[0]]}
    for source, delay, lag in _find_delays(rolled):
        moments[delay] = carried[roles.get((source.node, source.is_value)), lag]
    return moments


def _find_delays(rolled: Scene) -> Iterator[tuple[Mark, Mark, int]]:
    """Each delay, with the mark that it delays before it and by how many steps after it."""
    for link in rolled.links:
        source, delay, carrier = link.source, link.target, link.carrier
        if source is not None and delay is not None and carrier is not None and delay.kind == "delay":
            yield source, delay, carrier.lag
