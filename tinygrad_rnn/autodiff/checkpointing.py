"""Checkpointing: trade a second computation for the memory of a part of the graph.

Sources: the schedule of √T segments is that of Chen, Xu, Zhang, Guestrin, "Training deep nets with sublinear
memory cost" (2016); the binomial one that of Griewank and Walther, "Algorithm 799: revolve" (2000).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.segments import CHECKPOINT, OUTPUT, Segment, made_since, now
from tinygrad_rnn.errors import OperandError, SettingError
from tinygrad_rnn.node import Array, Tensor, current_context, make, step

Step = Callable[[Any, Any], tuple[Any, Any]]
Advance = Callable[[int, Any], tuple[Any, Any]]
"""A time step of a given sequence: from the time and the state before, the output and the state."""
Schedule = Callable[[int], "list[tuple[int, Schedule]]"]
"""For so many steps, the lengths of the segments not to keep, and how each is to be gone through again."""


def checkpoint(function: Callable[..., Any], *inputs: Any) -> Any:
    """`function(*inputs)`, whose inner nodes are not kept: each walk that comes to them computes them again.

    The gradients are those of the plain call, bit by bit. All nodes that the function reads count as inputs,
    those that it closes over too. Checkpoints may stand inside checkpoints.

    Args:
        function: from anything to a Tensor, or a tuple or list of results, nested at will; None is allowed.
            It must compute the same each time, and make no parameters.
        inputs: what to call it with.

    Returns:
        What the function returns. The derivatives of `create_graph` hold the nodes made again, which take
        the place of the checkpoint's own.

    Raises:
        OperandError: the function returns something else.
        GraphError: in a later walk, the function gives other values than now, or makes a parameter.
        ReboundError: in a later walk, a leaf that it read was given another value.

    >>> W = tg.parameter(np.eye(2), label="W")
    >>> h = tg.checkpoint(lambda x: tg.tanh(tg.tanh(x @ W) @ W), tg.tensor([[1.0, 2.0]]))
    >>> tg.Graph(h).find(op="tanh")
    ()
    >>> h.sum().backward()
    >>> W.grad.shape
    (2, 2)
    """
    context = current_context()
    if not context[2]:
        return function(*inputs)
    start, read = now(), dict[Tensor, None]()
    result = _forget(function(*inputs), start, read)
    return _stand_in(result, start, read, Segment(lambda: list(_tensors(function(*inputs))), context))


def checkpoint_sequence(
    function: Step, xs: Tensor | Array | Iterable[Any], state: Any, snapshots: int | None = None
) -> tuple[list[Any], Any]:
    """Run a recurrence over a sequence, keeping the states of a few steps and none of the nodes between.

    The gradients are those of the plain loop, bit by bit.

    Args:
        function: one time step, `function(x, state) -> (output, state)`; what it may return is what
            `checkpoint` allows. Its nodes are marked with the time step, from 1.
        xs: an array or Tensor whose first axis is time, or an iterable of what to give each step.
        state: a Tensor, or a tuple or list of several: what the first step is given.
        snapshots: at most so many states, the first one included, are kept by the graph, and as many again
            while a walk is going through it. The steps are then computed no more often than with any other
            choice of states (`advances` says how often). Not given: √T segments, each kept as a whole while a walk is
            in it, so that every step is computed at most twice.

    Returns:
        The outputs, one for each step, and the last state.

    Raises:
        SettingError: `snapshots` is not a whole number from 1.

    >>> W = tg.parameter([[0.5]], label="W")
    >>> def advance(x, state):
    ...     h, loss = state
    ...     h = tg.tanh(h @ W + x)
    ...     return None, (h, loss + (h * h).sum())
    >>> _, (h, loss) = tg.checkpoint_sequence(advance, np.ones((100, 1, 1)), (tg.tensor([[0.0]]), tg.tensor(0.0)))
    >>> len(tg.Graph(loss))
    100
    >>> loss.backward()
    """
    schedule = _square_root if snapshots is None else _binomial(_whole(snapshots))
    if not current_context()[2]:
        schedule = _keep_all
    given = xs if isinstance(xs, Tensor | np.ndarray) else list(xs)

    def at(t: int, state: Any) -> tuple[Any, Any]:
        with step(t):
            return function(given[t - 1], state)

    return _run(at, range(1, len(given) + 1), state, schedule)


def _run(at: Advance, steps: range, state: Any, schedule: Schedule) -> tuple[list[Any], Any]:
    """The steps one after the other, in segments as the schedule says, the rest kept."""
    outputs: list[Any] = []
    done = 0
    for length, inner in schedule(len(steps)):
        made, state = _run_segment(at, steps[done : done + length], state, inner)
        outputs += made
        done += length
    for t in steps[done:]:
        output, state = at(t, state)
        outputs.append(output)
    return outputs, state


def _run_segment(at: Advance, steps: range, state: Any, inner: Schedule) -> Any:
    start, read = now(), dict[Tensor, None]()
    outputs, later = [], state
    for t in steps:
        output, later = _forget(at(t, later), start, read)
        outputs.append(output)
    segment = Segment(lambda: list(_tensors(_run(at, steps, state, inner))), current_context())
    return _stand_in((outputs, later), start, read, segment)


# ---------------------------------------------------------------------- one segment


def _forget(result: Any, start: int, read: dict[Tensor, None]) -> Any:
    """The result with leaves in place of its nodes; the older nodes that they were made from go into `read`."""
    nodes = list(_tensors(result))
    for node in made_since(start, nodes):
        read |= dict.fromkeys([source for source in node.inputs if source.serial <= start])
    leaves = {node: _leaf_like(node) for node in nodes if node.op is not None and node.serial > start}
    return _replaced(result, leaves)


def _leaf_like(node: Tensor) -> Tensor:
    leaf = node.detach()
    leaf.requires_grad = node.requires_grad
    return leaf


def _stand_in(result: Any, start: int, read: Iterable[Tensor], segment: Segment) -> Any:
    """The result with nodes that read a checkpoint in place of the leaves made since `start`."""
    inputs = tuple(read)
    arrays = tuple([node._data for node in inputs])
    hub = make(CHECKPOINT, inputs, arrays, np.empty(0), {"segment": segment})
    outputs: dict[Tensor, Tensor] = {}
    for position, leaf in enumerate(_tensors(result)):
        if leaf.serial > start and leaf.dtype.kind == "f" and leaf not in outputs:
            output = make(OUTPUT, (hub,), (hub._data,), leaf._data, {"output": position})
            output.label, output.step, output.scope = leaf.label, leaf.step, leaf.scope
            output.requires_grad = leaf.requires_grad
            outputs[leaf] = output
    return _replaced(result, outputs)


def _tensors(result: Any) -> Iterator[Tensor]:
    """The Tensors of a result, in order."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, tuple | list):
        for part in result:
            yield from _tensors(part)
    elif result is not None:
        raise OperandError(
            f"a checkpointed function returns Tensors, tuples and lists of them, or None, not {result!r}"
        )


def _replaced(result: Any, others: dict[Tensor, Tensor]) -> Any:
    """The result with other Tensors in place of some; its named tuples become plain ones."""
    if isinstance(result, Tensor):
        return others.get(result, result)
    if result is None:
        return None
    parts = [_replaced(part, others) for part in result]
    return parts if isinstance(result, list) else tuple(parts)


# ---------------------------------------------------------------------- schedules


def advances(steps: int, snapshots: int) -> int:
    """How many steps are computed without being kept, with the best choice of so many states to keep.

    Each step is computed once more to be kept. The closed form is r·l − β(s + 1, r − 1), where β(s, r) is the
    binomial coefficient of s + r over s, and r the least number with l ≤ β(s, r).

    >>> from tinygrad_rnn.autodiff.checkpointing import advances
    >>> advances(10, 3)
    15
    """
    r = _repetitions(steps, snapshots)
    return r * steps - math.comb(snapshots + r, snapshots + 1)


def _repetitions(steps: int, snapshots: int) -> int:
    """The least r with at most β(s, r) steps: no step is computed more often without being kept."""
    r = 0
    while math.comb(snapshots + r, snapshots) < steps:
        r += 1
    return r


def _keep_all(steps: int) -> list[tuple[int, Schedule]]:
    return []


def _square_root(steps: int) -> list[tuple[int, Schedule]]:
    length = math.isqrt(max(steps - 1, 0)) + 1
    return [(length, _keep_all)] * ((steps - 1) // length)


def _binomial(snapshots: int) -> Schedule:
    """Cut off as many steps as one repetition less can do, for each state that may be kept; the last step is kept."""

    def schedule(steps: int) -> list[tuple[int, Schedule]]:
        parts = []
        for left in range(snapshots, 0, -1):
            if steps > 1:
                length = _first_part(steps, left)
                parts.append((length, _binomial(left)))
                steps -= length
        return parts

    return schedule


def _first_part(steps: int, snapshots: int) -> int:
    """An m for which m + advances(m, s) + advances(l − m, s − 1) is least."""
    r = _repetitions(steps, snapshots)
    least_rest = math.comb(snapshots + r - 2, snapshots - 1)  # β(s − 1, r − 1)
    return min(math.comb(snapshots + r - 1, snapshots), steps - least_rest)


def _whole(snapshots: int) -> int:
    try:
        snapshots = operator.index(snapshots)
    except TypeError:
        raise SettingError(f"snapshots is a whole number from 1, not {snapshots!r}") from None
    if snapshots < 1:
        raise SettingError(f"snapshots is a whole number from 1, not {snapshots}")
    return snapshots
