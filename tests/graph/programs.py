"""Graphs that hypothesis draws, of many operations and dtypes, and programs that can be run again with other leaves."""

import numpy as np
from hypothesis import strategies as st

import tinygrad_rnn as tg

SHAPE = (2, 3)

OPERATIONS = (
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b.mean(axis=0),
    lambda a, b: tg.tanh(a),
    lambda a, b: tg.maximum(a, b),
    lambda a, b: tg.where(a > 0, a, b),
    lambda a, b: tg.linear(a, b[:, [0, 0, 1]].T @ b),
    lambda a, b: a[::-1, ::-1],
    lambda a, b: tg.concatenate([a[:1], b[1:]]),
    lambda a, b: tg.stack([a, b, a], axis=1).sum(axis=1),
    lambda a, b: a.T.reshape(2, 3) * 0.5,
    lambda a, b: a[..., None].max(axis=-1),
    lambda a, b: tg.broadcast_to(a[0], SHAPE),
    lambda a, b: tg.softmax(a, axis=-1),
    lambda a, b: b.astype(np.float32).astype(np.float64),
    lambda a, b: a[np.array([[True], [False]])[:, 0]][[0, 0]],
)


@st.composite
def programs(draw):
    """A function from leaves to outputs, and the leaves' values."""
    leaves = draw(st.integers(1, 3))
    lines = draw(st.lists(st.tuples(st.sampled_from(OPERATIONS), *[st.integers(0, 30)] * 2), max_size=12))
    wanted = draw(st.lists(st.integers(0, 30), min_size=1, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))

    def run(*inputs):
        values = list(inputs)
        for t, (operation, first, second) in enumerate(lines):
            with tg.step(t // 3), tg.scope("program"):
                values.append(operation(values[first % len(values)], values[second % len(values)]))
            if t % 2:
                values[-1].label = f"v_{t}"
        return [values[number % len(values)] for number in wanted]

    return run, [rng.standard_normal(SHAPE) for _ in range(leaves)]


def chain(length, start=None):
    """A graph as deep as it is long; its ends."""
    x = tg.parameter(0.5, label="x") if start is None else start
    y = x
    for _ in range(length - 1):
        y = -y
    return x, y
