"""The theory of pseudo-seeds in closed form, as the book states it in its propositions.

P1 to P6 are about a single gradient step. Only P7 is about many steps, of linear encoders.
P8 and P9 are about no training at all: what seeds tell a closed form, and what a ranking is expected to find.
"""
