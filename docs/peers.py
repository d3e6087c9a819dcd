"""What torchviz and TorchLens draw of three networks of the gallery: this command writes docs/gallery/peers.

python docs/peers.py

The networks are those of the pictures `elman-subscript`, `lstm` and `two-layers`, with the same parameters. In PyTorch
they are written operation by operation, because all of an `nn.LSTM` is one operation to both tools. A time step is the
call of a module, which TorchLens frames; sequences are lists with an array for each step, and every array has a batch
axis of length one, because without it PyTorch adds nodes that turn vectors into matrices and back. No function of
PyTorch's is imported by its name: TorchLens watches those that it finds in PyTorch's own modules.

torchviz is told the parameters' names. Of TorchLens's settings these are the ones whose pictures were the most
legible: time steps as columns (`stack_by`), which is no help to the LSTM's four gates, and a box for each cell
(`depth=1`).

Requires Graphviz's `dot` and `pip install -e .[bench]`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import graphviz
import torch
import torchlens
import torchviz
from gallery_peers import FOLDER
from torch import Tensor, nn

import tinygrad_rnn as tg

ADDRESS = re.compile(r"\b\d{12,}\b")
PACKAGES = ("torch", "torchviz", "torchlens")

State = tuple[Tensor, Tensor]


class Cell(nn.Module):
    """One time step, with parameters of this library."""

    def __init__(self, parameters: Mapping[str, tg.Tensor]) -> None:
        super().__init__()
        for name, parameter in parameters.items():
            self.register_parameter(name, nn.Parameter(torch.tensor(parameter.data)))


class ElmanStep(Cell):
    """h' = tanh(W_xh x + W_hh h + b_h), y = W_oh h' + b_o; and ‖y − y*‖², over the number of steps, more of loss."""

    def __init__(self, parameters: Mapping[str, tg.Tensor], steps: int) -> None:
        super().__init__(parameters)
        self.steps = steps

    def forward(self, x: Tensor, target: Tensor, h: Tensor, loss: Tensor) -> State:
        """The state and the loss after one step."""
        h = torch.tanh(nn.functional.linear(x, self.W_xh) + nn.functional.linear(h, self.W_hh) + self.b_h)
        y = nn.functional.linear(h, self.W_oh) + self.b_o
        return h, loss + torch.square(y - target).sum() * (1 / self.steps)


class Elman(nn.Module):
    """`tg.nn.ElmanRNN` over a number of steps, with its loss."""

    def __init__(self, net: tg.nn.ElmanRNN, steps: int) -> None:
        super().__init__()
        self.step = ElmanStep(net.parameters, steps)

    def forward(self, xs: list[Tensor], targets: list[Tensor], h: Tensor, loss: Tensor) -> Tensor:
        """The loss after the last step."""
        for x, target in zip(xs, targets, strict=True):
            h, loss = self.step(x, target, h, loss)
        return loss


class LSTMCell(Cell):
    """`tg.nn.LSTMCell`: c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c')."""

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> State:
        """The state after one step."""
        from_input = nn.functional.linear(x, self.weight_ih, self.bias_ih)
        from_state = nn.functional.linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = (from_input + from_state).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class LSTM(nn.Module):
    """`tg.nn.LSTM`, of one or more layers."""

    def __init__(self, net: tg.nn.LSTM) -> None:
        super().__init__()
        self.cells = nn.ModuleList([LSTMCell(cell.parameters) for cell in net.cells.values()])

    def forward(self, xs: list[Tensor], states: list[State]) -> list[Tensor]:
        """The outputs of the last layer."""
        states = list(states)
        outputs = []
        for x in xs:
            for k, cell in enumerate(self.cells):
                x, _ = states[k] = cell(x, *states[k])
            outputs.append(x)
        return outputs


class Network(NamedTuple):
    """A network of the gallery, its inputs, and TorchLens's settings for the unrolled picture of it."""

    module: nn.Module
    inputs: list[Any]
    settings: dict[str, Any]


def ones(steps: int, features: int) -> list[Tensor]:
    """Arrays of ones (1, features), one for each step."""
    return [torch.ones(1, features, dtype=torch.float64) for _ in range(steps)]


def zeros(*shape: int) -> Tensor:
    """An array of zeros."""
    return torch.zeros(shape, dtype=torch.float64)


def columns(op: Any) -> str | None:
    """The time step of an operation: the number of the call of a module that it belongs to."""
    return op.module.split(":")[1] if op.modules else None


def elman(steps: int = 3) -> Network:
    """The network of the picture elman-subscript, which has three steps."""
    module = Elman(tg.nn.ElmanRNN(2, 3, 1, notation="subscript"), steps)
    inputs = [ones(steps, 2), ones(steps, 1), zeros(1, 3), zeros()]
    return Network(module, inputs, {"stack_by": columns, "direction": "leftright", "show_legend": False})


def lstm() -> Network:
    """The network of the picture lstm."""
    return Network(LSTM(tg.nn.LSTM(2, 3)), [ones(3, 2), [(zeros(1, 3), zeros(1, 3))]], {})


def two_layers() -> Network:
    """The network of the picture two-layers."""
    states = [(zeros(1, 3), zeros(1, 3)) for _ in range(2)]
    module = LSTM(tg.nn.LSTM(2, 3, num_layers=2))
    return Network(module, [ones(4, 2), states], {"depth": 1, "direction": "leftright"})


NETWORKS: dict[str, Callable[[], Network]] = {"elman-subscript": elman, "lstm": lstm, "two-layers": two_layers}


def draw(network: Network, path: Path) -> None:
    """Write what both tools draw: <path>-torchviz.svg, <path>-torchlens.svg and <path>-torchlens-rolled.svg."""
    outputs = network.module(*network.inputs)
    names = dict(network.module.named_parameters())
    picture = torchviz.make_dot(outputs if isinstance(outputs, Tensor) else tuple(outputs), names)
    picture.render(outfile=f"{path}-torchviz.svg", cleanup=True)
    renumber(Path(f"{path}-torchviz.svg"))

    restore = torchlens.options.CaptureOptions(unwrap_when_done=True)
    trace = torchlens.trace(network.module, network.inputs, capture=restore)
    for name, settings in {"torchlens": network.settings, "torchlens-rolled": {"view": "rolled"}}.items():
        trace.draw(vis_outpath=f"{path}-{name}", vis_fileformat="svg", vis_save_only=True, **settings)


def renumber(path: Path) -> None:
    """Number the nodes, which torchviz calls by their addresses in memory, so that every run writes the same file."""
    numbers: defaultdict[str, str] = defaultdict(lambda: str(len(numbers)))
    text = path.read_text(encoding="utf-8")
    path.write_text(ADDRESS.sub(lambda found: numbers[found[0]], text), encoding="utf-8")


def main(folder: Path = FOLDER) -> None:
    """Write the pictures and the versions of what drew them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in NETWORKS.items():
        draw(make(), folder / name)
    versions = {package: version(package) for package in PACKAGES}
    versions["Graphviz"] = ".".join(map(str, graphviz.version()))
    (folder / "versions.json").write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
