"""Similarities in blocks: nearest neighbours, CSLS, Sinkhorn, approximate search."""
