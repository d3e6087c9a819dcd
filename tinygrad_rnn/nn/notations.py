"""The Elman network's equations in three notations, each as its text prints them, with the text's names.

Weights are stored (outputs, inputs), so that W x of the texts is `linear(x, W)` here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tinygrad_rnn.node import Tensor
from tinygrad_rnn.ops import linear

Activation = Callable[[Tensor], Tensor]
Parameters = Mapping[str, Tensor]


class Made(NamedTuple):
    """What one time step makes: its output, the output before its activation, and the state it hands on."""

    output: Tensor
    logits: Tensor
    state: Tensor


Advance = Callable[[Parameters, int, Tensor, Tensor, Activation, Activation], Made]
"""One time step: from the parameters, the time t, the input, the state before and the two activations."""


def named(label: str, node: Tensor) -> Tensor:
    """The node, with its label."""
    node.label = label
    return node


def advance_lagged(p: Parameters, t: int, x: Tensor, s: Tensor, g: Activation, h: Activation) -> Made:
    """s_{t+1} = g(U x_t + W s_t), o_t = h(V s_t): the output sees the state before the input enters it."""
    v = linear(s, p["V"])
    o = named(f"o_{t}", h(v))
    s = named(f"s_{t + 1}", g(linear(x, p["U"]) + linear(s, p["W"])))
    return Made(o, v, s)


def advance_subscript(p: Parameters, t: int, x: Tensor, h: Tensor, phi: Activation, psi: Activation) -> Made:
    """h_t = φ(W_xh x_t + W_hh h_{t−1} + b_h), y_t = ψ(W_oh h_t + b_o)."""
    h = named(f"h_{t}", phi(linear(x, p["W_xh"]) + linear(h, p["W_hh"]) + p["b_h"]))
    v = linear(h, p["W_oh"]) + p["b_o"]
    return Made(named(f"y_{t}", psi(v)), v, h)


def advance_goodfellow(p: Parameters, t: int, x: Tensor, h: Tensor, sigma: Activation, psi: Activation) -> Made:
    """a = b + W h + U x, h = σ(a), o = c + V h, ŷ = ψ(o), where the text's ψ is the softmax."""
    a = named(f"a_{t}", p["b"] + linear(h, p["W"]) + linear(x, p["U"]))
    h = named(f"h_{t}", sigma(a))
    o = named(f"o_{t}", p["c"] + linear(h, p["V"]))
    return Made(named(f"ŷ_{t}", psi(o)), o, h)


@dataclass(frozen=True)
class Notation:
    """One text's equations, names and loss.

    Attributes:
        advance: one time step.
        shapes: the parameters in order, their shapes in sizes "input", "hidden" and "output".
        loss: the text's own loss.
        output_activation: the text's own output activation.
        initial: the initial state's label.
        target: the letter of the targets.
        term: the letter of a step's loss.
        lagged: whether a step's output is read from the state that the step starts with.
    """

    advance: Advance
    shapes: Mapping[str, tuple[str, ...]]
    loss: str
    output_activation: str
    initial: str
    target: str
    term: str
    lagged: bool = False


NOTATIONS: Mapping[str, Notation] = {
    "lagged": Notation(
        advance_lagged,
        {"U": ("hidden", "input"), "W": ("hidden", "hidden"), "V": ("output", "hidden")},
        loss="sse", output_activation="identity", initial="s_1", target="y", term="E", lagged=True,
    ),
    "subscript": Notation(
        advance_subscript,
        {
            "W_xh": ("hidden", "input"), "W_hh": ("hidden", "hidden"), "W_oh": ("output", "hidden"),
            "b_h": ("hidden",), "b_o": ("output",),
        },
        loss="mse", output_activation="identity", initial="h_0", target="y*", term="L",
    ),
    "goodfellow": Notation(
        advance_goodfellow,
        {
            "U": ("hidden", "input"), "W": ("hidden", "hidden"), "V": ("output", "hidden"),
            "b": ("hidden",), "c": ("output",),
        },
        loss="cross_entropy", output_activation="softmax", initial="h_0", target="y", term="L",
    ),
}  # fmt: skip
