"""Initial values: arrays to give parameters, as in `layer.weight.data = tg.nn.init.orthogonal((4, 4))`.

Each function that draws takes a seed: an integer, or a numpy generator to draw on from.
"""

from __future__ import annotations

import math

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.settings import Seed, generator, require_number, require_sizes
from tinygrad_rnn.node import Array, Shape


def uniform(shape: Shape, bound: float, seed: Seed = 0) -> Array:
    """Numbers drawn uniformly from −bound to bound.

    Raises:
        SettingError: a bound below 0, or a seed that numpy does not know.
        ShapeError: a shape that no array has.
    """
    require_number("bound", bound, lambda number: 0 <= number < math.inf, "a finite number from 0")
    if not (isinstance(shape, tuple | list) and all(_is_size(size) for size in shape)):
        raise ShapeError(f"a shape is a tuple of whole numbers from 0, not {shape!r}")
    return generator(seed).uniform(-bound, bound, shape)


def glorot(shape: Shape, seed: Seed = 0) -> Array:
    """Numbers drawn uniformly within ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010, equation 16).

    Args:
        shape: (outputs, inputs).
        seed: of the draws.

    Raises:
        ShapeError: not two axes.
    """
    _require_matrix(shape)
    return uniform(shape, math.sqrt(6 / sum(shape)), seed)


def orthogonal(shape: Shape, seed: Seed = 0) -> Array:
    """A matrix with orthonormal columns, or rows if these are fewer, drawn uniformly (Saxe et al. 2014).

    Raises:
        ShapeError: not two axes.

    >>> Q = tg.nn.init.orthogonal((4, 3))
    >>> bool(np.allclose(Q.T @ Q, np.eye(3)))
    True
    """
    _require_matrix(shape)
    normal = generator(seed).standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(normal)
    columns: Array = q * np.sign(np.diag(r))  # without the signs some matrices would be likelier than others
    return columns if shape[0] >= shape[1] else columns.T


def identity(size: int, scale: float = 1.0) -> Array:
    """The identity matrix times a scale: the recurrent weights of an IRNN (Le, Jaitly and Hinton 2015).

    Its units are relu, and its biases zero.

    Raises:
        SettingError: the size is not a whole number from 1.
    """
    require_sizes(size=size)
    return scale * np.eye(size)


def forget_gate_bias(hidden_size: int, value: float = 1.0) -> Array:
    """A bias of an LSTM that is zero but for the forget gate, so that memory lasts from the first (Gers et al. 2000).

    Raises:
        SettingError: the hidden size is not a whole number from 1.

    >>> layer = tg.nn.LSTM(input_size=3, hidden_size=2)
    >>> layer.load_state_dict(
    ...     {**layer.state_dict(), "bias_ih_l0": tg.nn.init.forget_gate_bias(2), "bias_hh_l0": np.zeros(8)}
    ... )
    >>> layer.parameters["bias_ih_l0"].data
    array([0., 0., 1., 1., 0., 0., 0., 0.])
    """
    require_sizes(hidden_size=hidden_size)
    return np.repeat([0.0, value, 0.0, 0.0], hidden_size)  # the order of the gates is i, f, g, o


def _require_matrix(shape: Shape) -> None:
    fits = isinstance(shape, tuple | list) and len(shape) == 2 and all(_is_size(size) and size for size in shape)
    if not fits:
        raise ShapeError(f"expected the shape (outputs, inputs) of a matrix, got {shape!r}")


def _is_size(size: object) -> bool:
    return isinstance(size, int | np.integer) and int(size) >= 0
