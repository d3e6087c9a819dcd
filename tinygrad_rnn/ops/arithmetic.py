"""Arithmetic and comparison of pairs of elements, with numpy's broadcasting."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.node import Tensor
from tinygrad_rnn.ops.declaration import elementwise, undifferentiable

# Comparisons as nodes, for rules: a second derivative can then be evaluated again with other values.
# What a user writes, `x > 0`, gives a plain array.
equal = undifferentiable("equal", np.equal)
greater = undifferentiable("greater", np.greater)


def nonzero(x: Any) -> Any:
    """x, with 1 in place of 0: what a rule divides by where 0 / 0 is to be 0."""
    return np.where(equal(x, 0), 1, x)


add = elementwise(
    "add", operator.add,
    lambda g, y, a, b: g,
    lambda g, y, a, b: g,
    doc="a + b.",
)  # fmt: skip

subtract = elementwise(
    "subtract", operator.sub,
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g,
    doc="a − b.",
)  # fmt: skip

multiply = elementwise(
    "multiply", operator.mul,
    lambda g, y, a, b: g * b,
    lambda g, y, a, b: g * a,
    doc="a · b, element by element; d(ab) = b da + a db.",
)  # fmt: skip

divide = elementwise(
    "divide", operator.truediv,
    lambda g, y, a, b: g / b,
    lambda g, y, a, b: -g * y / b,
    doc="a / b; with y = a / b, dy = (da − y db) / b.",
)  # fmt: skip


def _power_of_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """b aᵇ⁻¹, and 0 where both are 0, which would be 0 · ∞: a⁰ is constant."""
    zeros = equal(a, 0) * equal(b, 0)
    return g * b * np.where(zeros, 1, a) ** (b - 1.0)  # 1.0, because unsigned exponents have no −1


def _power_of_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """aᵇ ln a, and 0 where a = 0: 0ᵇ is constant for b > 0."""
    return g * y * np.log(nonzero(a))


power = elementwise(
    "power", operator.pow,
    _power_of_base,
    _power_of_exponent,
    doc="aᵇ; dy = b aᵇ⁻¹ da + aᵇ ln a db, where a⁰ counts as constant in a, and 0ᵇ as constant in b.",
)  # fmt: skip

float_power = elementwise(
    "float_power", np.float_power,
    _power_of_base,
    _power_of_exponent,
    doc="aᵇ in at least float64, so that integers take negative exponents.",
)  # fmt: skip

# ---------------------------------------------------------------------- division with a remainder

floor_divide = elementwise(
    "floor_divide", operator.floordiv,
    lambda g, y, a, b: g * 0,
    lambda g, y, a, b: g * 0,
    doc="⌊a / b⌋, with the derivative 0.",
)  # fmt: skip

remainder = elementwise(
    "remainder", operator.mod,
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * np.floor_divide(a, b),
    doc="a − b ⌊a / b⌋, which has the sign of b.",
)  # fmt: skip

fmod = elementwise(
    "fmod", np.fmod,
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * np.trunc(a / b),
    doc="The remainder of a / b rounded towards 0, which has the sign of a.",
)  # fmt: skip

# ---------------------------------------------------------------------- the larger and the smaller


def _share(g: Any, wins: Any, ties: Any) -> Any:
    """All of g where this operand wins, half of it where both are equal."""
    return np.where(ties, g / 2, np.where(wins, g, 0))


def _choice(name: str, value: Callable[..., Any], doc: str) -> Callable[..., Tensor]:
    """An operation that gives one of its operands."""
    return elementwise(
        name, value,
        lambda g, y, a, b: _share(g, equal(a, y), equal(a, b)),
        lambda g, y, a, b: _share(g, equal(b, y), equal(a, b)),
        doc=f"{doc}; where they are equal, each has the derivative ½.",
    )  # fmt: skip


maximum = _choice("maximum", np.maximum, "The larger of a and b")
minimum = _choice("minimum", np.minimum, "The smaller of a and b")
fmax = _choice("fmax", np.fmax, "The larger of a and b, or the one of them that is not NaN")
fmin = _choice("fmin", np.fmin, "The smaller of a and b, or the one of them that is not NaN")

copysign = elementwise(
    "copysign", np.copysign,
    lambda g, y, a, b: g * np.sign(a) * np.copysign(1, b),
    lambda g, y, a, b: g * 0,
    doc="|a| with the sign of b.",
)  # fmt: skip

# ---------------------------------------------------------------------- lengths, angles and sums of exponentials

hypot = elementwise(
    "hypot", np.hypot,
    lambda g, y, a, b: g * (a / nonzero(y)),
    lambda g, y, a, b: g * (b / nonzero(y)),
    doc="√(a² + b²), without overflow; dy = (a da + b db) / y, and 0 where both are 0.",
)  # fmt: skip

arctan2 = elementwise(
    "arctan2", np.arctan2,
    lambda g, y, a, b: g * b / nonzero(a * a + b * b),
    lambda g, y, a, b: -g * a / nonzero(a * a + b * b),
    doc="The angle of the point (b, a); dy = (b da − a db) / (a² + b²), and 0 where both are 0.",
)  # fmt: skip

logaddexp = elementwise(
    "logaddexp", np.logaddexp,
    lambda g, y, a, b: g * np.exp(a - y),
    lambda g, y, a, b: g * np.exp(b - y),
    doc="ln(eᵃ + eᵇ), without overflow.",
)  # fmt: skip

logaddexp2 = elementwise(
    "logaddexp2", np.logaddexp2,
    lambda g, y, a, b: g * np.exp2(a - y),
    lambda g, y, a, b: g * np.exp2(b - y),
    doc="log₂(2ᵃ + 2ᵇ), without overflow.",
)  # fmt: skip
