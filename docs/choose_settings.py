"""Choose the settings of the sunspot demo on the validation years 1886–1920; nothing later is forecast.

One setting after the other, each candidate is tried with five seeds that the demo itself does not use. The error of
a trial is the lowest mean of so many looks as early stopping goes by. Thirty-five years decide little between
candidates that are nearly as good, so of those within one standard error of the lowest mean error the one is kept
that has learnt the years before the validation years best. Run it with

    python docs/choose_settings.py

It takes a few minutes and ends with the settings that `tinygrad_rnn.reports.sunspot_network.Settings` has as its
defaults.
"""

from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import replace
from math import sqrt
from statistics import mean, stdev
from typing import NamedTuple

from tinygrad_rnn.reports.sunspot_network import Look, Settings, look_while_training
from tinygrad_rnn.training.sunspots import TRAINING, error_unit, load_sunspots

SEEDS = range(100, 105)
START = Settings(hidden_size=8, input_noise=0.1, weight_decay=0.0, learning_rate=0.01)
CANDIDATES = {
    "weight_decay": [0.0, 0.0003, 0.001, 0.003, 0.01],
    "input_noise": [0.0, 0.05, 0.1, 0.2, 0.3],
    "learning_rate": [0.005, 0.01, 0.02],
    "hidden_size": [4, 8, 16],
}


def best_look(settings: Settings, seed: int) -> Look:
    """The look at one network in training at which its smoothed error on the validation years is lowest."""
    training = load_sunspots().until(TRAINING.last)
    return min(look_while_training(training, settings, seed), key=lambda look: look.smoothed)


class Trial(NamedTuple):
    """Settings, and the mean errors that they lead to, in units of the variance.

    Attributes:
        settings: what was tried.
        validation: the error on the validation years.
        uncertainty: its standard error over the seeds.
        learnt: the error on the years before them.
    """

    settings: Settings
    validation: float
    uncertainty: float
    learnt: float

    def __str__(self) -> str:
        return f"validation {self.validation:.4f} ± {self.uncertainty:.4f}, learnt {self.learnt:.4f}"


def try_out(settings: Settings, pool: Executor, unit: float) -> Trial:
    """Train with each of the seeds."""
    looks = list(pool.map(best_look, [settings] * len(SEEDS), SEEDS))
    errors = [look.smoothed / unit for look in looks]
    learnt = mean(look.learnt / unit for look in looks)
    return Trial(settings, mean(errors), stdev(errors) / sqrt(len(errors)), learnt)


def main() -> None:
    """Print every trial, and the settings kept."""
    unit = error_unit(load_sunspots())
    settings = START
    with ProcessPoolExecutor() as pool:
        for name, values in CANDIDATES.items():
            trials = [try_out(replace(settings, **{name: value}), pool, unit) for value in values]
            for value, trial in zip(values, trials, strict=True):
                print(
                    f"{name} = {value!r}: {trial.validation:.4f} ± {trial.uncertainty:.4f}, learnt {trial.learnt:.4f}"
                )
            lowest = min(trials, key=lambda trial: trial.validation)
            good = [trial for trial in trials if trial.validation <= lowest.validation + lowest.uncertainty]
            settings = min(good, key=lambda trial: trial.learnt).settings
    print(settings)


if __name__ == "__main__":
    main()
