"""Recurrent layers as people know them from PyTorch: several cells, one above the other and in both directions.

The sequence is a list of per-step nodes from end to end, through all layers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.graph import Nodes
from tinygrad_rnn.nn.cells import Cell, GRUCell, LSTMCell, RNNCell, State
from tinygrad_rnn.nn.layers import Dropout
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.notations import named
from tinygrad_rnn.nn.sequences import Sequence, indexable, input_steps, leaf, presence
from tinygrad_rnn.nn.settings import Seed, generator, require_sizes
from tinygrad_rnn.nn.unrolling import Unrolled, advance, parts_of
from tinygrad_rnn.node import Shape, Tensor, scope
from tinygrad_rnn.ops import concatenate, stack

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike


class Place(NamedTuple):
    """Where a cell stands: in which layer, counted from 0 as in PyTorch's names, and in which direction."""

    layer: int
    reverse: bool = False

    def __str__(self) -> str:
        return f"l{self.layer}_reverse" if self.reverse else f"l{self.layer}"

    def superscript(self, layers: int) -> str:
        """What labels end with, to tell so many layers apart: ^(2), ^(2rev), ^(rev) or nothing; the first is 1."""
        text = (str(self.layer + 1) if layers > 1 else "") + ("rev" if self.reverse else "")
        return f"^({text})" if text else ""

    def times(self, steps: int) -> range:
        """The times from 1 up to the number of steps, in the order in which the cell sees them."""
        return range(steps, 0, -1) if self.reverse else range(1, steps + 1)

    def start(self, steps: int) -> int:
        """The time of the state that the cell starts from."""
        return steps + 1 if self.reverse else 0


class Recurrent(Module):
    """What the recurrent layers share: everything but the cell.

    Attributes:
        cells: by layer and direction.
        dropout: between the layers.
    """

    def __init__(
        self,
        make_cell: Callable[..., Cell],
        input_size: int,
        hidden_size: int,
        num_layers: int,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        seed: Seed,
    ) -> None:
        require_sizes(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        random = generator(seed)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.batch_first = batch_first
        directions = (False, True) if bidirectional else (False,)
        self.cells: dict[Place, Cell] = {}
        for place in itertools.starmap(Place, itertools.product(range(num_layers), directions)):
            features = len(directions) * hidden_size if place.layer else input_size
            superscript = place.superscript(num_layers)
            self.cells[place] = make_cell(features, hidden_size, seed=random, superscript=superscript)
        self.dropout = Dropout(dropout, seed=random)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The parameters' dtype."""
        return self.cells[Place(0)].dtype

    def members(self) -> Mapping[str, Any]:
        """The parameters under PyTorch's names, such as weight_ih_l0_reverse, and the other attributes."""
        named = {
            f"{name}_{place}": parameter
            for place, cell in self.cells.items()
            for name, parameter in cell.parameters.items()
        }
        return {**named, **{name: value for name, value in vars(self).items() if name != "cells"}}

    def __call__(self, xs: Sequence, state: Any = None, lengths: ArrayLike | None = None) -> tuple[Tensor, State]:
        """Run the layer over a sequence.

        Takes and raises what `unroll` does.

        Returns:
            The outputs: (time, batch, directions · hidden_size), with `batch_first` (batch, time, …), without a
            batch axis (time, …). The final state: (layers · directions, batch, hidden_size), without a batch
            axis (layers · directions, hidden_size); for an LSTM the pair (h, c) of such.
        """
        outputs, final = self.unroll(xs, state, lengths)
        together = stack(outputs, axis=1 if self.batch_first and outputs[0].ndim == 2 else 0)
        return together, stack(final) if isinstance(final, Nodes) else tuple([stack(nodes) for nodes in final])

    def unroll(self, xs: Sequence, state: Any = None, lengths: ArrayLike | None = None) -> Unrolled:
        """Build the graph of the layer run over a sequence, with nodes of its own for every step.

        Args:
            xs: (time, batch, input_size), with `batch_first` (batch, time, input_size), or without a batch axis
                (time, input_size): an array or a Tensor. Or an iterable of arrays and Tensors, one for each step.
            state: (layers · directions, batch, hidden_size), without a batch axis (layers · directions,
                hidden_size): an array, a Tensor, or an iterable of arrays and Tensors; for an LSTM a pair (h, c)
                of such. Zeros if not given.
            lengths: (batch,), the length of each sequence. Outputs beyond a sequence's end are zero, its final
                state is that at its end, and the reverse direction starts there. There are as many outputs as
                the longest sequence has steps.

        Returns:
            The outputs, one node (batch, directions · hidden_size) for each step; and the final states, one node
            (batch, hidden_size) for each layer and direction, for an LSTM a pair of such.

        Raises:
            ShapeError: a sequence, state or lengths of another shape.
            SettingError: lengths that are not whole numbers from 1 up to the number of steps.
            OperandError: a sequence, state or lengths that are not numbers.
            DTypeError: numbers that are not real.
        """
        if self.batch_first and isinstance(xs, Tensor | np.ndarray) and xs.ndim == 3:
            xs = xs.transpose(1, 0, 2)
        inputs = input_steps(xs, self.input_size, self.dtype)
        batch = inputs[0].shape[:-1]
        present: dict[int, Tensor] = {}
        if lengths is not None:
            longest, present = presence(lengths, len(inputs), batch)
            inputs = inputs[:longest]
        states = self._initial_states(state, batch, len(inputs))
        for layer in range(self.num_layers):
            if layer:
                inputs = self.dropout.over(inputs)
            outputs = []
            for place in [place for place in self.cells if place.layer == layer]:
                with scope(str(place)):
                    run = advance(self.cells[place], inputs, states[place], place.times(len(inputs)), present)
                outputs.append(run.outputs)
                states[place] = run.state
            inputs = outputs[0] if len(outputs) == 1 else self._joined(layer, *outputs)
        by_part = [Nodes(parts) for parts in zip(*map(parts_of, states.values()), strict=True)]
        return Unrolled(inputs, by_part[0] if len(by_part) == 1 else tuple(by_part))

    def _joined(self, layer: int, forward: Nodes, reverse: Nodes) -> Nodes:
        """For each step the outputs of both directions side by side."""
        superscript = Place(layer).superscript(self.num_layers)
        return Nodes(
            named(f"y_{t}{superscript}", concatenate(outputs, axis=-1))
            for t, outputs in enumerate(zip(forward, reverse, strict=True), start=1)
        )

    def _initial_states(self, given: Any, batch: Shape, steps: int) -> dict[Place, State]:
        """For each layer and direction the state that it starts from."""
        if given is None:
            return {place: cell.zeros(batch, place.start(steps)) for place, cell in self.cells.items()}
        first = self.cells[Place(0)]
        parts = (given,) if len(first.letters) == 1 else first.parts(given)
        by_part = []
        for letter, part in zip(first.letters, parts, strict=True):
            labels = [cell.label(letter, place.start(steps)) for place, cell in self.cells.items()]
            by_part.append(_state_nodes(part, letter, labels, (*batch, self.hidden_size), self.dtype))
        states = by_part[0] if len(by_part) == 1 else zip(*by_part, strict=True)
        return dict(zip(self.cells, states, strict=True))


def _state_nodes(given: Sequence, letter: str, labels: list[str], shape: Shape, dtype: np.dtype[Any]) -> list[Tensor]:
    """A part of a state as one node for each layer and direction."""
    values = indexable(given, letter)
    whole = f"{letter} of shape {(len(labels), *shape)}"
    if len(values) != len(labels):
        raise ShapeError(f"expected an initial {whole}, got {len(values)} states")
    nodes = []
    for k, label in enumerate(labels):
        value = values[k]
        if not isinstance(value, Tensor):
            value = leaf(value, label, dtype)
        elif isinstance(values, Tensor):
            value.label = label
        if value.shape != shape:
            raise ShapeError(f"expected an initial {whole}, got {value.describe()} among them")
        nodes.append(value)
    return nodes


class RNN(Recurrent):
    """An Elman network of one or more layers, with PyTorch's names, shapes and initial distribution.

    Args:
        input_size: features of an input.
        hidden_size: units of each layer and direction.
        num_layers: how many layers, each of which reads the outputs of the one before it.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: whether arrays of sequences come and go as (batch, time, features).
        dropout: the probability with which outputs are dropped between layers, in training.
        bidirectional: whether each layer also runs from the end to the start, with parameters of its own; its
            outputs are those of both directions side by side.
        seed: of the initial values, uniform within ±1/√hidden_size, and of the dropout; an integer or numpy's
            generator.
        dtype: of the parameters, and of the inputs that are given as arrays.

    Raises:
        SettingError: an unknown name, a number outside its range, or a seed or dtype that numpy does not know.
        DTypeError: a dtype that is not floating.

    >>> layer = tg.nn.RNN(input_size=2, hidden_size=3, num_layers=2)
    >>> outputs, h = layer(np.ones((5, 4, 2)))
    >>> outputs.shape, h.shape
    ((5, 4, 3), (2, 4, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        seed: Seed = 0,
        dtype: DTypeLike = np.float64,
    ) -> None:
        make_cell = partial(RNNCell, bias=bias, nonlinearity=nonlinearity, dtype=dtype)
        super().__init__(make_cell, input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, seed)


class LSTM(Recurrent):
    """Long short-term memory of one or more layers, each step as an `LSTMCell` takes it.

    Takes and raises what an `RNN` does, but no nonlinearity. Its states are pairs (h, c).

    >>> layer = tg.nn.LSTM(input_size=2, hidden_size=3, bidirectional=True)
    >>> outputs, (h, c) = layer(np.ones((5, 4, 2)), lengths=[5, 2, 3, 1])
    >>> outputs.shape, h.shape, c.shape
    ((5, 4, 6), (2, 4, 3), (2, 4, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        seed: Seed = 0,
        dtype: DTypeLike = np.float64,
    ) -> None:
        make_cell = partial(LSTMCell, bias=bias, dtype=dtype)
        super().__init__(make_cell, input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, seed)


class GRU(Recurrent):
    """Gated recurrent units in one or more layers, each step as a `GRUCell` takes it.

    Takes and raises what an `RNN` does, but no nonlinearity.

    Args:
        reset_after: whether the reset gate acts after the product with the recurrent weights, as in PyTorch.

    >>> layer = tg.nn.GRU(input_size=2, hidden_size=3)
    >>> [h.label for h in layer.unroll(np.ones((4, 2))).outputs]
    ['h_1', 'h_2', 'h_3', 'h_4']
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        seed: Seed = 0,
        dtype: DTypeLike = np.float64,
        reset_after: bool = True,
    ) -> None:
        self.reset_after = reset_after
        make_cell = partial(GRUCell, bias=bias, dtype=dtype, reset_after=reset_after)
        super().__init__(make_cell, input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, seed)
