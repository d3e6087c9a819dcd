"""What is shown of a graph: marks, links between them, and blocks of marks that stand together.

A scene is decided before anything is placed and before a line of DOT is written. Each time step is a
block; what comes before the first step is a block, and what comes after the last. Shared parameters and
plain numbers are not marks but tags, written on the operations that use them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from tinygrad_rnn.drawing.label import Text
from tinygrad_rnn.drawing.ways import Ways
from tinygrad_rnn.node import Tensor

Role = tuple[Hashable, bool]
"""What is equal for marks of different time steps that are the same mark at another time."""

BEFORE, AFTER = float("-inf"), float("inf")
"""Where the blocks before the first and after the last time step stand in time."""


@dataclass(eq=False, slots=True)
class Mark:
    """Something drawn: an operation's sign, or a value.

    Attributes:
        node: the node that it shows.
        is_value: whether it shows the node's value, or the operation that made it.
        role: the role of the mark; None outside steps.
        text: what is written on it.
        time: the time step it stands in, or BEFORE or AFTER.
        kind: "op", "input", "target", "state", "second state", "gate", "output", "loss", "parameter", "constant" or
            "delay".
        parameter: the number of the parameter whose colour it bears, or None.
        caption: what is written in a second line.
        is_cell: whether it stands for all nodes of a cell.
    """

    node: Tensor
    is_value: bool
    role: Role | None
    text: Text
    time: float
    kind: str = "op"
    parameter: int | None = None
    caption: Text = ()
    is_cell: bool = False

    @property
    def key(self) -> Hashable:
        """What the mark is called where it is placed: its role, or outside the steps itself."""
        return self if self.role is None else self.role


@dataclass(frozen=True, eq=False)
class Trunk:
    """A line above the columns, by which each of some marks leads to each of others, all but one of them in steps.

    Attributes:
        source: the one mark outside the steps that it comes from; None if it comes from steps.
        target: the one mark outside the steps that it leads to; None if it leads to steps.
        role: the role of the marks that it comes from, if they have one role.
    """

    source: Mark | None = None
    target: Mark | None = None
    role: Role | None = None


class Carrier(NamedTuple):
    """What is carried to a place where steps read it: a role, mark or trunk, and from how many steps before."""

    role: Hashable
    lag: int

    @property
    def side(self) -> int:
        """Where the line of a loop leaves its step: on the right (1), or if it runs back in time on the left (−1)."""
        return 1 if self.lag > 0 else -1


@dataclass(eq=False, slots=True)
class Link:
    """An edge drawn from one mark to another.

    Attributes:
        source: the mark that it comes from; None at a gap, where steps are left out.
        target: the mark that it leads to; None at a gap.
        carrier: whose line it is where it goes from block to block; None within a block.
        weights: what is written beside it.
        value: the node whose value goes along it, which at a gap may have no mark; None where it stands for those of
            many steps.
        cut: whether no gradient comes back along it.
        ways: what it multiplies by, where operations are not drawn; in a rolled scene its weights alone say so.
    """

    source: Mark | None
    target: Mark | None
    carrier: Carrier | None = None
    weights: Text = ()
    value: Tensor | None = None
    cut: bool = False
    ways: Ways = ()

    def __post_init__(self) -> None:
        if self.value is None and self.source is not None:
            self.value = self.source.node

    @property
    def trunk(self) -> Trunk | None:
        """The trunk that it belongs to, if there is one."""
        role = None if self.carrier is None else self.carrier.role
        return role if isinstance(role, Trunk) else None


@dataclass(eq=False)
class Scene:
    """All that is shown.

    Attributes:
        blocks: the marks by time: BEFORE, the steps shown, AFTER.
        links: the edges.
        contracted: whether marks stand for all that leads from labelled values to labelled values.
        positions: for each step of the whole graph, how many come before it.
        hidden: for each step shown that is followed by a gap, how many steps are left out after it.
        severed: the roles of what is carried into steps that are left out, but cut off there.
        states: the roles of values that are carried from one step to another, and not mere running sums; "state" or
            "second state".
        backward: the roles of what is carried from later steps to earlier ones.
        is_rolled: whether the one step shown stands for all, and delays for what is carried.
        omits: whether some steps have what the rolled form leaves out.
        visible: the nodes of the steps shown, and those without a step that do not serve hidden steps alone.
        passed: for adjoints that have no mark because they are only passed on, the nodes that they come from.
    """

    blocks: dict[float, list[Mark]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    contracted: bool = False
    positions: dict[float, int] = field(default_factory=dict)
    hidden: dict[float, int] = field(default_factory=dict)
    severed: set[Hashable] = field(default_factory=set)
    states: dict[Hashable, str] = field(default_factory=dict)
    backward: set[Hashable] = field(default_factory=set)
    is_rolled: bool = False
    omits: bool = False
    visible: set[Tensor] = field(default_factory=set)
    passed: Mapping[Tensor, Tensor] = field(default_factory=dict)

    def state_of(self, link: Link) -> Hashable:
        """The state whose line a link between blocks is, if it is one's."""
        if link.carrier is None:
            return None
        role = link.carrier.role if link.trunk is None else link.trunk.role
        return role if role in self.states else None

    @property
    def stride(self) -> int | None:
        """How far apart the time steps of the whole graph are; None if that differs."""
        strides = {int(later - earlier) for earlier, later in pairwise(self.positions)} or {1}
        return strides.pop() if len(strides) == 1 else None

    @property
    def nodes(self) -> set[Tensor]:
        """The nodes that have marks."""
        return {mark.node for marks in self.blocks.values() for mark in marks}

    @property
    def steps(self) -> list[float]:
        """The time steps shown."""
        return [time for time in self.blocks if time in self.positions]
