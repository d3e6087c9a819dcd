"""Forward mode: tangents carried along the graph, from the inputs to an output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np

from tinygrad_rnn.autodiff.anomaly import inspect_tangent, is_detecting
from tinygrad_rnn.autodiff.reverse import between, differentiable_nodes
from tinygrad_rnn.autodiff.segments import require_current, walk_forward
from tinygrad_rnn.errors import GraphError, ShapeError
from tinygrad_rnn.node import Operand, Tensor, tensor
from tinygrad_rnn.ops.shaping import fit


@overload
def jvp(
    output: Tensor, inputs: Iterable[Tensor], tangents: Iterable[Operand], create_graph: bool = False
) -> Tensor: ...
@overload
def jvp(
    output: Sequence[Tensor], inputs: Iterable[Tensor], tangents: Iterable[Operand], create_graph: bool = False
) -> tuple[Tensor, ...]: ...
def jvp(
    output: Tensor | Sequence[Tensor],
    inputs: Iterable[Tensor],
    tangents: Iterable[Operand],
    create_graph: bool = False,
) -> Tensor | tuple[Tensor, ...]:
    """The derivative of `output` along a direction: its change when each input moves by its tangent.

    One walk over the graph that is there, from the inputs to the output, with a tangent for each node. It
    is the transpose of `grad`: an inner node among the inputs moves by its tangent besides what the other
    inputs do to it, and tangents of an input that is given twice add up.

    Args:
        output: the node to differentiate, or several.
        inputs: nodes of a floating dtype.
        tangents: for each input an array or Tensor of its shape.
        create_graph: build the derivative as nodes, differentiable again, in the tangents too.

    Returns:
        A Tensor of the output's shape and dtype; zeros where it depends on none of the inputs. For several
        outputs one each, in a tuple.

    Raises:
        GraphError: not as many tangents as inputs.
        ShapeError: a tangent's shape is not its input's.
        ReboundError: a leaf was given another value since the graph was built.
        DTypeError: an input is not of a floating dtype.
        OperandError: the inputs are not a sequence of Tensors.

    >>> x = tg.parameter([1.0, 2.0])
    >>> tg.jvp(x * x, [x], [[1.0, 0.0]]).data
    array([2., 0.])
    """
    nodes, directions = differentiable_nodes(inputs), tuple(tangents)
    if len(nodes) != len(directions):
        raise GraphError(f"jvp needs a tangent for each input; got {len(nodes)} inputs, {len(directions)} tangents")
    carried: dict[Tensor, Any] = {}

    def carry(node: Tensor, tangent: Any) -> None:
        tangent = fit(tangent, node.shape, node.dtype)
        carried[node] = carried[node] + tangent if node in carried else tangent

    for node, tangent in zip(nodes, directions, strict=True):
        tangent = tangent if isinstance(tangent, Tensor) else tensor(tangent)
        if tangent.shape != node.shape:
            raise ShapeError(f"a tangent of shape {tangent.shape} does not fit {node.describe()}")
        carry(node, tangent if create_graph else tangent._data)
    outputs = (output,) if isinstance(output, Tensor) else differentiable_nodes(output)
    order, _ = between(nodes, outputs)
    require_current(order)
    detecting = is_detecting()
    for node in walk_forward(order, carried, carry):
        moving = [carried.get(source) for source in node.inputs]
        if node.op is None or all(tangent is None for tangent in moving):
            continue
        y, xs = (node, node.inputs) if create_graph else (node._data, node._arrays)
        change = node.op.jvp(moving, y, *xs, **node.attributes)
        if change is not None:
            if detecting:
                inspect_tangent(node, change)
            carry(node, change)
    results = tuple([_as_node(carried.get(node), node) for node in outputs])
    return results[0] if isinstance(output, Tensor) else results


def _as_node(tangent: Any, node: Tensor) -> Tensor:
    """A node's tangent as a Tensor; zeros if it has none."""
    if isinstance(tangent, Tensor):
        return tangent
    return tensor(np.zeros(node.shape, node.dtype) if tangent is None else tangent)
