"""How a run trains, and what it learns from: what `config.json` holds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DataError, RunError, SettingError
from tinygrad_rnn.node import Array
from tinygrad_rnn.training.optimisers import SGD, Adagrad, Adam, AdamW, RMSProp
from tinygrad_rnn.training.predictor import CELLS, Predictor
from tinygrad_rnn.training.series import read_series
from tinygrad_rnn.training.sunspots import TRAINING, load_sunspots
from tinygrad_rnn.training.text import encode, read_text

OPTIMISERS = {"sgd": SGD, "rmsprop": RMSProp, "adagrad": Adagrad, "adam": Adam, "adamw": AdamW}
NAMES = {
    "cell": tuple(CELLS),
    "optimiser": tuple(OPTIMISERS),
    "schedule": ("constant", "cosine"),
    "dtype": ("float32", "float64"),
}
COUNTS = {
    "hidden": 8192, "layers": 64, "epochs": 10**6, "window": 10**6, "batch": 10**5, "accumulate": 10**5,
    "checkpoint_every": 10**9, "patience": 10**6,
}  # fmt: skip
SUNSPOTS = "sunspots"
FORMAT = 1


@dataclass(frozen=True)
class RunSettings:
    """How a run trains; the values here are those for text.

    Attributes:
        cell: "rnn", "lstm" or "gru".
        hidden: units of a layer.
        layers: how many.
        dropout: between layers, and before the output.
        dtype: "float32" or "float64".
        optimiser: "sgd", "rmsprop", "adagrad", "adam" or "adamw".
        learning_rate: α.
        weight_decay: λ.
        schedule: "constant", or "cosine" down to 0 at the last epoch's end.
        warm_up: so many updates at first with a rising learning rate.
        clip: the gradient's greatest norm.
        epochs: at most.
        window: steps that a loss goes back through, and that lie between two updates.
        batch: parallel streams.
        accumulate: windows whose gradients make one update.
        validation: the share of the data, at its end, that is not learnt from.
        patience: so many epochs without a lower validation loss end the training.
        checkpoint_every: updates from one checkpoint to the next; there is one at each epoch's end as well.
        seed: of the initial values and of the dropout.
    """

    cell: str = "lstm"
    hidden: int = 128
    layers: int = 1
    dropout: float = 0.0
    dtype: str = "float32"
    optimiser: str = "adam"
    learning_rate: float = 0.003
    weight_decay: float = 0.0
    schedule: str = "cosine"
    warm_up: int = 0
    clip: float = 5.0
    epochs: int = 10
    window: int = 64
    batch: int = 32
    accumulate: int = 1
    validation: float = 0.1
    patience: int = 10
    checkpoint_every: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in NAMES.items():
            if getattr(self, name) not in choices:
                raise SettingError(f"{name} is one of {', '.join(choices)}, not {getattr(self, name)!r}")
        for name, largest in COUNTS.items():
            self._require(name, int, 1, largest)
        self._require("warm_up", int, 0, 10**9)
        self._require("seed", int, 0, 2**63 - 1)
        self._require("learning_rate", float, 1e-12, 1e3)
        self._require("clip", float, 1e-12, math.inf)
        self._require("weight_decay", float, 0, 1e3)
        self._require("dropout", float, 0, 0.99)
        self._require("validation", float, 0.001, 0.9)

    def _require(self, name: str, kind: type, smallest: float, largest: float) -> None:
        number = getattr(self, name)
        right = isinstance(number, kind) or (kind is float and isinstance(number, int))
        if isinstance(number, bool) or not right or not smallest <= number <= largest:
            whole = "whole " if kind is int else ""
            raise SettingError(f"{name} is a {whole}number from {smallest} to {largest}, not {number!r}")


FOR_SERIES = RunSettings(
    hidden=16, dtype="float64", learning_rate=0.005, schedule="constant", clip=1.0, epochs=200, window=32, batch=1,
    patience=50,
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """What a run learns from.

    Attributes:
        path: the file's absolute path, or "sunspots".
        digest: SHA-256 of the numbers that the network sees.
        alphabet: of a text, its characters in order; empty for a series.
        column: of a series, the column's name or number, or None.
        mean: of a series, that of the numbers learnt from.
        deviation: of a series, their standard deviation.
    """

    path: str
    digest: str
    alphabet: str = ""
    column: str | None = None
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def name(self) -> str:
        """The path as a person would say it."""
        return self.path if self.path == SUNSPOTS else Path(self.path).name

    def read(self, path: Path) -> Array:
        """Another file as this run's network sees it: characters' places in the alphabet, or normalised numbers.

        Raises:
            DataError: the file is not such, or holds a character that is not in the alphabet.
        """
        if self.alphabet:
            return encode(read_text(path), self.alphabet, str(path))
        numbers = read_sunspots() if str(path) == SUNSPOTS else read_series(path, self.column)
        normalised: Array = (numbers - self.mean) / self.deviation
        return normalised

    def reread(self) -> Array:
        """The run's own data again.

        Raises:
            DataError: it has changed since.
        """
        data = self.read(Path(self.path))
        if digest(data) != self.digest:
            raise DataError(f"{self.path} has changed since the run began")
        return data


def read_sunspots() -> Array:
    """The yearly sunspot numbers of the training years."""
    return load_sunspots().until(TRAINING.last).numbers


def digest(data: Array) -> str:
    """SHA-256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(data).tobytes()).hexdigest()


def split_point(items: int, validation: float) -> int:
    """Where the items that are learnt from end, and the validation items begin."""
    return items - max(2, round(items * validation))


def is_series(path: Path, column: str | None) -> bool:
    """Whether a file is taken for a series of numbers, and not for text."""
    return str(path) == SUNSPOTS or column is not None or path.suffix.lower() == ".csv"


def find_source(path: Path, column: str | None, validation: float) -> Source:
    """Look at the data that a new run is to learn from.

    Args:
        path: a text file, a CSV file, or "sunspots".
        column: of a CSV file.
        validation: the share of the items that is not learnt from.

    Raises:
        DataError: it is not what can be learnt from.
    """
    if not is_series(path, column):
        text = read_text(path)
        alphabet = "".join(sorted(set(text)))
        return Source(str(path.resolve()), digest(encode(text, alphabet, str(path))), alphabet)
    numbers = read_sunspots() if str(path) == SUNSPOTS else read_series(path, column)
    learnt = numbers[: max(split_point(len(numbers), validation), 0)]
    with np.errstate(over="ignore"):
        mean, deviation = (float(learnt.mean()), float(learnt.std())) if len(learnt) else (0.0, 0.0)
    if not (math.isfinite(mean) and math.isfinite(deviation)):
        raise DataError(f"{path}: the numbers to learn from are too large")
    if not deviation:
        problem = "all the same" if len(learnt) > 1 else f"too few: {len(learnt)} of {len(numbers)}"
        raise DataError(f"{path}: the numbers to learn from are {problem}")
    place = SUNSPOTS if str(path) == SUNSPOTS else str(path.resolve())
    return Source(place, digest((numbers - mean) / deviation), "", column, mean, deviation)


def build_predictor(settings: RunSettings, source: Source) -> Predictor:
    """The network that a run trains, untrained."""
    return Predictor(
        settings.cell, len(source.alphabet), settings.hidden, settings.layers, settings.dropout, settings.seed,
        settings.dtype,
    )  # fmt: skip


# ---------------------------------------------------------------------- config.json


def to_json(settings: RunSettings, source: Source) -> bytes:
    """The contents of `config.json`."""
    about = {"format": FORMAT, "settings": asdict(settings), "source": asdict(source)}
    return (json.dumps(about, indent=2, allow_nan=True) + "\n").encode()


def from_json(contents: bytes, where: str) -> tuple[RunSettings, Source]:
    """What `to_json` wrote, checked.

    Raises:
        RunError: it is something else.
    """
    try:
        about = json.loads(contents)
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise SettingError("it is not a run's, or one of another version's")
        settings = RunSettings(**_fields(RunSettings, about.get("settings")))
        source = Source(**_fields(Source, about.get("source")))
        _check_source(source)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{where} is malformed: {error}") from error
    return settings, source


def _fields(kind: type, found: object) -> Mapping[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    if not isinstance(found, dict) or found.keys() != names:
        raise SettingError(f"expected the entries {', '.join(sorted(names))}")
    return found


def _check_source(source: Source) -> None:
    texts = (source.path, source.digest, source.alphabet, source.column or "")
    numbers = (source.mean, source.deviation)
    if not all(isinstance(text, str) for text in texts) or not all(
        isinstance(number, float) and math.isfinite(number) for number in numbers
    ):
        raise SettingError("its source is not described in words and finite numbers")
    if source.deviation <= 0 or list(source.alphabet) != sorted(set(source.alphabet)):
        raise SettingError("its alphabet is not sorted, or its deviation not above 0")
