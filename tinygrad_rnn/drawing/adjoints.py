"""What backprop hands from node to node, for the marks and links of a scene."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.autodiff import Event, trace_backward
from tinygrad_rnn.autodiff.reverse import backpropagate
from tinygrad_rnn.drawing.scene import Link, Mark, Scene
from tinygrad_rnn.node import Array, Tensor

Received = Mapping[Tensor | None, list[Array]]
"""What nodes receive from one mark: as many arrays as there are lines to the mark."""


class Share(NamedTuple):
    """What a parameter receives at one place of its use, as a norm."""

    parameter: Tensor
    norm: float


class Adjoints:
    """The adjoints in a scene, from a backward pass from one output.

    Attributes:
        output: what they are the derivatives of.
        nodes: the norm of each node's adjoint; a node that backprop does not reach is missing.
        arrays: the adjoints of the nodes that have marks.
        links: the norm of what comes back along each link; a link that backprop does not use is missing.
        shares: at each mark, what the parameters receive that are no marks themselves.

    Raises:
        GraphError: the output depends on no parameter, or has many elements.
        DTypeError: the output is not of a floating dtype.
    """

    def __init__(self, scene: Scene, output: Tensor) -> None:
        self.output = output
        self.nodes: dict[Tensor, float] = {}
        self.arrays: dict[Tensor, Array] = {}
        self.links: dict[Link, float] = {}
        self.shares: dict[Mark, list[Share]] = {}
        self._scene = scene
        self._marked = scene.nodes
        self._contributions: dict[Tensor, Sequence[Array | None]] = {}  # to the inputs of the nodes that have marks
        self._from_hidden: dict[Tensor, Array] = {}  # what nodes that have marks receive from steps left out
        for event in trace_backward(output):
            self._note(event)
        for mark, links in self._reached():
            self._measure(mark, links)
        for link in scene.links:
            if link.target is None and link.value in self._from_hidden:
                self.links[link] = norm(self._from_hidden[link.value])

    def _note(self, event: Event) -> None:
        """Keep what an event says of the nodes that have marks."""
        node = event.node
        self.nodes[node] = norm(event.adjoint)
        if node in self._marked:
            self.arrays[node], self._contributions[node] = event.adjoint, event.contributions
        if node in self._scene.visible:
            return
        for source, contribution in zip(node.inputs, event.contributions, strict=False):
            if contribution is not None and source in self._marked:
                known = self._from_hidden.get(source)
                self._from_hidden[source] = contribution if known is None else known + contribution

    def _reached(self) -> Iterator[tuple[Mark, list[Link]]]:
        """Each mark that backprop reaches, with the links that lead to it."""
        links: dict[Mark, list[Link]] = {mark: [] for marks in self._scene.blocks.values() for mark in marks}
        for link in self._scene.links:
            if link.target is not None:
                links[link.target].append(link)
        return ((mark, found) for mark, found in links.items() if mark.node in self.arrays)

    def _measure(self, mark: Mark, links: Sequence[Link]) -> None:
        """What comes back from a mark along the links to it, and what the parameters receive there."""
        if any(link.value is mark.node for link in links):  # from a value to the operation that made it
            self.links |= dict.fromkeys(links, self.nodes[mark.node])
            return
        linked = {link.value for link in links}
        received = self._through(mark.node, linked) if self._scene.contracted else self._at_once(mark.node)
        self.shares[mark] = [
            Share(node, norm(array))
            for node, arrays in received.items()
            if node is not None and node not in linked and node in self._scene.visible
            for array in arrays
        ]
        hidden = [norm(array) for node in received if node not in self._scene.visible for array in received[node]]
        for link in links:
            if received.get(link.value):
                self.links[link] = norm(received[link.value].pop(0))
            elif link.value is None and hidden:
                self.links[link] = float(np.hypot.reduce(hidden))

    def _at_once(self, node: Tensor) -> Received:
        """What the inputs of an operation receive from it."""
        received: dict[Tensor | None, list[Array]] = defaultdict(list)
        for source, contribution in zip(node.inputs, self._contributions[node], strict=False):
            if contribution is not None:
                received[self._scene.passed.get(source, source)].append(contribution)
        return received

    def _through(self, node: Tensor, linked: Collection[Tensor | None]) -> Received:
        """What comes back from a value to those it is made from, through all that is not shown between them."""
        inner, needed, waiting = {node}, {node}, [node]
        while waiting:
            for source in waiting.pop().inputs:
                if source.requires_grad and source not in needed:
                    needed.add(source)
                    if source not in linked and source.op is not None and source in self._scene.visible:
                        inner.add(source)
                        waiting.append(source)
        nodes = sorted(needed, key=attrgetter("serial"), reverse=True)
        ends = {(end, operand) for end in needed - inner for operand in range(len(end.inputs))}
        reached = backpropagate(nodes, needed, {node: self.arrays[node]}, ends)
        return {end: [array] for end, array, _ in reached if end not in inner}

    @property
    def totals(self) -> dict[Tensor, float]:
        """For the parameters that are no marks, the norms of what they receive in all."""
        leaves = [node for node in self.nodes if node.op is None and node not in self._marked]
        return {node: self.nodes[node] for node in sorted(leaves, key=attrgetter("serial"))}

    def all_norms(self) -> Iterator[float]:
        """Every norm that is shown."""
        yield from (norm for node, norm in self.nodes.items() if node in self._marked)
        yield from self.totals.values()
        yield from self.links.values()
        yield from (share.norm for shares in self.shares.values() for share in shares)


def norm(array: Array) -> float:
    """The Euclidean norm of all entries, without overflow on the way."""
    largest = float(np.max(np.abs(array), initial=0.0))
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(array / largest))
