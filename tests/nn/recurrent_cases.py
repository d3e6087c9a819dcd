"""Recurrent layers with random numbers in them, drawn from a stream that numpy never changes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).parent / "golden" / "recurrent.npz"
INPUT, HIDDEN, BATCH = 3, 4, 5
GATES = {"tanh": 1, "relu": 1, "LSTM": 4, "GRU": 3}
PROBES = 3

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Case:
    """One setting of one layer, and all numbers that a run of it needs."""

    kind: str
    layers: int
    bidirectional: bool
    batch_first: bool
    unequal: bool
    steps: int

    def __str__(self) -> str:
        words = [self.kind, f"{self.layers} layers"]
        words += [word for word in ("bidirectional", "batch_first", "unequal") if getattr(self, word)]
        return f"{' '.join(words)} T={self.steps}"

    @property
    def layer(self) -> str:
        """The class in PyTorch and here."""
        return self.kind if self.kind.isupper() else "RNN"

    @property
    def settings(self) -> dict[str, Any]:
        settings = {
            "num_layers": self.layers, "bidirectional": self.bidirectional, "batch_first": self.batch_first,
        }  # fmt: skip
        return settings if self.kind.isupper() else {**settings, "nonlinearity": self.kind}

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """Random parameters under PyTorch's names, biases included, so that activations are not saturated."""
        random = np.random.RandomState(self.steps)
        rows, directions = GATES[self.kind] * HIDDEN, ("", "_reverse")[: 1 + self.bidirectional]
        drawn = {}
        for layer, direction in itertools.product(range(self.layers), directions):
            columns = len(directions) * HIDDEN if layer else INPUT
            for name, shape in {
                "weight_ih": (rows, columns), "weight_hh": (rows, HIDDEN), "bias_ih": (rows,), "bias_hh": (rows,),
            }.items():  # fmt: skip
                drawn[f"{name}_l{layer}{direction}"] = random.normal(scale=0.4, size=shape)
        return drawn

    @cached_property
    def inputs(self) -> dict[str, Array]:
        """The sequences and the initial states."""
        random = np.random.RandomState(self.steps + 1)
        states = (self.layers * (1 + self.bidirectional), BATCH, HIDDEN)
        xs = random.normal(size=(self.steps, BATCH, INPUT))
        drawn = {"xs": xs.swapaxes(0, 1) if self.batch_first else xs, "h_0": random.normal(size=states)}
        return {**drawn, "c_0": random.normal(size=states)} if self.kind == "LSTM" else drawn

    @property
    def lengths(self) -> list[int] | None:
        """Of each sequence, in no order; one is as long as can be."""
        if not self.unequal:
            return None
        return [*np.random.RandomState(2).randint(1, self.steps + 1, BATCH - 1).tolist(), self.steps]

    def weights(self, name: str, shape: tuple[int, ...]) -> Array:
        """The adjoint of an output in the loss that is differentiated."""
        return np.random.RandomState(len(name)).normal(size=shape)


def probe(results: dict[str, Array]) -> Array:
    """Each array's products with a few random arrays of norm 1: numbers that stand for all of its elements."""
    random = np.random.RandomState(0)
    rows = []
    for array in results.values():
        probes = random.normal(size=(PROBES, array.size))
        rows.append((probes / np.linalg.norm(probes, axis=1, keepdims=True)) @ array.ravel())
    return np.array(rows)


CASES = [
    Case(*settings)
    for settings in itertools.product(GATES, (1, 2), (False, True), (False, True), (False, True), (1, 2, 7, 50))
]
