"""What outputs cost, as nodes: one step's, or those of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.sequences import one_hot_rows
from tinygrad_rnn.node import Array, Operand, Tensor, tensor
from tinygrad_rnn.ops import log_softmax, softplus, square, where

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def squared_error(output: Tensor, target: Operand, mask: ArrayLike | None = None) -> Tensor:
    """‖output − target‖², summed over everything.

    Args:
        output: of any shape.
        target: of the same shape.
        mask: truth values of the shape without its last axis; where false, nothing is counted, whatever the
            target, NaN included.

    Raises:
        ShapeError: the shapes differ.

    >>> tg.nn.squared_error(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 2)), mask=[True, False]).item()
    5.0
    """
    counted = _truth(mask, output)
    target = _fitting(output, target, counted)
    return _only(counted, square(output - target)).sum()


def cross_entropy(logits: Tensor, target: Operand, mask: ArrayLike | None = None) -> Tensor:
    """−Σ_i target_i ln softmax(logits)_i, summed over everything; stable for logits of any size.

    Args:
        logits: scores along the last axis, before the softmax.
        target: as many probabilities: a one-hot row for a class, or any soft target. Or integer classes, of the
            logits' shape without its last axis.
        mask: truth values of the shape without its last axis; where false, nothing is counted, whatever the
            target, NaN included.

    Raises:
        ShapeError: the shapes differ.
        SettingError: a class that is counted is below 0, or not below the number of logits.

    >>> logits = tg.tensor([[0.0, 0.0], [5.0, -5.0]])
    >>> tg.nn.cross_entropy(logits, [1, -1], mask=[True, False]).item()
    0.6931471805599453
    """
    counted = _truth(mask, logits)
    target = _fitting(logits, _probabilities(logits, target, counted), counted)
    return -_only(counted, target * log_softmax(logits)).sum()


def binary_cross_entropy_with_logits(logits: Tensor, target: Operand, mask: ArrayLike | None = None) -> Tensor:
    """−Σ target ln σ(logits) + (1 − target) ln(1 − σ(logits)), summed over everything; stable for logits of any size.

    Args:
        logits: scores of any shape, before the logistic function.
        target: probabilities of the same shape.
        mask: truth values of the shape without its last axis; where false, nothing is counted, whatever the
            target, NaN included.

    Raises:
        ShapeError: the shapes differ.

    >>> tg.nn.binary_cross_entropy_with_logits(tg.tensor([-1000.0, 1000.0]), [1.0, 1.0]).item()
    1000.0
    """
    counted = _truth(mask, logits)
    target = _fitting(logits, target, counted)
    return _only(counted, target * softplus(-logits) + (1 - target) * softplus(logits)).sum()


def _truth(mask: ArrayLike | None, output: Tensor) -> Array | None:
    """The mask as truth values of the output's shape without its last axis."""
    if mask is None:
        return None
    counted = np.asarray(mask, bool)
    if counted.shape != output.shape[:-1]:
        raise ShapeError(f"expected a mask of shape {output.shape[:-1]}, got {counted.shape}")
    return counted


def _probabilities(logits: Tensor, target: Operand, counted: Array | None) -> Operand:
    """Integer classes as one-hot rows, any other target as it is."""
    classes = target.data if isinstance(target, Tensor) else np.asarray(target)
    if logits.ndim == 0 or classes.dtype.kind not in "iu" or classes.shape != logits.shape[:-1]:
        return target
    if counted is not None:
        classes = np.where(counted, classes, 0)
    return one_hot_rows(classes, logits.shape[-1])


def _fitting(output: Tensor, target: Operand, counted: Array | None) -> Tensor:
    """The target as a node, without what is not counted, which may be NaN and would make the gradient so.

    Refuses a target that broadcasting would quietly compare with every output.
    """
    if not isinstance(target, Tensor):
        target = tensor(target, dtype=output.dtype)
    if output.shape != target.shape:
        raise ShapeError(f"{target.describe()} cannot be the target of {output.describe()}: the shapes differ")
    return _only(counted, target)


def _only(counted: Array | None, values: Tensor) -> Tensor:
    """The values where they are counted, else zero."""
    return values if counted is None else where(counted[..., None], values, 0)
