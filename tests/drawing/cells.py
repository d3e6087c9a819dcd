"""Recurrent networks to draw, written by hand so that nothing about them is known but their graph."""

import numpy as np

import tinygrad_rnn as tg


def named(label, node):
    """The node, with its label."""
    node.label = label
    return node


def weights(*shape, label=None):
    """A parameter of ones."""
    return tg.parameter(np.ones(shape), label=label)


def zeros(size, label=None):
    """A constant vector of zeros."""
    return tg.tensor(np.zeros(size), label=label)


def elman(steps=3, notation="subscript", targets=True, **settings):
    """The library's own Elman network."""
    net = tg.nn.ElmanRNN(2, 3, 2, notation=notation)
    return net.unroll(np.zeros((steps, 2)), np.full((steps, 2), 0.5) if targets else None, **settings)


def squared_error(y, t):
    """A step's loss, with its target as a leaf of that step."""
    return named(f"L_{t}", tg.square(y - tg.tensor([1.0], label=f"y*_{t}")).sum())


def lstm(steps=3, layers=1):
    """An LSTM with four separate gates in each layer, and a sum of losses."""
    gates = "ifgo"
    sizes = [2, *[3] * (layers - 1)]
    of = [
        {k: (weights(3, n, label=f"W_x{k}"), weights(3, 3, label=f"W_h{k}"), weights(3, label=f"b_{k}")) for k in gates}
        for n in sizes
    ]
    V = weights(1, 3, label="V")
    h, c = [zeros(3, "h_0") for _ in sizes], [zeros(3, "c_0") for _ in sizes]
    total = tg.tensor(0.0)
    for t in range(1, steps + 1):
        with tg.step(t):
            x = tg.tensor(np.ones(2), label=f"x_{t}")
            for k, layer in enumerate(of):
                gate = {}
                for name, (W, U, b) in layer.items():
                    act = tg.tanh if name == "g" else tg.sigmoid
                    gate[name] = named(f"{name}_{t}", act(tg.linear(x, W) + tg.linear(h[k], U) + b))
                c[k] = named(f"c_{t}", gate["f"] * c[k] + gate["i"] * gate["g"])
                h[k] = x = named(f"h_{t}", gate["o"] * tg.tanh(c[k]))
            total = total + squared_error(named(f"y_{t}", tg.linear(x, V)), t)
    return named("L", total)


def scoped_layers(steps=3):
    """Two layers, each made in a scope of its own within the scope of the model, and a sum of losses."""
    U_1, W_1, U_2, W_2 = (weights(3, n, label=name) for name, n in (("U_1", 2), ("W_1", 3), ("U_2", 3), ("W_2", 3)))
    V, a, b, total = weights(1, 3, label="V"), zeros(3, "a_0"), zeros(3, "b_0"), tg.tensor(0.0)
    for t in range(1, steps + 1):
        with tg.step(t):
            x = tg.tensor(np.ones(2), label=f"x_{t}")
            with tg.scope("model"):
                with tg.scope("lower"):
                    a = named(f"a_{t}", tg.tanh(tg.linear(x, U_1) + tg.linear(a, W_1)))
                with tg.scope("upper"):
                    b = named(f"b_{t}", tg.tanh(tg.linear(a, U_2) + tg.linear(b, W_2)))
            total = total + squared_error(named(f"y_{t}", tg.linear(b, V)), t)
    return named("L", total)


def gru(steps=3):
    """A GRU whose reset gate acts after the product, and a sum of losses."""
    of = {
        k: (weights(3, 2, label=f"W_x{k}"), weights(3, 3, label=f"W_h{k}"), weights(3, label=f"b_{k}")) for k in "rzn"
    }
    V = weights(1, 3, label="V")
    h, total = zeros(3, "h_0"), tg.tensor(0.0)
    for t in range(1, steps + 1):
        with tg.step(t):
            x = tg.tensor(np.ones(2), label=f"x_{t}")
            r, z = (
                named(f"{k}_{t}", tg.sigmoid(tg.linear(x, of[k][0]) + tg.linear(h, of[k][1]) + of[k][2])) for k in "rz"
            )
            W, U, b = of["n"]
            n = named(f"n_{t}", tg.tanh(tg.linear(x, W) + r * tg.linear(h, U) + b))
            h = named(f"h_{t}", (1 - z) * n + z * h)
            total = total + squared_error(named(f"y_{t}", tg.linear(h, V)), t)
    return named("L", total)


def two_layers(steps=3):
    """Two layers of tanh units, the first of which drives the second."""
    U_1, W_1, U_2, W_2 = (weights(3, n, label=name) for name, n in (("U_1", 2), ("W_1", 3), ("U_2", 3), ("W_2", 3)))
    V = weights(1, 3, label="V")
    a, b, total = zeros(3, "a_0"), zeros(3, "b_0"), tg.tensor(0.0)
    for t in range(1, steps + 1):
        with tg.step(t):
            x = tg.tensor(np.ones(2), label=f"x_{t}")
            a = named(f"a_{t}", tg.tanh(tg.linear(x, U_1) + tg.linear(a, W_1)))
            b = named(f"b_{t}", tg.tanh(tg.linear(a, U_2) + tg.linear(b, W_2)))
            total = total + squared_error(named(f"y_{t}", tg.linear(b, V)), t)
    return named("L", total)


def own_cell(steps=4):
    """A user's own cell: meaningless labels and two carried values, q and k; it gives out both, and d."""
    P, Q = weights(2, 2, label="zonk"), weights(2, 2, label="frob")
    q, k, out = zeros(2, "blip"), zeros(2, "blop"), []
    for t in range(1, steps + 1):
        with tg.step(t):
            m = tg.tensor(np.ones(2), label=f"mist {t}")
            q = named(f"quux {t}", tg.sin(tg.linear(m, P) + q))
            k = named(f"kiwi {t}", tg.exp(tg.linear(q, Q)) + k)
            out.append(named(f"dodo {t}", tg.cos(k)))
    return [*out, q, k]


def chain(steps, step=tg.step, end=lambda s: s):
    """s_t = tanh(U x_t + W s_{t−1}) over the given steps, and what is made of the last state."""
    U, W = weights(3, 2, label="U"), weights(3, 3, label="W")
    s = zeros(3, "s_0")
    for t in steps:
        with step(t):
            x = tg.tensor(np.ones(2), label=f"x_{t}")
            s = named(f"s_{t}", tg.tanh(tg.linear(x, U) + tg.linear(s, W)))
    return end(s)


NETWORKS = {
    **{notation: lambda steps=3, notation=notation: elman(steps, notation) for notation in tg.nn.NOTATIONS},
    "lstm": lstm,
    "gru": gru,
    "two layers": two_layers,
    "two layers of lstm": lambda steps=3: lstm(steps, layers=2),
    "own cell": own_cell,
    "layers in scopes": scoped_layers,
}
"""Networks by name, as functions of the number of steps."""
