"""A graph as text: one line for each node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.node import Tensor

MANY = 6
"""How many operands, or parts of an attribute, are written out; of more, the first and the last ones are."""

WIDEST = 80
"""How many characters a column is wide at most; a longer cell moves the rest of its own row alone."""


def node_table(nodes: Sequence[Tensor]) -> str:
    """A line for each node: `h_3 = tanh(a_3)   (2, 16) float64   step 3`."""
    name = dict(zip(nodes, distinct_names([node.label for node in nodes]), strict=True))

    def equation(node: Tensor) -> str:
        return f"{name[node]} = {formula(node, [name.get(source, source.label or '…') for source in node.inputs])}"

    return columns((equation(node), kind(node), when(node)) for node in nodes)


def distinct_names(labels: Sequence[str | None]) -> list[str]:
    """A name for each label: itself; its position, as in %7, if there is none; both if another one is equal."""
    uses = Counter(labels)
    return [label if label and uses[label] == 1 else f"{label or ''}%{number}" for number, label in enumerate(labels)]


def formula(node: Tensor, operands: Sequence[str]) -> str:
    """How a node was made, from what its operands are called."""
    if node.op is None:
        return "parameter" if node.requires_grad else "constant"
    settings = [f"{name}={_short(value)}" for name, value in node.attributes.items()]
    return f"{node.op.name}({', '.join(_elided(operands) + settings)})"


def kind(node: Tensor) -> str:
    """Shape and dtype."""
    return f"{node.shape} {node.dtype}"


def when(node: Tensor) -> str:
    """Step and scope."""
    return " ".join([*([] if node.step is None else [f"step {node.step}"]), *([node.scope] if node.scope else [])])


def columns(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows of text with their columns aligned, but for cells that are very long."""
    rows = list(rows)
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*rows, strict=True)]
    return "\n".join(
        "   ".join([f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)]).rstrip() for row in rows
    )


def _elided(parts: Sequence[str]) -> list[str]:
    return [*parts] if len(parts) <= MANY else [*parts[: MANY - 2], "…", parts[-1]]


def _short(value: Any) -> str:
    """An attribute in a few characters: an array by its shape, a slice as it is written in an index."""
    if isinstance(value, tuple):
        return f"({', '.join(_elided([_short(part) for part in value]))}{',' if len(value) == 1 else ''})"
    if isinstance(value, slice):
        bounds = (value.start, value.stop) if value.step is None else (value.start, value.stop, value.step)
        return ":".join(["" if bound is None else str(bound) for bound in bounds])
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{[*value.shape]}"
    if value is ...:
        return "..."
    return str(value) if isinstance(value, np.dtype) else repr(value)
