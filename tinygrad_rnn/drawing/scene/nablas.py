"""The nodes of a backward pass that was made with `create_graph=True`: whose adjoints they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from tinygrad_rnn.drawing.basics.label import Run, Text
from tinygrad_rnn.drawing.scene.scene import Scene
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


def tell_apart(scene: Scene) -> None:
    """Give adjoints of one name in a step primes, in the order in which they were made: ∇h, ∇′h, ∇″h.

    One node has several where several backward passes reach it, as those of a Hessian-vector product do. What has a
    role bears the same primes in every step.
    """
    primes: dict[Hashable, int] = {}
    for marks in scene.blocks.values():
        found: Counter[Text] = Counter()
        for mark in sorted(marks, key=lambda mark: mark.node.serial):
            if mark.text[:1] == (Run("∇"),) and len(mark.text) > 1:
                primes[mark.key] = max(primes.get(mark.key, 0), found[mark.text])
                found[mark.text] += 1
    for marks in scene.blocks.values():
        for mark in marks:
            if number := primes.get(mark.key):
                mark.text = (Run("∇" + "′" * number), *mark.text[1:])
