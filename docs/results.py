"""What recurrent networks learn here, beside simple baselines: the numbers of docs/results.md.

    OPENBLAS_NUM_THREADS=1 python docs/results.py --text tinyshakespeare.txt [--runs DIR] [ROW …]

measures the rows that docs/results.json has no numbers for, or those whose names begin with a ROW, one after the
other. A row's numbers are kept in docs/results.json as soon as it is finished; docs/results.md and docs/adding.svg
are written from that file alone, by docs/results_page.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from results_page import write_page

from tinygrad_rnn import nn, training
from tinygrad_rnn.errors import RunError
from tinygrad_rnn.files import replace_file
from tinygrad_rnn.node import Array, Tensor, no_grad
from tinygrad_rnn.reports.results import ORDER, SPANS
from tinygrad_rnn.reports.sunspot_network import Forecaster, Settings, train_network
from tinygrad_rnn.reports.training import CURVES
from tinygrad_rnn.training.predictor import Predictor
from tinygrad_rnn.training.run_settings import RunSettings, split_point
from tinygrad_rnn.training.runs import CONFIG, LAST, METRICS, load_best, read_config
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


def sunspots(kind: str, settings: Settings) -> Numbers:
    """Mean squared errors one year ahead in units of the variance, by span of years; one for each seed."""
    series = training.load_sunspots()
    learnt = series.until(TRAINING.last)
    if kind == "ar12":
        forecasts = [training.forecast_linearly(series.numbers, ORDER, len(learnt.numbers))]
    else:
        make = partial(make_forecaster, kind)
        trained = [train_network(learnt, settings, seed, lambda *_: None, make) for seed in settings.seeds]
        forecasts = [network.forecaster.forecast(series) for network in trained]
    unit = error_unit(series)
    return {
        name: [series.mean_squared_error(forecast, span) / unit for forecast in forecasts]
        for name, span in SPANS.items()
    }


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
PLAN = (  # task, steps, updates, seeds
    ("adding", 50, 1500, 5),
    ("adding", 100, 1500, 3),
    ("adding", 200, 1500, 1),
    ("copy", 20, 5000, 1),
    ("copy", 50, 1500, 1),
)
CLIP = 1.0
CHUNK, FRESH = 50, 1000  # updates that make one point of a learning curve, and sequences that make a row's loss


def learn(task: Task, steps: int, kind: str, updates: int, seeds: Iterable[int]) -> Numbers:
    """Train on sequences drawn anew for every update; for each seed the loss on fresh ones, and the learning curve."""
    losses, curves = [], []
    for seed in seeds:
        net = Network(kind, task.inputs, HIDDEN, task.outputs, seed, np.float32)
        drawn = partial(task.loss, net, steps, BATCH, np.random.default_rng([seed, 1]))
        curve = list(islice(training.train(training.Adam(net.parameters, RATES[kind]), drawn, CLIP), updates))
        curves.append(np.reshape(curve, (-1, min(CHUNK, updates))).mean(axis=1).tolist())
        with no_grad():
            losses.append(task.loss(net, steps, FRESH, np.random.default_rng([seed, 2])).item())
    return {"updates": updates, "losses": losses, "curves": curves}


# ---------------------------------------------------------------------- characters


def ngrams(text: Path, orders: Sequence[int]) -> Numbers:
    """Nats per character of the text's last tenth, by order of a model of the rest."""
    characters = read_text(text)
    alphabet = "".join(sorted(set(characters)))
    codes = encode(characters, alphabet, str(text))
    split = split_point(len(codes), RunSettings().validation)
    return {str(order): training.NGram(codes[:split], order, len(alphabet)).nats(codes[split:]) for order in orders}


def characters(text: Path, folder: Path, settings: RunSettings) -> Numbers:
    """Nats per character of the text's last tenth, read as one stream by the best network of a run.

    The run is made by its command unless its folder is there already; its seconds are those between its files.
    """
    if not folder.exists():
        options = [f"--{name}={getattr(settings, name)}" for name in ("cell", "hidden", "epochs")]
        subprocess.run([sys.executable, "-m", "tinygrad_rnn", "train", text, *options, "--output", folder], check=True)
    if read_config(folder)[0] != settings or not (folder / CURVES).exists():
        raise RunError(f"{folder} is a run with other settings, or not over: go on with it by --resume")
    net, source = load_best(folder)
    codes = source.read(text)
    last = codes[split_point(len(codes), settings.validation) :]
    metrics = [line.split(",") for line in (folder / METRICS).read_text().splitlines()[1:]]
    validation = [float(line[-1]) for line in metrics if line[-1]]
    return {
        "nats": net.evaluate(*training.parallel_streams(last, 1)),
        "epochs": len(validation),
        "best_epoch": 1 + int(np.argmin(validation)),
        "run_seconds": (folder / LAST).stat().st_mtime - (folder / CONFIG).stat().st_mtime,
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


def beside_pytorch(kind: str, settings: RunSettings, symbols: int, rounds: int) -> Numbers:
    """Processor time of an update in milliseconds, the medians of ours and PyTorch's, and the median of their ratio."""
    makers = {"ours": our_updates, "pytorch": pytorch_updates}
    programs = {name: make(kind, settings, symbols) for name, make in makers.items()}
    timings: dict[str, list[float]] = {name: [] for name in programs}
    for seed in range(-3, rounds):  # the first three are not counted
        codes = np.random.default_rng(abs(seed)).integers(0, symbols, (settings.window + 1, settings.batch))
        for name, update in programs.items():
            start = time.process_time()
            update(codes)
            timings[name].append(1000 * (time.process_time() - start))
    counted = {name: times[3:] for name, times in timings.items()}
    ratios = [ours / theirs for ours, theirs in zip(*counted.values(), strict=True)]
    return {"ratio": median(ratios), **{name: median(times) for name, times in counted.items()}, "rounds": rounds}


# ---------------------------------------------------------------------- rows


def make_rows(text: Path, runs: Path) -> dict[str, Callable[[], Numbers]]:
    """Every row by its name, in the page's order."""
    rows: dict[str, Callable[[], Numbers]] = {
        f"sunspots-{kind}": partial(sunspots, kind, Settings()) for kind in ("ar12", "elman", *LAYERS)
    }
    for task, steps, updates, seeds in PLAN:
        for kind in RATES:
            rows[f"{task}-{steps}-{kind}"] = partial(learn, TASKS[task], steps, kind, updates, range(seeds))
    rows["characters-ngrams"] = partial(ngrams, text, range(8))
    for cell, epochs in (("rnn", 6), ("gru", 6), ("lstm", 6), ("lstm", 30)):
        run = f"{cell}-{epochs}"
        rows[f"characters-{run}"] = partial(characters, text, runs / run, RunSettings(cell=cell, epochs=epochs))
    for kind in LAYERS:
        rows[f"speed-{kind}"] = partial(beside_pytorch, kind, RunSettings(), symbols=65, rounds=50)
    return rows


def main(arguments: Sequence[str] | None = None, docs: Path = DOCS) -> None:
    """Measure rows, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rows", metavar="ROW", nargs="*", help="the beginning of rows' names; all missing rows if none")
    parser.add_argument(
        "--text", metavar="FILE", type=Path, default=Path("tinyshakespeare.txt"), help="tiny Shakespeare"
    )
    parser.add_argument("--runs", metavar="DIR", type=Path, default=Path("runs"), help="where runs are, or are made")
    chosen = parser.parse_args(arguments)
    store = docs / "results.json"
    rows = make_rows(chosen.text, chosen.runs)
    for beginning in chosen.rows:
        if not any(name.startswith(beginning) for name in rows):
            parser.error(f"no row's name begins with {beginning}; the rows are {', '.join(rows)}")
    for name, measure in rows.items():
        known = json.loads(store.read_text()) if store.exists() else {}
        if not name.startswith(tuple(chosen.rows)) if chosen.rows else name in known:
            continue
        print(name, flush=True)
        start = time.perf_counter()
        numbers = measure()
        numbers["seconds"] = round(time.perf_counter() - start)
        known = json.loads(store.read_text()) if store.exists() else {}
        known[name] = numbers
        in_order = {row: known[row] for row in rows if row in known}
        replace_file(store, (json.dumps(in_order, indent=1) + "\n").encode())
    write_page(docs)


if __name__ == "__main__":
    main()
