"""The training loop, and when to leave it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from tinygrad_rnn.nn.settings import require_sizes
from tinygrad_rnn.node import Tensor
from tinygrad_rnn.training.clipping import clip_grad_norm
from tinygrad_rnn.training.optimisers import Optimiser


def train(optimiser: Optimiser, build_loss: Callable[[], Tensor], max_norm: float | None = None) -> Iterator[float]:
    """Train for as long as the caller goes on asking: every item is one update.

    Args:
        optimiser: holds the parameters, and gives them their next values.
        build_loss: builds the graph anew and returns its loss; called once an update.
        max_norm: clip the gradient to this norm, all parameters taken together; None leaves it as it is.

    Yields:
        The loss before the update.

    >>> w = tg.parameter(1.0)
    >>> updates = tg.training.train(tg.SGD([w], lr=0.25), lambda: tg.square(w))
    >>> [next(updates) for _ in range(3)]
    [1.0, 0.25, 0.0625]
    """
    while True:
        optimiser.zero_grad()
        loss = build_loss()
        loss.backward()
        if max_norm is not None:
            clip_grad_norm(optimiser.parameters, max_norm)
        optimiser.step()
        yield float(loss.item())


class EarlyStopping:
    """Remembers when a score was lowest, and says when it has not fallen for too long.

    Args:
        patience: so many epochs without a lower score are enough.

    Attributes:
        best_epoch: the epoch of the lowest score; 0 before any.
        best_score: that score; infinite before any.

    Raises:
        SettingError: the patience is not a whole number from 1.

    >>> stopping = tg.training.EarlyStopping(patience=2)
    >>> [stopping.is_over(epoch, score) for epoch, score in enumerate([3.0, 1.0, 2.0, 2.0], start=1)]
    [False, False, False, True]
    >>> stopping.best_epoch
    2
    """

    def __init__(self, patience: int) -> None:
        require_sizes(patience=patience)
        self.patience = patience
        self.best_epoch = 0
        self.best_score = math.inf

    def is_over(self, epoch: int, score: float) -> bool:
        """Take note of an epoch's score; true once `patience` epochs have passed since the lowest."""
        if score < self.best_score:
            self.best_epoch, self.best_score = epoch, score
        return epoch - self.best_epoch >= self.patience
