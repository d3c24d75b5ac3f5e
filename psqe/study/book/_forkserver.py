"""Lets the fork server, of which every job is a copy, end with its parent. No other process loads this."""

import os

from psqe.study.book.lifeline import end_with_parent

# It would take seconds to end by itself, because it has loaded many libraries.
end_with_parent(os.getppid())
