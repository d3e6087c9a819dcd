"""What is measured: each function returns plain numbers, which the report shows and keeps."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tg

from .drawing import LIMIT, WAYS
from .engines import Makers, by_hand, load_directional, load_programs, ours
from .problem import Problem, Program, Sizes, disagreement, make_problem
from .timing import Timings, alternate

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5  # of losses and gradients in float32, relative to those computed in float64
DRAWN_STEPS = (10, 30, 100, 300, 1000)
DRAWING_ROUNDS = 3
DRAWING_SECONDS = 10  # after which there are no more rounds
PATIENCE = 10 * LIMIT  # seconds by the clock, on a machine that has other things to do


def compare_engines(sizes: Sizes, seconds: float, rounds: int) -> dict[str, Any]:
    """Time forward and backward of every program on one problem, once all have shown that they agree.

    Raises:
        AssertionError: a program's loss or gradients are not those that numpy finds in float64.
    """
    return _compare(load_programs(), by_hand.naive, sizes, seconds, rounds)


def compare_directional(sizes: Sizes, seconds: float, rounds: int) -> dict[str, Any]:
    """The same for the derivative of the loss along a direction, and for its Hessian times a direction."""
    return {
        kind: _compare(load_directional(kind), reference, sizes, seconds, rounds)
        for kind, reference in {"jvp": by_hand.jvp, "hvp": by_hand.hvp}.items()
    }


def _compare(
    makers: Makers, make_reference: Callable[[Problem], Program], sizes: Sizes, seconds: float, rounds: int
) -> dict[str, Any]:
    problem = make_problem(sizes)
    reference = make_reference(problem.astype(np.float64))
    programs = {name: make(problem) for name, make in makers.items() if make is not None}
    errors = {name: disagreement(program, reference) for name, program in programs.items()}
    wrong = {name: error for name, error in errors.items() if not error < TOLERANCE}
    assert not wrong, f"these programs do not compute what numpy computes in float64: {wrong}"
    return {"sizes": sizes._asdict(), "errors": errors, "seconds": alternate(programs, seconds, rounds)}


def measure_graph(sizes: Sizes, seconds: float, rounds: int) -> dict[str, Any]:
    """Where this library's time goes on one problem, with Python's collector on and off, and what a node weighs."""
    build, parameters = ours.builder(make_problem(sizes))
    timings = alternate(_without_graph(build()), seconds / 4, rounds)
    end = time.perf_counter() + seconds
    while rounds > 0 or time.perf_counter() < end:
        for collector in ("on", "off"):
            if collector == "off":
                gc.disable()
            start = time.process_time()
            loss = build()
            built = time.process_time()
            loss.backward()
            passed = time.process_time()
            del loss
            released = time.process_time()
            gc.enable()
            phases = {"forward": built - start, "backward": passed - built, "release": released - passed}
            for phase, duration in phases.items():
                timings.setdefault(f"{phase}, collector {collector}", []).append(duration)
            for p in parameters:
                p.grad = None
        rounds -= 1
    return {"sizes": sizes._asdict(), **_weigh(build), "seconds": timings}


def _without_graph(loss: tg.Tensor) -> dict[str, Callable[[], object]]:
    """What computes every value, or every contribution to an adjoint, and nothing else; and `evaluate`."""
    graph = tg.Graph(loss)
    others = {parameter: parameter.data * 0.5 for parameter in graph.parameters}
    values = [(node.op.value, node._arrays, node.attributes) for node in graph.nodes if node.op]
    rules = [
        (rule, (event.adjoint, event.node._data, *event.node._arrays), event.node.attributes)
        for event in tg.trace_backward(loss)
        if event.node.op
        for rule, contribution in zip(event.node.op.vjps, event.contributions, strict=False)
        if rule and contribution is not None
    ]

    def compute_values() -> None:
        for value, arrays, attributes in values:
            value(*arrays, **attributes)

    def compute_rules() -> None:
        for rule, arrays, attributes in rules:
            rule(*arrays, **attributes)

    return {"values": compute_values, "rules": compute_rules, "evaluate": lambda: graph.evaluate(others)}


def _weigh(build: Callable[[], tg.Tensor]) -> dict[str, int]:
    """How many nodes `build` makes, and the bytes they take beyond their arrays."""
    gc.collect()
    tracemalloc.start()
    loss = build()
    gc.collect()
    traced, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    graph = tg.Graph(loss)
    parameters = set(graph.parameters)  # which are older
    nodes = [node for node in graph.nodes if node not in parameters]
    values = {id(node._data): node._data for node in nodes}
    values |= {id(value.base): value.base for value in values.values() if value.base is not None}
    return {"nodes": len(nodes), "bytes beyond arrays": traced - sum(map(sys.getsizeof, values.values()))}


def measure_imports(rounds: int) -> Timings:
    """Seconds that each package takes to import where numpy is imported already; and numpy's own."""
    timings: Timings = {}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as environment["PYTHONPYCACHEPREFIX"]:
        for turn in range(rounds + 1):  # the first one compiles, as installing a package does, and does not count
            for package in ("numpy", "tinygrad_rnn", "autograd", "mygrad", "torch"):
                if importlib.util.find_spec(package) is None:
                    continue
                first = "" if package == "numpy" else "import numpy; "
                timed = f"{first}import time; t = time.perf_counter(); import {package}; print(time.perf_counter() - t)"
                child = subprocess.run(
                    [sys.executable, "-c", timed],
                    cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
                )  # fmt: skip
                if turn > 0:
                    timings.setdefault(package, []).append(float(child.stdout))
    return timings


def measure_drawing(steps: Sequence[int] = DRAWN_STEPS, rounds: int = DRAWING_ROUNDS) -> dict[str, dict[str, Any]]:
    """For every way of drawing and number of steps the seconds of some rounds, or why there are none; and the bytes."""
    return {
        way: {str(n): _draw_repeatedly(way, n, rounds) for n in steps}
        for way, (_, packages) in WAYS.items()
        if all(map(importlib.util.find_spec, packages))
    }


def _draw_repeatedly(way: str, steps: int, rounds: int) -> dict[str, Any]:
    seconds: list[float] = []
    while len(seconds) < rounds and sum(seconds) < DRAWING_SECONDS:
        measured = _draw(way, steps)
        if isinstance(measured["seconds"], str):
            return measured
        seconds.append(measured["seconds"])
    return {**measured, "seconds": seconds}


def _draw(way: str, steps: int) -> dict[str, Any]:
    """Draw in a process of its own, and end it with all that it has started when its time is up."""
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.drawing", way, str(steps), folder],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            printed, errors = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return {"seconds": "failed", "bytes": None}
    measured: dict[str, Any] = json.loads(printed.splitlines()[-1]) if printed else {"seconds": 0}
    if child.returncode == -signal.SIGKILL or measured["seconds"] > LIMIT:
        return {"seconds": f"> {LIMIT} s", "bytes": None}
    if child.returncode:
        print(errors, file=sys.stderr)
        return {"seconds": "failed", "bytes": None}
    return measured
