"""Material for a course, made from the pages of the book: the lab's checks and notebooks, and slides."""

from psqe.study.teaching.checks import UnsolvedError, check, needs

__all__ = ["UnsolvedError", "check", "needs"]
