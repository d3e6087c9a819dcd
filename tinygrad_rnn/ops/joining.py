"""Arrays put together, and taken apart, along an axis that the function's name says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.node import Operand, Tensor
from tinygrad_rnn.ops.declaration import implements
from tinygrad_rnn.ops.shaping import as_tensor, as_tensors, concatenate, reshape, reshape_as, split


@implements(np.hstack)
def hstack(tup: Any) -> Tensor:
    """One after the other along the second axis, vectors along their only one."""
    parts = [reshape_as(np.atleast_1d, part) for part in as_tensors("hstack", tup)]
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1)


@implements(np.vstack)
def vstack(tup: Any) -> Tensor:
    """One below the other; a vector is a row."""
    return concatenate([reshape_as(np.atleast_2d, part) for part in as_tensors("vstack", tup)], 0)


@implements(np.dstack)
def dstack(tup: Any) -> Tensor:
    """One behind the other along the third axis."""
    return concatenate([reshape_as(np.atleast_3d, part) for part in as_tensors("dstack", tup)], 2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Tensor:
    """Side by side; a vector is a column."""
    return concatenate(
        [part if part.ndim > 1 else reshape(part, (-1, 1)) for part in as_tensors("column_stack", tup)], 1
    )


@implements(np.hsplit)
def hsplit(ary: Operand, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """In parts along the second axis, a vector along its only one."""
    ary = as_tensor("hsplit", ary)
    return split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@implements(np.vsplit)
def vsplit(ary: Operand, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """In parts along the first axis of two or more."""
    ary = as_tensor("vsplit", ary)
    return split(ary, indices_or_sections, 0 if ary.ndim > 1 else 1)


@implements(np.dsplit)
def dsplit(ary: Operand, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """In parts along the third axis."""
    return split(ary, indices_or_sections, 2)


@implements(np.append)
def append(arr: Operand, values: Operand, axis: int | None = None) -> Tensor:
    """One after the other along an axis, or flattened."""
    return concatenate([arr, values], axis)
