"""The gallery's section on other tools, written from the pictures that docs/peers.py has made."""

from __future__ import annotations

import json
import re
from pathlib import Path

GALLERY = Path(__file__).parent / "gallery"
FOLDER = GALLERY / "peers"
TOOLS = {
    "": "tinygrad_rnn",
    "-torchviz": "torchviz",
    "-torchlens": "TorchLens, unrolled",
    "-torchlens-rolled": "TorchLens, rolled",
}
"""Who drew a picture, by what the name of its file ends with."""

SECTION = """\
## Beside other tools

Three of these networks in PyTorch {torch}, with the same parameters and inputs, as torchviz {torchviz} and TorchLens
{torchlens} draw them by Graphviz {Graphviz}. torchviz draws PyTorch's backward graph, TorchLens the operations of a
forward pass that it has watched; neither is made for recurrent networks alone. `python docs/peers.py` makes these
pictures. It holds the networks, and the settings with which each tool's pictures were the most legible.

{table}

These are the pictures' nodes. In this library's an operation and the name of its value are two, and parameters none.
In torchviz's a parameter is two, and what needs no gradient is missing: inputs, targets, initial states."""

COMPARED = {
    "elman-subscript": (
        "The Elman network",
        "Columns are time steps, the state runs along one row, and parameters are written where they act.",
        "From the parameters, on top, to the loss. Each parameter stands once, with a line to every step; the states "
        "are the three TanhBackward0.",
        "Every operation with the shape and the bytes of its value, and a frame for each time step, which is a call of "
        "a module. `stack_by` makes columns of them; Graphviz chooses the order within a column.",
        "What ran three times is one node, marked (x3) or :1,2,3. The loop goes through W_hh, and the figures at a "
        "line's ends tell in which runs it is used.",
    ),
    "lstm": (
        "Long short-term memory",
        "Gates go by their names, and both memories can be followed from step to step.",
        "A gate is a SigmoidBackward0 or a TanhBackward0 that comes from a SplitBackward0.",
        "A frame for each call of the cell, the first at the bottom. A gate is a sigmoid or a tanh that comes from a "
        "numbered chunk.",
        "The cell once. The three sigmoids share a node, so do the three products, and the two tanh.",
    ),
    "two-layers": (
        "Two layers of LSTM",
        "A box for each cell, a row for each layer, a column for each step.",
        "It knows no modules; both layers are there function by function.",
        "With `depth=1` a box for each call of a cell; x2 stands at lines for both h and c.",
        "Both cells once, one above the other, with all their operations.",
    ),
}
"""For each picture of the gallery a title, and what to see in the tools' pictures, in their order."""


def write_section() -> str:
    """The section as Markdown."""
    versions = json.loads((FOLDER / "versions.json").read_text(encoding="utf-8"))
    header = ["nodes", *TOOLS.values()]
    rows = [
        [title, *[str(count_nodes(picture(name, ending))) for ending in TOOLS]]
        for name, (title, *_) in COMPARED.items()
    ]
    lines = [header, ["---"] + ["---:"] * len(TOOLS), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    parts = [SECTION.format(table=table, **versions)]
    for name, (title, *texts) in COMPARED.items():
        parts.append(f"### {title}")
        for (ending, tool), text in zip(TOOLS.items(), texts, strict=True):
            path = picture(name, ending).relative_to(GALLERY.parent).as_posix()
            parts.append(f"**{tool}.** {text}")
            parts.append(f"![{title}, drawn by {tool}]({path})")
    return "\n\n".join(parts)


def picture(name: str, ending: str) -> Path:
    """The file of a network's picture; that without an ending is the gallery's own."""
    return FOLDER / f"{name}{ending}.svg" if ending else GALLERY / f"{name}.svg"


def count_nodes(path: Path) -> int:
    """How many nodes a picture of Graphviz's shows; those without a title are backgrounds and captions."""
    return len(re.findall(r'class="node">\s*<title>', path.read_text(encoding="utf-8")))
