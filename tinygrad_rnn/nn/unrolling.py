"""Any cell, unrolled into a graph with nodes of its own for every time step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tinygrad_rnn.errors import OperandError, SettingError, ShapeError
from tinygrad_rnn.graph import Graph, Nodes
from tinygrad_rnn.nn.cells import Cell, State
from tinygrad_rnn.nn.sequences import Sequence, leaf, per_step
from tinygrad_rnn.node import Tensor, step
from tinygrad_rnn.ops import where

CellFunction = Callable[[Tensor, Any], State]
"""A time step: from the input and the state, a Tensor or a tuple of several, to the next state."""


class Unrolled(NamedTuple):
    """What comes of a cell or layer that was unrolled over a sequence.

    Attributes:
        outputs: one node for every time step.
        state: the final state, as the cell or layer forms it.
    """

    outputs: Nodes
    state: Any

    @property
    def graph(self) -> Graph:
        """All of it as one graph."""
        return Graph(nodes_of(tuple(self)))


def unroll(cell: CellFunction, xs: Sequence, state: Any = None) -> Unrolled:
    """Run a cell over a sequence; the nodes that it makes at time t = 1, 2, … are marked with step t.

    Args:
        cell: `cell(x, state)` gives the next state: one Tensor, or a tuple whose first is the step's output.
            One of this library's cells, or any function. States without a label get one.
        xs: (time, …): an array, a Tensor, or an iterable of per-step arrays and Tensors.
        state: the state before the first step: one array or Tensor, or a tuple of them; if not given, zeros
            for this library's cells.

    Returns:
        The outputs, and the state after the last step.

    Raises:
        SettingError: no state is given for a function.
        ShapeError: the sequence has no time steps, or the state of this library's cell has other parts.
        OperandError: a sequence or state that is not numbers, or a cell that is no function or gives no Tensors.
        DTypeError: numbers that are not real.

    >>> U, W = tg.parameter(np.ones((3, 2))), tg.parameter(np.eye(3))
    >>> def cell(x, h):
    ...     return tg.relu(tg.linear(x, U) + tg.linear(h, W))
    >>> outputs, h = tg.nn.unroll(cell, np.ones((4, 2)), np.zeros(3))
    >>> [output.label for output in outputs], h.data
    (['h_1', 'h_2', 'h_3', 'h_4'], array([8., 8., 8.]))
    """
    if not callable(cell):
        raise OperandError(f"a cell is a function of an input and a state, not {cell!r}")
    dtype = cell.dtype if isinstance(cell, Cell) else None
    inputs = per_step(xs, "x", dtype)
    if not inputs:
        raise ShapeError("expected a sequence of at least one time step")
    if state is None:
        if not isinstance(cell, Cell):
            raise SettingError("a function as a cell needs a state to start from, such as zeros")
        state = cell.zeros(inputs[0].shape[:-1])
    else:
        given = cell.parts(state) if isinstance(cell, Cell) else parts_of(state)
        parts = [
            part if isinstance(part, Tensor) else leaf(part, label, dtype)
            for part, label in zip(given, _labels(cell, state, 0), strict=True)
        ]
        state = tuple(parts) if isinstance(state, tuple) or len(parts) > 1 else parts[0]
    return advance(cell, inputs, state, range(1, len(inputs) + 1))


def advance(
    cell: CellFunction, inputs: Nodes, state: State, times: Iterable[int], present: Mapping[int, Tensor] | None = None
) -> Unrolled:
    """Run a cell over a sequence from a state of nodes.

    Args:
        cell: as in `unroll`.
        inputs: x_1 … x_T.
        state: the state to start from.
        times: 1 … T, in the order in which the cell sees them.
        present: for the times at which some sequences of a batch are over, truth values (batch, 1) that tell
            which are not. The others' states stay as they are, and their outputs are zero.
    """
    outputs: dict[int, Tensor] = {}
    for t in times:
        mask = present.get(t) if present else None
        with step(t):
            if mask is None:
                state = cell(inputs[t - 1], state)
                outputs[t] = parts_of(state)[0]
            else:
                state = _hold(mask, cell(where(mask, inputs[t - 1], 0), state), state)
                outputs[t] = where(mask, parts_of(state)[0], 0)
        _require_labels(cell, state, t)
    return Unrolled(Nodes(outputs[t] for t in sorted(outputs)), state)


def nodes_of(nested: Any) -> Iterator[Tensor]:
    """The Tensors in tuples of tuples, in order."""
    if isinstance(nested, Tensor):
        yield nested
    else:
        for part in nested:
            yield from nodes_of(part)


def parts_of(state: Any) -> tuple[Any, ...]:
    """The parts of a state, which may be one alone."""
    return state if isinstance(state, tuple) else (state,)


def _hold(mask: Tensor, after: State, before: State) -> State:
    """The state after a step where the mask holds, else as before; the labels go over to it."""
    parts = []
    for new, old in zip(parts_of(after), parts_of(before), strict=True):
        parts.append(where(mask, new, old))
        parts[-1].label, new.label = new.label, None
    return tuple(parts) if isinstance(after, tuple) else parts[0]


def _require_labels(cell: CellFunction, state: State, t: int) -> None:
    """Label the parts of a state that have no label."""
    for k, part in enumerate(parts_of(state)):
        if not isinstance(part, Tensor):
            raise OperandError(f"a cell gives a Tensor or a tuple of Tensors, not {part!r}, at step {t}")
        if part.label is None:
            part.label = _labels(cell, state, t)[k]


def _labels(cell: CellFunction, state: State, t: int) -> list[str]:
    """The labels of a state's parts: the cell's own, or h_3, or h_3^(1) and so on for several."""
    if isinstance(cell, Cell):
        return [cell.label(letter, t) for letter in cell.letters]
    count = len(parts_of(state))
    return [f"h_{t}"] if count == 1 else [f"h_{t}^({k})" for k in range(1, count + 1)]
