"""numpy.linalg: inverses, determinants, decompositions and norms, of one matrix or of stacks of them."""

from tinygrad_rnn.ops.decompositions import cholesky, eigh, eigvalsh, svd, svdvals
from tinygrad_rnn.ops.inverses import det, inv, matrix_power, pinv, slogdet, solve
from tinygrad_rnn.ops.linear_algebra import multi_dot
from tinygrad_rnn.ops.norms import norm

__all__ = [
    "cholesky", "det", "eigh", "eigvalsh", "inv", "matrix_power", "multi_dot", "norm", "pinv", "slogdet", "solve",
    "svd", "svdvals",
]  # fmt: skip
