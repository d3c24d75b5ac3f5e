"""The command line: ``psqe``."""
