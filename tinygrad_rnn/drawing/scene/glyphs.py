"""What is written on an operation: its sign, with the operands that are shown as tags put in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.drawing.basics.label import Run, Text, clean, shorten, typeset
from tinygrad_rnn.drawing.scene.nablas import differentiated, has_name
from tinygrad_rnn.node import Tensor
from tinygrad_rnn.ops import OPERATIONS

INFIX: Mapping[str, str] = {
    "add": "+", "subtract": "−", "multiply": "⊙", "divide": "÷", "equal": "=", "greater": ">",
}  # fmt: skip
PREFIX: Mapping[str, str] = {
    "sigmoid": "σ", "sum": "Σ", "sqrt": "√", "maximum": "max", "minimum": "min", "log_softmax": "log softmax",
    "concatenate": "concat", "accumulate": "Σ", "sum_to": "sum to", "broadcast_to": "repeat", "astype": "as",
}  # fmt: skip

Tags = Sequence[Text | None]
"""For each operand its text if it is shown as a tag, else None."""


def op_text(node: Tensor, tags: Tags) -> Text:
    """The sign of a node's operation: "×", "tanh", or with tags "W_xh", "+ b_h", "( )²"."""
    assert node.op is not None
    name, found = node.op.name, [tag for tag in tags if tag is not None]
    if OPERATIONS.get(name) is not node.op:  # declared elsewhere, perhaps under the name of one of the library's
        return _joined(_word(clean(name)), *found)
    if name in INFIX:
        return _infix(_sign(name, node), tags)
    written = SPECIAL.get(name)
    if written is not None:
        return written(node, tags)
    return _joined(_word(PREFIX.get(name, name)), *found)


def value_text(node: Tensor) -> Text:
    """What is written on a value: its label, "∇" and the label of what it is the adjoint of, a number, or its shape."""
    if node.label is not None:
        return typeset(node.label)
    if has_name(node) and (forward := differentiated(node)) is not None:
        return (Run("∇"), *value_text(forward))
    if node.size == 1:
        return (Run(number_text(node.item())),)
    return (Run(str(node.shape).replace(" ", ""), "sans"),)


def number_text(number: float) -> str:
    """A number in three digits, or as 1/n where it is one part of n."""
    parts = round(1 / number) if abs(number) >= 1e-4 else 0
    if abs(parts) > 1 and number == 1 / parts:
        return f"1/{parts}".replace("1/-", "−1/")
    return f"{number:.3g}".replace("-", "−")


def shape_text(node: Tensor) -> str:
    """The shape as 3×2, or nothing for a single number without axes."""
    return "×".join(map(str, node.shape))


def _word(sign: str) -> Run:
    return Run(shorten(sign), "sans" if len(sign) > 1 else "upright")


def _joined(*pieces: Run | Text) -> Text:
    """The pieces with spaces between them."""
    runs: list[Run] = []
    for piece in pieces:
        if runs:
            runs.append(Run(" "))
        runs += [piece] if isinstance(piece, Run) else piece
    return tuple(runs)


def _sign(name: str, node: Tensor) -> str:
    """A product with a single number is written ×."""
    if name == "multiply" and any(source.ndim == 0 for source in node.inputs):
        return "×"
    return INFIX[name]


def _infix(sign: str, tags: Tags) -> Text:
    left, right = tags
    if left is not None and right is None and sign in "+×⊙":
        left, right = right, left
    return _joined(*[piece for piece in (left, Run(sign), right) if piece is not None])


def _product(node: Tensor, tags: Tags) -> Text:
    """A matrix product is written as its matrix; a bias is added to it."""
    factors, bias = [tag for tag in tags[:2] if tag is not None], tags[2] if len(tags) > 2 else None
    product = _joined(*factors) if factors else (Run("×"),)
    return product if bias is None else _joined(product, Run("+"), bias)


def _power(node: Tensor, tags: Tags) -> Text:
    base, exponent = tags
    if exponent is None:
        return _joined(*[piece for piece in (base, Run("^")) if piece])
    return (*(base or (Run("( )"),)), *[run._replace(script="sup") for run in exponent])


def _square(node: Tensor, tags: Tags) -> Text:
    return (*(tags[0] or (Run("( )"),)), Run("2", script="sup"))


def _transpose(node: Tensor, tags: Tags) -> Text:
    return (*(tags[0] or (Run("( )"),)), Run("T", script="sup"))


def _getitem(node: Tensor, tags: Tags) -> Text:
    return (*(tags[0] or ()), Run(shorten(f"[{index_text(node.attributes['index'])}]", 14)))


def _negative(node: Tensor, tags: Tags) -> Text:
    return (Run("−"), *(tags[0] or (Run("( )"),)))


SPECIAL: Mapping[str, Callable[[Tensor, Tags], Text]] = {
    "linear": _product,
    "matmul": _product,
    "power": _power,
    "square": _square,
    "transpose": _transpose,
    "getitem": _getitem,
    "negative": _negative,
}


def index_text(index: Any) -> str:
    """An index as it is written between brackets."""
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index)) or "()"
    if isinstance(index, slice):
        parts = ["" if part is None else str(part) for part in (index.start, index.stop, index.step)]
        return ":".join(parts[:2]) + (f":{parts[2]}" if parts[2] else "")
    if isinstance(index, np.ndarray):
        return f"{index.dtype} {'×'.join(map(str, index.shape))}"
    return "…" if index is ... else str(index)
