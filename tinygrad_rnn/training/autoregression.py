"""Linear autoregression: the forecast that a network has to beat."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.node import Array


def forecast_linearly(numbers: Array, order: int, fitted: int) -> Array:
    """Forecast each number of a series from those just before it: x̂_t = a_0 + Σ_{i=1}^order a_i x_{t−i}.

    Args:
        numbers: the series.
        order: how many numbers before x_t are looked at.
        fitted: the coefficients are least squares over the first so many numbers.

    Returns:
        The forecasts, one for each number; NaN for the first `order`, which have too few before them.

    Raises:
        SettingError: too few numbers to fit `order` + 1 coefficients to.
    """
    if not 0 < order <= fitted - order - 1 or fitted > len(numbers):
        raise SettingError(f"an autoregression of order {order} cannot be fitted to {fitted} of {len(numbers)} numbers")
    past = sliding_window_view(numbers, order)[:-1]
    design = np.column_stack([np.ones(len(past)), past])
    coefficients, *_ = np.linalg.lstsq(design[: fitted - order], numbers[order:fitted])
    return np.concatenate([np.full(order, np.nan), design @ coefficients])
