"""What a graph's outputs would be with other values, found without making a node."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from tinygrad_rnn.graph.order import dependencies
from tinygrad_rnn.node import Array, Tensor, explain


def evaluate(order: Sequence[Tensor], outputs: Collection[Tensor], values: Mapping[Tensor, Array]) -> tuple[Array, ...]:
    """The outputs' values where some nodes have other values.

    A node is computed again, once, if an array that it reads is not the one that it was made from, be it
    given here or because a leaf was rebound. An array is let go after its last reader.

    Args:
        order: the graph's nodes in topological order; other nodes keep their values.
        outputs: the nodes asked for.
        values: for any nodes, the arrays that stand for their values.
    """
    computed: dict[Tensor, Array] = dict(values)
    needed = dependencies([node for node in order if node not in values], outputs)
    todo = [node for node in order if node in needed and node not in values]
    last_reader = {source: node for node in todo for source in node.inputs}
    kept = set(outputs)
    for node in todo:
        arrays = tuple([computed.get(source, source._data) for source in node.inputs])
        if any(array is not before for array, before in zip(arrays, node._arrays, strict=True)):
            assert node.op is not None, "a leaf reads nothing"
            try:
                computed[node] = node.op.value(*arrays, **node.attributes)
            except (ValueError, IndexError, TypeError) as error:
                raise explain(node.op.name, node.inputs, error) from error
        for source in node.inputs:
            if last_reader[source] is node and source not in kept:
                computed.pop(source, None)
    return tuple([_read_only(computed.get(output, output._data)) for output in outputs])


def _read_only(value: Array) -> Array:
    """A value as an array, which may be a view of a leaf's, and so must not be written into."""
    array = np.asarray(value)
    array.setflags(write=False)
    return array
