"""Training: optimisers, clipping, and data."""

from tinygrad_rnn.training.optimisers import SGD, Adam, Optimiser, clip_grad_norm

__all__ = ["SGD", "Adam", "Optimiser", "clip_grad_norm"]
