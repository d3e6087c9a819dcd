"""Choose the settings of the sunspot demo on the validation years 1886–1920; nothing later is forecast.

One setting after the other, each candidate is tried with five seeds that the demo itself does not use, and the
one with the lowest mean error on the validation years is kept. The error of a trial is that of its best look,
the one that early stopping goes back to. Run it with

    python docs/choose_settings.py

It takes a few minutes and ends with the settings that `tinygrad_rnn.reports.sunspot_network.Settings` has as its
defaults.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from statistics import mean

from tinygrad_rnn.reports.sunspot_network import Look, Settings, look_while_training
from tinygrad_rnn.training.sunspots import TRAINING, error_unit, load_sunspots

SEEDS = range(100, 105)
START = Settings(hidden_size=8, input_noise=0.0, learning_rate=0.01)
CANDIDATES = {
    "input_noise": [0.0, 0.1, 0.2, 0.3, 0.4],
    "hidden_size": [4, 8, 16, 32],
    "learning_rate": [0.005, 0.01, 0.02],
}


def best_look(settings: Settings, seed: int) -> Look:
    """The look at one network in training that has the lowest error on the validation years."""
    training = load_sunspots().until(TRAINING.last)
    return min(look_while_training(training, settings, seed), key=lambda look: look.validation)


def main() -> None:
    """Print every trial, and the settings kept."""
    unit = error_unit(load_sunspots())
    settings = START
    with ProcessPoolExecutor() as pool:
        for name, values in CANDIDATES.items():
            scores = {}
            for value in values:
                trial = replace(settings, **{name: value})
                looks = list(pool.map(best_look, [trial] * len(SEEDS), SEEDS))
                scores[trial] = mean(look.validation for look in looks)
                learnt = mean(look.learnt for look in looks)
                print(
                    f"{name} = {value!r}: {scores[trial] / unit:.4f}, years learnt from {learnt / unit:.4f}", flush=True
                )
            settings = min(scores, key=scores.__getitem__)
    print(settings)


if __name__ == "__main__":
    main()
