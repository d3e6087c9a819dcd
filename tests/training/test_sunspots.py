"""The sunspot series as it is shipped, and the linear model's published figures."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.training import forecast_linearly, load_sunspots
from tinygrad_rnn.training.sunspots import TESTS, TRAINING, UNIT, VALIDATION, Years, error_unit

DATA = files("tinygrad_rnn.training") / "data"


@pytest.fixture(scope="module")
def series():
    return load_sunspots()


def test_the_file_is_the_one_whose_origin_is_stated():
    digest = hashlib.sha256((DATA / "sunspots.csv").read_bytes()).hexdigest()
    provenance = (DATA / "README.md").read_text(encoding="utf-8")
    assert digest == "74b8e3acb9886b68abe9c56f6081257d522e2cb2470f17dbf597b396f4ea1706"
    assert digest in provenance
    assert "National Geophysical Data Center" in provenance
    assert "public domain" in provenance.replace("\n", " ")


def test_309_years_without_a_gap(series):
    assert series.years.tolist() == list(range(1700, 2009))
    assert series.numbers.shape == (309,)
    assert series.numbers[:5].tolist() == [5, 11, 16, 23, 36]
    assert np.all(series.numbers >= 0)


def test_the_unit_of_error_is_the_literature_s(series):
    assert error_unit(series) == pytest.approx(1495.6, abs=0.05)


def test_validation_years_end_the_training_years_and_tests_follow():
    assert VALIDATION.last == TRAINING.last == 1920
    assert TRAINING.first < VALIDATION.first
    assert TESTS == ((1921, 1955), (1956, 1979))
    assert str(UNIT) == "1700–1979"


def test_a_stretch_knows_nothing_later(series):
    training = series.until(1920)
    assert training.years[-1] == 1920
    assert len(training.numbers) == 221
    assert training.during(Years(1919, 1930)).sum() == 2


def test_mean_squared_error_counts_the_span_alone(series):
    forecast = np.full(309, np.nan)
    forecast[21:56] = series.numbers[21:56] + 3
    assert series.mean_squared_error(forecast, Years(1721, 1755)) == pytest.approx(9)


def test_linear_autoregression_reproduces_the_published_figures(series):
    forecast = forecast_linearly(series.numbers, order=12, fitted=221)
    spans = [Years(1712, 1920), *TESTS]
    errors = [series.mean_squared_error(forecast, span) / error_unit(series) for span in spans]
    assert [round(error, 3) for error in errors] == [0.132, 0.130, 0.368]


def test_linear_autoregression_finds_a_linear_law_and_looks_at_fitted_numbers_alone():
    numbers = np.empty(60)
    numbers[:2] = 1.0, 2.0
    for t in range(2, 60):
        numbers[t] = 0.5 + 1.6 * numbers[t - 1] - 0.9 * numbers[t - 2]
    forecast = forecast_linearly(numbers, order=2, fitted=40)
    np.testing.assert_allclose(forecast[2:], numbers[2:], rtol=1e-9)
    assert np.isnan(forecast[:2]).all()
    changed = numbers.copy()
    changed[45:] += 100
    np.testing.assert_array_equal(forecast_linearly(changed, 2, 40)[:46], forecast[:46])


@pytest.mark.parametrize(("order", "fitted"), [(0, 50), (12, 20), (12, 400)])
def test_too_little_to_fit_is_refused(series, order, fitted):
    with pytest.raises(tg.SettingError, match="autoregression of order"):
        forecast_linearly(series.numbers, order, fitted)
