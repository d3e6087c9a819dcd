"""The training loop, and when it is left."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.training import EarlyStopping, train


def test_every_item_is_one_update_of_a_graph_built_anew():
    w = tg.parameter([3.0, 4.0])
    built = []

    def build_loss():
        built.append(w.data)
        return tg.square(w).sum()

    losses = list(itertools.islice(train(tg.SGD([w], lr=0.25), build_loss), 3))
    assert losses == [25.0, 6.25, 1.5625]
    np.testing.assert_allclose(built, [[3, 4], [1.5, 2], [0.75, 1]])
    np.testing.assert_allclose(w.data, [0.375, 0.5])


def test_nothing_happens_before_it_is_asked_for():
    updates = train(tg.SGD([tg.parameter(1.0)], lr=1), lambda: pytest.fail("too early"))
    assert iter(updates) is updates


def test_the_gradient_is_clipped_on_request():
    w = tg.parameter([3.0, 4.0])
    next(train(tg.SGD([w], lr=1), lambda: tg.square(w).sum(), max_norm=1.0))
    np.testing.assert_allclose(w.data, [3 - 0.6, 4 - 0.8])


def test_early_stopping_goes_back_to_the_lowest_score():
    stopping = EarlyStopping(patience=3)
    scores = [5.0, 4.0, 4.0, 3.0, 3.5, 3.0, 9.0, 0.0]
    over = [stopping.is_over(epoch, score) for epoch, score in enumerate(scores[:-1], start=1)]
    assert over == [False] * 6 + [True]
    assert (stopping.best_epoch, stopping.best_score) == (4, 3.0)


def test_early_stopping_counts_epochs_however_often_it_looks():
    stopping = EarlyStopping(patience=10)
    assert [stopping.is_over(epoch, 1.0) for epoch in (5, 10, 15)] == [False, False, True]


def test_a_score_that_is_not_a_number_is_never_the_best():
    stopping = EarlyStopping(patience=2)
    assert [stopping.is_over(epoch, math.nan) for epoch in (1, 2)] == [False, True]
    assert stopping.best_epoch == 0


def test_patience_is_at_least_one():
    for patience in (0, 1.5, "1"):
        with pytest.raises(tg.SettingError, match="patience is a whole number from 1"):
            EarlyStopping(patience)
