"""Backpropagation through time written by hand in numpy: once as the formulas stand, once for speed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from ..problem import Array, Problem, Program, make_direction


def naive(problem: Problem) -> Program:
    """One expression a formula, one product a step."""
    xs, targets, (W_xh, W_hh, W_oh, b_h, b_o), h_0 = problem
    steps, scale = len(xs), problem.scale

    def program() -> tuple[float, Iterable[Array]]:
        h, errors, loss = [h_0], [], 0.0
        for t in range(steps):
            h.append(np.tanh(xs[t] @ W_xh.T + h[t] @ W_hh.T + b_h))
            errors.append(h[t + 1] @ W_oh.T + b_o - targets[t])
            loss += scale * np.square(errors[t]).sum()

        dW_xh, dW_hh, dW_oh, db_h, db_o = map(np.zeros_like, problem.parameters)
        da = np.zeros_like(h_0)
        for t in reversed(range(steps)):
            do = 2 * scale * errors[t]
            dh = do @ W_oh + da @ W_hh
            da = dh * (1 - h[t + 1] ** 2)
            dW_oh += do.T @ h[t + 1]
            db_o += do.sum(axis=0)
            dW_xh += da.T @ xs[t]
            dW_hh += da.T @ h[t]
            db_h += da.sum(axis=0)
        return float(loss), (dW_xh, dW_hh, dW_oh, db_h, db_o)

    return program


def fused(problem: Problem) -> Program:
    """The recurrence alone in the loops, all other products over all steps at once, every array made once."""
    xs, targets, (W_xh, W_hh, W_oh, b_h, b_o), h_0 = problem
    steps, batch, _ = xs.shape
    rows = steps * batch  # all steps one below the other
    x, y = xs.reshape(rows, -1), targets.reshape(rows, -1)
    hs = np.empty((steps + 1, *h_0.shape), h_0.dtype)
    hs[0] = h_0
    h, h_before = hs[1:].reshape(rows, -1), hs[:-1].reshape(rows, -1)
    errors, das, slopes = np.empty_like(y), np.empty_like(h), np.empty_like(h)
    product = np.empty_like(h_0)
    states = list(hs)
    adjoints, derivatives = list(das.reshape(steps, batch, -1)), list(slopes.reshape(steps, batch, -1))
    forward = list(pairwise(states))
    backward = list(zip(adjoints[-2::-1], adjoints[:0:-1], derivatives[-2::-1], strict=True))

    def program() -> tuple[float, Iterable[Any]]:
        np.dot(x, W_xh.T, h)
        np.add(h, b_h, h)
        W_hh_T = np.ascontiguousarray(W_hh.T)
        for before, after in forward:
            np.dot(before, W_hh_T, product)
            np.add(after, product, after)
            np.tanh(after, after)
        np.dot(h, W_oh.T, errors)
        np.add(errors, b_o, errors)
        np.subtract(errors, y, errors)
        loss = problem.scale * float(np.vdot(errors, errors))

        np.multiply(errors, 2 * problem.scale, errors)
        np.dot(errors, W_oh, das)
        np.multiply(h, h, slopes)
        np.subtract(1, slopes, slopes)
        np.multiply(adjoints[-1], derivatives[-1], adjoints[-1])
        for da, da_after, slope in backward:
            np.dot(da_after, W_hh, product)
            np.add(da, product, da)
            np.multiply(da, slope, da)
        return loss, (das.T @ x, das.T @ h_before, errors.T @ h, das.sum(axis=0), errors.sum(axis=0))

    return program


def jvp(problem: Problem) -> Program:
    """The gradient times the direction: what every forward mode should find."""

    def program() -> tuple[float, Iterable[Array]]:
        _, gradients = naive(problem)()
        return sum(float(np.vdot(g, v)) for g, v in zip(gradients, make_direction(problem), strict=True)), ()

    return program


def hvp(problem: Problem) -> Program:
    """A central difference of the gradient along the direction; to nine digits or so in float64."""
    step = 1e-5

    def gradients(by: float) -> Iterable[Array]:
        moved = [p + by * v for p, v in zip(problem.parameters, make_direction(problem), strict=True)]
        return naive(problem._replace(parameters=tuple(moved)))()[1]

    def program() -> tuple[float, Iterable[Array]]:
        loss, _ = naive(problem)()
        return loss, [
            (above - below) / (2 * step) for above, below in zip(gradients(step), gradients(-step), strict=True)
        ]

    return program
