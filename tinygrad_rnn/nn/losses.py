"""What one time step's output costs, as nodes."""

from __future__ import annotations

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.node import Tensor
from tinygrad_rnn.ops import log_softmax, square


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    """‖output − target‖², summed over everything.

    Raises:
        ShapeError: the shapes differ.
    """
    _require_same_shape(output, target)
    return square(output - target).sum()


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """−Σ_i target_i ln softmax(logits)_i, summed over everything; stable for logits of any size.

    Args:
        logits: scores along the last axis, before the softmax.
        target: as many probabilities: a one-hot row for a class, or any soft target.

    Raises:
        ShapeError: the shapes differ.
    """
    _require_same_shape(logits, target)
    return -(target * log_softmax(logits)).sum()


def _require_same_shape(output: Tensor, target: Tensor) -> None:
    """Refuse what broadcasting would quietly make a loss between every output and every target."""
    if output.shape != target.shape:
        raise ShapeError(f"{target.describe()} cannot be the target of {output.describe()}: the shapes differ")
