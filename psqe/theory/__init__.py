"""The theory of pseudo-seeds in closed form, as the book states it in its propositions P1 to P6."""
