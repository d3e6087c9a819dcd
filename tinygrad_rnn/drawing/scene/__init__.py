"""The first stage: what is shown of a graph, as marks and links, and what is written on them."""
