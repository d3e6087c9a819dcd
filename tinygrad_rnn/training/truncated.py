"""Truncated backpropagation through time over streams that are too long to unroll as a whole."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

from tinygrad_rnn.errors import SettingError, ShapeError
from tinygrad_rnn.nn.settings import require_sizes
from tinygrad_rnn.node import Array, Tensor, parameter, tensor
from tinygrad_rnn.ops import sum as total

State = tuple[Tensor, ...]
"""The parts of a recurrent state: one, or h and c of an LSTM."""

Build = Callable[[Array, Array, State], tuple[Tensor, State]]
"""Builds the graph of some steps, from their inputs, their targets and a state: their loss, and the state after."""


class Piece(NamedTuple):
    """The graph of a few steps, between a state cut off from what was before and the state after."""

    initial: State
    loss: Tensor
    final: State


class TruncatedBPTT:
    """BPTT(k1, k2): after every k1 steps their losses go back through the last k2 steps, and no further.

    The stream is unrolled in pieces of gcd(k1, k2) steps, each a graph of its own from a state without a past.
    To go back from a piece into the one before, the gradient of its initial state is that of the other's final
    state. So no step is computed twice, and graphs older than k2 steps are freed. With k1 = k2 a piece is a window.

    Args:
        build: builds the graph of a piece.
        state: the state to start from, its parts as arrays.
        k1: steps of a window, after which the caller updates the parameters.
        k2: steps back; at least k1, so that every loss counts with respect to all its window's steps.

    Attributes:
        state: the state after the last window, its parts as arrays.

    Raises:
        SettingError: not whole numbers with 1 ≤ k1 ≤ k2.

    >>> w = tg.parameter(0.5)
    >>> def build(xs, targets, state):
    ...     (h,) = state
    ...     for x in xs:
    ...         h = w * h + x
    ...     return tg.square(h), (h,)
    >>> bptt = tg.training.TruncatedBPTT(build, [np.array(1.0)], k1=1, k2=2)
    >>> bptt.backward(np.ones(1), np.ones(1)), float(w.grad)
    (2.25, 3.0)
    """

    def __init__(self, build: Build, state: Sequence[Array], k1: int, k2: int) -> None:
        require_sizes(k1=k1, k2=k2)
        if k1 > k2:
            raise SettingError(f"truncated backpropagation needs k1 ≤ k2, not k1 = {k1} and k2 = {k2}")
        self.state = tuple(state)
        self._build = build
        self._window = k1
        self._piece = math.gcd(k1, k2)
        self._pieces: deque[Piece] = deque(maxlen=k2 // self._piece)

    def backward(self, inputs: Array, targets: Array) -> float:
        """Unroll the next window, and add the gradient of its losses' sum to the parameters' `grad`.

        Args:
            inputs: (k1, …); with k1 = k2 also fewer steps.
            targets: (k1, …), as many.

        Returns:
            The sum of the losses that `build` gave for the window's pieces.

        Raises:
            ShapeError: another number of steps.
        """
        fits = len(inputs) == self._window or (self._piece == self._window and 0 < len(inputs) < self._window)
        if not fits or len(targets) != len(inputs):
            raise ShapeError(f"a window has {self._window} steps, not {len(inputs)} inputs and {len(targets)} targets")
        starts = range(0, len(inputs), self._piece)
        for start in starts:
            part = slice(start, start + self._piece)
            self._unroll(inputs[part], targets[part])
        self._go_back(len(starts))
        return sum(float(piece.loss.item()) for piece in list(self._pieces)[-len(starts) :])

    def _unroll(self, inputs: Array, targets: Array) -> None:
        """Build the next piece's graph; its initial state asks for a gradient where there is a piece to hand it to."""
        leaf = parameter if self._pieces and self._pieces.maxlen != 1 else tensor
        initial = tuple([leaf(part) for part in self.state])
        loss, final = self._build(inputs, targets, initial)
        self._pieces.append(Piece(initial, loss, final))
        self.state = tuple([part.data for part in final])

    def _go_back(self, fresh: int) -> None:
        """From the last piece to the oldest; only the losses of the last `fresh` ones count."""
        adjoints: list[Array | None] = [None] * len(self.state)
        for age, piece in enumerate(reversed(self._pieces)):
            terms = [piece.loss] if age < fresh else []
            handed = zip(piece.final, adjoints, strict=True)
            terms += [total(part * adjoint) for part, adjoint in handed if adjoint is not None]
            for part in piece.initial:
                part.grad = None
            if terms:
                reduce(add, terms).backward()
            adjoints = [part.grad for part in piece.initial]
