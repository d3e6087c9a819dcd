"""Networks: parameters, equations and losses, unrolled into graphs; never a backward pass of their own."""

from tinygrad_rnn.nn.elman import ElmanRNN, Run
from tinygrad_rnn.nn.losses import cross_entropy, squared_error
from tinygrad_rnn.nn.notations import NOTATIONS, Notation

__all__ = ["NOTATIONS", "ElmanRNN", "Notation", "Run", "cross_entropy", "squared_error"]
