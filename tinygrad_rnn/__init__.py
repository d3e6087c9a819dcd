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
from tinygrad_rnn.autodiff import (
    Event,
    check_gradients,
    checkpoint,
    checkpoint_sequence,
    detect_anomaly,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    trace_backward,
    value_and_grad,
)
from tinygrad_rnn.drawing import Diagram, draw
from tinygrad_rnn.errors import (
    AssignmentError,
    DrawingError,
    DTypeError,
    GradientCheckError,
    GraphError,
    IndexingError,
    KinkError,
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
from tinygrad_rnn.training import SGD, Adam, clip_grad_norm

__version__ = "0.1.0"

__all__ = [
    "SGD", "Adam", "AssignmentError", "DTypeError", "Diagram", "DrawingError", "Edge", "Event", "GradientCheckError",
    "Graph", "GraphError", "IndexingError", "KinkError", "Nodes", "NonFiniteError", "OperandError", "Operation",
    "Origin", "ReboundError", "SettingError", "ShapeError", "Tensor", "TinygradRNNError", "check_gradients",
    "checkpoint", "checkpoint_sequence", "clip_grad_norm", "detect_anomaly", "draw", "grad", "hessian", "hvp",
    "jacobian", "jvp", "nn", "no_grad", "parameter", "scope", "step", "tensor", "trace_backward", "value_and_grad",
]  # fmt: skip
__all__ += ops.__all__
