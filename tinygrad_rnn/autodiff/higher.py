"""Jacobians, Hessians and products with them: one mode over the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.autodiff.reverse import differentiable_nodes, grad
from tinygrad_rnn.errors import OperandError, SettingError
from tinygrad_rnn.node import Array, Operand, Tensor, parameter, tensor
from tinygrad_rnn.ops import stack

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Mode = Literal["reverse", "forward"]


def jacobian(output: Tensor, input: Tensor, mode: Mode | None = None, create_graph: bool = False) -> Tensor:
    """All derivatives of every element of `output` with respect to every element of `input`.

    Args:
        output: the node to differentiate, of a floating dtype.
        input: a node of a floating dtype, inner nodes included.
        mode: "reverse" walks the graph once for each element of the output, "forward" once for each of the
            input; not given, the fewer walks.
        create_graph: build the derivatives as nodes, differentiable again.

    Returns:
        A Tensor of shape output.shape + input.shape, of the input's dtype.

    Raises:
        SettingError: an unknown mode.
        ReboundError: in forward mode or with `create_graph`, a leaf was given another value since.
        DTypeError: the output or the input is not of a floating dtype.

    >>> x = tg.parameter([1.0, 2.0])
    >>> tg.jacobian(x * x, x).data
    array([[2., 0.],
           [0., 4.]])
    """
    differentiable_nodes([output, input])
    if mode is None:
        mode = "reverse" if output.size <= input.size else "forward"
    if mode == "reverse":
        rows = [grad(output, [input], unit, create_graph)[0] for unit in _units(output)]
        return _joined(rows, output, input, 0)
    if mode == "forward":
        columns = [jvp(output, [input], [unit], create_graph) for unit in _units(input)]
        return _joined(columns, output, input, -1)
    raise SettingError(f'mode is "reverse", "forward" or None, not {mode!r}')


def _units(node: Tensor) -> Iterator[Array]:
    """For each element of a node, an array that is 1 there and 0 elsewhere."""
    for index in np.ndindex(node.shape):
        unit = np.zeros(node.shape, node.dtype)
        unit[index] = 1
        yield unit


def _joined(parts: Sequence[Tensor], output: Tensor, input: Tensor, axis: int) -> Tensor:
    """The rows or columns of a Jacobian as one, of the input's dtype; constant if all of them are leaves."""
    shape = output.shape + input.shape
    if all(part.op is None for part in parts):
        arrays = [part._data for part in parts]
        return tensor(np.stack(arrays, axis).reshape(shape) if arrays else np.zeros(shape), dtype=input.dtype)
    joined = stack(parts, axis).reshape(shape)
    return joined if joined.dtype == input.dtype else joined.astype(input.dtype)


def hessian(output: Tensor, input: Tensor, create_graph: bool = False) -> Tensor:
    """All second derivatives of `output` with respect to `input`: forward mode over the gradient's graph.

    Takes and raises what `jacobian` does, for an output of one element.

    Returns:
        A Tensor of shape input.shape + input.shape, of the input's dtype.

    >>> x = tg.parameter([1.0, 2.0])
    >>> tg.hessian((x * x * x).sum(), x).data
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    (slope,) = grad(output, differentiable_nodes([input]), create_graph=True)
    return jacobian(slope, input, "forward", create_graph)


@overload
def hvp(output: Tensor, inputs: Tensor, tangents: Operand, create_graph: bool = False) -> Tensor: ...
@overload
def hvp(
    output: Tensor, inputs: Sequence[Tensor], tangents: Iterable[Operand], create_graph: bool = False
) -> tuple[Tensor, ...]: ...
def hvp(output: Tensor, inputs: Any, tangents: Any, create_graph: bool = False) -> Any:
    """The Hessian of `output` times a direction, without the Hessian: forward mode over the gradient's graph.

    Args:
        output: the node to differentiate, of one element.
        inputs: a node of a floating dtype, or several, for the Hessian with respect to all of them together.
        tangents: an array or Tensor of the input's shape; for several inputs one each.
        create_graph: build the product as nodes, differentiable again, in the tangents too.

    Returns:
        A Tensor of the input's shape and dtype; for several inputs one each, in a tuple.

    Raises:
        What `grad` and `jvp` raise.

    >>> x = tg.parameter([1.0, 2.0])
    >>> tg.hvp((x * x * x).sum(), x, [1.0, 10.0]).data
    array([  6., 120.])
    """
    if isinstance(inputs, Tensor):
        return hvp(output, [inputs], [tangents], create_graph)[0]
    nodes = differentiable_nodes(inputs)
    return jvp(grad(output, nodes, create_graph=True), nodes, tangents, create_graph)


def value_and_grad(function: Callable[..., Tensor]) -> Callable[..., tuple[float, tuple[Array, ...]]]:
    """The function of arrays that gives a function's value, and its gradient with respect to each array.

    Args:
        function: from Tensors to a Tensor of one element.

    Returns:
        A function of as many arrays of floating dtypes, which returns a float and a tuple of arrays shaped like its
        arguments. It raises what `tg.parameter` and `tg.grad` raise.

    >>> tg.value_and_grad(lambda x, y: (x * y).sum())(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    (11.0, (array([3., 4.]), array([1., 2.])))
    """

    def with_gradient(*arrays: ArrayLike) -> tuple[float, tuple[Array, ...]]:
        inputs = [parameter(array) for array in arrays]
        output = function(*inputs)
        if not isinstance(output, Tensor):
            raise OperandError(f"expected a function that returns a Tensor, not a {type(output).__qualname__}")
        gradients = grad(output, inputs)
        return float(output.item()), tuple([np.array(gradient.data) for gradient in gradients])

    return with_gradient
