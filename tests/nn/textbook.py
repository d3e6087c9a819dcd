"""The three texts in plain numpy, without the library: forward passes, complex-step derivatives, closed forms.

Forward passes take complex numbers, so that ∂f/∂x = Im f(x + ih) / h without any cancellation. Arrays are
(time, features) or (time, batch, features), and sequences count from 0 where the texts count from 1.
"""

import numpy as np

STEP = 1e-30


def softmax(z):
    exponentials = np.exp(z)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "identity": lambda z: z,
    "softmax": softmax,
}

SLOPES = {
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "logistic": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    "identity": np.ones_like,
}

LOSSES = {
    "sse": lambda outputs, targets: sum(((o - y) ** 2).sum() for o, y in zip(outputs, targets, strict=True)),
    "mse": lambda outputs, targets: LOSSES["sse"](outputs, targets) / len(outputs),
    "cross_entropy": lambda outputs, targets: (
        -sum((y * np.log(o)).sum() for o, y in zip(outputs, targets, strict=True))
    ),
}


def outputs_of(notation, values, activation, output_activation):
    """The outputs, from a dict that holds the parameters by name, the inputs "xs" and the state "initial"."""
    p, state = values, values["initial"]
    inner, outer = ACTIVATIONS[activation], ACTIVATIONS[output_activation]
    outputs = []
    for x in values["xs"]:
        if notation == "lagged":
            outputs.append(outer(state @ p["V"].T))
            state = inner(x @ p["U"].T + state @ p["W"].T)
        elif notation == "subscript":
            state = inner(x @ p["W_xh"].T + state @ p["W_hh"].T + p["b_h"])
            outputs.append(outer(state @ p["W_oh"].T + p["b_o"]))
        else:
            state = inner(p["b"] + state @ p["W"].T + x @ p["U"].T)
            outputs.append(outer(p["c"] + state @ p["V"].T))
    return outputs


def loss_of(notation, values, targets, activation, output_activation, loss):
    """The loss; with a batch, its mean over the sequences."""
    outputs = outputs_of(notation, values, activation, output_activation)
    sequences = outputs[0].size // outputs[0].shape[-1]
    return LOSSES[loss](outputs, targets) / sequences


def complex_step(function, values):
    """The derivatives of function(values) by every number in a dict of arrays."""
    gradients = {name: np.empty(array.shape) for name, array in values.items()}
    for name, array in values.items():
        for index in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[index] += 1j * STEP
            gradients[name][index] = function({**values, name: moved}).imag / STEP
    return gradients


# ---------------------------------------------------------------------- closed forms, for one sequence


def lagged(values, targets, activation, output_activation):
    """s_{t+1} = g(U x_t + W s_t), o_t = h(V s_t), L = Σ_t ‖o_t − y_t‖²."""
    U, W, V, xs = (values[name] for name in ("U", "W", "V", "xs"))
    g, g_slope = ACTIVATIONS[activation], SLOPES[activation]
    h, h_slope = ACTIVATIONS[output_activation], SLOPES[output_activation]
    T = len(xs)
    s = [values["initial"]]
    for t in range(T):
        s.append(g(U @ xs[t] + W @ s[t]))
    epsilon = [2 * (h(V @ s[t]) - targets[t]) * h_slope(V @ s[t]) for t in range(T)]
    d = [np.zeros(len(W))] * T
    lam = V.T @ epsilon[T - 1]
    for t in reversed(range(T - 1)):
        d[t] = g_slope(U @ xs[t] + W @ s[t]) * lam
        lam = V.T @ epsilon[t] + W.T @ d[t]
    return {
        "U": sum(np.outer(d[t], xs[t]) for t in range(T)),
        "W": sum(np.outer(d[t], s[t]) for t in range(T)),
        "V": sum(np.outer(epsilon[t], s[t]) for t in range(T)),
        "initial": lam,
        "xs": np.array([U.T @ d[t] for t in range(T)]),
    }


def subscript(values, targets, output_activation):
    """h_t = tanh(W_xh x_t + W_hh h_{t−1} + b_h), y_t = φ(W_oh h_t + b_o), L = (1/T) Σ_t ‖y_t − y*_t‖²."""
    W_xh, W_hh, W_oh, b_h, b_o, xs = (values[name] for name in ("W_xh", "W_hh", "W_oh", "b_h", "b_o", "xs"))
    phi, phi_slope = ACTIVATIONS[output_activation], SLOPES[output_activation]
    T = len(xs)
    h = [values["initial"]]  # h[t + 1] is the state after the input xs[t]
    for t in range(T):
        h.append(np.tanh(W_xh @ xs[t] + W_hh @ h[t] + b_h))
    z = [W_oh @ h[t + 1] + b_o for t in range(T)]
    e = [2 / T * (phi(z[t]) - targets[t]) * phi_slope(z[t]) for t in range(T)]
    delta = [np.zeros(len(W_hh))] * (T + 1)
    for t in reversed(range(T)):
        lam = W_oh.T @ e[t] + W_hh.T @ delta[t + 1]
        delta[t] = (1 - h[t + 1] ** 2) * lam
    return {
        "W_xh": sum(np.outer(delta[t], xs[t]) for t in range(T)),
        "W_hh": sum(np.outer(delta[t], h[t]) for t in range(T)),
        "W_oh": sum(np.outer(e[t], h[t + 1]) for t in range(T)),
        "b_h": sum(delta[t] for t in range(T)),
        "b_o": sum(e),
        "initial": W_hh.T @ delta[0],
        "xs": np.array([W_xh.T @ delta[t] for t in range(T)]),
    }


def goodfellow(values, targets):
    """a = b + W h + U x, h = tanh(a), o = c + V h, ŷ = softmax(o), L = −Σ_t Σ_i y_i log ŷ_i."""
    U, W, V, b, c, xs = (values[name] for name in ("U", "W", "V", "b", "c", "xs"))
    T = len(xs)
    h = [values["initial"]]  # h[t + 1] is the state after the input xs[t]
    for t in range(T):
        h.append(np.tanh(b + W @ h[t] + U @ xs[t]))
    grad_o = [targets[t].sum() * softmax(c + V @ h[t + 1]) - targets[t] for t in range(T)]
    grad_h = [V.T @ grad_o[T - 1]]
    for t in reversed(range(T - 1)):
        grad_h.insert(0, W.T @ ((1 - h[t + 2] ** 2) * grad_h[0]) + V.T @ grad_o[t])
    grad_a = [(1 - h[t + 1] ** 2) * grad_h[t] for t in range(T)]
    return {
        "U": sum(np.outer(grad_a[t], xs[t]) for t in range(T)),
        "W": sum(np.outer(grad_a[t], h[t]) for t in range(T)),
        "V": sum(np.outer(grad_o[t], h[t + 1]) for t in range(T)),
        "b": sum(grad_a),
        "c": sum(grad_o),
        "initial": W.T @ grad_a[0],
        "xs": np.array([U.T @ grad_a[t] for t in range(T)]),
    }
