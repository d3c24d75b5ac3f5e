"""The layouts that an alignment task can be written in: one module for each."""
