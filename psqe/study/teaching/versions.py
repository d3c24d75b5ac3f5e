"""The two notebooks of the lab, made from one source: the student's, and the one with the solutions.

The source marks the lines of a solution as nbgrader does::

    def nearest(cosines):
        ### BEGIN SOLUTION
        return cosines.argmax(axis=1)
        ### END SOLUTION

Answers to questions are in directives ``{dropdown} Answer``, which only the book can show. Cells with the
tag ``remove-cell`` compute numbers for answers; they are in neither notebook.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping

from nbformat import NotebookNode

from psqe.errors import PsqeError
from psqe.study.teaching.markdown import glued_numbers, glued_text

SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n(.*?)^[ \t]*### END SOLUTION$", re.MULTILINE | re.DOTALL)
"""The lines of a solution between their marks, in the source of a cell."""

ANSWER = re.compile(r"^```\{dropdown\} (\w+)\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL)
"""An answer or a solution in the text of a page, with its title."""

BOOK_ONLY = "book-only"
"""The tag of text that is true on the page of the book only."""

PAGE = re.compile(r"\{doc\}`/?(?:runs/)?([\w-]+)`")
"""A reference to another page."""

NUMBER = re.compile(r"\{glue:text\}`([^`:]+)(:[^`]*)?`")
"""A number that a cell has computed."""

HIDDEN = "remove-cell"
"""The tag of cells that compute numbers for the text, and are shown nowhere."""


def student_notebook(lab: NotebookNode, titles: Mapping[str, str]) -> NotebookNode:
    """Make the notebook that students get: solutions are replaced by three dots, and answers are left out.

    Text with the tag ``book-only`` is left out, too.

    Parameters
    ----------
    lab
        The cells of the lab.
    titles
        The titles of the pages of the book by name, which stand in for references.

    Returns
    -------
    nbformat.NotebookNode
        A notebook without outputs.

    Raises
    ------
    PsqeError
        If a cell has one of the two marks of a solution without the other, or the lab refers to an unknown
        page.
    """
    version = _version(lab, titles, stub, lambda found: "")
    for cell in version.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return version


def solution_notebook(lab: NotebookNode, titles: Mapping[str, str]) -> NotebookNode:
    """Make the notebook for teachers: with the solutions, and with the answers as ordinary text.

    Text with the tag ``book-only`` is left out.

    Parameters
    ----------
    lab, titles
        As for :func:`student_notebook`.

    Returns
    -------
    nbformat.NotebookNode
        A notebook with the outputs that the cells of the lab have. Numbers in answers are written out; where
        the lab was not run, dots stand for them.

    Raises
    ------
    PsqeError
        As for :func:`student_notebook`.
    """
    numbers = glued_numbers(lab)

    def written(found: re.Match[str]) -> str:
        return glued_text(numbers, found[1] + (found[2] or "")) if found[1] in numbers else "…"

    return _version(lab, titles, solved, lambda found: f"**{found[1]}.** {NUMBER.sub(written, found[2])}")


def stub(source: str) -> str:
    r"""Replace the lines of each solution in a cell by three dots.

    Parameters
    ----------
    source
        The source of the cell.

    Examples
    --------
    >>> print(stub("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"))
    def f(x):
        ...  # write 1 line
    """

    def dots(found: re.Match[str]) -> str:
        n = sum(bool(line.strip()) for line in found[2].splitlines())
        return f"{found[1]}...  # write {n} line{'s' * (n > 1)}"

    return SOLUTION.sub(dots, source)


def solved(source: str) -> str:
    r"""Remove the marks of solutions from a cell.

    Parameters
    ----------
    source
        The source of the cell.

    Examples
    --------
    >>> print(solved("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"))
    def f(x):
        return x
    """
    return SOLUTION.sub(lambda found: found[2].rstrip("\n"), source)


def _version(
    lab: NotebookNode,
    titles: Mapping[str, str],
    code: Callable[[str], str],
    answer: Callable[[re.Match[str]], str],
) -> NotebookNode:
    """Make one of the versions: what becomes of code and of answers is given."""
    version = copy.deepcopy(lab)
    version.cells = [cell for cell in version.cells if HIDDEN not in cell.metadata.get("tags", [])]
    version.metadata = {"kernelspec": lab.metadata["kernelspec"]}
    version.cells = [cell for cell in version.cells if BOOK_ONLY not in cell.metadata.get("tags", [])]
    for number, cell in enumerate(version.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.source = code(cell.source)
            if re.search("### (BEGIN|END) SOLUTION", cell.source):
                first = cell.source.splitlines()[0]
                raise PsqeError(
                    f"the cell {first!r} has a mark of a solution without the other",
                    remedy="write ### BEGIN SOLUTION before and ### END SOLUTION after the solution",
                )
        else:
            cell.source = _named(ANSWER.sub(answer, cell.source), titles).strip()
    version.cells = [cell for cell in version.cells if cell.source]
    version["nbformat"], version["nbformat_minor"] = 4, 5
    return version


def _named(text: str, titles: Mapping[str, str]) -> str:
    """Write the title of a page in the place of each reference to it."""

    def title(found: re.Match[str]) -> str:
        if found[1] not in titles:
            raise PsqeError(f"the lab refers to {found[1]!r}, which is no page of the book")
        return f"*{titles[found[1]]}*"

    return PAGE.sub(title, text)
