"""Runs: training in a folder that can be left at any moment and gone on with, to the same end bit for bit."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import DataError, NonFiniteError, OutputError, RunError, TinygradRNNError
from tinygrad_rnn.files import lock, remove_unfinished, write_folder
from tinygrad_rnn.node import Array, Tensor
from tinygrad_rnn.training.checkpoint import encode_checkpoint, named, part_of, read_checkpoint, write_checkpoint
from tinygrad_rnn.training.clipping import clip_grad_norm
from tinygrad_rnn.training.loop import EarlyStopping
from tinygrad_rnn.training.predictor import Predictor
from tinygrad_rnn.training.run_settings import (
    OPTIMISERS,
    RunSettings,
    Source,
    build_predictor,
    from_json,
    split_point,
    to_json,
)
from tinygrad_rnn.training.schedules import cosine, warm_up
from tinygrad_rnn.training.streams import parallel_streams
from tinygrad_rnn.training.truncated import State, TruncatedBPTT

CONFIG, METRICS, LAST, BEST = "config.json", "metrics.csv", "checkpoint.safetensors", "best.safetensors"
HEADER = "update,epoch,loss,gradient_norm,learning_rate,validation_loss\n"


class Update(NamedTuple):
    """What is known after an update.

    Attributes:
        number: the update's, from 1.
        epoch: from 1.
        loss: the mean loss of a step before the update; of a character in nats, of a number squared, normalised.
        norm: the gradient's, before clipping.
        learning_rate: the update's.
        validation: the mean loss of a step of the validation data, at an epoch's end; else None.
    """

    number: int
    epoch: int
    loss: float
    norm: float
    learning_rate: float
    validation: float | None

    def as_line(self) -> str:
        """A line of metrics.csv; every number can be read back exactly."""
        validation = "" if self.validation is None else repr(self.validation)
        return f"{self.number},{self.epoch},{self.loss!r},{self.norm!r},{self.learning_rate!r},{validation}\n"


class Run:
    """A training run in its folder; `Run.start` makes a new one, `Run.resume` goes on with one.

    The folder holds config.json, metrics.csv, checkpoint.safetensors (the last state, with all that the run's
    further course rests on) and best.safetensors (the parameters with the lowest validation loss).

    Attributes:
        folder: the run's.
        settings: how it trains.
        source: what it learns from.
        net: the network.
        updates_done: so many updates have been made.
    """

    def __init__(self, folder: Path, settings: RunSettings, source: Source, data: Array) -> None:
        split = split_point(len(data), settings.validation)
        needed = settings.batch * settings.window * settings.accumulate + 1
        if split < needed:
            raise DataError(
                f"{source.name} is too short: {len(data)} items, {max(split, 0)} of them to learn from, and one update "
                f"takes {needed} (streams × window × accumulated windows, and one); choose a smaller batch or window"
            )
        self.folder, self.settings, self.source = folder, settings, source
        self.net = build_predictor(settings, source)
        self.updates_done = 0
        self._inputs, self._targets = parallel_streams(data[:split], settings.batch)
        rest = data[split:]
        streams = max(1, min(settings.batch, (len(rest) - 1) // settings.window))
        self._validation = parallel_streams(rest, streams)
        self._optimiser = OPTIMISERS[settings.optimiser](
            self.net.parameters, settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._stopping = EarlyStopping(settings.patience)
        self._state = self.net.initial_state(settings.batch)
        self._metrics_size = len(HEADER)

    @classmethod
    def start(cls, folder: Path, settings: RunSettings, source: Source) -> Run:
        """Make the folder, complete from its first moment on.

        Raises:
            DataError: the data are too short for one update, or have changed.
            OutputError: the folder exists already, or cannot be written.
        """
        if folder.exists():
            raise OutputError(f"{folder} exists already; choose another folder, or go on with its run by --resume")
        run = cls(folder, settings, source, source.reread())
        run.net.train()
        contents = {
            CONFIG: to_json(settings, source),
            METRICS: HEADER.encode(),
            LAST: encode_checkpoint(*run._snapshot()),
        }
        write_folder(folder, contents)
        return run

    @classmethod
    def resume(cls, folder: Path) -> Run:
        """Go on where the last checkpoint was written.

        Raises:
            RunError: the folder is malformed, or not a run's; or another process trains in it.
            DataError: the data have changed.
            OutputError: the folder cannot be cut back to the checkpoint.
        """
        arrays, about = read_checkpoint(folder / LAST)
        settings, source = read_config(folder)
        _require_fitting(arrays, settings, source, folder / LAST)
        run = cls(folder, settings, source, source.reread())
        try:
            run._restore(arrays, about)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, TinygradRNNError) as error:
            raise RunError(f"{folder / LAST} does not fit {CONFIG}: {error}") from error
        run._cut_back()
        return run

    @property
    def updates_per_epoch(self) -> int:
        """How many updates go through the data once."""
        return len(self._inputs) // (self.settings.window * self.settings.accumulate)

    @property
    def updates_at_most(self) -> int:
        """How many updates there are if nothing stops the run early."""
        return self.updates_per_epoch * self.settings.epochs

    @property
    def items_per_update(self) -> int:
        """How many characters or numbers an update learns from."""
        return self.settings.batch * self.settings.window * self.settings.accumulate

    @property
    def best(self) -> tuple[int, float]:
        """The epoch with the lowest validation loss, and that loss; 0 and infinity before any."""
        return self._stopping.best_epoch, self._stopping.best_score

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or the validation loss has not fallen for too long."""
        epoch, within = divmod(self.updates_done, self.updates_per_epoch)
        patience_is_over = not within and epoch - self._stopping.best_epoch >= self.settings.patience
        return self.updates_done >= self.updates_at_most or patience_is_over

    def updates(self) -> Iterator[Update]:
        """Train, one update an item, writing metrics and checkpoints, until the run is over.

        Meanwhile nobody else can train in the folder.

        Raises:
            RunError: somebody else trains in the folder, or has trained in it since this run was there.
            NonFiniteError: the loss or the gradient has become infinite or NaN. The last checkpoint stays.
            OutputError: something cannot be written. The last checkpoint stays.
        """
        try:
            with (self.folder / METRICS).open("ab") as metrics:
                self._require_alone(metrics)
                if metrics.tell() != self._metrics_size:
                    raise RunError(f"{self.folder} has been trained in meanwhile; go on with it by --resume")
                while not self.is_over:
                    update = self._update()
                    line = update.as_line().encode()
                    metrics.write(line)
                    metrics.flush()
                    self._metrics_size += len(line)
                    if update.validation is not None or update.number % self.settings.checkpoint_every == 0:
                        self.save()
                    yield update
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(f"cannot write {self.folder / METRICS}: {error.strerror or error}") from error

    def save(self) -> None:
        """Write a checkpoint of this moment, once the metrics up to it are on the disk.

        Raises:
            OutputError: it cannot be written. The last checkpoint stays.
        """
        descriptor = os.open(self.folder / METRICS, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        write_checkpoint(self.folder / LAST, *self._snapshot())

    # ------------------------------------------------------------------ one update

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is said by errors
    def _update(self) -> Update:
        """Backpropagate through the next windows, and give the parameters their next values."""
        settings = self.settings
        epoch, within = divmod(self.updates_done, self.updates_per_epoch)
        if within == 0:
            self._state = self.net.initial_state(settings.batch)
        self._optimiser.zero_grad()
        bptt = TruncatedBPTT(self._mean_loss, self._state, settings.window, settings.window)
        loss = 0.0
        first = within * settings.accumulate * settings.window
        for start in range(first, first + settings.accumulate * settings.window, settings.window):
            steps = slice(start, start + settings.window)
            loss += bptt.backward(self._inputs[steps], self._targets[steps])
        self._state = tuple([np.ascontiguousarray(part) for part in bptt.state])  # as a checkpoint gives them back
        number = self.updates_done + 1
        if not math.isfinite(loss):
            raise NonFiniteError(f"update {number}: the loss is {loss}; try a lower learning rate")
        try:
            norm = clip_grad_norm(self._optimiser.parameters, settings.clip)
        except NonFiniteError as error:
            raise NonFiniteError(f"update {number}, loss {loss:g}: {error}; try a lower learning rate") from error
        self._optimiser.lr = settings.learning_rate * self._factor()
        self._optimiser.step()
        self.updates_done = number
        validation = self._validate(epoch + 1) if number % self.updates_per_epoch == 0 else None
        return Update(number, epoch + 1, loss, norm, self._optimiser.lr, validation)

    def _mean_loss(self, inputs: Array, targets: Array, state: State) -> tuple[Tensor, State]:
        """A window's share of the update's mean loss."""
        loss, after = self.net.loss(inputs, targets, state)
        return loss / self.items_per_update, after

    def _factor(self) -> float:
        """The schedule's factor for the next update."""
        factor = warm_up(self.updates_done, self.settings.warm_up)
        if self.settings.schedule == "cosine":
            factor *= cosine(self.updates_done, self.updates_at_most)
        return factor

    def _validate(self, epoch: int) -> float:
        """The loss on the validation data; where it is the lowest so far, the parameters are written as the best."""
        loss = self.net.evaluate(*self._validation)
        if not math.isfinite(loss):
            raise NonFiniteError(f"epoch {epoch}: the validation loss is {loss}; try a lower learning rate")
        self._stopping.is_over(epoch, loss)
        if self._stopping.best_epoch == epoch:
            about = {"epoch": epoch, "validation_loss": loss}
            write_checkpoint(self.folder / BEST, named("network", self.net.state_dict()), about)
        return loss

    # ------------------------------------------------------------------ checkpoints

    def _snapshot(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """All that the further course rests on."""
        arrays = {
            **named("network", self.net.state_dict()),
            **named("optimiser", self._optimiser.state_dict()),
            **{f"state.{position}": part for position, part in enumerate(self._state)},
        }
        about = {
            "updates_done": self.updates_done,
            "best_epoch": self._stopping.best_epoch,
            "best_score": self._stopping.best_score if self._stopping.best_epoch else None,
            "metrics_size": self._metrics_size,
            "random": self.net.random.bit_generator.state,
        }
        return arrays, about

    def _restore(self, arrays: dict[str, Array], about: dict[str, Any]) -> None:
        self.net.load_state_dict(part_of(arrays, "network"))
        self.net.train()
        self._optimiser.load_state_dict(part_of(arrays, "optimiser"))
        state = part_of(arrays, "state")
        self._state = tuple([state[str(position)] for position in range(len(self._state))])
        if [part.shape for part in self._state] != [part.shape for part in self.net.initial_state(self.settings.batch)]:
            raise RunError("the carried state has another shape")
        self.net.random.bit_generator.state = about["random"]
        self.updates_done = _count(about["updates_done"])
        self._metrics_size = _count(about["metrics_size"])
        self._stopping.best_epoch = _count(about["best_epoch"])
        self._stopping.best_score = float(about["best_score"]) if self._stopping.best_epoch else math.inf

    def _cut_back(self) -> None:
        """Take away what came after the checkpoint, in metrics.csv and unfinished files; it will come again."""
        path = self.folder / METRICS
        if not path.is_file() or path.stat().st_size < self._metrics_size:
            raise RunError(f"{path} is missing or shorter than when the checkpoint was written")
        try:
            with path.open("r+b") as metrics:
                self._require_alone(metrics)
                os.truncate(path, self._metrics_size)
                remove_unfinished(self.folder)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error

    def _require_alone(self, metrics: IO[bytes]) -> None:
        if not lock(metrics):
            raise RunError(f"another process trains in {self.folder}; wait until it ends, or end it")


def read_config(folder: Path) -> tuple[RunSettings, Source]:
    """A run's settings, and what it learns from.

    Raises:
        RunError: config.json is missing, malformed, or not a run's.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise RunError(f"{folder} is not a run folder: there is no {CONFIG} in it")
    return from_json(path.read_bytes(), str(path))


def load_best(folder: Path) -> tuple[Predictor, Source]:
    """A run's network with the lowest validation loss, not to be trained further; and what it learnt from.

    Raises:
        RunError: the folder is malformed, not a run's, or no epoch has ended yet.
    """
    settings, source = read_config(folder)
    if not (folder / BEST).is_file():
        raise RunError(f"{folder} has no {BEST}; the end of the run's first epoch writes one")
    arrays, _ = read_checkpoint(folder / BEST)
    _require_fitting(arrays, settings, source, folder / BEST)
    net = build_predictor(settings, source)
    try:
        net.load_state_dict(part_of(arrays, "network"))
    except TinygradRNNError as error:
        raise RunError(f"{folder / BEST} does not fit {CONFIG}: {error}") from error
    net.eval()
    return net, source


def _require_fitting(arrays: dict[str, Array], settings: RunSettings, source: Source, path: Path) -> None:
    """Before a network is built: it is no larger than the file."""
    saved = sum(array.size for name, array in arrays.items() if name.startswith("network."))
    least = settings.hidden * (settings.hidden * settings.layers + max(len(source.alphabet), 1))
    if least > saved or not all(np.isfinite(array).all() for array in arrays.values()):
        raise RunError(f"{path} does not fit {CONFIG}: it holds {saved} parameters, or some that are not finite")


def _count(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise RunError(f"a count is a whole number from 0, not {number!r}")
    return number
