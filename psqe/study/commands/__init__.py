"""The commands that the study adds to ``psqe``, registered by entry points of the group ``psqe.commands``."""
