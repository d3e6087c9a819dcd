"""The main job: a recurrent network on the yearly sunspot numbers, from the series to a report."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tinygrad_rnn
from tinygrad_rnn.drawing import draw
from tinygrad_rnn.extras import require_extra
from tinygrad_rnn.files import check_folder, write_folder
from tinygrad_rnn.reports.gradient_check import check_gradient
from tinygrad_rnn.reports.page import THEMES, render_page
from tinygrad_rnn.reports.results import Results
from tinygrad_rnn.reports.sunspot_network import Forecaster, Settings, Trained, Watch, train_network
from tinygrad_rnn.training import load_sunspots
from tinygrad_rnn.training.sunspots import TRAINING

FILES = ("report.html", "unrolled.svg", "results.json", "weights.safetensors")


def run_demo(folder: Path, watch: Watch, replace: bool = False, settings: Settings | None = None) -> Results:
    """Unroll, draw, check the gradient, train, forecast, and write the report and its `FILES`.

    What can be known to be wrong is found out before training starts.

    Args:
        folder: the folder to be; it is written as a whole when everything is done, or not at all.
        watch: told how far the work has come.
        replace: whether a folder that an earlier run wrote may be replaced.
        settings: how the networks are built and trained; as chosen if not given.

    Raises:
        OutputError: the folder exists already, or cannot be written.
        MissingExtraError: a package of the extra `cli` is not installed.
        DrawingError: there is no Graphviz.
    """
    require_extra("cli", "matplotlib", "safetensors")
    check_folder(folder, FILES, replace, _is_ours)
    settings = settings or Settings()
    series = load_sunspots()
    training = series.until(TRAINING.last)

    untrained = Forecaster(training, settings, settings.seeds[0])
    run = untrained.unroll()
    drawings = {theme: draw(run, detail="variables", theme=theme).svg for theme in THEMES}
    watch("checking the gradient", 0, 1)
    check = check_gradient(untrained.net, *untrained.pairs())

    networks = [train_network(training, settings, seed, watch) for seed in settings.seeds]
    watch("writing the report", 0, 1)
    graph = run.graph
    results = Results(settings, series, len(run), len(graph.nodes), len(graph.edges), check, networks)
    versions = _versions()
    contents = {
        "report.html": render_page(results, drawings, versions).encode(),
        "unrolled.svg": drawings["light"].encode(),
        "results.json": _to_json({**results.as_json(), "versions": versions}).encode(),
        "weights.safetensors": _weights(results.chosen, settings),
    }
    write_folder(folder, contents, replace, _is_ours)
    return results


def _is_ours(folder: Path) -> bool:
    """Whether an earlier demo wrote the results in a folder."""
    try:
        results = json.loads((folder / "results.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(results, dict) and {"ar12", "rnn", "gradient_check"} <= results.keys()


def _versions() -> Mapping[str, str]:
    """The programs that have a say in the numbers or the pictures."""
    packages = {name: version(name) for name in ("numpy", "matplotlib")}
    return {"tinygrad_rnn": tinygrad_rnn.__version__, "Python": platform.python_version(), **packages}


def _to_json(value: Any) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _weights(trained: Trained, settings: Settings) -> bytes:
    """A network as a safetensors file: its parameters by name, and what else it takes to use them."""
    from safetensors.numpy import save

    forecaster = trained.forecaster
    about = {
        "seed": trained.seed,
        "epochs": trained.epochs,
        "mean": forecaster.mean,
        "standard_deviation": forecaster.deviation,
        "settings": asdict(settings),
    }
    arrays = {name: parameter.data for name, parameter in forecaster.net.parameters.items()}
    return save(arrays, {"tinygrad_rnn": json.dumps(about)})  # one entry, because a file's entries have no fixed order
