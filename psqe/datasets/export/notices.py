"""The licences of a pair that comes with packages, for the file ``NOTICE.txt`` of its export."""

from __future__ import annotations

import textwrap

from psqe.datasets.licences import Kind, parts_of

WIDTH = 110
"""The largest number of characters of a line."""


def notice(task_name: str, *, with_pictures: bool) -> str:
    """Write whose works an exported pair is made of, and under which licences.

    Parameters
    ----------
    task_name
        The name of a task, such as ``emoji/en-fr``.
    with_pictures
        Whether the export has the files of the pictures, and not only vectors of them.

    Returns
    -------
    The text of the notice; empty for a pair that does not come with packages.

    Examples
    --------
    >>> print(notice("han/words", with_pictures=False).splitlines()[0])
    The entities and texts of this folder are those of han/words of psqe. They belong to others:
    """
    parts = parts_of(task_name)
    if not parts:
        return ""
    shown = [part for part in parts if part.kind is Kind.PICTURES]
    what = "entities, texts and pictures" if shown and with_pictures else "entities and texts"
    lines = [f"The {what} of this folder are those of {task_name} of psqe. They belong to others:", ""]
    for part in parts:
        title = part.title[0].upper() + part.title[1:]
        if part in shown and not with_pictures:
            title += ", of which this folder has vectors at most"
        works = "; ".join(
            ", ".join(filter(None, (work.credit, work.address, work.note, work.source)))
            for work in part.works
        )
        lines += textwrap.wrap(
            f"{title}: {works}",
            WIDTH,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines) + "\n"
