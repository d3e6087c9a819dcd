"""The rolled form: what a graph repeats from step to step, once, with the delays between.

Each role is the same node at all its time steps. Edges between roles carry an offset in time, so that a
recurrent network becomes a small cyclic graph, as large for a thousand steps as for three.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.graph.nodes import Edge, Nodes
from tinygrad_rnn.graph.table import columns, distinct_names, formula, kind
from tinygrad_rnn.node import Operation, Shape, Tensor

NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, eq=False, repr=False)
class Role:
    """The same node at each time step that has it; or one node that belongs to no step.

    Attributes:
        number: its position in `Rolled.roles`.
        nodes: its nodes, in the order of their steps.
        steps: their time steps; empty for a node that belongs to none.
    """

    number: int
    nodes: Nodes
    steps: tuple[int, ...]

    @property
    def op(self) -> Operation | None:
        """The operation that makes its nodes; None for leaves."""
        return self.nodes[0].op

    @property
    def shape(self) -> Shape:
        """The shape of its first node."""
        return self.nodes[0].shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The dtype of its first node."""
        return self.nodes[0].dtype

    @property
    def label(self) -> str | None:
        """What its nodes' labels have in common, with the step as t: h_t for h_1, h_2, …; None if nothing."""
        labels = [node.label for node in self.nodes if node.label is not None]
        if len(labels) < len(self.nodes):
            return None
        if len(labels) == 1:
            return labels[0]
        parts = [_part(texts, self.steps) for texts in zip(*map(NUMBER.split, labels), strict=False)]
        same_form = len({len(NUMBER.split(label)) for label in labels}) == 1
        return "".join(part or "" for part in parts) if same_form and None not in parts else None

    def at(self, step: int) -> Tensor:
        """Its node at a time step.

        Raises:
            GraphError: it has none there.
        """
        position = bisect_left(self.steps, step)
        if self.steps[position : position + 1] != (step,):
            raise GraphError(f"{self!r} has no node at step {step}, only at {[*self.steps]}")
        return self.nodes[position]

    def __repr__(self) -> str:
        of = self.op.name if self.op else "parameter" if self.nodes[0].requires_grad else "constant"
        return f"<role {self.label or f'%{self.number}'}: {of} {self.shape}{_when(self.steps)}>"


class RolledEdge(NamedTuple):
    """The edges that lead from one role to another alike at all steps.

    Attributes:
        source: the role that is read.
        target: the role that reads it.
        operand: as which operand; None where a node outside time reads one operand a step, as a stack does.
        offset: how many steps after the source's the target's step is: 0 within a step, 1 for a state read at the
            next step, negative for what runs from later to earlier steps; None where either belongs to no step.
        steps: the target's steps that have the edge; the source's, where the target belongs to no step.
        edges: the edges themselves.
    """

    source: Role
    target: Role
    operand: int | None
    offset: int | None
    steps: tuple[int, ...]
    edges: tuple[Edge, ...]

    def __repr__(self) -> str:
        offset = "" if self.offset is None else f", offset {self.offset}"
        return f"<edge from {self.source!r} to {self.target!r}{offset}>"


class Rolled:
    """A graph rolled up.

    Attributes:
        roles: each node of the graph plays one of them; in the order of their first nodes.
        edges: each edge of the graph is in one of them.

    >>> s = tg.tensor(0.0, label="s_0")
    >>> W = tg.parameter(0.5, label="W")
    >>> for t in 1, 2, 3:
    ...     with tg.step(t):
    ...         s = tg.tanh(W * s)
    ...         s.label = f"s_{t}"
    >>> print(tg.Graph(s).rolled())
    s_0 = constant                   () float64
    W = parameter                    () float64
    %2 = multiply(W, s_0 | s_t[-1])  () float64  t = 1 … 3
    s_t = tanh(%2)                   () float64  t = 1 … 3
    """

    def __init__(self, roles: Sequence[Role], edges: Sequence[RolledEdge]) -> None:
        self.roles = tuple(roles)
        self.edges = tuple(edges)
        self._role_of = {node: role for role in roles for node in role.nodes}

    @property
    def steps(self) -> tuple[int, ...]:
        """The time steps that occur, in ascending order."""
        return tuple(sorted({step for role in self.roles for step in role.steps}))

    def role_of(self, node: Tensor) -> Role:
        """The role that a node plays.

        Raises:
            GraphError: the graph doesn't have the node.
        """
        if node not in self._role_of:
            raise GraphError(f"{node!r} is not a node of this graph")
        return self._role_of[node]

    def __str__(self) -> str:
        """A line for each role; what is read at another step has the distance in brackets."""
        names = dict(zip(self.roles, distinct_names([role.label for role in self.roles]), strict=True))
        operands: dict[Role, dict[int | None, list[str]]] = defaultdict(lambda: defaultdict(list))
        for edge in self.edges:
            distance = f"[{-edge.offset:+d}]" if edge.offset else ""
            operands[edge.target][edge.operand].append(names[edge.source] + distance)
        return columns(
            (
                f"{names[role]} = {formula(role.nodes[0], [' | '.join(names) for names in operands[role].values()])}",
                kind(role.nodes[0]),
                _when(role.steps).strip(),
            )
            for role in self.roles
        )

    def __repr__(self) -> str:
        return f"<rolled graph: {len(self.roles)} roles, {len(self.edges)} edges, {len(self.steps)} time steps>"


# ---------------------------------------------------------------------- as text


def _part(texts: Sequence[str], steps: Sequence[int]) -> str | None:
    """What the same part of several labels has in common: the text, or its number as seen from the step."""
    if len(set(texts)) == 1:
        return texts[0]
    if not all(text.isdecimal() for text in texts):
        return None
    distances = {int(text) - step for text, step in zip(texts, steps, strict=True)}
    return f"t{distances.pop():+d}".replace("t+0", "t") if len(distances) == 1 else None


def _when(steps: Sequence[int]) -> str:
    """The steps in short: those of a run without holes by the first and the last."""
    if not steps:
        return ""
    if len(steps) > 2 and steps[-1] - steps[0] == len(steps) - 1:
        return f" t = {steps[0]} … {steps[-1]}"
    return f" t = {', '.join(map(str, steps))}"
