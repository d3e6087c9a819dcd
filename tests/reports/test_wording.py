"""Numbers in words."""

from types import SimpleNamespace

import pytest

from tinygrad_rnn.reports.wording import compare, mean_and_deviation, scientific
from tinygrad_rnn.training.sunspots import Years


@pytest.mark.parametrize(
    ("errors", "linear", "expected"),
    [
        ([0.10, 0.11, 0.12], 0.22, "0.110 on average, 50% below the linear model’s 0.220."),
        ([0.54, 0.56], 0.5, "0.550 on average, 10% above the linear model’s 0.500."),
        ([0.1, 0.3], 0.25, "0.250, a difference within one standard deviation of the seeds."),
        ([0.2], 0.1, "0.200 on average, 100% above the linear model’s 0.100."),
    ],
)  # fmt: skip
def test_who_was_better_is_said_whoever_it_was(errors, linear, expected):
    results = SimpleNamespace(errors=lambda span: errors, linear_error=lambda span: linear)
    sentence = compare(results, Years(1921, 1955))
    assert sentence.startswith("In 1921–1955 the network’s error is")
    assert sentence.endswith(expected)


def test_numbers_with_their_spread():
    assert mean_and_deviation([0.104]) == "0.104"
    assert mean_and_deviation([0.1, 0.2, 0.3]) == "0.200 ±\u00a00.100"


@pytest.mark.parametrize(
    ("value", "expected"), [(9.04e-16, "9.0 × 10⁻¹⁶"), (2.5, "2.5 × 10⁰"), (0.0, "0"), (float("inf"), "inf")]
)
def test_small_numbers(value, expected):
    assert scientific(value) == expected
