"""docs/results.md: that it shows what was measured, and that every row can be measured."""

import importlib
import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.errors import RunError
from tinygrad_rnn.reports.sunspot_network import Settings
from tinygrad_rnn.training.run_settings import RunSettings

DOCS = Path(__file__).parents[1] / "docs"
QUICK = Settings(hidden_size=2, max_epochs=2, check_every=1, patience=1, seeds=(0, 1))
SMALL = RunSettings(hidden=3, window=4, batch=2)
MEASURED = json.loads((DOCS / "results.json").read_text())


@pytest.fixture(scope="module")
def modules():
    """docs/results.py and docs/results_page.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        yield importlib.import_module("results"), importlib.import_module("results_page")


@pytest.fixture
def results(modules):
    return modules[0]


@pytest.fixture
def page(modules):
    return modules[1]


def test_the_page_is_what_is_written_from_the_numbers(page):
    assert (DOCS / "results.md").read_text(encoding="utf-8") == page.render(MEASURED)


def test_every_row_that_was_measured_stands_in_the_page_under_its_name(results, page):
    rows = results.make_rows(Path("FILE"), Path("runs"))
    assert MEASURED.keys() <= rows.keys()
    text = page.render(MEASURED)
    assert [name for name in MEASURED if f"| `{name}` |" not in text] == []


def test_the_page_shows_means_deviations_and_baselines(page):
    measured = {
        "adding-50-lstm": {"updates": 1500, "losses": [0.01, 0.03], "curves": [[1.0], [1.0]], "seconds": 61},
        "copy-20-gru": {"updates": 2, "losses": [0.5], "curves": [[1.0]], "seconds": 3},
    }
    text = page.render(measured)
    assert "| T = 50: answer without memory | 0.1667 |" in text
    assert "| T = 50: LSTM | 0.0200 ± 0.0141 | 2 | 1,500 | 1 min 1 s | `adding-50-lstm` |" in text
    assert f"| T = 20: answer without memory | {10 * math.log(8) / 40:.4f} |" in text
    assert "| T = 20: GRU | 0.5000 | 1 | 2 | 3 s | `copy-20-gru` |" in text


def test_the_figure_has_a_curve_for_every_seed_and_the_line_at_one_sixth(page):
    row = {"updates": 100, "losses": [0.1, 0.1], "curves": [[0.5, 0.1], [0.4, 0.2]]}
    figure = page.draw_learning({"adding-50-gru": row, "adding-100-gru": row, "copy-50-gru": row})
    assert [axes.get_title() for axes in figure.axes] == ["T = 50", "T = 100"]
    for axes in figure.axes:
        *curves, line = axes.lines
        assert [list(curve.get_ydata()) for curve in curves] == row["curves"]
        assert [list(curve.get_xdata()) for curve in curves] == [[25, 75]] * 2
        assert list(line.get_ydata()) == [1 / 6, 1 / 6]


def test_the_linear_forecast_of_sunspots_is_the_published_one(results):
    assert [round(errors[0], 3) for errors in results.sunspots("ar12", QUICK).values()] == [0.132, 0.130, 0.368]


@pytest.mark.parametrize("kind", ["elman", "rnn", "lstm", "gru"])
def test_a_network_forecasts_sunspots(results, kind):
    errors = results.sunspots(kind, QUICK)
    assert errors.keys() == {"train", "1921_1955", "1956_1979"}
    for of_seeds in errors.values():
        assert len(set(of_seeds)) == 2
        assert all(0 < error < 10 for error in of_seeds)


@pytest.mark.parametrize("kind", ["rnn", "irnn", "lstm", "gru"])
@pytest.mark.parametrize("task", ["adding", "copy"])
def test_a_network_learns_a_task_repeatably(results, task, kind, monkeypatch):
    monkeypatch.setattr(results, "FRESH", 10)
    first, again = (results.learn(results.TASKS[task], 4, kind, 2, range(2)) for _ in range(2))
    assert first == again
    assert len(set(first["losses"])) == 2
    assert np.shape(first["curves"]) == (2, 1)
    assert np.isfinite([*first["losses"], *np.ravel(first["curves"])]).all()


def test_an_irnn_starts_as_the_identity(results):
    layer = results.make_layer("irnn", 2, 4, np.random.default_rng(0), np.float64)
    state = layer.state_dict()
    assert np.array_equal(state["weight_hh_l0"], np.eye(4))
    assert not state["bias_ih_l0"].any()
    assert not state["bias_hh_l0"].any()


def test_characters_are_predicted_by_grams_and_by_a_run(results, tmp_path):
    pytest.importorskip("safetensors")
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be " * 150)
    nats = results.ngrams(text, range(3))
    assert nats["0"] == pytest.approx(math.log(7))
    assert nats["0"] > nats["1"] > nats["2"]
    settings = RunSettings(cell="rnn", hidden=2, epochs=1)
    made, taken_over = (results.characters(text, tmp_path / "run", settings) for _ in range(2))
    assert made == taken_over
    assert (made["epochs"], made["best_epoch"]) == (1, 1)
    assert 0 < made["nats"] < 5
    with pytest.raises(RunError, match="other settings"):
        results.characters(text, tmp_path / "run", RunSettings(cell="gru", hidden=2, epochs=1))
    (tmp_path / "run" / "curves.svg").unlink()
    with pytest.raises(RunError, match="not over"):
        results.characters(text, tmp_path / "run", settings)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_updates_are_timed_beside_pytorch(results, kind):
    pytest.importorskip("torch")
    numbers = results.beside_pytorch(kind, SMALL, symbols=5, rounds=2)
    assert numbers["rounds"] == 2
    assert min(numbers["ours"], numbers["pytorch"], numbers["ratio"]) > 0


def test_missing_rows_are_measured_and_chosen_ones_anew(results, tmp_path, monkeypatch):
    calls = []

    def measure(name):
        calls.append(name)
        return {"updates": 1, "losses": [float(len(calls))], "curves": [[1.0]]}

    names = ["adding-50-rnn", "adding-50-gru", "copy-20-rnn"]
    monkeypatch.setattr(results, "make_rows", lambda *_: {name: partial(measure, name) for name in names})
    results.main(["adding-50-g"], tmp_path)
    results.main([], tmp_path)
    assert calls == ["adding-50-gru", "adding-50-rnn", "copy-20-rnn"]
    results.main(["adding"], tmp_path)
    assert calls[3:] == ["adding-50-rnn", "adding-50-gru"]
    with pytest.raises(SystemExit):
        results.main(["subtracting"], tmp_path)
    assert len(calls) == 5
    kept = json.loads((tmp_path / "results.json").read_text())
    assert [(name, kept[name]["losses"]) for name in kept] == [(names[0], [4.0]), (names[1], [5.0]), (names[2], [3.0])]
    assert "`adding-50-gru`" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert (tmp_path / "adding.svg").read_text(encoding="utf-8").endswith("</svg>\n")
