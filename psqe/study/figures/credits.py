"""The line below pictures of others: which pictures they are, whose, and under which licence."""

from __future__ import annotations

from dataclasses import dataclass

from psqe.datasets import check_task_name, is_named
from psqe.datasets.licences import Kind, Part, parts_of


@dataclass(frozen=True)
class Credits:
    """A line of Markdown, which a notebook shows as text of the page.

    Parameters
    ----------
    markdown
        The line.

    Examples
    --------
    >>> Credits("*Nobody's.*")._repr_markdown_()
    "*Nobody's.*"
    """

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown


def credits(task: str) -> Credits:
    """Name the authors and the licences of the pictures and the texts that a page shows of a task.

    Every page that shows pictures of entities has this line below them.

    Parameters
    ----------
    task
        The name of a task, or a folder, as :func:`psqe.load_task` takes it.

    Returns
    -------
    Credits
        The line. Of pairs that do not come with packages, psqe knows no authors; the line then says where the
        pictures are from.

    Raises
    ------
    ParameterError
        If there is no such task and no such folder.
    DataError
        If the task is a benchmark whose files are missing.

    Examples
    --------
    >>> print(credits("han/words").markdown.partition(",")[0])
    *Left words: [JMdict](https://www.edrdg.org/edrdg/licence.html)
    """
    check_task_name(task)
    parts = [part for part in parts_of(task) if part.kind is not Kind.FACTS]
    if not parts:
        where = f"the benchmark {task}" if is_named(task) else "the folder that this page was computed from"
        return Credits(f"*Pictures and texts belong to the authors of {where}.*")
    pictured = any(part.kind is Kind.PICTURES for part in parts)
    sentences = [_sentence(part) for part in parts]
    if pictured:
        sentences.append("Pictures are cut or resized here, and stay under these licences.")
    return Credits(f"*{' '.join(sentences)}*")


def _sentence(part: Part) -> str:
    """Say what a part is and whose, in one sentence."""
    title = f"{part.side} {part.what}" if part.side else part.what
    return f"{title[0].upper()}{title[1:]}: {'; '.join(work.linked_credit for work in part.works)}."
