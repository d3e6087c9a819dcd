"""The Elman network in three notations, unrolled into explicit nodes for every time step.

Each notation states its equations as its source prints them, and its nodes carry the source's names.
Weights are stored (outputs, inputs), so that W x of the texts is `linear(x, W)` here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import SettingError, ShapeError
from tinygrad_rnn.graph import Graph, Nodes
from tinygrad_rnn.nn.losses import cross_entropy, squared_error
from tinygrad_rnn.node import Operand, Tensor, parameter, step, tensor
from tinygrad_rnn.ops import copy, linear, relu, sigmoid, softmax, tanh

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Activation = Callable[[Tensor], Tensor]
Parameters = Mapping[str, Tensor]

HIDDEN_ACTIVATIONS: Mapping[str, Activation] = {
    "tanh": tanh, "relu": relu, "logistic": sigmoid, "identity": lambda x: x,
}  # fmt: skip
OUTPUT_ACTIVATIONS: Mapping[str, Activation] = {
    "identity": lambda x: x, "logistic": sigmoid, "tanh": tanh, "softmax": softmax,
}  # fmt: skip
LOSSES = ("sse", "mse", "cross_entropy")

# ---------------------------------------------------------------------- the equations


class Made(NamedTuple):
    """What one time step makes: its output, the output before its activation, and the state it hands on."""

    output: Tensor
    logits: Tensor
    state: Tensor


def _named(label: str, node: Tensor) -> Tensor:
    node.label = label
    return node


def _lagged(p: Parameters, t: int, x: Tensor, s: Tensor, g: Activation, h: Activation) -> Made:
    """s_{t+1} = g(U x_t + W s_t), o_t = h(V s_t): the output sees the state before the input enters it."""
    v = linear(s, p["V"])
    o = _named(f"o_{t}", h(v))
    s = _named(f"s_{t + 1}", g(linear(x, p["U"]) + linear(s, p["W"])))
    return Made(o, v, s)


def _subscript(p: Parameters, t: int, x: Tensor, h: Tensor, phi: Activation, psi: Activation) -> Made:
    """h_t = φ(W_xh x_t + W_hh h_{t−1} + b_h), y_t = ψ(W_oh h_t + b_o)."""
    h = _named(f"h_{t}", phi(linear(x, p["W_xh"]) + linear(h, p["W_hh"]) + p["b_h"]))
    v = linear(h, p["W_oh"]) + p["b_o"]
    return Made(_named(f"y_{t}", psi(v)), v, h)


def _goodfellow(p: Parameters, t: int, x: Tensor, h: Tensor, sigma: Activation, psi: Activation) -> Made:
    """a = b + W h + U x, h = σ(a), o = c + V h, ŷ = softmax(o)."""
    a = _named(f"a_{t}", p["b"] + linear(h, p["W"]) + linear(x, p["U"]))
    h = _named(f"h_{t}", sigma(a))
    o = _named(f"o_{t}", p["c"] + linear(h, p["V"]))
    return Made(_named(f"ŷ_{t}", psi(o)), o, h)


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

    advance: Callable[[Parameters, int, Tensor, Tensor, Activation, Activation], Made]
    shapes: Mapping[str, tuple[str, ...]]
    loss: str
    output_activation: str
    initial: str
    target: str
    term: str
    lagged: bool = False


NOTATIONS: Mapping[str, Notation] = {
    "lagged": Notation(
        _lagged,
        {"U": ("hidden", "input"), "W": ("hidden", "hidden"), "V": ("output", "hidden")},
        loss="sse", output_activation="identity", initial="s_1", target="y", term="E", lagged=True,
    ),
    "subscript": Notation(
        _subscript,
        {
            "W_xh": ("hidden", "input"), "W_hh": ("hidden", "hidden"), "W_oh": ("output", "hidden"),
            "b_h": ("hidden",), "b_o": ("output",),
        },
        loss="mse", output_activation="identity", initial="h_0", target="y*", term="L",
    ),
    "goodfellow": Notation(
        _goodfellow,
        {
            "U": ("hidden", "input"), "W": ("hidden", "hidden"), "V": ("output", "hidden"),
            "b": ("hidden",), "c": ("output",),
        },
        loss="cross_entropy", output_activation="softmax", initial="h_0", target="y", term="L",
    ),
}  # fmt: skip

# ---------------------------------------------------------------------- the unrolled network


@dataclass(frozen=True, repr=False, eq=False)
class Run:
    """An unrolled network: the nodes of its graph, time step by time step.

    Sequences count from 0, labels and `node.step` from 1.

    Attributes:
        inputs: x_t, each (features,) or (batch, features).
        states: the states that the outputs are read from.
        outputs: the outputs.
        logits: the outputs before their activation.
        targets: the targets; empty if none were given.
        losses: the terms that sum to the loss, factors included; empty without targets.
        loss: their sum, or None without targets.
        initial_state: the state before the first step.
        final_state: the state after the last.
        copies: with `copies=True`, each step's own copy node of each parameter.
    """

    inputs: Nodes
    states: Nodes
    outputs: Nodes
    logits: Nodes
    targets: Nodes
    losses: Nodes
    loss: Tensor | None
    initial_state: Tensor
    final_state: Tensor
    copies: tuple[Mapping[str, Tensor], ...]

    @property
    def graph(self) -> Graph:
        """All of it as one graph."""
        return Graph([*self.outputs, *([] if self.loss is None else [self.loss]), self.final_state])

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        loss = "" if self.loss is None else f", loss {self.loss.item():.6g}"
        return f"<network unrolled over {len(self)} steps{loss}>"


class ElmanRNN:
    """The Elman network, in the notation of one of three texts.

    Args:
        input_size: features of an input x_t.
        hidden_size: units of the state.
        output_size: features of an output.
        notation: "lagged", "subscript" or "goodfellow"; see `NOTATIONS`.
        activation: of the hidden units: "tanh", "relu", "logistic" or "identity".
        output_activation: "identity", "logistic", "tanh" or "softmax"; the notation's own if not given.
        seed: of the initial values, uniform within ±1/√hidden_size.
        dtype: of the parameters, and of the inputs that are given as arrays.

    Attributes:
        parameters: the parameters by name, in the notation's order.

    Raises:
        SettingError: an unknown name, or a size below 1.

    >>> net = tg.nn.ElmanRNN(input_size=1, hidden_size=3, output_size=1)
    >>> run = net.unroll(np.zeros((5, 1)), targets=np.ones((5, 1)))
    >>> run.loss.backward()
    >>> net.parameters["W_hh"].grad.shape
    (3, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        notation: str = "subscript",
        activation: str = "tanh",
        output_activation: str | None = None,
        seed: int = 0,
        dtype: DTypeLike = np.float64,
    ) -> None:
        sizes = {"input": input_size, "hidden": hidden_size, "output": output_size}
        for name, size in sizes.items():
            if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
                raise SettingError(f"{name}_size is a whole number from 1, not {size!r}")
        self._notation = _choose("notation", notation, NOTATIONS)
        self.sizes = sizes
        self.notation = notation
        self.activation = activation
        self.output_activation = output_activation or self._notation.output_activation
        self._hidden = _choose("activation", activation, HIDDEN_ACTIVATIONS)
        self._output = _choose("output_activation", self.output_activation, OUTPUT_ACTIVATIONS)
        self.dtype = np.dtype(dtype)
        random = np.random.default_rng(seed)
        bound = 1 / math.sqrt(hidden_size)
        self.parameters = {
            name: parameter(random.uniform(-bound, bound, [sizes[axis] for axis in axes]), name, self.dtype)
            for name, axes in self._notation.shapes.items()
        }

    def unroll(
        self,
        xs: Operand | Iterable[Operand],
        targets: Operand | Iterable[Operand] | None = None,
        loss: str | None = None,
        initial_state: Operand | None = None,
        copies: bool = False,
    ) -> Run:
        """Build the graph of the network run over a sequence, with nodes of its own for every step.

        Args:
            xs: (time, features) or (time, batch, features): an array, a Tensor, or a sequence of per-step
                arrays or Tensors. Arrays are cast to the network's dtype, Tensors used as they are.
            targets: (time, outputs) or (time, batch, outputs); for "cross_entropy" also integer classes
                (time,) or (time, batch). None for outputs alone.
            loss: "sse", "mse" or "cross_entropy"; the notation's own if not given. With a batch, the mean
                over its sequences.
            initial_state: (hidden,) or (batch, hidden), an array or Tensor; zeros if not given.
            copies: give each step its own copy node of each parameter, so that `tg.grad` can ask for the
                gradient through that step alone.

        Raises:
            SettingError: an unknown loss, or a cross-entropy without a softmax.
            ShapeError: a sequence or state of another shape.
        """
        notation = self._notation
        loss = loss or notation.loss
        inputs = self._inputs(xs)
        batch = inputs[0].shape[:-1]
        state = self._initial_state(initial_state, batch)
        initial = state
        wanted = None if targets is None else self._targets(targets, loss, len(inputs), batch)
        factor = 1 / (math.prod(batch) * (len(inputs) if loss == "mse" else 1))
        total = None if wanted is None else tensor(0, dtype=self.dtype)
        states, made_by_step, losses, copied = [], [], [], []
        for t, x in enumerate(inputs, start=1):
            with step(t):
                p: Parameters = self.parameters
                if copies:
                    p = {name: _named(f"{name}^({t})", copy(value)) for name, value in p.items()}
                    copied.append(p)
                made = notation.advance(p, t, x, state, self._hidden, self._output)
                states.append(state if notation.lagged else made.state)
                made_by_step.append(made)
                state = made.state
                if wanted is not None and total is not None:
                    if loss == "cross_entropy":
                        term = cross_entropy(made.logits, wanted[t - 1])
                    else:
                        term = squared_error(made.output, wanted[t - 1])
                    losses.append(_named(f"{notation.term}_{t}", term if factor == 1 else term * factor))
                    total = total + losses[-1]
        if total is not None:
            total.label = "L"
        return Run(
            inputs=inputs,
            states=Nodes(states),
            outputs=Nodes(made.output for made in made_by_step),
            logits=Nodes(made.logits for made in made_by_step),
            targets=wanted or Nodes(),
            losses=Nodes(losses),
            loss=total,
            initial_state=initial,
            final_state=state,
            copies=tuple(copied),
        )

    def _inputs(self, xs: Any) -> Nodes:
        inputs = _per_step(xs, "x", self.dtype)
        if not inputs:
            raise ShapeError("a sequence needs at least one time step")
        features = self.sizes["input"]
        for t, x in enumerate(inputs, start=1):
            if x.ndim not in (1, 2) or x.shape[-1] != features or x.shape != inputs[0].shape:
                raise ShapeError(
                    f"expected xs of shape (time, {features}) or (time, batch, {features}); "
                    f"step {t} has the shape {x.shape}, step 1 has {inputs[0].shape}"
                )
        return inputs

    def _initial_state(self, given: Operand | None, batch: tuple[int, ...]) -> Tensor:
        shape = (*batch, self.sizes["hidden"])
        state = given if isinstance(given, Tensor) else tensor(
            np.zeros(shape) if given is None else given, self._notation.initial, self.dtype
        )  # fmt: skip
        if state.shape != shape:
            raise ShapeError(f"expected an initial state of shape {shape}, got {state.shape}")
        return state

    def _targets(self, targets: Any, loss: str, steps: int, batch: tuple[int, ...]) -> Nodes:
        if loss not in LOSSES:
            raise SettingError(f"loss is one of {', '.join(LOSSES)}, not {loss!r}")
        if loss == "cross_entropy" and self.output_activation != "softmax":
            raise SettingError(
                f"cross_entropy is the loss of a softmax; this network's output_activation is {self.output_activation}"
            )
        if loss == "cross_entropy" and not isinstance(targets, Tensor):
            targets = _one_hot(targets, self.sizes["output"], (steps, *batch))
        wanted = _per_step(targets, self._notation.target, self.dtype)
        shape = (*batch, self.sizes["output"])
        shapes = {y.shape for y in wanted}
        if len(wanted) != steps or shapes != {shape}:
            raise ShapeError(f"expected targets of shape {(steps, *shape)}, got {len(wanted)} steps of {shapes}")
        return wanted

    def __repr__(self) -> str:
        sizes = "→".join(str(size) for size in self.sizes.values())
        return f"<Elman network {sizes}, {self.notation} notation, {self.activation}, {self.output_activation}>"


def _choose(setting: str, name: str, table: Mapping[str, Any]) -> Any:
    if name not in table:
        raise SettingError(f"{setting} is one of {', '.join(table)}, not {name!r}")
    return table[name]


def _per_step(sequence: Any, letter: str, dtype: np.dtype[Any]) -> Nodes:
    """One labelled node a time step, from an array, a Tensor, or a sequence of either."""
    if not isinstance(sequence, Tensor):
        sequence = list(sequence)
        if not any(isinstance(element, Tensor) for element in sequence):
            sequence = np.asarray(sequence, dtype)
    nodes = []
    for t, element in enumerate(sequence, start=1):
        with step(t):
            nodes.append(element if isinstance(element, Tensor) else tensor(element, f"{letter}_{t}", dtype))
        if nodes[-1].label is None:
            nodes[-1].label = f"{letter}_{t}"
    return Nodes(nodes)


def _one_hot(targets: Any, classes: int, shape: tuple[int, ...]) -> Any:
    """Integer classes as rows of zeros and a one; targets that are probabilities already, as they are."""
    array = np.asarray(targets)
    if array.dtype.kind not in "iu" or array.shape != shape:
        return targets
    if array.size and not (0 <= array.min() and array.max() < classes):
        raise SettingError(f"classes run from 0 to {classes - 1}; the targets run from {array.min()} to {array.max()}")
    return np.eye(classes)[array]
