"""The command line, mostly as a process of its own: what it prints, where, and with which exit status."""

import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.paper import read
from tinygrad_rnn import cli
from tinygrad_rnn.reports import demo
from tinygrad_rnn.reports.sunspot_network import Settings

PROGRAM = [sys.executable, "-m", "tinygrad_rnn"]
QUICK = Settings(hidden_size=2, max_epochs=10, check_every=5, patience=5, seeds=(0, 1))


def run(*arguments, **options):
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def complains(finished, status, *words):
    """It failed with this status, printed nothing, and said in one line what is wrong."""
    assert finished.returncode == status, finished.stderr
    assert finished.stdout == ""
    assert finished.stderr.count("\n") == 1
    assert finished.stderr.startswith("tinygrad-rnn")
    for word in words:
        assert word in finished.stderr
    return True


# ---------------------------------------------------------------------- help and wrong usage


def test_version():
    finished = run("--version")
    assert (finished.returncode, finished.stdout) == (0, f"tinygrad-rnn {tg.__version__}\n")


@pytest.mark.parametrize("command", [[], ["demo"], ["draw"], ["train"], ["sample"], ["evaluate"]])
def test_help_shows_an_example(command):
    finished = run(*command, "--help")
    assert finished.returncode == 0
    assert finished.stderr == ""
    assert f"usage: {' '.join(['tinygrad-rnn', *command])}" in finished.stdout
    assert "example: tinygrad-rnn" in finished.stdout


@pytest.mark.parametrize("command", [[], ["demo"], ["draw"], ["train"], ["sample"], ["evaluate"]])
def test_the_examples_of_the_help_are_right_usage(command):
    text = " ".join(run(*command, "--help").stdout.split())
    example = re.search(r"example: tinygrad-rnn (.*)$", text)[1]
    assert cli._parser().parse_args(example.split()).run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["COMMAND"]),
        (["paint"], ["invalid choice: 'paint'", "demo"]),
        (["demo", "--frob"], ["--frob"]),
        (["demo", "--output"], ["--output"]),
        (["draw", "--steps", "0"], ["--steps", "a whole number from 1"]),
        (["draw", "--steps", "1e3"], ["'1e3'"]),
        (["draw", "--hidden", "-2"], ["--hidden"]),
        (["draw", "--hidden", "9" * 5000], ["a whole number from 1"]),
        (["draw", "--notation", "mine"], ["'mine'", "goodfellow"]),
        (["draw", "--cell", "cnn"], ["'cnn'", "lstm"]),
        (["draw", "--layers", "0"], ["--layers", "a whole number from 1"]),
        (["draw", "--cell", "gru", "--notation", "lagged"], ["--notation", "one layer"]),
        (["draw", "--layers", "2", "--notation", "lagged"], ["--notation", "one layer"]),
        (["draw", "--highlight", "2"], ["--highlight", "2 arguments"]),
        (["draw", "--highlight", "2", "x"], ["--highlight", "'x'"]),
        (["draw", "--highlight", "9", "1"], ["there is no step 9", "from 1 to 4"]),
        (["draw", "--view", "rolled", "--backward"], ["rolled", "unrolled"]),
        (["draw", "--view", "sideways"], ["'sideways'", "folded"]),
        (["draw", "--theme", "sepia"], ["'sepia'", "dark"]),
        (["draw", "--dpi", "20000", "--output", "rnn.png"], ["dpi", "10,000"]),
        (["draw", "--detail", "everything"], ["'everything'", "ops"]),
        (["draw", "--output", "rnn.gif"], ["'rnn.gif'", ".svg"]),
        (["draw", "--output", "rnn"], ["'rnn'", ".svg"]),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments, words, tmp_path):
    assert complains(run(*arguments, cwd=tmp_path), 2, *words)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- draw


@pytest.mark.parametrize("notation", ["lagged", "subscript", "goodfellow"])
@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_draw(notation, detail, tmp_path):
    finished = run("draw", "--notation", notation, "--steps", 3, "--detail", detail, "--output", tmp_path / "rnn.svg")
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    assert str(tmp_path / "rnn.svg") in finished.stdout
    assert (tmp_path / "rnn.svg").read_text().count("<svg") == 1


def test_draw_has_sizes_views_and_formats(tmp_path):
    sizes = ["--inputs", 2, "--hidden", 3, "--outputs", 1, "--steps", 40]
    assert run("draw", *sizes, "--view", "folded", "--theme", "dark", "--output", tmp_path / "a.dot").returncode == 0
    assert run("draw", *sizes, "--view", "unrolled", "--output", tmp_path / "b.dot").returncode == 0
    folded, unrolled = ((tmp_path / name).read_text() for name in ("a.dot", "b.dot"))
    assert folded.startswith("digraph")
    assert unrolled.startswith("digraph")
    assert len(folded) < len(unrolled) / 3


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, []), (2, []), (1, ["--bidirectional"])])
def test_draw_has_every_kind_of_network(cell, layers, bidirectional, tmp_path):
    path = tmp_path / "net.dot"
    network = ["--cell", cell, "--layers", str(layers), *bidirectional, "--steps", "3", "--backward"]
    assert cli.main(["draw", *network, "--detail", "variables", "--output", str(path)]) == 0
    drawn = {mark.text for mark in read(SimpleNamespace(source=path.read_text())).marks.values() if mark.norm}
    places = ["^(1)", "^(2)"] if layers == 2 else ["", "^(rev)"] if bidirectional else [""]
    letters = "hc" if cell == "lstm" else "h"
    assert {"L_1", "L_2", "L_3", "L"} < drawn
    assert {text for text in drawn if text[0] in "hc"} == {
        f"{k}_{t}{at}" for k in letters for t in (1, 2, 3) for at in places
    }


@pytest.mark.parametrize("overlay", ["--backward", "--values", "--gradients", "--shapes", "--highlight 3 2"])
def test_draw_lays_over_what_is_asked_for(overlay, tmp_path):
    path, xs = tmp_path / "net.dot", np.random.default_rng(0)
    assert cli.main(["draw", "--steps", "3", *overlay.split(), "--output", str(path)]) == 0
    run = tg.nn.ElmanRNN(2, 3, 1).unroll(xs.uniform(-1, 1, (3, 2)), xs.uniform(-1, 1, (3, 1)))
    name, *steps = overlay.removeprefix("--").split()
    settings = {name: (3, 2) if steps else True}
    assert path.read_text() == tg.draw(run, **settings).source != tg.draw(run).source


def test_draw_has_as_many_pixels_as_are_asked_for(tmp_path):
    widths = []
    for dpi in (72, 144):
        path = tmp_path / f"{dpi}.png"
        assert cli.main(["draw", "--steps", "2", "--dpi", str(dpi), "--output", str(path)]) == 0
        widths.append(int.from_bytes(path.read_bytes()[16:20], "big"))
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def test_draw_writes_a_page(tmp_path, capsys):
    assert cli.main(["draw", "--steps", "2", "--output", str(tmp_path / "rnn.html")]) == 0
    assert capsys.readouterr().out.startswith(str(tmp_path / "rnn.html"))
    assert (tmp_path / "rnn.html").read_text().count("<svg") == 2  # unrolled, and rolled up


def test_draw_into_a_folder_that_is_not_there(tmp_path):
    assert complains(run("draw", "--output", tmp_path / "missing" / "rnn.svg"), 1, "rnn.svg", "No such file")
    assert complains(run("draw", "--output", tmp_path), 2, ".svg")


def test_too_large_for_the_memory_is_said(monkeypatch, capsys):
    def exhaust(*arguments, **keywords):
        raise MemoryError

    monkeypatch.setattr(tg.nn.ElmanRNN, "unroll", exhaust)
    assert cli.main(["draw"]) == 1
    assert capsys.readouterr().err == "tinygrad-rnn: not enough memory\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full on this system")  # noqa: PTH110
def test_a_full_disk_is_said_whatever_is_written_to_it(tmp_path):
    command = [*PROGRAM, "draw", "--output", tmp_path / "rnn.svg"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        finished = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert finished.returncode == 1
    assert finished.stderr == "tinygrad-rnn: No space left on device\n"


# ---------------------------------------------------------------------- demo


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(demo, "Settings", lambda: QUICK)


def test_demo(quick, tmp_path, capsys):
    assert cli.main(["demo", "--output", str(tmp_path / "out")]) == 0
    printed, told = capsys.readouterr()
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(demo.FILES)
    for word in ("linear AR(12)", "0.132", "0.130", "0.368", "RNN, 2 seeds, mean ± s.d.", "1956–1979", "1495.6"):
        assert word in printed
    assert len(re.findall(r"\d\.\d × 10⁻[¹²³⁴⁵⁶⁷⁸⁹⁰]+", printed)) == 3
    assert str(tmp_path / "out" / "report.html") in printed.replace("\n", "")
    assert "\x1b" not in printed + told
    assert told.splitlines()[0] == "checking the gradient"


def test_demo_is_not_written_over_another_without_force(quick, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("mine")
    assert cli.main(["demo", "--output", str(out)]) == 1
    printed, told = capsys.readouterr()
    assert printed == ""
    assert told.count("\n") == 1
    assert "--force" in told
    assert cli.main(["demo", "--output", str(out), "--force"]) == 1
    assert "does not look like the work of an earlier run" in capsys.readouterr().err
    assert (out / "report.html").read_text() == "mine"
    (out / "results.json").write_text('{"ar12": {}, "rnn": {}, "gradient_check": {}}')
    assert cli.main(["demo", "--output", str(out), "--force"]) == 0
    assert (out / "report.html").read_text() != "mine"


def test_what_cannot_be_written_to_is_said_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    assert complains(run("demo", "--output", tmp_path), 1, "exists already")
    assert complains(run("demo", "--output", tmp_path, "--force"), 1, "also holds file")
    assert complains(run("demo", "--output", tmp_path / "file"), 1, "is a file")
    assert complains(run("demo", "--output", tmp_path / "file" / "out"), 1, "there is no folder")
    assert complains(run("demo", "--output", tmp_path / "missing" / "out"), 1, "there is no folder")


@pytest.mark.parametrize("package", ["rich", "matplotlib", "safetensors"])
def test_a_missing_extra_is_named(package, tmp_path):
    hide = f"import sys; sys.modules['{package}'] = None; from tinygrad_rnn.cli import main; sys.exit(main())"
    finished = subprocess.run(
        [sys.executable, "-c", hide, "demo", "--output", tmp_path / "out"], capture_output=True, text=True, check=False
    )
    assert complains(finished, 1, f"{package} not installed", "tinygrad-rnn[cli]")
    assert list(tmp_path.iterdir()) == []


def test_without_any_graphviz_that_is_said_before_training(tmp_path):
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "pygraphviz.py").write_text("raise ImportError('not installed')")
    path = os.pathsep.join([str(tmp_path / "hidden"), *filter(None, [os.environ.get("PYTHONPATH")])])
    finished = run("demo", "--output", tmp_path / "out", env={**os.environ, "PATH": str(tmp_path), "PYTHONPATH": path})
    assert complains(finished, 1, "Graphviz is not installed")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_is_one_line_and_leaves_nothing(tmp_path):
    command = [*PROGRAM, "demo", "--output", tmp_path / "out"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "seed" in line:
                break
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert printed == ""
    assert told == "tinygrad-rnn: interrupted\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes are broken by a signal on POSIX")
def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    command = [*PROGRAM, "draw", "--output", tmp_path / "rnn.dot"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (141, b"")


def test_drawing_is_loaded_when_it_is_asked_for():
    code = "import tinygrad_rnn as tg; print(tg.draw(tg.tensor(1.0)).title, tg.drawing.Diagram is tg.Diagram)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "a graph of 1 node True\n"


def test_importing_the_package_loads_none_of_the_extras():
    extras = ("rich", "matplotlib", "safetensors", "pygraphviz", "networkx")
    code = f"import sys, tinygrad_rnn, tinygrad_rnn.cli; print(sorted(sys.modules.keys() & set({extras})))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"
