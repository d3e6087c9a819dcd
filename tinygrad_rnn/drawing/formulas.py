"""The operations as a textbook writes them: what each computes, and what each of its operands receives.

In a formula y is the result and ȳ its adjoint; the operands have the letters that the formula names.
`^(…)` raises what is in the parentheses. Where broadcasting repeated an operand, what it receives is
summed over the repetitions; that is the same for all operations, so that no formula says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tinygrad_rnn.node import Tensor


class Formula(NamedTuple):
    """How an operation is written.

    Attributes:
        operands: a letter for each operand, such as "ab"; none where there may be any number of operands.
        value: the result.
        rules: what each operand receives, where it receives anything; one for all operands that have no letter.
    """

    operands: str
    value: str
    rules: tuple[str, ...]


FORMULAS: Mapping[str, Formula] = {
    # arithmetic
    "add": Formula("ab", "a + b", ("ȳ", "ȳ")),
    "subtract": Formula("ab", "a − b", ("ȳ", "−ȳ")),
    "multiply": Formula("ab", "a ⊙ b", ("ȳ ⊙ b", "ȳ ⊙ a")),
    "divide": Formula("ab", "a / b", ("ȳ / b", "−ȳ ⊙ y / b")),
    "power": Formula("ab", "a^(b)", ("ȳ ⊙ b ⊙ a^(b − 1)", "ȳ ⊙ y ⊙ ln a")),
    "maximum": Formula("ab", "max(a, b)", (
        "ȳ where a > b, ȳ/2 where a = b, else 0", "ȳ where b > a, ȳ/2 where a = b, else 0",
    )),
    "minimum": Formula("ab", "min(a, b)", (
        "ȳ where a < b, ȳ/2 where a = b, else 0", "ȳ where b < a, ȳ/2 where a = b, else 0",
    )),
    "equal": Formula("ab", "a = b", ()),
    "greater": Formula("ab", "a > b", ()),
    # elementary functions
    "negative": Formula("x", "−x", ("−ȳ",)),
    "exp": Formula("x", "e^(x)", ("ȳ ⊙ y",)),
    "log": Formula("x", "ln x", ("ȳ / x",)),
    "sqrt": Formula("x", "√x", ("ȳ / (2 y)",)),
    "square": Formula("x", "x²", ("2 ȳ ⊙ x",)),
    "abs": Formula("x", "|x|", ("ȳ ⊙ sign x",)),
    "sign": Formula("x", "sign x", ("0",)),
    "sin": Formula("x", "sin x", ("ȳ ⊙ cos x",)),
    "cos": Formula("x", "cos x", ("−ȳ ⊙ sin x",)),
    "tan": Formula("x", "tan x", ("ȳ ⊙ (1 + y²)",)),
    "sinh": Formula("x", "sinh x", ("ȳ ⊙ cosh x",)),
    "cosh": Formula("x", "cosh x", ("ȳ ⊙ sinh x",)),
    "expm1": Formula("x", "e^(x) − 1", ("ȳ ⊙ (y + 1)",)),
    "log1p": Formula("x", "ln(1 + x)", ("ȳ / (1 + x)",)),
    "reciprocal": Formula("x", "1 / x", ("−ȳ ⊙ y²",)),
    "tanh": Formula("x", "tanh(x)", ("ȳ ⊙ (1 − y²)",)),
    "sigmoid": Formula("x", "σ(x)", ("ȳ ⊙ y ⊙ (1 − y)",)),
    "relu": Formula("x", "max(x, 0)", ("ȳ where x > 0, else 0",)),
    "softplus": Formula("x", "ln(1 + e^(x))", ("ȳ ⊙ e^(x − y)",)),
    "copy": Formula("x", "x", ("ȳ",)),
    # products
    "matmul": Formula("ab", "a b", ("ȳ bᵀ", "aᵀ ȳ")),
    "linear": Formula("xWb", "x Wᵀ + b", ("ȳ W", "ȳᵀ x", "ȳ, summed over its rows")),
    "linear without bias": Formula("xW", "x Wᵀ", ("ȳ W", "ȳᵀ x")),
    "linear of a vector": Formula("xWb", "W x + b", ("Wᵀ ȳ", "ȳ xᵀ", "ȳ")),
    "linear of a vector without bias": Formula("xW", "W x", ("Wᵀ ȳ", "ȳ xᵀ")),
    # over whole axes
    "sum": Formula("x", "Σ x", ("ȳ, for every element that was summed",)),
    "mean": Formula("x", "mean x", ("ȳ / n, for every one of n elements",)),
    "max": Formula("x", "max x", ("ȳ where x = y, shared where several are",)),
    "min": Formula("x", "min x", ("ȳ where x = y, shared where several are",)),
    "softmax": Formula("x", "softmax(x)", ("y ⊙ (ȳ − Σ ȳ ⊙ y)",)),
    "logsumexp": Formula("x", "ln Σ e^(x)", ("ȳ ⊙ softmax(x)",)),
    "log_softmax": Formula("x", "x − ln Σ e^(x)", ("ȳ − e^(y) ⊙ Σ ȳ",)),
    # shapes
    "reshape": Formula("x", "x, reshaped", ("ȳ, in its old shape",)),
    "transpose": Formula("x", "xᵀ", ("ȳᵀ",)),
    "sum_to": Formula("x", "x, summed over what was repeated", ("ȳ, repeated",)),
    "broadcast_to": Formula("x", "x, repeated", ("ȳ, summed over the repetitions",)),
    "astype": Formula("x", "x, in another dtype", ("ȳ, in its old dtype",)),
    "astype_discrete": Formula("x", "x, in another dtype", ()),
    "getitem": Formula("x", "x[…]", ("ȳ at the index, 0 elsewhere",)),
    "where": Formula("cab", "a where c, else b", ("", "ȳ where c, else 0", "0 where c, else ȳ")),
    "concatenate": Formula("", "concatenate", ("its part of ȳ",)),
    "stack": Formula("", "stack", ("its part of ȳ",)),
    "accumulate": Formula("", "sum of adjoints", ("ȳ at its index",)),
}  # fmt: skip
"""By the operation's name; `linear` depends on its operands as well."""

BROADCASTING = frozenset({"add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "where"})
"""The operations that may repeat an operand."""


def formula_name(node: Tensor) -> str:
    """The key of a node's formula in FORMULAS; the operation's name where the table has none for it."""
    assert node.op is not None
    name = node.op.name
    if name == "linear":
        name += " of a vector" if node.inputs[0].ndim == 1 else ""
        name += " without bias" if len(node.inputs) == 2 else ""
    return name


def find_formula(node: Tensor) -> Formula:
    """How a node's operation is written; in general terms where the table has nothing for it."""
    assert node.op is not None
    name = formula_name(node)
    return FORMULAS.get(name) or Formula("", name, ("ȳ · ∂y/∂x",) if node.op.differentiable else ())
