"""What is shown of a graph: marks, links between them, and blocks of marks that stand together.

A scene is decided before anything is placed and before a line of DOT is written. Each time step is a
block; what comes before the first step is a block, and what comes after the last. Shared parameters and
plain numbers are not marks but tags, written on the operations that use them. Nothing is decided by a
network's or a node's name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tinygrad_rnn.drawing.glyphs import op_text, value_text
from tinygrad_rnn.drawing.label import Text
from tinygrad_rnn.graph import Graph, find_roles, shared_nodes
from tinygrad_rnn.node import Tensor

Role = tuple[Hashable, bool]
"""A node's role, and whether the mark shows its value."""

BEFORE, AFTER = float("-inf"), float("inf")
"""Where the blocks before the first and after the last time step stand in time."""


@dataclass(eq=False, slots=True)
class Mark:
    """Something drawn: an operation's sign, or a value.

    Attributes:
        node: the node that it shows.
        is_value: whether it shows the node's value, or the operation that made it.
        role: equal for marks of different time steps that are the same mark at another time; None outside steps.
        text: what is written on it.
        time: the time step it stands in, or BEFORE or AFTER.
        kind: "op", "input", "target", "state", "second state", "gate", "output", "loss" or "constant".
        parameter: the number of the parameter whose colour it bears, or None.
    """

    node: Tensor
    is_value: bool
    role: Role | None
    text: Text
    time: float
    kind: str = "op"
    parameter: int | None = None


@dataclass(eq=False, slots=True)
class Link:
    """An edge drawn from one mark to another.

    At a gap, where steps are left out, `source` or `target` is None and `role` says whose line goes on.
    `weights` is what is written beside the edge.
    """

    source: Mark | None
    target: Mark | None
    role: Role | None
    weights: Text = ()


@dataclass(eq=False)
class Scene:
    """All that is shown.

    Attributes:
        blocks: the marks by time: BEFORE, the steps shown, AFTER.
        links: the edges.
        contracted: whether marks stand for all that leads from labelled values to labelled values.
        positions: for each step of the whole graph, how many come before it.
        hidden: for each step shown that is followed by a gap, how many steps are left out after it.
        states: the roles of values that are carried from one step to another, and not mere running sums.
        backward: the roles of what is carried from later steps to earlier ones.
    """

    blocks: dict[float, list[Mark]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    contracted: bool = False
    positions: dict[float, int] = field(default_factory=dict)
    hidden: dict[int, int] = field(default_factory=dict)
    states: list[Role] = field(default_factory=list)
    backward: set[Role] = field(default_factory=set)


def build_scene(graph: Graph, detail: str = "ops", shown: Sequence[int] | None = None) -> Scene:
    """Decide what is shown.

    Args:
        graph: the graph.
        detail: "ops" for every operation, "variables" for labelled values and what is carried.
        shown: the time steps to show; all if not given.
    """
    return _Builder(graph, detail, graph.steps if shown is None else shown).build()


class _Builder:
    """Works out a scene from a graph, question by question."""

    def __init__(self, graph: Graph, detail: str, shown: Sequence[int]) -> None:
        self.graph = graph
        self.variables = detail == "variables"
        self.shown = sorted(shown)
        self.outputs = set(graph.outputs)
        self.parameters = {node: number for number, node in enumerate(graph.parameters)}
        visible = set(shown)
        self.nodes = [node for node in graph.nodes if node.step is None or node.step in visible]
        self.shared = shared_nodes(graph.nodes)
        self.roles = find_roles(self.nodes, self.shared)
        self.occurrences = Counter(self.roles.values())
        self.labelled = Counter(role for node, role in self.roles.items() if node.label is not None)
        self.read_elsewhere = self._find_read_elsewhere()
        self.leaf_readers = self._find_leaf_readers()
        self.initial = self._find_initial()
        self.tags = self._find_tags()
        self.times = self._find_times()
        self.scene = Scene(contracted=self.variables)
        self.drawn: dict[Tensor, Mark] = {}  # the mark that a node's consumers are linked from
        self.target: dict[Tensor, Mark] = {}  # the mark that a node's operands are linked to

    def build(self) -> Scene:
        scene = self.scene
        scene.positions = {step: position for position, step in enumerate(self.graph.steps)}
        scene.blocks = {time: [] for time in (BEFORE, *self.shown, AFTER)}
        sources = self._contracted() if self.variables else self._operands()
        for node in sources:
            self._add_marks(node)
        carriers = self._find_carriers(sources)
        initial: dict[Mark, Role | None] = {}
        for node, operands in sources.items():
            target = self.target[node]
            for position, (source, weights) in enumerate(operands):
                mark = self.drawn.get(source)
                role = carriers.get((target.role, position))
                if mark is not None:
                    role = mark.role if mark.role is not None else role
                    scene.links.append(Link(mark, target, role, weights))
                    if source in self.initial:
                        initial[mark] = role
                elif role is not None:  # the source stands in a step that is left out
                    scene.links.append(Link(None, target, role, weights))
        self._open_gaps(set(carriers.values()))
        self._assign_kinds(set(carriers.values()), initial)
        return scene

    # ------------------------------------------------------------------ where nodes stand

    def _find_read_elsewhere(self) -> set[Tensor]:
        """The nodes of a step that another step reads: what is carried."""
        return {
            source
            for node in self.graph.nodes
            if node.step is not None
            for source in node.inputs
            if source.step is not None and source.step != node.step
        }

    def _find_leaf_readers(self) -> dict[Tensor, list[tuple[Tensor, int]]]:
        """For each leaf, the nodes of shown steps that read it, and as which operand."""
        readers = defaultdict(list)
        for node in self.nodes:
            if node in self.roles:
                for operand, source in enumerate(node.inputs):
                    if source.op is None:
                        readers[source].append((node, operand))
        return readers

    def _find_initial(self) -> dict[Tensor, bool]:
        """The nodes without a step that stand where other steps read what is carried; whether that runs back."""
        carried = {
            (self.roles[node], operand): source.step > node.step
            for node in self.roles
            for operand, source in enumerate(node.inputs)
            if node.step is not None and source.step is not None and source.step != node.step
        }
        return {
            source: carried[self.roles[node], operand]
            for node in self.roles
            for operand, source in enumerate(node.inputs)
            if source.step is None and source not in self.shared and (self.roles[node], operand) in carried
        }

    def _find_tags(self) -> set[Tensor]:
        """What is written on the operations that use it: shared values, parameters and plain numbers."""
        tags = set(self.shared)
        uses = Counter(source for node in self.nodes for source in node.inputs)
        for node in self.nodes:
            if node.op is None and node not in self.initial and uses[node]:
                number = node.size == 1 and node.label is None and not node.requires_grad
                if number or (node.requires_grad if self.shown else uses[node] > 3):
                    tags.add(node)
            elif node.op is not None and node.op.name == "copy" and node.inputs[0] in tags:
                tags.add(node)
        return tags - self.outputs

    def _find_times(self) -> dict[Tensor, float]:
        times: dict[Tensor, float] = {}
        for node in self.nodes:
            if node.step is not None:
                times[node] = node.step
            elif node.op is None:
                times[node] = self._time_of_leaf(node)
            else:
                late = any(source.step is not None or times[source] != BEFORE for source in node.inputs)
                times[node] = AFTER if late else BEFORE
        needed: set[Tensor] = set()  # by something that does not stand at the end
        for node in reversed(self.nodes):
            if self.shown and times[node] == BEFORE and node not in needed and node not in self.outputs:
                times[node] = AFTER
            if times[node] != AFTER:
                needed.update(node.inputs)
        return times

    def _time_of_leaf(self, leaf: Tensor) -> float:
        """The one step that reads a leaf; else before all steps, or after them for the start of what runs back."""
        steps = {reader.step for reader, _ in self.leaf_readers[leaf]}
        if leaf in self.initial:
            return AFTER if self.initial[leaf] else BEFORE
        if len(steps) == 1 and leaf not in self.shared:
            return steps.pop() or 0
        return BEFORE

    # ------------------------------------------------------------------ what is linked to what

    def _operands(self) -> dict[Tensor, list[tuple[Tensor, Text]]]:
        """For each node shown, the operands it is linked from."""
        return {
            node: [(source, ()) for source in node.inputs if source not in self.tags]
            for node in self.nodes
            if node not in self.tags or (node in self.shared and node.op is not None)
        }

    def _contracted(self) -> dict[Tensor, list[tuple[Tensor, Text]]]:
        """For each labelled or carried value, those it is made from, with the weights on the way."""
        made_from: dict[Tensor, dict[Tensor, Text]] = {}
        kept: dict[Tensor, list[tuple[Tensor, Text]]] = {}
        for node in self.nodes:
            if node in self.tags:
                continue
            weights = self._weights(node)
            sources: dict[Tensor, Text] = {}
            for source in node.inputs:
                if source in self.tags:
                    continue
                for origin, text in made_from.get(source, {source: ()}).items():
                    sources.setdefault(origin, text + weights)
            if node.label is not None or node.op is None or node in self.outputs or node in self.read_elsewhere:
                kept[node] = list(sources.items())
                made_from[node] = {node: ()}
            else:
                made_from[node] = sources
        return kept

    def _weights(self, node: Tensor) -> Text:
        """The matrix that a product multiplies by, for the edge that stands for the product."""
        if node.op is None or node.op.name not in ("linear", "matmul"):
            return ()
        return next((value_text(source) for source in node.inputs[:2] if source in self.tags), ())

    # ------------------------------------------------------------------ marks

    def _add_marks(self, node: Tensor) -> None:
        time = self.times[node]
        role = self._role(node)
        if node.op is None or (self.variables and node.label is not None and not self._is_result(node)):
            mark = self._mark(node, True, role, value_text(node), time)
            mark.parameter = self.parameters.get(node)
            self.drawn[node] = self.target[node] = mark
            return
        tags = [value_text(source) if source in self.tags else None for source in node.inputs]
        if self.variables:
            tags = [None] * len(tags)
        mark = self._mark(node, False, role, op_text(node, tags), time)
        mark.parameter = None if self.variables else self._parameter_number(node)
        self.drawn[node] = self.target[node] = mark
        if node.label is not None:
            value = self._mark(node, True, role, value_text(node), AFTER if self._is_result(node) else time)
            self.scene.links.append(Link(mark, value, mark.role))
            self.drawn[node] = value

    def _mark(self, node: Tensor, is_value: bool, role: Hashable, text: Text, time: float) -> Mark:
        mark = Mark(node, is_value, None if role is None else (role, is_value), text, time)
        self.scene.blocks[time].append(mark)
        return mark

    def _role(self, node: Tensor) -> Hashable:
        if node in self.roles:
            return self.roles[node]
        readers = self.leaf_readers.get(node)
        if node.op is None and readers and self.times[node] in self.scene.positions:
            reader, operand = readers[0]
            return "leaf", self.roles[reader], operand
        return None

    def _is_result(self, node: Tensor) -> bool:
        """Whether a node bears a label that its likes at other steps don't, as the sum of all losses does."""
        role = self.roles.get(node, -1)
        return (
            bool(self.shown) and node.step == self.shown[-1] and self.occurrences[role] > 1 and self.labelled[role] == 1
        )

    def _parameter_number(self, node: Tensor) -> int | None:
        """The number of the first parameter among the tags of an operation."""
        for source in node.inputs:
            if source in self.tags:
                original = source.inputs[0] if source.inputs else source
                if original in self.parameters:
                    return self.parameters[original]
        return None

    # ------------------------------------------------------------------ carried values, gaps and kinds

    def _find_carriers(
        self, sources: Mapping[Tensor, Sequence[tuple[Tensor, Text]]]
    ) -> dict[tuple[Role | None, int], Role]:
        """For each place where steps read what is carried, as (role, operand), the role that is carried there."""
        carriers: dict[tuple[Role | None, int], Role] = {}
        for node, operands in sources.items():
            target = self.target[node]
            for position, (source, _) in enumerate(operands):
                mark = self.drawn.get(source)
                if mark is None or mark.role is None or target.role is None:
                    continue
                if mark.time != target.time:
                    carriers[target.role, position] = mark.role
                    if mark.time > target.time:
                        self.scene.backward.add(mark.role)
        return carriers

    def _open_gaps(self, carriers: set[Role]) -> None:
        """Where steps are left out, let the lines of what is carried run into the gap."""
        for step, following in pairwise(self.shown):
            hidden = self.scene.positions[following] - self.scene.positions[step] - 1
            if hidden:
                self.scene.hidden[step] = hidden
                for mark in self.scene.blocks[step] + self.scene.blocks[following]:
                    is_before = (mark.time == step) == (mark.role not in self.scene.backward)
                    if mark.role in carriers and is_before:
                        self.scene.links.append(Link(mark, None, mark.role))

    def _assign_kinds(self, carriers: set[Role], initial: Mapping[Mark, Role | None]) -> None:
        """Say of each value what it is, from where it stands and what it leads to."""
        made_from: dict[Role, set[Role]] = defaultdict(set)  # within a step, by role
        sums: set[Role] = set()  # carried only to have something added
        for link in self.scene.links:
            if link.source is None or link.target is None or link.source.role is None or link.target.role is None:
                continue
            if link.source.time == link.target.time:
                made_from[link.target.role].add(link.source.role)
            elif link.source.role[0] == link.target.role[0] and link.target.node.ndim == 0:
                sums.add(link.source.role)
        states = carriers - sums
        made = {mark.role: mark.node.serial for marks in self.scene.blocks.values() for mark in marks if mark.role}
        self.scene.states = sorted(states, key=lambda role: -made[role])
        leading = _ancestors(states, made_from)
        for marks in self.scene.blocks.values():
            for mark in marks:
                if mark.is_value:
                    mark.kind = self._kind(mark, initial.get(mark, mark.role), states, leading)

    def _kind(self, mark: Mark, role: Role | None, states: set[Role], leading: set[Role]) -> str:
        node = mark.node
        if role in states:
            return "state" if role == self.scene.states[0] else "second state"
        if node.op is None:
            if node.requires_grad:
                return "parameter"
            if node.label is None:
                return "constant"
            return "target" if states and role is not None and role not in leading else "input"
        if node not in self.outputs and (role in leading or not self.shown or mark.time == BEFORE):
            return "gate"
        return "loss" if node.ndim == 0 else "output"


def _ancestors(roles: Iterable[Role], made_from: Mapping[Role, set[Role]]) -> set[Role]:
    found = set(roles)
    waiting = list(found)
    while waiting:
        for role in made_from.get(waiting.pop(), ()):
            if role not in found:
                found.add(role)
                waiting.append(role)
    return found
