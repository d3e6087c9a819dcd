"""This library: the unroll written out, and the library's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tinygrad_rnn as tg

from ..problem import Problem, Program, make_direction


def builder(problem: Problem) -> tuple[Callable[[], tg.Tensor], list[tg.Tensor]]:
    """A function that builds the graph of the loss, and the parameters."""
    xs, targets, values, h_0 = problem
    parameters = W_xh, W_hh, W_oh, b_h, b_o = [tg.parameter(value) for value in values]

    def build() -> tg.Tensor:
        h, loss = tg.tensor(h_0), tg.tensor(0.0, dtype=h_0.dtype)
        for t, (x, y) in enumerate(zip(xs, targets, strict=True), start=1):
            with tg.step(t):
                h = tg.tanh(tg.linear(x, W_xh) + tg.linear(h, W_hh) + b_h)
                o = tg.linear(h, W_oh) + b_o
                loss = loss + tg.square(o - y).sum()
        return loss * problem.scale

    return build, parameters


def written_out(problem: Problem) -> Program:
    """The equations in a loop, each step marked."""
    build, parameters = builder(problem)

    def program() -> tuple[float, Iterable[Any]]:
        loss = build()
        for p in parameters:
            p.grad = None
        loss.backward()
        return loss.item(), [p.grad for p in parameters]

    return program


def unrolled(problem: Problem) -> Program:
    """`nn.ElmanRNN.unroll`, which also labels its nodes and keeps them for pictures and for study."""
    xs, targets, values, h_0 = problem
    net = tg.nn.ElmanRNN(xs.shape[-1], h_0.shape[-1], targets.shape[-1], dtype=xs.dtype)
    parameters = list(net.parameters.values())
    for p, value in zip(parameters, values, strict=True):
        p.data = value

    def program() -> tuple[float, Iterable[Any]]:
        run = net.unroll(xs, targets, initial_state=h_0)
        assert run.loss is not None
        for p in parameters:
            p.grad = None
        run.loss.backward()
        return run.loss.item(), [p.grad for p in parameters]

    return program


def jvp(problem: Problem) -> Program:
    """`tg.jvp` over the graph of the loss."""
    build, parameters = builder(problem)
    direction = make_direction(problem)

    def program() -> tuple[float, Iterable[Any]]:
        return tg.jvp(build(), parameters, direction).item(), ()

    return program


def hvp(problem: Problem) -> Program:
    """`tg.hvp`: forward mode over the graph of the gradient."""
    build, parameters = builder(problem)
    direction = make_direction(problem)

    def program() -> tuple[float, Iterable[Any]]:
        loss = build()
        return loss.item(), [product.data for product in tg.hvp(loss, parameters, direction)]

    return program
