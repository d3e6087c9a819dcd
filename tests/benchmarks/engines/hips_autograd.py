"""HIPS autograd: a function of the parameters, and its gradient by `value_and_grad`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import autograd.numpy as np
from autograd import value_and_grad

from ..problem import Problem, Program


def value_and_gradient(problem: Problem) -> Program:
    """The equations in a loop, in the numpy that autograd wraps."""
    xs, targets, values, h_0 = problem

    def compute_loss(parameters: Sequence[Any]) -> Any:
        W_xh, W_hh, W_oh, b_h, b_o = parameters
        h, loss = h_0, 0.0
        for x, y in zip(xs, targets, strict=True):
            h = np.tanh(np.dot(x, W_xh.T) + np.dot(h, W_hh.T) + b_h)
            o = np.dot(h, W_oh.T) + b_o
            loss = loss + np.sum(np.square(o - y))
        return loss * problem.scale

    differentiate = value_and_grad(compute_loss)

    def program() -> tuple[float, Iterable[Any]]:
        loss, gradients = differentiate(values)
        return float(loss), gradients

    return program
