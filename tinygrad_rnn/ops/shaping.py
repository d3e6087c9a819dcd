"""Operations that move, repeat, pick and join elements, and the sums that undo them.

All but `where` are linear, and so their own jvp; what their rules state is the transpose.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tinygrad_rnn.errors import OperandError, TinygradRNNError
from tinygrad_rnn.node import Array, Operand, Shape, Tensor, apply, constant, explain, make
from tinygrad_rnn.ops.declaration import Each, declare, elementwise, implements, linear_in_all, undifferentiable

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from tinygrad_rnn.methods import Order


def as_tensor(name: str, operand: Operand) -> Tensor:
    """The operand itself if it is a Tensor, else the leaf that it becomes for the operation `name`."""
    return operand if isinstance(operand, Tensor) else constant(name, operand)


def as_tensors(name: str, operands: Any) -> list[Tensor]:
    """The same for each operand of an operation that takes them in a sequence.

    Raises:
        OperandError: there is no sequence.
    """
    if not isinstance(operands, Iterable):
        raise OperandError(f"{name} takes its operands in a sequence, such as a list, not {operands!r} alone")
    return [as_tensor(name, operand) for operand in operands]


@contextmanager
def explained(name: str, *inputs: Tensor) -> Iterator[None]:
    """Say of an error in numpy's own bookkeeping which operation and operands it met."""
    try:
        yield
    except TinygradRNNError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        raise explain(name, inputs, error) from error


# ---------------------------------------------------------------------- shape and order

_reshape = linear_in_all("reshape", lambda x, shape: x.reshape(shape), [lambda g, y, x, shape: g.reshape(x.shape)])


def _lengths(name: str, a: Operand, shape: Any) -> Shape:
    """The shape for a's elements, which may be given as the one length that it has."""
    try:
        return (operator.index(shape),)
    except TypeError as error:
        if isinstance(shape, Iterable):
            return tuple(shape)
        mistake = TypeError(f"a shape is a whole number, or several in a tuple; not {shape!r}")
        raise explain(name, [as_tensor(name, a)], mistake) from error


@implements(np.reshape)
def reshape(a: Operand, shape: SupportsIndex | Sequence[int], order: Order = "C") -> Tensor:
    """The same elements in the same order under another shape; one length may be −1.

    In the order "C" the last axis runs fastest, in "F" the first.
    """
    lengths = _lengths("reshape", a, shape)
    if order == "F":
        return transpose(reshape(transpose(a), lengths[::-1]))
    if order != "C":
        raise OperandError(f'reshape: the order is "C" or "F", not {order!r}')
    return apply(_reshape, (a,), {"shape": lengths})


@implements(np.ravel)
def ravel(a: Operand, order: Order = "C") -> Tensor:
    """All elements along one axis."""
    return reshape(a, -1, order)


def reshape_as(function: Callable[..., Array], a: Operand, *arguments: Any) -> Tensor:
    """The elements of a under the shape that a numpy function gives to an array like it."""
    a = as_tensor(function.__name__, a)
    with explained(function.__name__, a):
        return reshape(a, function(np.broadcast_to(False, a.shape), *arguments).shape)


@implements(np.squeeze)
def squeeze(a: Operand, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without its axes of length 1, or without those named by `axis`."""
    return reshape_as(np.squeeze, a, axis)


@implements(np.expand_dims)
def expand_dims(a: Operand, axis: int | Sequence[int]) -> Tensor:
    """With an axis of length 1 more at each place that `axis` names in the result."""
    return reshape_as(np.expand_dims, a, axis)


_transpose = linear_in_all(
    "transpose", lambda x, axes: x.transpose(axes),
    [lambda g, y, x, axes: g.transpose(None if axes is None else tuple(np.argsort(axes)))],
)  # fmt: skip


@implements(np.transpose)
def transpose(a: Operand, axes: Sequence[int] | None = None) -> Tensor:
    """With its axes in another order; reversed if no order is given."""
    a = as_tensor("transpose", a)
    if axes is not None:
        with explained("transpose", a):
            axes = normalize_axis_tuple(axes, a.ndim)
    return apply(_transpose, (a,), {"axes": axes})


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Operand) -> Tensor:
    """With its last two axes exchanged."""
    x = as_tensor("matrix_transpose", x)
    return transpose(x, (*range(x.ndim - 2), -1, -2))


# ---------------------------------------------------------------------- repeating, and adding back up


def _sum_to(x: Array, shape: Shape) -> Any:
    extra = x.ndim - len(shape)
    kept = x.shape[extra:]
    if kept != shape:
        if any(n not in (m, 1) for m, n in zip(kept, shape, strict=True)):
            raise ValueError(f"a gradient of shape {x.shape} does not fit an operand of shape {shape}")
        axes = tuple(extra + i for i, (m, n) in enumerate(zip(kept, shape, strict=True)) if m != n)
        x = np.add.reduce(x, axis=axes, keepdims=True)
    if x.size != math.prod(shape):
        x = np.add.reduce(x, axis=tuple(range(extra)))
    return x.reshape(shape)


_sum_to_shape = linear_in_all("sum_to", _sum_to, [lambda g, y, x, shape: g])

_broadcast_to = linear_in_all("broadcast_to", np.broadcast_to, [lambda g, y, x, shape: g])


@implements(np.broadcast_to)
def broadcast_to(array: Operand, shape: SupportsIndex | Sequence[int]) -> Tensor:
    """Repeated along new axes, and along axes of length 1, up to a shape."""
    return apply(_broadcast_to, (array,), {"shape": _lengths("broadcast_to", array, shape)})


_astype = linear_in_all("astype", lambda x, dtype: x.astype(dtype), [lambda g, y, x, dtype: g])
_astype_discrete = undifferentiable("astype_discrete", lambda x, dtype: x.astype(dtype))


@implements(np.astype)
def astype(x: Operand, dtype: DTypeLike) -> Tensor:
    """The same numbers in another real dtype; one that is not floating ends differentiation."""
    try:
        dtype = np.dtype(dtype)
    except TypeError as error:
        raise explain("astype", [as_tensor("astype", x)], error) from error
    if dtype.kind not in "biuf":
        constant("astype", np.empty(0, dtype))  # raises what any other operand of that dtype would
    return apply(_astype if dtype.kind == "f" else _astype_discrete, (x,), {"dtype": dtype})


def _is_repeated(shape: Shape, to: Shape) -> bool:
    """Whether an axis of length 1 is a longer one of the other shape."""
    return any(n == 1 != m for n, m in zip(shape[::-1], to[::-1], strict=False))


def fit(value: Any, shape: Shape, dtype: np.dtype[Any]) -> Any:
    """An array or Tensor of derivatives, made to have a node's own shape and dtype.

    It is summed over the axes that broadcasting had repeated, and repeated over those that a reduction
    had summed. This is the one place where that happens, for every operation and both modes.
    """
    if value.shape != shape:
        if value.ndim > len(shape) or (value.size != 1 and _is_repeated(shape, value.shape)):
            value = _sum_to_shape(value, shape=shape) if isinstance(value, Tensor) else _sum_to(value, shape)
        elif isinstance(value, Tensor):
            value = _broadcast_to(value, shape=shape)
        else:
            repeated = np.empty(shape, dtype)
            repeated[...] = value
            value = repeated
    return value if value.dtype == dtype else _astype(value, dtype=dtype)


# ---------------------------------------------------------------------- picking, and putting back


class AtIndex(NamedTuple):
    """A contribution to an adjoint that is zero but at an index: added in place, never spread out."""

    index: Any
    part: Any


_BASIC = frozenset({int, slice, type(...), type(None)})


def _is_basic(index: Any) -> bool:
    """Whether an index is made of integers, slices, `...` and None alone: it names no element twice."""
    return _BASIC.issuperset(map(type, index if type(index) is tuple else (index,)))


def add_at(total: Array, index: Any, part: Any) -> None:
    """total[index] += part, where an element that the index names twice gets both parts."""
    if _is_basic(index) or not _picks_by_number(index):
        total[index] += part
    else:
        np.add.at(total, index, part)


def _picks_by_number(index: Any) -> bool:
    """Whether there is an array of integers in an index."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(i, np.ndarray) and i.dtype.kind in "iu" for i in parts)


def assemble(contributions: Sequence[AtIndex], shape: Shape, dtype: np.dtype[Any]) -> Array:
    """The sum of contributions to an adjoint of that shape and dtype, in a new array."""
    if tiles := _tiles(contributions, shape):
        return np.concatenate(tiles, axis=-1)
    total = np.zeros(shape, dtype)
    for index, part in contributions:
        add_at(total, index, part)
    return total


def _tiles(contributions: Sequence[AtIndex], shape: Shape) -> list[Array]:
    """The contributions side by side, where they come from slices that tile the last axis, last first, as gates do."""
    tiles, end = [], 0
    for index, part in reversed(contributions):
        if not (type(index) is tuple and len(index) == 2 and index[0] is ... and type(index[1]) is slice):
            return []
        place, start, end = index[1], end, index[1].stop
        if place.start != start or place.step is not None or end is None or part.shape != (*shape[:-1], end - start):
            return []
        tiles.append(part)
    return tiles if end == shape[-1] else []


def _accumulate_value(*parts: Array, indices: Sequence[Any], shape: Shape) -> Any:
    if len(parts) == 1 and indices[0] is ...:
        return parts[0]
    return assemble(list(map(AtIndex, indices, parts)), shape, np.result_type(*parts))


accumulate = linear_in_all(
    "accumulate", _accumulate_value,
    Each(lambda operand, g, y, *parts, indices, shape: g if indices[operand] is ... else g[indices[operand]]),
)  # fmt: skip
"""The sum of contributions to an adjoint, each of them at its index; `...` is everywhere."""


_getitem = declare(
    "getitem", lambda x, index: x[index],
    [lambda g, y, x, index: AtIndex(index, g)],
    lambda tangents, y, x, index: tangents[0][index],
)  # fmt: skip


def getitem(x: Tensor, index: Any) -> Tensor:
    """x[index], with numpy's indices: integers, slices, `...`, None, and arrays of integers or truth values."""
    index = _plain_index(index)
    array = x._data
    try:
        value = array[index]
    except (IndexError, TypeError) as error:
        raise explain("getitem", (x,), error) from error
    return make(_getitem, (x,), (array,), value, {"index": index})


def _plain_index(index: Any) -> Any:
    """The index as numpy takes it, its arrays copied so that nobody changes them later."""
    if _is_basic(index):
        return index
    if isinstance(index, tuple):
        return tuple([_plain_index(i) for i in index])
    if isinstance(index, Tensor):
        return index._data
    if isinstance(index, list):
        return np.array(index, None if index else np.intp)
    return np.array(index) if isinstance(index, np.ndarray) else index


def _split(function: Callable[..., list[Array]], ary: Operand, indices_or_sections: Any, axis: int) -> list[Tensor]:
    """The parts that a numpy function makes of an array."""
    ary = as_tensor(function.__name__, ary)
    with explained(function.__name__, ary):
        axis = normalize_axis_index(axis, ary.ndim)
        if np.ndim(indices_or_sections) == 0 and indices_or_sections == 0:
            raise ValueError("there is at least one part, not 0")
        parts = function(np.arange(ary.shape[axis]), indices_or_sections)
    starts = [int(part[0]) if len(part) else 0 for part in parts]
    return [
        getitem(ary, along(axis, slice(start, start + len(part)))) for start, part in zip(starts, parts, strict=True)
    ]


@implements(np.split)
def split(ary: Operand, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """In parts along an axis: so many equal ones, or cut at the given indices."""
    return _split(np.split, ary, indices_or_sections, axis)


@implements(np.array_split)
def array_split(ary: Operand, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """In parts along an axis as `split`, where so many need not be equal: the first are longer by one."""
    return _split(np.array_split, ary, indices_or_sections, axis)


def along(axis: int, index: int | slice | Array) -> tuple[Any, ...]:
    """The index that picks `index` along one axis, and everything along those before it."""
    return (*[slice(None)] * axis, index)


_where = elementwise(
    "where", np.where,
    None,
    lambda g, y, condition, a, b: np.where(condition, g, 0),
    lambda g, y, condition, a, b: np.where(condition, 0, g),
    doc="Elements of one operand where the condition holds, else of another.",
)  # fmt: skip


@implements(np.where)
def where(condition: Operand, x: Operand, y: Operand) -> Tensor:
    """Elements of x where the condition holds, else of y."""
    condition = as_tensor("where", condition)
    return _where(condition if condition.dtype == bool else astype(condition, bool), x, y)


# ---------------------------------------------------------------------- joining

_concatenate = linear_in_all(
    "concatenate", lambda *xs, axis, starts: np.concatenate(xs, axis),
    Each(lambda k, g, y, *xs, axis, starts: g[along(axis, slice(starts[k], starts[k] + xs[k].shape[axis]))]),
)  # fmt: skip


@implements(np.concatenate)
def concatenate(arrays: Iterable[Operand], axis: int | None = 0) -> Tensor:
    """One after the other along an axis that they have, or flattened if `axis` is None."""
    parts = as_tensors("concatenate", arrays)
    if axis is None:
        parts, axis = [ravel(part) for part in parts], 0
    try:
        axis = normalize_axis_index(axis, parts[0].ndim if parts else 1)
        lengths = [part.shape[axis] for part in parts]
    except (ValueError, IndexError, TypeError) as error:
        raise explain("concatenate", parts, error) from error
    starts = tuple(itertools.accumulate(lengths[:-1], initial=0))
    return apply(_concatenate, parts, {"axis": axis, "starts": starts})


_stack = linear_in_all(
    "stack", lambda *xs, axis: np.stack(xs, axis),
    Each(lambda k, g, y, *xs, axis: g[along(axis, k)]),
)  # fmt: skip


@implements(np.stack)
def stack(arrays: Iterable[Operand], axis: int = 0) -> Tensor:
    """Side by side along a new axis."""
    parts = as_tensors("stack", arrays)
    try:
        axis = normalize_axis_index(axis, parts[0].ndim + 1 if parts else 1)
    except (ValueError, TypeError) as error:
        raise explain("stack", parts, error) from error
    return apply(_stack, parts, {"axis": axis})
