"""The aligners: one module each, named as the aligner."""
