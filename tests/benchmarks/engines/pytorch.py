"""PyTorch, eagerly: the same unroll, operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn.functional import linear

from ..problem import Problem, Program, make_direction

torch.set_num_threads(1)


def builder(problem: Problem) -> tuple[Callable[[], torch.Tensor], list[torch.Tensor]]:
    """A function that builds the graph of the loss, and the parameters."""
    compute_loss = loss_function(problem)
    parameters = [torch.tensor(p, requires_grad=True) for p in problem.parameters]
    return lambda: compute_loss(*parameters), parameters


def loss_function(problem: Problem) -> Callable[..., torch.Tensor]:
    """The loss as a function of the parameters."""
    xs, targets, h_0 = (torch.tensor(array) for array in (problem.xs, problem.targets, problem.state))

    def compute_loss(*parameters: torch.Tensor) -> torch.Tensor:
        W_xh, W_hh, W_oh, b_h, b_o = parameters
        h, loss = h_0, torch.tensor(0.0)
        for x, y in zip(xs, targets, strict=True):
            h = torch.tanh(linear(x, W_xh) + linear(h, W_hh) + b_h)
            o = linear(h, W_oh) + b_o
            loss = loss + torch.square(o - y).sum()
        return loss * problem.scale

    return compute_loss


def eager(problem: Problem) -> Program:
    """The equations in a loop."""
    build, parameters = builder(problem)

    def program() -> tuple[float, Iterable[Any]]:
        loss = build()
        for p in parameters:
            p.grad = None
        loss.backward()
        return loss.item(), [p.grad for p in parameters]

    return program


def jvp(problem: Problem) -> Program:
    """`torch.func.jvp`: dual numbers through the loop."""
    compute_loss = loss_function(problem)
    parameters = tuple([torch.tensor(p) for p in problem.parameters])
    direction = tuple([torch.tensor(v) for v in make_direction(problem)])

    def program() -> tuple[float, Iterable[Any]]:
        _, along = torch.func.jvp(compute_loss, parameters, direction)
        return along.item(), ()

    return program


def hvp(problem: Problem) -> Program:
    """Reverse over reverse, by `torch.autograd.grad` twice."""
    build, parameters = builder(problem)
    direction = [torch.tensor(v) for v in make_direction(problem)]

    def program() -> tuple[float, Iterable[Any]]:
        loss = build()
        gradients = torch.autograd.grad(loss, parameters, create_graph=True)
        return loss.item(), torch.autograd.grad(gradients, parameters, direction)

    return program
