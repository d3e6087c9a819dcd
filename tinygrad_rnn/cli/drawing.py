"""The command draw: a network of the asked kind and sizes, unrolled over random numbers, as a picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

import tinygrad_rnn
from tinygrad_rnn import nn
from tinygrad_rnn.cli.parsing import PROGRAM, Commands, count
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.node import Array, Tensor, step, tensor

LAYERS: Mapping[str, Callable[..., nn.RNN | nn.LSTM | nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def add_draw(commands: Commands) -> None:
    """`draw`."""
    parser = commands.add_parser(
        "draw",
        help="a picture of an unrolled network, or a page to explore it in",
        description="Unroll a recurrent network over random numbers, with a loss in each step, and draw its graph.",
        epilog=f"example: {PROGRAM} draw --cell lstm --steps 6 --backward --output lstm.html",
    )
    network = parser.add_argument_group("the network").add_argument
    network("--cell", choices=tuple(LAYERS), default="rnn", help="the kind of recurrent layer (%(default)s)")
    network("--layers", metavar="N", type=count, default=1, help="one above the other (%(default)s)")
    network("--bidirectional", action="store_true", help="each layer also from the end to the start")
    network("--notation", choices=tuple(nn.NOTATIONS), help="whose equations an rnn of one layer has (subscript)")
    network("--inputs", metavar="N", type=count, default=2, help="features of an input (%(default)s)")
    network("--hidden", metavar="N", type=count, default=3, help="units of a layer's state (%(default)s)")
    network("--outputs", metavar="N", type=count, default=1, help="features of an output (%(default)s)")
    network("--steps", metavar="N", type=count, default=4, help="time steps (%(default)s)")
    picture = parser.add_argument_group("the picture").add_argument
    picture("--view", metavar="NAME", help="unrolled, folded in the middle, or rolled up (folded above a dozen steps)")
    picture("--detail", metavar="NAME", default="ops", help="ops, variables alone, or cells (%(default)s)")
    picture("--theme", metavar="NAME", default="light", help="light, dark or print (%(default)s)")
    picture("--shapes", action="store_true", help="the shape of each value beside it")
    picture("--backward", action="store_true", help="backprop beside the lines, by the norms of the gradients")
    picture("--values", action="store_true", help="values on the marks")
    picture("--gradients", action="store_true", help="gradients on the marks")
    picture("--highlight", metavar=("T", "K"), type=count, nargs=2, help="how step T's loss credits step K")
    picture("--output", metavar="FILE", type=Path, default=Path("rnn.svg"), help="a .svg, .png, .pdf, .dot or .html")
    picture("--dpi", metavar="N", type=count, default=144, help="pixels per inch of a .png (%(default)s)")
    parser.set_defaults(run=_draw)


def _draw(chosen: argparse.Namespace) -> None:
    settings = ("view", "detail", "theme", "shapes", "backward", "values", "gradients", "highlight")
    diagram = tinygrad_rnn.draw(_network(chosen), **{name: getattr(chosen, name) for name in settings})
    print(f"{diagram.save(chosen.output, chosen.dpi)} shows {diagram.title}")


def _network(chosen: argparse.Namespace) -> nn.Run | Tensor:
    """The network over random numbers: a textbook's where there is one for it."""
    random = np.random.default_rng(0)
    xs, targets = (random.uniform(-1, 1, (chosen.steps, size)) for size in (chosen.inputs, chosen.outputs))
    if (chosen.cell, chosen.layers, chosen.bidirectional) == ("rnn", 1, False):
        net = nn.ElmanRNN(chosen.inputs, chosen.hidden, chosen.outputs, notation=chosen.notation or "subscript")
        return net.unroll(xs, targets)
    if chosen.notation is not None:
        raise SettingError(
            "--notation is of an rnn of one layer and one direction; other networks have PyTorch's names"
        )
    make = LAYERS[chosen.cell]
    layer = make(chosen.inputs, chosen.hidden, num_layers=chosen.layers, bidirectional=chosen.bidirectional)
    directions = 2 if chosen.bidirectional else 1
    return _loss(layer.unroll(xs).outputs, nn.Linear(directions * chosen.hidden, chosen.outputs), targets)


def _loss(states: Iterable[Tensor], read: nn.Linear, targets: Array) -> Tensor:
    """The sum of each step's squared error."""
    total = tensor(0.0)
    for t, (state, target) in enumerate(zip(states, targets, strict=True), start=1):
        with step(t):
            output = read(state)
            error = nn.squared_error(output, tensor(target, label=f"y*_{t}"))
            output.label, error.label = f"y_{t}", f"L_{t}"
            total = total + error
    total.label = "L"
    return total
