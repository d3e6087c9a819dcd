"""Interpolated n-gram models: the guess at the next character that a network has to beat."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.node import Array


class NGram:
    """A character's probability given the n − 1 before it, after Witten and Bell 1991.

    p(c | h) = (N(hc) + D(h) p(c | h′)) / (N(h) + D(h)): N counts, D(h) is the number of different characters
    seen after h, and h′ is h without its first character. Below the unigram stands the uniform guess 1 / symbols.

    Args:
        codes: the text to learn from, integers from 0 to symbols − 1.
        order: n; 0 is the uniform guess, 1 the unigram.
        symbols: size of the alphabet.

    Raises:
        SettingError: an order below 0 or one whose contexts do not fit into 63 bits; or codes that are no such
            integers.

    >>> model = tg.training.NGram(np.array([0, 1, 0, 1, 0, 1]), order=2, symbols=2)
    >>> model.probabilities(np.array([0, 1, 0]))
    array([0.5       , 0.875     , 0.83333333])
    """

    def __init__(self, codes: Array, order: int, symbols: int) -> None:
        if order < 0 or symbols < 1 or symbols**order >= 2**63:
            raise SettingError(f"there is no n-gram model of order {order} over {symbols} symbols")
        self.order = order
        self.symbols = symbols
        self._require_codes(codes)
        self._counts = [np.unique(self._grams(codes, n), return_counts=True) for n in range(1, order + 1)]

    def probabilities(self, codes: Array) -> Array:
        """The probability of each character of a text, given those before it in this text.

        Raises:
            SettingError: codes that are no integers from 0 to symbols − 1.
        """
        self._require_codes(codes)
        probabilities = np.full(len(codes), 1 / self.symbols)
        for n, (grams, counts) in enumerate(self._counts, start=1):
            contexts, first = np.unique(grams // self.symbols, return_index=True)
            sums = np.add.reduceat(counts, first)
            different = np.diff([*first, len(grams)])
            wanted = self._grams(codes, n)
            seen = _look_up(grams, counts, wanted)
            before = _look_up(contexts, sums, wanted // self.symbols)
            kinds = _look_up(contexts, different, wanted // self.symbols)
            lower = probabilities[n - 1 :]
            known = before > 0
            lower[known] = (seen + kinds * lower)[known] / (before + kinds)[known]
        return probabilities

    def nats(self, codes: Array) -> float:
        """The mean of −ln p over a text's characters."""
        return float(-np.log(self.probabilities(codes)).mean())

    def _require_codes(self, codes: Array) -> None:
        if codes.dtype.kind not in "iu" or (codes.size and not (0 <= codes.min() and codes.max() < self.symbols)):
            raise SettingError(f"codes are integers from 0 to {self.symbols - 1}; got {codes.dtype} {codes}")

    def _grams(self, codes: Array, n: int) -> Array:
        """Every n characters in a row as one number, in the text's order."""
        count = max(len(codes) - n + 1, 0)
        grams = np.zeros(count, np.int64)
        for position in range(n):
            grams = grams * self.symbols + codes[position : position + count]
        return grams


def _look_up(keys: Array, values: Array, wanted: Array) -> Array:
    """The values of the wanted keys, which are sorted; 0 for those that there are not."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Array = np.where(keys[places] == wanted, values[places], 0)
    return found
