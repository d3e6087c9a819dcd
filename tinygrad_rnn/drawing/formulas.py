"""The operations as a textbook writes them: what each computes, and what each of its operands receives.

In a formula y is the result and ȳ its adjoint; the operands have the letters that the formula names.
`^(…)` raises what is in the parentheses. Where broadcasting repeated an operand, what it receives is
summed over the repetitions; that is the same for all operations, so that no formula says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from tinygrad_rnn.drawing.basics.label import LONGEST, shorten
from tinygrad_rnn.drawing.scene.glyphs import index_text
from tinygrad_rnn.node import Tensor
from tinygrad_rnn.ops import OPERATIONS
from tinygrad_rnn.ops.einstein import Labels


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


_LARGER = "ȳ/2 where a = b, else ȳ where y = a, else 0", "ȳ/2 where a = b, else ȳ where y = b, else 0"
_POWER = "ȳ ⊙ b ⊙ a^(b − 1)", "ȳ ⊙ y ⊙ ln a"
_CHAIN = "with λ[i] = ȳ[i] + {}[i + 1] λ[i + 1]"

_ELEMENTWISE: Mapping[str, Formula] = {
    "add": Formula("ab", "a + b", ("ȳ", "ȳ")),
    "subtract": Formula("ab", "a − b", ("ȳ", "−ȳ")),
    "multiply": Formula("ab", "a ⊙ b", ("ȳ ⊙ b", "ȳ ⊙ a")),
    "divide": Formula("ab", "a / b", ("ȳ / b", "−ȳ ⊙ y / b")),
    "power": Formula("ab", "a^(b)", _POWER),
    "float_power": Formula("ab", "a^(b)", _POWER),
    "floor_divide": Formula("ab", "⌊a / b⌋", ("0", "0")),
    "remainder": Formula("ab", "a − b ⊙ ⌊a / b⌋", ("ȳ", "−ȳ ⊙ ⌊a / b⌋")),
    "fmod": Formula("ab", "a − b ⊙ trunc(a / b)", ("ȳ", "−ȳ ⊙ trunc(a / b)")),
    "maximum": Formula("ab", "max(a, b)", _LARGER),
    "minimum": Formula("ab", "min(a, b)", _LARGER),
    "fmax": Formula("ab", "max(a, b) but for NaN", _LARGER),
    "fmin": Formula("ab", "min(a, b) but for NaN", _LARGER),
    "copysign": Formula("ab", "|a| with the sign of b", ("ȳ ⊙ sign a ⊙ sign y", "0")),
    "hypot": Formula("ab", "√(a² + b²)", ("ȳ ⊙ a / y", "ȳ ⊙ b / y")),
    "arctan2": Formula("ab", "arctan2(a, b)", ("ȳ ⊙ b / (a² + b²)", "−ȳ ⊙ a / (a² + b²)")),
    "logaddexp": Formula("ab", "ln(e^(a) + e^(b))", ("ȳ ⊙ e^(a − y)", "ȳ ⊙ e^(b − y)")),
    "logaddexp2": Formula("ab", "log₂(2^(a) + 2^(b))", ("ȳ ⊙ 2^(a − y)", "ȳ ⊙ 2^(b − y)")),
    "where": Formula("cab", "a where c, else b", ("", "ȳ where c, else 0", "0 where c, else ȳ")),
}
"""Of several operands, which broadcast."""

FORMULAS: Mapping[str, Formula] = {
    **_ELEMENTWISE,
    "equal": Formula("ab", "a = b", ()),
    "greater": Formula("ab", "a > b", ()),
    # elementary functions
    "positive": Formula("x", "x", ("ȳ",)),
    "negative": Formula("x", "−x", ("−ȳ",)),
    "reciprocal": Formula("x", "1 / x", ("−ȳ ⊙ y²",)),
    "sqrt": Formula("x", "√x", ("ȳ / (2 y)",)),
    "cbrt": Formula("x", "∛x", ("ȳ / (3 y²)",)),
    "square": Formula("x", "x²", ("2 ȳ ⊙ x",)),
    "abs": Formula("x", "|x|", ("ȳ ⊙ sign x",)),
    "fabs": Formula("x", "|x|", ("ȳ ⊙ sign x",)),
    "exp": Formula("x", "e^(x)", ("ȳ ⊙ y",)),
    "exp2": Formula("x", "2^(x)", ("ȳ ⊙ y ln 2",)),
    "expm1": Formula("x", "e^(x) − 1", ("ȳ ⊙ (y + 1)",)),
    "log": Formula("x", "ln x", ("ȳ / x",)),
    "log2": Formula("x", "log₂ x", ("ȳ / (x ln 2)",)),
    "log10": Formula("x", "log₁₀ x", ("ȳ / (x ln 10)",)),
    "log1p": Formula("x", "ln(1 + x)", ("ȳ / (1 + x)",)),
    "sin": Formula("x", "sin x", ("ȳ ⊙ cos x",)),
    "cos": Formula("x", "cos x", ("−ȳ ⊙ sin x",)),
    "tan": Formula("x", "tan x", ("ȳ ⊙ (1 + y²)",)),
    "arcsin": Formula("x", "arcsin x", ("ȳ / √(1 − x²)",)),
    "arccos": Formula("x", "arccos x", ("−ȳ / √(1 − x²)",)),
    "arctan": Formula("x", "arctan x", ("ȳ / (1 + x²)",)),
    "deg2rad": Formula("x", "π x / 180", ("π ȳ / 180",)),
    "rad2deg": Formula("x", "180 x / π", ("180 ȳ / π",)),
    "sinc": Formula("x", "sin(π x) / (π x)", ("ȳ ⊙ (cos(π x) − y) / x",)),
    "sinc of an order": Formula("x", "sinc⁽ⁿ⁾(x)", ("ȳ ⊙ sinc⁽ⁿ⁺¹⁾(x)",)),
    "sinh": Formula("x", "sinh x", ("ȳ ⊙ cosh x",)),
    "cosh": Formula("x", "cosh x", ("ȳ ⊙ sinh x",)),
    "tanh": Formula("x", "tanh(x)", ("ȳ ⊙ (1 − y²)",)),
    "arcsinh": Formula("x", "arsinh x", ("ȳ / √(x² + 1)",)),
    "arccosh": Formula("x", "arcosh x", ("ȳ / √(x² − 1)",)),
    "arctanh": Formula("x", "artanh x", ("ȳ / (1 − x²)",)),
    "sigmoid": Formula("x", "σ(x)", ("ȳ ⊙ y ⊙ (1 − y)",)),
    "relu": Formula("x", "max(x, 0)", ("ȳ where x > 0, else 0",)),
    "softplus": Formula("x", "ln(1 + e^(x))", ("ȳ ⊙ e^(x − y)",)),
    "copy": Formula("x", "x", ("ȳ",)),
    "sign": Formula("x", "sign x", ("0",)),
    "floor": Formula("x", "⌊x⌋", ("0",)),
    "ceil": Formula("x", "⌈x⌉", ("0",)),
    "trunc": Formula("x", "trunc x", ("0",)),
    "rint": Formula("x", "round x", ("0",)),
    "round": Formula("x", "round x", ("0",)),
    "isfinite": Formula("x", "x is finite", ()),
    "nan_to_num": Formula("x", "x where finite, else replaced", ("ȳ where x is finite, else 0",)),
    # products
    "matmul": Formula("ab", "a b", ("ȳ bᵀ", "aᵀ ȳ")),
    "matmul of a vector": Formula("ab", "bᵀ a", ("b ȳ", "a ȳᵀ")),
    "matmul of two vectors": Formula("ab", "aᵀ b", ("ȳ ⊙ b", "ȳ ⊙ a")),
    "linear": Formula("xWb", "x Wᵀ + b", ("ȳ W", "ȳᵀ x", "ȳ, summed over its rows")),
    "linear without bias": Formula("xW", "x Wᵀ", ("ȳ W", "ȳᵀ x")),
    "linear of a vector": Formula("xWb", "W x + b", ("Wᵀ ȳ", "ȳ xᵀ", "ȳ")),
    "linear of a vector without bias": Formula("xW", "W x", ("Wᵀ ȳ", "ȳ xᵀ")),
    # matrices
    "inv": Formula("a", "a⁻¹", ("−yᵀ ȳ yᵀ",)),
    "pinv": Formula("a", "a⁺", ("−yᵀ ȳ yᵀ + yᵀ y ȳᵀ (1 − aᵀ yᵀ) + (1 − yᵀ aᵀ) ȳᵀ y yᵀ",)),
    "solve": Formula("ab", "a⁻¹ b", ("−a⁻ᵀ ȳ yᵀ", "a⁻ᵀ ȳ")),
    "det": Formula("a", "det a", ("ȳ ⊙ cof a",)),
    "cofactor": Formula("a", "cof a", ("tr(a⁻¹ ȳ) ⊙ y − y ȳᵀ a⁻ᵀ",)),
    "slogdet": Formula("a", "(sign det a, ln |det a|)", ("ȳ[1] ⊙ a⁻ᵀ",)),
    "cholesky": Formula("a", "L with L Lᵀ = a", (
        "sym(y⁻ᵀ Φ(yᵀ ȳ) y⁻¹), where Φ takes the lower triangle and half the diagonal",
    )),
    "eigh": Formula("a", "(w; V) with a V = V diag w", (
        "sym(V (diag w̄ + F ⊙ Vᵀ V̄) Vᵀ), with F[i, j] = 1 / (w[j] − w[i]) and 0 where i = j",
    )),
    "svd": Formula("a", "(U; s; V) with a = U diag s Vᵀ", (
        "U (F ⊙ (Uᵀ Ū − Ūᵀ U) S + diag s̄ + S (F ⊙ (Vᵀ V̄ − V̄ᵀ V))) Vᵀ + (1 − U Uᵀ) Ū S⁻¹ Vᵀ + U S⁻¹ V̄ᵀ (1 − V Vᵀ), "
        "with F[i, j] = 1 / (s[j]² − s[i]²) and 0 where i = j",
    )),
    "diagonal": Formula("x", "diagonal of x", ("ȳ on the diagonal, 0 elsewhere",)),
    "embed_diagonal": Formula("x", "x on the diagonal, 0 elsewhere", ("diagonal of ȳ",)),
    "tril": Formula("x", "lower triangle of x", ("lower triangle of ȳ",)),
    "triu": Formula("x", "upper triangle of x", ("upper triangle of ȳ",)),
    # over whole axes
    "sum": Formula("x", "Σ x", ("ȳ, for every element that was summed",)),
    "mean": Formula("x", "mean x", ("ȳ / n, for every one of n elements",)),
    "max": Formula("x", "max x", ("ȳ where x = y, shared where several are",)),
    "min": Formula("x", "min x", ("ȳ where x = y, shared where several are",)),
    "prod": Formula("x", "Π x", ("ȳ times all other elements",)),
    "var": Formula("x", "Σ (x − mean x)² / (n − ddof)", ("2 ȳ ⊙ (x − mean x) / (n − ddof)",)),
    "std": Formula("x", "√(Σ (x − mean x)² / (n − ddof))", ("ȳ / y ⊙ (x − mean x) / (n − ddof)",)),
    "norm": Formula("x", "√(Σ x²)", ("ȳ ⊙ x / y",)),
    "norm of an order": Formula("x", "(Σ |x|^(p))^(1/p)", ("ȳ ⊙ sign x ⊙ (|x| / y)^(p − 1)",)),
    "softmax": Formula("x", "softmax(x)", ("y ⊙ (ȳ − Σ ȳ ⊙ y)",)),
    "logsumexp": Formula("x", "ln Σ e^(x)", ("ȳ ⊙ softmax(x)",)),
    "log_softmax": Formula("x", "x − ln Σ e^(x)", ("ȳ − e^(y) ⊙ Σ ȳ",)),
    "cumsum": Formula("x", "running sum of x", ("running sum of ȳ from its end",)),
    "cumprod": Formula("x", "running product of x", (f"λ[i] y[i − 1], {_CHAIN.format('x')}",)),
    "recurrence": Formula("ab", "s[i] = a[i] s[i − 1] + b[i]", (
        f"λ[i] y[i − 1], {_CHAIN.format('a')}", f"λ, {_CHAIN.format('a')}",
    )),
    # shapes
    "reshape": Formula("x", "x, reshaped", ("ȳ, in its old shape",)),
    "transpose": Formula("x", "xᵀ", ("ȳᵀ",)),
    "transpose of an order": Formula("x", "x, axes in another order", ("ȳ, axes in their old order",)),
    "sum_to": Formula("x", "x, summed over what was repeated", ("ȳ, repeated",)),
    "broadcast_to": Formula("x", "x, repeated", ("ȳ, summed over the repetitions",)),
    "astype": Formula("x", "x, in another dtype", ("ȳ, in its old dtype",)),
    "astype_discrete": Formula("x", "x, in another dtype", ()),
    "roll": Formula("x", "x, shifted round", ("ȳ, shifted back",)),
    "pad": Formula("x", "x, padded", ("ȳ without the padding",)),
    # picking and joining
    "take_along_axis": Formula("xi", "x[i]", ("ȳ added up at i, 0 elsewhere", "")),
    "add_along_axis": Formula("xi", "x added up at i, 0 elsewhere", ("ȳ[i]", "")),
    "sort": Formula("x", "x, sorted", ("ȳ, back in the old order",)),
    "argsort": Formula("x", "order of x", ()),
    "partition": Formula("x", "x, partly sorted", ("ȳ, back in the old order",)),
    "argpartition": Formula("x", "partial order of x", ()),
    "concatenate": Formula("", "concatenate", ("its part of ȳ",)),
    "stack": Formula("", "stack", ("its part of ȳ",)),
    "accumulate": Formula("", "sum of adjoints", ("ȳ at its index",)),
}  # fmt: skip
"""By the operation's name, and what else its formula depends on."""

BROADCASTING = frozenset(_ELEMENTWISE)
"""The operations that may repeat an operand."""


def formula_name(node: Tensor) -> str:
    """What tells a node's formula from those of others: its key in FORMULAS, where that has one."""
    assert node.op is not None
    name = node.op.name
    if not _is_known(node):
        return f"{name}, declared elsewhere"
    return name + VARIANTS[name](node) if name in VARIANTS else name


def find_formula(node: Tensor) -> Formula:
    """How a node's operation is written; in general terms where it is none of the library's."""
    assert node.op is not None
    if not _is_known(node):
        return Formula("", node.op.name, ("ȳ · ∂y/∂x",) if node.op.differentiable else ())
    return MADE[node.op.name](node) if node.op.name in MADE else FORMULAS[formula_name(node)]


def _is_known(node: Tensor) -> bool:
    """Whether the operation is one of the library's, and does not just have the name of one."""
    op = node.op
    return op is not None and op is OPERATIONS.get(op.name) and (op.name in FORMULAS or op.name in MADE)


# ---------------------------------------------------------------------- what formulas depend on


def _of_linear(node: Tensor) -> str:
    return (" of a vector" if node.inputs[0].ndim == 1 else "") + (" without bias" if len(node.inputs) == 2 else "")


def _of_matmul(node: Tensor) -> str:
    left, right = node.inputs
    if left.ndim > 1:
        return ""
    return " of a vector" if right.ndim > 1 else " of two vectors"


def _of_transpose(node: Tensor) -> str:
    axes = node.attributes["axes"]
    return "" if axes is None or axes == tuple(reversed(range(node.ndim))) else " of an order"


VARIANTS: Mapping[str, Callable[[Tensor], str]] = {
    "linear": _of_linear,
    "matmul": _of_matmul,
    "transpose": _of_transpose,
    "sinc": lambda node: " of an order" if node.attributes["order"] else "",
    "norm": lambda node: "" if node.attributes["ord"] == 2 else " of an order",
    "einsum": lambda node: f" {node.attributes['inputs']} to {node.attributes['output']}",
    "getitem": lambda node: f" {_index(node)}",
}
"""What the name of a formula has besides that of its operation."""

# ---------------------------------------------------------------------- formulas made to measure


def _picked(node: Tensor) -> Formula:
    """The elements at an index, such as x[…, 0:3]."""
    return Formula("x", f"x[{_index(node)}]", (f"ȳ at [{_index(node)}], 0 elsewhere",))


def _index(node: Tensor) -> str:
    return shorten(index_text(node.attributes["index"]), LONGEST)


FACTORS, INDICES = "abcdefgh", "ijklmnopqrstuvwz"
"""The letters of the operands and of the indices in an Einstein sum."""


def _einstein_sum(node: Tensor) -> Formula:
    """A product of elements, summed over the indices that the result does not have; in words where it is large."""
    inputs, output = node.attributes["inputs"], node.attributes["output"]
    if len(inputs) > len(FACTORS) or max(chain(*inputs), default=0) >= len(INDICES):
        return Formula("", "einsum", ("the product of ȳ and the other operands, summed over the other indices",))
    terms = [_element(letter, labels) for letter, labels in zip(FACTORS, inputs, strict=False)]
    value = f"{_sum_sign(inputs, output)}{' '.join(terms)}"
    rules = []
    for k, labels in enumerate(inputs):
        others = " ".join([_element("ȳ", output), *terms[:k], *terms[k + 1 :]])
        at = f" at {_element('', labels)}" if labels else ""
        rules.append(f"{_sum_sign([output, *inputs[:k], *inputs[k + 1 :]], labels)}{others}{at}")
    return Formula(FACTORS[: len(inputs)], value, tuple(rules))


def _sum_sign(factors: Iterable[Labels], result: Labels) -> str:
    """The sign of a sum, where factors have indices that the result has not."""
    return "Σ " if set(chain(*factors)) - set(result) else ""


def _element(letter: str, labels: Labels) -> str:
    """An element of an array, such as a[i, j]."""
    return f"{letter}[{', '.join(INDICES[label] for label in labels)}]" if labels else letter


MADE: Mapping[str, Callable[[Tensor], Formula]] = {"einsum": _einstein_sum, "getitem": _picked}
"""What makes the formulas of operations that FORMULAS does not have."""
