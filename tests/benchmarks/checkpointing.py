"""What 10,000 checkpointed steps save in memory and cost in time: `python -m tests.benchmarks --rows checkpointing`."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from .problem import Sizes, make_problem
from .timing import alternate

STEPS = 10_000
NETWORKS = {
    f"hidden {hidden}, batch {batch}": Sizes(batch, STEPS, 1, hidden, 1) for hidden, batch in ((32, 1), (64, 4))
}
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


def compare(sizes: Sizes, rounds: int) -> dict[str, Any]:
    """The seconds of every way, and the most bytes it uses, once all have shown that they agree.

    Raises:
        AssertionError: a gradient differs from the plain graph's in a bit.
    """
    ways = make_ways(sizes)
    expected = ways[PLAIN]()
    for name, run in ways.items():
        assert all(np.array_equal(g, e) for g, e in zip(run(), expected, strict=True)), name
    seconds = alternate(ways, 0, rounds)
    return {"sizes": sizes._asdict(), "seconds": seconds, "bytes": {name: peak(run) for name, run in ways.items()}}
