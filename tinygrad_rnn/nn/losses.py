"""What one time step's output costs, as nodes."""

from __future__ import annotations

from tinygrad_rnn.node import Tensor
from tinygrad_rnn.ops import log_softmax, square


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    """‖output − target‖², summed over everything."""
    return square(output - target).sum()


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """−Σ_i target_i ln softmax(logits)_i, summed over everything; stable for logits of any size.

    Args:
        logits: scores along the last axis, before the softmax.
        target: as many probabilities: a one-hot row for a class, or any soft target.
    """
    return -(target * log_softmax(logits)).sum()
