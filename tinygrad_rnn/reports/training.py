"""Training runs as people watch them: progress, curves at the end, samples and scores."""

from __future__ import annotations

import csv
import io
import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn.drawing.plots import plot_style
from tinygrad_rnn.drawing.theme import THEMES
from tinygrad_rnn.errors import DataError, SettingError
from tinygrad_rnn.files import replace_file
from tinygrad_rnn.node import no_grad
from tinygrad_rnn.reports.figures import SIZE
from tinygrad_rnn.reports.results import SPANS
from tinygrad_rnn.reports.terminal import show_training
from tinygrad_rnn.training.predictor import Predictor
from tinygrad_rnn.training.run_settings import SUNSPOTS, Source
from tinygrad_rnn.training.runs import METRICS, Run, load_best
from tinygrad_rnn.training.sampling import sample
from tinygrad_rnn.training.streams import parallel_streams
from tinygrad_rnn.training.sunspots import TRAINING, UNIT, error_unit, load_sunspots
from tinygrad_rnn.training.text import encode

if TYPE_CHECKING:
    from types import FrameType

    from matplotlib.axes import Axes

CURVES = "curves.svg"


def run_training(run: Run) -> None:
    """Train until the run is over, show its progress, and draw its curves.

    The first Ctrl-C lets the update finish and saves.

    Raises:
        KeyboardInterrupt: after Ctrl-C, with everything saved.
    """
    with _noticed_interrupt() as interrupted, show_training(run) as watch:
        for update in run.updates():
            watch(update)
            if interrupted.is_set():
                run.save()
                raise KeyboardInterrupt(f"interrupted and saved; go on with --resume {run.folder}")
    replace_file(run.folder / CURVES, draw_curves(run.folder / METRICS))


@contextmanager
def _noticed_interrupt() -> Iterator[threading.Event]:
    """Set an event at the first Ctrl-C; a second one interrupts at once."""
    interrupted = threading.Event()

    def notice(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    before: Any = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, notice)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def report_run(run: Run) -> str:
    """A line on what came of it."""
    epoch, loss = run.best
    return f"{run.folder}: {run.updates_done} updates; best in epoch {epoch}: {score(run, loss)} on the validation data"


def score(run: Run, loss: float) -> str:
    """A mean loss in words: of characters in nats and bits, of numbers in their own unit squared."""
    return _score(loss, bool(run.source.alphabet), run.source.deviation)


def _score(loss: float, is_text: bool, deviation: float) -> str:
    if is_text:
        return f"{loss:.4f} nats ({loss / math.log(2):.4f} bits) per character"
    return f"mean squared error {loss * deviation**2:.6g}, {loss:.4f} of the variance learnt from"


def sample_text(folder: Path, prompt: str | None, length: int, temperature: float, seed: int) -> Iterator[str]:
    """Characters that a run's best network makes up after a prompt.

    Without a prompt it goes on from a line end, or where the text that it learnt from has none from a space or
    whatever character comes first.

    Raises:
        RunError: the folder is malformed, or not a run's.
        SettingError: the run is not about text, or the prompt is empty.
        DataError: the prompt has a character that the network does not know.
    """
    net, source = load_best(folder)
    if not source.alphabet:
        raise SettingError(f"{folder} is a run on a series of numbers; only one on text can be sampled from")
    if prompt is None:
        prompt = "\n" if "\n" in source.alphabet else source.alphabet[0]
    if not prompt:
        raise SettingError("a prompt has at least one character")
    codes = encode(prompt, source.alphabet, "the prompt")
    characters = sample(net, codes, temperature, np.random.default_rng(seed))
    return (source.alphabet[next(characters)] for _ in range(length))


def evaluate_file(folder: Path, path: Path) -> str:
    """How well a run's best network predicts a file, in words; the sunspot numbers by spans of years.

    Raises:
        RunError: the folder is malformed, or not a run's.
        DataError: the file is not such as the run learnt from, too short, or of numbers too large to be squared.
    """
    net, source = load_best(folder)
    if str(path) == SUNSPOTS and not source.alphabet:
        return _evaluate_sunspots(net, source)
    data = source.read(path)
    if len(data) < 2:
        raise DataError(f"{path} is too short: there is nothing to predict")
    with np.errstate(over="ignore"):  # the error below tells more than numpy's warning
        loss = net.evaluate(*parallel_streams(data, 1))
    if not math.isfinite(loss):
        raise DataError(f"{path}: numbers so far from those learnt from that the loss is not finite")
    return f"{_score(loss, bool(source.alphabet), source.deviation)}, over {len(data) - 1:,} predictions"


def _evaluate_sunspots(net: Predictor, source: Source) -> str:
    """A line for each span that the results are given for: each year is forecast from all years before it."""
    series = load_sunspots().until(UNIT.last)
    normalised = (series.numbers - source.mean) / source.deviation
    with no_grad():
        predictions, _ = net.predict(normalised[:-1, None], net.initial_state(1))
    forecast = np.concatenate([[np.nan], source.mean + source.deviation * predictions.data.ravel()])
    errors = {span: series.mean_squared_error(forecast, span) for span in SPANS.values()}
    return "\n".join(
        f"{span}, {'training' if span.last == TRAINING.last else 'test'} years: mean squared error {error:.6g}, "
        f"{error / error_unit(series):.4f} of the variance of {UNIT}"
        for span, error in errors.items()
    )


# ---------------------------------------------------------------------- curves


def draw_curves(metrics: Path) -> bytes:
    """The losses and the gradient's norm over the updates in a metrics.csv, as SVG."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with metrics.open(encoding="ascii", newline="") as lines:
        rows = list(csv.DictReader(lines))
    theme = THEMES["light"]
    with style.context(["default", {**plot_style(theme), "svg.fonttype": "none", "svg.hashsalt": "curves"}]):
        figure = Figure((SIZE[0], 1.6 * SIZE[1]), layout="constrained")
        losses, norms = figure.subplots(2, sharex=True)
        _plot(losses, rows, "loss", theme.kinds["state"].pen, "loss")
        _plot(losses, rows, "validation_loss", theme.kinds["loss"].pen, "validation loss")
        _plot(norms, rows, "gradient_norm", theme.kinds["state"].pen, "gradient norm")
        losses.set(ylabel="loss of a step")
        norms.set(ylabel="gradient norm", xlabel="update", yscale="log")
        losses.legend()
        svg = io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return svg.getvalue()


def _plot(axes: Axes, rows: list[dict[str, str]], column: str, colour: str, label: str) -> None:
    known = [(int(row["update"]), float(row[column])) for row in rows if row[column]]
    if known:
        axes.plot(*zip(*known, strict=True), color=colour, lw=1, label=label)
