"""Cells: the nodes of a step that one box stands for.

Nodes made in a scope belong to its cell. Of the others, those that a recurrence runs through make up a cell:
whatever is made from a carried value and leads to it again, which for an LSTM is all of its gates and both of
its states. The adjoints of a cell's nodes, and what leads from one to the next, make up a cell of the backward pass.
No name of a network or of a node decides anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tinygrad_rnn.drawing.basics.label import Run, Text, clean, shorten
from tinygrad_rnn.drawing.scene.glyphs import value_text
from tinygrad_rnn.drawing.scene.nablas import differentiated
from tinygrad_rnn.drawing.scene.survey import Survey
from tinygrad_rnn.node import Tensor


class Key(NamedTuple):
    """What is equal for the same cell in all steps: a scope or a recurrence, and how often that was differentiated."""

    what: Hashable
    order: int


@dataclass(eq=False)
class Cell:
    """What stands for the nodes of a cell in one step.

    Attributes:
        key: which cell it is.
        scope: the name of the scope that it is made in, "" if there is none.
        members: its nodes.
        values: the named nodes of which something outside the cell reads the likes, those of the forward pass that
            were made last first, their adjoints in the same order.
    """

    key: Key
    scope: str
    members: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    @property
    def node(self) -> Tensor:
        """The node that stands for all: the last one."""
        return self.members[-1]

    @property
    def lines(self) -> tuple[Text, Text]:
        """What is written on it: the scope's name and below it the values; without a scope the values alone."""
        values, nablas = join_texts(map(value_text, self.values)), "∇" * self.key.order
        if not self.scope:
            return values or (Run(nablas),), ()
        return (Run(nablas + shorten(clean(self.scope.split("/")[-1])), "sans"),), values


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
    keys = _find_keys(survey, depth)
    likes = _find_likes(survey, keys)
    cells: dict[tuple[Hashable, float], Cell] = {}
    cell_of: dict[Tensor, Cell] = {}
    for node, (what, order) in keys.items():
        if node not in survey.tags:
            key = Key(likes[what], order)
            cell = cells.setdefault((key, survey.times[node]), Cell(key, what if isinstance(what, str) else ""))
            cell.members.append(node)
            cell_of[node] = cell
    _find_values(survey, cell_of)
    return cell_of


def _find_keys(survey: Survey, depth: int | None) -> dict[Tensor, Key]:
    """Which cell each node belongs to by its own scope or recurrence."""
    recurrences = find_recurrences(survey)

    def key_of(node: Tensor) -> Key | None:
        if node.op is None:
            return None
        if node.origin is not None:
            key = key_of(node.origin.node)
            return None if key is None else key._replace(order=key.order + 1)
        scope = "/".join(node.scope.split("/")[:depth])
        what = scope or recurrences.get(survey.roles.get(node))
        return None if what is None else Key(what, 0)

    return {node: key for node in survey.nodes if (key := key_of(node)) is not None}


def _find_likes(survey: Survey, keys: Mapping[Tensor, Key]) -> dict[Hashable, Hashable]:
    """For each scope or recurrence the first that carries the same state in other steps, or itself.

    An encoder and the decoder that goes on with its state stand in one row.
    """
    times: dict[Hashable, set[float]] = defaultdict(set)
    for node, key in keys.items():
        times[key.what].add(survey.times[node])
    likes = {what: what for what in times}
    carries: dict[Hashable, Hashable] = {}
    for node, key in keys.items():
        if node in survey.read_elsewhere:
            first = carries.setdefault(survey.roles[node], likes[key.what])
            if likes[key.what] == key.what and times[first].isdisjoint(times[key.what]):
                likes[key.what] = first
                times[first] |= times[key.what]
    return likes


def _find_values(survey: Survey, cell_of: Mapping[Tensor, Cell]) -> None:
    """Find what other nodes read of the cells, in one step or another."""
    seen = {node for node in cell_of if survey.is_output(node)}
    for node in survey.nodes:
        seen.update(source for source in node.inputs if source in cell_of and not _is_own(source, node, cell_of))
    likes = {survey.roles.get(node, node) for node in seen}
    for node in cell_of:  # the forward pass first
        subject = differentiated(node)
        if subject is not None and survey.roles.get(subject, subject) in likes:
            likes.add(survey.roles.get(node, node))
    for node, cell in cell_of.items():
        if survey.is_named(node) and survey.roles.get(node, node) in likes:
            cell.values.insert(len(cell.values) if cell.key.order % 2 else 0, node)


def _is_own(source: Tensor, node: Tensor, cell_of: Mapping[Tensor, Cell]) -> bool:
    """Whether a node of a cell is read within it, or by the cell of the backward pass that belongs to it."""
    one, other = cell_of[source], cell_of.get(node)
    return one is other or (other is not None and other.key == one.key._replace(order=one.key.order + 1))


# ---------------------------------------------------------------------- recurrences


def find_recurrences(survey: Survey) -> dict[Hashable, Hashable]:
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
