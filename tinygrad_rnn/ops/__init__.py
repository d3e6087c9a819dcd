"""Every operation: its value and its derivative rules side by side, by family."""

from tinygrad_rnn.ops.arithmetic import add, divide, maximum, minimum, multiply, power, subtract
from tinygrad_rnn.ops.declaration import OPERATIONS
from tinygrad_rnn.ops.elementary import (
    abs,
    copy,
    cos,
    exp,
    log,
    negative,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    square,
    tanh,
)
from tinygrad_rnn.ops.linear_algebra import dot, linear, matmul
from tinygrad_rnn.ops.protocols import attach
from tinygrad_rnn.ops.reductions import log_softmax, logsumexp, max, mean, min, softmax, sum
from tinygrad_rnn.ops.shaping import (
    astype,
    broadcast_to,
    concatenate,
    matrix_transpose,
    ravel,
    reshape,
    split,
    squeeze,
    stack,
    transpose,
    where,
)

attach()

__all__ = [
    "OPERATIONS", "abs", "add", "astype", "broadcast_to", "concatenate", "copy", "cos", "divide", "dot", "exp",
    "linear", "log", "log_softmax", "logsumexp", "matmul", "matrix_transpose", "max", "maximum", "mean", "min",
    "minimum", "multiply", "negative", "power", "ravel", "relu", "reshape", "sigmoid", "sign", "sin", "softmax",
    "softplus", "split", "sqrt", "square", "squeeze", "stack", "subtract", "sum", "tanh", "transpose", "where",
]  # fmt: skip
