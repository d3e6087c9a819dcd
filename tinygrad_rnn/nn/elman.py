"""The Elman network, unrolled into a graph with nodes of its own for every time step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_rnn.errors import SettingError, ShapeError
from tinygrad_rnn.graph import Graph, Nodes
from tinygrad_rnn.nn.losses import cross_entropy, squared_error
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.notations import NOTATIONS, Activation, Made, Notation, Parameters, named
from tinygrad_rnn.nn.sequences import Sequence, input_steps, leaf, one_hot, per_step, whole_shape
from tinygrad_rnn.nn.settings import choose, generator, known_dtype, require_sizes
from tinygrad_rnn.node import Operand, Shape, Tensor, parameter, step, tensor
from tinygrad_rnn.ops import copy, relu, sigmoid, softmax, tanh

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def identity(x: Tensor) -> Tensor:
    """The argument itself: no node."""
    return x


HIDDEN_ACTIVATIONS: Mapping[str, Activation] = {
    "tanh": tanh, "relu": relu, "logistic": sigmoid, "identity": identity,
}  # fmt: skip
OUTPUT_ACTIVATIONS: Mapping[str, Activation] = {
    "identity": identity, "logistic": sigmoid, "tanh": tanh, "softmax": softmax,
}  # fmt: skip
LOSSES = ("sse", "mse", "cross_entropy")


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


class ElmanRNN(Module):
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
        SettingError: an unknown name, a size below 1, or a seed or dtype that numpy does not know.
        DTypeError: a dtype that is not floating.

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
        require_sizes(**{f"{name}_size": size for name, size in sizes.items()})
        self._notation: Notation = choose("notation", notation, NOTATIONS)
        if output_activation is None:
            output_activation = self._notation.output_activation
        self._hidden: Activation = choose("activation", activation, HIDDEN_ACTIVATIONS)
        self._output: Activation = choose("output_activation", output_activation, OUTPUT_ACTIVATIONS)
        self.sizes = sizes
        self.notation = notation
        self.activation = activation
        self.output_activation = output_activation
        self.dtype = known_dtype(dtype)
        random = generator(seed)
        bound = 1 / math.sqrt(hidden_size)
        self._parameters = {
            name: parameter(random.uniform(-bound, bound, [sizes[axis] for axis in axes]), name, self.dtype)
            for name, axes in self._notation.shapes.items()
        }

    def members(self) -> Mapping[str, Tensor]:
        """The parameters under the notation's names."""
        return self._parameters

    def unroll(
        self,
        xs: Sequence,
        targets: Sequence | None = None,
        loss: str | None = None,
        initial_state: Operand | None = None,
        copies: bool = False,
    ) -> Run:
        """Build the graph of the network run over a sequence, with nodes of its own for every step.

        Args:
            xs: (time, features) or (time, batch, features): an array, a Tensor, or an iterable of per-step
                arrays and Tensors. Arrays are cast to the network's dtype, Tensors used as they are.
            targets: (time, outputs) or (time, batch, outputs); for "cross_entropy" also integer classes
                (time,) or (time, batch). None for outputs alone.
            loss: "sse", "mse" or "cross_entropy"; the notation's own if not given. With a batch, the mean
                over its sequences.
            initial_state: (hidden,) or (batch, hidden), an array or Tensor; zeros if not given.
            copies: give each step its own copy node of each parameter, so that `tg.grad` can ask for the
                gradient through that step alone.

        Raises:
            SettingError: an unknown loss, a cross-entropy without a softmax, or a class that is no output.
            ShapeError: a sequence or state of another shape.
            OperandError: a sequence or state that is not numbers.
            DTypeError: numbers that are not real.
        """
        notation = self._notation
        loss = notation.loss if loss is None else loss
        if loss not in LOSSES:
            raise SettingError(f"loss is one of {', '.join(LOSSES)}, not {loss!r}")
        inputs = input_steps(xs, self.sizes["input"], self.dtype)
        batch = inputs[0].shape[:-1]
        wanted = None if targets is None else self._targets(targets, loss, len(inputs), batch)
        state = initial = self._initial_state(initial_state, batch)
        factor = 1 / (math.prod(batch) * (len(inputs) if loss == "mse" else 1))
        total = tensor(0, dtype=self.dtype)
        made, losses, copied = [], [], []
        for t, x in enumerate(inputs, start=1):
            with step(t):
                p: Parameters = self._parameters
                if copies:
                    p = {name: named(f"{name}^({t})", copy(value)) for name, value in p.items()}
                    copied.append(p)
                made.append(notation.advance(p, t, x, state, self._hidden, self._output))
                state = made[-1].state
                if wanted is not None:
                    term = _term(loss, made[-1], wanted[t - 1], factor)
                    losses.append(named(f"{notation.term}_{t}", term))
                    total = total + term
        states = [initial, *(m.state for m in made)]
        return Run(
            inputs=inputs,
            states=Nodes(states[:-1] if notation.lagged else states[1:]),
            outputs=Nodes(m.output for m in made),
            logits=Nodes(m.logits for m in made),
            targets=Nodes() if wanted is None else wanted,
            losses=Nodes(losses),
            loss=None if wanted is None else named("L", total),
            initial_state=initial,
            final_state=state,
            copies=tuple(copied),
        )

    def _initial_state(self, given: Operand | None, batch: Shape) -> Tensor:
        shape = (*batch, self.sizes["hidden"])
        state = np.zeros(shape) if given is None else given
        if not isinstance(state, Tensor):
            state = leaf(state, self._notation.initial, self.dtype)
        if state.shape != shape:
            raise ShapeError(f"expected an initial state of shape {shape}, got {state.shape}")
        return state

    def _targets(self, targets: Sequence, loss: str, steps: int, batch: Shape) -> Nodes:
        letter, outputs = self._notation.target, self.sizes["output"]
        expected = f"targets of shape {(steps, *batch, outputs)}"
        if loss == "cross_entropy":
            if self.output_activation != "softmax":
                raise SettingError(
                    "cross_entropy is the loss of a softmax, and this network's output_activation is "
                    f"{self.output_activation}; choose another loss, or output_activation='softmax'"
                )
            expected += f" or integer classes of shape {(steps, *batch)}"
            targets = one_hot(targets, letter, outputs, (steps, *batch))
        wanted = per_step(targets, letter, self.dtype)
        if len(wanted) != steps or any(y.shape != (*batch, outputs) for y in wanted):
            raise ShapeError(f"expected {expected}, got {whole_shape(wanted)}")
        return wanted

    def __repr__(self) -> str:
        sizes = "→".join(str(size) for size in self.sizes.values())
        return f"<Elman network {sizes}, {self.notation} notation, {self.activation}, {self.output_activation}>"


def _term(loss: str, made: Made, target: Tensor, factor: float) -> Tensor:
    """What one step adds to the loss."""
    if loss == "cross_entropy":
        term = cross_entropy(made.logits, target)
    else:
        term = squared_error(made.output, target)
    return term if factor == 1 else term * factor
