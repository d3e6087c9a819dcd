"""What people give to be drawn, and what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tinygrad_rnn.errors import GraphError, SettingError
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.nn import Run, Unrolled
from tinygrad_rnn.node import Tensor

Source = Tensor | Iterable[Tensor] | Graph | Run | Unrolled
"""What can be drawn."""


def graph_of(what: Source) -> Graph:
    """The graph of what is given; of a part of a graph, a copy."""
    graph = what if isinstance(what, Graph) else what.graph if isinstance(what, Run | Unrolled) else Graph(what)
    return graph if graph.is_whole else graph.copy()


def loss_of(what: Source, graph: Graph) -> Tensor:
    """The output that gradients are of.

    Raises:
        GraphError: a network without targets, or a graph with several outputs.
    """
    if isinstance(what, Run):
        if what.loss is None:
            raise GraphError("a network without targets has no loss to differentiate; give unroll the targets")
        return what.loss
    if len(graph.outputs) != 1:
        names = ", ".join(node.describe() for node in graph.outputs[:5])
        raise GraphError(
            f"gradients are of one output, and this graph has {len(graph.outputs)} ({names}); draw one of them alone, "
            "or their sum"
        )
    return graph.outputs[0]


def is_whole_number(value: object) -> bool:
    """Whether a setting is a whole number, of Python's or numpy's; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_setting(setting: str, value: object, allowed: Sequence[object]) -> None:
    """Raise a SettingError where a setting has another value than those allowed."""
    if value not in allowed:
        names = ", ".join(repr(name) for name in allowed if name is not None)
        raise SettingError(f"{setting} is one of {names}, not {value!r}")
