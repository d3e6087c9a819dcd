"""docs/results.md: that it shows what was measured, and that every row can be measured."""

import importlib
import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.errors import OutputError
from tinygrad_rnn.reports.sunspot_network import Settings
from tinygrad_rnn.training.run_settings import RunSettings

DOCS = Path(__file__).parents[1] / "docs"
QUICK = Settings(hidden_size=2, max_epochs=2, check_every=1, patience=1)
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
        "adding-50-lstm": [
            {"updates": 1500, "loss": 0.01, "curve": [1.0]},
            {"updates": 1500, "loss": 0.03, "curve": [1.0], "seconds": 60.0},
            {"updates": 1500, "loss": 0.02, "curve": [1.0], "seconds": 62.0},
        ],
        "copy-20-gru": [{"updates": 2, "loss": 0.5, "curve": [1.0]}],
        "characters-ngrams": [{"0": 4.0, "5": 1.5}],
        "characters-gru-6": [
            {"nats": nats, "epochs": 6, "best_epoch": best, "seconds": 3.0} for nats, best in ((2.0, 6), (3.0, 5))
        ],
    }
    text = page.render(measured)
    assert "| T = 50: answer without memory | 0.1667 |" in text
    assert "| T = 50: LSTM | 0.0200 ± 0.0100 | 3 | 1,500 | 1 min 1 s | `adding-50-lstm` |" in text
    assert f"| T = 20: answer without memory | {10 * math.log(8) / 40:.4f} |" in text
    assert "| T = 20: GRU | 0.5000 | 1 | 2 |  | `copy-20-gru` |" in text
    assert "| GRU, 128 units | 2.500 ± 0.707 | 2 | 6; best 5, 6 | 3 s | `characters-gru-6` |" in text
    assert "The best n-gram has 1.500 nats per character, the best network 2.500." in text


def test_a_figure_has_the_mean_and_the_range_of_seeds_and_the_line_without_memory(page):
    row = [{"updates": 100, "curve": [0.5, 0.1]}, {"updates": 100, "curve": [0.4, 0.2]}]
    figure = page.draw_learning({"adding-50-gru": row, "adding-100-gru": row, "copy-50-gru": row}, "adding")
    assert [axes.get_title() for axes in figure.axes] == ["$T$ = 50", "$T$ = 100"]
    for axes in figure.axes:
        curve, line = axes.lines
        assert list(curve.get_xdata()) == [25, 75]
        assert curve.get_ydata() == pytest.approx([0.45, 0.15])
        (shade,) = axes.collections
        corners = {tuple(corner) for corner in shade.get_paths()[0].vertices}
        assert corners == {(25, 0.4), (25, 0.5), (75, 0.1), (75, 0.2)}
        assert list(line.get_ydata()) == [1 / 6, 1 / 6]
    (axes,) = page.draw_learning({"copy-50-gru": row}, "copy").axes
    assert list(axes.lines[1].get_ydata()) == [10 * math.log(8) / 70] * 2


def test_the_linear_forecast_of_sunspots_is_the_published_one(results):
    assert [round(error, 3) for error in results.sunspots("ar12", QUICK, 0).values()] == [0.132, 0.130, 0.368]


@pytest.mark.parametrize("kind", ["elman", "rnn", "lstm", "gru"])
def test_a_network_forecasts_sunspots(results, kind):
    first, second = (results.sunspots(kind, QUICK, seed) for seed in (0, 1))
    assert first.keys() == second.keys() == {"train", "1921_1955", "1956_1979"}
    for span in first:
        assert 0 < first[span] != second[span] < 10


@pytest.mark.parametrize("kind", ["rnn", "irnn", "lstm", "gru"])
@pytest.mark.parametrize("task", ["adding", "copy"])
def test_a_network_learns_a_task_repeatably(results, task, kind, monkeypatch):
    monkeypatch.setattr(results, "FRESH", 10)
    monkeypatch.setattr(results, "POINTS", 2)
    first, again, other = (results.learn(results.TASKS[task], 4, kind, 4, seed) for seed in (0, 0, 1))
    assert first == again
    assert first["loss"] != other["loss"]
    assert len(first["curve"]) == 2
    assert np.isfinite([first["loss"], *first["curve"]]).all()


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
    first, second = (results.characters(text, tmp_path / "runs", settings, seed) for seed in (0, 1))
    assert (first["epochs"], first["best_epoch"]) == (1, 1)
    assert 0 < first["nats"] != second["nats"] < 5
    assert {folder.name for folder in (tmp_path / "runs").iterdir()} == {"rnn-1-0", "rnn-1-1"}
    with pytest.raises(OutputError, match="exists already"):
        results.characters(text, tmp_path / "runs", settings, 0)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_updates_are_timed_beside_pytorch(results, kind):
    pytest.importorskip("torch")
    numbers = results.beside_pytorch(kind, SMALL, symbols=5, rounds=2, seed=0)
    assert numbers["rounds"] == 2
    assert min(numbers["ours"], numbers["pytorch"], numbers["ratio"]) > 0


@pytest.fixture
def measured(results, monkeypatch):
    """The row and the seed of every measurement, in order; none takes time."""
    calls = []

    def measure(name, seed):
        calls.append((name, seed))
        return {"updates": 1, "loss": float(len(calls)), "curve": [1.0]}

    counts = {"adding-50-rnn": 1, "adding-50-gru": 3, "copy-20-rnn": 2}
    rows = {name: results.Row(partial(measure, name), seeds) for name, seeds in counts.items()}
    monkeypatch.setattr(results, "make_rows", lambda *_: rows)
    return calls


def test_missing_seeds_are_measured_in_turn(results, measured, tmp_path):
    results.main(["adding-50-g"], tmp_path)
    assert measured == [("adding-50-gru", seed) for seed in range(3)]
    results.main([], tmp_path)
    assert measured[3:] == [("adding-50-rnn", 0), ("copy-20-rnn", 0), ("copy-20-rnn", 1)]
    results.main([], tmp_path)
    assert len(measured) == 6
    results.main(["adding-50-g", "copy", "--anew"], tmp_path)
    assert measured[6:] == [
        ("adding-50-gru", 0), ("copy-20-rnn", 0), ("adding-50-gru", 1), ("copy-20-rnn", 1), ("adding-50-gru", 2),
    ]  # fmt: skip
    kept = json.loads((tmp_path / "results.json").read_text())
    assert {name: [numbers["loss"] for numbers in seeds] for name, seeds in kept.items()} == {
        "adding-50-rnn": [4.0], "adding-50-gru": [7.0, 9.0, 11.0], "copy-20-rnn": [8.0, 10.0],
    }  # fmt: skip
    assert list(kept) == ["adding-50-rnn", "adding-50-gru", "copy-20-rnn"]
    assert all(numbers["seconds"] >= 0 for seeds in kept.values() for numbers in seeds)
    assert "`adding-50-gru`" in (tmp_path / "results.md").read_text(encoding="utf-8")
    for picture in ("adding.svg", "copy.svg"):
        assert (tmp_path / picture).read_text(encoding="utf-8").endswith("</svg>\n")


def test_unknown_rows_and_failures_are_said_in_a_line(results, measured, tmp_path, capsys, monkeypatch):
    with pytest.raises(SystemExit):
        results.main(["subtracting"], tmp_path)
    assert "no row's name begins with subtracting" in capsys.readouterr().err
    monkeypatch.undo()
    with pytest.raises(SystemExit) as leaving:
        results.main(["characters-ngrams", "--anew", "--text", str(tmp_path / "none.txt")], tmp_path)
    assert leaving.value.code == 1
    assert "none.txt" in capsys.readouterr().err
