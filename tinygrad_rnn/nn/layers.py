"""Layers without a time of their own: linear maps, embeddings, dropout, normalisation, and their composition."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, IndexingError, OperandError, ShapeError
from tinygrad_rnn.graph import Nodes
from tinygrad_rnn.nn.init import uniform
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.sequences import Sequence, indexable
from tinygrad_rnn.nn.settings import Seed, generator, known_dtype, require_fraction, require_number, require_sizes
from tinygrad_rnn.node import Array, Operand, Shape, Tensor, parameter, step, to_array
from tinygrad_rnn.ops import linear, mean, sqrt, square

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


class Linear(Module):
    """y = W x + b.

    Args:
        in_features: features of x.
        out_features: features of y.
        bias: whether there is a b.
        seed: of the initial values, uniform within ±1/√in_features; an integer or numpy's generator.
        dtype: of the parameters.

    Attributes:
        weight: W, (out_features, in_features).
        bias: b, (out_features,), or None.

    Raises:
        SettingError: a size below 1, or a seed or dtype that numpy does not know.
        DTypeError: a dtype that is not floating.

    >>> tg.nn.Linear(3, 2)(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, seed: Seed = 0, dtype: DTypeLike = np.float64
    ) -> None:
        require_sizes(in_features=in_features, out_features=out_features)
        random = generator(seed)
        kind = known_dtype(dtype)
        bound = 1 / math.sqrt(in_features)
        self.weight = parameter(uniform((out_features, in_features), bound, random), "W", kind)
        self.bias = parameter(uniform((out_features,), bound, random), "b", kind) if bias else None

    def __call__(self, x: Operand) -> Tensor:
        """The layer's outputs, for x of shape (…, in_features)."""
        return linear(x, self.weight, self.bias)


class Embedding(Module):
    """A row of features for each of a number of things, such as characters, that are given as integers.

    Args:
        num_embeddings: how many things there are.
        embedding_dim: features of each.
        seed: of the initial values, which are standard normal; an integer or numpy's generator.
        dtype: of the parameters.

    Attributes:
        weight: (num_embeddings, embedding_dim).

    Raises:
        SettingError: a size below 1, or a seed or dtype that numpy does not know.
        DTypeError: a dtype that is not floating.

    >>> embedding = tg.nn.Embedding(65, 8)
    >>> embedding([[3, 1, 4], [1, 5, 9]]).shape
    (2, 3, 8)
    >>> [x.label for x in embedding.unroll([3, 1, 4])]
    ['x_1', 'x_2', 'x_3']
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, seed: Seed = 0, dtype: DTypeLike = np.float64) -> None:
        require_sizes(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        rows = generator(seed).standard_normal((num_embeddings, embedding_dim))
        self.weight = parameter(rows, "E", known_dtype(dtype))

    def __call__(self, indices: Operand) -> Tensor:
        """The rows of integers of any shape: (…, embedding_dim).

        Raises:
            OperandError: not an array, nor what numpy makes one of.
            DTypeError: not integers.
            IndexingError: an integer below 0, or not below num_embeddings.
        """
        rows = indices.data if isinstance(indices, Tensor) else to_array(indices)
        if rows.dtype.kind not in "iu":
            raise DTypeError(f"an embedding takes integers, not {rows.dtype}")
        count = len(self.weight)
        if rows.size and not (0 <= rows.min() and rows.max() < count):
            raise IndexingError(f"an embedding of {count} takes 0 to {count - 1}; got {rows.min()} to {rows.max()}")
        return self.weight[rows]

    def unroll(self, indices: Sequence) -> Nodes:
        """For integers of shape (time, …), one node of rows for every time step, marked with it.

        Raises:
            OperandError: not a sequence.
            DTypeError: not integers.
            IndexingError: an integer below 0, or not below num_embeddings.
        """
        nodes = []
        for t, rows in enumerate(indexable(indices, "indices"), start=1):
            with step(t):
                nodes.append(self(rows))
            nodes[-1].label = f"x_{t}"
        return Nodes(nodes)


class Dropout(Module):
    """In training, elements at random set to 0 and the others divided by 1 − p; else everything as it is.

    Args:
        p: the probability of 0, from 0 up to but not including 1.
        seed: of the draws; an integer or numpy's generator.
        variational: draw once for all steps of a sequence (Gal and Ghahramani 2016), not anew for each.

    Raises:
        SettingError: a p outside its range, or a seed that numpy does not know.

    >>> dropout = tg.nn.Dropout(p=0.5, seed=1)
    >>> dropout(tg.tensor(np.ones(6))).data
    array([2., 2., 0., 2., 0., 0.])
    >>> dropout.eval()(tg.tensor(np.ones(6))).data
    array([1., 1., 1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, seed: Seed = 0, variational: bool = False) -> None:
        require_fraction("a probability of dropout", p)
        self.p = p
        self.variational = variational
        self.random = generator(seed)

    def __call__(self, x: Tensor) -> Tensor:
        """Drop elements of one Tensor; where dropout is variational, its first axis is time."""
        if not self.training or self.p == 0:
            return x
        return x * self._factors(x.shape[1:] if self.variational else x.shape, x.dtype)

    def over(self, steps: Nodes) -> Nodes:
        """Drop elements of each step of a sequence."""
        if not self.training or self.p == 0:
            return steps
        if not self.variational:
            return Nodes(self(x) for x in steps)
        factors = self._factors(steps[0].shape, steps[0].dtype)
        return Nodes(x * factors for x in steps)

    def _factors(self, shape: Shape, dtype: np.dtype[Any]) -> Array:
        """0 with probability p, else 1 / (1 − p)."""
        kept = self.random.random(shape) >= self.p
        return kept.astype(dtype) / (1 - self.p)


class LayerNorm(Module):
    """y = w ⊙ (x − mean(x)) / √(var(x) + ε) + b, over the last axis (Ba, Kiros and Hinton 2016).

    Args:
        features: of x.
        eps: ε, from 0.
        dtype: of the parameters.

    Attributes:
        weight: w, (features,), at first 1.
        bias: b, (features,), at first 0.

    Raises:
        SettingError: a size below 1, an eps below 0, or a dtype that numpy does not know.
        DTypeError: a dtype that is not floating.

    >>> norm = tg.nn.LayerNorm(4)
    >>> norm(tg.tensor([1.0, 2.0, 3.0, 4.0])).data.round(3)
    array([-1.342, -0.447,  0.447,  1.342])
    """

    def __init__(self, features: int, eps: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        require_sizes(features=features)
        require_number("eps", eps, lambda number: 0 <= number < math.inf, "a finite number from 0")
        kind = known_dtype(dtype)
        self.eps = eps
        self.weight = parameter(np.ones(features), "w", kind)
        self.bias = parameter(np.zeros(features), "b", kind)

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's outputs, for x of shape (…, features).

        Raises:
            ShapeError: x has other features.
        """
        if x.shape[-1:] != self.weight.shape:
            raise ShapeError(f"expected x of shape (…, {self.weight.size}), got {x.shape}")
        centred = x - mean(x, axis=-1, keepdims=True)
        variance = mean(square(centred), axis=-1, keepdims=True)
        return centred / sqrt(variance + self.eps) * self.weight + self.bias


class Sequential(Module):
    """Modules and functions of one Tensor, each given what the one before it gives; named by their numbers.

    Raises:
        OperandError: something that cannot be called.

    >>> net = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.tanh, tg.nn.Linear(3, 1))
    >>> net(np.ones((5, 2))).shape, list(net.parameters)
    ((5, 1), ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    def __init__(self, *parts: Callable[[Any], Any]) -> None:
        for part in parts:
            if not callable(part):
                raise OperandError(f"expected modules and functions, each an argument of its own; got {part!r}")
        self.parts = parts

    def __call__(self, x: Any) -> Any:
        """What the last part gives."""
        for part in self.parts:
            x = part(x)
        return x

    def members(self) -> dict[str, Any]:
        """The parts by their numbers, and the other attributes."""
        numbered = {str(number): part for number, part in enumerate(self.parts)}
        return {**numbered, **{name: value for name, value in vars(self).items() if name != "parts"}}
