"""What is carried from step to step: whose line each link between blocks is, and which lines run into gaps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from itertools import pairwise

from tinygrad_rnn.drawing.contraction import Operands
from tinygrad_rnn.drawing.scene import BEFORE, Carrier, Link, Mark, Scene
from tinygrad_rnn.drawing.survey import Survey
from tinygrad_rnn.graph import dependents
from tinygrad_rnn.node import Tensor

Place = tuple[Hashable, int]
"""Where steps read a value: a role and which of its operands."""


class Carriers:
    """The carriers of a scene's links.

    Args:
        survey: what is known of the graph.
        scene: its marks.
        operands: what each node that has a mark is linked from.
        drawn: the mark that a node's readers are linked from.
        target: the mark that a node's operands are linked to.

    Attributes:
        usual: for each place where steps read what is carried, what that mostly is.
    """

    def __init__(
        self,
        survey: Survey,
        scene: Scene,
        operands: Operands,
        drawn: Mapping[Tensor, Mark],
        target: Mapping[Tensor, Mark],
    ) -> None:
        self.survey, self.scene = survey, scene
        self._occurrences: dict[Hashable, set[float]] = defaultdict(set)  # the steps shown in which a role occurs
        for time in scene.steps:
            for mark in scene.blocks[time]:
                self._occurrences[mark.role].add(time)
        self.usual = self._find_usual(operands, drawn, target)

    def _find_usual(
        self, operands: Operands, drawn: Mapping[Tensor, Mark], target: Mapping[Tensor, Mark]
    ) -> dict[Place, Carrier]:
        """For each place where steps read what is carried, what that mostly is."""
        found: dict[Place, Counter[Carrier]] = defaultdict(Counter)
        for node, sources in operands.items():
            reader = target[node]
            for operand, (source, _) in enumerate(sources):
                mark = drawn.get(source)
                if mark is not None and mark.role and reader.role and mark.time != reader.time:
                    found[reader.role, operand][Carrier(mark.role, self._lag(mark, reader))] += 1
        return {place: counts.most_common(1)[0][0] for place, counts in found.items()}

    def _lag(self, source: Mark, target: Mark) -> int:
        """How many steps later the source is read; steps that have nothing of its role don't count."""
        positions = self.scene.positions
        lag = positions[target.time] - positions[source.time]
        if abs(lag) > 1:
            first, last = sorted((source.time, target.time))
            between = [time for time in self.scene.steps if first < time < last]
            without = sum(time not in self._occurrences[source.role] for time in between)
            lag -= without if lag > 0 else -without
        return lag

    def find_backward(self) -> set[Hashable]:
        """The roles that are mostly carried from later steps to earlier ones."""
        balance: Counter[Hashable] = Counter()
        for role, lag in self.usual.values():
            balance[role] += 1 if lag > 0 else -1
        return {role for role, excess in balance.items() if excess < 0}

    def choose(self, source: Mark, target: Mark, usual: Carrier | None) -> Carrier | None:
        """Whose line a link is, where steps usually read that carrier; None for a link within a block."""
        if source.time == target.time:
            return None
        if target.role is None:
            return Carrier(source.role or source, 0)
        side = 1 if source.time == BEFORE else -1
        if usual is None or (source.role is None and (usual.lag * side < 0 or source.node in self.survey.shared)):
            return Carrier(source, side)
        if usual.role == source.role:
            return Carrier(source.role, self._lag(source, target))
        return usual

    def part_sources(self) -> None:
        """Where a step would read two sources along one line, give the unusual one a line of its own."""
        groups: dict[tuple[Carrier | None, float], list[Link]] = defaultdict(list)
        for link in self.scene.links:
            if link.carrier is not None and link.target is not None and link.target.role is not None:
                groups[link.carrier, link.target.time].append(link)
        for links in groups.values():
            if len({link.source for link in links}) > 1:
                for link in links:
                    source, target = link.source, link.target
                    assert link.carrier is not None
                    assert target is not None
                    if source is not None and source.role is not None and source.role != link.carrier.role:
                        link.carrier = Carrier(source.role, self._lag(source, target))

    def open_gaps(self) -> None:
        """Where steps are left out, let the lines of what is carried run into the gap."""
        scene = self.scene
        in_use = {link.carrier for link in scene.links if link.source is not None}
        carried = [carrier for carrier in dict.fromkeys(self.usual.values()) if carrier in in_use]
        for step, following in pairwise(scene.steps):
            low, high = scene.positions[step], scene.positions[following]
            if high - low == 1:
                continue
            scene.hidden[step] = high - low - 1
            for carrier in carried:
                for time in scene.steps:
                    reader = scene.positions[time] + carrier.lag
                    if low < reader < high and (time <= step) == (carrier.lag > 0):
                        marks = (mark for mark in scene.blocks[time] if mark.role == carrier.role)
                        scene.links += [Link(mark, None, carrier) for mark in marks]

    def find_severed(self) -> set[Hashable]:
        """The roles of what is carried into steps that are left out, but cut off there."""
        ends: dict[Carrier, tuple[set[Tensor], set[Tensor]]] = defaultdict(lambda: (set(), set()))
        for link in self.scene.links:
            if link.carrier is not None and link.value is not None:
                into, out = ends[link.carrier]
                if link.target is None:
                    into.add(link.value)
                elif link.source is None:
                    out.add(link.value)
        nodes = self.survey.graph.nodes
        return {
            carrier.role
            for carrier, (into, out) in ends.items()
            if into and out and out.isdisjoint(dependents(nodes, into))
        }
