"""Arithmetic and comparison of pairs of elements, with numpy's broadcasting."""

import operator
from typing import Any

import numpy as np

from tinygrad_rnn.ops.declaration import elementwise, undifferentiable

# Comparisons as nodes, for rules: a second derivative can then be evaluated again with other values.
# What a user writes, `x > 0`, gives a plain array.
equal = undifferentiable("equal", np.equal)
greater = undifferentiable("greater", np.greater)

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
    return g * y * np.log(np.where(equal(a, 0), 1, a))


power = elementwise(
    "power", operator.pow,
    _power_of_base,
    _power_of_exponent,
    doc="aᵇ; dy = b aᵇ⁻¹ da + aᵇ ln a db, where a⁰ counts as constant in a, and 0ᵇ as constant in b.",
)  # fmt: skip


def _share(g: Any, wins: Any, ties: Any) -> Any:
    """All of g where this operand wins, half of it where both are equal."""
    return np.where(ties, g / 2, np.where(wins, g, 0))


maximum = elementwise(
    "maximum", np.maximum,
    lambda g, y, a, b: _share(g, greater(a, b), equal(a, b)),
    lambda g, y, a, b: _share(g, greater(b, a), equal(a, b)),
    doc="The larger of a and b; where they are equal, each has the derivative ½.",
)  # fmt: skip

minimum = elementwise(
    "minimum", np.minimum,
    lambda g, y, a, b: _share(g, greater(b, a), equal(a, b)),
    lambda g, y, a, b: _share(g, greater(a, b), equal(a, b)),
    doc="The smaller of a and b; where they are equal, each has the derivative ½.",
)  # fmt: skip
