"""What recurrent networks learn here, beside simple baselines: the numbers of docs/results.md.

    OPENBLAS_NUM_THREADS=1 python docs/results.py --text tinyshakespeare.txt [--runs DIR] [--anew] [ROW …]

measures what docs/results.json lacks of all rows, or of those whose names begin with a ROW: seed 0 of every row, then
seed 1, and so on. A seed's numbers are kept in docs/results.json as soon as it is finished; docs/results.md and its
pictures are written from that file alone, by docs/results_page.py.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from results_page import write_page

from tinygrad_rnn import nn, training
from tinygrad_rnn.errors import TinygradRNNError
from tinygrad_rnn.files import replace_file
from tinygrad_rnn.node import Array, Tensor, no_grad
from tinygrad_rnn.reports.results import ORDER, SPANS
from tinygrad_rnn.reports.sunspot_network import Forecaster, Settings, train_network
from tinygrad_rnn.reports.training import run_training
from tinygrad_rnn.training.predictor import Predictor
from tinygrad_rnn.training.run_settings import RunSettings, find_source, split_point
from tinygrad_rnn.training.runs import Run, load_best
from tinygrad_rnn.training.sunspots import TRAINING, Sunspots, error_unit
from tinygrad_rnn.training.text import encode, read_text

DOCS = Path(__file__).parent
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
Numbers = dict[str, Any]


# ---------------------------------------------------------------------- networks


def make_layer(kind: str, inputs: int, hidden: int, random: Any, dtype: type) -> nn.Module:
    """A recurrent layer; an "irnn" as Le et al. 2015 start it, an LSTM with a forget gate that is open at first."""
    if kind == "irnn":
        layer = nn.RNN(inputs, hidden, nonlinearity="relu", dtype=dtype)
        weights = random.normal(scale=0.001, size=(hidden, inputs))
        biases = dict.fromkeys(("bias_ih_l0", "bias_hh_l0"), np.zeros(hidden))
        layer.load_state_dict({"weight_ih_l0": weights, "weight_hh_l0": nn.init.identity(hidden), **biases})
        return layer
    layer = LAYERS[kind](inputs, hidden, seed=random, dtype=dtype)
    if kind == "lstm":
        biases = {"bias_ih_l0": nn.init.forget_gate_bias(hidden), "bias_hh_l0": np.zeros(4 * hidden)}
        layer.load_state_dict({**layer.state_dict(), **biases})
    return layer


class Network(nn.Module):
    """A recurrent layer, and a linear map from its outputs."""

    def __init__(self, kind: str, inputs: int, hidden: int, outputs: int, seed: int, dtype: type) -> None:
        random = np.random.default_rng(seed)
        self.layer = make_layer(kind, inputs, hidden, random, dtype)
        self.head = nn.Linear(hidden, outputs, seed=random, dtype=dtype)

    def unroll(self, xs: Array, targets: Array | None = None) -> SimpleNamespace:
        """Outputs and, where there are targets, their mean squared error: what a `Forecaster` needs of a network."""
        outputs = self.head(self.layer(xs)[0])
        loss = None if targets is None else nn.squared_error(outputs, targets) / len(xs)
        return SimpleNamespace(outputs=outputs.data, loss=loss)


# ---------------------------------------------------------------------- sunspots


def make_forecaster(kind: str, learnt: Sunspots, settings: Settings, seed: int) -> Forecaster:
    """The demo's forecaster, with another network in it unless it is an Elman network."""
    forecaster = Forecaster(learnt, settings, seed)
    if kind != "elman":
        forecaster.net = Network(kind, 1, settings.hidden_size, 1, seed, np.float64)
    return forecaster


def sunspots(kind: str, settings: Settings, seed: int) -> Numbers:
    """Mean squared errors one year ahead in units of the variance, by span of years."""
    series = training.load_sunspots()
    learnt = series.until(TRAINING.last)
    if kind == "ar12":
        forecast = training.forecast_linearly(series.numbers, ORDER, len(learnt.numbers))
    else:
        trained = train_network(learnt, settings, seed, lambda *_: None, partial(make_forecaster, kind))
        forecast = trained.forecaster.forecast(series)
    unit = error_unit(series)
    return {name: series.mean_squared_error(forecast, span) / unit for name, span in SPANS.items()}


# ---------------------------------------------------------------------- made-up tasks


def adding_loss(net: Network, steps: int, batch: int, random: np.random.Generator) -> Tensor:
    """The mean squared error of the sums that are given at the last step."""
    xs, sums = training.adding_problem(steps, batch, random)
    return nn.squared_error(net.head(net.layer.unroll(xs).outputs[-1]), sums) / batch


def copy_loss(net: Network, delay: int, batch: int, random: np.random.Generator) -> Tensor:
    """The mean cross-entropy of all steps, in nats."""
    inputs, targets = training.copy_memory(delay, batch, random)
    return nn.cross_entropy(net.head(net.layer(np.eye(10)[inputs])[0]), targets) / targets.size


class Task(NamedTuple):
    """A made-up task: its loss, and the numbers of features that go in and out."""

    loss: Callable[[Network, int, int, np.random.Generator], Tensor]
    inputs: int
    outputs: int


TASKS = {"adding": Task(adding_loss, 2, 1), "copy": Task(copy_loss, 10, 10)}
HIDDEN = BATCH = 32
RATES = {"rnn": 0.001, "irnn": 0.001, "lstm": 0.01, "gru": 0.01}
PLAN = (  # task, steps, updates
    ("adding", 50, 1500),
    ("adding", 100, 1500),
    ("adding", 200, 1500),
    ("copy", 20, 6000),
    ("copy", 50, 6000),
)
CLIP = 1.0
POINTS, FRESH = 30, 1000  # points of a learning curve, and sequences that make a row's loss


def learn(task: Task, steps: int, kind: str, updates: int, seed: int) -> Numbers:
    """Train on sequences drawn anew for every update; the loss on fresh ones, and the learning curve."""
    net = Network(kind, task.inputs, HIDDEN, task.outputs, seed, np.float32)
    drawn = partial(task.loss, net, steps, BATCH, np.random.default_rng([seed, 1]))
    curve = list(islice(training.train(training.Adam(net.parameters, RATES[kind]), drawn, CLIP), updates))
    with no_grad():
        loss = task.loss(net, steps, FRESH, np.random.default_rng([seed, 2])).item()
    points = np.reshape(curve, (min(POINTS, updates), -1)).mean(axis=1)
    return {"updates": updates, "loss": loss, "curve": points.tolist()}


# ---------------------------------------------------------------------- characters


def ngrams(text: Path, orders: Sequence[int]) -> Numbers:
    """Nats per character of the text's last tenth, by order of a model of the rest."""
    characters = read_text(text)
    alphabet = "".join(sorted(set(characters)))
    codes = encode(characters, alphabet, str(text))
    split = split_point(len(codes), RunSettings().validation)
    return {str(order): training.NGram(codes[:split], order, len(alphabet)).nats(codes[split:]) for order in orders}


def characters(text: Path, runs: Path, settings: RunSettings, seed: int) -> Numbers:
    """Nats per character of the text's last tenth, read as one stream by the best network of a new run."""
    settings = replace(settings, seed=seed)
    runs.mkdir(exist_ok=True)
    folder = runs / f"{settings.cell}-{settings.epochs}-{seed}"
    run = Run.start(folder, settings, find_source(text, None, settings.validation))
    run_training(run)
    net, source = load_best(folder)
    codes = source.read(text)
    last = codes[split_point(len(codes), settings.validation) :]
    return {
        "nats": net.evaluate(*training.parallel_streams(last, 1)),
        "epochs": run.updates_done // run.updates_per_epoch,
        "best_epoch": run.best[0],
    }


def our_updates(kind: str, settings: RunSettings, symbols: int) -> Callable[[Array], None]:
    """Updates as a run makes them, each from characters (window + 1, batch)."""
    net = Predictor(kind, symbols, settings.hidden, 1, 0.0, 0, settings.dtype)
    adam = training.Adam(net.parameters, settings.learning_rate)

    def mean_loss(inputs: Array, targets: Array, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        loss, after = net.loss(inputs, targets, state)
        return loss / targets.size, after

    window = settings.window
    bptt = training.TruncatedBPTT(mean_loss, net.initial_state(settings.batch), window, window)

    def update(codes: Array) -> None:
        adam.zero_grad()
        bptt.backward(codes[:-1], codes[1:])
        training.clip_grad_norm(adam.parameters, settings.clip)
        adam.step()

    return update


def pytorch_updates(kind: str, settings: RunSettings, symbols: int) -> Callable[[Array], None]:
    """The same with PyTorch's fused layer."""
    import torch
    from torch.nn.functional import cross_entropy, one_hot

    torch.set_num_threads(1)
    layer = getattr(torch.nn, kind.upper())(symbols, settings.hidden)
    head = torch.nn.Linear(settings.hidden, symbols)
    parameters = [*layer.parameters(), *head.parameters()]
    adam = torch.optim.Adam(parameters, settings.learning_rate)
    state: Any = None

    def update(codes: Array) -> None:
        nonlocal state
        adam.zero_grad()
        numbers = torch.tensor(codes)
        outputs, after = layer(one_hot(numbers[:-1], symbols).float(), state)
        cross_entropy(head(outputs).flatten(0, 1), numbers[1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
        adam.step()
        state = tuple(part.detach() for part in after) if isinstance(after, tuple) else after.detach()

    return update


def beside_pytorch(kind: str, settings: RunSettings, symbols: int, rounds: int, seed: int) -> Numbers:
    """Processor time of an update in milliseconds, the medians of ours and PyTorch's, and the median of their ratio."""
    makers = {"ours": our_updates, "pytorch": pytorch_updates}
    programs = {name: make(kind, settings, symbols) for name, make in makers.items()}
    timings: dict[str, list[float]] = {name: [] for name in programs}
    random = np.random.default_rng(seed)
    for _ in range(3 + rounds):  # the first three are not counted
        codes = random.integers(0, symbols, (settings.window + 1, settings.batch))
        for name, update in programs.items():
            start = time.process_time()
            update(codes)
            timings[name].append(1000 * (time.process_time() - start))
    counted = {name: times[3:] for name, times in timings.items()}
    ratios = [ours / theirs for ours, theirs in zip(*counted.values(), strict=True)]
    return {"ratio": median(ratios), **{name: median(times) for name, times in counted.items()}, "rounds": rounds}


# ---------------------------------------------------------------------- rows


SEEDS = 5


class Row(NamedTuple):
    """How a row's numbers are measured with a seed, and with how many."""

    measure: Callable[[int], Numbers]
    seeds: int = SEEDS


def make_rows(text: Path, runs: Path) -> dict[str, Row]:
    """Every row by its name, in the page's order."""
    rows = {"sunspots-ar12": Row(partial(sunspots, "ar12", Settings()), 1)}
    for kind in ("elman", *LAYERS):
        rows[f"sunspots-{kind}"] = Row(partial(sunspots, kind, Settings()))
    for task, steps, updates in PLAN:
        for kind in RATES:
            rows[f"{task}-{steps}-{kind}"] = Row(partial(learn, TASKS[task], steps, kind, updates))
    rows["characters-ngrams"] = Row(lambda _: ngrams(text, range(8)), 1)
    for cell, epochs, seeds in (("rnn", 6, SEEDS), ("gru", 6, SEEDS), ("lstm", 6, SEEDS), ("lstm", 30, 3)):
        settings = RunSettings(cell=cell, epochs=epochs)
        rows[f"characters-{cell}-{epochs}"] = Row(partial(characters, text, runs, settings), seeds)
    for kind in LAYERS:
        rows[f"speed-{kind}"] = Row(partial(beside_pytorch, kind, RunSettings(), 65, 50), 1)
    return rows


def read_numbers(store: Path) -> dict[str, list[Numbers]]:
    """The numbers that are known: of each row those of seeds 0, 1, 2, …."""
    return json.loads(store.read_text()) if store.exists() else {}


def write_numbers(store: Path, known: Mapping[str, Sequence[Numbers]]) -> None:
    """Keep the numbers, a line for each seed."""
    rows = [f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, seeds)) + "\n]" for name, seeds in known.items()]
    replace_file(store, ("{\n" + ",\n".join(rows) + "\n}\n").encode())


def measure_missing(store: Path, rows: Mapping[str, Row], chosen: Sequence[str]) -> None:
    """Measure what is not known of the chosen rows: their first seeds, then their second ones, and so on."""
    for seed in range(max(rows[name].seeds for name in chosen)):
        for name in chosen:
            if not len(read_numbers(store).get(name, ())) <= seed < rows[name].seeds:
                continue
            print(name, seed, flush=True)
            start = time.process_time()
            numbers = rows[name].measure(seed)
            numbers["seconds"] = round(time.process_time() - start, 1)
            known = read_numbers(store)
            known.setdefault(name, []).append(numbers)
            write_numbers(store, {row: known[row] for row in rows if row in known})


def main(arguments: Sequence[str] | None = None, docs: Path = DOCS) -> None:
    """Measure rows, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("rows", metavar="ROW", nargs="*", default=[""], help="the beginning of rows' names; all rows if none")
    add("--text", metavar="FILE", type=Path, default=Path("tinyshakespeare.txt"), help="tiny Shakespeare")
    add("--runs", metavar="DIR", type=Path, default=Path("runs"), help="where runs are made")
    add("--anew", action="store_true", help="forget what is known of the rows first")
    options = parser.parse_args(arguments)
    store = docs / "results.json"
    rows = make_rows(options.text, options.runs)
    for beginning in options.rows:
        if not any(name.startswith(beginning) for name in rows):
            parser.error(f"no row's name begins with {beginning}; the rows are {', '.join(rows)}")
    chosen = [name for name in rows if name.startswith(tuple(options.rows))]
    try:
        if options.anew:
            write_numbers(store, {row: kept for row, kept in read_numbers(store).items() if row not in chosen})
        measure_missing(store, rows, chosen)
        write_page(docs)
    except (TinygradRNNError, OSError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
