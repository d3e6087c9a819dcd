"""Networks: parameters, equations and losses, unrolled into graphs; never a backward pass of their own."""

from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.cells import GRUCell, LSTMCell, RNNCell
from tinygrad_rnn.nn.elman import ElmanRNN, Run
from tinygrad_rnn.nn.exchange import load_state, save_state
from tinygrad_rnn.nn.layers import Dropout, Embedding, LayerNorm, Linear, Sequential
from tinygrad_rnn.nn.losses import binary_cross_entropy_with_logits, cross_entropy, squared_error
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.notations import NOTATIONS, Notation
from tinygrad_rnn.nn.recurrent import GRU, LSTM, RNN
from tinygrad_rnn.nn.unrolling import Unrolled, unroll

__all__ = [
    "GRU", "GRUCell", "LSTM", "LSTMCell", "NOTATIONS", "RNN", "RNNCell", "Dropout", "ElmanRNN", "Embedding",
    "LayerNorm", "Linear", "Module", "Notation", "Run", "Sequential", "Unrolled", "binary_cross_entropy_with_logits",
    "cross_entropy", "init", "load_state", "save_state", "squared_error", "unroll",
]  # fmt: skip
