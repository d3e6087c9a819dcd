"""Cells: the nodes of a step that one box stands for.

Nodes made in a scope belong to its cell. Of the others, those that a recurrence runs through make up a cell:
whatever is made from a carried value and leads to it again, which for an LSTM is all of its gates and both of
its states. No name of a network or of a node decides anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from tinygrad_rnn.drawing.glyphs import value_text
from tinygrad_rnn.drawing.label import Run, Text, clean, shorten
from tinygrad_rnn.drawing.survey import Survey
from tinygrad_rnn.node import Tensor


@dataclass(eq=False)
class Cell:
    """What stands for the nodes of a cell in one step.

    Attributes:
        key: what is equal for the same cell in all steps.
        name: the last name of its scope, or nothing.
        members: its nodes.
        values: the labelled nodes of which something outside the cell reads the likes, the last made first.
    """

    key: Hashable
    name: str
    members: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    @property
    def node(self) -> Tensor:
        """The node that stands for all: the last one."""
        return self.members[-1]

    @property
    def lines(self) -> tuple[Text, Text]:
        """What is written on it: the scope's name and below it the values; without a scope the values alone."""
        name, values = (Run(shorten(clean(self.name)), "sans"),), join_texts(map(value_text, self.values))
        return (name, values) if self.name else (values, ())


def join_texts(texts: Iterable[Text]) -> Text:
    """Several texts with commas between them."""
    runs = [run for text in texts for run in (Run(", "), *text)]
    return tuple(runs[1:])


def find_cells(survey: Survey, depth: int | None = None) -> dict[Tensor, Cell]:
    """The cell of each node that is in one.

    Args:
        survey: what is known of the graph.
        depth: how many names of a scope tell cells apart; all if not given.
    """
    recurrences = _find_recurrences(survey)
    cells: dict[tuple[Hashable, float], Cell] = {}
    cell_of: dict[Tensor, Cell] = {}
    for node in survey.nodes:
        scope = "/".join(node.scope.split("/")[:depth])
        key = scope or recurrences.get(survey.roles.get(node))
        if key is not None and node.op is not None and node.origin is None and node not in survey.tags:
            cell = cells.setdefault((key, survey.times[node]), Cell(key, scope.split("/")[-1]))
            cell.members.append(node)
            cell_of[node] = cell
    _find_values(survey, cell_of)
    return cell_of


def _find_values(survey: Survey, cell_of: Mapping[Tensor, Cell]) -> None:
    """Find what other nodes read of the cells, in one step or another."""
    seen = {node for node in cell_of if survey.is_output(node)}
    for node in survey.nodes:
        seen.update(source for source in node.inputs if source in cell_of and cell_of[source] is not cell_of.get(node))
    likes = {survey.roles.get(node, node) for node in seen}
    for node, cell in cell_of.items():
        if node.label is not None and survey.roles.get(node, node) in likes:
            cell.values.insert(0, node)


# ---------------------------------------------------------------------- recurrences


def _find_recurrences(survey: Survey) -> dict[Hashable, Hashable]:
    """For each role that a recurrence runs through, the first role of all those that it runs through."""
    following: dict[Hashable, set[Hashable]] = defaultdict(set)
    leading: dict[Hashable, set[Hashable]] = defaultdict(set)
    sums = set()
    for node, role in survey.roles.items():
        for source in node.inputs:
            if source in survey.roles and source not in survey.tags:
                following[survey.roles[source]].add(role)
                leading[role].add(survey.roles[source])
        if node.ndim == 0 and node.op is not None and node.op.name == "add":
            sums.add(role)
    found: dict[Hashable, Hashable] = {}
    for role in dict.fromkeys(role for node, role in survey.roles.items() if node in survey.read_elsewhere):
        if role not in found:
            together = _reach(role, following) & _reach(role, leading)
            if not together <= sums:  # running sums are no cells
                found |= dict.fromkeys(together, ("recurrence", role))
    return found


def _reach(start: Hashable, following: Mapping[Hashable, Collection[Hashable]]) -> set[Hashable]:
    """All that one or more edges lead to."""
    found: set[Hashable] = set()
    waiting = [start]
    while waiting:
        new = [role for role in following.get(waiting.pop(), ()) if role not in found]
        found.update(new)
        waiting += new
    return found
