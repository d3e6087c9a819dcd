"""What a drawing asks of a graph: which nodes are alike, which are tags, and where in time each stands.

Nothing is decided by a network's or a node's name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence

from tinygrad_rnn.drawing.scene import AFTER, BEFORE
from tinygrad_rnn.drawing.variants import match_variants
from tinygrad_rnn.graph import Graph, find_roles, shared_nodes
from tinygrad_rnn.node import Tensor


class Survey:
    """The answers for one graph, of which some time steps are shown.

    Where there are no time steps, what is read often is a tag as well, lest its lines tangle; unless
    `numbers` are to be shown, which a tag has no room for.

    Attributes:
        graph: the graph.
        shown: the time steps shown, in order.
        steps: the step that each node is reckoned to, or None.
        nodes: the nodes that are in a shown step or in none, in topological order.
        shared: the values without a step that the steps share.
        roles: the role of each node that an operation made in a shown step.
        read_elsewhere: the nodes of a step that another step reads: what is carried.
        initial: the nodes without a step that stand where other steps read what is carried; whether that runs back.
        tags: what is written on the operations that use it: shared values, parameters and plain numbers.
        times: the step in which each node stands, or BEFORE or AFTER.
        parameters: the number of each parameter.
    """

    def __init__(self, graph: Graph, shown: Sequence[int], numbers: bool = False) -> None:
        self.graph = graph
        self.numbers = numbers
        self.shown = sorted(shown)
        self.parameters = {node: number for number, node in enumerate(graph.parameters)}
        self.shared = self._find_shared()
        self.steps = self._reckon_steps()
        self.nodes = self._visible()
        self.roles = find_roles(self.nodes, self.shared, self.steps)
        self._give_back_unique()
        self.roles = match_variants(self.roles, self.steps)
        self._occurrences = Counter(self.roles.values())
        self._labelled = Counter(role for node, role in self.roles.items() if node.label is not None)
        self._outputs = set(graph.outputs)
        self._leaf_readers = self._find_leaf_readers()
        self.read_elsewhere = self._find_read_elsewhere()
        self.initial = self._find_initial()
        self.tags = self._find_tags()
        self.times = self._find_times()
        self._unread = self._number_unread()

    def is_output(self, node: Tensor) -> bool:
        """Whether it is one of the nodes that the graph was asked for."""
        return node in self._outputs

    def is_result(self, node: Tensor) -> bool:
        """Whether a node bears a label that its likes at other steps don't, as the sum of all losses does."""
        role = self.roles.get(node, -1)
        last = bool(self.shown) and self.steps[node] == self.shown[-1]
        return last and self._occurrences[role] > 1 and self._labelled[role] == 1

    def role(self, node: Tensor) -> Hashable:
        """What is equal for nodes that stand in different steps and are the same node at another time."""
        if node.op is not None:
            return self.roles[node]
        time, readers = self.times[node], self._leaf_readers.get(node, ())
        for reader, operand in readers:
            if self.times[reader] == time:
                return "leaf", self.roles[reader], operand
        for reader, operand in readers[:1]:
            return "leaf", self.roles[reader], operand, self.times[reader] - time
        return "unread", self._unread[node]

    # ------------------------------------------------------------------ steps

    def _find_shared(self) -> set[Tensor]:
        """What all steps share; where there is but one step, that is known of its parameters alone."""
        shared = shared_nodes(self.graph.nodes)
        return shared if len(self.graph.steps) != 1 else shared & self.parameters.keys()

    def _reckon_steps(self) -> dict[Tensor, int | None]:
        """The nodes' own steps; what is made from several steps, as a running sum is, is reckoned to the latest."""
        steps: dict[Tensor, int | None] = {}
        for node in self.graph.nodes:
            step = node.step
            if step is None and node.op is not None and node not in self.shared:
                step = max((at for source in node.inputs if (at := steps[source]) is not None), default=None)
            steps[node] = step
        return steps

    def _visible(self) -> list[Tensor]:
        visible = {None, *self.shown}
        return [node for node in self.graph.nodes if self.steps[node] in visible]

    def _give_back_unique(self) -> None:
        """Leave without a step what has none of its own, unless other steps have its like."""
        occurrences = Counter(self.roles.values())
        alone = [node for node, role in self.roles.items() if node.step is None and occurrences[role] == 1]
        if alone:
            self.steps |= dict.fromkeys(alone)
            self.roles = find_roles(self.nodes, self.shared, self.steps)

    # ------------------------------------------------------------------ what is read where

    def _find_leaf_readers(self) -> Mapping[Tensor, Sequence[tuple[Tensor, int]]]:
        """For each leaf, the nodes of shown steps that read it, and as which operand."""
        readers: dict[Tensor, list[tuple[Tensor, int]]] = defaultdict(list)
        for node in self.roles:
            for operand, source in enumerate(node.inputs):
                if source.op is None:
                    readers[source].append((node, operand))
        return readers

    def _number_unread(self) -> dict[Tensor, int]:
        """For each leaf of a step that no step reads, how many such leaves come before it in its step."""
        numbers: dict[Tensor, int] = {}
        before: Counter[float] = Counter()
        for node in self.nodes:
            if node.op is None and node not in self._leaf_readers:
                numbers[node] = before[self.times[node]]
                before[self.times[node]] += 1
        return numbers

    def _find_read_elsewhere(self) -> set[Tensor]:
        return {
            source
            for node in self.graph.nodes
            if (step := self.steps[node]) is not None
            for source in node.inputs
            if self.steps[source] not in (None, step)
        }

    def _find_initial(self) -> dict[Tensor, bool]:
        places = {
            (role, operand): at > step
            for node, role in self.roles.items()
            if (step := self.steps[node]) is not None
            for operand, source in enumerate(node.inputs)
            if (at := self.steps[source]) not in (None, step)
        }
        return {
            source: places[role, operand]
            for node, role in self.roles.items()
            for operand, source in enumerate(node.inputs)
            if self.steps[source] is None and source not in self.shared and (role, operand) in places
        }

    def _find_tags(self) -> set[Tensor]:
        tags = set(self.shared)
        uses = Counter(source for node in self.nodes for source in node.inputs)
        for node in self.nodes:
            if node.op is None and node not in self.initial and uses[node]:
                number = node.size == 1 and node.label is None and not node.requires_grad
                if number or (node.requires_grad if self.shown else uses[node] > 3 and not self.numbers):
                    tags.add(node)
            elif node.op is not None and node.op.name == "copy" and node.inputs[0] in tags:
                tags.add(node)
        return tags - self._outputs

    # ------------------------------------------------------------------ where in time

    def _find_times(self) -> dict[Tensor, float]:
        times: dict[Tensor, float] = {}
        final: set[Tensor] = set()  # made from a result of all steps, though reckoned to the last
        for node in self.nodes:
            step = self.steps[node]
            is_last = step is not None and step == self.shown[-1]
            if is_last and any(source in final or self.is_result(source) for source in node.inputs):
                final.add(node)
            if step is not None and node not in final:
                times[node] = step
            elif node.op is None:
                times[node] = self._time_of_leaf(node)
            else:
                early = node not in final and all(times.get(source) == BEFORE for source in node.inputs)
                times[node] = BEFORE if early else AFTER
        needed: set[Tensor] = set()  # by something that does not stand at the end
        for node in reversed(self.nodes):
            if self.shown and times[node] == BEFORE and node not in needed and node not in self._outputs:
                times[node] = AFTER
            if times[node] != AFTER:
                needed.update(node.inputs)
        return times

    def _time_of_leaf(self, leaf: Tensor) -> float:
        """The one step that reads a leaf; else before all steps, or after them for the start of what runs back."""
        if leaf in self.initial:
            return AFTER if self.initial[leaf] else BEFORE
        steps = {self.steps[reader] for reader, _ in self._leaf_readers.get(leaf, ())}
        if len(steps) == 1 and leaf not in self.shared:
            (step,) = steps
            assert step is not None, "only nodes of steps have roles"
            return step
        return BEFORE
