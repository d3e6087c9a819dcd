"""One drawing, timed: `python -m tests.benchmarks.drawing LIBRARY STEPS FILE` prints the seconds it took.

A program of its own, so that a drawing that takes too long can be ended with the layout program it waits for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from .problem import Problem, Sizes, make_problem


def _tinygrad_rnn(problem: Problem) -> Callable[[str], object]:
    import tinygrad_rnn as tg

    net = tg.nn.ElmanRNN(problem.xs.shape[-1], problem.state.shape[-1], problem.targets.shape[-1])
    run = net.unroll(problem.xs, problem.targets)
    return lambda path: tg.draw(run, view="unrolled", detail="ops").save(path)


def _torchviz(problem: Problem) -> Callable[[str], object]:
    from torchviz import make_dot

    from .engines import pytorch

    sys.setrecursionlimit(1_000_000)  # make_dot calls itself for every node
    build, parameters = pytorch.builder(problem)
    loss = build()
    names = dict(zip(("W_xh", "W_hh", "W_oh", "b_h", "b_o"), parameters, strict=True))
    return lambda path: make_dot(loss, names).render(outfile=path)


def _main(library: str, steps: str, path: str) -> None:
    draw = {"tinygrad_rnn": _tinygrad_rnn, "torchviz + dot": _torchviz}[library](
        make_problem(Sizes(batch=1, steps=int(steps), inputs=2, hidden=4, outputs=1))
    )
    start = time.perf_counter()
    draw(path)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    _main(*sys.argv[1:])
