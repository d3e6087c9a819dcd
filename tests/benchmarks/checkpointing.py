"""`python -m tests.benchmarks.checkpointing`: what 10,000 checkpointed steps save in memory and cost in time.

The time is processor time of a forward and a backward pass over that of the plain graph, the median over rounds;
the memory is the peak that Python's own allocator reports, over that of the plain graph. Every way has shown
before that its gradients are those of the plain graph, bit by bit.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from .problem import Sizes, make_problem
from .report import table
from .timing import alternate, ratio

STEPS = 10_000
SIZES = {"hidden 32, batch 1": (32, 1), "hidden 64, batch 4": (64, 4)}
SNAPSHOTS = {"√T segments": None, "100 snapshots": 100, "20 snapshots": 20}
PLAIN = "plain"

Ways = dict[str, Callable[[], list[Any]]]


def make_ways(sizes: Sizes) -> Ways:
    """Forward and backward passes over one network, which return its gradients."""
    problem = make_problem(sizes)
    parameters = W_xh, W_hh, W_oh, b_h, b_o = [tg.parameter(value) for value in problem.parameters]

    def step(t: int, state: tuple[tg.Tensor, tg.Tensor]) -> tuple[None, tuple[tg.Tensor, tg.Tensor]]:
        h, loss = state
        h = tg.tanh(tg.linear(problem.xs[t], W_xh) + tg.linear(h, W_hh) + b_h)
        o = tg.linear(h, W_oh) + b_o
        return None, (h, loss + tg.square(o - problem.targets[t]).sum())

    def gradients(run: Callable[[Any], Any]) -> list[Any]:
        _, loss = run((tg.tensor(problem.state), tg.tensor(0.0, dtype=np.float32)))
        loss.backward()
        found = [p.grad for p in parameters]
        for p in parameters:
            p.grad = None
        return found

    def plain(state: Any) -> Any:
        for t in range(sizes.steps):
            with tg.step(t + 1):
                _, state = step(t, state)
        return state

    ways: Ways = {PLAIN: lambda: gradients(plain)}
    for name, snapshots in SNAPSHOTS.items():
        ways[name] = lambda s=snapshots: gradients(  # type: ignore[misc]
            lambda state: tg.checkpoint_sequence(step, np.arange(sizes.steps), state, s)[1]
        )
    return ways


def peak(run: Callable[[], object]) -> int:
    """The most bytes that are in use at a time."""
    gc.collect()
    tracemalloc.start()
    run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def compare(sizes: Sizes, rounds: int) -> list[list[str]]:
    """A row for each way: its name, its time and its memory over the plain graph's.

    Raises:
        AssertionError: a gradient differs in a bit.
    """
    ways = make_ways(sizes)
    expected = ways[PLAIN]()
    for name, run in ways.items():
        assert all(np.array_equal(g, e) for g, e in zip(run(), expected, strict=True)), name
    timings = alternate(ways, 0, rounds)
    memory = {name: peak(run) for name, run in ways.items()}
    return [
        [name, f"{ratio(timings, name, PLAIN):.2f}", f"{memory[name] / memory[PLAIN]:.2%}", f"{memory[name] / 1e6:.1f}"]
        for name in ways
    ]


def main() -> None:
    """Measure and print."""
    for name, (hidden, batch) in SIZES.items():
        rows = compare(Sizes(batch, STEPS, 1, hidden, 1), rounds=3)
        print(table([f"{STEPS:,} steps, {name}", "time", "memory", "MB"], rows), end="\n\n")


if __name__ == "__main__":
    main()
