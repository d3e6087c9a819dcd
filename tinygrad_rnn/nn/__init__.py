"""Networks: parameters, equations and losses, unrolled into graphs; never a backward pass of their own."""

from tinygrad_rnn.nn.elman import NOTATIONS, ElmanRNN, Notation, Run
from tinygrad_rnn.nn.losses import cross_entropy, squared_error

__all__ = ["NOTATIONS", "ElmanRNN", "Notation", "Run", "cross_entropy", "squared_error"]
