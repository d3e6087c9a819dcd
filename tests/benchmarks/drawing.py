"""One way of drawing, measured: `python -m tests.benchmarks.drawing WAY STEPS FOLDER` prints its seconds and its bytes.

Seconds are the processor's, those of the layout program included; both have a limit, so that nothing hangs. A program
of its own, because what goes beyond the limit is ended.

The network is the Elman network of docs/peers.py, with its loss. Before anything is timed, each way has done the same
for two steps: what is imported and prepared once does not count.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))  # for peers.py

LIMIT = 60  # seconds
SLACK = 1.25  # by which a limit is stretched before a process is ended, as its time is counted less exactly there

Draw = Callable[[Path], Path | None]
"""Draws into a folder, and returns the file if there is one."""


def _tinygrad_rnn(steps: int, view: str, suffix: str) -> Draw:
    import tinygrad_rnn as tg

    run = tg.nn.ElmanRNN(2, 3, 1).unroll(np.ones((steps, 2)), np.ones((steps, 1)))
    return lambda folder: tg.draw(run, view=view, detail="ops").save(folder / f"drawing{suffix}")


def _torchviz(steps: int) -> Draw:
    import peers
    from torchviz import make_dot

    sys.setrecursionlimit(1_000_000)  # make_dot calls itself for every node
    network = peers.elman(steps)
    loss = network.module(*network.inputs)
    names = dict(network.module.named_parameters())
    return lambda folder: Path(make_dot(loss, names).render(outfile=folder / "drawing.svg"))


def _tracing(steps: int) -> Draw:
    import peers
    import torchlens

    network = peers.elman(steps)

    def trace(_: Path) -> None:
        torchlens.trace(network.module, network.inputs)

    return trace


def _torchlens(steps: int, **settings: str) -> Draw:
    import peers
    import torchlens
    from torchlens.visualization import _render_utils

    # TorchLens gives Graphviz two minutes by the clock, which other programs may use up.
    run = _render_utils.run_bounded_subprocess
    _render_utils.run_bounded_subprocess = lambda command, timeout, **options: run(command, timeout=None, **options)
    network = peers.elman(steps)
    trace = torchlens.trace(network.module, network.inputs)

    def draw(folder: Path) -> Path:
        trace.draw(vis_outpath=str(folder / "drawing"), vis_fileformat="svg", vis_save_only=True, **settings)
        return folder / "drawing.svg"

    return draw


class Way(NamedTuple):
    """What prepares a drawing of so many steps, and the packages it needs."""

    prepare: Callable[[int], Draw]
    packages: tuple[str, ...] = ()


PEERS = ("torch", "torchviz", "torchlens")  # which peers.py imports
WAYS = {
    "tinygrad_rnn, every step": Way(partial(_tinygrad_rnn, view="unrolled", suffix=".svg")),
    "tinygrad_rnn, folded": Way(partial(_tinygrad_rnn, view="folded", suffix=".svg")),
    "tinygrad_rnn, HTML page": Way(partial(_tinygrad_rnn, view="folded", suffix=".html")),
    "torchviz": Way(_torchviz, PEERS),
    "TorchLens, unrolled": Way(partial(_torchlens, view="unrolled"), PEERS),
    "TorchLens, unrolled by rank": Way(partial(_torchlens, view="unrolled", layout="rank"), PEERS),
    "TorchLens, rolled": Way(partial(_torchlens, view="rolled"), PEERS),
    "TorchLens, tracing beforehand": Way(_tracing, PEERS),
}


def processor_time() -> float:
    """The seconds that this process and those it has waited for have used."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime


def main(way: str, steps: str, folder: str) -> None:
    """Draw, and print the seconds and the bytes, or the seconds alone if the layout program was ended."""
    prepare = WAYS[way].prepare
    prepare(2)(Path(folder))
    draw = prepare(int(steps))
    measured: dict[str, Any] = {"bytes": None}
    start = processor_time()
    limit = math.ceil(time.process_time() + SLACK * LIMIT)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    try:
        path = draw(Path(folder))
        measured["bytes"] = path and path.stat().st_size
    finally:
        print(json.dumps({"seconds": processor_time() - start, **measured}))


if __name__ == "__main__":
    main(*sys.argv[1:])
