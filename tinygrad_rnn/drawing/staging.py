"""From a graph to a scene: which marks and links show it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise

from tinygrad_rnn.drawing.cells import Cell, find_cells, join_texts
from tinygrad_rnn.drawing.contraction import Contraction, Operands
from tinygrad_rnn.drawing.glyphs import op_text, value_text
from tinygrad_rnn.drawing.kinds import assign_kinds
from tinygrad_rnn.drawing.label import Run, Text
from tinygrad_rnn.drawing.nablas import differentiated
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Carrier, Link, Mark, Scene
from tinygrad_rnn.drawing.survey import Survey, find_cuts
from tinygrad_rnn.drawing.trunks import join_trunks
from tinygrad_rnn.drawing.ways import Ways, Weight, write
from tinygrad_rnn.graph import Graph, dependents
from tinygrad_rnn.node import Tensor

Place = tuple[Hashable, int]
"""Where steps read a value: a role and which of its operands."""


def build_scene(
    graph: Graph,
    detail: str = "ops",
    shown: Sequence[int] | None = None,
    depth: int | None = None,
    numbers: bool = False,
) -> Scene:
    """Decide what is shown.

    Args:
        graph: the graph.
        detail: "ops" for every operation, "variables" for labelled values and what is carried, "cells" for
            these with a box for each cell.
        shown: the time steps to show; all if not given.
        depth: how many names of a scope tell cells apart; all if not given.
        numbers: whether values or gradients are to be shown.
    """
    survey = Survey(graph, graph.steps if shown is None else shown, numbers, contracted=detail != "ops")
    cells = find_cells(survey, depth) if detail == "cells" else {}
    return _Builder(survey, detail != "ops", cells).build()


class _Builder:
    """Makes marks of nodes, and links of edges."""

    def __init__(self, survey: Survey, contracted: bool, cells: Mapping[Tensor, Cell]) -> None:
        self.survey = survey
        self.contracted = contracted
        self.cells = cells
        self.contraction = Contraction(survey, cells, self._weight)
        self.drawn: dict[Tensor, Mark] = {}  # the mark that a node's readers are linked from
        self.target: dict[Tensor, Mark] = {}  # the mark that a node's operands are linked to
        self.occurrences: dict[Hashable, set[float]] = defaultdict(set)  # the steps shown in which a role occurs
        self.scene = Scene(
            blocks={time: [] for time in (BEFORE, *survey.shown, AFTER)},
            contracted=contracted,
            positions={step: position for position, step in enumerate(survey.graph.steps)},
            visible=set(survey.nodes),
            passed=survey.passed,
        )

    def build(self) -> Scene:
        operands = self.contraction.operands() if self.contracted else self._operands()
        for node in operands:
            self._add_marks(node)
        for time in self.scene.steps:
            for mark in self.scene.blocks[time]:
                self.occurrences[mark.role].add(time)
        carriers = self._find_carriers(operands)
        self.scene.backward = _find_backward(carriers.values())
        self._link(operands, carriers)
        self._part_sources()
        hidden = [node for node in self.survey.graph.nodes if node not in self.scene.visible]
        join_trunks(self.scene, hidden)
        self._open_gaps(carriers.values())
        if find_cuts(hidden):
            self._find_severed()
        assign_kinds(self.scene, self.survey)
        return self.scene

    # ------------------------------------------------------------------ what is linked to what

    def _operands(self) -> Operands:
        """Where all operations are drawn, what each node with a mark is linked from: its operands but for tags."""
        tags, shared = self.survey.tags, self.survey.shared
        return {
            node: [(source, ()) for source in self.survey.operands(node) if source not in tags]
            for node in self.survey.nodes
            if node not in self.survey.passed and (node not in tags or (node in shared and node.op is not None))
        }

    def _weight(self, node: Tensor) -> Weight | None:
        """The matrix that a product multiplies by, for the edge that stands for the product."""
        matrix = self.survey.matrix(node)
        return None if matrix is None else Weight(node, matrix, self._tag_text(matrix))

    # ------------------------------------------------------------------ marks

    def _add_marks(self, node: Tensor) -> None:
        """Make the mark of a node; of a named value that an operation made two, for the operation and for the value."""
        time = self.survey.times[node]
        if (mark := self._cut_mark(node)) is not None:
            self.drawn[node] = self.target[node] = mark
            return
        if node in self.cells:
            self.drawn[node] = self.target[node] = self._cell_mark(self.cells[node], time)
            return
        is_named, is_result = self.survey.is_named(node), self.survey.is_result(node)
        is_value = self.contracted or differentiated(node) is not None
        if node.op is None or (is_named and is_value and not is_result):
            mark = self._mark(node, True, time)
            if together := self.contraction.together.get(node):
                mark.text, mark.is_cell = join_texts(map(value_text, together)), len(together) > 1
            subject = differentiated(node)
            mark.parameter = self.survey.parameters.get(node if subject is None else subject)
            self.drawn[node] = self.target[node] = mark
            return
        mark = self._mark(node, False, time)
        self.drawn[node] = self.target[node] = mark
        if is_named:
            value = self._mark(node, True, AFTER if is_result else time)
            self.scene.links.append(Link(mark, value, self._carrier(mark, value, None)))
            self.drawn[node] = value

    def _mark(self, node: Tensor, is_value: bool, time: float) -> Mark:
        """Add the mark of a node, or of the operation that made it, to its block."""
        role = self.survey.role(node) if time in self.scene.positions else None
        text = value_text(node) if is_value else self._sign(node)
        mark = Mark(node, is_value, None if role is None else (role, is_value), text, time)
        if not is_value and not self.contracted:
            mark.parameter = self._parameter_number(node)
        self.scene.blocks[time].append(mark)
        return mark

    def _cut_mark(self, node: Tensor) -> Mark | None:
        """The mark of what a constant was cut off from, if it was."""
        origin = self.survey.cuts.get(node)
        if origin is None:
            return None
        return self.drawn.get(self.cells[origin].node if origin in self.cells else origin)

    def _sign(self, node: Tensor) -> Text:
        """What is written on an operation; where operations are not drawn, an adjoint without a name is "∇"."""
        if self.contracted and differentiated(node) is not None:
            return (Run("∇"),)
        return op_text(node, self._tag_texts(node))

    def _cell_mark(self, cell: Cell, time: float) -> Mark:
        """Add the mark of a cell to its block."""
        role = (cell.key, True) if time in self.scene.positions else None
        text, caption = cell.lines
        mark = Mark(cell.node, True, role, text, time, caption=caption, is_cell=True)
        self.scene.blocks[time].append(mark)
        return mark

    def _tag_texts(self, node: Tensor) -> list[Text | None]:
        """For each operand its text if it is shown as a tag, else None."""
        tags = self.survey.tags
        if self.contracted and node not in tags:  # what is no matrix is not written on it
            return [None for _ in self.survey.operands(node)]
        return [self._tag_text(source) if source in tags else None for source in self.survey.operands(node)]

    def _tag_text(self, node: Tensor) -> Text:
        """A value's label, or where it has none the sign of the operation that made it, such as a transpose."""
        if node.label is None and node.op is not None:
            return op_text(node, self._tag_texts(node))
        return value_text(node)

    def _parameter_number(self, node: Tensor) -> int | None:
        """The number of the first parameter among the tags of an operation."""
        for source in self.survey.operands(node):
            if source in self.survey.tags:
                original = source.inputs[0] if source.inputs else source
                if original in self.survey.parameters:
                    return self.survey.parameters[original]
        return None

    # ------------------------------------------------------------------ what is carried

    def _find_carriers(self, operands: Operands) -> dict[Place, Carrier]:
        """For each place where steps read what is carried, what that mostly is."""
        found: dict[Place, Counter[Carrier]] = defaultdict(Counter)
        for node, sources in operands.items():
            target = self.target[node]
            for operand, (source, _) in enumerate(sources):
                mark = self.drawn.get(source)
                if mark is not None and mark.role and target.role and mark.time != target.time:
                    found[target.role, operand][Carrier(mark.role, self._lag(mark, target))] += 1
        return {place: counts.most_common(1)[0][0] for place, counts in found.items()}

    def _lag(self, source: Mark, target: Mark) -> int:
        """How many steps later the source is read; steps that have nothing of its role don't count."""
        positions = self.scene.positions
        lag = positions[target.time] - positions[source.time]
        if abs(lag) > 1:
            first, last = sorted((source.time, target.time))
            between = [time for time in self.scene.steps if first < time < last]
            without = sum(time not in self.occurrences[source.role] for time in between)
            lag -= without if lag > 0 else -without
        return lag

    def _link(self, operands: Operands, carriers: Mapping[Place, Carrier]) -> None:
        """Link the marks of nodes with those of their operands, and with gaps for operands that are left out."""
        for node, sources in operands.items():
            target = self.target[node]
            for operand, (source, ways) in enumerate(sources):
                usual = carriers.get((target.role, operand))
                if source in self.drawn:
                    self.scene.links.append(self._link_drawn(source, target, usual, ways))
                elif target.role is not None:
                    carrier = usual or Carrier((target.role, operand), 1)
                    self.scene.links.append(Link(None, target, carrier, write(ways), source, ways=ways))
            if target.role is None and any(source not in self.drawn for source, _ in sources):
                self.scene.links.append(self._link_from_gap(target, sources))

    def _link_drawn(self, source: Tensor, target: Mark, usual: Carrier | None, ways: Ways) -> Link:
        """The link from a node that has a mark, perhaps as a constant that was cut off from what the mark shows."""
        mark = self.drawn[source]
        cut = source if source in self.survey.cuts and mark.node is not source else None
        return Link(mark, target, self._carrier(mark, target, usual), write(ways), cut, cut is not None, ways)

    def _link_from_gap(self, target: Mark, sources: Iterable[tuple[Tensor, Ways]]) -> Link:
        """The link for all steps left out that lead to the end, along the line of those that are shown."""
        like = next((mark for source, _ in sources if (mark := self.drawn.get(source)) and mark.role), target)
        return Link(None, target, Carrier(like.role or like, 0))

    def _carrier(self, source: Mark, target: Mark, usual: Carrier | None) -> Carrier | None:
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

    def _part_sources(self) -> None:
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

    def _open_gaps(self, carriers: Iterable[Carrier]) -> None:
        """Where steps are left out, let the lines of what is carried run into the gap."""
        scene = self.scene
        in_use = {link.carrier for link in scene.links if link.source is not None}
        carried = [carrier for carrier in dict.fromkeys(carriers) if carrier in in_use]
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

    def _find_severed(self) -> None:
        """Find what is carried into steps that are left out, but cut off there."""
        ends: dict[Carrier, tuple[set[Tensor], set[Tensor]]] = defaultdict(lambda: (set(), set()))
        for link in self.scene.links:
            if link.carrier is not None and link.value is not None:
                into, out = ends[link.carrier]
                if link.target is None:
                    into.add(link.value)
                elif link.source is None:
                    out.add(link.value)
        for carrier, (into, out) in ends.items():
            if into and out and out.isdisjoint(dependents(self.survey.graph.nodes, into)):
                self.scene.severed.add(carrier.role)


def _find_backward(carriers: Iterable[Carrier]) -> set[Hashable]:
    """The roles that are mostly carried from later steps to earlier ones."""
    balance: Counter[Hashable] = Counter()
    for role, lag in carriers:
        balance[role] += 1 if lag > 0 else -1
    return {role for role, excess in balance.items() if excess < 0}
