"""What the demo finds out: forecasts, their errors, and the gradient's path through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import mean, stdev
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff import grad
from tinygrad_rnn.node import Array
from tinygrad_rnn.reports.gradient_check import GradientCheck
from tinygrad_rnn.reports.sunspot_network import Forecaster, Settings, Trained
from tinygrad_rnn.training import forecast_linearly
from tinygrad_rnn.training.sunspots import TESTS, TRAINING, UNIT, VALIDATION, Sunspots, Years, error_unit

ORDER = 12
"""How many years the linear autoregression looks back."""

SPANS: Mapping[str, Years] = {
    "train": Years(TRAINING.first + ORDER, TRAINING.last),
    **{f"{span.first}_{span.last}": span for span in TESTS},
}
"""The years that errors are given for. The first years of the series have no linear forecast."""


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that the report tells.

    Attributes:
        settings: how the networks were built and trained.
        series: the whole series.
        steps: how many time steps the unrolled graph of the training years has.
        nodes: how many nodes.
        edges: how many edges.
        check: how far generic backprop is from other ways to the gradient.
        networks: the trained networks, one a seed.
    """

    settings: Settings
    series: Sunspots
    steps: int
    nodes: int
    edges: int
    check: GradientCheck
    networks: Sequence[Trained]

    @cached_property
    def unit(self) -> float:
        """The error that counts as 1."""
        return error_unit(self.series)

    @cached_property
    def linear(self) -> Array:
        """Each year's number as the linear autoregression forecasts it."""
        return forecast_linearly(self.series.numbers, ORDER, int(self.series.during(TRAINING).sum()))

    @cached_property
    def forecasts(self) -> Array:
        """Each year's number as the networks forecast it: (networks, years)."""
        return np.stack([network.forecaster.forecast(self.series) for network in self.networks])

    @property
    def chosen(self) -> Trained:
        """The network that was best on the validation years."""
        return min(self.networks, key=lambda network: network.validation)

    @property
    def parameters(self) -> int:
        """How many numbers a network learns."""
        return sum(parameter.size for parameter in self.chosen.forecaster.net.parameters.values())

    def error(self, forecast: Array, span: Years) -> float:
        """The mean squared error of a forecast over a span, in units of the variance."""
        return self.series.mean_squared_error(forecast, span) / self.unit

    def linear_error(self, span: Years) -> float:
        """The linear autoregression's error."""
        return self.error(self.linear, span)

    def linear_validation_error(self) -> float:
        """The error on the validation years of a linear autoregression that, like the networks, had not seen them."""
        before = int(np.sum(self.series.years < VALIDATION.first))
        return self.error(forecast_linearly(self.series.numbers, ORDER, before), VALIDATION)

    def validation_errors(self) -> list[float]:
        """The networks' errors on the validation years before they had seen them."""
        return [network.validation / self.unit for network in self.networks]

    def errors(self, span: Years) -> list[float]:
        """The networks' errors."""
        return [self.error(forecast, span) for forecast in self.forecasts]

    def as_json(self) -> dict[str, Any]:
        """The numbers, in the form of `results.json`."""
        errors = {"validation": self.validation_errors(), **{name: self.errors(span) for name, span in SPANS.items()}}
        linear = {name: self.linear_error(span) for name, span in SPANS.items()}
        return {
            "ar12": {"validation": self.linear_validation_error(), **linear},
            "rnn": {
                **{name: mean(values) for name, values in errors.items()},
                "standard_deviation": {name: deviation(values) for name, values in errors.items()},
                "each_seed": [
                    {
                        "seed": network.seed,
                        "epochs": network.epochs,
                        **{name: values[position] for name, values in errors.items()},
                    }
                    for position, network in enumerate(self.networks)
                ],
            },
            "seeds": list(self.settings.seeds),
            "settings": asdict(self.settings),
            "unit": {"variance_of": list(UNIT), "value": self.unit},
            "years": {"validation": list(VALIDATION), **{name: list(span) for name, span in SPANS.items()}},
            "gradient_check": self.check._asdict(),
            "graph": {"steps": self.steps, "nodes": self.nodes, "edges": self.edges},
        }


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample; 0 of a single value."""
    return stdev(values) if len(values) > 1 else 0.0


def gradient_sizes(forecaster: Forecaster) -> tuple[Array, Array]:
    """‖∂L/∂h_t‖ at every step of the unrolled training years: for the whole loss, and for the last year's alone."""
    run = forecaster.unroll()
    assert run.loss is not None  # there are targets
    whole, last = (
        np.array([np.linalg.norm(gradient.data) for gradient in grad(loss, run.states)])
        for loss in (run.loss, run.losses[-1])
    )
    return whole, last
