"""Results in words and rounded numbers, the same on the terminal and on the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean

from tinygrad_rnn.drawing.basics.scales import power_of_ten
from tinygrad_rnn.reports.results import ORDER, SPANS, Results, deviation
from tinygrad_rnn.training.sunspots import TESTS, TRAINING, VALIDATION, Years

PERIODS = (TRAINING, *TESTS)
CHECKS = {
    "closed_form": "the closed form of backpropagation through time",
    "complex_step": "complex-step differentiation",
    "finite_difference": "central finite differences",
}


def linear_row(results: Results) -> list[str]:
    """The linear model's name and its error in each of `PERIODS`."""
    return [f"linear AR({ORDER})", *(f"{results.linear_error(span):.3f}" for span in SPANS.values())]


def network_row(results: Results) -> list[str]:
    """The networks' name, and the mean and standard deviation of their errors in each of `PERIODS`."""
    count = len(results.networks)
    name = f"RNN, {count} seeds, mean ± s.d." if count > 1 else "RNN, one seed"
    return [name, *(mean_and_deviation(results.errors(span)) for span in SPANS.values())]


def mean_and_deviation(values: Sequence[float]) -> str:
    """Such as 0.104 ± 0.021, or 0.104 of a single value."""
    return f"{mean(values):.3f}" + (f" ±\u00a0{deviation(values):.3f}" if len(values) > 1 else "")


def check_rows(results: Results) -> list[list[str]]:
    """What generic backprop is compared with, and how far it is from each."""
    return [[CHECKS[name], scientific(difference)] for name, difference in results.check._asdict().items()]


def compare(results: Results, span: Years) -> str:
    """A sentence on who was better in a span, and whether by more than the spread over the seeds."""
    ours, linear = mean(results.errors(span)), results.linear_error(span)
    share = abs(ours / linear - 1)
    relation = f"{share:.0%} {'below' if ours < linear else 'above'} the linear model’s {linear:.3f}"
    spread = deviation(results.errors(span))
    doubt = ", a difference within one standard deviation of the seeds" if abs(ours - linear) <= spread else ""
    return f"In {span} the network’s error is {ours:.3f} on average, {relation}{doubt}."


def explain_choice(results: Results) -> str:
    """What the validation years, on which everything was chosen, have to do with the test years."""
    series = results.series
    highest = {span: series.numbers[series.during(span)].max() for span in (VALIDATION, *TESTS)}
    learnt = series.until(TRAINING.last).numbers.max()
    top = max(TESTS, key=highest.__getitem__)
    return (
        f"The settings and the length of training were chosen on {VALIDATION}, quiet years with no number above "
        f"{highest[VALIDATION]:.0f}. There, before they had seen these years, the networks’ error was "
        f"{mean(results.validation_errors()):.3f} on average, and the linear model’s "
        f"{results.linear_validation_error():.3f}. The years {top} go up to {highest[top]:.0f}, where {learnt:.0f} "
        "was the most that any model had learnt from."
    )


def scientific(value: float) -> str:
    """Such as 9.0 × 10⁻¹⁶; exactly 0 is 0."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits} × {power_of_ten(int(exponent))}"
