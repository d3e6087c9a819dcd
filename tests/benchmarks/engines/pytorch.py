"""PyTorch, eagerly: the same unroll, operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn.functional import linear

from ..problem import Problem, Program

torch.set_num_threads(1)


def builder(problem: Problem) -> tuple[Callable[[], torch.Tensor], list[torch.Tensor]]:
    """A function that builds the graph of the loss, and the parameters."""
    xs, targets, h_0 = (torch.tensor(array) for array in (problem.xs, problem.targets, problem.state))
    parameters = W_xh, W_hh, W_oh, b_h, b_o = [torch.tensor(p, requires_grad=True) for p in problem.parameters]

    def build() -> torch.Tensor:
        h, loss = h_0, torch.tensor(0.0)
        for x, y in zip(xs, targets, strict=True):
            h = torch.tanh(linear(x, W_xh) + linear(h, W_hh) + b_h)
            o = linear(h, W_oh) + b_o
            loss = loss + torch.square(o - y).sum()
        return loss * problem.scale

    return build, parameters


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
