"""The page in a real browser: it steps through backprop with the very numbers that backprop had."""

import re
import shutil

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.cells import lstm, named
from tests.drawing.oddities import ODDITIES
from tests.drawing.renderers import needs_graphviz
from tests.drawing.test_backward import one_number
from tests.ops.test_table import TABLE
from tinygrad_rnn.drawing.basics.theme import THEMES

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [needs_graphviz, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

READ_EVERY_EVENT = """() => {
  const numbers = element => [...element.querySelectorAll("[data-value]")].map(cell => cell.dataset.value);
  const all = [];
  const count = Number(document.getElementById("slider").max);
  document.getElementById("first").click();
  for (let position = 1; position <= count; position++) {
    document.getElementById("next").click();
    const event = document.getElementById("event");
    all.push({
      status: document.getElementById("status").textContent,
      adjoint: numbers(event.querySelector("[data-part=adjoint]")),
      contributions: [...event.querySelectorAll("[data-operand]")].map(box => {
        const given = box.querySelector("[data-part=contribution]");
        return given && numbers(given);
      }),
      gradients: Object.fromEntries([...document.querySelectorAll("[data-parameter]")].map(
        box => [box.dataset.parameter, numbers(box)])),
      marked: [...document.querySelectorAll(".view:not([hidden]) [data-mark].now")].map(mark => mark.dataset.mark),
    });
  }
  return all;
}"""
"""Press "next" until the end, and read what the page says at every event."""


IS_IN_FRAME = """number => {
  const there = frame.getBoundingClientRect(), here = marksAt(number).at(-1).getBoundingClientRect();
  return here.left >= there.left && here.right <= there.right && here.top >= there.top && here.bottom <= there.bottom;
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, tmp_path):
    """A function that opens the page of a graph; at the end nothing was complained of and nothing asked for."""
    contexts, troubles = [], []

    def open_page(what, fragment="", **settings):
        path = tg.draw(what, **settings).save(tmp_path / "x.html")
        contexts.append(browser.new_context(viewport={"width": 1300, "height": 900}))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("request", lambda request: request.url.startswith(path.as_uri()) or troubles.append(request.url))
        tab.goto(path.as_uri() + fragment)
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def random_elman(steps=3):
    net, random = tg.nn.ElmanRNN(2, 3, 2, seed=1), np.random.default_rng(0)
    return net.unroll(random.normal(size=(steps, 2)), random.normal(size=(steps, 2)))


@pytest.fixture
def random_lstm(monkeypatch):
    random = np.random.default_rng(2)
    monkeypatch.setattr(
        "tests.drawing.cells.weights",
        lambda *shape, label=None: tg.parameter(random.normal(0, 0.6, shape), label=label),
    )
    return lstm(3)


def numbers(texts):
    return [float(text) for text in texts]


# ---------------------------------------------------------------------- backprop


def check_backprop(tab, graph, loss):
    """At every event the page shows what `trace_backward` gave, and at the end what `backward` gave."""
    trace = list(tg.trace_backward(loss))
    seen = tab.evaluate(READ_EVERY_EVENT)
    assert len(seen) == len(trace)
    sums = {}
    for shown, event in zip(seen, trace, strict=True):
        assert numbers(shown["adjoint"]) == event.adjoint.ravel().tolist()
        for given, contribution in zip(shown["contributions"], event.contributions, strict=True):
            assert (given is None) == (contribution is None)
            assert contribution is None or numbers(given) == contribution.ravel().tolist()
        for source, contribution in zip(event.node.inputs, event.contributions, strict=True):
            if source in graph.parameters:
                sums[source] = sums.get(source, 0) + contribution
        for number, total in shown["gradients"].items():
            expected = sums.get(graph.nodes[int(number)])
            assert numbers(total) == ([] if expected is None else expected.ravel().tolist())
        if event.node.label:
            assert event.node.label.replace("_", "") in shown["status"]
        assert len(shown["marked"]) >= 1
    loss.backward()
    for parameter in graph.parameters:
        assert numbers(seen[-1]["gradients"][str(graph.nodes.index(parameter))]) == parameter.grad.ravel().tolist()


def test_elman(visit):
    run = random_elman()
    check_backprop(visit(run), run.graph, run.loss)


def test_lstm(visit, random_lstm):
    check_backprop(visit(random_lstm), tg.Graph(random_lstm), random_lstm)


def test_in_a_folded_picture_the_gap_stands_for_its_steps(visit):
    run = random_elman(14)
    tab = visit(run)
    gap = tab.locator(".view:visible [aria-label='time steps left out']")
    steps = [event.node.step for event in tg.trace_backward(run.loss)]
    for step in (13, 12, 5, 3):
        tab.select_option("#jump", str(step))
        assert tab.input_value("#slider") == str(steps.index(step) + 1)
        assert ("now" in gap.get_attribute("class")) == (3 < step < 13)
        assert f"time step {step}" in tab.inner_text("#status")


def test_the_running_gradient_is_right_whichever_way_one_goes(visit):
    tab = visit(random_elman())
    at_once = tab.evaluate(READ_EVERY_EVENT)
    for position in (30, 7, 25):
        tab.fill("#slider", str(position))
        boxes = tab.locator("[data-parameter]")
        found = {box.get_attribute("data-parameter"): texts(box.locator("[data-value]")) for box in boxes.all()}
        assert found == at_once[position - 1]["gradients"]


def texts(cells):
    return cells.evaluate_all("cells => cells.map(cell => cell.dataset.value)")


def test_play_goes_on_by_itself_and_pauses(visit):
    tab = visit(random_elman())
    tab.clock.install()
    tab.click("#play")
    assert tab.inner_text("#play") == "Pause"
    assert tab.get_attribute("#status", "aria-live") == "off"
    tab.clock.run_for(2000)
    assert tab.input_value("#slider") == "2"
    tab.click("#play")
    tab.clock.run_for(5000)
    assert tab.input_value("#slider") == "2"
    assert tab.get_attribute("#status", "aria-live") == "polite"


def test_play_goes_as_fast_as_it_is_told(visit):
    tab = visit(random_elman())
    tab.clock.install()
    tab.click("#play")
    tab.select_option("#speed", "16")
    tab.clock.run_for(950)
    assert int(tab.input_value("#slider")) >= 16
    tab.click("#play")
    position = tab.input_value("#slider")
    tab.select_option("#speed", "1")
    tab.clock.run_for(5000)
    assert tab.input_value("#slider") == position


def test_the_rule_is_written_with_the_names_of_the_nodes(visit):
    a, b = tg.parameter([[1.0, 2.0], [3.0, 4.0]], label="a"), tg.parameter([5.0, 6.0], label="b")
    with tg.step(1):
        c = named("c_1", a * b)
    tab = visit(c.sum())
    tab.fill("#slider", "2")
    rules = tab.locator("#event .contribution .formula").all_inner_texts()
    assert rules == ["a receives c1 ⊙ b", "b receives c1 ⊙ a, summed over what was repeated"]
    assert tab.locator("#event .contribution .overlined").all_inner_texts() == ["c", "c"]


def test_signs_of_products_and_brackets_are_as_on_paper(visit):
    a, b = tg.parameter(-1.5, label="a"), tg.parameter([5.0, 6.0], label="b")
    c = named("c", named("s", tg.tanh(a)) * 1e-9)
    tab = visit(named("L", (named("d", c * b) * b).sum()))
    lines = []
    for position in range(1, int(tab.get_attribute("#slider", "max")) + 1):
        tab.fill("#slider", str(position))
        texts = tab.locator("#event :is(.contribution .formula, .worked)").all_inner_texts()
        lines += [" ".join(text.split()) for text in texts]
    assert {
        "d receives v6 ⊙ b", "b receives d × c", "c receives d ⊙ b, summed over what was repeated", "c = s × 1e−09",
        "s receives c × 1e−09", "61 × (1.00·10⁻⁹) = 6.10·10⁻⁸",
        "a receives s × (1 − s2)", "(6.10·10⁻⁸) × (1 − (−0.9051) 2 ) = 1.10·10⁻⁸",
    } - {*lines, tab.locator("#words-body li .formula", has_text="c = ").inner_text()} == set()  # fmt: skip


def test_adjoints_that_are_nodes_are_called_what_they_are_called_in_the_picture(visit):
    x = tg.parameter(3.0, label="x")
    (slope,) = tg.grad(x * x * x, [x], create_graph=True)
    tab = visit(slope)
    tab.fill("#slider", "1")
    assert tab.inner_text("#status").startswith("Event 1: ∇x = ")
    assert tab.locator("#event .adjoint .overlined").all_inner_texts() == ["∇", "x"]


def test_what_is_read_aloud_tells_an_adjoint_from_its_node(visit):
    tab = visit(tg.tanh(tg.parameter(0.5, label="a")) * 2.0, "#event=2")
    aloud = tab.locator("#event").aria_snapshot()
    assert 'img "adjoint of v1"' in aloud
    assert "a receives" in aloud


def test_what_is_raised_is_read_aloud_as_such(visit):
    x = tg.parameter(3.0, label="x^(1)")
    tab = visit(tg.exp(x + tg.square(x)))
    names = tab.locator("[data-mark]:visible").evaluate_all("marks => marks.map(mark => mark.ariaLabel)")
    assert names == ["x^(1), parameter", "v1 = x^(1)^2", "v2 = x^(1) + v1", "v3 = e^v2"]


def test_a_voice_is_told_of_an_event_once_and_not_while_it_plays(visit):
    tab = visit(random_elman())
    live = """() => [...document.querySelectorAll("#backprop :is(output, [role=status])")].filter(
      box => box.ariaLive !== "off").map(box => box.id)"""
    assert tab.evaluate(live) == ["status"]
    tab.click("#play")
    assert tab.evaluate(live) == []


def test_the_hint_of_the_search_finds_something(visit):
    h = tg.parameter([0.5], "state of 0")
    for t in (3, 5, 7):
        with tg.step(t):
            h = tg.cos(h)
            h.label = f"h[{t}] <i>"
    tab = visit(h.sum())
    hint = tab.get_attribute("#query", "placeholder")
    assert hint == "h[5] <i>, cos, t=5"
    for example in hint.split(", "):
        tab.fill("#query", example)
        assert tab.inner_text("#hits") != "0 hits"


def test_a_jump_goes_to_where_backprop_runs_through_a_time_step(visit):
    losses, h = [], tg.parameter([0.5], "h_0")
    for t in range(1, 5):
        with tg.step(t):
            h = tg.tanh(h)
            losses.append(tg.exp(tg.square(h)).sum())
    tab = visit(sum(losses))
    assert tab.eval_on_selector_all("#jump option", "options => options.map(option => option.text)") == ["–", *"4321"]
    for step in (1, 3, 4, 2):
        tab.select_option("#jump", str(step))
        assert tab.input_value("#jump") == str(step)
        status = tab.inner_text("#status")
        assert f"time step {step}: " in status
        assert "Σ" in status  # the last operation of the step; the sum of all losses is none of any step


def test_a_name_in_the_text_stands_for_its_mark(visit):
    run = random_elman(14)
    tab = visit(run, "#view=unrolled&event=100")
    tab.select_option("#jump", "5")
    name = tab.locator("#status [data-name]").first
    number = int(name.get_attribute("data-name"))
    assert run.graph.nodes[number].step == 5
    name.hover()
    assert number in tab.evaluate("current().order.filter(mark => mark.classList.contains('lit')).map(nodeOf)")
    assert tab.inner_text("#note .formula").startswith(name.inner_text())
    tab.evaluate("look(current().whole), pan(9, 9)")
    name.click()
    assert tab.evaluate(IS_IN_FRAME, number)
    tab.mouse.move(2, 2)
    assert tab.locator(".lit").count() == 0


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_with_the_gradients_in_the_picture_each_returning_line_is_seen_once_backprop_has_run_along_it(detail, visit):
    run = random_elman()
    tab = visit(run, detail=detail, backward=True, values=True)
    tab.emulate_media(reduced_motion="reduce")
    check_backprop(tab, run.graph, run.loss)
    trace = [event.node for event in tg.trace_backward(run.loss)]
    nodes, readers = (
        run.graph.nodes,
        tab.evaluate("current().flow.map(({ ends: [{ tail, head }] }) => Math.max(tail, head))"),
    )
    for position in (0, 1, 12, 25, len(trace)):
        tab.fill("#slider", str(position))
        reached, seen = tab.evaluate(
            """() => [line => line.classList.contains("reached"), line => getComputedStyle(line).opacity === "1"].map(
              holds => current().flow.map(({ line }) => holds(line)))"""
        )
        assert reached == [nodes[reader] in set(trace[:position]) for reader in readers]
        assert seen == (reached if position else [True] * len(reached))
    assert tab.locator(".edge.reached:not(.returning)").count() == 0


READ_MOMENTS = """() => events.map((_, position) => {
  go(position + 1);
  const { order } = current();
  const shown = name => order.filter(mark => name === "" || mark.classList.contains(name)).map(nodeOf);
  return {
    moment: document.getElementById("moment").textContent,
    labels: order.map(mark => mark.getAttribute("aria-label")),
    all: shown(""), reached: shown("reached"), now: shown("now"),
  };
})"""
"""Go through backprop, and read at every event what the picture shows."""


@pytest.mark.parametrize("detail", ["ops", "variables"])
def test_a_rolled_picture_shows_the_time_step_that_backprop_is_at(detail, visit):
    run = random_elman(4)
    nodes = run.graph.nodes
    tab = visit(run, "#view=rolled", detail=detail)
    assert tab.inner_text("#moment") == "at t = 4"
    reached = set()
    for event, seen in zip(tg.trace_backward(run.loss), tab.evaluate(READ_MOMENTS), strict=True):
        reached.add(nodes.index(event.node))
        assert seen["reached"] == [number for number in seen["all"] if number in reached]
        step, now = event.node.step, {nodes[number] for number in seen["now"]}
        if step is not None:
            assert seen["moment"] == f"at t = {step}"
            assert {node.step for node in now} == {step}
            assert detail == "variables" or now == {event.node}
            assert sum(label.endswith(f", time step {step}") for label in seen["labels"]) > len(seen["labels"]) / 2


def test_a_mark_of_a_rolled_picture_shows_its_node_at_that_time_step(visit):
    run = random_elman(14)
    tab = visit(run, "#view=rolled")
    tab.select_option("#jump", "9")
    tab.locator(".view:visible [data-mark]", has_text="tanh").hover()
    assert "h9 = tanh" in tab.inner_text("#note")
    assert numbers(texts(tab.locator("#note [data-part=value] [data-value]"))) == run.states[8].data.tolist()
    lit = tab.evaluate("current().order.filter(mark => mark.classList.contains('lit')).map(nodeOf)")
    labels = {run.graph.nodes[number].label for number in lit if number is not None}
    assert {"h_9", "h_8", "x_9"} <= labels
    assert not {"y_9", "L_9"} & labels


@pytest.mark.parametrize("detail", ["variables", "cells"])
def test_what_has_no_mark_is_marked_in_its_own_time_step(detail, visit):
    outputs = tg.nn.LSTM(2, 3, num_layers=2).unroll(np.ones((3, 2))).outputs
    tab = visit(sum(output.sum() for output in outputs), detail=detail)
    pairs = tab.evaluate(
        """() => events.map(({ node }) => [
          nodes[node].step, marksOf(node).map(mark => nodes[nodeOf(mark)].step)])"""
    )
    within = [(step, steps) for step, steps in pairs if step is not None]
    assert len(within) > 80
    assert [pair for pair in within if not set(pair[1]) <= {pair[0], None}] == []
    assert sum(pair[1] == [None] for pair in within) == 2  # what is added at last to the sum of what steps gave


def test_a_chip_is_a_mark_of_its_parameter(visit):
    run = random_elman()
    tab = visit(run, backward=True)
    chip = mark_of(tab, "W_hh")
    assert chip.get_attribute("data-mark").startswith("p")
    chip.hover()
    assert "Whh, parameter" in tab.inner_text("#note")
    tab.fill("#query", "W_hh")
    assert tab.inner_text("#hits") == "1 hit"
    assert tab.locator(".hit:visible").count() == 3


def test_numbers_on_a_mark_keep_their_colours_when_backprop_reaches_it(visit):
    tab = visit(random_elman(), "#event=41", values=True)
    strokes = tab.locator(".view:visible .node.reached polygon").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).stroke)"
    )
    accent = tab.evaluate("getComputedStyle(document.getElementById('slider')).accentColor")
    assert strokes
    assert accent not in strokes


def test_a_rule_is_worked_out_in_numbers_where_it_has_letters_for_them(visit):
    a = tg.parameter([[2.0, 1.0], [0.0, 4.0]], label="a")
    tab = visit(np.sort(np.linalg.inv(a)).sum(), "#event=2")
    worked = tab.locator("#event .worked")
    assert tab.inner_text("#event .contribution .formula").endswith(", back in the old order")
    assert texts(worked.locator("[data-value]")) == ["1"] * 8
    tab.click("#next")
    assert tab.locator("#event .contribution .formula sup").all_inner_texts() == ["T", "T"]
    tab.fill("#slider", "1")
    assert tab.inner_text("#event .contribution .formula") == "v2 receives v3, for every element that was summed"


@pytest.mark.parametrize("lines", [TABLE[start::8] for start in range(8)], ids=map(str, range(8)))
def test_every_operation_can_be_watched(lines, visit):
    """Lines of the table of operations in one graph, whose operands are parts of one parameter."""
    draws = [line.draw() for line in lines]
    sizes = [array.size for arrays in draws for array in arrays]
    W = tg.parameter(np.concatenate([array.ravel() for arrays in draws for array in arrays]), label="W")
    parts = iter(np.split(W, np.cumsum(sizes[:-1])))
    results = [
        line.function(*[next(parts).reshape(array.shape) for array in arrays])
        for line, arrays in zip(lines, draws, strict=True)
    ]
    total = sum(result.astype(float).sum() for result in results)
    tab = visit(total)
    events = tab.evaluate(
        """() => events.map((_, position) => {
          go(position + 1);
          return ["status", "event"].map(id => document.getElementById(id).textContent).join(" ");
        })"""
    )
    assert len(events) == len(list(tg.trace_backward(total)))
    assert not [text for text in events if "undefined" in text or "null" in text or "∂y" in text]


# ---------------------------------------------------------------------- the moment in the address


def test_the_address_holds_the_moment(visit):
    tab = visit(random_elman(14), "#view=unrolled&event=9")
    assert tab.input_value("#slider") == "9"
    assert tab.locator(".view:visible").get_attribute("data-view") == "unrolled"
    tab.click("#next")
    assert tab.evaluate("location.hash") == "#view=unrolled&event=10"
    tab.evaluate("location.hash = '#view=folded&event=3'")
    tab.locator(".view[data-view=folded]").wait_for()
    assert tab.input_value("#slider") == "3"


def test_an_address_that_means_nothing_is_put_right(visit):
    tab = visit(random_elman())
    for fragment, position in (("event=100000", "41"), ("event=x&view=y", "0"), ("%E0%A4%A", "0"), ("event=-4", "0")):
        tab.evaluate("fragment => { location.hash = fragment; recall(); }", fragment)
        assert tab.input_value("#slider") == position
        assert tab.evaluate("location.hash") == f"#view=unrolled&event={position}"


# ---------------------------------------------------------------------- lighting, searching, walking


def mark_of(tab, label):
    """The mark whose value has a label."""
    name = tab.evaluate(
        """label => {
          const number = record.nodes.findIndex(node => node.label === label);
          return Object.entries(record.views[0].marks).findLast(([, node]) => node === number)[0];
        }""",
        label,
    )
    return tab.locator(f"[data-mark={name}]:visible")


def lit_labels(tab):
    return set(
        tab.evaluate(
            """() => [...document.querySelectorAll(".lit[data-mark]")].map(
              mark => record.nodes[record.views[0].marks[mark.dataset.mark]].label)"""
        )
    ) - {None}


def test_pointing_at_a_mark_lights_its_ancestors_and_with_shift_its_descendants(visit):
    run = random_elman()
    tab = visit(run)
    mark_of(tab, "h_2").hover()
    assert lit_labels(tab) == {"h_0", "h_1", "h_2", "x_1", "x_2"}
    note = tab.inner_text("#note")
    assert "tanh" in note
    assert "float64" in note
    assert numbers(texts(tab.locator("#note [data-part=value] [data-value]"))) == run.states[1].data.tolist()
    tab.keyboard.down("Shift")
    assert lit_labels(tab) == {"h_2", "y_2", "L_2", "h_3", "y_3", "L_3", "L"}
    tab.keyboard.up("Shift")
    assert "h_1" in lit_labels(tab)
    tab.mouse.move(2, 2)
    assert lit_labels(tab) == set()


def test_lighting_fades_the_dots_of_lines_but_no_columns(visit, random_lstm):
    tab = visit(random_lstm)
    tab.emulate_media(reduced_motion="reduce")
    mark_of(tab, "h_2").hover()
    opacities = """shape => [...document.querySelectorAll(`.view:not([hidden]) .node:not([data-mark]) > ${shape}`)].map(
      element => getComputedStyle(element.parentElement).opacity)"""
    assert set(tab.evaluate(opacities, "ellipse")) == {"0.16"}
    assert set(tab.evaluate(opacities, "text")) == {"1"}
    assert set(tab.evaluate(opacities, "path")) == {"1"}


def test_what_a_finger_has_touched_stays_lit_until_it_touches_nothing(visit):
    tab = visit(random_elman())
    mark, touch = mark_of(tab, "h_1"), {"pointerType": "touch", "bubbles": True}
    for kind in ("pointerover", "pointerdown", "pointerup", "pointerout"):
        mark.dispatch_event(kind, touch)
    assert lit_labels(tab) == {"h_0", "h_1", "x_1"}
    tab.locator("#frame").dispatch_event("pointerdown", touch)
    assert lit_labels(tab) == set()


def test_everything_can_be_done_by_keys(visit):
    tab = visit(random_elman(14))
    press = tab.keyboard.press
    for keys, position in ((["."], 1), (["."] * 3, 4), ([","], 3), (["]"], None)):
        for key in keys:
            press(key)
        assert position is None or tab.input_value("#slider") == str(position)
    assert "time step 13" in tab.inner_text("#status")
    press("[")
    assert "time step 14" in tab.inner_text("#status")
    press("v")
    assert tab.locator(".view:visible").get_attribute("data-view") == "unrolled"
    press("v")
    assert tab.locator(".view:visible").get_attribute("data-view") == "rolled"
    press("v")
    press("d")
    assert tab.is_checked("#descendants")
    press("d")

    tab.focus("#frame")
    box = tab.evaluate("current().box")
    press("ArrowRight")
    assert tab.evaluate("current().box.x") > box["x"]
    press("+")
    assert tab.evaluate("current().box.width") == pytest.approx(box["width"] / 1.4)
    press("0")
    whole, box = tab.evaluate("[current().whole, current().box]")
    assert box["width"] >= whole["width"] - 1e-6
    assert box["height"] >= whole["height"] - 1e-6

    press("Enter")
    assert tab.evaluate("document.activeElement.dataset.mark") is not None
    mark_of(tab, "h_2").focus()
    press("ArrowLeft")
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')").startswith("h2 = tanh")
    press("ArrowRight")
    press("ArrowRight")
    assert "h2" in tab.evaluate("document.activeElement.getAttribute('aria-label')").split("=")[1]
    assert "h_1" in lit_labels(tab)
    press("Escape")
    assert tab.evaluate("document.activeElement.id") == "frame"
    press("p")
    assert tab.inner_text("#play") == "Pause"
    press("p")


def test_marks_of_a_rolled_picture_that_show_nothing_at_a_step_are_walked_over(visit):
    run = one_number(ODDITIES["first step different"]())
    tab = visit(run, f"#view=rolled&event={len(list(tg.trace_backward(run)))}")
    assert tab.inner_text("#moment") == "at t = 1"
    nothing = tab.locator(".view:visible [aria-label='nothing at time step 1']")
    assert nothing.count() >= 1
    nothing.first.focus()
    name = tab.evaluate("document.activeElement.dataset.mark")
    for key in ("ArrowLeft", "ArrowRight"):
        tab.keyboard.press(key)
        assert tab.evaluate("document.activeElement.dataset.mark") == name
    tab.keyboard.press("ArrowUp")
    assert tab.evaluate("document.activeElement.dataset.mark") != name


def test_tab_reaches_every_control_and_its_focus_is_seen(visit):
    tab = visit(random_elman())
    names = set()
    tab.keyboard.press("Tab")
    while tab.evaluate("document.activeElement !== document.body"):
        names.add(tab.evaluate("document.activeElement.id"))
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", names
        tab.keyboard.press("Tab")
    assert {"query", "descendants", "zoom-in", "frame", "play", "next", "slider", "jump", "shortcuts"} <= names


def test_keys_of_one_letter_can_be_switched_off(visit):
    tab = visit(random_elman())
    tab.uncheck("#shortcuts")
    tab.keyboard.press(".")
    assert tab.input_value("#slider") == "0"


def test_signs_that_need_altgr_are_keys_as_well(visit):
    tab = visit(random_elman(), "#event=40")
    press = "key => document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...key }))"
    tab.evaluate(press, {"key": "[", "ctrlKey": True, "altKey": True})
    assert tab.input_value("#slider") == "40"
    tab.evaluate(press, {"key": "[", "ctrlKey": True, "altKey": True, "modifierAltGraph": True})
    assert int(tab.input_value("#slider")) < 40


def test_under_a_finger_the_note_is_beside_the_picture(browser, tmp_path):
    path = tg.draw(random_elman()).save(tmp_path / "x.html")
    context = browser.new_context(viewport={"width": 380, "height": 800}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto(path.as_uri())
    parts = [tab.locator(f"#{part}") for part in ("picture", "note", "backprop", "gradients")]
    tops = [part.bounding_box()["y"] for part in parts]
    assert tops == sorted(tops)
    mark_of(tab, "h_1").tap()
    assert "h1 = tanh" in tab.inner_text("#note")
    picture, _, backprop, _ = (part.bounding_box()["y"] for part in parts)  # a tap may scroll
    assert backprop - picture == pytest.approx(tops[2] - tops[0])
    context.close()


def test_of_what_a_graph_has_not_nothing_is_said(visit):
    tab = visit(tg.tensor(1.5))
    assert not re.search("backprop|time step|view", tab.inner_text("#words") + tab.inner_text("#keys"))
    tab = visit(random_elman())
    for words in ("of backprop", "time step that", "next view"):
        assert words in tab.inner_text("#keys")


def test_the_note_says_of_what_shape_the_operands_are(visit):
    tab = visit(tg.linear(tg.tensor([1.0, 2.0], "x"), tg.parameter(np.ones((3, 2)), "W")).sum() * 2.0)
    tab.evaluate("attend(2)")
    assert tab.locator("#note dd").all_inner_texts()[2] == "x (2), W (3 × 2)"
    tab.evaluate("attend(5)")
    assert tab.locator("#note dd").all_inner_texts()[2] == "v3, 2"


def test_other_hits_are_seen_beside_the_one_that_is_lit_until_the_search_is_cleared(visit):
    tab = visit(random_elman())
    tab.emulate_media(reduced_motion="reduce")
    tab.fill("#query", "tanh")
    tab.keyboard.press("Enter")
    opacities = "marks => marks.map(mark => Number(getComputedStyle(mark).opacity))"
    hits, others = tab.locator(".hit:visible"), tab.locator("[data-mark]:not(.hit, .lit):visible")
    assert set(hits.evaluate_all(opacities)) == {0.6, 1}
    assert set(others.evaluate_all(opacities)) == {0.16}
    tab.fill("#query", "")
    assert set(tab.locator("[data-mark]:visible").evaluate_all(opacities)) == {1}


def test_search(visit):
    tab = visit(random_elman())
    tab.keyboard.press("/")
    tab.keyboard.type("h_ tanh")
    assert tab.inner_text("#hits") == "3 hits"
    tab.keyboard.press("Enter")
    assert tab.inner_text("#hits") == "1 of 3"
    assert "h1 = tanh" in tab.inner_text("#note")
    for _ in range(3):
        tab.keyboard.press("Enter")
    assert tab.inner_text("#hits") == "1 of 3"
    for query, hits, marks in (
        ("h_3", "1 hit", 2), ("H_", "4 hits", 7), ("tanh t=2", "1 hit", 2), ("tanh step 2", "1 hit", 2),
        ("no such thing", "0 hits", 0), ("", "", 0)
    ):  # fmt: skip
        tab.fill("#query", query)
        assert tab.inner_text("#hits") == hits
        assert tab.locator(".hit:visible").count() == marks


@pytest.mark.parametrize(
    ("query", "view", "marked"),
    [
        ("W_hh", "folded", "Whh Whh Whh Whh Whh 9moresteps"),
        ("W_hh", "rolled", "Whh"),
        ("h_9", "folded", "9moresteps"),
        ("h_9", "unrolled", "tanh h9"),
        ("x_9", "rolled", "xt"),
    ],
)
def test_search_finds_what_has_no_mark_of_its_own(query, view, marked, visit):
    tab = visit(random_elman(14), f"#view={view}")
    tab.fill("#query", query)
    tab.keyboard.press("Enter")
    assert tab.inner_text("#hits") == "1 of 1"
    found = tab.locator(".hit:visible").evaluate_all("marks => marks.map(mark => mark.textContent)")
    assert " ".join("".join(text.split()) for text in found) == marked
    assert query.replace("_", "") in tab.inner_text("#note")
    assert view != "rolled" or query != "x_9" or tab.inner_text("#moment") == "at t = 9"


def test_dragging_moves_the_picture(visit):
    tab = visit(random_elman())
    before = tab.evaluate("current().box")
    area = tab.locator("#frame").bounding_box()
    x, y = area["x"] + 8, area["y"] + 8
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 50, y + 20, steps=4)
    tab.mouse.up()
    after = tab.evaluate("current().box")
    assert before["x"] - after["x"] == pytest.approx(50 * before["width"] / (area["width"] - 2), rel=0.01)
    tab.mouse.move(x, y)
    assert tab.evaluate("current().box") == after


def test_the_wheel_scrolls_the_page_and_with_ctrl_zooms_the_picture(visit):
    tab = visit(random_elman())
    box = tab.evaluate("current().box")
    mark = mark_of(tab, "h_2")
    mark.hover()
    tab.mouse.wheel(0, 20)
    tab.wait_for_function("scrollY === 20")
    assert tab.evaluate("current().box") == box
    mark.hover()
    before = mark.bounding_box()
    tab.keyboard.down("Control")
    tab.mouse.wheel(0, -100)
    tab.wait_for_function("width => current().box.width < width", arg=box["width"])
    after = mark.bounding_box()
    assert tab.evaluate("scrollY") == 20
    assert after["width"] > 1.2 * before["width"]
    for place, size in (("x", "width"), ("y", "height")):
        assert after[place] + after[size] / 2 == pytest.approx(before[place] + before[size] / 2, abs=2)


def test_two_fingers_move_and_zoom_the_picture(visit):
    tab = visit(random_elman())
    area, box = tab.locator("#frame").bounding_box(), tab.evaluate("current().box")
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    fingers = tab.context.new_cdp_session(tab)

    def touch(kind, *points):
        touches = [{"x": across, "y": down, "id": number} for number, (across, down) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", (x - 40, y))
    touch("touchStart", (x - 40, y), (x + 40, y))
    for part in range(1, 11):
        touch("touchMove", (x - 40 - 4 * part, y - 3 * part), (x + 40 + 4 * part, y - 3 * part))
    touch("touchEnd")
    seen = tab.evaluate("current().box")
    assert seen["width"] == pytest.approx(box["width"] / 2, rel=0.02)
    down = (seen["y"] + seen["height"] / 2) - (box["y"] + box["height"] / 2)
    assert down == pytest.approx(30 * seen["width"] / area["width"], rel=0.1)
    assert tab.evaluate("[scrollY, visualViewport.scale, frame.className]") == [0, 1, ""]


def test_when_the_window_changes_the_picture_still_follows_the_pointer(visit):
    tab = visit(random_elman())
    tab.set_viewport_size({"width": 1000, "height": 500})
    tab.wait_for_function(
        "Math.abs(current().box.width / frame.clientWidth * frame.clientHeight / current().box.height - 1) < 1e-9"
    )
    before, width = tab.evaluate("[current().box, frame.clientWidth]")
    area = tab.locator("#frame").bounding_box()
    tab.mouse.move(area["x"] + 8, area["y"] + 8)
    tab.mouse.down()
    tab.mouse.move(area["x"] + 58, area["y"] + 28, steps=4)
    tab.mouse.up()
    after = tab.evaluate("current().box")
    for axis, way in (("x", 50), ("y", 20)):
        assert before[axis] - after[axis] == pytest.approx(way * before["width"] / width, rel=0.01)


def test_the_frame_is_no_higher_than_the_picture_needs_and_nothing_moves_when_one_points(visit):
    a, b = tg.parameter(-4.0, "a"), tg.parameter(np.ones((12, 1)), "b")
    tab = visit(named("g", (a * b).sum()))
    assert tab.locator("#frame").bounding_box()["height"] < 300
    top = tab.locator("#backprop").bounding_box()["y"]
    tab.focus("#frame")
    tab.keyboard.press("Enter")
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
        assert tab.locator("#note dt").count() > 3
        assert tab.locator("#backprop").bounding_box()["y"] == top


# ---------------------------------------------------------------------- in words, in the dark, on paper


def test_in_words_every_node_is_a_line_with_its_value(visit):
    run = random_elman()
    tab = visit(run, "#event=12")
    lines = tab.locator("#words-body li")
    assert lines.count() == len(run.graph)
    reached = {event.node for _, event in zip(range(12), tg.trace_backward(run.loss), strict=False)}
    for line in lines.all():
        node = run.graph.nodes[int(line.get_attribute("data-node"))]
        assert numbers(texts(line.locator("[data-part=value] [data-value]"))) == node.data.ravel().tolist()
        assert line.locator("[data-part=adjoint]").count() == (node in reached)
    assert tab.locator("#words-body li", has_text="h3 = tanh(").count() == 1


def test_it_is_dark_for_those_who_prefer_it(visit):
    tab = visit(random_elman())
    state = mark_of(tab, "h_1").locator("ellipse")
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        assert state.evaluate("shape => getComputedStyle(shape).fill") == rgb(THEMES[scheme].kinds["state"].fill)
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(THEMES[scheme].background)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_and_what_is_written_on_them_stand_out(scheme, visit):
    tab = visit(random_elman())
    tab.emulate_media(color_scheme=scheme)
    paper, *inks = tab.evaluate(
        """() => [
          getComputedStyle(document.body).backgroundColor,
          ...["query", "play", "jump"].map(id => getComputedStyle(find(id)).borderTopColor),
          getComputedStyle(find("query"), "::placeholder").color, getComputedStyle(find("count")).color,
          getComputedStyle(find("play")).color]"""
    )
    ratios = [contrast(ink, paper) for ink in inks]
    assert min(ratios[:3]) >= 3
    assert min(ratios[3:]) >= 4.5


def test_with_colours_of_the_system_the_view_and_the_heat_maps_are_still_seen(visit):
    tab = visit(random_elman(), "#event=41")
    tab.emulate_media(forced_colors="active")
    of = "element => getComputedStyle(element).backgroundColor"
    assert tab.locator("#views [aria-pressed=true]").evaluate(of) != tab.locator(
        "#views [aria-pressed=false]"
    ).evaluate(of)
    cells = tab.locator("#gradients td:is(.positive, .negative)").evaluate_all(f"cells => cells.map({of})")
    assert len(set(cells)) > 2


def contrast(*colours):
    """The contrast of two colours, as in WCAG 2.2."""
    dim, bright = sorted(
        sum(
            weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
            for weight, part in zip(
                (0.2126, 0.7152, 0.0722), (int(n) / 255 for n in re.findall(r"\d+", colour)), strict=True
            )
        )
        for colour in colours
    )
    return (bright + 0.05) / (dim + 0.05)


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


def test_on_paper_there_are_no_controls(visit):
    tab = visit(random_elman(), "#event=5")
    tab.emulate_media(media="print")
    assert not tab.is_visible("#player")
    assert "Point at one" not in tab.inner_text("header")
    assert not tab.is_visible("#keys")
    assert tab.is_visible(".view")
    assert tab.is_visible("#event")


def two_layers_in_both_directions():
    outputs = tg.nn.RNN(2, 3, num_layers=2, bidirectional=True).unroll(np.ones((3, 2))).outputs
    return sum(output.sum() for output in outputs)


@pytest.mark.parametrize("width", [700, 1100, 1300, 2400])
def test_wide_gradients_do_not_widen_the_page(width, visit):
    tab = visit(two_layers_in_both_directions(), "#event=1000")
    tab.set_viewport_size({"width": width, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_gradient_that_an_event_changes_is_in_sight(visit):
    tab = visit(two_layers_in_both_directions())
    box = tab.locator("#gradients-body").bounding_box()
    for position in range(1, int(tab.get_attribute("#slider", "max")) + 1):
        tab.fill("#slider", str(position))
        changed = tab.locator(".gradient.changed")
        if changed.count():
            first = changed.first.bounding_box()
            assert box["y"] - 1 <= first["y"] < box["y"] + box["height"]
    assert tab.evaluate("document.scrollingElement.scrollTop") == 0


def test_on_paper_wide_gradients_are_whole_and_what_is_closed_is_not_there(visit):
    tab = visit(two_layers_in_both_directions(), "#event=1000")
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 700, "height": 1000})
    tables = tab.locator(".gradient .numbers")
    assert tables.count() == 16
    for table in tables.all():
        assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert not tab.is_visible("#words")


def test_a_phone_shows_it_without_scrolling_sideways(visit):
    tab = visit(random_elman(14), "#event=40")
    tab.set_viewport_size({"width": 360, "height": 740})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_scripts_there_is_the_picture(browser, tmp_path):
    path = tg.draw(random_elman(14)).save(tmp_path / "x.html")
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(path.as_uri())
    assert tab.is_visible(".view[data-view=folded] svg")
    assert not tab.is_visible(".view[data-view=rolled]")
    assert "switched off" in tab.inner_text("header")
    assert not any(tab.is_visible(part) for part in (".bar", "#note", "#backprop", "#gradients", "#words", "#keys"))
    context.close()


# ---------------------------------------------------------------------- other graphs


def test_hostile_labels_stay_text(visit):
    label = "</script><img src=x onerror=alert(1)>"
    y = named(label, (tg.parameter([1.0, 2.0], label=label) * 2).sum())
    tab = visit(y)
    tab.on("dialog", lambda dialog: pytest.fail(dialog.message))
    tab.evaluate(READ_EVERY_EVENT)
    mark_of(tab, label).focus()
    assert tab.locator("img").count() == 0
    assert label in tab.inner_text("#note")


def test_a_name_from_right_to_left_turns_nothing_else_round(visit):
    tab = visit(tg.tensor(2.0, label="שלום") + tg.tensor(3.0, label="עולם"))
    left, right = (
        tab.locator(f"#words-body [data-node='2'] [data-name='{number}']").bounding_box() for number in (0, 1)
    )
    assert left["x"] < right["x"]


def test_without_backprop_there_is_no_player(visit):
    tab = visit(tg.tensor(2.0, label="a") * tg.tensor(3.0, label="b"))
    assert tab.locator("#player, #gradients").count() == 0
    tab.keyboard.press(".")
    mark_of(tab, "a").hover()
    assert "constant" in tab.inner_text("#note")


def test_numbers_that_are_not_finite_or_thinned_or_none_are_shown(visit):
    W = tg.parameter(np.linspace(-1, 1, 900).reshape(30, 30), label="W")
    with np.errstate(all="ignore"):
        y = tg.log(W).sum() + tg.parameter(np.zeros((2, 0)), label="empty").sum()
    tab = visit(y)
    seen = tab.evaluate(READ_EVERY_EVENT)
    (number,) = [name for name, total in seen[-1]["gradients"].items() if total]
    assert len(seen[-1]["gradients"][number]) == 16 * 16
    assert "256 of 30×30 entries" in tab.inner_text("#gradients")
    assert texts(tab.locator("#words-body td.not-finite")) == ["NaN"] * tab.locator("#words-body td[title=NaN]").count()
    assert "NaN" in texts(tab.locator("#words-body [data-value]"))
    assert "no numbers (2×0)" in tab.inner_text("#gradients")


def test_what_is_left_out_is_said_where_it_is_missing(visit, monkeypatch):
    monkeypatch.setattr("tinygrad_rnn.drawing.page.LIMIT", 0)
    tab = visit(random_elman())
    tab.click("#last")
    assert "(not in this page)" in tab.inner_text("#event")
    assert "some contributions are not in this page" in tab.inner_text("#gradients")
