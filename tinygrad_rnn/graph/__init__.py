"""What can be asked of nodes: their order, their time steps, and how they hang together."""

from tinygrad_rnn.graph.graph import Graph
from tinygrad_rnn.graph.nodes import Edge, Nodes
from tinygrad_rnn.graph.order import dependencies, dependents, topological_order
from tinygrad_rnn.graph.reckoning import reckon, with_origins
from tinygrad_rnn.graph.roles import shared_nodes
from tinygrad_rnn.graph.rolled import Role, Rolled, RolledEdge

__all__ = [
    "Edge", "Graph", "Nodes", "Role", "Rolled", "RolledEdge", "dependencies", "dependents", "reckon",
    "shared_nodes", "topological_order", "with_origins",
]  # fmt: skip
