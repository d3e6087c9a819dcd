"""A recurrent network that says at every step what comes next: a character, or a number of a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.nn import GRU, LSTM, RNN, Dropout, Linear, Module, cross_entropy, squared_error
from tinygrad_rnn.node import Array, Tensor, no_grad
from tinygrad_rnn.training.streams import windows
from tinygrad_rnn.training.truncated import State

CELLS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
EVALUATED_AT_ONCE = 256  # steps


class Predictor(Module):
    """Recurrent layers, and a linear map from their outputs to the prediction.

    Args:
        cell: "rnn", "lstm" or "gru".
        symbols: size of the alphabet; 0 for a series of numbers.
        hidden: units of a layer.
        layers: how many.
        dropout: between layers, and before the linear map.
        seed: of the initial values and of the dropout.
        dtype: of the parameters.

    Attributes:
        symbols: size of the alphabet; 0 for a series of numbers.
    """

    def __init__(
        self, cell: str, symbols: int, hidden: int, layers: int, dropout: float, seed: int, dtype: str
    ) -> None:
        random: Any = np.random.default_rng(seed)  # one generator for all, whose state is the run's
        features = symbols or 1
        self.symbols = symbols
        self.random = random
        self.recurrent = CELLS[cell](features, hidden, layers, dropout=dropout, seed=random, dtype=dtype)
        self.dropout = Dropout(dropout, seed=random)
        self.head = Linear(hidden, features, seed=random, dtype=dtype)

    def initial_state(self, batch: int) -> tuple[Array, ...]:
        """Zeros, for each part of the state: (layers, batch, hidden)."""
        layer = self.recurrent
        shape = layer.num_layers, batch, layer.hidden_size
        return tuple([np.zeros(shape, layer.dtype) for _ in range(2 if isinstance(layer, LSTM) else 1)])

    def predict(self, inputs: Array, state: Sequence[Tensor | Array]) -> tuple[Tensor, State]:
        """The predictions (steps, batch, features): of characters the logits, of numbers the next; the state after.

        Args:
            inputs: (steps, batch), characters' numbers or normalised numbers.
            state: its parts, (layers, batch, hidden) each.
        """
        dtype = self.recurrent.dtype
        xs = np.eye(self.symbols, dtype=dtype)[inputs] if self.symbols else inputs.astype(dtype)[..., None]
        outputs, after = self.recurrent(xs, tuple(state) if len(state) > 1 else state[0])
        return self.head(self.dropout(outputs)), after if isinstance(after, tuple) else (after,)

    def loss(self, inputs: Array, targets: Array, state: Sequence[Tensor | Array]) -> tuple[Tensor, State]:
        """The sum of the losses of all steps and streams, in nats or squared; and the state after."""
        predictions, after = self.predict(inputs, state)
        if self.symbols:
            return cross_entropy(predictions, targets), after
        return squared_error(predictions, targets.astype(predictions.dtype)[..., None]), after

    def evaluate(self, inputs: Array, targets: Array) -> float:
        """The mean loss of a step, from a state of zeros on, without dropout.

        Args:
            inputs: (steps, batch).
            targets: as many.
        """
        training = self.training
        self.eval()
        state: Sequence[Tensor | Array] = self.initial_state(inputs.shape[1])
        total = 0.0
        with no_grad():
            for xs, ys in windows(inputs, targets, EVALUATED_AT_ONCE):
                loss, state = self.loss(xs, ys, state)
                total += float(loss.item())
        self.train(training)
        return total / targets.size
