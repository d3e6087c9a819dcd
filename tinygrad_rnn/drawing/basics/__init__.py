"""What all stages of a drawing use: geometry, text, and the statements, colours and scales that DOT is written in."""
