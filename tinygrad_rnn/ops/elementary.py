"""Functions of one element."""

import math
from typing import Any

import numpy as np

from tinygrad_rnn.node import Array, Operand, Operation, Tensor, apply
from tinygrad_rnn.ops.arithmetic import greater
from tinygrad_rnn.ops.declaration import NUMPY, OPERATIONS, declare, elementwise, implements, undifferentiable

positive = elementwise("positive", np.positive, lambda g, y, x: g, doc="+x.")
NUMPY[np.real] = NUMPY[np.real_if_close] = NUMPY[np.conjugate] = positive  # what these are of real numbers

negative = elementwise("negative", np.negative, lambda g, y, x: -g, doc="−x.")

reciprocal = elementwise("reciprocal", np.reciprocal, lambda g, y, x: -g * (y * y), doc="1 / x; y' = −y².")

sqrt = elementwise("sqrt", np.sqrt, lambda g, y, x: g / (y + y), doc="The square root; y' = 1 / (2y).")

cbrt = elementwise("cbrt", np.cbrt, lambda g, y, x: g / (3 * (y * y)), doc="The cube root; y' = 1 / (3y²).")

square = elementwise("square", np.square, lambda g, y, x: g * (x + x), doc="x²; y' = 2x.")

abs = elementwise("abs", np.abs, lambda g, y, x: g * np.sign(x), doc="|x|; y' is the sign of x, and 0 at 0.")

fabs = elementwise("fabs", np.fabs, lambda g, y, x: g * np.sign(x), doc="|x| as a floating number; y' as that of abs.")

# ---------------------------------------------------------------------- exponentials and logarithms

exp = elementwise("exp", np.exp, lambda g, y, x: g * y, doc="eˣ; y' = y.")

exp2 = elementwise("exp2", np.exp2, lambda g, y, x: g * y * math.log(2), doc="2ˣ; y' = y ln 2.")

expm1 = elementwise("expm1", np.expm1, lambda g, y, x: g * (y + 1), doc="eˣ − 1, accurate near 0; y' = y + 1.")

log = elementwise("log", np.log, lambda g, y, x: g / x, doc="The natural logarithm; y' = 1 / x.")

log2 = elementwise("log2", np.log2, lambda g, y, x: g / (x * math.log(2)), doc="log₂ x; y' = 1 / (x ln 2).")

log10 = elementwise("log10", np.log10, lambda g, y, x: g / (x * math.log(10)), doc="log₁₀ x; y' = 1 / (x ln 10).")

log1p = elementwise("log1p", np.log1p, lambda g, y, x: g / (x + 1), doc="ln(1 + x), accurate near 0; y' = 1 / (1 + x).")

# ---------------------------------------------------------------------- angles

sin = elementwise("sin", np.sin, lambda g, y, x: g * np.cos(x), doc="The sine; y' = cos x.")

cos = elementwise("cos", np.cos, lambda g, y, x: -g * np.sin(x), doc="The cosine; y' = −sin x.")

tan = elementwise("tan", np.tan, lambda g, y, x: g + g * (y * y), doc="The tangent; y' = 1 + y².")

arcsin = elementwise(
    "arcsin", np.arcsin, lambda g, y, x: g / np.sqrt((1 - x) * (1 + x)), doc="The inverse sine; y' = 1 / √(1 − x²)."
)

arccos = elementwise(
    "arccos", np.arccos, lambda g, y, x: -g / np.sqrt((1 - x) * (1 + x)), doc="The inverse cosine; y' = −1 / √(1 − x²)."
)

arctan = elementwise(
    "arctan", np.arctan, lambda g, y, x: g / (1 + x * x), doc="The inverse tangent; y' = 1 / (1 + x²)."
)

deg2rad = elementwise("deg2rad", np.deg2rad, lambda g, y, x: g * (math.pi / 180), doc="Degrees in radians.")
NUMPY[np.radians] = deg2rad

rad2deg = elementwise("rad2deg", np.rad2deg, lambda g, y, x: g * (180 / math.pi), doc="Radians in degrees.")
NUMPY[np.degrees] = rad2deg


def _sinc_value(x: Array, order: int) -> Any:
    """The derivative of that order.

    From x y = sin(πx) / π follows x y⁽ⁿ⁾ + n y⁽ⁿ⁻¹⁾ = πⁿ⁻¹ sin(πx + nπ/2), which serves away from 0; near
    0 the derivatives of the terms of Σ (−1)ᵏ (πx)²ᵏ / (2k + 1)! do.
    """
    y = np.sinc(x)
    if order == 0:
        return y
    near = np.abs(x) < 1
    divisor = np.where(near, 1, x)
    for n in range(1, order + 1):
        y = (math.pi ** (n - 1) * np.sin(math.pi * x + n * (math.pi / 2)) - n * y) / divisor
    series: Any = 0
    for k in range((order + 1) // 2, order + 15):
        power = 2 * k - order
        series = series + (-1) ** k * math.pi ** (2 * k) / (math.factorial(power) * (2 * k + 1)) * x**power
    return np.where(near, series, y)


_sinc: Operation = declare(
    "sinc", _sinc_value,
    [lambda g, y, x, order: g * _sinc(x, order=order + 1)],
    lambda tangents, y, x, order: tangents[0] * _sinc(x, order=order + 1),
)  # fmt: skip


@implements(np.sinc)
def sinc(x: Operand) -> Tensor:
    """sin(πx) / (πx), and 1 at 0, where it has derivatives of every order."""
    return apply(_sinc, (x,), {"order": 0})


# ---------------------------------------------------------------------- hyperbolic functions

sinh = elementwise("sinh", np.sinh, lambda g, y, x: g * np.cosh(x), doc="The hyperbolic sine; y' = cosh x.")

cosh = elementwise("cosh", np.cosh, lambda g, y, x: g * np.sinh(x), doc="The hyperbolic cosine; y' = sinh x.")

tanh = elementwise("tanh", np.tanh, lambda g, y, x: g - g * (y * y), doc="The hyperbolic tangent; y' = 1 − y².")


arcsinh = elementwise(
    "arcsinh", np.arcsinh, lambda g, y, x: g / np.sqrt(x * x + 1), doc="The inverse of sinh; y' = 1 / √(x² + 1)."
)

arccosh = elementwise(
    "arccosh", np.arccosh,
    lambda g, y, x: g / np.sqrt((x - 1) * (x + 1)),
    doc="The inverse of cosh, for x ≥ 1; y' = 1 / √(x² − 1).",
)  # fmt: skip

arctanh = elementwise(
    "arctanh", np.arctanh, lambda g, y, x: g / ((1 - x) * (1 + x)), doc="The inverse of tanh; y' = 1 / (1 − x²)."
)

# ---------------------------------------------------------------------- activations


def _sigmoid(x: Array) -> Any:
    with np.errstate(over="ignore"):  # exp(−x) may become infinite, and 1 / ∞ = 0 is right
        y = np.exp(-x)
        y += 1
        return np.reciprocal(y)


sigmoid = elementwise(
    "sigmoid", _sigmoid,
    lambda g, y, x: g * (y - y * y),
    doc="The logistic function 1 / (1 + e⁻ˣ); y' = y (1 − y).",
)  # fmt: skip

relu = elementwise(
    "relu", lambda x: np.maximum(x, 0),
    lambda g, y, x: g * greater(x, 0),
    doc="The rectifier max(x, 0); y' is 1 above 0, and 0 at 0 and below.",
)  # fmt: skip

softplus = elementwise(
    "softplus", lambda x: np.logaddexp(x, 0),
    lambda g, y, x: g * OPERATIONS["sigmoid"](x),
    doc="ln(1 + eˣ), without overflow; y' = 1 / (1 + e⁻ˣ), the logistic function.",
)  # fmt: skip

copy = elementwise(
    "copy", lambda x: x,
    lambda g, y, x: g,
    doc="A node of its own with the value of x, for uses that are to be told apart.",
)  # fmt: skip

# ---------------------------------------------------------------------- steps


def _flat(g: Any, y: Any, x: Any) -> Any:
    """A step function is constant wherever it has a derivative."""
    return g * 0


sign = elementwise("sign", np.sign, _flat, doc="−1, 0 or 1, with the derivative 0.")
floor = elementwise("floor", np.floor, _flat, doc="The next whole number downwards, with the derivative 0.")
ceil = elementwise("ceil", np.ceil, _flat, doc="The next whole number upwards, with the derivative 0.")
trunc = elementwise("trunc", np.trunc, _flat, doc="The next whole number towards 0, with the derivative 0.")
rint = elementwise("rint", np.rint, _flat, doc="The nearest whole number, with the derivative 0.")
NUMPY[np.fix] = trunc

_round = declare(
    "round", np.round,
    [lambda g, y, x, decimals: g * 0],
    lambda tangents, y, x, decimals: tangents[0] * 0,
)  # fmt: skip


@implements(np.round, np.around)
def round(a: Operand, decimals: int = 0) -> Tensor:
    """The nearest number of so many decimals, with the derivative 0."""
    return apply(_round, (a,), {"decimals": decimals})


# ---------------------------------------------------------------------- numbers that are not finite

_isfinite = undifferentiable("isfinite", np.isfinite)

_nan_to_num = declare(
    "nan_to_num", np.nan_to_num,
    [lambda g, y, x, **replacements: np.where(_isfinite(x), g, 0)],
    lambda tangents, y, x, **replacements: np.where(_isfinite(x), tangents[0], 0),
)  # fmt: skip


@implements(np.nan_to_num)
def nan_to_num(x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """x with numbers in place of NaN and of infinities, where its derivative is 0."""
    return apply(_nan_to_num, (x,), {"nan": nan, "posinf": posinf, "neginf": neginf})
