"""Reverse mode: backprop, one node at a time, from an output back to what it was made from.

On the graph of an unrolled recurrent network this is backpropagation through time; nothing here knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_rnn.autodiff.anomaly import inspected
from tinygrad_rnn.autodiff.segments import Edges, require_current, walk_back
from tinygrad_rnn.errors import DTypeError, GraphError, OperandError, ShapeError
from tinygrad_rnn.graph import Edge
from tinygrad_rnn.graph.order import dependents, topological_order
from tinygrad_rnn.node import Array, Operand, Operation, Tensor, explain, from_origin, read_only, tensor
from tinygrad_rnn.ops.shaping import AtIndex, accumulate, add_at, assemble, fit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Reached = tuple[Tensor, Any, list[Any]]
"""A node that backprop has reached, its adjoint, and what each of its inputs receives."""


def backpropagate(
    nodes: Iterable[Tensor], needed: set[Tensor], adjoints: dict[Tensor, Any], cut: Edges
) -> Iterator[Reached]:
    """Backprop itself: each node, last first, hands on what its adjoint means for its inputs.

    When a node's turn comes all its consumers have had theirs, so its adjoint is complete. Until then
    contributions are summed in the shape that the rules give them; the sum is then made to fit the node, once.

    Args:
        nodes: in topological order, last first.
        needed: those that need an adjoint, because it is wanted or leads to one that is.
        adjoints: the outputs' adjoints; the table that this call fills and empties.
        cut: pairs (node, operand) over which nothing is handed on.
    """
    owned: set[Tensor] = set()  # nodes whose array in the table nobody else holds
    for node in nodes:
        adjoint = adjoints.pop(node, None)
        if adjoint is None:
            continue
        y = node._data
        if type(adjoint) is list:
            adjoint = assemble(adjoint, y.shape, y.dtype)
        if adjoint.shape != y.shape or adjoint.dtype is not y.dtype:
            adjoint = _fitted(adjoint, node, needed)
        received: list[Any] = []
        if node.op is not None:
            rules, xs, attributes = node.op.vjps, node._arrays, node.attributes
            if cut:
                rules = _uncut(node, node.op, cut)
            for operand, source in enumerate(node.inputs):
                if source not in needed or (rule := rules[operand]) is None:
                    received.append(None)
                    continue
                try:
                    contribution = rule(adjoint, y, *xs, **attributes)
                    _add(contribution, source, adjoints, owned)
                except (ValueError, TypeError) as error:
                    raise explain(f"rule {operand} of {node.op.name}", node.inputs, error) from error
                received.append(contribution)
        yield node, adjoint, received


def _fitted(adjoint: Any, node: Tensor, needed: set[Tensor]) -> Any:
    """A complete adjoint in its node's own shape and dtype."""
    try:
        return fit(adjoint, node.shape, node.dtype)
    except ValueError as error:
        readers = {reader.op.name for reader in needed if reader.op and any(source is node for source in reader.inputs)}
        rules = f"a rule of {' or '.join(sorted(readers))}"
        raise ShapeError(f"{rules} gives an adjoint of shape {adjoint.shape} to {node.describe()}: {error}") from error


def _uncut(node: Tensor, op: Operation, cut: Edges) -> Sequence[Callable[..., Any] | None]:
    """The rules for a node's operands, without those of the edges that are cut."""
    if not cut or not op.differentiable:
        return op.vjps
    return [None if (node, operand) in cut else op.vjps[operand] for operand in range(len(node.inputs))]


def _add(contribution: Any, source: Tensor, adjoints: dict[Tensor, Any], owned: set[Tensor]) -> None:
    """Add what a node receives to its adjoint so far: in place where the array is `owned`, so nobody else's.

    The first few contributions at an index wait in a list, because all of them may tile the adjoint.
    """
    total: Any = adjoints.get(source)
    is_indexed = type(contribution) is AtIndex
    if total is None:
        adjoints[source] = [contribution] if is_indexed else contribution
        return
    if type(total) is list:
        if is_indexed and len(total) < MOST_WAITING:
            total.append(contribution)
            return
        adjoints[source] = total = assemble(total, source.shape, source.dtype)
        owned.add(source)
    if is_indexed or total.shape != contribution.shape:
        if source not in owned or total.shape != source.shape or total.ndim == 0:  # without axes: perhaps a scalar
            adjoints[source] = total = np.array(fit(total, source.shape, source.dtype))
            owned.add(source)
        add_at(total, *_placed(contribution, source))
    elif source in owned:
        adjoints[source] += contribution
    else:
        adjoints[source] = total + contribution
        owned.add(source)


MOST_WAITING = 8
"""How many contributions at an index may wait, before they go into an array that holds them all."""


def _placed(contribution: Any, node: Tensor) -> AtIndex:
    """A contribution of any kind, as what it adds to an array of the node's own shape, and where."""
    return contribution if type(contribution) is AtIndex else AtIndex(..., fit(contribution, node.shape, node.dtype))


def backpropagate_nodes(
    nodes: Iterable[Tensor], needed: set[Tensor], adjoints: dict[Tensor, list[AtIndex]], cut: Edges
) -> Iterator[Reached]:
    """Backprop as `backpropagate` does it, with nodes for numbers: the rules build the backward pass as a graph.

    A node's adjoint is one `accumulate` node over its contributions, even over a single one, so that all
    steps of an unrolled network get backward passes of one shape.
    """
    for node in nodes:
        if node not in adjoints:
            continue
        indices, parts = zip(*adjoints.pop(node), strict=True)
        with from_origin(node, None):
            adjoint = accumulate(*parts, indices=indices, shape=node.shape)
        received: list[Any] = []
        if node.op is not None:
            rules = _uncut(node, node.op, cut)
            for operand, source in enumerate(node.inputs):
                if source not in needed or (rule := rules[operand]) is None:
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


def backward(output: Tensor, gradient: ArrayLike | None = None, cut: Iterable[Tensor | Edge] = ()) -> None:
    """Backprop from `output`: add to the `grad` of each parameter that it depends on, and to nothing else.

    An error or an interrupt in the middle of backprop leaves every `grad` as it was; sums are added when all
    are known.

    Args:
        output: the node to differentiate, of one element unless `gradient` is given.
        gradient: the adjoint of the output, of its shape; 1 if not given.
        cut: edges that backprop must not cross; a node stands for all edges to its inputs.

    Raises:
        GraphError: the output depends on no parameter, or has many elements and no gradient is given.
        ShapeError: the gradient's shape is not the output's.
        DTypeError: the output is not of a floating dtype.
        OperandError: the output is not a Tensor.
    """
    reached = _from_parameters(output, gradient, cut)
    leaves = [(node, adjoint) for node, adjoint, _ in reached if node.op is None]
    for leaf, _ in leaves:
        _require_room(leaf)
    for leaf, adjoint in leaves:
        if leaf.grad is None:
            leaf.grad = np.array(adjoint)
        else:
            leaf.grad += adjoint


def _require_room(leaf: Tensor) -> None:
    """Raise an error where a leaf's `grad` cannot take its adjoint, because somebody has set what should not be."""
    require_floating(leaf)
    if leaf.grad is not None and np.shape(leaf.grad) != leaf.shape:
        raise ShapeError(f"{leaf.describe()} has a grad of shape {np.shape(leaf.grad)}; `grad = None` clears it")


def trace_backward(
    output: Tensor, gradient: ArrayLike | None = None, cut: Iterable[Tensor | Edge] = ()
) -> Iterator[Event]:
    """Watch what `backward` does, one node at a time, in the order in which it happens; no `grad` changes.

    Takes and raises what `backward` does.

    >>> a = tg.parameter(3.0, label="a")
    >>> for event in tg.trace_backward(a * a):
    ...     print(event.node.describe(), event.adjoint, event.contributions)
    multiply () 1.0 (array(3.), array(3.))
    parameter 'a' () 6.0 ()
    """
    return map(_event, _from_parameters(output, gradient, cut))


def _event(reached: Reached) -> Event:
    node, adjoint, received = reached
    contributions: list[Array | None] = []
    for source, contribution in zip(node.inputs, received, strict=True) if received else ():
        if contribution is not None:
            contribution = read_only(assemble([_placed(contribution, source)], source.shape, source.dtype))
        contributions.append(contribution)
    return Event(node, read_only(adjoint), tuple(contributions))


def grad(
    output: Tensor | Iterable[Tensor],
    inputs: Iterable[Tensor],
    gradient: Operand | Iterable[Operand | None] | None = None,
    create_graph: bool = False,
    cut: Iterable[Tensor | Edge] = (),
) -> tuple[Tensor, ...]:
    """The derivatives of `output` with respect to `inputs`: parameters, constants or inner nodes.

    Args:
        output: the node to differentiate, of one element unless `gradient` is given; or several nodes, whose
            derivatives are summed.
        inputs: nodes of a floating dtype.
        gradient: the adjoint of the output, of its shape; 1 if not given. For several outputs one each.
        create_graph: build the derivatives as nodes, which can be differentiated again and drawn.
        cut: edges that backprop must not cross, as `tg.Graph(output).edges` lists them. A node stands for all
            edges to its inputs: it receives its adjoint, and hands nothing on.

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
    seeds = _seeds(output, gradient)
    order, needed = between(inputs, [node for node, _ in seeds])
    adjoints: dict[Tensor, Any] = {}
    if create_graph:
        require_current(order)
        for node, seed in seeds:
            adjoints.setdefault(node, []).append(AtIndex(..., seed))
        reached = walk_back(backpropagate_nodes, order, needed, adjoints, _edges(cut))
    else:
        for node, seed in seeds:
            adjoints[node] = adjoints[node] + seed._data if node in adjoints else seed._data
        reached = inspected(walk_back(backpropagate, order, needed, adjoints, _edges(cut)))
    wanted = set(inputs)
    found = {node: adjoint for node, adjoint, _ in reached if node in wanted}
    zeros = (np.zeros(node.shape, node.dtype) for node in inputs)
    results = [found.get(node, zero) for node, zero in zip(inputs, zeros, strict=True)]
    return tuple([result if isinstance(result, Tensor) else tensor(result) for result in results])


# ---------------------------------------------------------------------- what they need


def _from_parameters(output: Tensor, gradient: ArrayLike | None, cut: Iterable[Tensor | Edge]) -> Iterator[Reached]:
    require_floating(output)
    if not output.requires_grad:
        raise GraphError(
            f"{output.describe()} depends on no parameter, so that there is nothing to differentiate it by; "
            "make a leaf with tg.parameter, build the graph outside tg.no_grad, or ask tg.grad for given inputs"
        )
    seed = _seed(output, gradient)._data
    order = topological_order([output], differentiable=True)
    return inspected(walk_back(backpropagate, order, set(order), {output: seed}, _edges(cut)))


def _edges(cut: Iterable[Tensor | Edge]) -> Edges:
    """The edges to cut, each as its target and operand."""
    edges: Edges = set()
    for part in [cut] if isinstance(cut, Tensor | Edge) else cut:
        if isinstance(part, Tensor):
            edges |= {(part, operand) for operand in range(len(part.inputs))}
        elif isinstance(part, Edge):
            edges.add((part.target, part.operand))
        else:
            raise OperandError(f"nodes and edges of a graph can be cut, not {part!r}")
    return edges


def _seeds(output: Tensor | Iterable[Tensor], gradient: Any) -> list[tuple[Tensor, Tensor]]:
    """Each output with its adjoint."""
    if isinstance(output, Tensor):
        return [(output, _seed(output, gradient))]
    outputs = differentiable_nodes(output)
    gradients = [None] * len(outputs) if gradient is None else list(gradient)
    if len(gradients) != len(outputs):
        raise GraphError(f"{len(outputs)} outputs need as many gradients, not {len(gradients)}")
    return [(node, _seed(node, g)) for node, g in zip(outputs, gradients, strict=True)]


def _seed(output: Tensor, gradient: Operand | None) -> Tensor:
    """The adjoint of the output."""
    require_floating(output)
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


def between(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[list[Tensor], set[Tensor]]:
    """The nodes on differentiable ways from the inputs to the outputs, in topological order and as a set."""
    ancestors = topological_order(outputs, differentiable=all(node.requires_grad for node in inputs))
    needed = dependents([node for node in ancestors if node.op is None or node.op.differentiable], inputs)
    return [node for node in ancestors if node in needed], needed


def differentiable_nodes(inputs: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """The inputs to differentiate by; raise an error where they are not a sequence of floating Tensors."""
    if isinstance(inputs, Tensor):
        raise OperandError(f"expected a sequence of inputs, such as [x], not {inputs.describe()} alone")
    if not isinstance(inputs, Iterable):
        raise OperandError(f"expected Tensors, got a {type(inputs).__qualname__}")
    nodes = tuple(inputs)
    for node in nodes:
        require_floating(node)
    return nodes


def require_floating(node: Tensor) -> None:
    """Raise an error where no derivative exists: not a Tensor, or not of a floating dtype."""
    if not isinstance(node, Tensor):
        raise OperandError(f"derivatives are of Tensors with respect to Tensors, not of a {type(node).__qualname__}")
    if node.dtype.kind != "f":
        raise DTypeError(f"{node.describe()} is {node.dtype}, which cannot be differentiated; use a floating dtype")
