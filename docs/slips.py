"""How far three texts' formulas are from the gradient, typed in as printed and put right.

    python docs/slips.py

prints the table that docs/notations.md explains. The gradient is backprop's, on the unrolled graph. Lists over
time have nothing at 0, so that t counts from 1 as it does in the texts.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

import tinygrad_rnn as tg

STEPS = 10
INPUT, HIDDEN, OUTPUT = 3, 8, 2
NETWORKS = 100


class Comparison(NamedTuple):
    """A derivative by a text's formula, as printed and put right, and by backprop."""

    text: str
    derivative: str
    as_printed: np.ndarray
    put_right: np.ndarray
    backprop: np.ndarray


def random_run(notation: str, seed: int, steps: int = STEPS) -> tuple[dict[str, tg.Tensor], tg.nn.Run]:
    """A network with weights of standard deviation 0.7, unrolled over random inputs: parameters and run."""
    net = tg.nn.ElmanRNN(INPUT, HIDDEN, OUTPUT, notation=notation)
    random = np.random.default_rng(seed)
    for parameter in net.parameters.values():
        parameter.data = random.normal(scale=0.7, size=parameter.shape)
    xs, targets = random.normal(size=(steps, INPUT)), random.uniform(size=(steps, OUTPUT))
    return net.parameters, net.unroll(xs, targets, copies=True)


def gradient(output: tg.Tensor, node: tg.Tensor) -> np.ndarray:
    """Backprop from the output to the node."""
    return tg.grad(output, [node])[0].data


def lecture(seed: int) -> Iterator[Comparison]:
    """dE_T/dU, where s_{t+1} = g(U x_t + W s_t), o_t = h(V s_t), E_t = ‖o_t − y_t‖²."""
    p, run = random_run("lagged", seed)
    E_T, s_T, U = run.losses[-1], run.states[-1], p["U"]
    as_printed = gradient(E_T, run.copies[-1]["U"])  # ∂E_T/∂o_T ∂o_T/∂U: with s_T held still, o_T does not read U
    put_right = np.empty(U.shape)
    for index in np.ndindex(U.shape):  # ds_T/dU, one weight at a time, from the first step to the last
        direction = np.zeros(U.shape)
        direction[index] = 1
        put_right[index] = gradient(E_T, s_T) @ tg.jvp(s_T, [U], [direction]).data
    yield Comparison("lecture", "dE_T/dU", as_printed, put_right, gradient(E_T, U))


def article_weights(seed: int) -> Iterator[Comparison]:
    """dL/dW_hh, where h_t = tanh(W_xh x_t + W_hh h_{t−1} + b_h)."""
    p, run = random_run("subscript", seed)
    W_hh, T = p["W_hh"], STEPS
    h = [run.initial_state.data] + [state.data for state in run.states]
    J = [None] + [np.diag(1 - h[t] ** 2) @ W_hh.data for t in range(1, T + 1)]  # ∂h_t/∂h_{t−1}

    def product(t: int, k: int) -> np.ndarray:
        """J_t … J_{k+1}, which is ∂h_t/∂h_k."""
        return reduce(np.matmul, [J[j] for j in range(t, k, -1)], np.eye(HIDDEN))

    def immediate(row: np.ndarray, k: int) -> np.ndarray:
        """row · ∂h_k/∂W_hh with h_{k−1} held still."""
        return np.outer(row * (1 - h[k] ** 2), h[k - 1])

    for where, counted in ("the last step alone", [T]), ("all steps", range(1, T + 1)):
        by_h = {t: gradient(run.losses[t - 1], run.states[t - 1]) for t in counted}  # ∂L/∂y_t · ∂y_t/∂h_t
        as_printed = sum(immediate(by_h[t] @ product(T, t), t) for t in counted)
        put_right = sum(immediate(by_h[t] @ product(t, k), k) for t in counted for k in range(1, t + 1))
        backprop = sum(gradient(run.losses[t - 1], W_hh) for t in counted)
        yield Comparison("article", f"dL/dW_hh, loss at {where}", as_printed, put_right, backprop)


def article_outputs(seed: int) -> Iterator[Comparison]:
    """∂L/∂y_t for every t, where L = (1/T) Σ_t ‖y_t − y*_t‖²."""
    for T in 1, STEPS:
        _, run = random_run("subscript", seed, T)
        y, target = (np.array([node.data for node in nodes]) for nodes in (run.outputs, run.targets))
        as_printed = np.broadcast_to(2 / T * (target - y).sum(axis=0), y.shape)
        put_right = 2 / T * (y - target)
        backprop = np.array([node.data for node in tg.grad(run.loss, run.outputs)])
        yield Comparison("article", f"∂L/∂y_t, T = {T}", as_printed, put_right, backprop)


def note(seed: int) -> Iterator[Comparison]:
    """∇_b L, where h_t = tanh(b + W h_{t−1} + U x_t)."""
    p, run = random_run("goodfellow", seed)
    grad_h = [node.data for node in tg.grad(run.loss, run.states)]  # ∇_{h_t} L, total
    slopes = [np.diag(1 - state.data**2) for state in run.states]  # ∂h_t/∂b, immediate
    totals = [np.zeros((HIDDEN, HIDDEN))]
    for slope in slopes:
        totals.append(slope @ (np.eye(HIDDEN) + p["W"].data @ totals[-1]))  # dh_t/db
    as_printed = sum(total.T @ g for total, g in zip(totals[1:], grad_h, strict=True))
    put_right = sum(slope.T @ g for slope, g in zip(slopes, grad_h, strict=True))
    yield Comparison("note", "∇_b L", as_printed, put_right, gradient(run.loss, p["b"]))


TEXTS = lecture, article_weights, article_outputs, note


def comparisons(seed: int) -> list[Comparison]:
    """Every comparison, on the random networks of one seed."""
    return [comparison for text in TEXTS for comparison in text(seed)]


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """‖found − expected‖ / ‖expected‖."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def table(seeds: Sequence[int]) -> str:
    """Relative errors: as printed, of the first network and in the median over all; put right, of the worst."""
    lines = [f"{'text':8} {'derivative':38} {'one network':>11} {'median':>7} {'put right':>10}"]
    for rows in zip(*map(comparisons, seeds), strict=True):
        printed = [relative_error(row.as_printed, row.backprop) for row in rows]
        worst = max(relative_error(row.put_right, row.backprop) for row in rows)
        right = "< 1e-12" if worst < 1e-12 else f"{worst:.0e}"
        lines.append(
            f"{rows[0].text:8} {rows[0].derivative:38} {printed[0]:11.2f} {np.median(printed):7.2f} {right:>10}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(range(NETWORKS)))
