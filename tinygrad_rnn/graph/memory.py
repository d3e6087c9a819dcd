"""Arrays as text: the memory that they view, byte for byte, and how they view it.

The last bit of a sum or product can depend on how an array lies in memory, and many arrays of a graph are
views of one. So what is written is each piece of memory, once, and each array's view of it.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from tinygrad_rnn.graph.attributes import read_dtype
from tinygrad_rnn.node import Array


class Memory:
    """Arrays to be written, each as its number in `views`.

    Attributes:
        buffers: pieces of memory: {"dtype": "<f8", "data": base64 of the bytes}.
        views: arrays: {"buffer": number, "shape": lengths}, with "strides" and "offset", both in bytes, where
            the elements do not simply follow one another, and "scalar": true for numpy's scalars.
    """

    def __init__(self) -> None:
        self.buffers: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self._known: dict[int, tuple[Array, int]] = {}  # by id, beside the object, which so keeps its id
        self._known_buffers: dict[int, tuple[Array, int]] = {}

    def number(self, array: Array) -> int:
        """The number of an array's view, which is written on first sight."""
        if id(array) not in self._known:
            self._known[id(array)] = array, len(self.views)
            self.views.append(self._view(array))
        return self._known[id(array)][1]

    def _view(self, array: Array) -> dict[str, Any]:
        if isinstance(array, np.generic):
            return {"buffer": self._buffer(np.asarray(array)), "shape": [], "scalar": True}
        owner = _owner(array)
        if owner is None:
            owner = array = np.array(array)
        view = {"buffer": self._buffer(owner), "shape": list(array.shape)}
        if (offset := _address(array) - _address(owner)) != 0:
            view["offset"] = offset
        if not array.flags.c_contiguous:
            view["strides"] = list(array.strides)
        return view

    def _buffer(self, owner: Array) -> int:
        if id(owner) not in self._known_buffers:
            self._known_buffers[id(owner)] = owner, len(self.buffers)
            data = base64.b64encode(owner.ravel(order="K").tobytes()).decode("ascii")
            self.buffers.append({"dtype": owner.dtype.str, "data": data})
        return self._known_buffers[id(owner)][1]


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _owner(array: Array) -> Array | None:
    """The array whose memory this one views, perhaps its own; None where that memory has gaps."""
    base = array.base
    if isinstance(base, np.ndarray) and base.dtype == array.dtype and array.size and _is_dense(base):
        return base
    return array if _is_dense(array) else None


def _is_dense(array: Array) -> bool:
    """Whether the elements fill one piece of memory, in whatever order of axes."""
    return array.size == 0 or byte_bounds(array) == (_address(array), _address(array) + array.nbytes)


# ---------------------------------------------------------------------- reading


def read_buffer(dtype: str, data: str) -> Array:
    """A piece of memory as a flat, read-only array.

    Raises:
        ValueError: no real dtype, no base64, not a whole number of elements, or no truth values.
    """
    array = np.frombuffer(bytearray(base64.b64decode(data, validate=True)), read_dtype(dtype))
    if array.dtype == bool and array.view(np.uint8).max(initial=0) > 1:
        raise ValueError("a truth value is neither 0 nor 1")
    array.setflags(write=False)
    return array


def read_view(
    buffer: Array, shape: tuple[int, ...], offset: int, strides: tuple[int, ...] | None, scalar: bool
) -> Array:
    """An array that views a piece of memory, as it did when it was written; no memory is taken.

    Raises:
        ValueError: it would reach outside the piece, or is no array.
    """
    if strides is not None and len(strides) != len(shape):
        raise ValueError(f"{len(shape)} axes have not {len(strides)} strides")
    steps = _row_by_row(shape, buffer.itemsize) if strides is None else strides
    spans = [(n - 1) * stride for n, stride in zip(shape, steps, strict=True)]
    start = offset + sum(span for span in spans if span < 0)
    end = offset + sum(span for span in spans if span > 0) + buffer.itemsize
    if 0 not in shape and not 0 <= start <= end <= buffer.nbytes:
        raise ValueError(f"an array from byte {start} to {end} of {buffer.nbytes}")
    array: Array = np.ndarray(shape, buffer.dtype, buffer, 0 if 0 in shape else offset, strides)
    if not scalar:
        return array
    if shape:
        raise ValueError(f"a scalar has no axes, and so not the shape {shape}")
    value: Array = array[()]
    return value


def _row_by_row(shape: tuple[int, ...], itemsize: int) -> list[int]:
    """The strides of elements that follow one another."""
    return [math.prod(shape[axis + 1 :]) * itemsize for axis in range(len(shape))]
