"""How operations reach people: Python's operators, numpy's own functions, and the methods of a Tensor."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn.errors import AssignmentError, OperandError, TinygradRNNError
from tinygrad_rnn.node import Tensor, explain
from tinygrad_rnn.ops import (
    arithmetic,
    arranging,
    cumulative,
    diagonals,
    elementary,
    linear_algebra,
    reductions,
    shaping,
    sorting,
    statistics,
)
from tinygrad_rnn.ops.declaration import NUMPY

if TYPE_CHECKING:
    from tinygrad_rnn.methods import Order

PLAIN: frozenset[Callable[..., Any]] = frozenset({
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.all, np.any,
    np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit, np.iscomplexobj, np.isrealobj,
    np.isclose, np.allclose, np.array_equal, np.array_equiv,
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.searchsorted,
    np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero,
    np.shape, np.ndim, np.size, np.result_type, np.zeros_like, np.ones_like, np.empty_like,
    np.array_repr, np.array_str, np.array2string,
    np.linalg.matrix_rank,
})  # fmt: skip
"""numpy functions that have no derivative: given Tensors, they look at the values and answer plainly."""

METHODS = {
    arranging: "clip repeat swapaxes take",
    cumulative: "cumprod cumsum prod",
    diagonals: "diagonal trace",
    elementary: "abs copy cos exp log relu round sigmoid sin softplus sqrt square tanh",
    linear_algebra: "dot",
    reductions: "log_softmax logsumexp max mean min softmax sum",
    shaping: "astype ravel squeeze",
    sorting: "sort",
    statistics: "std var",
}
"""The functions that are methods too, by family."""

PLAIN_METHODS = "all any argmax argmin argpartition argsort nonzero searchsorted tolist"
"""numpy's methods that have no derivative and answer plainly."""


def _plain(argument: Any) -> Any:
    """The value of a Tensor, also inside a sequence."""
    if isinstance(argument, list | tuple):
        return type(argument)(map(_plain, argument))
    return argument.data if isinstance(argument, Tensor) else argument


def _call(numpy_function: Callable[..., Any], arguments: Any, keywords: dict[str, Any]) -> Any:
    """What a numpy function does when one of its arguments is a Tensor."""
    if keywords.pop("out", None) is not None:
        raise AssignmentError(
            f"{_name(numpy_function)} cannot write a Tensor into an array (out=, or `array += tensor`); "
            "write `array = array + tensor` to make a new Tensor"
        )
    if numpy_function in PLAIN:
        return numpy_function(*map(_plain, arguments), **{name: _plain(value) for name, value in keywords.items()})
    function = NUMPY.get(numpy_function)
    if function is None:
        raise OperandError(
            f"{_name(numpy_function)} has no rule for Tensors; for its value alone, without a gradient, give it .data"
        )
    try:
        return function(*arguments, **keywords)
    except TypeError as error:
        if isinstance(error, TinygradRNNError):
            raise
        raise OperandError(f"{_name(numpy_function)} of a Tensor: {error}") from error


def _name(numpy_function: Callable[..., Any]) -> str:
    """A numpy function as people call it, numpy.linalg.norm for one."""
    return f"{getattr(numpy_function, '__module__', None) or 'numpy'}.{numpy_function.__name__}"


def _array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
    if method != "__call__":
        raise OperandError(f"numpy.{ufunc.__name__}.{method} has no rule for Tensors")
    return _call(ufunc, inputs, keywords)


def _array_function(self: Tensor, function: Callable[..., Any], types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    return _call(function, args, kwargs)


def _comparison(name: str, compare: Callable[[Any, Any], Any]) -> Callable[[Tensor, Any], Any]:
    def comparison(self: Tensor, other: Any) -> Any:
        try:
            return compare(self.data, _plain(other))
        except (ValueError, TypeError) as error:
            raise explain(name, [x for x in (self, other) if isinstance(x, Tensor)], error) from error

    return comparison


def _plain_method(name: str) -> Callable[..., Any]:
    def method(self: Tensor, *arguments: Any, **keywords: Any) -> Any:
        return getattr(self.data, name)(*map(_plain, arguments), **keywords)

    return method


def _reflected(function: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda self, other: function(other, self)


def _reshape(self: Tensor, *shape: Any, order: Order = "C") -> Tensor:
    return shaping.reshape(self, shape[0] if len(shape) == 1 else shape, order)


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    return shaping.transpose(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None)


def attach() -> None:
    """Give Tensor its operators, numpy's protocols and its methods, as declared in `Methods`."""
    attributes: dict[str, Any] = {
        "__array_ufunc__": _array_ufunc,
        "__array_function__": _array_function,
        "__neg__": elementary.negative,
        "__pos__": lambda self: self,
        "__abs__": elementary.abs,
        "__getitem__": shaping.getitem,
        "T": property(shaping.transpose),
        "mT": property(shaping.matrix_transpose),
        "reshape": _reshape,
        "transpose": _transpose,
        "flatten": shaping.ravel,
    }
    for name, function in {
        "add": arithmetic.add, "sub": arithmetic.subtract, "mul": arithmetic.multiply,
        "truediv": arithmetic.divide, "floordiv": arithmetic.floor_divide, "mod": arithmetic.remainder,
        "pow": arithmetic.power, "matmul": linear_algebra.matmul,
    }.items():  # fmt: skip
        attributes[f"__{name}__"], attributes[f"__r{name}__"] = function, _reflected(function)
    for name, numpys in {
        "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    }.items():  # fmt: skip
        attributes[f"__{name}__"] = _comparison(numpys, getattr(operator, name))
    for family, names in METHODS.items():
        attributes |= {name: getattr(family, name) for name in names.split()}
    attributes |= {name: _plain_method(name) for name in PLAIN_METHODS.split()}
    for name, attribute in attributes.items():
        setattr(Tensor, name, attribute)
