"""Trunks: lines above the columns, to which lines from several steps rise, or from which they come down.

What one mark outside the steps reads of several of them, as the sum of a parameter's gradients does, comes along
one line; so does what several steps read of one mark.
"""

from __future__ import annotations

from collections import defaultdict

from tinygrad_rnn.drawing.layout import Layout
from tinygrad_rnn.drawing.scene import AFTER, Carrier, Link, Scene, Trunk

FIRST, APART = 14.0, 8.0
"""Between the columns and the first trunk, and the least distance between trunks or the marks at their ends."""


def join_trunks(scene: Scene) -> None:
    """Let links to or from one mark outside the steps be a trunk's, where they join it to several steps."""
    links: dict[Trunk, list[Link]] = defaultdict(list)
    for link in scene.links:
        trunk = _trunk(link)
        if trunk is not None:
            links[trunk].append(link)
    for trunk, members in links.items():
        ends = [link.source if trunk.gathers else link.target for link in members]
        steps = {None if end is None else end.time for end in ends} & {None, *scene.positions}
        if len(steps) > 1:
            for link in members:
                assert link.carrier is not None
                link.carrier = Carrier(trunk, link.carrier.lag)


def _trunk(link: Link) -> Trunk | None:
    """The trunk that a link would belong to."""
    source, target, carrier = link.source, link.target, link.carrier
    if carrier is None or target is None:
        return None
    if target.time == AFTER:
        return Trunk(target, gathers=True)
    if source is not None and target.role is not None and carrier.role is source:
        return Trunk(source, gathers=False)
    return None


def place_trunks(scene: Scene, layout: Layout) -> None:
    """Find each trunk's height: above the columns, with room for the marks at which they end."""
    trunks = dict.fromkeys(trunk for link in scene.links if (trunk := link.trunk) is not None)
    height = layout.top + FIRST
    for trunk in trunks:
        up = layout.boxes[trunk.mark].height / 2 if trunk.gathers else 0.0
        layout.levels[trunk] = height + up
        height += 2 * up + APART
