"""Every operation: its value and its derivative rules side by side, by family."""

from tinygrad_rnn.ops import linalg
from tinygrad_rnn.ops.arithmetic import (
    add,
    arctan2,
    copysign,
    divide,
    float_power,
    floor_divide,
    fmax,
    fmin,
    fmod,
    hypot,
    logaddexp,
    logaddexp2,
    maximum,
    minimum,
    multiply,
    power,
    remainder,
    subtract,
)
from tinygrad_rnn.ops.arranging import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_arrays,
    clip,
    flip,
    fliplr,
    flipud,
    full_like,
    moveaxis,
    pad,
    repeat,
    roll,
    rollaxis,
    rot90,
    select,
    swapaxes,
    take,
    tile,
)
from tinygrad_rnn.ops.cumulative import cumprod, cumsum, diff, gradient, prod
from tinygrad_rnn.ops.declaration import OPERATIONS
from tinygrad_rnn.ops.diagonals import diag, diagflat, diagonal, trace, tril, triu
from tinygrad_rnn.ops.einstein import einsum
from tinygrad_rnn.ops.elementary import (
    abs,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctanh,
    cbrt,
    ceil,
    copy,
    cos,
    cosh,
    deg2rad,
    exp,
    exp2,
    expm1,
    fabs,
    floor,
    log,
    log1p,
    log2,
    log10,
    nan_to_num,
    negative,
    positive,
    rad2deg,
    reciprocal,
    relu,
    rint,
    round,
    sigmoid,
    sign,
    sin,
    sinc,
    sinh,
    softplus,
    sqrt,
    square,
    tan,
    tanh,
    trunc,
)
from tinygrad_rnn.ops.joining import append, column_stack, dsplit, dstack, hsplit, hstack, vsplit, vstack
from tinygrad_rnn.ops.linear_algebra import cross, dot, inner, kron, linear, matmul, outer, tensordot, vdot, vecdot
from tinygrad_rnn.ops.protocols import attach
from tinygrad_rnn.ops.reductions import log_softmax, logsumexp, max, mean, min, softmax, sum
from tinygrad_rnn.ops.shaping import (
    array_split,
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    matrix_transpose,
    ravel,
    reshape,
    split,
    squeeze,
    stack,
    transpose,
    where,
)
from tinygrad_rnn.ops.sorting import partition, sort, take_along_axis
from tinygrad_rnn.ops.statistics import average, ptp, std, var

attach()

__all__ = [
    "OPERATIONS", "abs", "add", "append", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "array_split", "astype", "atleast_1d", "atleast_2d", "atleast_3d", "average", "broadcast_arrays", "broadcast_to",
    "cbrt", "ceil", "clip", "column_stack", "concatenate", "copy", "copysign", "cos", "cosh", "cross", "cumprod",
    "cumsum", "deg2rad", "diag", "diagflat", "diagonal", "diff", "divide", "dot", "dsplit", "dstack", "einsum", "exp",
    "exp2", "expand_dims", "expm1", "fabs", "flip", "fliplr", "flipud", "float_power", "floor", "floor_divide",
    "fmax", "fmin", "fmod", "full_like", "gradient", "hsplit", "hstack", "hypot", "inner", "kron", "linalg", "linear",
    "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logaddexp2", "logsumexp", "matmul",
    "matrix_transpose", "max", "maximum", "mean", "min", "minimum", "moveaxis", "multiply", "nan_to_num", "negative",
    "outer", "pad", "partition", "positive", "power", "prod", "ptp", "rad2deg", "ravel", "reciprocal", "relu",
    "remainder", "repeat", "reshape", "rint", "roll", "rollaxis", "rot90", "round", "select", "sigmoid", "sign",
    "sin", "sinc", "sinh", "softmax", "softplus", "sort", "split", "sqrt", "square", "squeeze", "stack", "std",
    "subtract", "sum", "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "trace",
    "transpose", "tril", "triu", "trunc", "var", "vdot", "vecdot", "vsplit", "vstack", "where",
]  # fmt: skip
