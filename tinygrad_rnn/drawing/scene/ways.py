"""The ways from one value to another where the operations between them are not drawn, and the weights along them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from tinygrad_rnn.drawing.basics.label import Run, Text
from tinygrad_rnn.node import Tensor


class Weight(NamedTuple):
    """A matrix that a product on the way multiplies by, and how it is written."""

    product: Tensor
    matrix: Tensor
    text: Text

    @property
    def key(self) -> Hashable:
        """What is equal for the same matrix: itself, or if an operation made it, as a transpose, how it is written."""
        return self.matrix if self.matrix.op is None else self.text

    @property
    def parameters(self) -> set[Tensor]:
        """The parameters that the matrix is, or is made of."""
        found, waiting = {self.matrix}, [self.matrix]
        while waiting:
            new = set(waiting.pop().inputs) - found
            found |= new
            waiting += new
        return {node for node in found if node.op is None and node.requires_grad}


Way = tuple[Weight, ...]
"""The weights along one way, in the order of their use; at least one."""

Ways = tuple[Way, ...]
"""The ways that have weights. Of several, each has those that are on none of the ways before it."""


def joined(ways: Iterable[Way]) -> Ways:
    """Several ways between the same values, in the order of their first products, each weight once."""
    different = dict.fromkeys(ways)
    if len(different) < 2:
        return tuple(different)
    seen: set[Hashable] = set()
    kept = []
    for way in sorted(different, key=lambda way: way[0].product.serial):
        if rest := tuple(weight for weight in way if weight.key not in seen):
            kept.append(rest)
            seen.update(weight.key for weight in rest)
    return tuple(kept)


def onwards(ways: Ways, weight: Weight | None) -> Ways:
    """The ways through one more operation, which may be a product with a weight."""
    if weight is None:
        return ways
    return joined([*ways, (weight,)]) if len(ways) > 1 else ((*(ways[0] if ways else ()), weight),)


def write(ways: Ways) -> Text:
    """The weights as they stand beside an edge: those along one way as a product, "U W", those of several "V, W"."""
    return tuple(run for piece, _ in _pieces(ways) for run in piece)


def places(ways: Ways) -> Iterator[tuple[Weight, slice]]:
    """Each weight, and where among the runs of the text it stands."""
    end = 0
    for piece, weight in _pieces(ways):
        start, end = end, end + len(piece)
        if weight is not None:
            yield weight, slice(start, end)


def _pieces(ways: Ways) -> Iterator[tuple[Text, Weight | None]]:
    """The pieces of the text: weights, and what stands between them."""
    for number, way in enumerate(ways):
        for place, weight in enumerate(way):
            if number or place:
                yield (Run(" " if place else ", "),), None
            yield weight.text, weight
