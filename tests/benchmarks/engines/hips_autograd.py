"""HIPS autograd: a function of the parameters, and its gradient by `value_and_grad`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import autograd.numpy as np
from autograd import make_hvp, make_jvp, value_and_grad

from ..problem import Problem, Program, make_direction


def value_and_gradient(problem: Problem) -> Program:
    """The equations in a loop, in the numpy that autograd wraps."""
    differentiate = value_and_grad(loss_function(problem))

    def program() -> tuple[float, Iterable[Any]]:
        loss, gradients = differentiate(problem.parameters)
        return float(loss), gradients

    return program


def loss_function(problem: Problem) -> Callable[[Sequence[Any]], Any]:
    """The loss as a function of the parameters."""
    xs, targets, _, h_0 = problem

    def compute_loss(parameters: Sequence[Any]) -> Any:
        W_xh, W_hh, W_oh, b_h, b_o = parameters
        h, loss = h_0, 0.0
        for x, y in zip(xs, targets, strict=True):
            h = np.tanh(np.dot(x, W_xh.T) + np.dot(h, W_hh.T) + b_h)
            o = np.dot(h, W_oh.T) + b_o
            loss = loss + np.sum(np.square(o - y))
        return loss * problem.scale

    return compute_loss


def jvp(problem: Problem) -> Program:
    """`make_jvp`: forward mode through the loop."""
    differentiate = make_jvp(loss_function(problem))
    direction = make_direction(problem)

    def program() -> tuple[float, Iterable[Any]]:
        _, along = differentiate(problem.parameters)(direction)
        return float(along), ()

    return program


def hvp(problem: Problem) -> Program:
    """`make_hvp`: reverse over reverse, the loss computed besides."""
    compute_loss = loss_function(problem)
    differentiate = make_hvp(compute_loss)
    direction = make_direction(problem)

    def program() -> tuple[float, Iterable[Any]]:
        multiply, _ = differentiate(problem.parameters)
        return float(compute_loss(problem.parameters)), multiply(direction)

    return program
