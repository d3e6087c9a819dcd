"""Graphs without steps: a few hundred nodes look good, thousands are drawn or refused, and nothing hangs."""

import json
import random
import time

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import elman
from tests.drawing.renderers import needs_graphviz, put_dot
from tinygrad_rnn.drawing import pipeline
from tinygrad_rnn.drawing.render import run_graphviz

pytestmark = needs_graphviz


def unmarked_rnn(steps):
    """A recurrent network whose steps nobody has marked."""
    W, h = tg.parameter(np.eye(2), label="W"), tg.tensor(np.ones(2), label="h_0")
    for t in range(1, steps + 1):
        h = tg.tanh(tg.linear(h, W) + tg.tensor(np.ones(2), label=f"x_{t}"))
    return h


def perceptron(*sizes):
    """A perceptron of single numbers, as micrograd has them."""
    values = [tg.tensor(1.0, label=f"x_{k}") for k in range(sizes[0])]
    for layer, size in enumerate(sizes[1:], start=1):
        values = [
            tg.tanh(sum(tg.parameter(0.1, label=f"w_{layer}{unit}{k}") * x for k, x in enumerate(values)))
            for unit in range(size)
        ]
    return values


def tangle(nodes):
    """Products of any two of the nodes before."""
    choose, made = random.Random(0).choice, [tg.tensor(1.0, label="x"), tg.tensor(1.0, label="y")]
    while len(made) < nodes:
        made.append(choose(made) * choose(made))
    return made


def placed(diagram):
    """The drawing with the positions that Graphviz gave it."""
    return json.loads(run_graphviz(diagram.source, "json0", 60, ""))


def middles(drawn):
    return {found["name"]: tuple(map(float, found["pos"].split(","))) for found in drawn["objects"] if "pos" in found}


@pytest.mark.parametrize("build", [lambda: unmarked_rnn(80), lambda: perceptron(4, 8, 8, 1)])
def test_some_hundred_nodes_lead_from_left_to_right_without_overlaps(build):
    drawn = placed(tg.draw(build()))
    centres = middles(drawn)
    assert len(centres) > 200
    names = [found["name"] for found in drawn["objects"]]
    for edge in drawn["edges"]:
        assert centres[names[edge["tail"]]][0] < centres[names[edge["head"]]][0]
    boxes = sorted(
        (*centres[found["name"]], 36 * float(found["width"]), 36 * float(found["height"])) for found in drawn["objects"]
    )
    for number, (x, y, across, up) in enumerate(boxes):
        for other_x, other_y, other_across, other_up in boxes[number + 1 :]:
            if other_x - x > 60:
                break
            assert other_x - x >= across + other_across - 0.1 or abs(other_y - y) >= up + other_up - 0.1


def test_what_is_made_step_by_step_runs_straight_though_nobody_has_marked_the_steps():
    centres = middles(placed(tg.draw(unmarked_rnn(20))))
    heights = sorted(y for _, y in centres.values())
    assert heights.count(heights[-1]) >= 3 * 20


def test_some_hundred_nodes_with_ways_past_many_others_are_drawn():
    values, choose = [tg.tensor(1.0, label="x"), tg.tensor(1.0, label="y")], random.Random(0).choice
    for _ in range(150):
        values.append(tg.tanh(values[-1] * choose(values)))
    diagram = tg.draw(values[-1])
    assert diagram.svg.count("<polygon") > 300
    assert "nslimit" in diagram.source
    assert "nslimit" not in tg.draw(unmarked_rnn(80)).source


def test_five_thousand_nodes_are_drawn_or_refused_within_half_a_minute():
    graph = tg.Graph(unmarked_rnn(1250))
    assert len(graph) >= 5000
    begin = time.monotonic()
    shown = tg.draw(graph)._repr_mimebundle_()
    assert "image/svg+xml" in shown or "a part of the graph" in shown["text/plain"]
    assert time.monotonic() - begin < 30


def test_a_tangle_is_refused_in_time_with_advice(tmp_path, monkeypatch):
    assert pipeline.LAYOUT_SECONDS < 30
    monkeypatch.setattr(pipeline, "LAYOUT_SECONDS", 1.0)
    begin = time.monotonic()
    with pytest.raises(tg.DrawingError, match=r"did not finish within 1 s; draw less detail .* or a part of the graph"):
        tg.draw(tangle(5000)).save(tmp_path / "a.svg")
    assert time.monotonic() - begin < 20


def test_lines_between_thousands_of_marks_are_led_around_other_marks():
    """Without search for better places, which takes the time, lines are still curves and no chords."""
    diagram = tg.draw(perceptron(20, 20, 20, 20, 1))
    assert "nslimit" in diagram.source
    curved = [edge for edge in placed(diagram)["edges"] if len(edge["pos"].split()) > 5]
    assert len(curved) > 500


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"view": "unrolled"}, r"draw fewer steps \(view='folded'\) or less detail \(detail='variables'\) or a part"),
        ({"view": "unrolled", "detail": "variables"}, r"draw fewer steps \(view='folded'\) or a part of the graph"),
        ({"view": "rolled"}, r"draw less detail \(detail='variables'\) or a part of the graph \(Graph.between\)"),
    ],
)
def test_what_is_too_large_for_a_bitmap_is_refused_with_advice(settings, advice, tmp_path, monkeypatch):
    put_dot(tmp_path, monkeypatch, "echo 'too large for cairo-renderer bitmaps. Scaling by 0.5 to fit' >&2")
    with pytest.raises(tg.DrawingError, match=f"longer side would have 65,534 pixels, .*, or {advice}"):
        tg.draw(elman(20), **settings).save(tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
