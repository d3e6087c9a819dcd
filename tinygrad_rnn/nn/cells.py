"""Recurrent cells: one time step of a network, every gate a node of its own.

Parameters have PyTorch's names, shapes, order of gates and initial distribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.init import uniform
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.notations import Activation
from tinygrad_rnn.nn.settings import Seed, choose, generator, known_dtype, require_sizes
from tinygrad_rnn.node import Shape, Tensor, parameter, tensor
from tinygrad_rnn.ops import linear, relu, sigmoid, tanh

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

State: TypeAlias = "Tensor | tuple[Tensor, ...]"

NONLINEARITIES: Mapping[str, Activation] = {"tanh": tanh, "relu": relu}


class Cell(Module):
    """What the cells share: two weights and two biases, in which the gates lie one below the other.

    Attributes:
        weight_ih: (gates · hidden_size, input_size).
        weight_hh: (gates · hidden_size, hidden_size).
        bias_ih: (gates · hidden_size,), or None.
        bias_hh: the same.
    """

    gates: ClassVar[int]
    letters: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, seed: Seed, dtype: DTypeLike, superscript: str
    ) -> None:
        require_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.superscript = superscript
        random = generator(seed)
        kind = known_dtype(dtype)
        bound = 1 / math.sqrt(hidden_size)

        def drawn(letter: str, *shape: int) -> Tensor:
            return parameter(uniform(shape, bound, random), letter + superscript, kind)

        rows = self.gates * hidden_size
        self.weight_ih = drawn("W_ih", rows, input_size)
        self.weight_hh = drawn("W_hh", rows, hidden_size)
        self.bias_ih = drawn("b_ih", rows) if bias else None
        self.bias_hh = drawn("b_hh", rows) if bias else None
        self._gates = [_rows(hidden_size, k, k + 1) for k in range(self.gates)]

    def __call__(self, x: Tensor, state: Any = None) -> Any:
        """The state after one step."""
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        """The parameters' dtype."""
        return self.weight_ih.dtype

    def zeros(self, batch: Shape, time: int = 0) -> Any:
        """A state of zeros, labelled with a time: a Tensor, or a tuple where the state has several parts.

        Args:
            batch: the shape of a batch: (sequences,), or () for one sequence without a batch axis.
            time: that of the labels.
        """
        shape = (*batch, self.hidden_size)
        parts = [tensor(np.zeros(shape), self.label(letter, time), self.dtype) for letter in self.letters]
        return parts[0] if len(parts) == 1 else tuple(parts)

    def parts(self, state: Any) -> tuple[Any, ...]:
        """The parts of a state that is given: one alone, or as many as there are letters in a tuple or list.

        Raises:
            ShapeError: there are more or fewer.
        """
        parts = tuple(state) if isinstance(state, tuple | list) else (state,)
        if len(parts) != len(self.letters):
            expected = "one part" if len(self.letters) == 1 else f"a pair ({', '.join(self.letters)})"
            raise ShapeError(f"the state of this {type(self).__name__} is {expected}; got {len(parts)}")
        return parts

    def label(self, letter: str, time: int | None) -> str:
        """A label such as h_3, or h_3^(2) in a second layer; outside of time the letter alone."""
        return f"{letter}{self.superscript}" if time is None else f"{letter}_{time}{self.superscript}"

    def _start(self, x: Tensor, state: Any) -> tuple[Any, ...]:
        """The parts of the state that a step starts from: zeros if none is given."""
        return self.parts(self.zeros(x.shape[:-1]) if state is None else state)

    def _named(self, letter: str, node: Tensor) -> Tensor:
        """The node, labelled with a letter and the step that it belongs to."""
        node.label = self.label(letter, node.step)
        return node

    def _sums(self, x: Tensor, h: Tensor) -> Tensor:
        """The weighted sums of all gates, side by side."""
        return linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)


def _rows(size: int, start: int, end: int) -> tuple[Any, slice]:
    """The index, along the last axis, of the gates from number `start` to before number `end`."""
    return ..., slice(start * size, end * size)


class RNNCell(Cell):
    """A step of an Elman network: h' = φ(W_ih x + b_ih + W_hh h + b_hh).

    Args:
        input_size: features of an input.
        hidden_size: units of the state.
        bias: whether there are biases.
        nonlinearity: φ: "tanh" or "relu".
        seed: of the initial values, uniform within ±1/√hidden_size; an integer or numpy's generator.
        dtype: of the parameters.
        superscript: what labels end with, such as "^(2)" for a second layer.

    Raises:
        SettingError: an unknown name, a size below 1, or a seed or dtype that numpy does not know.
        DTypeError: a dtype that is not floating.

    >>> cell = tg.nn.RNNCell(input_size=2, hidden_size=3)
    >>> cell(tg.tensor(np.ones((5, 2)))).shape
    (5, 3)
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        seed: Seed = 0,
        dtype: DTypeLike = np.float64,
        superscript: str = "",
    ) -> None:
        self._activation: Activation = choose("nonlinearity", nonlinearity, NONLINEARITIES)
        super().__init__(input_size, hidden_size, bias, seed, dtype, superscript)

    def __call__(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """The state after one step.

        Args:
            x: (input_size,) or (batch, input_size).
            state: (hidden_size,) or (batch, hidden_size); zeros if not given.

        Raises:
            ShapeError: an input or a state that does not fit.
        """
        (h,) = self._start(x, state)
        return self._named("h", self._activation(self._sums(x, h)))


class LSTMCell(Cell):
    """A step of a long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    i, f, o = σ(W_ih x + b_ih + W_hh h + b_hh) and g = tanh of the same, each with rows of its own, in the
    order i, f, g, o; c' = f ⊙ c + i ⊙ g and h' = o ⊙ tanh(c').

    Takes and raises what `RNNCell` does, but no nonlinearity.

    >>> cell = tg.nn.LSTMCell(input_size=2, hidden_size=3)
    >>> h, c = cell(tg.tensor(np.ones((5, 2))))
    >>> h.shape, c.shape
    ((5, 3), (5, 3))
    """

    gates = 4
    letters = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        seed: Seed = 0,
        dtype: DTypeLike = np.float64,
        superscript: str = "",
    ) -> None:
        super().__init__(input_size, hidden_size, bias, seed, dtype, superscript)

    def __call__(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The state (h, c) after one step.

        Args:
            x: (input_size,) or (batch, input_size).
            state: h and c, each (hidden_size,) or (batch, hidden_size); zeros if not given.

        Raises:
            ShapeError: an input or a state that does not fit.
        """
        h, c = self._start(x, state)
        if h.shape != c.shape:
            raise ShapeError(f"h and c of a state have the same shape, not {h.shape} and {c.shape}")
        sums = self._sums(x, h)
        i, f, g, o = [sums[gate] for gate in self._gates]
        i, f = self._named("i", sigmoid(i)), self._named("f", sigmoid(f))
        g, o = self._named("g", tanh(g)), self._named("o", sigmoid(o))
        c = self._named("c", f * c + i * g)
        return self._named("h", o * tanh(c)), c


class GRUCell(Cell):
    """A step of a gated recurrent unit (Cho et al. 2014).

    r, z = σ(W_ih x + b_ih + W_hh h + b_hh) and h' = (1 − z) ⊙ n + z ⊙ h, each gate with rows of its own, in
    the order r, z, n. The reset gate acts after the product, as in PyTorch:
    n = tanh(W_ih x + b_ih + r ⊙ (W_hh h + b_hh)); or before it, as in the paper:
    n = tanh(W_ih x + b_ih + W_hh (r ⊙ h) + b_hh).

    Takes and raises what `RNNCell` does, but no nonlinearity.

    >>> cell = tg.nn.GRUCell(input_size=2, hidden_size=3, reset_after=False)
    >>> cell(tg.tensor(np.ones((5, 2)))).shape
    (5, 3)
    """

    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        seed: Seed = 0,
        dtype: DTypeLike = np.float64,
        reset_after: bool = True,
        superscript: str = "",
    ) -> None:
        super().__init__(input_size, hidden_size, bias, seed, dtype, superscript)
        self.reset_after = reset_after

    def __call__(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """The state after one step; takes and raises what an `RNNCell` does."""
        (h,) = self._start(x, state)
        both, candidate = _rows(self.hidden_size, 0, 2), self._gates[2]
        from_x = linear(x, self.weight_ih, self.bias_ih)
        if self.reset_after:
            from_h = linear(h, self.weight_hh, self.bias_hh)
            r, z = self._reset_and_update(from_x[both] + from_h[both])
            recurrent = r * from_h[candidate]
        else:
            r, z = self._reset_and_update(from_x[both] + self._recur(h, both[1]))
            recurrent = self._recur(r * h, candidate[1])
        n = self._named("n", tanh(from_x[candidate] + recurrent))
        return self._named("h", n + z * (h - n))

    def _reset_and_update(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        """The gates r and z from their weighted sums, which lie side by side."""
        gates = sigmoid(sums)
        return self._named("r", gates[self._gates[0]]), self._named("z", gates[self._gates[1]])

    def _recur(self, h: Tensor, rows: slice) -> Tensor:
        """The weighted sums of h by some of the recurrent rows."""
        return linear(h, self.weight_hh[rows], None if self.bias_hh is None else self.bias_hh[rows])
