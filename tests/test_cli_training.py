"""train, sample and evaluate on the command line."""

import math
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_rnn import cli
from tinygrad_rnn.training.runs import Run, load_best
from tinygrad_rnn.training.sunspots import error_unit, load_sunspots

TEXT = "the cat sat on the mat, and the dog sat on the log.\n" * 12
QUICK = ["--hidden", "4", "--window", "6", "--batch", "3", "--epochs", "2"]


@pytest.fixture
def text(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path / "text.txt"


def call(capsys, *words):
    """Status, standard output and standard error of a command."""
    try:
        status = cli.main([str(word) for word in words])
    except SystemExit as end:
        status = end.code
    return status, *capsys.readouterr()


def test_train_sample_evaluate(text, capsys):
    run = text.parent / "run"
    status, printed, told = call(capsys, "train", text, "--output", run, *QUICK)
    assert status == 0
    assert re.search(r"best in epoch 2: \d\.\d{4} nats \(\d\.\d{4} bits\) per character", printed)
    assert len(re.findall(r"epoch \d of 2: loss .*norm .*characters/s, validation loss ", told)) == 2
    assert {path.name for path in run.iterdir()} == {
        "config.json", "metrics.csv", "checkpoint.safetensors", "best.safetensors", "curves.svg",
    }  # fmt: skip
    assert (run / "curves.svg").read_bytes().count(b"<svg") == 1

    sampled = [call(capsys, "sample", run, "--length", 40, "--prompt", "the ", "--seed", seed) for seed in (1, 1, 2)]
    assert [status for status, _, _ in sampled] == [0, 0, 0]
    assert sampled[0] == sampled[1] != sampled[2]
    assert len(sampled[0][1]) == 41
    assert set(sampled[0][1]) <= set(TEXT)
    coldest = [call(capsys, "sample", run, "--length", 9, "--temperature", 0, "--seed", seed)[1] for seed in (1, 2)]
    assert coldest[0] == coldest[1]

    status, printed, _ = call(capsys, "evaluate", run, text)
    nats, bits = map(
        float, re.match(r"(\S+) nats \((\S+) bits\) per character, over 623 predictions", printed).groups()
    )
    assert (status, bits) == (0, pytest.approx(nats / math.log(2), abs=1e-4))

    before = (run / "metrics.csv").read_bytes()
    assert call(capsys, "train", "--resume", run)[0] == 0
    assert (run / "metrics.csv").read_bytes() == before


def test_a_series(tmp_path, capsys):
    series = tmp_path / "waves.csv"
    series.write_text("t,x\n" + "".join(f"{t},{100 + 10 * math.sin(t / 3):.6f}\n" for t in range(200)))
    status, printed, told = call(capsys, "train", series, "--column", "x", "--output", tmp_path / "run", "--epochs", 5)
    assert status == 0
    assert "numbers/s" in told
    assert "mean squared error" in printed
    status, printed, _ = call(capsys, "evaluate", tmp_path / "run", series)
    assert float(re.match(r"mean squared error (\S+),", printed)[1]) < 100
    assert call(capsys, "sample", tmp_path / "run")[0] == 2


def test_sunspots_are_evaluated_by_spans_of_years(tmp_path, capsys):
    """Each against the network called year by year, with its state carried on."""
    assert call(capsys, "train", "sunspots", "--output", tmp_path / "run", "--cell", "rnn", "--epochs", 3)[0] == 0
    status, printed, _ = call(capsys, "evaluate", tmp_path / "run", "sunspots")
    net, source = load_best(tmp_path / "run")
    series, state, forecast = load_sunspots(), net.initial_state(1), {}
    for year, number in zip(series.years[:280], series.numbers, strict=False):
        prediction, state = net.predict(np.array([[(number - source.mean) / source.deviation]]), state)
        forecast[int(year) + 1] = source.mean + source.deviation * prediction.item()
    true = dict(zip(series.years.tolist(), series.numbers.tolist(), strict=True))
    for line, first, last in zip(printed.splitlines(), (1712, 1921, 1956), (1920, 1955, 1979), strict=True):
        error = np.mean([(forecast[year] - true[year]) ** 2 for year in range(first, last + 1)])
        found = re.fullmatch(
            rf"{first}–{last}, (training|test) years: mean squared error (\S+), (\S+) of the variance of .*", line
        )
        assert (found[1] == "training") == (last == 1920)
        assert float(found[2]) == pytest.approx(error, rel=1e-5)
        assert float(found[3]) == pytest.approx(error / error_unit(series), abs=1e-4)
    assert status == 0


def test_numbers_too_large_to_be_squared_are_not_evaluated(tmp_path, capsys):
    series, huge = tmp_path / "series.csv", tmp_path / "huge.csv"
    series.write_text("x\n" + "".join(f"{math.sin(k)}\n" for k in range(200)))
    huge.write_text("x\n" + "1e300\n" * 200)
    assert call(capsys, "train", series, "--output", tmp_path / "run", "--epochs", 1)[0] == 0
    status, printed, told = call(capsys, "evaluate", tmp_path / "run", huge)
    assert (status, printed) == (1, "")
    assert re.fullmatch(r"tinygrad-rnn: .*huge\.csv: numbers so far from .* the loss is not finite\n", told)


@pytest.mark.skipif(os.name != "posix", reason="locks are POSIX")
def test_a_second_process_in_a_run_s_folder_is_told_so_in_one_line(text, capsys):
    folder, endless = text.parent / "run", ["--epochs", "100000", "--patience", "1000000"]
    command = [sys.executable, "-m", "tinygrad_rnn", "train", text, "--output", folder, *QUICK[:-2], *endless]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        status, printed, told = call(capsys, "train", "--resume", folder)
        process.kill()
        process.communicate(timeout=60)
    assert (status, printed) == (1, "")
    assert told == f"tinygrad-rnn: another process trains in {folder}; wait until it ends, or end it\n"
    assert Run.resume(folder).updates_done > 0


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["train"], 2, "takes a FILE and --output DIR"),
        (["train", "text.txt", "--output", "run", "--hidden", "0"], 2, "hidden is a whole number from 1"),
        (["train", "text.txt", "--output", "run", "--hidden", "many"], 2, "--hidden"),
        (["train", "text.txt", "--output", "run", "--cell", "cnn"], 2, "--cell"),
        (["train", "text.txt", "--output", "run", "--dropout", "nan"], 2, "dropout is a number from 0"),
        (["train", "--resume", "run", "--hidden", "3"], 2, "takes no hidden beside it"),
        (["train", "missing.txt", "--output", "run"], 1, "missing.txt: No such file"),
        (["train", ".", "--output", "run"], 1, "Is a directory"),
        (["train", "text.txt", "--output", "run", "--window", "9999"], 1, "text.txt is too short"),
        (["train", "text.txt", "--output", "missing/run", *QUICK], 1, "there is no folder missing"),
        (["train", "text.txt", "--output", "there", *QUICK], 1, "there exists already"),
        (["train", "--resume", "there"], 1, "there is not a run folder"),
        (["train", "text.txt", "--column", "x", "--output", "run"], 1, "has no column 'x'"),
        (["sample", "there"], 1, "there is not a run folder"),
        (["sample", "there", "--temperature", "-1"], 2, "a number from 0 to 1000 is expected"),
        (["sample", "there", "--seed", "x"], 2, "a whole number from 0 is expected"),
        (["evaluate", "missing", "text.txt"], 1, "missing is not a run folder"),
    ],
)
def test_mistakes_are_one_line(text, monkeypatch, capsys, words, status, message):
    monkeypatch.chdir(text.parent)
    (text.parent / "there").mkdir()
    found, printed, told = call(capsys, *words)
    assert (found, printed, told.count("\n")) == (status, "", 1)
    assert told.startswith("tinygrad-rnn")
    assert message in told
    assert {path.name for path in text.parent.iterdir()} == {"text.txt", "there"}


def test_a_prompt_that_the_network_does_not_know(text, capsys):
    assert call(capsys, "train", text, "--output", text.parent / "run", *QUICK)[0] == 0
    assert "the prompt: 'Q', character 2," in call(capsys, "sample", text.parent / "run", "--prompt", "tQ")[2]
    assert "at least one character" in call(capsys, "sample", text.parent / "run", "--prompt", "")[2]


def test_a_text_without_line_ends_can_be_sampled_from_without_a_prompt(text, capsys):
    text.write_text(TEXT.replace("\n", " "))
    assert call(capsys, "train", text, "--output", text.parent / "run", *QUICK)[0] == 0
    status, printed, told = call(capsys, "sample", text.parent / "run", "--length", 5)
    assert (status, len(printed), told) == (0, 6, "")


def test_numbers_that_overflow_end_a_run_in_one_line(tmp_path):
    series = tmp_path / "late.csv"
    series.write_text("t,x\n" + "".join(f"{t},{t % 7 if t < 190 else 1e200}\n" for t in range(200)))
    command = [sys.executable, "-m", "tinygrad_rnn", "train", series, "--output", tmp_path / "run"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    told = "tinygrad-rnn: epoch 1: the validation loss is inf; try a lower learning rate\n"
    assert (found.returncode, found.stdout, found.stderr) == (1, "", told)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_finishes_the_update_and_saves(text):
    folder = text.parent / "run"
    words = [*QUICK[:-2], "--epochs", "100000", "--checkpoint-every", "1000000", "--patience", "1000000"]
    command = [sys.executable, "-m", "tinygrad_rnn", "train", text, "--output", folder, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=60)
    assert (process.returncode, printed) == (130, "")
    assert told.splitlines()[-1] == f"tinygrad-rnn: interrupted and saved; go on with --resume {folder}"
    assert "Traceback" not in told
    lines = (folder / "metrics.csv").read_text().splitlines()
    assert Run.resume(folder).updates_done == len(lines) - 1 >= 27
