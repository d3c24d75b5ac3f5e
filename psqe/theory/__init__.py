"""The theory of pseudo-seeds in closed form: what the book states, proves and checks."""
