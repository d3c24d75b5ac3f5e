"""Files that hold gold links by their content, whatever they are called, and that are not read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, permutations
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.labels import bare
from psqe.datasets.link_names import is_like_link_name, is_link_name
from psqe.datasets.own_outputs import is_own_output
from psqe.files import open_file
from psqe.graph import KnowledgeGraph
from psqe.identifiers import composed

ROWS, SEVERAL = 200, 3
"""Number of rows of a file that are looked at, and of those that must name an entity of each side."""

MOST = 0.5
"""Share of the rows that must name an entity of each side."""

FILES = 200
"""Number of files of a folder that are looked at."""

_ENDINGS = (".tsv", ".csv", ".txt", ".tab", ".psv", ".dat", ".md", "")
_SEEDS = ("seed", "prediction", "predicted")
"""Beginnings of the names of files that hold other links than true ones."""


def tell_unread_links(
    folder: Path, left: KnowledgeGraph, right: KnowledgeGraph, faults: Faults, *, sides: Sequence[Path] = ()
) -> None:
    """Tell that tables in the folder of a pair, or in a subfolder, name entities of both sides in each row.

    Parameters
    ----------
    folder
        The folder of the pair, in which no file of gold links was found.
    left, right
        The two graphs.
    faults
        Receives the files. Outputs of psqe, files that are called seeds, and files whose name was told
        already are none of them.
    sides
        The subfolders of the two sides, which are not looked at.
    """
    known = _is_in(left), _is_in(right)
    for path in islice(_files(folder, sides), FILES):
        if _are_links(path, *known):
            faults.leave_out(
                f"{str(path.relative_to(folder))!r} names an entity of each side in most rows, so that it "
                "may hold gold links, but is not read",
                path=folder,
                remedy="put all gold links into one file links.tsv in the folder, or move the file elsewhere",
                kind="file",
            )


def _is_in(graph: KnowledgeGraph) -> Callable[[str], bool]:
    entities = frozenset(map(composed, graph.entities))
    return lambda cell: composed(cell) in entities


def _files(folder: Path, sides: Sequence[Path]) -> Iterator[Path]:
    """Yield the tables of text in a folder and its subfolders that no other message is about."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink() and path not in sides:
            for inside in sorted(path.iterdir()):
                if _is_table(inside):
                    yield inside
        elif _is_table(path) and not is_like_link_name(path.name) and not is_link_name(path.name):
            yield path


def _is_table(path: Path) -> bool:
    return (
        path.suffix.lower() in _ENDINGS
        and not path.name.lower().startswith((".", *_SEEDS))
        and path.is_file()
        and not is_own_output(path)
    )


def _are_links(path: Path, in_left: Callable[[str], bool], in_right: Callable[[str], bool]) -> bool:
    """Return whether two columns of a file have entities of the two sides in most rows."""
    try:
        with open_file(path) as stream:
            lines = [line[:2000] for line in islice(iter(lambda: stream.readline(1 << 16), b""), ROWS)]
    except OSError:
        return False
    texts = [text for line in lines if (text := line.decode("utf-8-sig", "replace").strip())]
    for separator in "\t,;| ":
        rows = [[_plain(cell) for cell in cells] for cells in _split(texts, separator)]
        width = min(max(map(len, rows), default=0), 6)
        for one, two in permutations(range(width), 2):
            n = sum(len(row) > max(one, two) and in_left(row[one]) and in_right(row[two]) for row in rows)
            if n >= max(SEVERAL, MOST * len(rows)):
                return True
    return False


def _split(texts: list[str], separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(texts, delimiter=separator))
    except csv.Error:
        return []


def _plain(cell: str) -> str:
    cell = cell.strip().strip("'`")
    return bare(cell) or cell
