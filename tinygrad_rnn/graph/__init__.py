"""What can be asked of nodes: their order, their time steps, and how they hang together."""

from tinygrad_rnn.graph.graph import Edge, Graph, Nodes
from tinygrad_rnn.graph.order import dependents, topological_order
from tinygrad_rnn.graph.roles import find_roles, shared_nodes

__all__ = ["Edge", "Graph", "Nodes", "dependents", "find_roles", "shared_nodes", "topological_order"]
