"""MyGrad: tensors with `backward`, as it comes, and without the locks that it puts on arrays in use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mygrad as mg

from ..problem import Problem, Program


def guarded(problem: Problem) -> Program:
    """The equations in a loop, in MyGrad's default mode."""
    xs, targets, values, h_0 = problem
    parameters = W_xh, W_hh, W_oh, b_h, b_o = [mg.tensor(value) for value in values]

    def program() -> tuple[float, Iterable[Any]]:
        h, loss = h_0, 0.0
        for x, y in zip(xs, targets, strict=True):
            h = mg.tanh(mg.matmul(x, W_xh.T) + mg.matmul(h, W_hh.T) + b_h)
            o = mg.matmul(h, W_oh.T) + b_o
            loss = loss + mg.square(o - y).sum()
        loss = loss * problem.scale
        for p in parameters:
            p.null_grad()
        loss.backward()
        return loss.item(), [p.grad for p in parameters]

    return program


def unguarded(problem: Problem) -> Program:
    """The same with memory guarding off, as MyGrad's documentation advises for speed."""
    program = guarded(problem)

    def program_without_guards() -> tuple[float, Iterable[Any]]:
        with mg.mem_guard_off:
            return program()

    return program_without_guards
