"""A graph as an HTML page, read without a browser: what it holds, what it leaves out, and that it is safe."""

import base64
import hashlib
import json
import re
from functools import cached_property
from html.parser import HTMLParser

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS, elman, lstm, named
from tests.drawing.oddities import ODDITIES
from tests.drawing.renderers import needs_graphviz
from tests.drawing.test_backward import one_number
from tinygrad_rnn.drawing import page
from tinygrad_rnn.drawing.basics.label import clean
from tinygrad_rnn.drawing.record import find_middle

pytestmark = needs_graphviz


class Reader(HTMLParser):
    """Tags with their attributes, and the text of each script."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.cdata_elem == "script":
            self.scripts[-1] += data
        else:
            self.words.append(data)

    @cached_property
    def record(self):
        return json.loads(self.scripts[0])

    @property
    def notes(self):
        return " ".join(self.words[: self.words.index("Picture")])

    def values(self, attribute):
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]


@pytest.fixture
def save(tmp_path):
    """A function that saves a drawing's page and gives its text."""
    return lambda what, **settings: tg.draw(what, **settings).save(tmp_path / "x.html").read_text(encoding="utf-8")


def random_elman(steps):
    net, random = tg.nn.ElmanRNN(2, 3, 2, seed=1), np.random.default_rng(0)
    return net.unroll(random.normal(size=(steps, 2)), random.normal(size=(steps, 2)))


# ---------------------------------------------------------------------- what it holds


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_it_holds_every_node_and_knows_each_mark(build, save):
    what = build()
    graph = what.graph if isinstance(what, tg.nn.Run) else tg.Graph(what)
    reader = Reader(save(graph))
    unrolled, rolled = reader.record["views"]
    marks = unrolled["marks"].keys() | rolled["marks"].keys()
    assert len(reader.record["nodes"]) == len(graph)
    assert set(reader.values("data-mark")) == marks
    assert set(reader.values("data-tail") + reader.values("data-head")) <= marks
    assert set(unrolled["marks"].values()) <= set(range(len(graph)))
    assert rolled["moments"] == list(graph.steps)
    assert set().union(*rolled["marks"].values()) - {None} <= set(unrolled["marks"].values())
    for node, described in zip(graph.nodes, reader.record["nodes"], strict=True):
        assert described.get("label") == node.label
        assert described.get("step") == node.step
        assert described.get("inputs", []) == [graph.nodes.index(source) for source in node.inputs]
        assert described["value"]["entries"] == node.data.ravel().tolist()


def test_it_holds_backprop_as_it_ran(save):
    run = elman(3)
    record = Reader(save(run)).record
    nodes, trace = run.graph.nodes, list(tg.trace_backward(run.loss))
    assert record["output"] == nodes.index(run.loss)
    assert [nodes[event["node"]] for event in record["events"]] == [event.node for event in trace]
    for described, event in zip(record["events"], trace, strict=True):
        assert described["adjoint"]["entries"] == event.adjoint.ravel().tolist()
        for ours, theirs in zip(described["contributions"], event.contributions, strict=True):
            assert (ours and ours["entries"]) == (None if theirs is None else theirs.ravel().tolist())


def test_values_are_those_that_the_graph_was_computed_with(save):
    W = tg.parameter(2.0, label="W")
    y = W * 3.0
    W.data = 5.0
    nodes = Reader(save(y)).record["nodes"]
    assert [node["value"]["entries"] for node in nodes if node.get("label") == "W"] == [[2.0]]


def test_what_is_not_finite_is_written_in_words(save):
    with np.errstate(all="ignore"):
        y = tg.log(tg.parameter([0.0, -1.0, 1.0])).sum()
    record = Reader(save(y)).record
    assert ["-Infinity", "NaN", 0.0] in [node["value"]["entries"] for node in record["nodes"]]


@pytest.mark.parametrize(
    ("steps", "view", "names"),
    [
        (3, None, ["unrolled", "rolled"]),
        (12, None, ["unrolled", "rolled"]),
        (13, None, ["folded", "unrolled", "rolled"]),
        (13, "unrolled", ["unrolled", "folded", "rolled"]),
        (8, "folded", ["folded", "unrolled", "rolled"]),
        (300, None, ["folded", "rolled"]),
        (8, "rolled", ["rolled", "unrolled"]),
        (1, None, ["unrolled"]),
    ],
)
def test_views(steps, view, names, save):
    reader = Reader(save(elman(steps), view=view))
    assert [view["name"] for view in reader.record["views"]] == names == reader.values("data-view")
    assert ("too large for this page" in reader.notes) == (steps == 300)
    gaps = [gap for view in reader.record["views"] for gap in view["gaps"].values()]
    assert gaps == [[4, steps - 2]] * ("folded" in names)


@pytest.mark.parametrize("name", ["a diamond", "one step", "steps from minus three", "many steps with holes"])
def test_odd_graphs(name, save):
    assert Reader(save(ODDITIES[name]())).record["views"]


def test_gaps_know_which_steps_they_stand_for(save):
    record = Reader(save(ODDITIES["many steps with holes"](), view="folded")).record
    assert list(record["views"][0]["gaps"].values()) == [[21, 60]]


def test_its_first_words_speak_of_time_steps_only_where_there_are_such(save):
    texts = [" ".join(Reader(save(build())).words) for build in (elman, ODDITIES["a diamond"])]
    assert ["in the column of its time step" in text for text in texts] == [True, False]


# ---------------------------------------------------------------------- without backprop


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: tg.tensor(2.0) * 3, "its output depends on no parameter"),
        (lambda: tg.parameter([1.0, 2.0]) * 3, "it has no scalar output"),
        (lambda: [tg.parameter(1.0) * k for k in (2, 3)], "it has 2 scalar outputs"),
    ],
)
def test_without_backprop_it_says_why(build, reason, save):
    reader = Reader(save(build()))
    assert reader.record["events"] == []
    assert reason in reader.notes


def test_backprop_starts_at_the_scalar_among_several_outputs(save):
    x = tg.parameter([1.0, -1.0])
    reader = Reader(save([x * 2, named("L", x.sum())]))
    record = reader.record
    assert record["nodes"][record["output"]]["label"] == "L"
    assert record["events"]
    assert "cannot be watched" not in reader.notes


# ---------------------------------------------------------------------- its size


def test_large_arrays_are_thinned_and_it_says_so(save):
    W = tg.parameter(np.arange(10_000.0).reshape(100, 100), label="W")
    reader = Reader(save((W * 2).sum()))
    (described,) = [node for node in reader.record["nodes"] if node.get("label") == "W"]
    value = described["value"]
    assert value["rows"][0] == value["columns"][0] == 0
    assert value["rows"][-1] == value["columns"][-1] == 99
    np.testing.assert_array_equal(value["entries"], W.data[np.ix_(value["rows"], value["columns"])].ravel())
    assert (value["least"], value["largest"]) == (0, 9999)
    assert value["norm"] == pytest.approx(np.linalg.norm(W.data))
    assert "more than 400 numbers" in reader.notes


def test_above_the_limit_the_numbers_in_the_middle_are_left_out(save, monkeypatch):
    run = elman(100)
    whole = save(run)
    assert "left out" not in Reader(whole).notes
    monkeypatch.setattr(page, "LIMIT", len(whole.encode()) - 100_000)
    text = save(run)
    reader = Reader(text)
    assert len(text.encode()) < page.LIMIT
    has_value = ["value" in node for node in reader.record["nodes"]]
    first, last = has_value.index(False), len(has_value) - 1 - has_value[::-1].index(False)
    assert 0 < first < last < len(has_value) - 1
    assert not any(has_value[first : last + 1])
    steps = [node.step for node in run.graph.nodes[first : last + 1] if node.step is not None]
    assert (
        f"{last + 1 - first:,} nodes in the middle of the graph, from time step {min(steps)} to {max(steps)}"
        in reader.notes
    )
    for event in reader.record["events"]:
        assert ("adjoint" in event) == ("value" in reader.record["nodes"][event["node"]])
        assert ("needed" in event) == ("adjoint" not in event)


@pytest.mark.parametrize("build", [random_elman, lstm, lambda steps: labelled(steps, "<" * 200)])
def test_a_thousand_steps_are_within_the_limit(build, save):
    text = save(build(1000))
    assert page.LIMIT / 2 < len(text.encode()) < page.LIMIT
    assert [view["name"] for view in Reader(text).record["views"]] == ["folded", "rolled"]


def labelled(steps, label):
    """A chain of many numbers, with a long label on each."""
    h = tg.parameter(np.linspace(-1, 1, 30), label=label)
    for t in range(steps):
        with tg.step(t):
            h = named(f"{label} {t}", tg.tanh(h) + 1.0)
    return h.sum()


def test_of_a_huge_graph_only_what_is_shown_is_described(save, monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.drawing.record.MOST_NODES", 200)
    reader = Reader(save(elman(30)))
    shown = {number for view in reader.record["views"] for number in view["marks"].values()}
    assert not any(view["moments"] for view in reader.record["views"])
    assert len(reader.record["nodes"]) == len(shown)
    assert None in [source for node in reader.record["nodes"] for source in node.get("inputs", [])]
    assert "it is too large for that" in reader.notes


@pytest.mark.parametrize(
    ("costs", "room", "left_out"),
    [
        ([], 0, []),
        ([1, 1, 1], 3, []),
        ([1, 1, 1, 1, 1], 3, [1, 2]),
        ([1, 1, 1, 1, 1], 1, [0, 1, 2, 3]),
        ([9, 1, 1, 1, 9], 18, [1, 2, 3]),
        ([5, 5], -1, [0, 1]),
    ],
)
def test_what_is_left_out_lies_in_the_middle(costs, room, left_out):
    assert list(find_middle(costs, room)) == left_out


# ---------------------------------------------------------------------- offline and safe

HOSTILE = [
    "</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;",
    "\"'`${alert(1)}", "$record $title", "\u2028\u2029", "]]>", "\ud800", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_stay_text(label, save):
    y = named("L", (tg.parameter([1.0, 2.0], label=label) * tg.tensor(3.0, label=label)).sum())
    with tg.scope(label), tg.step(1):
        y = y + named(label, y * 2)
    text = save(y)
    reader = Reader(text)
    assert [tag for tag, _ in reader.tags].count("script") == 2
    assert not any(tag == "img" or name.startswith("on") for tag, names in reader.tags for name in names)
    assert clean(label) in {node.get("label") for node in reader.record["nodes"]}


def test_nothing_in_the_record_means_anything_to_html(save):
    (record, _) = Reader(save(elman(2))).scripts
    assert not set("<>&\u2028\u2029") & set(record)
    assert record.isascii()


def test_the_policy_lets_only_its_own_script_run(save):
    reader = Reader(save(elman(2)))
    (policy,) = (
        attributes["content"] for _, attributes in reader.tags if "Content-Security-Policy" in attributes.values()
    )
    digest = base64.b64encode(hashlib.sha256(reader.scripts[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_it_refers_to_nothing_outside(save):
    text = save(elman(2))
    addresses = set(re.findall(r"\w+://[^\s\"'<>]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not {"src", "href", "action", "style"} & {name for _, names in Reader(text).tags for name in names}


def test_its_script_makes_no_markup_of_text(save):
    script = Reader(save(elman(2))).scripts[1]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|fetch\(", script
    )


def test_it_is_the_same_every_time(save):
    assert save(elman(15)) == save(elman(15))


# ---------------------------------------------------------------------- light and dark, and what is laid over it

OVERLAYS = [
    {}, {"backward": True}, {"values": True}, {"gradients": True}, {"highlight": (14, 7)},
    {"backward": True, "values": True, "gradients": True, "highlight": (13, 2)},
]  # fmt: skip


def pictures(text):
    """What is painted in each view of a page, in light and in dark colours."""
    themes = [dict(re.findall(r"(--c\d+): (#\w{6});", rules)) for rules in re.findall(r"\.view { (--c.*?) }", text)]
    assert len(themes) == 2
    for name, svg in re.findall(r'data-view="(\w+)"[^>]*>(.*?)</div>', text, re.DOTALL):
        yield name, *(painted(in_colours(svg, colours)) for colours in themes)


def in_colours(svg, colours):
    """The SVG with colours in place of variables."""
    return re.sub(r"var\((--c\d+)\)", lambda found: colours[found[1]], svg)


def painted(svg):
    """Every shape and text of an SVG, with its place and colours."""
    return re.findall(r"<(?:ellipse|path|polygon|polyline|text)[^>]*>(?:[^<]*</text>)?", svg)


@pytest.mark.parametrize("detail", ["ops", "variables"])
@pytest.mark.parametrize("overlay", OVERLAYS, ids=" ".join)
def test_each_view_is_the_picture_that_draw_makes_in_both_themes(overlay, detail, save):
    run = random_elman(15)
    views = {name: themes for name, *themes in pictures(save(run, detail=detail, **overlay))}
    assert list(views) == ["folded", "unrolled", "rolled"]
    for name, themes in views.items():
        settings = {} if name == "rolled" else overlay  # which stands for all steps at once
        for theme, shapes in zip(("light", "dark"), themes, strict=True):
            assert shapes == painted(tg.draw(run, view=name, detail=detail, theme=theme, **settings).svg)


@pytest.mark.parametrize(("name", "view"), [("a diamond", "unrolled"), ("many steps with nothing in common", "folded")])
def test_what_dot_lays_out_has_its_overlays(name, view, save):
    what, settings = one_number(ODDITIES[name]()), {"backward": True, "values": True, "view": view}
    themes = next(themes for found, *themes in pictures(save(what, **settings)) if found == view)
    assert themes == [painted(tg.draw(what, theme=theme, **settings).svg) for theme in ("light", "dark")]


@pytest.mark.parametrize("overlay", OVERLAYS[1:], ids=" ".join)
def test_it_says_that_the_rolled_view_has_none_of_it(overlay, save):
    sentence = "The rolled view stands for all time steps at once"
    assert sentence in Reader(save(random_elman(14), **overlay)).notes
    assert sentence not in Reader(save(random_elman(14))).notes


@pytest.mark.parametrize(("detail", "labels"), [("ops", "W_xh W_hh W_oh b_h b_o"), ("variables", "W_xh W_hh W_oh")])
def test_what_parameters_receive_is_known_as_theirs(detail, labels, save):
    run = random_elman(3)
    (unrolled, _) = Reader(save(run, detail=detail, backward=True)).record["views"]
    chips = [number for name, number in unrolled["marks"].items() if name[0] in "pw"]
    assert sorted(run.graph.nodes[number].label for number in chips) == sorted(labels.split() * 3)


def test_with_more_to_paint_fewer_steps_are_unrolled(save):
    names = [
        [view["name"] for view in Reader(save(random_elman(120), **settings)).record["views"]]
        for settings in ({}, {"values": True})
    ]
    assert names == [["folded", "unrolled", "rolled"], ["folded", "rolled"]]


def test_all_colours_of_a_picture_change_in_the_dark(save):
    text = save(NETWORKS["two layers of lstm"](), backward=True, values=True)
    used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', text)) - {"none", "transparent"}
    assert used
    assert all(colour.startswith("var(") for colour in used)


def test_labels_that_look_like_colours_stay_labels(save):
    label = '"#0B5394" #0b5394'
    text = save(named(label, tg.parameter(1.0, label="#FFFFFF") * 2.0))
    assert text.count("#0B5394") >= 2
    assert "#FFFFFF" in text


def test_a_theme_makes_no_difference(save):
    assert save(elman(2), theme="dark") == save(elman(2))


# ---------------------------------------------------------------------- structure


def test_it_has_landmarks_headings_and_names(save):
    reader = Reader(save(elman(13)))
    ids = set(reader.values("id"))
    assert set(reader.values("aria-labelledby") + reader.values("for")) <= ids
    assert len(ids) == len(reader.values("id"))
    tags = [tag for tag, _ in reader.tags]
    assert (tags.count("main"), tags.count("h1"), tags.count("header")) == (1, 1, 1)
    assert tags.index("h1") < tags.index("h2")
    assert ("html", {"lang": "en"}) in reader.tags
