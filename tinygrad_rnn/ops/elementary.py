"""Functions of one element."""

from typing import Any

import numpy as np

from tinygrad_rnn.node import Array
from tinygrad_rnn.ops.arithmetic import greater
from tinygrad_rnn.ops.declaration import elementwise

negative = elementwise("negative", np.negative, lambda g, y, x: -g, doc="−x.")

exp = elementwise("exp", np.exp, lambda g, y, x: g * y, doc="eˣ; y' = y.")

log = elementwise("log", np.log, lambda g, y, x: g / x, doc="The natural logarithm; y' = 1 / x.")

sqrt = elementwise("sqrt", np.sqrt, lambda g, y, x: g / (y + y), doc="The square root; y' = 1 / (2y).")

square = elementwise("square", np.square, lambda g, y, x: g * (x + x), doc="x²; y' = 2x.")

abs = elementwise("abs", np.abs, lambda g, y, x: g * np.sign(x), doc="|x|; y' is the sign of x, and 0 at 0.")

sign = elementwise("sign", np.sign, lambda g, y, x: g * 0, doc="−1, 0 or 1, with the derivative 0.")

sin = elementwise("sin", np.sin, lambda g, y, x: g * np.cos(x), doc="The sine; y' = cos x.")

cos = elementwise("cos", np.cos, lambda g, y, x: -g * np.sin(x), doc="The cosine; y' = −sin x.")

tanh = elementwise("tanh", np.tanh, lambda g, y, x: g - g * (y * y), doc="The hyperbolic tangent; y' = 1 − y².")


def _sigmoid(x: Array) -> Any:
    with np.errstate(over="ignore"):  # exp(−x) may become infinite, and 1 / ∞ = 0 is right
        return 1 / (1 + np.exp(-x))


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
    lambda g, y, x: g * np.exp(x - y),
    doc="ln(1 + eˣ), without overflow; y' = eˣ⁻ʸ, the logistic function.",
)  # fmt: skip

copy = elementwise(
    "copy", lambda x: x,
    lambda g, y, x: g,
    doc="A node of its own with the value of x, for uses that are to be told apart.",
)  # fmt: skip
