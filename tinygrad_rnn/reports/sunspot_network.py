"""An Elman network that forecasts next year's sunspot number from this year's and from its own state.

All training years together are one sequence, unrolled into one graph with nodes of its own for every year.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.nn import ElmanRNN, Run
from tinygrad_rnn.node import Array, Tensor, no_grad
from tinygrad_rnn.training import Adam, EarlyStopping, train
from tinygrad_rnn.training.sunspots import TRAINING, VALIDATION, Sunspots, Years


@dataclass(frozen=True)
class Settings:
    """How the network is built and trained.

    The values are those that `docs/choose_settings.py` ends with, a search on the validation years alone.

    Attributes:
        hidden_size: units of the state.
        input_noise: standard deviation of the noise on the normalised inputs, drawn anew for every update.
        weight_decay: of Adam.
        learning_rate: of Adam.
        max_norm: the gradient is clipped to this norm.
        max_epochs: an end to training that early stopping has not ended. An epoch is one update.
        check_every: so many epochs lie between two looks at the validation years.
        smoothing: training is judged by the mean of the last so many looks: the noise makes a single one unsteady.
        patience: so many epochs without a better mean end the training.
        seeds: one network each; a seed decides the initial values and the noise.
    """

    hidden_size: int = 16
    input_noise: float = 0.2
    weight_decay: float = 0.003
    learning_rate: float = 0.005
    max_norm: float = 1.0
    max_epochs: int = 600
    check_every: int = 5
    smoothing: int = 20
    patience: int = 100
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)


LEARNT = Years(TRAINING.first + 1, VALIDATION.first - 1)  # the years learnt from that have a year before them


class Forecaster:
    """A network, and the scale on which it sees the numbers: with mean 0 and variance 1.

    Args:
        learnt: the years that it may learn from; the scale is theirs too.
        settings: how it is built and trained.
        seed: decides its initial values and the noise on its inputs.

    Attributes:
        net: the network.
        mean: the mean of the numbers that it may learn from.
        deviation: their standard deviation.
    """

    def __init__(self, learnt: Sunspots, settings: Settings, seed: int) -> None:
        self.net = ElmanRNN(1, settings.hidden_size, 1, seed=seed)
        self._learnt = learnt.numbers
        self._settings = settings
        self._random = np.random.default_rng([seed, 1])  # another stream than that of the initial values
        self.mean = float(learnt.numbers.mean())
        self.deviation = float(learnt.numbers.std())

    def pairs(self) -> tuple[Array, Array]:
        """Inputs and targets, (time, 1) each: every year that it may learn from, and the year after."""
        values = self._normalise(self._learnt)
        return values[:-1], values[1:]

    def unroll(self) -> Run:
        """The graph of the years that it may learn from, without noise."""
        return self.net.unroll(*self.pairs())

    def updates(self) -> Iterator[float]:
        """Train, one update an item, for as long as the caller goes on asking."""
        xs, targets = self.pairs()

        def build_loss() -> Tensor:
            noise = self._random.normal(scale=self._settings.input_noise, size=xs.shape)
            loss = self.net.unroll(xs + noise, targets).loss
            assert loss is not None  # there are targets
            return loss

        settings = self._settings
        adam = Adam(self.net.parameters, settings.learning_rate, weight_decay=settings.weight_decay)
        return train(adam, build_loss, settings.max_norm)

    def forecast(self, series: Sunspots) -> Array:
        """Each year's number, forecast from the true numbers of all years before it; NaN for the first year."""
        with no_grad():
            run = self.net.unroll(self._normalise(series.numbers[:-1]))
        outputs = np.array([output.item() for output in run.outputs])
        return np.concatenate([[np.nan], self.mean + self.deviation * outputs])

    def _normalise(self, numbers: Array) -> Array:
        normalised: Array = (numbers - self.mean) / self.deviation
        return normalised[:, None]


class Look(NamedTuple):
    """One look at a network in training.

    Attributes:
        epoch: when.
        learnt: the mean squared error on the years learnt from.
        validation: that on the validation years.
        smoothed: the mean of that and of the looks just before it, up to `smoothing` in all.
    """

    epoch: int
    learnt: float
    validation: float
    smoothed: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A network trained on all training years, and how the number of epochs was found.

    Attributes:
        seed: the network's.
        forecaster: the network.
        epochs: how long it was trained: until the smoothed error on the validation years was lowest.
        validation: that error.
        looks: all looks, in order, at the network that had not seen the validation years.
    """

    seed: int
    forecaster: Forecaster
    epochs: int
    validation: float
    looks: tuple[Look, ...]


Watch = Callable[[str, int, int], None]
"""Told about long work: what is being done, how much of it is done, and how much there is at most."""


Make = Callable[[Sunspots, Settings, int], Forecaster]
"""Makes a network, untrained, as `Forecaster` does."""


def look_while_training(training: Sunspots, settings: Settings, seed: int, make: Make = Forecaster) -> Iterator[Look]:
    """Train on the years before the validation years, until early stopping says that it is over."""
    learnt = training.until(VALIDATION.first - 1)
    forecaster = make(learnt, settings, seed)
    stopping = EarlyStopping(settings.patience)
    recent: deque[float] = deque(maxlen=settings.smoothing)
    for epoch, _ in zip(range(1, settings.max_epochs + 1), forecaster.updates(), strict=False):
        if epoch % settings.check_every == 0:
            forecast = forecaster.forecast(training)
            recent.append(training.mean_squared_error(forecast, VALIDATION))
            error = learnt.mean_squared_error(forecast[: len(learnt.years)], LEARNT)
            yield Look(epoch, error, recent[-1], mean(recent))
            if stopping.is_over(epoch, mean(recent)):
                return


def train_network(training: Sunspots, settings: Settings, seed: int, watch: Watch, make: Make = Forecaster) -> Trained:
    """Find the number of epochs on the validation years, then train anew on all training years for so long.

    This is algorithm 7.2 of Goodfellow, Bengio and Courville, Deep Learning (2016): the last years before
    the test years are too good to be left out.

    Args:
        training: the training years alone, so that nothing else can be looked at.
        settings: how the network is built and trained.
        seed: decides its initial values and the noise on its inputs, in both trainings.
        watch: told how far training has come.
        make: makes the network, once for either training.
    """
    looks = []
    for look in look_while_training(training, settings, seed, make):
        looks.append(look)
        watch(f"seed {seed}: finding the number of epochs on {VALIDATION}", look.epoch, settings.max_epochs)
    best = min(looks, key=lambda look: look.smoothed)
    forecaster = make(training, settings, seed)
    for epoch, _ in zip(range(1, best.epoch + 1), forecaster.updates(), strict=False):
        watch(f"seed {seed}: training on {TRAINING}", epoch, best.epoch)
    return Trained(seed, forecaster, best.epoch, best.smoothed, tuple(looks))
