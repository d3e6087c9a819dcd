"""The demo from the series to the report, with settings that take a moment."""

import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import tinygrad_rnn as tg
from tinygrad_rnn.errors import MissingExtraError, OutputError
from tinygrad_rnn.reports import demo
from tinygrad_rnn.reports.demo import FILES, run_demo
from tinygrad_rnn.reports.page import render_page
from tinygrad_rnn.reports.sunspot_network import LEARNT, Forecaster, Settings, look_while_training, train_network
from tinygrad_rnn.training import load_sunspots
from tinygrad_rnn.training.sunspots import TRAINING, VALIDATION

QUICK = Settings(hidden_size=2, max_epochs=15, check_every=5, patience=5, seeds=(3, 4, 5))
SPANS = ("train", "1921_1955", "1956_1979")
VOID = {"meta", "br"}


def ignore(what, done, of):
    """Watch nothing."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder and the results of one quick run, and what it told of its progress."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    told = []
    results = run_demo(folder, lambda *progress: told.append(progress), settings=QUICK)
    return folder, results, told


@pytest.fixture(scope="module")
def numbers(finished):
    return json.loads((finished[0] / "results.json").read_text())


# ---------------------------------------------------------------------- what is written


def test_the_files_and_no_others(finished):
    assert {path.name for path in finished[0].iterdir()} == set(FILES)


def test_the_linear_row_is_the_published_one(numbers):
    assert [round(numbers["ar12"][span], 3) for span in SPANS] == [0.132, 0.130, 0.368]


def test_the_linear_error_on_the_validation_years_is_of_a_model_that_has_not_seen_them(numbers):
    series = load_sunspots()
    last = 1886 - series.years[0]
    rows = np.stack([np.append(series.numbers[t - 12 : t], 1.0) for t in range(12, last + 35)])
    known = rows[: last - 12], series.numbers[12:last]
    weights, *_ = np.linalg.lstsq(*known, rcond=None)
    missed = series.numbers[last : last + 35] - rows[last - 12 :] @ weights
    assert numbers["ar12"]["validation"] == pytest.approx(np.mean(missed**2) / numbers["unit"]["value"], rel=1e-9)


def test_the_network_s_row_is_the_mean_over_the_seeds(numbers):
    each = numbers["rnn"]["each_seed"]
    assert numbers["seeds"] == [3, 4, 5] == [network["seed"] for network in each]
    for span in SPANS:
        errors = [network[span] for network in each]
        assert numbers["rnn"][span] == pytest.approx(np.mean(errors))
        assert numbers["rnn"]["standard_deviation"][span] == pytest.approx(np.std(errors, ddof=1))


def test_the_settings_years_and_unit_are_told(numbers):
    assert numbers["settings"]["hidden_size"] == 2
    assert numbers["years"] == {
        "validation": [1886, 1920], "train": [1712, 1920], "1921_1955": [1921, 1955], "1956_1979": [1956, 1979],
    }  # fmt: skip
    assert numbers["unit"]["value"] == pytest.approx(1495.6, abs=0.05)


def test_the_gradient_is_right_and_the_graph_is_all_training_years(numbers):
    assert numbers["gradient_check"]["closed_form"] < 1e-12
    assert numbers["gradient_check"]["complex_step"] < 1e-12
    assert numbers["gradient_check"]["finite_difference"] < 1e-6
    assert numbers["graph"]["steps"] == 220
    assert numbers["graph"]["nodes"] > 220 * 10


def test_the_weights_are_the_best_network_s(finished, numbers):
    folder, results, _ = finished
    best = min(numbers["rnn"]["each_seed"], key=lambda network: network["validation"])
    arrays = load_file(folder / "weights.safetensors")
    net = results.chosen.forecaster.net
    assert set(arrays) == {"W_xh", "W_hh", "W_oh", "b_h", "b_o"}
    for name, parameter in net.parameters.items():
        assert arrays[name].dtype == np.float64
        np.testing.assert_array_equal(arrays[name], parameter.data)
    with safe_open(folder / "weights.safetensors", "numpy") as file:
        about = json.loads(file.metadata()["tinygrad_rnn"])
    assert about["seed"] == best["seed"] == results.chosen.seed
    assert about["epochs"] == best["epochs"]
    assert about["settings"]["hidden_size"] == 2


def test_the_weights_make_the_same_forecast_again(finished):
    folder, results, _ = finished
    with safe_open(folder / "weights.safetensors", "numpy") as file:
        about = json.loads(file.metadata()["tinygrad_rnn"])
    net = tg.nn.ElmanRNN(1, about["settings"]["hidden_size"], 1)
    for name, array in load_file(folder / "weights.safetensors").items():
        net.parameters[name].data = array
    series = results.series
    run = net.unroll(((series.numbers[:-1] - about["mean"]) / about["standard_deviation"])[:, None])
    forecast = [about["mean"] + about["standard_deviation"] * output.item() for output in run.outputs]
    np.testing.assert_allclose(results.chosen.forecaster.forecast(series)[1:], forecast, rtol=1e-12)


def test_the_drawing_is_an_svg_of_its_own(finished):
    svg = (finished[0] / "unrolled.svg").read_text()
    assert svg.count("<svg") == svg.count("</svg>") == 1
    assert 'xmlns="http://www.w3.org/2000/svg"' in svg


def test_two_runs_write_the_same_bytes(finished, tmp_path):
    run_demo(tmp_path / "again", ignore, settings=QUICK)
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (finished[0] / name).read_bytes(), name


def test_long_work_is_told(finished):
    told = finished[2]
    stages = list(dict.fromkeys(what for what, _, _ in told))
    assert stages[0] == "checking the gradient"
    assert [stage for stage in stages if "seed 4" in stage] == [
        "seed 4: finding the number of epochs on 1886–1920", "seed 4: training on 1700–1920",
    ]  # fmt: skip
    assert all(0 <= done <= of for _, done, of in told)


# ---------------------------------------------------------------------- the page


class Page(HTMLParser):
    """What a page is made of: its tags in balance, its ids, what it refers to, its text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.ids, self.references, self.tags, self.text = [], [], [], set(), []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on"), name
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src", "srcset", "data", "action"):
                self.references.append(value)
            self.references += re.findall(r"url\(([^)]*)\)", value or "")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)


@pytest.fixture(scope="module")
def html(finished):
    return (finished[0] / "report.html").read_text()


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(html):
    page = Page(html)
    assert page.open == []
    assert not page.tags & {"script", "link", "iframe", "img", "object", "embed", "base", "form"}
    assert all(reference.startswith("#") for reference in page.references), page.references
    assert "@import" not in html
    assert "default-src 'none'" in html
    addresses = set(re.findall(r"https?://[^\s\"'<]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, not places


def test_ids_are_unique_and_every_reference_finds_its_own(html):
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert {reference[1:] for reference in page.references} <= set(page.ids)


def test_the_page_tells_all_numbers(html, numbers):
    text = " ".join("".join(Page(html).text).split())
    for error in ("0.132", "0.130", "0.368"):
        assert error in text
    for span in SPANS:
        assert f"{numbers['rnn'][span]:.3f} ± {numbers['rnn']['standard_deviation'][span]:.3f}" in text
    assert "Quoted from memory of the literature, not reproduced" in text
    assert "tinygrad-rnn demo" in text
    assert f"the network of seed {min(numbers['rnn']['each_seed'], key=lambda n: n['validation'])['seed']}" in text
    assert "3, 4, 5" in text


def test_every_picture_is_there_in_both_themes_and_says_what_it_is(html):
    assert html.count("<svg") == html.count("</svg>") == 8
    assert len(re.findall(r'<svg role="img" aria-label="[^"]+"', html)) == 8
    assert html.count('<div class="light">') == html.count('<div class="dark">') == 4


def test_nothing_of_this_machine_or_day_is_in_the_page(html, finished):
    assert str(finished[0]) not in html
    assert "<metadata" not in html
    assert not re.search(r"20[2-9]\d-\d\d-\d\d", html)


def test_what_is_not_ours_is_escaped(finished):
    evil = '</footer><script>alert("1")</script>&'
    html = render_page(finished[1], {"light": "<svg/>", "dark": "<svg/>"}, {evil: "1 < 2"})
    assert "script" not in Page(html).tags
    assert evil + " 1 < 2" in "".join(Page(html).text)


# ---------------------------------------------------------------------- how it is written


def test_what_exists_is_refused_before_any_work(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "load_sunspots", lambda: pytest.fail("work was done"))
    before = {path.name: path.read_bytes() for path in finished[0].iterdir()}
    with pytest.raises(OutputError, match="exists already"):
        run_demo(finished[0], ignore, settings=QUICK)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        run_demo(tmp_path / "file", ignore, settings=QUICK)
    assert {path.name: path.read_bytes() for path in finished[0].iterdir()} == before


@pytest.mark.parametrize("results", [None, "", "[]", "{}", '{"rnn": {}, "ar12": {}}', b"\xff"])
def test_files_of_somebody_else_are_not_replaced(tmp_path, results):
    (tmp_path / "report.html").write_text("of somebody else")
    if results is not None:
        (tmp_path / "results.json").write_bytes(results if isinstance(results, bytes) else results.encode())
    with pytest.raises(OutputError, match="does not look like the work of an earlier run"):
        run_demo(tmp_path, ignore, replace=True, settings=QUICK)
    assert (tmp_path / "report.html").read_text() == "of somebody else"


def test_an_earlier_run_is_replaced_on_request(tmp_path, finished):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "report.html").write_text("old")
    (folder / "results.json").write_bytes((finished[0] / "results.json").read_bytes())
    run_demo(folder, ignore, replace=True, settings=QUICK)
    assert (folder / "report.html").read_text() != "old"
    assert {path.name for path in folder.iterdir()} == set(FILES)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("moment", ["draw", "check_gradient", "train_network", "render_page", "write_folder"])
def test_an_interrupt_leaves_nothing_half_done(tmp_path, monkeypatch, moment):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_demo(tmp_path / "out", ignore, settings=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_in_the_middle_of_training_leaves_nothing(tmp_path):
    def watch(what, done, of):
        if "training on" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_demo(tmp_path / "out", watch, settings=QUICK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["matplotlib", "safetensors"])
def test_a_missing_extra_is_named_before_any_work(tmp_path, monkeypatch, package):
    monkeypatch.setattr(demo, "load_sunspots", lambda: pytest.fail("work was done"))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package} not installed: .*tinygrad-rnn\[cli\]"):
        run_demo(tmp_path / "out", ignore, settings=QUICK)


# ---------------------------------------------------------------------- honest training


def test_choosing_looks_at_nothing_after_the_training_years():
    series = load_sunspots()
    other = load_sunspots()
    other.numbers[other.years > TRAINING.last] = 1e6
    looks = [list(look_while_training(s.until(TRAINING.last), QUICK, seed=0)) for s in (series, other)]
    assert looks[0] == looks[1]
    trained = [train_network(s.until(TRAINING.last), QUICK, 0, ignore) for s in (series, other)]
    assert trained[0].looks == trained[1].looks == tuple(looks[0])


def test_the_network_that_is_looked_at_has_not_learnt_from_the_validation_years():
    series = load_sunspots().until(TRAINING.last)
    other = load_sunspots().until(TRAINING.last)
    other.numbers[other.during(VALIDATION)] += 50
    learnt = [[look.learnt for look in look_while_training(s, QUICK, seed=0)] for s in (series, other)]
    shared = min(map(len, learnt))
    assert shared > 0
    assert learnt[0][:shared] == learnt[1][:shared]
    assert (LEARNT.first, LEARNT.last) == (1701, 1885)


def test_a_forecast_knows_the_past_alone():
    series = load_sunspots()
    forecaster = Forecaster(series.until(TRAINING.last), QUICK, seed=0)
    before = forecaster.forecast(series)
    other = load_sunspots()
    other.numbers[250:] = 0
    after = forecaster.forecast(other)
    assert np.isnan(before[0])
    np.testing.assert_array_equal(before[1:251], after[1:251])
    assert before[251] != after[251]


def test_a_seed_decides_everything():
    training = load_sunspots().until(TRAINING.last)
    first, again, other = (
        train_network(training, QUICK, seed, ignore).forecaster.forecast(training)[1:] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
