"""From notebooks to the book: the runner, the study, the results store and the book's build."""

from psqe.study.book.build import build_book
from psqe.study.book.parameters import parse_assignments
from psqe.study.book.pipeline import prepare, study
from psqe.study.book.runner import PROFILES, notebook_parameters, notebook_values, run_notebook

__all__ = [
    "PROFILES",
    "build_book",
    "notebook_parameters",
    "notebook_values",
    "parse_assignments",
    "prepare",
    "run_notebook",
    "study",
]
