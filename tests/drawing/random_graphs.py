"""Graphs of time steps as hypothesis draws them: regular and irregular, forwards, backwards and skipping steps."""

import numpy as np
from hypothesis import strategies as st

import tinygrad_rnn as tg

UNARY = (tg.tanh, tg.cos, tg.sigmoid, tg.sin)
BINARY = (tg.add, tg.multiply, tg.maximum, tg.subtract)


@st.composite
def step_graphs(draw):
    """The outputs of a graph whose steps follow one drawn program, with exceptions."""
    steps = sorted(draw(st.sets(st.integers(-3, 30), min_size=1, max_size=7)))
    weights = [tg.parameter(np.ones(2), label=f"w{k}") for k in range(draw(st.integers(0, 2)))]
    constants = [tg.tensor(np.ones(2), label=f"c{k}") for k in range(draw(st.integers(0, 2)))]
    program = draw(st.lists(instructions(), min_size=1, max_size=8))
    order = steps[::-1] if draw(st.booleans()) else steps
    made = {}
    outputs = []
    for position, step in enumerate(order):
        with tg.step(step):
            values = [tg.tensor(np.ones(2), label=draw(st.sampled_from([None, f"x_{step}"])))]
            for number, (kind, choice, first, second, lag, exception, label) in enumerate(program):
                if exception and position % exception == 0:
                    continue
                pool = [*values, *weights, *constants]
                a, b = pool[first % len(pool)], pool[second % len(pool)]
                if lag:
                    b = made.get((second % len(program), position - lag), b)
                    b = made.get((number, position - lag), b) if kind else b
                node = UNARY[choice](b) if kind else BINARY[choice](a, b)
                node.label = f"{label}_{step}" if label else None
                made[number, position] = node
                values.append(node)
            outputs.append(values[-1])
    ending = draw(st.sampled_from(["all", "last", "sum", "stack", "tail"]))
    if ending == "sum":
        return sum(outputs)
    if ending == "stack":
        return tg.stack(outputs).sum()
    if ending == "tail":
        return tg.exp(outputs[-1].sum() * 2.0)
    return outputs if ending == "all" else outputs[-1]


@st.composite
def instructions(draw):
    """One operation of a step: what it does, what it reads, from how long ago, and in which steps it is left out."""
    return (
        draw(st.booleans()),
        draw(st.integers(0, 3)),
        draw(st.integers(0, 9)),
        draw(st.integers(0, 9)),
        draw(st.sampled_from([0, 0, 1, 1, 2])),
        draw(st.sampled_from([0, 0, 0, 2, 3, 100])),
        draw(st.sampled_from(["", "", "a", "b"])),
    )
