"""The command: measures what is asked for, prints it as Markdown tables, and writes the document of a full run."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import graphviz
import numpy as np

from . import checkpointing, measures, recurrent
from .drawing import LIMIT
from .engines import REFERENCE, load_directional, load_programs
from .problem import SIZES
from .timing import quartiles, ratio

COMMAND = "python -m tests.benchmarks"
ROWS = (*SIZES, "recurrent", "directional", "checkpointing", "graph", "imports", "drawing")
GOALS = {"sunspot": 0.6, "minchar": 0.8, "mid": 0.8, "large": 1.0, "long": 0.8}
DIRECTIONAL = ("sunspot", "minchar", "mid")
PHASES = ("forward", "backward", "release")
PACKAGES = ("numpy", "torch", "autograd", "mygrad", "torchviz", "torchlens")
DOCUMENT = measures.ROOT / "docs" / "benchmarks.md"
RAW = DOCUMENT.with_suffix(".json")

Results = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, where everything was measured in full, write the document and the raw timings."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=main.__doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS, help="measure these alone, and write nothing")
    parser.add_argument("--keep", action="store_true", help="write all the same, with the other rows as they were")
    parser.add_argument("--quick", action="store_true", help="few repetitions, and write nothing")
    options = parser.parse_args(arguments)
    if options.keep and options.quick:
        parser.error("what --quick measures is not written beside anything")
    kept = read_kept(describe_machine()) if options.keep else {}
    seconds, rounds = (0.5, 3) if options.quick else (30.0, 11)
    raw = to_json(merge(kept, measure(options.rows, seconds, rounds)))
    text = render(json.loads(raw))
    print(text)
    if options.keep or (tuple(options.rows) == ROWS and not options.quick):
        DOCUMENT.write_text(text, encoding="utf-8")
        RAW.write_text(raw, encoding="utf-8")


def read_kept(machine: dict[str, str]) -> Results:
    """The raw numbers that the last run has written.

    Raises:
        SystemExit: they come from another machine, or from other versions.
    """
    kept: Results = json.loads(RAW.read_text(encoding="utf-8"))
    others = [f"{what} {which}" for what, which in kept["machine"].items() if machine.get(what) != which]
    if others:
        raise SystemExit(f"{RAW.name} was measured with {', '.join(others)}; measure all rows anew")
    return kept


def merge(kept: Results, measured: Results) -> Results:
    """What was measured, and what was kept of the rows that were not."""
    return {**kept, **measured, "engines": {**kept.get("engines", {}), **measured["engines"]}}


def measure(rows: Sequence[str], seconds: float, rounds: int) -> Results:
    """The raw numbers of the rows asked for; each problem gets at least so many seconds and rounds."""
    load_programs()
    gc.collect()
    gc.freeze()  # what importing the peers leaves behind would otherwise be walked in every full collection
    results: Results = {"command": COMMAND, "machine": describe_machine()}
    results["engines"] = {
        name: measures.compare_engines(sizes, seconds, rounds) for name, sizes in SIZES.items() if name in rows
    }
    if "recurrent" in rows:
        results["recurrent"] = {
            kind: {
                name: recurrent.compare(kind, sizes, seconds / 3, rounds) for name, sizes in recurrent.COMPARED.items()
            }
            for kind in recurrent.KINDS
        }
    if "checkpointing" in rows:
        results["checkpointing"] = {
            name: checkpointing.compare(sizes, 3) for name, sizes in checkpointing.NETWORKS.items()
        }
    if "directional" in rows:
        results["directional"] = {
            name: measures.compare_directional(SIZES[name], seconds / 4, rounds) for name in DIRECTIONAL
        }
    if "graph" in rows:
        results["graph"] = {name: measures.measure_graph(sizes, seconds / 15, rounds) for name, sizes in SIZES.items()}
    if "imports" in rows:
        results["imports"] = measures.measure_imports(rounds)
    if "drawing" in rows:
        results["drawing"] = measures.measure_drawing()
    return results


def describe_machine() -> dict[str, str]:
    """The processor and the versions, in general terms."""
    names = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", names.read_text()) if names.exists() else None
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    machine = {
        "processor": f"{found[1] if found else platform.machine()}, {os.cpu_count()} cores",
        "system": platform.system(),
        "Python": platform.python_version(),
        "BLAS of numpy": f"{blas['name']} {blas['version']}",
    }
    for package in PACKAGES:
        try:
            machine[package] = version(package)
        except PackageNotFoundError:
            machine[package] = "not installed"
    try:
        machine["Graphviz"] = ".".join(map(str, graphviz.version()))
    except graphviz.ExecutableNotFound:
        machine["Graphviz"] = "not installed"
    return machine


def to_json(results: Results) -> str:
    """The raw numbers, one line for each list."""
    rounded = json.loads(json.dumps(results), parse_float=lambda digits: float(f"{float(digits):.5g}"))
    text = json.dumps(rounded, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda numbers: " ".join(numbers[0].split()), text) + "\n"


# ---------------------------------------------------------------------- Markdown


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is flush left, the others right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ratio_table(engines: Results) -> str:
    """Each program's time over the reference's."""
    rows = [[name, *[_ratio(engines[problem], name) for problem in engines]] for name in load_programs()]
    rows.append(["goal for tinygrad_rnn", *[f"≤ {GOALS[problem]:.1f}" for problem in engines]])
    return table(["", *engines], rows)


def recurrent_table(kinds: Results) -> str:
    """The layers' time over that of others, and a lower bound."""
    over = recurrent.CELL
    rows = [
        [f"{kind} over {name}", *[f"{ratio(sizes['seconds'], recurrent.OURS, name):.2f}" for sizes in by_size.values()]]
        for name in (over, recurrent.LAYER, recurrent.BY_HAND)
        for kind, by_size in kinds.items()
        if name in next(iter(by_size.values()))["seconds"]
    ]
    rows += [
        [f"{kind}: {recurrent.PRODUCTS} over {over}",
         *[f"{ratio(sizes['seconds'], recurrent.PRODUCTS, over):.2f}" for sizes in by_size.values()]]
        for kind, by_size in kinds.items()
        if over in next(iter(by_size.values()))["seconds"]
    ]  # fmt: skip
    rows += [[f"goal over {name}", *[f"≤ {goal}"] * len(recurrent.COMPARED)] for name, goal in recurrent.GOALS.items()]
    return table(["", *recurrent.COMPARED], rows)


def checkpointing_table(networks: Results) -> str:
    """The time and memory of each way over those of the plain graph."""
    plain = checkpointing.PLAIN
    rows = [
        [f"{network}: {way}", f"{ratio(measured['seconds'], way, plain):.2f}",
         f"{most / measured['bytes'][plain]:.2%}", f"{most / 1e6:.1f}"]
        for network, measured in networks.items()
        for way, most in measured["bytes"].items()
    ]  # fmt: skip
    return table(["", "time", "memory", "MB"], rows)


def directional_table(directional: Results) -> str:
    """Each program's time over the reference's, for both kinds of derivatives."""
    columns = [(kind, problem) for kind in ("jvp", "hvp") for problem in directional]
    rows = [
        [name, *[_ratio(directional[problem][kind], name) for kind, problem in columns]]
        for name in load_directional("jvp")
    ]
    return table(["", *[f"{kind}, {problem}" for kind, problem in columns]], rows)


def _ratio(measured: Results, name: str) -> str:
    timings = measured["seconds"]
    if name not in timings or REFERENCE not in timings:
        return "not installed"
    return f"{ratio(timings, name, REFERENCE):.2f}"


def time_table(engines: Results) -> str:
    """Each program's median time and quartiles, in milliseconds."""
    rows = [[name, *[_milliseconds(engines[problem]["seconds"].get(name)) for problem in engines]]
            for name in load_programs()]  # fmt: skip
    return table(["ms", *engines], rows)


def _milliseconds(timings: Sequence[float] | None) -> str:
    if timings is None:
        return "not installed"
    lower, middle, upper = [1000 * seconds for seconds in quartiles(timings)]
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 2
    return f"{middle:,.{digits}f} ({lower:,.{digits}f} – {upper:,.{digits}f})"


def graph_table(graphs: Results) -> str:
    """Where the library's own time goes, and what its nodes weigh."""
    rows = []
    for problem, measured in graphs.items():
        nodes = measured["nodes"]
        seconds = {what: median(timings) for what, timings in measured["seconds"].items()}
        forward, backward, release = (seconds[f"{phase}, collector on"] for phase in PHASES)
        total = forward + backward + release
        collector = total - sum(seconds[f"{phase}, collector off"] for phase in PHASES)
        durations = (
            forward, seconds["values"], seconds["evaluate"], backward, seconds["rules"], release, collector
        )  # fmt: skip
        rows.append([
            problem,
            f"{nodes:,}",
            *[f"{1e6 * duration / measured['sizes']['steps']:.1f}" for duration in durations],
            f"{nodes / total:,.0f}",
            f"{measured['bytes beyond arrays'] / nodes:.0f}",
        ])  # fmt: skip
    return table(
        ["", "nodes", "forward", "(values)", "(evaluate)", "backward", "(rules)", "release", "(collector)",
         "nodes per second", "bytes per node"],
        rows,
    )  # fmt: skip


def import_table(imports: Results) -> str:
    """What each import adds."""
    rows = [[package, _milliseconds(timings)] for package, timings in imports.items()]
    return table(["ms to import", ""], rows)


def drawing_tables(drawing: Results) -> dict[str, str]:
    """The seconds of every way of drawing, and the bytes that it writes."""
    shown = {"seconds": _seconds, "bytes": _bytes}
    return {
        what: table(
            [what, *[f"{steps} steps" for steps in next(iter(drawing.values()))]],
            [[way, *[show(measured[what]) for measured in by_steps.values()]] for way, by_steps in drawing.items()],
        )
        for what, show in shown.items()
    }


def _seconds(timings: Sequence[float] | str) -> str:
    return timings if isinstance(timings, str) else f"{median(timings):.2f}"


def _bytes(size: int | None) -> str:
    if size is None:
        return "–"
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def render(results: Results) -> str:
    """The document: what was measured of it."""
    parts = [TITLE.format(command=COMMAND)]
    machine = "\n".join(f"- {what}: {which}" for what, which in results["machine"].items())
    parts.append(f"## The machine\n\n{machine}")
    if engines := results["engines"]:
        sizes = [[what, *[str(engines[problem]["sizes"][what]) for problem in engines]]
                 for what in ("batch", "steps", "inputs", "hidden", "outputs")]  # fmt: skip
        rounds = ["rounds", *[str(len(engines[problem]["seconds"]["tinygrad_rnn"])) for problem in engines]]
        worst = max(error for measured in engines.values() for error in measured["errors"].values())
        parts.append(ENGINES.format(
            ratios=ratio_table(engines), times=time_table(engines), sizes=table(["", *engines], [*sizes, rounds]),
            worst=worst, reference=REFERENCE,
        ))  # fmt: skip
    if "recurrent" in results:
        parts.append(RECURRENT.format(table=recurrent_table(results["recurrent"])))
    if "directional" in results:
        parts.append(DIRECTIONAL_TEXT.format(table=directional_table(results["directional"]), reference=REFERENCE))
    if "checkpointing" in results:
        parts.append(CHECKPOINTING.format(
            table=checkpointing_table(results["checkpointing"]), steps=f"{checkpointing.STEPS:,}"
        ))  # fmt: skip
    if "graph" in results:
        parts.append(GRAPH.format(table=graph_table(results["graph"])))
    if "imports" in results:
        parts.append(IMPORTS.format(table=import_table(results["imports"])))
    if "drawing" in results:
        limits = {"limit": LIMIT, "rounds": measures.DRAWING_ROUNDS, "enough": measures.DRAWING_SECONDS}
        parts.append(DRAWING.format(**drawing_tables(results["drawing"]), **limits))
    return "\n\n".join(parts) + "\n"


TITLE = """\
# Benchmarks

This page is written by `{command}`, which measures all of it anew; the raw timings are in
[benchmarks.json](benchmarks.json). `pip install -e .[bench]` installs what the library is compared with."""

ENGINES = """\
## Forward and backward of an unrolled Elman network

Time of a forward and a backward pass over that of {reference}, float32, one thread; less is faster.

{ratios}

Each entry is the median, over rounds, of a program's time over {reference}'s in the same round. In a round every
program runs once, in one process and in random order. Time is the processor's: what the clock would show on a machine
with nothing else to do. Python's garbage collector is on, as it is for everybody; what the imports have left behind is
frozen first, because importing PyTorch alone leaves hundreds of thousands of objects that every full collection would
walk, whosever turn it is.

All programs compute the same thing. Before anything is timed, the loss and the five gradients of each are compared
with numpy's in float64: the largest relative error is {worst:.0e}.

h_t = tanh(W_xh x_t + W_hh h_{{t−1}} + b_h), o_t = W_oh h_t + b_o, L = 1/(T·B) Σ_t ‖o_t − y_t‖²

{sizes}

- *tinygrad_rnn* is these equations in a loop, each step marked with `tg.step`; `nn.ElmanRNN.unroll` also labels the
  nodes, keeps them by time step, and puts the factor 1/(T·B) into each step's term of the loss.
- *PyTorch eager* is the same loop with `torch.nn.functional.linear`, *HIPS autograd* a function under
  `value_and_grad`, *MyGrad* the loop with its tensors, which lock the arrays they use unless memory guarding is off.
- *numpy by hand, naive* is backpropagation through time as one writes it down: one expression a formula, one product
  a step. *Fused* moves all products but the recurrence's own out of the loops, and writes into arrays made once.

The hand-written programs are not engines: they compute this one gradient, and keep no graph that could be drawn,
differentiated again or taken apart. `torch.nn.RNN`, `torch.compile` and `jax.jit` are not in the table either; they
compile the loop, or call one written for the purpose.

Median times in milliseconds, with their quartiles:

{times}"""

RECURRENT = """\
## Recurrent layers

`nn.RNN`, `nn.LSTM` and `nn.GRU`, one layer, every gate of every step a node: the time of a forward and a backward pass
of L = Σ_t Σ w_t ⊙ h_t over that of the same in PyTorch, with its cell in a loop and with its layer, which is one
operation; measured as above, on the sizes above without their output. Before anything is timed, the loss and the
gradients of all are compared.

{table}

- *numpy by hand* has one function for all gates of a step, between two products, with a derivative written by hand,
  as Chainer's `lstm` has. It keeps no graph, and tells what explicit gates cost beside it.
- *The matrix products alone* are those of this library, step by step, and nothing else: what no other work can take
  away as long as no product is moved across steps.

With small arrays the time goes to Python, and with large ones to the products and to passes over memory: there numpy
is no faster than PyTorch, and the products alone leave little room below PyTorch's time."""

DIRECTIONAL_TEXT = """\
## Derivatives along a direction

The same network: the derivative of its loss along a direction in the space of all parameters (jvp), and the Hessian of
its loss times such a direction (hvp), each with the forward pass that it needs. Time over that of {reference}, measured
as above; before that, each result is compared with numpy's in float64.

{table}

- *tinygrad_rnn* is `tg.jvp`, and `tg.hvp`, forward mode over a backward pass; *PyTorch eager* is `torch.func.jvp`, and
  `torch.autograd.grad` twice; *HIPS autograd* is `make_jvp` and `make_hvp`."""

CHECKPOINTING = """\
## Checkpointing

An Elman network and its loss over {steps} steps by `tg.checkpoint_sequence`: the time of a forward and a backward pass
over that of the plain graph, the median of three rounds, and the most memory that Python's allocator reports over that
of the plain graph. Gradients have been compared before: they are equal bit by bit.

{table}"""

GRAPH = """\
## Where the time goes

The library's own program of the table above, in microseconds a step: building the graph (forward), backprop
(backward), and freeing the graph (release). In brackets, parts of these: what the operations' values and their
derivative rules take when they are computed alone, without a graph; and the collector's part, by which all of it is
faster when the collector is off. Beside them what `Graph.evaluate` takes to compute the output again with other
parameters, instead of building the graph anew. Nodes per second counts nodes made, differentiated and freed. Bytes per
node are those beyond the node's array.

{table}

With small arrays the time goes to Python: for each node an object, a tuple of its inputs and one of their arrays, and
for each edge a look-up, a call of a rule, and a sum. On long sequences Python's collector walks the growing graph
again and again, in vain, since a graph holds no cycles. With large arrays the time goes to numpy: to the products,
and to memory, because every value is a new array and none is ever overwritten."""

IMPORTS = """\
## Import

Each in a new process, from compiled modules; for all but numpy, where numpy is imported already.

{table}"""

DRAWING = """\
## Drawing

From an unrolled Elman network with its loss, batch 1, to a file. Seconds are the processor's, those of Graphviz
included; each drawing is given {limit} of them. Shown is the median of {rounds} processes, or of fewer where they take
more than {enough} seconds together; each has drawn a network of two steps before.

{seconds}

{bytes}

- *tinygrad_rnn* finds the places itself and leaves Graphviz to paint: every step and every operation; or folded, the
  default for long sequences, where the steps in the middle are left out. The HTML page holds the folded picture, the
  rolled one, that of every step unless the graph is large, and the numbers to step through backprop with.
- *torchviz* draws the backward graph, with the parameters' names, and leaves Graphviz's `dot` to place the nodes.
- *TorchLens* draws what it has recorded of a forward pass: every operation, placed by `dot`, as it chooses for these
  graphs, or with `layout="rank"` by itself, which takes long over the curved lines that it draws in small graphs alone;
  or rolled, where an operation that ran many times is one node. Before any of these it runs the network once and
  records it, which takes the time in the last row."""
