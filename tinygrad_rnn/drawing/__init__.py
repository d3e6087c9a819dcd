"""A graph as a picture: what to show, where, as DOT, painted by Graphviz."""

from tinygrad_rnn.drawing.diagram import Diagram
from tinygrad_rnn.drawing.picture import draw
from tinygrad_rnn.drawing.plots import gradient_flow, states_and_weights

__all__ = ["Diagram", "draw", "gradient_flow", "states_and_weights"]
