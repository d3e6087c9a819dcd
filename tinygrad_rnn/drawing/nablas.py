"""The nodes of a backward pass that was made with `create_graph=True`: whose adjoints they are."""

from __future__ import annotations

from tinygrad_rnn.node import Tensor


def differentiated(node: Tensor) -> Tensor | None:
    """The node whose adjoint this node is; None if it is no adjoint."""
    return node.origin.node if node.origin is not None and node.origin.operand is None else None


def has_name(node: Tensor) -> bool:
    """Whether a node has a label, or is the adjoint of one that has a name."""
    while node.label is None:
        forward = differentiated(node)
        if forward is None:
            return False
        node = forward
    return True


def is_passed_on(node: Tensor) -> bool:
    """Whether an adjoint is nothing but the one contribution to it."""
    indices = node.attributes.get("indices", ())
    return differentiated(node) is not None and len(indices) == 1 and indices[0] is ...
