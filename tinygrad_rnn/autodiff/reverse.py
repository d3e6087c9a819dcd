"""Reverse mode: backprop, one node at a time, from an output back to what it was made from.

On the graph of an unrolled recurrent network this is backpropagation through time; nothing here knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import DTypeError, GraphError, OperandError, ReboundError, ShapeError
from tinygrad_rnn.graph.order import dependents, topological_order
from tinygrad_rnn.node import Array, Operand, Tensor, from_origin, tensor
from tinygrad_rnn.ops.shaping import AtIndex, accumulate, add_at, fit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Reached = tuple[Tensor, Any, list[Any]]
"""A node that backprop has reached, its adjoint, and what each of its inputs receives."""


def backpropagate(order: Sequence[Tensor], needed: set[Tensor], adjoints: dict[Tensor, Any]) -> Iterator[Reached]:
    """Backprop itself: each node, last first, hands on what its adjoint means for its inputs.

    When a node's turn comes all its consumers have had theirs, so its adjoint is complete. Until then
    contributions are summed in the shape that the rules give them; the sum is then made to fit the node, once.

    Args:
        order: nodes in topological order.
        needed: those that need an adjoint, because it is wanted or leads to one that is.
        adjoints: the outputs' adjoints; the table that this call fills and empties.
    """
    owned: set[Tensor] = set()  # nodes whose array in the table nobody else holds
    for node in reversed(order):
        adjoint = adjoints.pop(node, None)
        if adjoint is None:
            continue
        y = node._data
        if adjoint.shape != y.shape or adjoint.dtype is not y.dtype:
            adjoint = fit(adjoint, y.shape, y.dtype)
        received: list[Any] = []
        if node.op is not None:
            rules, xs, attributes = node.op.vjps, node._arrays, node.attributes
            for operand, source in enumerate(node.inputs):
                if source not in needed or (rule := rules[operand]) is None:
                    received.append(None)
                    continue
                contribution = rule(adjoint, y, *xs, **attributes)
                _add(contribution, source, adjoints, owned)
                received.append(contribution)
        yield node, adjoint, received


def _add(contribution: Any, source: Tensor, adjoints: dict[Tensor, Any], owned: set[Tensor]) -> None:
    """Add what a node receives to its adjoint so far: in place where the array is `owned`, so nobody else's."""
    total: Any = adjoints.get(source)
    if type(contribution) is AtIndex or (total is not None and total.shape != contribution.shape):
        if source not in owned or total.shape != source.shape or total.ndim == 0:  # without axes: perhaps a scalar
            adjoints[source] = total = _own(total, source)
            owned.add(source)
        add_at(total, *_placed(contribution, source))
    elif total is None:
        adjoints[source] = contribution
    elif source in owned:
        adjoints[source] += contribution
    else:
        adjoints[source] = total + contribution
        owned.add(source)


def _own(total: Any, node: Tensor) -> Array:
    """The sum so far in an array of the node's own shape, which nobody else holds."""
    return np.zeros(node.shape, node.dtype) if total is None else np.array(fit(total, node.shape, node.dtype))


def _placed(contribution: Any, node: Tensor) -> AtIndex:
    """A contribution of any kind, as what it adds to an array of the node's own shape, and where."""
    return contribution if type(contribution) is AtIndex else AtIndex(..., fit(contribution, node.shape, node.dtype))


def backpropagate_nodes(
    order: Sequence[Tensor], needed: set[Tensor], adjoints: dict[Tensor, list[AtIndex]]
) -> Iterator[Reached]:
    """Backprop as `backpropagate` does it, with nodes for numbers: the rules build the backward pass as a graph.

    A node's adjoint is one `accumulate` node over its contributions, even over a single one, so that all
    steps of an unrolled network get backward passes of one shape.
    """
    for node in reversed(order):
        if node not in adjoints:
            continue
        indices, parts = zip(*adjoints.pop(node), strict=True)
        with from_origin(node, None):
            adjoint = accumulate(*parts, indices=indices, shape=node.shape)
        received: list[Any] = []
        if node.op is not None:
            for operand, source in enumerate(node.inputs):
                if source not in needed or (rule := node.op.vjps[operand]) is None:
                    received.append(None)
                    continue
                with from_origin(node, operand):
                    contribution = _placed(rule(adjoint, node, *node.inputs, **node.attributes), source)
                adjoints.setdefault(source, []).append(contribution)
                received.append(contribution)
        yield node, adjoint, received


# ---------------------------------------------------------------------- what people call


class Event(NamedTuple):
    """One node reached by backprop.

    Attributes:
        node: the node.
        adjoint: the derivative of the output with respect to it: a read-only array of the node's shape.
        contributions: for each of the node's inputs, the read-only array of the input's shape that it
            receives from this node; None where no gradient is asked for.
    """

    node: Tensor
    adjoint: Array
    contributions: tuple[Array | None, ...]


def backward(output: Tensor, gradient: ArrayLike | None = None) -> None:
    """Backprop from `output`: add to the `grad` of each parameter that it depends on, and to nothing else.

    Args:
        output: the node to differentiate, of one element unless `gradient` is given.
        gradient: the adjoint of the output, of its shape; 1 if not given.

    Raises:
        GraphError: the output depends on no parameter, or has many elements and no gradient is given.
        ShapeError: the gradient's shape is not the output's.
        DTypeError: the output is not of a floating dtype.
    """
    reached = _from_parameters(output, gradient)
    for leaf, adjoint in [(node, adjoint) for node, adjoint, _ in reached if node.op is None]:
        if leaf.grad is None:
            leaf.grad = np.array(adjoint)
        else:
            leaf.grad += adjoint


def trace_backward(output: Tensor, gradient: ArrayLike | None = None) -> Iterator[Event]:
    """Watch what `backward` does, one node at a time, in the order in which it happens; no `grad` changes.

    Takes and raises what `backward` does.

    >>> a = tg.parameter(3.0, label="a")
    >>> for event in tg.trace_backward(a * a):
    ...     print(event.node.describe(), event.adjoint, event.contributions)
    multiply () 1.0 (array(3.), array(3.))
    parameter 'a' () 6.0 ()
    """
    return map(_event, _from_parameters(output, gradient))


def _event(reached: Reached) -> Event:
    node, adjoint, received = reached
    contributions: list[Array | None] = []
    for source, contribution in zip(node.inputs, received, strict=True) if received else ():
        if contribution is not None:
            spread = _own(None, source)
            add_at(spread, *_placed(contribution, source))
            contribution = _read_only(spread)
        contributions.append(contribution)
    return Event(node, _read_only(adjoint), tuple(contributions))


def _read_only(value: Any) -> Array:
    """An array that backprop may still be using, for others to look at."""
    array = np.asarray(value)
    array.setflags(write=False)
    return array


def grad(
    output: Tensor,
    inputs: Iterable[Tensor],
    gradient: Operand | None = None,
    create_graph: bool = False,
) -> tuple[Tensor, ...]:
    """The derivatives of `output` with respect to `inputs`: parameters, constants or inner nodes.

    Args:
        output: the node to differentiate, of one element unless `gradient` is given.
        inputs: nodes of a floating dtype.
        gradient: the adjoint of the output, of its shape; 1 if not given.
        create_graph: build the derivatives as nodes, which can be differentiated again and drawn.

    Returns:
        For each input a Tensor of its shape and dtype; zeros where the output does not depend on it.

    Raises:
        GraphError: the output has many elements and no gradient is given.
        ReboundError: with `create_graph`, a leaf was given another value since the graph was built.
        ShapeError: the gradient's shape is not the output's.
        DTypeError: the output or an input is not of a floating dtype.
        OperandError: the inputs are not a sequence of Tensors.

    >>> x = tg.parameter(3.0)
    >>> (slope,) = tg.grad(x * x * x, [x], create_graph=True)
    >>> (curvature,) = tg.grad(slope, [x])
    >>> slope.item(), curvature.item()
    (27.0, 18.0)
    """
    inputs = differentiable_nodes(inputs)
    require_floating(output)
    seed = _seed(output, gradient)
    order, needed = between(inputs, output)
    if create_graph:
        require_current(order)
        reached = backpropagate_nodes(order, needed, {output: [AtIndex(..., seed)]})
    else:
        reached = backpropagate(order, needed, {output: seed._data})
    wanted = set(inputs)
    found = {node: adjoint for node, adjoint, _ in reached if node in wanted}
    zeros = (np.zeros(node.shape, node.dtype) for node in inputs)
    results = [found.get(node, zero) for node, zero in zip(inputs, zeros, strict=True)]
    return tuple([result if isinstance(result, Tensor) else tensor(result) for result in results])


# ---------------------------------------------------------------------- what they need


def _from_parameters(output: Tensor, gradient: ArrayLike | None) -> Iterator[Reached]:
    require_floating(output)
    if not output.requires_grad:
        raise GraphError(
            f"{output.describe()} depends on no parameter, so that there is nothing to differentiate it by; "
            "make a leaf with tg.parameter, build the graph outside tg.no_grad, or ask tg.grad for given inputs"
        )
    seed = _seed(output, gradient)._data
    order = topological_order([output], differentiable=True)
    return backpropagate(order, set(order), {output: seed})


def _seed(output: Tensor, gradient: Operand | None) -> Tensor:
    """The adjoint of the output."""
    if gradient is None:
        if output.size != 1:
            raise GraphError(
                f"{output.describe()} has {output.size} elements; reduce it to one, as with .sum(), "
                f"or give its adjoint, as in backward(gradient) with a gradient of shape {output.shape}"
            )
        return tensor(np.ones(output.shape, output.dtype))
    seed = gradient if isinstance(gradient, Tensor) else tensor(gradient)
    if seed.shape != output.shape:
        raise ShapeError(f"a gradient of shape {seed.shape} cannot be the adjoint of {output.describe()}")
    return seed if seed.dtype == output.dtype else seed.astype(output.dtype)


def between(inputs: Sequence[Tensor], output: Tensor) -> tuple[list[Tensor], set[Tensor]]:
    """The nodes on differentiable ways from the inputs to the output, in topological order and as a set."""
    ancestors = topological_order([output], differentiable=all(node.requires_grad for node in inputs))
    needed = dependents([node for node in ancestors if node.op is None or node.op.differentiable], inputs)
    return [node for node in ancestors if node in needed], needed


def differentiable_nodes(inputs: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """The inputs to differentiate by; raise an error where they are not a sequence of floating Tensors."""
    if isinstance(inputs, Tensor):
        raise OperandError(f"expected a sequence of inputs, such as [x], not {inputs.describe()} alone")
    nodes = tuple(inputs)
    for node in nodes:
        if not isinstance(node, Tensor):
            raise OperandError(f"derivatives are with respect to Tensors, not to a {type(node).__qualname__}")
        require_floating(node)
    return nodes


def require_floating(node: Tensor) -> None:
    """Raise a DTypeError where no derivative exists."""
    if node.dtype.kind != "f":
        raise DTypeError(f"{node.describe()} is {node.dtype}, which cannot be differentiated; use a floating dtype")


def require_current(order: Iterable[Tensor]) -> None:
    """Raise a ReboundError if a leaf no longer holds what these nodes were computed from."""
    for node in order:
        for source, array in zip(node.inputs, node._arrays, strict=True):
            if source._data is not array:
                raise ReboundError(
                    f"{source.describe()} was given another value after {node.describe()} was computed from it; "
                    "derivatives that are nodes themselves need the leaf as it was: build the graph again"
                )
