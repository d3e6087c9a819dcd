"""Nodes in a row, and the edges between them."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple, SupportsIndex, overload

from tinygrad_rnn.node import Tensor


class Nodes(tuple[Tensor, ...]):
    """Nodes in a fixed order; `in`, `index`, `count` and `==` go by identity: that of Tensors compares values."""

    __slots__ = ()

    __hash__ = tuple.__hash__
    __ne__ = object.__ne__  # the opposite of `__eq__`, where tuple has its own

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple) and len(self) == len(other) and all(map(operator.is_, self, other))

    def __contains__(self, node: object) -> bool:
        return any(member is node for member in self)

    def index(self, node: Any, start: Any = 0, stop: Any = None) -> int:
        """The position of this very node.

        Raises:
            ValueError: the node is not here.
        """
        for position in range(*slice(start, stop).indices(len(self))):
            if self[position] is node:
                return position
        raise ValueError(f"{node!r} is not one of these nodes")

    def count(self, node: Any) -> int:
        """How often this very node occurs."""
        return sum(member is node for member in self)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> Nodes: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Tensor | Nodes:
        if isinstance(index, slice):
            return Nodes(super().__getitem__(index))
        return super().__getitem__(index)


class Edge(NamedTuple):
    """`source` is operand number `operand` of `target`; edges are equal if their ends are the same nodes."""

    source: Tensor
    target: Tensor
    operand: int

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Edge)
            and self.source is other.source
            and self.target is other.target
            and self.operand == other.operand
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(self))
