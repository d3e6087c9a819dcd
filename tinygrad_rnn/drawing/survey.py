"""What a drawing asks of a graph: which nodes are alike, which are tags, and where in time each stands.

Nothing is decided by a network's or a node's name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

from tinygrad_rnn.drawing.nablas import has_name, is_passed_on
from tinygrad_rnn.drawing.scene import AFTER, BEFORE
from tinygrad_rnn.drawing.variants import match_variants
from tinygrad_rnn.graph import Graph, reckon, shared_nodes, with_origins
from tinygrad_rnn.node import Tensor


class Survey:
    """The answers for one graph, of which some time steps are shown.

    Where there are no time steps, what is read often is a tag as well, lest its lines tangle; unless
    `numbers` are to be shown, which a tag has no room for. Where operations are not drawn (`contracted`), tags can
    be written beside lines alone, as matrices are: data with a name are marks then.

    Attributes:
        graph: the graph.
        shown: the time steps shown, in order.
        steps: the step that each node is reckoned to, or None.
        nodes: the nodes of the steps shown, and those without a step that do not serve hidden steps alone, in
            topological order.
        shared: the values without a step that the steps share.
        roles: the role of each node that an operation made in a shown step.
        read_elsewhere: the nodes of a step that another step reads: what is carried.
        initial: the nodes without a step that stand where other steps read what is carried; whether that runs back.
        tags: what is written on the operations that use it: shared values, parameters and plain numbers.
        cuts: for constants that are other nodes' values, as `detach` makes them, those nodes.
        passed: for adjoints without a name that are nothing but what one other node hands them, that node.
        times: the step in which each node stands, or BEFORE or AFTER.
        parameters: the number of each parameter.
    """

    def __init__(self, graph: Graph, shown: Sequence[int], numbers: bool = False, contracted: bool = False) -> None:
        self.graph = graph
        self.numbers = numbers
        self.shown = sorted(shown)
        self.parameters = {node: number for number, node in enumerate(graph.parameters)}
        order = with_origins(graph.nodes)
        self.shared = self._find_shared(order)
        steps, roles = reckon(order, self.shared, set(shown))
        known = {None, *graph.steps}
        self.steps = {node: step if step in known else None for node, step in steps.items()}
        self.nodes = self._visible()
        roles = match_variants(roles, self.steps)
        self.roles = {node: roles[node] for node in self.nodes if node in roles}
        self._occurrences = Counter(self.roles.values())
        self._labelled = Counter(role for node, role in self.roles.items() if node.label is not None)
        self._named = Counter(role for node, role in self.roles.items() if has_name(node))
        self._outputs = set(graph.outputs)
        self._leaf_readers = self._find_leaf_readers()
        self.cuts = find_cuts(self.nodes)
        self.read_elsewhere = self._find_read_elsewhere()
        self.initial = self._find_initial()
        self.tags = self._find_tags()
        if contracted:
            self.tags = self._without_operations()
        self.passed = self._find_passed()
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

    def is_named(self, node: Tensor) -> bool:
        """Whether a node has a label, or is the adjoint of one that has; unless its likes at other steps have none."""
        role = self.roles.get(node, -1)
        return node.label is not None or (has_name(node) and (self._named[role] > 1 or self._occurrences[role] < 2))

    def is_number(self, node: Tensor) -> bool:
        """Whether a node is a plain number: a constant without a name."""
        return node.op is None and node.size == 1 and node.label is None and not node.requires_grad

    def matrix(self, node: Tensor) -> Tensor | None:
        """The tag that a product multiplies by, if a node is a product and there is one: a parameter first."""
        if node.op is None or node.op.name not in ("linear", "matmul"):
            return None
        tags = (source for source in node.inputs[:2] if source in self.tags)
        return min(tags, key=lambda source: not source.requires_grad, default=None)

    def operands(self, node: Tensor) -> list[Tensor]:
        """What a node is made from, as far as it is shown: of an adjoint that is only passed on, its origin."""
        return [self.passed.get(source, source) for source in node.inputs]

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

    def _find_shared(self, order: Sequence[Tensor]) -> set[Tensor]:
        """What all steps share; where there is but one step, that is known of its parameters alone."""
        shared = shared_nodes(order)
        return shared if len(self.graph.steps) != 1 else shared & self.parameters.keys()

    def _visible(self) -> list[Tensor]:
        """The nodes of the steps shown, and what these or the outputs need of nodes without a step."""
        shown = set(self.shown)
        visible, read = [], set(self.graph.outputs)
        for node in reversed(self.graph.nodes):
            step = self.steps[node]
            if node in read if step is None else step in shown:
                visible.append(node)
                read.update(node.inputs)
        return visible[::-1]

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
        """What is carried, also where a step reads a constant that was cut off from it."""
        return {
            self.cuts.get(source, source)
            for node in self.graph.nodes
            if (step := self.steps[node]) is not None
            for source in node.inputs
            if self.steps[source] not in (None, step)
        }

    def _find_initial(self) -> dict[Tensor, bool]:
        """What stands, without a step, where others of a role read another step; whether that is a later one."""
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
        """Shared values, plain numbers, parameters, copies of these; and without time steps what is read often."""
        tags = {node for node in self.shared if node.origin is None}
        uses = Counter(source for node in self.nodes for source in node.inputs)
        for node in self.nodes:
            if node.op is None and node not in self.initial and node not in self.cuts and uses[node]:
                if self.is_number(node) or (node.requires_grad if self.shown else uses[node] > 3 and not self.numbers):
                    tags.add(node)
            elif node.op is not None and node.op.name == "copy" and node.inputs[0] in tags:
                tags.add(node)
        return tags - self._outputs

    def _without_operations(self) -> set[Tensor]:
        """The tags where no operations are drawn that they could be written on.

        These are matrices, written beside lines, and what no textbook writes there: parameters that are added, plain
        numbers, and what is made of nothing else. What else has a name is drawn, and so is what is made of marks.
        """
        elsewhere: set[Tensor] = set()  # not read as a matrix alone
        starts = self.initial.keys() - self.cuts.keys() - self._outputs
        written = self.tags | {node for node in starts if self.is_number(node)}  # such as Python's sum starts from
        for node in reversed(self.nodes):
            if node in elsewhere or node not in written:
                elsewhere.update(source for source in node.inputs if source is not self.matrix(node))
        tags: set[Tensor] = set()
        for node in self.nodes:
            if node.op is not None and node.op.name == "transpose" and node not in self._outputs:
                written.add(node)  # a matrix may be transposed at each use
            is_written = node not in elsewhere or node.label is None or node in self.parameters
            if node in written and is_written and tags.issuperset(node.inputs):
                tags.add(node)
        return tags

    def _find_passed(self) -> dict[Tensor, Tensor]:
        """The adjoints that are only passed on, in every step that has them, and the node that each comes from."""
        shown = {
            self.roles.get(node, node)
            for node in self.nodes
            if not is_passed_on(node) or self.is_named(node) or self.is_output(node) or node in self.read_elsewhere
        }
        passed: dict[Tensor, Tensor] = {}
        for node in self.nodes:
            if self.roles.get(node, node) not in shown:
                (source,) = node.inputs
                passed[node] = passed.get(source, source)
        return passed

    # ------------------------------------------------------------------ where in time

    def _find_times(self) -> dict[Tensor, float]:
        """Each node's own step; else before all steps what they need, and after them all else."""
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


def find_cuts(nodes: Iterable[Tensor]) -> dict[Tensor, Tensor]:
    """The constants that share the array of a node that was made before, as `detach` makes them, and those nodes.

    Args:
        nodes: nodes in topological order.
    """
    made: dict[int, Tensor] = {}
    cuts: dict[Tensor, Tensor] = {}
    for node in nodes:
        if node.op is not None:
            made[id(node._data)] = node
        elif id(node._data) in made and not node.requires_grad:
            cuts[node] = made[id(node._data)]
    return cuts
