"""From a graph to a scene: which marks and links show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tinygrad_rnn.drawing.carriers import Carriers
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
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.node import Tensor


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
        carriers = Carriers(self.survey, self.scene, operands, self.drawn, self.target)
        self.scene.backward = carriers.find_backward()
        self._link(operands, carriers)
        carriers.part_sources()
        hidden = [node for node in self.survey.graph.nodes if node not in self.scene.visible]
        join_trunks(self.scene, hidden)
        carriers.open_gaps()
        if find_cuts(hidden):
            self.scene.severed = carriers.find_severed()
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
            carrier = None if value.time == mark.time else Carrier(mark.role or mark, 0)
            self.scene.links.append(Link(mark, value, carrier))
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

    # ------------------------------------------------------------------ links

    def _link(self, operands: Operands, carriers: Carriers) -> None:
        """Link the marks of nodes with those of their operands, and with gaps for operands that are left out."""
        for node, sources in operands.items():
            target = self.target[node]
            for operand, (source, ways) in enumerate(sources):
                usual = carriers.usual.get((target.role, operand))
                if source in self.drawn:
                    carrier = carriers.choose(self.drawn[source], target, usual)
                    self.scene.links.append(self._link_drawn(source, target, carrier, ways))
                elif target.role is not None:
                    carrier = usual or Carrier((target.role, operand), 1)
                    self.scene.links.append(Link(None, target, carrier, write(ways), source, ways=ways))
            if target.role is None and any(source not in self.drawn for source, _ in sources):
                self.scene.links.append(self._link_from_gap(target, sources))

    def _link_drawn(self, source: Tensor, target: Mark, carrier: Carrier | None, ways: Ways) -> Link:
        """The link from a node that has a mark, perhaps as a constant that was cut off from what the mark shows."""
        mark = self.drawn[source]
        cut = source if source in self.survey.cuts and mark.node is not source else None
        return Link(mark, target, carrier, write(ways), cut, cut is not None, ways)

    def _link_from_gap(self, target: Mark, sources: Iterable[tuple[Tensor, Ways]]) -> Link:
        """The link for all steps left out that lead to the end, along the line of those that are shown."""
        like = next((mark for source, _ in sources if (mark := self.drawn.get(source)) and mark.role), target)
        return Link(None, target, Carrier(like.role or like, 0))
