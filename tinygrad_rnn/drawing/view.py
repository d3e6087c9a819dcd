"""One view of a graph, ready to be painted: what its page needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tinygrad_rnn.node import Tensor


@dataclass(frozen=True)
class View:
    """A view.

    Attributes:
        name: "unrolled", "folded" or "rolled".
        title: what it shows, in words.
        source: DOT text.
        marks: the node that each mark shows, or that a chip says something of, by its name in DOT.
        titles: what each mark is, in words, by the mark's name.
        gaps: the first and the last of the steps that are left out, by the gap's name in DOT.
        seconds: that Graphviz may take to paint it.
        find_moments: finds for each mark of a rolled view the node that it shows at each time step.
        dark: the DOT text in dark colours, where there is one; it differs in nothing else.
    """

    name: str
    title: str
    source: str
    marks: Mapping[str, Tensor]
    titles: Mapping[str, str]
    gaps: Mapping[str, tuple[int, int]]
    seconds: float
    find_moments: Callable[[], Mapping[str, Mapping[float, Tensor]]] = dict
    dark: str = ""
