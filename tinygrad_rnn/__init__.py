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

from tinygrad_rnn import nn, ops
from tinygrad_rnn.autodiff import Event, grad, jvp, trace_backward
from tinygrad_rnn.drawing import Diagram, draw
from tinygrad_rnn.errors import (
    AssignmentError,
    DrawingError,
    DTypeError,
    GraphError,
    IndexingError,
    NonFiniteError,
    OperandError,
    ReboundError,
    SettingError,
    ShapeError,
    TinygradRNNError,
)
from tinygrad_rnn.graph import Edge, Graph, Nodes
from tinygrad_rnn.node import Operation, Origin, Tensor, no_grad, parameter, scope, step, tensor
from tinygrad_rnn.ops import *  # noqa: F403  what `ops.__all__` lists
from tinygrad_rnn.training import SGD, Adagrad, Adam, AdamW, RMSProp, clip_grad_norm, clip_grad_value

__version__ = "0.1.0"

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "RMSProp", "clip_grad_value",
    "AssignmentError", "DTypeError", "Diagram", "DrawingError", "Edge", "Event", "Graph",
    "GraphError", "IndexingError", "Nodes", "NonFiniteError", "OperandError", "Operation", "Origin", "ReboundError",
    "SettingError", "ShapeError", "Tensor", "TinygradRNNError", "clip_grad_norm", "draw", "grad", "jvp", "nn",
    "no_grad", "parameter", "scope", "step", "tensor", "trace_backward",
]  # fmt: skip
__all__ += ops.__all__
