"""Loaded by the process that makes copies of itself for jobs, and by no other: it ends with its parent."""

import os

from psqe.study.book.lifeline import end_with_parent

# It would take seconds to end by itself, because it has loaded many libraries.
end_with_parent(os.getppid())
