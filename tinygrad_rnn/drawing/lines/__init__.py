"""The third stage: how lines run, within a time step and between steps."""
