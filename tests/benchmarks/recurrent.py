"""The recurrent layers beside PyTorch's cells in a loop and its fused layers, forward and backward, in float32.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.recurrent [--kinds LSTM …] [--seconds S]

prints for each kind and size the median over the rounds of our processor time over theirs. All programs compute
L = Σ_t Σ w_t ⊙ h_t and its gradient by every parameter, and are compared with each other first.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from .measures import TOLERANCE
from .problem import SIZES, Array, Program, Sizes, disagreement
from .timing import alternate, ratio

KINDS = ("RNN", "LSTM", "GRU")
COMPARED = ("sunspot", "minchar", "mid", "large")


def make_programs(kind: str, sizes: Sizes) -> dict[str, Program]:
    """Our layer, and PyTorch's cell and layer where it is installed, with the same numbers in them."""
    random = np.random.default_rng(0)
    xs = random.normal(size=(sizes.steps, sizes.batch, sizes.inputs)).astype(np.float32)
    weights = random.normal(size=(sizes.steps, sizes.batch, sizes.hidden)).astype(np.float32)
    layer = getattr(tg.nn, kind)(sizes.inputs, sizes.hidden, dtype=np.float32)
    return {"ours": our_program(layer, xs, weights), **pytorch_programs(kind, layer, xs, weights)}


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
    """PyTorch's cell, called step by step, and its layer."""
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

    return {"cells": timed(cell, in_a_loop), "fused": timed(fused, lambda: (fused(inputs)[0] * factors).sum())}


def compare(programs: Mapping[str, Program], seconds: float, rounds: int = 7) -> dict[str, float]:
    """Our time over each peer's, once all have shown that they agree.

    Raises:
        AssertionError: they do not.
    """
    errors = {name: disagreement(program, programs["ours"]) for name, program in programs.items()}
    assert max(errors.values()) < 10 * TOLERANCE, errors  # neither side is exact here
    timings = alternate(programs, seconds, rounds)
    return {name: ratio(timings, "ours", name) for name in programs if name != "ours"}


def main() -> None:
    """Compare the kinds that are asked for, size by size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each kind and size")
    options = parser.parse_args()
    gc.collect()
    gc.freeze()  # what importing PyTorch leaves behind would otherwise be walked in every full collection
    for kind in options.kinds:
        for name in COMPARED:
            ratios = compare(make_programs(kind, SIZES[name]), options.seconds)
            print(f"{kind:5} {name:8}", *(f"{number:6.2f} of {peer}" for peer, number in ratios.items()), flush=True)


if __name__ == "__main__":
    main()
