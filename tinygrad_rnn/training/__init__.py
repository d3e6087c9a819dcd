"""Training: optimisers, clipping, the training loop, and data."""

from tinygrad_rnn.training.autoregression import forecast_linearly
from tinygrad_rnn.training.loop import EarlyStopping, train
from tinygrad_rnn.training.optimisers import SGD, Adam, Optimiser, clip_grad_norm
from tinygrad_rnn.training.sunspots import load_sunspots

__all__ = [
    "SGD", "Adam", "EarlyStopping", "Optimiser", "clip_grad_norm", "forecast_linearly", "load_sunspots", "train",
]  # fmt: skip
