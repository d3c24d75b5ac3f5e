"""The study above the library: experiments, their store, tables and figures, the notebooks and the book."""
