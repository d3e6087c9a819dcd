"""Text that a trained network makes up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tinygrad_rnn.node import Array, Tensor, no_grad
from tinygrad_rnn.training.predictor import Predictor


def sample(net: Predictor, prompt: Array, temperature: float, random: np.random.Generator) -> Iterator[int]:
    """Characters, each drawn from the network's prediction after those before it, for as long as they are asked for.

    Args:
        net: of characters, set to be evaluated.
        prompt: what the network reads first: at least one character's number.
        temperature: the logits are divided by it; 0 takes the likeliest character.
        random: draws.
    """
    state: Sequence[Tensor | Array] = net.initial_state(1)
    read = np.asarray(prompt)[:, None]
    while True:
        with no_grad():
            logits, state = net.predict(read, state)
        character = _draw(logits.data[-1, 0].astype(np.float64), temperature, random)
        yield character
        read = np.array([[character]])


def _draw(logits: Array, temperature: float, random: np.random.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    scores = (logits - logits.max()) / temperature
    weights = np.exp(scores)
    return int(random.choice(len(weights), p=weights / weights.sum()))
