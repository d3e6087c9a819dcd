"""Copies of nodes, so that a part of a graph can be a graph of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import Context
from operator import attrgetter

from tinygrad_rnn.node import Origin, Tensor, make


def copy_nodes(nodes: Iterable[Tensor]) -> Mapping[Tensor, Tensor]:
    """For each node its copy, with the same arrays and marks; what is read from outside becomes a constant."""
    return Context().run(_copy_nodes, set(nodes))  # whatever step, scope or no_grad is in force here


def _copy_nodes(members: set[Tensor]) -> Mapping[Tensor, Tensor]:
    outside = {source for node in members for source in node.inputs} - members
    copies: dict[Tensor, Tensor] = {}
    for node in sorted(members | outside, key=attrgetter("serial")):
        if node in members:
            inputs = tuple([copies[source] for source in node.inputs])
            copied = make(node.op, inputs, node._arrays, node._data, node.attributes)
            copied.requires_grad = node.requires_grad
        else:
            copied = make(None, (), (), node._data)
        copied.label, copied.step, copied.scope = node.label, node.step, node.scope
        if node.origin is not None and node.origin.node in copies:
            copied.origin = Origin(copies[node.origin.node], *node.origin[1:])
        copies[node] = copied
    return copies
