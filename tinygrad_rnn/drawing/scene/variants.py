"""Steps that are made a little differently: which of their nodes do what other nodes do in the other steps.

Labels that follow one pattern over the steps, such as α_1(0), α_2(0), …, say so most plainly. A last step often lacks
what its loss does not need, so that of what is left another is the first to be made there.

A first step often lacks what the others have: h_1 = tanh(U x_1), where later h_t = tanh(U x_t + W h_{t−1}).
Made differently, h_1 has a role of its own. But the second step reads it where later steps read h_t, so in a
picture it stands where they stand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping

from tinygrad_rnn.node import Tensor


def match_variants(roles: Mapping[Tensor, int], steps: Mapping[Tensor, int | None]) -> dict[Tensor, int]:
    """The roles, with those that stand in for one another made one.

    Args:
        roles: the role of each node that an operation made in a time step.
        steps: the time step of each node.
    """
    return _Matching(_match_labels(roles, steps), steps).match()


def _match_labels(roles: Mapping[Tensor, int], steps: Mapping[Tensor, int | None]) -> Mapping[Tensor, int]:
    """The roles, where nodes that are labelled alike but for the step, and made by one operation, have one role.

    It is the role that most of them have, and several; in a step in which another node has it, nothing is changed.
    """
    likes: dict[Hashable, list[Tensor]] = defaultdict(list)
    for node in roles:
        if node.label is not None:
            likes[_pattern(node.label, steps[node]), node.op, node.scope].append(node)
    changed: dict[Tensor, int] = {}
    for nodes in likes.values():
        common, number = Counter(roles[node] for node in nodes).most_common(1)[0]
        if number > 1 and len({steps[node] for node in nodes}) == len(nodes):
            model = next(node for node in nodes if roles[node] == common)
            for node in nodes:
                if roles[node] != common:
                    changed |= _made_like(node, model, roles, steps)
    matched = {**roles, **changed}
    taken = Counter((steps[node], role) for node, role in matched.items())
    twice = {step for (step, _), count in taken.items() if count > 1}
    return {node: roles[node] if steps[node] in twice else role for node, role in matched.items()}


def _pattern(label: str, step: int | None) -> str:
    """A label with t for the first number that is the step's."""
    number, at = str(step), -1
    while (at := label.find(number, at + 1)) >= 0:
        before, after = label[:at], label[at + len(number) :]
        if not before[-1:].isdecimal() and not after[:1].isdecimal():
            return f"{before}t{after}"
    return label


def _made_like(
    node: Tensor, model: Tensor, roles: Mapping[Tensor, int], steps: Mapping[Tensor, int | None]
) -> dict[Tensor, int]:
    """The model's role for a node, and those of what the model is made from in its step for what the node is."""
    found, pairs = {}, [(node, model)]
    for one, other in pairs:
        found[one] = roles[other]
        for source, like in zip(one.inputs, other.inputs, strict=False):
            inside = steps[source] == steps[node] and steps[like] == steps[model]
            if inside and source.op is not None and source.op is like.op and source not in found:
                pairs.append((source, like))
    return found


class _Matching:
    """Finds which roles stand in for others, by where other steps read them."""

    def __init__(self, roles: Mapping[Tensor, int], steps: Mapping[Tensor, int | None]) -> None:
        self.roles = roles
        self.steps = steps
        self.members: dict[int, dict[int | None, Tensor]] = defaultdict(dict)
        for node, role in roles.items():
            self.members[role][steps[node]] = node
        self.renamed: dict[int, int] = {}

    def match(self) -> dict[Tensor, int]:
        """The roles, in which the usual role at each place of reading stands for all others there."""
        read_there: dict[tuple[int, int], Counter[int]] = defaultdict(Counter)
        for node, role in self.roles.items():
            for operand, source in enumerate(node.inputs):
                if source in self.roles and self.steps[source] != self.steps[node]:
                    read_there[role, operand][self.roles[source]] += 1
        for counts in read_there.values():
            (common, _), *others = counts.most_common()
            for other, _ in others:
                self._rename(other, common)
        return {node: self.renamed.get(role, role) for node, role in self.roles.items()}

    def _rename(self, role: int, common: int) -> None:
        """Let a role be another from now on, unless a step has both; and what it is made from likewise."""
        pairs = [(role, common)]
        for one, other in pairs:
            there, here = self.members[one], self.members[other]
            if one == other or {one, other} & self.renamed.keys() or there.keys() & here.keys():
                continue
            self.renamed[one] = other
            (at, example), (then, model) = next(iter(there.items())), next(iter(here.items()))
            here |= there
            if example.op is model.op:
                for source, like in zip(example.inputs, model.inputs, strict=False):
                    inside = self.steps[source] == at and self.steps[like] == then
                    if inside and source.op is not None and source.op is like.op:
                        pairs.append((self.roles[source], self.roles[like]))
