"""Training: optimisers, clipping, schedules, the training loop, streams, run folders, and data."""

from tinygrad_rnn.training.autoregression import forecast_linearly
from tinygrad_rnn.training.clipping import clip_grad_norm, clip_grad_value
from tinygrad_rnn.training.loop import EarlyStopping, train
from tinygrad_rnn.training.ngram import NGram
from tinygrad_rnn.training.optimisers import SGD, Adagrad, Adam, AdamW, Optimiser, RMSProp
from tinygrad_rnn.training.schedules import constant, cosine, step_decay, warm_up
from tinygrad_rnn.training.streams import parallel_streams, windows
from tinygrad_rnn.training.sunspots import load_sunspots
from tinygrad_rnn.training.tasks import adding_problem, copy_memory, memoryless_nats
from tinygrad_rnn.training.truncated import TruncatedBPTT

__all__ = [
    "Adagrad", "Adam", "AdamW", "EarlyStopping", "NGram", "Optimiser", "RMSProp", "SGD", "TruncatedBPTT",
    "adding_problem", "clip_grad_norm", "clip_grad_value", "constant", "copy_memory", "cosine", "forecast_linearly",
    "load_sunspots", "memoryless_nats", "parallel_streams", "step_decay", "train", "warm_up", "windows",
]  # fmt: skip
