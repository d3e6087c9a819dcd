"""That the benchmark compares programs that do the same; nothing here depends on how long anything takes."""

import json
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from . import checkpointing, drawing, measures, recurrent, report
from .engines import by_hand, load_directional, load_programs
from .problem import Sizes, disagreement, make_problem
from .timing import alternate, quartiles, ratio

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")  # its own use of what it deprecates

TOY = Sizes(batch=2, steps=4, inputs=3, hidden=5, outputs=2)


@pytest.mark.parametrize("sizes", [TOY, Sizes(1, 2, 1, 1, 1)], ids=["toy", "tiny"])
@pytest.mark.parametrize("name", load_programs())
def test_every_program_computes_the_same_loss_and_gradients(name, sizes):
    make = load_programs()[name]
    if make is None:
        pytest.skip(f"{name} is not installed")
    problem = make_problem(sizes)
    program, reference = make(problem), by_hand.naive(problem.astype(np.float64))
    assert disagreement(program, reference) < measures.TOLERANCE
    assert disagreement(program, reference) < measures.TOLERANCE, "a second call adds to what the first one left"


@pytest.mark.parametrize("kind", ["jvp", "hvp"])
@pytest.mark.parametrize("name", load_directional("jvp"))
def test_every_program_computes_the_same_along_a_direction(name, kind):
    make = load_directional(kind)[name]
    if make is None:
        pytest.skip(f"{name} is not installed")
    problem = make_problem(TOY)
    program, reference = make(problem), getattr(by_hand, kind)(problem.astype(np.float64))
    for call in "first", "second":
        assert disagreement(program, reference) < measures.TOLERANCE, call


def test_the_reference_is_the_gradient():
    problem = make_problem(TOY).astype(np.float64)
    _, gradients = by_hand.naive(problem)()
    step = 1e-6
    for k, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            losses = []
            for sign in (1, -1):
                moved = [value.copy() for value in problem.parameters]
                moved[k][index] += sign * step
                losses.append(by_hand.naive(problem._replace(parameters=tuple(moved)))()[0])
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-6, abs=1e-9)


def test_a_program_that_computes_something_else_is_refused(monkeypatch):
    def wrong(problem):
        loss, gradients = by_hand.naive(problem)()
        return lambda: (loss, [gradient * 1.001 for gradient in gradients])

    monkeypatch.setattr(measures, "load_programs", lambda: {"wrong": wrong, "missing": None})
    with pytest.raises(AssertionError, match="wrong"):
        measures.compare_engines(TOY, seconds=0, rounds=1)


def test_programs_take_turns():
    calls = []
    timings = alternate({name: lambda name=name: calls.append(name) for name in "abc"}, seconds=0, rounds=4)
    assert [sorted(calls[i : i + 3]) for i in range(0, 12, 3)] == [["a", "b", "c"]] * 4
    assert {name: len(seconds) for name, seconds in timings.items()} == {"a": 4, "b": 4, "c": 4}


def test_ratio_is_the_median_over_rounds_and_quartiles_are_in_order():
    timings = {"a": [1.0, 2.0, 9.0], "b": [1.0, 4.0, 3.0]}
    assert ratio(timings, "a", "b") == 1
    assert quartiles([5.0, 1.0, 3.0, 4.0, 2.0]) == (2, 3, 4)


def test_the_document_shows_every_measure(monkeypatch):
    sizes = dict.fromkeys(report.SIZES, TOY)
    monkeypatch.setattr(report, "SIZES", sizes)
    monkeypatch.setattr(recurrent, "COMPARED", {"toy size": TOY})
    monkeypatch.setattr(checkpointing, "NETWORKS", {"toy network": TOY._replace(steps=30)})
    monkeypatch.setattr(measures, "measure_imports", lambda rounds: {"numpy": [0.1, 0.1], "tinygrad_rnn": [0.02, 0.02]})
    drawing = {"10": {"seconds": [0.5, 0.7, 0.6], "bytes": 12_345}, "100": {"seconds": "> 60 s", "bytes": None}}
    monkeypatch.setattr(measures, "measure_drawing", lambda: {"torchviz": drawing})
    monkeypatch.setattr(report.gc, "freeze", lambda: None)
    results = report.measure(report.ROWS, seconds=0, rounds=2)
    text = report.render(results)
    for name in load_programs():
        assert f"\n| {name} |" in text
    for word in (
        *sizes, "goal", "hvp, minchar", "numpy by hand, fused", "nodes per second", "ms to import",
        "toy size", "LSTM over numpy by hand", "toy network: √T segments",
        "\n| torchviz | 0.60 | > 60 s |", "\n| torchviz | 12 kB | – |",
    ):  # fmt: skip
        assert word in text
    assert not re.search(r"\{\w+\}", text)
    assert json.loads(report.to_json(results))["engines"].keys() == sizes.keys()


def test_the_document_in_docs_is_written_from_the_raw_timings():
    raw = report.RAW.read_text(encoding="utf-8")
    assert report.DOCUMENT.read_text(encoding="utf-8") == report.render(json.loads(raw))
    assert report.to_json(json.loads(raw)) == raw


def test_rows_are_kept_beside_those_that_are_measured(monkeypatch, tmp_path):
    machine = {"numpy": "2"}
    old = {"machine": machine, "engines": {"sunspot": 1, "mid": 2}, "imports": 3, "drawing": 4}
    monkeypatch.setattr(report, "RAW", tmp_path / "raw.json")
    report.RAW.write_text(json.dumps(old))
    assert report.read_kept({**machine, "torchlens": "2.36"}) == old
    now = {"machine": {**machine, "torchlens": "2.36"}, "engines": {"mid": 20}, "drawing": 40}
    assert report.merge(old, now) == {**now, "engines": {"sunspot": 1, "mid": 20}, "imports": 3}
    with pytest.raises(SystemExit, match="measured with numpy 2; measure all"):
        report.read_kept({"numpy": "3"})


def test_every_way_of_drawing_takes_time_and_writes_a_file():
    results = measures.measure_drawing(steps=[3], rounds=1)
    assert results.keys() >= {way for way, (_, packages) in drawing.WAYS.items() if not packages}
    for way, by_steps in results.items():
        assert all(seconds > 0 for seconds in by_steps["3"]["seconds"]), way
        assert (by_steps["3"]["bytes"] is None) == ("tracing" in way), way


def test_a_drawing_beyond_its_limit_is_shown_as_such(monkeypatch):
    way = "tinygrad_rnn, folded"
    monkeypatch.setattr(measures, "WAYS", {way: drawing.WAYS[way]})
    monkeypatch.setattr(measures, "LIMIT", 0)
    assert measures.measure_drawing(steps=[3], rounds=2) == {way: {"3": {"seconds": "> 0 s", "bytes": None}}}


def test_a_drawing_that_fails_is_shown_as_such(monkeypatch, capfd):
    monkeypatch.setattr(measures, "WAYS", {"unheard of": drawing.Way(lambda steps: None)})
    results = measures.measure_drawing(steps=[3], rounds=2)
    assert results == {"unheard of": {"3": {"seconds": "failed", "bytes": None}}}
    assert "KeyError: 'unheard of'" in capfd.readouterr().err


def test_a_drawing_that_does_not_end_is_ended(tmp_path):
    endless = """
import sys
from tests.benchmarks import drawing
drawing.LIMIT = 1
drawing.WAYS["endless"] = drawing.Way(lambda steps: lambda folder: any(iter(int, steps - 2)))
drawing.main("endless", "3", sys.argv[1])
"""
    child = subprocess.run([sys.executable, "-c", endless, tmp_path], cwd=measures.ROOT, capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr


def test_a_missing_peer_is_shown_as_not_installed(monkeypatch):
    makers = load_programs() | {"MyGrad": None}
    monkeypatch.setattr(measures, "load_programs", lambda: makers)
    engines = {"sunspot": measures.compare_engines(TOY, seconds=0, rounds=2)}
    assert "| MyGrad | not installed |" in report.ratio_table(engines)
    assert "| MyGrad | not installed |" in report.time_table(engines)


def test_checkpointed_ways_are_compared():
    measured = checkpointing.compare(TOY._replace(steps=30), rounds=1)
    for numbers in measured["seconds"], measured["bytes"]:
        assert list(numbers) == ["plain", "√T segments", "100 snapshots", "20 snapshots"]
    text = report.checkpointing_table({"toy": measured})
    assert "| toy: plain | 1.00 | 100.00% |" in text


@pytest.mark.parametrize("kind", recurrent.KINDS)
def test_recurrent_programs_compute_the_same(kind):
    measured = recurrent.compare(kind, TOY, seconds=0, rounds=2)
    programs = recurrent.make_programs(kind, TOY)
    assert measured["seconds"].keys() == {*programs, recurrent.PRODUCTS}
    assert (recurrent.BY_HAND in programs) == (kind == "LSTM")


def test_a_recurrent_program_that_computes_something_else_is_refused(monkeypatch):
    def slightly_wrong(kind, layer, xs, weights):
        loss, gradients = recurrent.our_program(layer, xs, weights)()
        return {recurrent.LAYER: lambda: (loss, [gradient * 1.001 for gradient in gradients])}

    monkeypatch.setattr(recurrent, "pytorch_programs", slightly_wrong)
    with pytest.raises(AssertionError, match="PyTorch's layer"):
        recurrent.compare("GRU", TOY, seconds=0, rounds=1)
