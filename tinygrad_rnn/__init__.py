"""tinygrad_rnn: recurrent networks unrolled into explicit graphs, with generic backprop and Graphviz drawings.

An unrolled network is a graph with nodes of its own for every time step. Backpropagation through time is
then generic backprop in topological order on that graph, and a drawing is a view of it.

>>> x = tg.tensor([[1.0, 2.0]], label="x")
>>> W = tg.parameter(np.eye(2), label="W")
>>> y = tg.tanh(x @ W).sum()
>>> y.backward()
>>> W.grad.shape
(2, 2)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinygrad_rnn import nn, ops
from tinygrad_rnn.autodiff import Event, grad, jvp, trace_backward
from tinygrad_rnn.errors import (
    AssignmentError,
    DrawingError,
    DTypeError,
    GraphError,
    GraphFormatError,
    IndexingError,
    LinAlgError,
    MissingExtraError,
    NonFiniteError,
    OperandError,
    OutputError,
    ReboundError,
    SettingError,
    ShapeError,
    TinygradRNNError,
)
from tinygrad_rnn.graph import Edge, Graph, Nodes, Role, Rolled, RolledEdge
from tinygrad_rnn.node import Operation, Origin, Tensor, no_grad, parameter, scope, step, tensor
from tinygrad_rnn.ops import *  # noqa: F403  what `ops.__all__` lists
from tinygrad_rnn.training import SGD, Adam, clip_grad_norm

if TYPE_CHECKING:
    from tinygrad_rnn.drawing import Diagram, draw

__version__ = "0.1.0"

__all__ = [
    "SGD", "Adam", "AssignmentError", "DTypeError", "Diagram", "DrawingError", "Edge", "Event", "Graph",
    "GraphError", "GraphFormatError", "IndexingError", "LinAlgError", "MissingExtraError", "Nodes",
    "NonFiniteError", "OperandError", "Operation", "Origin", "OutputError", "ReboundError", "Role", "Rolled",
    "RolledEdge", "SettingError", "ShapeError", "Tensor", "TinygradRNNError", "clip_grad_norm", "draw", "grad",
    "jvp", "nn", "no_grad", "parameter", "scope", "step", "tensor", "trace_backward",
]  # fmt: skip
__all__ += ops.__all__


def __getattr__(name: str) -> Any:
    """What drawing needs is imported when it is first asked for, so that importing the library takes no time."""
    if name not in ("Diagram", "draw", "drawing"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    drawing = import_module("tinygrad_rnn.drawing")
    return drawing if name == "drawing" else getattr(drawing, name)
