"""What can be asked of nodes: their order, their time steps, and how they hang together."""

from tinygrad_rnn.graph.graph import Edge, Graph, Nodes
from tinygrad_rnn.graph.order import dependents, topological_order

__all__ = ["Edge", "Graph", "Nodes", "dependents", "topological_order"]
