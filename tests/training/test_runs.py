"""Runs: whatever ends them, and whenever, they are gone on with to the same end, bit for bit."""

import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import files
from tinygrad_rnn.errors import DataError, OutputError, RunError
from tinygrad_rnn.training import NGram, runs
from tinygrad_rnn.training.run_settings import FOR_SERIES, RunSettings, Source, find_source, from_json, to_json
from tinygrad_rnn.training.runs import Run, load_best

TEXT = "the cat sat on the mat, and the dog sat on the log. " * 12
TINY = RunSettings(
    cell="gru", hidden=5, layers=2, dropout=0.2, window=6, batch=3, epochs=3, checkpoint_every=4, accumulate=2,
    warm_up=3, validation=0.2, weight_decay=0.01,
)  # fmt: skip
FILES = {"config.json", "metrics.csv", "checkpoint.safetensors", "best.safetensors"}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def start(text, name, settings=TINY):
    return Run.start(text.parent / name, settings, find_source(text, None, settings.validation))


def contents(path):
    return {file.name: file.read_bytes() for file in path.iterdir() if not file.name.startswith(".")}


@pytest.fixture
def whole(text):
    """The files of a run that nothing interrupts."""
    run = start(text, "whole")
    assert len([*run.updates()]) == run.updates_at_most == 3 * 13
    assert contents(run.folder).keys() == FILES
    return contents(run.folder)


# ---------------------------------------------------------------------- going on


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "lstm", "optimiser": "rmsprop", "schedule": "constant"},
        {"cell": "rnn", "optimiser": "adamw", "dtype": "float64", "accumulate": 1},
    ],
)
def test_a_run_left_anywhere_ends_like_one_never_left(text, settings):
    settings = replace(TINY, **settings)
    run = start(text, "whole", settings)
    every = [*run.updates()]
    expected = contents(run.folder)
    left = start(text, "left", settings)
    steps = itertools.cycle([1, 5, 2, 7, 3])
    done = {}
    while not left.is_over:
        for update in itertools.islice(left.updates(), next(steps)):
            done[update.number] = update
        if next(steps) % 2:
            left.save()
        left = Run.resume(left.folder)
    assert [done[number] for number in sorted(done)] == every
    assert contents(left.folder) == expected


def test_two_runs_with_a_seed_are_the_same_and_with_two_seeds_are_not(text, whole):
    again = start(text, "again")
    assert [*again.updates()]
    assert contents(again.folder) == whole
    other = start(text, "other", replace(TINY, seed=1))
    assert [*other.updates()]
    assert contents(other.folder)["metrics.csv"] != whole["metrics.csv"]


class SuddenEnd(BaseException):
    """As if the process were killed: nothing handles it."""


def end_at(monkeypatch, call):
    """End suddenly at the given call of the functions that touch the disk, before or after their work."""
    calls = itertools.count()

    def wrap(owner, name):
        original = getattr(owner, name)

        def ending(*arguments, **keywords):
            number = next(calls)
            if number == 2 * call:
                raise SuddenEnd
            result = original(*arguments, **keywords)
            if number == 2 * call + 1:
                raise SuddenEnd
            return result

        monkeypatch.setattr(owner, name, ending)

    for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "open"), (os, "truncate")):
        wrap(owner, name)
    monkeypatch.setattr(Path, "unlink", lambda *arguments, **keywords: None)  # which a killed process does not do


@pytest.mark.parametrize("first", [0, 8, 16])
def test_ended_at_any_touch_of_the_disk_it_goes_on_to_the_same_end(text, whole, first):
    ends = 0
    run = start(text, "left")
    for call in range(first, first + 8):
        with pytest.MonkeyPatch.context() as monkeypatch:
            end_at(monkeypatch, call)
            try:
                run = Run.resume(run.folder)
                assert run.is_over or [*run.updates()]
            except SuddenEnd:
                ends += 1
        run = Run.resume(run.folder)
    list(Run.resume(run.folder).updates())
    assert ends >= 2
    assert contents(run.folder) == whole


TRAIN = """
import sys
from pathlib import Path
from tinygrad_rnn.training.runs import Run
for update in Run.resume(Path(sys.argv[1])).updates():
    print(update.number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_killed_at_random_moments_it_goes_on_to_the_same_end(text):
    settings = replace(TINY, epochs=6, checkpoint_every=2)
    expected = start(text, "whole", settings)
    assert [*expected.updates()]
    run = start(text, "killed", settings)
    draws = random.Random(0)
    kills = 0
    for _ in range(60):
        before = Run.resume(run.folder).updates_done
        process = subprocess.Popen([sys.executable, "-c", TRAIN, run.folder], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        time.sleep(draws.random() * 0.15)
        process.kill()
        printed = process.communicate(timeout=60)[0].split()
        after = Run.resume(run.folder)
        assert after.updates_done >= before
        if printed:
            assert after.updates_done >= int(printed[-1]) - settings.checkpoint_every
        kills += process.returncode == -signal.SIGKILL
        if after.is_over:
            break
    assert kills >= 3
    list(Run.resume(run.folder).updates())
    assert contents(run.folder) == contents(expected.folder)


def test_what_a_sudden_end_left_unfinished_is_removed(text):
    run = start(text, "run")
    (run.folder / ".tinygrad-rnn-0123abcd").write_bytes(b"half a checkpoint")
    (run.folder / "notes.txt").write_text("mine")
    Run.resume(run.folder)
    assert {path.name for path in run.folder.iterdir()} == {
        "config.json", "metrics.csv", "checkpoint.safetensors", "notes.txt",
    }  # fmt: skip


# ---------------------------------------------------------------------- two at once


@pytest.mark.skipif(os.name != "posix", reason="locks are POSIX")
def test_two_cannot_train_in_one_folder_and_a_kill_leaves_no_lock(text):
    run = start(text, "run", replace(TINY, epochs=100_000, patience=100_000))
    process = subprocess.Popen([sys.executable, "-c", TRAIN, run.folder], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "1\n"
        with pytest.raises(RunError, match=r"another process trains in .*run; wait until it ends"):
            Run.resume(run.folder)
        with pytest.raises(RunError, match="another process trains"):
            next(run.updates())
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate(timeout=60)
    next(Run.resume(run.folder).updates())  # nobody is in the way any more


def test_a_run_that_was_gone_on_with_elsewhere_is_not_gone_on_with_from_an_earlier_state(text):
    run = start(text, "run")
    assert [*Run.resume(run.folder).updates()]
    expected = contents(run.folder)
    with pytest.raises(RunError, match=r"has been trained in meanwhile.*--resume"):
        next(run.updates())
    assert contents(run.folder) == expected


@pytest.mark.skipif(os.name != "posix", reason="locks are POSIX")
@pytest.mark.parametrize(("number", "error"), [(errno.ENOLCK, None), (errno.EIO, OutputError)])
def test_a_disk_that_knows_no_locks_is_no_obstacle(text, monkeypatch, number, error):
    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    run = start(text, "run")
    monkeypatch.setattr("fcntl.flock", fail)
    if error is None:
        assert [*run.updates()]
    else:
        with pytest.raises(error, match="cannot write"):
            next(run.updates())


# ---------------------------------------------------------------------- trouble with the disk


@pytest.mark.parametrize("call", range(1, 7))
def test_a_full_disk_is_said_and_leaves_the_last_checkpoint(text, whole, monkeypatch, call):
    run = start(text, "full")
    calls = itertools.count(1)
    original = os.fsync

    def failing(descriptor):
        if next(calls) == call:
            raise OSError(errno.ENOSPC, "No space left on device")
        original(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        with pytest.raises(OutputError, match=r"cannot write .*: No space left on device"):
            list(run.updates())
    assert [*Run.resume(run.folder).updates()]
    assert contents(run.folder) == whole
    assert not [path for path in run.folder.iterdir() if path.name.startswith(".")]


def test_a_folder_that_exists_is_not_touched(text):
    (text.parent / "mine").mkdir()
    with pytest.raises(OutputError, match=r"exists already.*--resume"):
        start(text, "mine")
    assert [*(text.parent / "mine").iterdir()] == []


def test_nothing_is_made_where_nothing_can_be(text):
    with pytest.raises(OutputError, match="there is no folder"):
        start(text, "missing/run")


def test_a_replaced_file_is_the_old_one_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EACCES, "denied")))
        with pytest.raises(OutputError, match=r"cannot write .*file: denied"):
            files.replace_file(path, b"new")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"file": b"old"}
    files.replace_file(path, b"new")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"file": b"new"}


# ---------------------------------------------------------------------- malformed and foreign folders


def spoil_config(change):
    def spoil(path):
        about = json.loads((path / "config.json").read_text())
        change(about)
        (path / "config.json").write_text(json.dumps(about))

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: (path / "config.json").unlink(),
        lambda path: (path / "checkpoint.safetensors").unlink(),
        lambda path: (path / "metrics.csv").unlink(),
        lambda path: (path / "metrics.csv").write_text("update\n"),
        lambda path: (path / "config.json").write_text("[" * 100_000),
        lambda path: (path / "config.json").write_bytes(b"\xff\xfe"),
        lambda path: (path / "config.json").write_text("{}"),
        lambda path: (path / "checkpoint.safetensors").write_bytes(b""),
        lambda path: (path / "checkpoint.safetensors").write_bytes(b"\xff" * 1000),
        lambda path: (path / "checkpoint.safetensors").write_bytes((path / "best.safetensors").read_bytes()),
        lambda path: (path / "checkpoint.safetensors").write_bytes((path / "checkpoint.safetensors").read_bytes()[:-8]),
        spoil_config(lambda about: about["settings"].update(hidden=8192, layers=64)),
        spoil_config(lambda about: about["settings"].update(hidden=4)),
        spoil_config(lambda about: about["settings"].update(hidden="5")),
        spoil_config(lambda about: about["settings"].update(hidden=True)),
        spoil_config(lambda about: about["settings"].update(epochs=-1)),
        spoil_config(lambda about: about["settings"].update(cell="__class__")),
        spoil_config(lambda about: about["settings"].update(learning_rate=float("nan"))),
        spoil_config(lambda about: about["settings"].update(batch=2)),
        spoil_config(lambda about: about["settings"].pop("seed")),
        spoil_config(lambda about: about["settings"].update(more=1)),
        spoil_config(lambda about: about["source"].update(alphabet="ba")),
        spoil_config(lambda about: about["source"].update(alphabet=7)),
        spoil_config(lambda about: about["source"].update(deviation=0.0)),
        spoil_config(lambda about: about.update(format=2)),
    ],
)
def test_a_malformed_folder_is_a_clear_error(text, spoil):
    run = start(text, "run")
    assert [*run.updates()]
    spoil(run.folder)
    with pytest.raises((RunError, DataError), match=r"config\.json|checkpoint\.safetensors|metrics\.csv"):
        Run.resume(run.folder)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_a_checkpoint_that_may_not_be_read_is_not_called_missing(text, monkeypatch):
    run = start(text, "run")
    original = Path.open

    def refusing(path, *mode):
        if path.name == "checkpoint.safetensors":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return original(path, *mode)

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(PermissionError):
        Run.resume(run.folder)


def test_data_that_have_changed_are_refused(text):
    run = start(text, "run")
    text.write_text(TEXT.replace("cat", "act"))
    with pytest.raises(DataError, match=r"text\.txt has changed since the run began"):
        Run.resume(run.folder)


def test_a_run_without_an_epoch_has_no_best(text):
    run = start(text, "run")
    with pytest.raises(RunError, match=r"has no best\.safetensors; the end of the run's first epoch writes one"):
        load_best(run.folder)


def test_settings_and_source_survive_config_json(text):
    source = find_source(text, None, 0.1)
    assert from_json(to_json(TINY, source), "here") == (TINY, source)
    series = Source("sunspots", "0", "", "2", 1.5, 0.25)
    assert from_json(to_json(FOR_SERIES, series), "here") == (FOR_SERIES, series)
    with pytest.raises(tg.SettingError, match="clip is a number from 1e-12 to inf, not nan"):
        RunSettings(**{**asdict(TINY), "clip": float("nan")})


# ---------------------------------------------------------------------- what is learnt


def test_a_network_learns_a_text_better_than_its_unigram(text):
    settings = RunSettings(hidden=24, window=10, batch=4, epochs=6, learning_rate=0.02)
    run = start(text, "run", settings)
    updates = [*run.updates()]
    net, source = load_best(run.folder)
    data = source.read(text)
    unigram = NGram(data, 1, len(source.alphabet)).nats(data)
    loss = net.evaluate(*tg.training.parallel_streams(data, 1))
    assert run.best[1] == min(update.validation for update in updates if update.validation is not None)
    assert loss < 0.7 * unigram


def test_a_run_on_sunspots_normalises_by_what_it_learns_from(tmp_path):
    source = find_source(Path("sunspots"), None, 0.1)
    learnt = tg.training.load_sunspots().numbers[:199]
    assert (source.mean, source.deviation) == (learnt.mean(), learnt.std())
    run = Run.start(tmp_path / "run", replace(FOR_SERIES, epochs=4, cell="rnn"), source)
    losses = [update.loss for update in run.updates()]
    assert len(losses) == 4 * run.updates_per_epoch == 4 * 6
    assert np.mean(losses[-6:]) < 0.8 * np.mean(losses[:6])


def test_an_infinite_loss_is_said_though_its_gradient_is_finite(tmp_path):
    """Squares of float32 overflow before the gradient does; no such update is made or written down."""
    settings = RunSettings(
        cell="rnn", hidden=4, window=8, batch=1, optimiser="sgd", learning_rate=3.0, clip=1e300, schedule="constant",
    )  # fmt: skip
    run = Run.start(tmp_path / "run", settings, find_source(Path("sunspots"), None, 0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(tg.NonFiniteError, match=r"update \d+: the loss is inf; try a lower learning rate"):
            list(run.updates())
    assert "inf" not in (run.folder / "metrics.csv").read_text()


def test_a_loss_that_is_not_finite_is_said_and_the_checkpoint_stays(text):
    run = start(text, "run", replace(TINY, cell="rnn", optimiser="sgd", learning_rate=1e3, weight_decay=1e3))
    with pytest.raises(tg.NonFiniteError, match="try a lower learning rate"), np.errstate(all="ignore"):
        list(run.updates())
    assert Run.resume(run.folder).updates_done < run.updates_at_most


def test_patience_ends_a_run(text):
    run = start(text, "run", replace(TINY, epochs=50, learning_rate=100.0, optimiser="sgd", patience=2))
    assert [*run.updates()]
    assert run.updates_done == (run.best[0] + 2) * run.updates_per_epoch < run.updates_at_most
    assert Run.resume(run.folder).is_over
    assert [*Run.resume(run.folder).updates()] == []
    assert runs.METRICS in contents(run.folder)
