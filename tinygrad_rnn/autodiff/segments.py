"""Checkpoints in a graph: parts whose inner nodes are not kept, but made again when a walk comes to them.

A `CHECKPOINT` node stands for the whole part and reads what the part reads from outside; for each result there
is an `OUTPUT` node that reads the `CHECKPOINT`. Walks of both modes pass through: the nodes made again take the
checkpoint's place in the order, and their derivatives go into the walk's own table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NoReturn

import numpy as np

from tinygrad_rnn.errors import GraphError, ReboundError
from tinygrad_rnn.graph.order import dependents
from tinygrad_rnn.node import Context, Operation, Tensor, again, tensor

Table = dict[Tensor, Any]
Edges = set[tuple[Tensor, int]]
Backprop = Callable[[Iterable[Tensor], set[Tensor], Table, Edges], Iterator[Any]]


def _no_value(*arrays: Any, **attributes: Any) -> NoReturn:
    raise GraphError(
        "a checkpoint computes again what it did, from its own nodes, and takes no other values; "
        "build the graph without tg.checkpoint to evaluate it anew"
    )


CHECKPOINT = Operation("checkpoint", _no_value, [None], _no_value)
OUTPUT = Operation("output", _no_value, [None], _no_value)


class Segment:
    """How to make a checkpoint's nodes again: the function, and the marks that it was first called under."""

    __slots__ = ("_build", "_context")

    def __init__(self, build: Callable[[], Sequence[Tensor]], context: Context) -> None:
        self._build = build
        self._context = context

    def __repr__(self) -> str:
        return "…"

    def build(self) -> tuple[Sequence[Tensor], list[Tensor]]:
        """The results, made again, and all nodes made for them, in topological order."""
        start = now()
        with again(self._context):
            results = self._build()
        return results, made_since(start, results)


def now() -> int:
    """A serial number: nodes made from here on have higher ones."""
    return tensor(0).serial


def made_since(start: int, results: Iterable[Tensor]) -> list[Tensor]:
    """The results and what they were made from, in topological order, without what was there before."""
    found = {node for node in results if node.serial > start}
    waiting = list(found)
    while waiting:
        for node in waiting.pop().inputs:
            if node.serial > start and node not in found:
                found.add(node)
                waiting.append(node)
    return sorted(found, key=attrgetter("serial"))


def require_current(order: Iterable[Tensor]) -> None:
    """Raise a ReboundError if a leaf no longer holds what these nodes were computed from."""
    for node in order:
        for source, array in zip(node.inputs, node._arrays, strict=True):
            if source._data is not array:
                raise ReboundError(
                    f"{source.describe()} was given another value after {node.describe()} was computed from it; "
                    "this walk needs the leaf as it was: build the graph again"
                )


# ---------------------------------------------------------------------- walks


def _has_checkpoints(order: Iterable[Tensor]) -> bool:
    return bool([node for node in order if node.op is CHECKPOINT])  # twice as fast as any()


def walk_back(
    backprop: Backprop, order: Sequence[Tensor], needed: set[Tensor], adjoints: Table, cut: Edges
) -> Iterator[Any]:
    """Backprop over a graph with or without checkpoints: what `backprop` yields, node by node, last first."""
    if not _has_checkpoints(order):
        return backprop(reversed(order), needed, adjoints, cut)
    return _back_through_checkpoints(backprop, list(order), needed, adjoints, cut)


def _back_through_checkpoints(
    backprop: Backprop, waiting: list[Tensor], needed: set[Tensor], adjoints: Table, cut: Edges
) -> Iterator[Any]:
    """Nodes made again are held by `waiting` and `needed` alone, and leave both when their turn is over."""
    given: dict[Tensor, list[tuple[Tensor, Any]]] = {}  # for each checkpoint its outputs, and what they have received

    def up_to_a_checkpoint() -> Iterator[Tensor]:
        while waiting and waiting[-1].op is not OUTPUT and waiting[-1].op is not CHECKPOINT:
            node = waiting.pop()
            yield node
            needed.discard(node)

    while waiting:
        yield from backprop(up_to_a_checkpoint(), needed, adjoints, cut)
        if not waiting:
            return
        node = waiting.pop()
        if node.op is OUTPUT and node in adjoints:
            if (node, 0) not in cut:
                given.setdefault(node.inputs[0], []).append((node, adjoints[node]))
            yield from backprop([node], needed, adjoints, cut)
        elif node.op is CHECKPOINT and node in given:
            waiting += _enter(node, given.pop(node), needed, adjoints, cut)
        needed.discard(node)


def _enter(
    checkpoint: Tensor, given: Sequence[tuple[Tensor, Any]], needed: set[Tensor], adjoints: Table, cut: Edges
) -> list[Tensor]:
    """Make a checkpoint's nodes again, and hand the results what the outputs have received."""
    results, made = _build_again(checkpoint)
    for output, received in given:
        adjoints[_result(output, results)] = received
    closed = {checkpoint.inputs[operand] for operand in range(len(checkpoint.inputs)) if (checkpoint, operand) in cut}
    if closed:
        cut |= {(node, k) for node in made for k, source in enumerate(node.inputs) if source in closed}
    ways = [node for node in made if node.op is None or node.op.differentiable]
    leading = dependents(ways, [source for source in checkpoint.inputs if source in needed])
    needed |= leading
    return [node for node in made if node in leading]


def walk_forward(order: Sequence[Tensor], tangents: Table, carry: Callable[[Tensor, Any], None]) -> Iterable[Tensor]:
    """The nodes in topological order, with those of checkpoints made again in their places.

    Args:
        order: nodes in topological order.
        tangents: the table that the caller fills as the nodes come.
        carry: gives a node a tangent.
    """
    if not _has_checkpoints(order):
        return order
    return _forward_through_checkpoints(list(reversed(order)), tangents, carry)


def _forward_through_checkpoints(
    waiting: list[Tensor], tangents: Table, carry: Callable[[Tensor, Any], None]
) -> Iterator[Tensor]:
    entered: dict[Tensor, Sequence[Tensor]] = {}
    while waiting:
        node = waiting.pop()
        if node.op is CHECKPOINT:
            entered[node], made = _build_again(node)
            waiting += reversed(made)
        elif node.op is OUTPUT:
            tangent = tangents.get(_result(node, entered[node.inputs[0]]))
            if tangent is not None:
                carry(node, tangent)
        else:
            yield node


def _build_again(checkpoint: Tensor) -> tuple[Sequence[Tensor], list[Tensor]]:
    require_current([checkpoint])
    segment: Segment = checkpoint.attributes["segment"]
    results, made = segment.build()
    for node in made:
        if node.op is None and node.requires_grad:
            raise GraphError(
                f"{node.describe()} is made inside a checkpointed function, anew each time, so that no gradient "
                "could reach it; make parameters outside"
            )
    return results, made


def _result(output: Tensor, results: Sequence[Tensor]) -> Tensor:
    """The node made again for an output of a checkpoint; raise an error if it does not have the same value."""
    position: int = output.attributes["output"]
    if position < len(results):
        result = results[position]
        if result.dtype == output.dtype and np.array_equal(result._data, output._data, equal_nan=True):
            return result
    raise GraphError(
        f"a checkpointed function gave another value than before for {output.describe()}; "
        "it may draw no random numbers, and read nothing that changes"
    )
