"""Training: optimisers, clipping, schedules, the training loop, streams, run folders, and data."""

from tinygrad_rnn.training.autoregression import forecast_linearly
from tinygrad_rnn.training.clipping import clip_grad_norm, clip_grad_value
from tinygrad_rnn.training.loop import EarlyStopping, train
from tinygrad_rnn.training.optimisers import SGD, Adagrad, Adam, AdamW, Optimiser, RMSProp
from tinygrad_rnn.training.schedules import constant, cosine, step_decay, warm_up
from tinygrad_rnn.training.sunspots import load_sunspots

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "EarlyStopping", "Optimiser", "RMSProp", "clip_grad_norm", "clip_grad_value",
    "constant", "cosine", "forecast_linearly", "load_sunspots", "step_decay", "train", "warm_up",
]  # fmt: skip
