"""The gallery: pictures with the code that drew each. This command writes docs/gallery.md and docs/gallery/*.svg.

python docs/gallery.py
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path

import gallery_peers
import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

import tinygrad_rnn as tg

DOCS = Path(__file__).parent
PICTURES: dict[str, Callable[[], tg.Diagram]] = {}
"""The functions that draw, by the names of their files; a docstring is the title, and the text below it."""

FIGURES: dict[str, Callable[[], Figure]] = {}
"""Likewise those of figures over time."""

SETUP = """import numpy as np

import tinygrad_rnn as tg

rng = np.random.default_rng(0)"""

rng = np.random.default_rng(0)


def picture(draw: Callable[[], tg.Diagram]) -> Callable[[], tg.Diagram]:
    """Put a picture into the gallery."""
    PICTURES[draw.__name__.replace("_", "-")] = draw
    return draw


def figure(plot: Callable[[], Figure]) -> Callable[[], Figure]:
    """Put a figure into the gallery."""
    FIGURES[plot.__name__.replace("_", "-")] = plot
    return plot


# ---------------------------------------------------------------------- the Elman network


@picture
def elman_lagged() -> tg.Diagram:
    """The Elman network that outputs before it updates.

    Notation: lagged. The sum of squared errors; the state s_1 is given.
    """
    net = tg.nn.ElmanRNN(2, 3, 1, notation="lagged")
    return tg.draw(net.unroll(np.ones((3, 2)), np.ones((3, 1))))


@picture
def elman_subscript() -> tg.Diagram:
    """The Elman network in the notation with subscripts."""
    net = tg.nn.ElmanRNN(2, 3, 1, notation="subscript")
    return tg.draw(net.unroll(np.ones((3, 2)), np.ones((3, 1))))


@picture
def elman_goodfellow() -> tg.Diagram:
    """The Elman network as in Goodfellow, Bengio and Courville, figure 10.3.

    Variables alone, with the weights on the edges.
    """
    net = tg.nn.ElmanRNN(2, 3, 4, notation="goodfellow")
    return tg.draw(net.unroll(np.ones((3, 2)), [0, 1, 3]), detail="variables")


@picture
def elman_rolled() -> tg.Diagram:
    """Rolled up: one step, and a delay in each loop."""
    net = tg.nn.ElmanRNN(2, 3, 4, notation="goodfellow")
    return tg.draw(net.unroll(np.ones((3, 2)), [0, 1, 3]), view="rolled")


@picture
def a_thousand_steps() -> tg.Diagram:
    """A thousand steps, folded."""
    net = tg.nn.ElmanRNN(2, 3, 1)
    return tg.draw(net.unroll(np.ones((1000, 2)), np.ones((1000, 1))))


@picture
def dark() -> tg.Diagram:
    """The dark theme, with shapes."""
    net = tg.nn.ElmanRNN(2, 3, 1)
    return tg.draw(net.unroll(np.ones((3, 2)), np.ones((3, 1))), theme="dark", shapes=True)


# ---------------------------------------------------------------------- gates, layers, directions


@picture
def lstm() -> tg.Diagram:
    """Long short-term memory, every gate a node."""
    return tg.draw(tg.nn.LSTM(2, 3).unroll(np.ones((3, 2))))


@picture
def lstm_rolled() -> tg.Diagram:
    """The same, rolled up: two memories, two loops."""
    return tg.draw(tg.nn.LSTM(2, 3).unroll(np.ones((3, 2))), view="rolled")


@picture
def gru() -> tg.Diagram:
    """A gated recurrent unit."""
    return tg.draw(tg.nn.GRU(2, 3).unroll(np.ones((3, 2))))


@picture
def two_layers() -> tg.Diagram:
    """Two layers of LSTM, a box for each cell."""
    return tg.draw(tg.nn.LSTM(2, 3, num_layers=2).unroll(np.ones((4, 2))), detail="cells")


@picture
def bidirectional() -> tg.Diagram:
    """A bidirectional layer: one state runs with time, the other against it."""
    return tg.draw(tg.nn.RNN(2, 3, bidirectional=True).unroll(np.ones((3, 2))))


# ---------------------------------------------------------------------- networks by hand


@picture
def sequence_to_sequence() -> tg.Diagram:
    """Encoder and decoder: the state after the last input is where the decoder starts."""
    U, W = tg.parameter(np.ones((3, 2)), "U"), tg.parameter(np.eye(3), "W")
    V, C = tg.parameter(np.eye(3), "V"), tg.parameter(np.ones((2, 3)), "C")
    s = tg.tensor(np.zeros(3), "s_0")
    for t in (1, 2, 3):
        with tg.step(t), tg.scope("encoder"):
            s = tg.tanh(tg.linear(tg.tensor(np.ones(2), f"x_{t}"), U) + tg.linear(s, W))
            s.label = f"s_{t}"
    outputs = []
    for t in (4, 5, 6):
        with tg.step(t), tg.scope("decoder"):
            s = tg.tanh(tg.linear(s, V))
            s.label = f"d_{t - 3}"
            outputs.append(tg.linear(s, C))
            outputs[-1].label = f"y_{t - 3}"
    return tg.draw(outputs, detail="variables")


@picture
def attention() -> tg.Diagram:
    """A decoder that attends to all states of the encoder.

    At each of its steps it reads them along one line, weighs them by the softmax of a score, and goes on with their
    weighted sum.
    """
    U, W, V, C, A = (tg.parameter(np.eye(3), name) for name in "UWVCA")
    state, states = tg.tensor(np.zeros(3), "h_0"), []
    for t in (1, 2, 3):
        with tg.step(t):
            state = tg.tanh(tg.linear(tg.tensor(np.ones(3), f"x_{t}"), U) + tg.linear(state, W))
            state.label = f"h_{t}"
            states.append(state)
    for t in (1, 2):
        with tg.step(3 + t):
            memory = tg.stack(states)
            weights = tg.softmax(memory @ tg.linear(state, A))
            context = weights @ memory
            state = tg.tanh(tg.linear(context, C) + tg.linear(state, V))
            weights.label, context.label, state.label = f"α_{t}", f"c_{t}", f"s_{t}"
    return tg.draw(state, detail="variables")


@picture
def truncated() -> tg.Diagram:
    """Truncated backpropagation through time: cuts on the way back.

    The carried state is detached after every second step: where a line bears // no gradient comes back.
    """
    U, W = tg.parameter(np.eye(2), "U"), tg.parameter(0.5 * np.eye(2), "W")
    h, loss = tg.tensor(np.zeros(2), "h_0"), tg.tensor(0.0)
    for t in range(1, 7):
        with tg.step(t):
            before = h.detach() if t in (3, 5) else h
            h = tg.tanh(tg.linear(tg.tensor(np.ones(2), f"x_{t}"), U) + tg.linear(before, W))
            h.label = f"h_{t}"
            loss = loss + tg.square(h).sum()
    return tg.draw(loss, detail="variables", backward=True)


@picture
def tree() -> tg.Diagram:
    """A recursive network over a tree: no time steps, and Graphviz finds the places."""
    W = tg.parameter(np.ones((2, 4)), "W")
    the, cat, sat = (tg.tensor(np.ones(2), word) for word in ("the", "cat", "sat"))
    pair = tg.tanh(tg.linear(tg.concatenate([the, cat]), W))
    pair.label = "the cat"
    whole = tg.tanh(tg.linear(tg.concatenate([pair, sat]), W))
    whole.label = "the cat sat"
    return tg.draw(whole)


@picture
def micrograd() -> tg.Diagram:
    """The example of micrograd's README, with values and gradients."""
    a, b = tg.parameter(-4.0, "a"), tg.parameter(2.0, "b")
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + tg.relu(b + a)
    d = d + 3 * d + tg.relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.label = "g"
    return tg.draw(g, values=True, gradients=True)


@picture
def second_order() -> tg.Diagram:
    """A derivative is a graph, too: y = x³, its slope, and the slope's slope."""
    x = tg.parameter(3.0, "x")
    y = x * x * x
    (slope,) = tg.grad(y, [x], create_graph=True)
    (curvature,) = tg.grad(slope, [x], create_graph=True)
    y.label, slope.label, curvature.label = "y", "y'", "y''"
    return tg.draw([y, slope, curvature])


# ---------------------------------------------------------------------- the backward pass


@picture
def backward() -> tg.Diagram:
    """Backprop on the same geometry, by the norms of the gradients."""
    run = tg.nn.ElmanRNN(2, 3, 1).unroll(rng.normal(size=(3, 2)), rng.normal(size=(3, 1)))
    return tg.draw(run, backward=True)


@picture
def gradient_through_one_step() -> tg.Diagram:
    """How the third loss credits the third step."""
    run = tg.nn.ElmanRNN(2, 3, 1).unroll(rng.normal(size=(3, 2)), rng.normal(size=(3, 1)))
    return tg.draw(run, detail="variables", highlight=(3, 3))


@picture
def gradient_through_several_steps() -> tg.Diagram:
    """How the third loss credits the first step: through every state in between."""
    run = tg.nn.ElmanRNN(2, 3, 1).unroll(rng.normal(size=(3, 2)), rng.normal(size=(3, 1)))
    return tg.draw(run, detail="variables", highlight=(3, 1))


def last_loss(scale: float) -> tg.Tensor:
    """The last loss of ten steps, with recurrent weights of a given size."""
    net = tg.nn.ElmanRNN(2, 3, 1, activation="identity")
    net.parameters["W_hh"].data = scale * np.eye(3)
    return net.unroll(np.ones((10, 2)), np.zeros((10, 1))).losses[-1]


@picture
def vanishing() -> tg.Diagram:
    """A vanishing gradient: recurrent weights of size 0.3, the loss of the last step."""
    return tg.draw(last_loss(0.3), view="unrolled", detail="variables", backward=True)


@picture
def exploding() -> tg.Diagram:
    """An exploding one: recurrent weights of size 2."""
    return tg.draw(last_loss(2.0), view="unrolled", detail="variables", backward=True)


# ---------------------------------------------------------------------- over time


@figure
def gradients_over_time() -> Figure:
    """How an LSTM's gradients fade over 24 time steps, as a heat map.

    The loss is that of the last step: below the states, what each parameter receives in each step.
    """
    hs, _ = tg.nn.LSTM(2, 6)(rng.normal(size=(24, 2)))
    return tg.drawing.gradient_flow((hs[-1] * hs[-1]).sum())


@figure
def states_over_time() -> Figure:
    """The states of an LSTM over time, and its weights."""
    hs, _ = tg.nn.LSTM(2, 6)(rng.normal(size=(24, 2)))
    return tg.drawing.states_and_weights(hs[-1])


# ---------------------------------------------------------------------- the page


def code_of(draw: Callable[[], tg.Diagram] | Callable[[], Figure]) -> str:
    """What is inside a function, below its docstring."""
    source = inspect.getsource(draw)
    body = source.split('"""', 2)[2].strip("\n")
    return textwrap.dedent(body).replace("return tg.", "tg.")


def write_page() -> str:
    """The gallery as Markdown."""
    parts = [
        "# Gallery",
        "Every picture with the code that drew it. `python docs/gallery.py` makes this page and its pictures anew, but "
        "for those of other tools at its end. What several of them use:",
        f"```python\n{SETUP}\n\n\n{inspect.getsource(last_loss).rstrip()}\n```",
    ]
    for name, draw in (*PICTURES.items(), *FIGURES.items()):
        title, _, text = inspect.cleandoc(draw.__doc__ or "").partition("\n")
        parts.append(f"## {title.rstrip('.')}")
        if text.strip():
            parts.append(text.strip())
        parts.append(f"![{title}](gallery/{name}.svg)")
        parts.append(f"```python\n{code_of(draw)}\n```")
    parts.append(gallery_peers.write_section())
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page and the pictures."""
    (DOCS / "gallery").mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        print(draw().save(DOCS / "gallery" / f"{name}.svg"))
    with rc_context({"svg.hashsalt": "gallery"}):
        for name, plot in FIGURES.items():
            path = DOCS / "gallery" / f"{name}.svg"
            plot().savefig(path, metadata={"Date": None, "Creator": None})
            print(path)
    (DOCS / "gallery.md").write_text(write_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
