"""The one problem that every program of the benchmark solves: an Elman network, its loss and its gradient.

h_t = tanh(W_xh x_t + W_hh h_{t−1} + b_h),   o_t = W_oh h_t + b_o,   L = 1/(T·B) Σ_t ‖o_t − y_t‖²
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

Program: TypeAlias = Callable[[], tuple[float, Iterable[Any]]]
"""A forward and a backward pass: returns L, and dL/dp for each parameter p in the problem's order.

For derivatives along a direction: the jvp of L and nothing else, or L and the Hessian times the direction."""


class Sizes(NamedTuple):
    """What fixes a problem."""

    batch: int
    steps: int
    inputs: int
    hidden: int
    outputs: int


SIZES = {
    "sunspot": Sizes(1, 50, 1, 16, 1),
    "minchar": Sizes(1, 25, 65, 100, 65),
    "mid": Sizes(32, 100, 64, 128, 64),
    "large": Sizes(64, 50, 256, 512, 256),
    "long": Sizes(1, 5000, 1, 32, 1),
}


class Problem(NamedTuple):
    """The numbers: xs (steps, batch, inputs), targets (steps, batch, outputs), the parameters, and h_0."""

    xs: Array
    targets: Array
    parameters: tuple[Array, ...]  # W_xh, W_hh, W_oh, b_h, b_o
    state: Array

    @property
    def scale(self) -> float:
        """1/(T·B)."""
        steps, batch, _ = self.xs.shape
        return float(1 / (steps * batch))

    def astype(self, dtype: type) -> Problem:
        """The same numbers in another dtype."""
        return Problem(
            self.xs.astype(dtype),
            self.targets.astype(dtype),
            tuple([value.astype(dtype) for value in self.parameters]),
            self.state.astype(dtype),
        )


def make_problem(sizes: Sizes) -> Problem:
    """Random numbers of these sizes, in float32."""
    batch, steps, inputs, hidden, outputs = sizes
    random = np.random.default_rng(0)

    def weights(rows: int, columns: int) -> Array:
        return random.normal(0, 0.9 / np.sqrt(columns), (rows, columns))

    return Problem(
        xs=random.normal(size=(steps, batch, inputs)),
        targets=random.normal(size=(steps, batch, outputs)),
        parameters=(
            weights(hidden, inputs), weights(hidden, hidden), weights(outputs, hidden),
            random.normal(0, 0.1, hidden), random.normal(0, 0.1, outputs),
        ),
        state=np.zeros((batch, hidden)),
    ).astype(np.float32)  # fmt: skip


def make_direction(problem: Problem) -> tuple[Array, ...]:
    """A direction to differentiate along: for each parameter an array of its shape, in the problem's dtype."""
    random = np.random.default_rng(1)
    return tuple([random.normal(size=p.shape).astype(np.float32).astype(p.dtype) for p in problem.parameters])


def disagreement(program: Program, reference: Program) -> float:
    """The largest error of a program's loss and gradients, each relative to the reference's norm."""
    (loss, gradients), (expected_loss, expected) = program(), reference()
    pairs = [(loss, expected_loss), *zip(gradients, expected, strict=True)]
    norm = np.linalg.norm
    return max(float(norm(np.asarray(got) - right) / norm(right)) for got, right in pairs)
