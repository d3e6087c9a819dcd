"""The fourth stage: what is laid over a drawing, as gradients and values are, and the legend that explains it."""
