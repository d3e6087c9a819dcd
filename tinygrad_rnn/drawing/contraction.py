"""Which values and cells are drawn where operations are not, and which of them each is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

from tinygrad_rnn.drawing.cells import Cell
from tinygrad_rnn.drawing.nablas import differentiated
from tinygrad_rnn.drawing.survey import Survey
from tinygrad_rnn.drawing.ways import Way, Ways, Weight, joined, onwards
from tinygrad_rnn.node import Tensor

Operands = Mapping[Tensor, Sequence[tuple[Tensor, Ways]]]
"""For each node shown, the nodes that it is linked from, with the ways from there that have weights."""


class Contraction:
    """Makes links of all that leads from one labelled or carried value, or one cell, to the next.

    Attributes:
        together: for each value that a cell starts from, all those for which it stands.
    """

    def __init__(self, survey: Survey, cells: Mapping[Tensor, Cell], weight: Callable[[Tensor], Weight | None]) -> None:
        self.survey = survey
        self.cells = cells
        self.weight = weight
        self.together: dict[Tensor, dict[Tensor, None]] = {}
        self._starts: dict[Hashable, Tensor] = {}
        self._read_at = self._find_cells_read()
        self._made_from: dict[Tensor, dict[Tensor, Ways]] = {}
        self._kept: dict[Tensor, dict[Tensor, Ways]] = {}
        self._readers = Counter(source for node in survey.nodes for source in dict.fromkeys(node.inputs))
        self._joints = self._find_joints()
        self._carried = {survey.roles.get(node, node) for node in survey.read_elsewhere}

    def operands(self) -> Operands:
        """For each value and cell that is drawn, those that it is made from; a cell's last node stands for it."""
        for node in self.survey.nodes:
            if node not in self.survey.tags:
                self._add(node)
        used = {source for sources in self._kept.values() for source in sources}
        inner = {source for node in self.cells for source in node.inputs if self._is_inner(source)}
        return {node: list(sources.items()) for node, sources in self._kept.items() if node not in inner - used}

    def _is_inner(self, source: Tensor) -> bool:
        """Whether what cells read is drawn only if others read it: a parameter, or what another value stands for."""
        return source in self.survey.parameters or any(source in others for others in self.together.values())

    def _add(self, node: Tensor) -> None:
        """Keep a node, or let what it is made from stand for it; the nodes of a cell are kept as one."""
        sources = self._sources(node)
        if node in self.cells:
            whole = self.cells[node].node
            inner = self._kept.setdefault(whole, {})
            inner |= {origin: () for origin in sources if origin is not whole}
            self._made_from[node] = {whole: ()}
        elif self._is_kept(node, sources):
            self._kept[node] = sources
            self._made_from[node] = {node: ()}
        else:
            self._made_from[node] = sources

    def _is_kept(self, node: Tensor, sources: Collection[Tensor]) -> bool:
        """Whether a node is drawn, which is not in a cell and is made from those given."""
        if node.op is None or self.survey.is_named(node) or self.survey.is_output(node):
            return True
        if node.origin is None:
            return self.survey.roles.get(node, node) in self._carried or node in self.survey.shared
        return differentiated(node) is not None and self._is_joint(node, sources)

    def _find_joints(self) -> dict[Hashable, bool]:
        """The roles of the adjoints of what is carried: they read other steps, or are read there."""
        steps = self.survey.steps
        return {
            self.survey.roles.get(node, node): True
            for node in self.survey.nodes
            if differentiated(node) is not None
            if node in self.survey.read_elsewhere
            or any(steps[source] not in (None, steps[node]) for source in node.inputs)
        }

    def _is_joint(self, node: Tensor, sources: Collection[Tensor]) -> bool:
        """Whether an adjoint without a name is drawn, as all of its role: where it spares several lines to several."""
        role = self.survey.roles.get(node, node)
        return self._joints.setdefault(role, len(sources) > 1 and self._readers[node] > 1)

    def _sources(self, node: Tensor) -> dict[Tensor, Ways]:
        """The values and cells that a node is made from, with the ways from there."""
        found: dict[Tensor, list[Way]] = {}
        for operand, source in enumerate(node.inputs):
            start = self._start(node, operand)
            if start is not None:
                found.setdefault(start, [])
            elif source not in self.survey.tags and not (node in self.cells and source in self.survey.parameters):
                for origin, ways in self._origins(source).items():
                    found.setdefault(origin, []).extend(ways)
        weight = self.weight(node)
        return {origin: onwards(joined(ways), weight) for origin, ways in found.items()}

    def _origins(self, source: Tensor) -> dict[Tensor, Ways]:
        return self._made_from.get(source, {source: ()})

    # ------------------------------------------------------------------ what cells start from

    def _find_cells_read(self) -> dict[Hashable, Hashable]:
        """For each place where a cell reads a cell of another step, a role and an operand, which one that is."""
        times, roles = self.survey.times, self.survey.roles
        return {
            (roles[node], operand): self.cells[source].key
            for node in self.cells
            if node in roles
            for operand, source in enumerate(node.inputs)
            if source in self.cells and times[source] != times[node]
        }

    def _start(self, node: Tensor, operand: int) -> Tensor | None:
        """What stands for an operand where a cell usually reads a cell of another step: one value for all of them."""
        source = node.inputs[operand]
        key = self._read_at.get((self.survey.roles.get(node), operand))
        is_drawn = source not in self.survey.tags and self._origins(source) == {source: ()}
        if key is None or source in self.cells or not is_drawn:
            return None
        place = key, self.survey.steps[source], self.survey.times.get(source)
        first = self._starts.setdefault(place, source)
        self.together.setdefault(first, {})[source] = None
        return first
