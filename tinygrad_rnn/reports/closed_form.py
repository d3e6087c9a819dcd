"""The Elman network's loss and gradient written out by hand, in plain numpy, to hold generic backprop against.

The equations are those of the subscript notation with an identity output:
h_t = tanh(W_xh x_t + W_hh h_{t−1} + b_h), y_t = W_oh h_t + b_o, L = (1/T) Σ_t ‖y_t − y*_t‖², h_0 = 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinygrad_rnn.node import Array

Arrays = Mapping[str, Array]


def forward(p: Arrays, xs: Array) -> tuple[Array, Array]:
    """The states h_0 … h_T and the outputs y_1 … y_T. Complex parameters are welcome."""
    hs = np.zeros((len(xs) + 1, len(p["b_h"])), np.result_type(*p.values()))
    for t, x in enumerate(xs, start=1):
        hs[t] = np.tanh(p["W_xh"] @ x + p["W_hh"] @ hs[t - 1] + p["b_h"])
    return hs, hs[1:] @ p["W_oh"].T + p["b_o"]


def loss(p: Arrays, xs: Array, targets: Array) -> complex:
    """L, without absolute values, so that it is analytic in complex parameters too."""
    _, ys = forward(p, xs)
    return complex(np.sum((ys - targets) ** 2) / len(xs))


def gradients(p: Arrays, xs: Array, targets: Array) -> dict[str, Array]:
    """The gradient of L by backpropagation through time, as the textbooks write it.

    e_t = (2/T)(y_t − y*_t); λ_t = W_ohᵀ e_t + W_hhᵀ δ_{t+1}; δ_t = (1 − h_t²) ⊙ λ_t, with δ_{T+1} = 0.
    """
    hs, ys = forward(p, xs)
    es = 2 / len(xs) * (ys - targets)
    deltas = np.zeros((len(xs) + 1, hs.shape[1]))
    for t in range(len(xs), 0, -1):
        deltas[t - 1] = (1 - hs[t] ** 2) * (p["W_oh"].T @ es[t - 1] + p["W_hh"].T @ deltas[t])
    deltas = deltas[:-1]
    return {
        "W_xh": deltas.T @ xs,
        "W_hh": deltas.T @ hs[:-1],
        "W_oh": es.T @ hs[1:],
        "b_h": deltas.sum(axis=0),
        "b_o": es.sum(axis=0),
    }
