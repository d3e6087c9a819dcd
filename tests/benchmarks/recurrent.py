"""The recurrent layers beside PyTorch's cells in a loop and its fused layers, forward and backward, in float32.

    python -m tests.benchmarks --rows recurrent

All programs compute L = Σ_t Σ w_t ⊙ h_t and its gradient by every parameter, and are compared with each other first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from .problem import SIZES, Array, Program, Sizes, disagreement
from .timing import alternate

KINDS = ("RNN", "LSTM", "GRU")
COMPARED = {name: SIZES[name] for name in ("sunspot", "minchar", "mid", "large")}
OURS, CELL, LAYER = "tinygrad_rnn", "PyTorch's cell in a loop", "PyTorch's layer"
BY_HAND, PRODUCTS = "numpy by hand, a function a step", "the matrix products alone"
TOLERANCE = 1e-4  # of losses and gradients in float32 relative to each other: neither side is exact
GOALS = {CELL: 0.8, LAYER: 3}


def make_programs(kind: str, sizes: Sizes) -> dict[str, Program]:
    """Our layer, and what it is compared with, with the same numbers in them."""
    random = np.random.default_rng(0)
    xs = random.normal(size=(sizes.steps, sizes.batch, sizes.inputs)).astype(np.float32)
    weights = random.normal(size=(sizes.steps, sizes.batch, sizes.hidden)).astype(np.float32)
    layer = getattr(tg.nn, kind)(sizes.inputs, sizes.hidden, dtype=np.float32)
    programs = {OURS: our_program(layer, xs, weights), **pytorch_programs(kind, layer, xs, weights)}
    if kind == "LSTM":
        programs[BY_HAND] = lstm_by_hand(layer.state_dict().values(), xs, weights)
    return programs


def our_program(layer: Any, xs: Array, weights: Array) -> Program:
    """A node for every gate of every step."""
    parameters = layer.parameters.values()

    def program() -> tuple[float, list[Array]]:
        for parameter in parameters:
            parameter.grad = None
        loss = sum((h * w).sum() for h, w in zip(layer.unroll(xs).outputs, weights, strict=True))
        loss.backward()
        return loss.item(), [parameter.grad for parameter in parameters]

    return program


def pytorch_programs(kind: str, layer: Any, xs: Array, weights: Array) -> dict[str, Program]:
    """PyTorch's cell, called step by step, and its layer; nothing where it is not installed."""
    try:
        import torch
    except ModuleNotFoundError:
        return {}
    torch.set_num_threads(1)
    cell, fused = (getattr(torch.nn, name)(layer.input_size, layer.hidden_size) for name in (f"{kind}Cell", kind))
    state = {name: torch.tensor(value) for name, value in layer.state_dict().items()}
    fused.load_state_dict(state)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in state.items()})
    inputs, factors = torch.tensor(xs), torch.tensor(weights)

    def in_a_loop() -> Any:
        total, carried = torch.tensor(0.0), None
        for x, w in zip(inputs, factors, strict=True):
            carried = cell(x, carried)
            h = carried[0] if isinstance(carried, tuple) else carried
            total = total + (h * w).sum()
        return total

    def timed(module: Any, build: Callable[[], Any]) -> Program:
        def program() -> tuple[float, list[Any]]:
            module.zero_grad()
            loss = build()
            loss.backward()
            return loss.item(), [parameter.grad for parameter in module.parameters()]

        return program

    return {CELL: timed(cell, in_a_loop), LAYER: timed(fused, lambda: (fused(inputs)[0] * factors).sum())}


def lstm_by_hand(parameters: Iterable[Array], xs: Array, weights: Array) -> Program:
    """All gates of a step as one function with a hand-written derivative, between two products, as Chainer has it."""
    W_ih, W_hh, b_ih, b_hh = parameters
    batch, hidden = weights.shape[1:]
    zeros = np.zeros((batch, hidden), np.float32)

    def gates(sums: Array) -> tuple[Array, ...]:
        i, f, g, o = np.split(sums, 4, axis=1)
        return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)

    def program() -> tuple[float, list[Array]]:
        hs, cs, steps, loss = [zeros], [zeros], [], 0.0
        for x, w in zip(xs, weights, strict=True):
            i, f, g, o = gates(x @ W_ih.T + b_ih + hs[-1] @ W_hh.T + b_hh)
            cs.append(f * cs[-1] + i * g)
            steps.append((i, f, g, o, np.tanh(cs[-1])))
            hs.append(o * steps[-1][-1])
            loss += (hs[-1] * w).sum()
        dW_ih, dW_hh, db = np.zeros_like(W_ih), np.zeros_like(W_hh), np.zeros_like(b_ih)
        dh = dc = zeros
        for x, w, h, c, (i, f, g, o, tanh_c) in reversed(list(zip(xs, weights, hs, cs, steps, strict=False))):
            dh = dh + w
            dc = dc + dh * o * (1 - tanh_c * tanh_c)
            slopes = dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * tanh_c * o * (1 - o)
            d = np.concatenate(slopes, axis=1)
            dW_ih += d.T @ x
            dW_hh += d.T @ h
            db += d.sum(axis=0)
            dh, dc = d @ W_hh, dc * f
        return loss, [dW_ih, dW_hh, db, db]

    return program


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ)."""
    y: Array = 1 / (1 + np.exp(-x))
    return y


def products_alone(kind: str, sizes: Sizes) -> Callable[[], None]:
    """The products that a layer's forward and backward pass consist of, and nothing else."""
    layer = getattr(tg.nn, kind)(sizes.inputs, sizes.hidden, dtype=np.float32)
    W_ih, W_hh = (layer.parameters[name].data for name in ("weight_ih_l0", "weight_hh_l0"))
    x, h, d = (np.ones((sizes.batch, n), np.float32) for n in (sizes.inputs, sizes.hidden, len(W_ih)))

    def program() -> None:
        for _ in range(sizes.steps):
            W_ih.dot(x.T), W_hh.dot(h.T)
        for t in range(sizes.steps):
            d.T.dot(x), d.T.dot(h)
            if t:  # nothing asks for the gradient of the first state
                d.dot(W_hh)

    return program


def compare(kind: str, sizes: Sizes, seconds: float, rounds: int) -> dict[str, Any]:
    """Time every program on one problem, once all have shown that they agree.

    Raises:
        AssertionError: they do not.
    """
    programs = make_programs(kind, sizes)
    errors = {name: disagreement(program, programs[OURS]) for name, program in programs.items()}
    assert max(errors.values()) < TOLERANCE, errors
    timed: Mapping[str, Callable[[], object]] = {**programs, PRODUCTS: products_alone(kind, sizes)}
    return {"sizes": sizes._asdict(), "errors": errors, "seconds": alternate(timed, seconds, rounds)}
