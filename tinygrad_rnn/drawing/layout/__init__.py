"""The second stage: where marks stand. One time step is laid out, and repeated for all."""
