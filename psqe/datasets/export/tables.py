"""What the writers of all layouts need: rows of text, splits of links, pictures, and licences."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from psqe.datasets.export.notices import notice
from psqe.errors import DataError
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph, Sides, counted, in_number, positions

LINE_BREAKS = re.compile(r"[\t\n\r]")
"""The characters that end a cell or a line in at least one of the programs that read such tables."""


def write_rows(path: Path, rows: Iterable[Sequence[object]], *, header: Sequence[str] = ()) -> bool:
    """Write rows as tab-separated lines of UTF-8 text.

    Parameters
    ----------
    path
        The file. The folders above it are made.
    rows
        The cells of each row. Without any row there is no file.
    header
        The names of the columns; empty, the default, for a file without a header.

    Returns
    -------
    bool
        Whether there was a row, and so there is a file.
    """
    lines = ["\t".join(map(str, cells)) for cells in rows]
    if not lines:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    first = ["\t".join(header)] if header else []
    path.write_text("\n".join([*first, *lines]) + "\n", encoding="utf-8", newline="\n")
    return True


def write_table(path: Path, rows: Iterable[Sequence[str]], header: Sequence[str]) -> None:
    """Write a table with a header, its cells in double quotes if any cell needs them.

    Parameters
    ----------
    path
        The file, which must end in ``.tsv``. The folders above it are made.
    rows
        The cells of each row. Without any row there is no file.
    header
        The names of the columns.
    """
    table = [list(cells) for cells in rows]
    if not any(re.search(r'["\t\n\r]', cell) for cells in table for cell in cells):
        write_rows(path, table, header=header)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([header, *table])


def check_identifiers(task: AlignmentTask, layout: str) -> None:
    """Check that identifiers and relations fit into cells of tables.

    Raises
    ------
    DataError
        If one is empty, has blanks around it, or has a tab or a line break.
    """
    for graph in task.sides:
        for what, texts in (("identifier", graph.entities), ("relation", graph.relations)):
            for text in texts:
                if not text.strip() or text != text.strip() or LINE_BREAKS.search(text):
                    raise DataError(
                        f"the layout {layout} cannot hold the {what} {text!r:.80} of graph {graph.name!r}, "
                        "which is blank, begins or ends with a blank, or has a tab or a line break",
                        remedy="rename it in the data, or export to the layout rdf",
                    )


def one_line(text: str) -> str:
    r"""Return a text with a blank in place of each run of tabs and line breaks.

    Examples
    --------
    >>> one_line("first\n\tsecond")
    'first second'
    """
    return re.sub(f"{LINE_BREAKS.pattern}+", " ", text).strip() if LINE_BREAKS.search(text) else text


def links_by_identifier(task: AlignmentTask) -> list[tuple[int, int]]:
    """Return the gold links as pairs of indices, in the order of the identifiers; none without links."""
    links = [] if task.links is None else [(left, right) for left, right in task.links.tolist()]
    return sorted(links, key=lambda link: (task.left.entities[link[0]], task.right.entities[link[1]]))


def drawn(n: int, random_state: int) -> IntArray:
    """Return ``0 .. n - 1`` in random order."""
    return np.random.default_rng(random_state).permutation(n).astype(np.int64)


def keep_entities(task: AlignmentTask, kept: Sides[IntArray], held: str, notes: list[str]) -> AlignmentTask:
    """Return the task with some of its entities, and note how many entities and links that costs.

    Parameters
    ----------
    task
        The task.
    kept
        Indices of the entities to keep, in order.
    held
        Which entities the layout holds, as the end of a sentence that begins with "holds only".
    notes
        Receives one sentence for each side that loses entities.
    """
    smaller = task.take(*kept)
    for side, graph, indices in zip(("left", "right"), task.sides, kept, strict=True):
        lost = np.flatnonzero(positions(indices, graph.n_entities) < 0)
        if len(lost):
            example = graph.entities[lost[0]]
            verb = in_number(len(lost), "is")
            notes.append(
                f"{side}: {counted(len(lost), 'entity')} {verb} left out, for example {example!r}: the "
                f"layout holds only {held}"
            )
    before, after = (0 if links is None else len(links) for links in (task.links, smaller.links))
    if before > after:
        n = before - after
        notes.append(f"{counted(n, 'gold link')} of these entities {in_number(n, 'is')} left out")
    return smaller


def note_equal_identifiers(task: AlignmentTask, notes: list[str]) -> None:
    """Note how many gold links join equal identifiers, which matters where identifiers become names."""
    links = links_by_identifier(task)
    equal = [left for left, right in links if task.left.entities[left] == task.right.entities[right]]
    if equal:
        notes.append(
            f"{counted(len(equal), 'gold link')} of {len(links):,} join equal identifiers, for example "
            f"{task.left.entities[equal[0]]!r:.80}; psqe takes names from identifiers here, so do not "
            "compare by the modality name"
        )


def copy_images(graph: KnowledgeGraph, folder: Path, relative: str) -> dict[int, str]:
    """Copy the pictures of a graph, each of them once.

    Parameters
    ----------
    graph
        The graph.
    folder
        The folder that paths are relative to.
    relative
        The folder for the pictures, relative to ``folder``.

    Returns
    -------
    dict
        The path of the picture of each entity, relative to ``folder``, by index.

    Raises
    ------
    DataError
        If a picture cannot be read.
    """
    places: dict[Path, str] = {}
    taken: set[str] = set()
    for source in sorted({path for path in graph.images if path is not None}):
        stem = re.sub(r"[^\w.-]", "-", source.stem).strip(".") or "image"
        name, number = f"{stem}{source.suffix}", 2
        while name.lower() in taken:
            name, number = f"{stem}-{number}{source.suffix}", number + 1
        taken.add(name.lower())
        places[source] = f"{relative}/{name}"
        copy = folder / relative / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            content = source.open("rb")
        except OSError as error:
            raise DataError(
                f"the image cannot be read ({error.strerror})",
                path=source,
                remedy="put the image there, or leave the entity without one",
            ) from error
        with content, copy.open("wb") as out:
            shutil.copyfileobj(content, out)
    return {i: places[path] for i, path in enumerate(graph.images) if path is not None}


def write_notice(task: AlignmentTask, folder: Path, layout: str) -> None:
    """Write ``NOTICE.txt`` with the licences of a pair that comes with packages; no other pair has one."""
    text = notice(task.name, with_pictures=layout in ("folder", "rdf"))
    if text:
        (folder / "NOTICE.txt").write_text(text, encoding="utf-8")


def without_images(graph: KnowledgeGraph) -> KnowledgeGraph:
    """Return a graph without its pictures."""
    return replace(graph, images=())
