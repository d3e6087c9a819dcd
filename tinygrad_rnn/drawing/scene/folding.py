"""Folding: which time steps a view shows, where it does not show them all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from tinygrad_rnn.graph import Graph

FIRST, LAST = 3, 2
"""How many steps a folded view shows at the beginning and at the end."""

DOZEN = 12
"""The most steps that are all shown unless a folded view is asked for."""

FARTHEST = 6
"""The most steps between what is carried and where it is read for which more of the first steps are shown."""


def choose_steps(graph: Graph, view: str | None, wanted: Collection[int] = ()) -> list[int]:
    """The steps that a view shows: in any case those that are wanted.

    Of the first, so many are shown that each line is seen that most steps have.
    """
    steps = graph.steps
    first = max(FIRST, _longest_lag(graph) + 1)
    folds = view == "folded" or (view != "unrolled" and len(steps) > DOZEN)
    if not folds or len(steps) <= first + LAST:
        return list(steps)
    return sorted({*steps[:first], *steps[-LAST:], *wanted})


def _longest_lag(graph: Graph) -> int:
    """From how many steps away most steps read something, at most; 1 where that is more than two different numbers."""
    positions = {step: position for position, step in enumerate(graph.steps)}
    readers: dict[int, set[int]] = defaultdict(set)
    for node in graph.nodes:
        if node.step is not None:
            for source in node.inputs:
                if source.step is not None and source.step != node.step:
                    readers[abs(positions[node.step] - positions[source.step])].add(node.step)
    usual = [lag for lag, found in readers.items() if lag <= FARTHEST and 2 * len(found) > len(positions)]
    return max(usual, default=1) if len(usual) <= 2 else 1
