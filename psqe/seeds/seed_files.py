"""Readers of seed files, which :meth:`psqe.seeds.SeedSet.load` uses."""

from __future__ import annotations

import codecs
import csv
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from psqe.datasets.faults import Faults
from psqe.datasets.spelling import Spellings
from psqe.datasets.tables.forms import FORMS, header_columns, plain_word
from psqe.datasets.tables.reading import read_columns
from psqe.errors import DataError, PsqeWarning
from psqe.files import open_file
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray, counted

READABLE = "name a file that exists and that you may read"
IDS = "save one row for each seed, with the ids that the data give its left and its right entity"


@dataclass(frozen=True, slots=True)
class _Row:
    """One seed as a file names it."""

    line: int
    left: str
    right: str
    score: str = ""
    stage: str = ""


def read_tsv(path: Path, task: AlignmentTask) -> tuple[IntArray, FloatArray, tuple[str, ...]]:
    """Read a table with the columns ``left`` and ``right`` and, if they are there, ``score`` and ``stage``.

    A table with tabs and these names in its first line is read as it stands. Another one is read in the form
    that it has: with commas, with quotes, with other words for the columns, or without a header. A table
    whose left column names right entities, and the right one left entities, is read that way, with a warning.

    Returns
    -------
    Entity indices ``(n, 2)``, scores ``(n,)`` (0 without the column) and stages (``given`` without the
    column).

    Raises
    ------
    DataError
        If the file cannot be read, a line is malformed, or an entity is unknown, no candidate, or in two
        seeds.

    Warns
    -----
    PsqeWarning
        If the columns name the entities of the other side, or the file has an unusual form.
    """
    try:
        rows = _rows(path, task)
    except OSError as error:
        raise DataError(f"seeds cannot be read ({error.strerror})", path=path, remedy=READABLE) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"seeds cannot be read ({error})", path=path, remedy="give UTF-8 text") from error
    rows = _in_order(rows, path, task)
    indices = task.sides.map(lambda graph: graph.index())
    candidates = task.sides.map(lambda graph: frozenset(graph.candidates.tolist()))
    seen: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for row in rows:
        ends = []
        for side, entity, used in zip(SIDES, (row.left, row.right), seen, strict=True):
            index = indices[side].get(entity)
            if index is None:
                raise DataError(
                    f"{entity!r} is no {side} entity of {task.name}"
                    f"{Spellings(task.sides[side].entities).hint(entity)}", path=path, line=row.line,
                    remedy="use the identifiers of the data",
                )  # fmt: skip
            if index not in candidates[side]:
                raise DataError(
                    f"{entity!r} is no candidate of the {side} graph, so it can get no link", path=path,
                    line=row.line, remedy="delete this seed",
                )  # fmt: skip
            if index in used:
                raise DataError(
                    f"{entity!r} is in two seeds", path=path, line=row.line, remedy="keep the better of them"
                )
            used.add(index)
            ends.append(index)
        pairs.append(ends)
    scores = [_score(row, path) for row in rows]
    stages = tuple(row.stage or "given" for row in rows)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(scores, dtype=np.float32), stages


def _rows(path: Path, task: AlignmentTask) -> list[_Row]:
    """Read a plain table with tabs; leave a table of another form to :func:`_rows_of_any_form`."""
    with open_file(path) as stream:
        marked = stream.read(4).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if marked:
        return list(_rows_of_any_form(path, task))
    found = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        columns = reader.fieldnames or ()
        if not {"left", "right"} <= set(columns):
            return list(_rows_of_any_form(path, task))
        for row in reader:
            if None in row or None in row.values():
                raise DataError(
                    f"expected {len(columns)} columns", path=path, line=reader.line_num,
                    remedy="write as many as the header has, with a tab between them",
                )  # fmt: skip
            found.append(
                _Row(reader.line_num, row["left"], row["right"], row.get("score", ""), row.get("stage", ""))
            )
    return found


def _rows_of_any_form(path: Path, task: AlignmentTask) -> Iterator[_Row]:
    """Yield the rows of a table of any form, by its header, or as left and right where it has none."""
    faults = Faults()
    places: dict[str, int] = {}
    for line, cells in read_columns(path, faults):
        if not places:
            header = [plain_word(cell) for cell in cells]
            columns = header_columns(FORMS["links"], cells)
            without_header = columns is None and len(cells) == 2 and _are_known(cells, task)
            if columns is None and not without_header:
                break
            places = dict(zip(SIDES, columns or (0, 1), strict=True))
            places |= {word: header.index(word) for word in ("score", "stage") if word in header}
            if not without_header:
                continue
        yield _Row(line, **{name: cells[place].strip() for name, place in places.items()})
    faults.close()
    if not places:
        raise DataError(
            "no header with the columns left and right", path=path, line=1,
            remedy="write left<TAB>right<TAB>score<TAB>stage",
        )  # fmt: skip


def _are_known(cells: Sequence[str], task: AlignmentTask) -> bool:
    """Return whether two cells are entities of the two graphs, in either order."""
    left, right = (graph.index() for graph in task.sides)
    first, second = (cell.strip() for cell in cells)
    return (first in left and second in right) or (first in right and second in left)


def _in_order(rows: list[_Row], path: Path, task: AlignmentTask) -> list[_Row]:
    """Exchange the columns of a table of which all rows name the right entity first."""
    left, right = (graph.index() for graph in task.sides)
    if not rows or any(row.left in left and row.right in right for row in rows):
        return rows
    if not all(row.left in right and row.right in left for row in rows):
        return rows
    warnings.warn(
        f"{path}: names the right entity first in {'all ' if len(rows) > 1 else ''}"
        f"{counted(len(rows), 'seed')}, and is read that way; exchange the columns",
        PsqeWarning,
        stacklevel=2,
    )
    return [replace(row, left=row.right, right=row.left) for row in rows]


def _score(row: _Row, path: Path) -> float:
    try:
        score = float(row.score or 0.0)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise DataError(
            f"{row.score!r} is no finite number", path=path, line=row.line, remedy="correct the score"
        )
    return score


def read_npy(path: Path, task: AlignmentTask) -> IntArray:
    """Read an integer array ``(n, 2)`` of the data's own ids.

    Returns
    -------
    Entity indices ``(n, 2)``.

    Raises
    ------
    DataError
        If the file cannot be read, is no such array, names an unknown entity, or names an entity twice.
    """
    try:
        with open_file(path) as stream:
            ids = np.lib.format.read_array(stream, allow_pickle=False)
    except OSError as error:
        raise DataError(f"seeds cannot be read ({error.strerror})", path=path, remedy=READABLE) from error
    except Exception as error:  # a broken header raises several kinds
        raise DataError(
            f"seeds cannot be read ({error})", path=path, remedy="save them with numpy.save"
        ) from error
    if ids.ndim != 2 or ids.shape[1] != 2 or ids.dtype.kind not in "iu":
        raise DataError(f"expected integers (n, 2), found {ids.dtype} {ids.shape}", path=path, remedy=IDS)
    columns = []
    for column, graph in zip(ids.T, task.sides, strict=True):
        index = {int(i): position for position, i in enumerate(graph.ids)}
        unknown = [int(i) for i in column if int(i) not in index]
        if unknown:
            raise DataError(f"id {unknown[0]} is no entity of graph {graph.name!r}", path=path, remedy=IDS)
        values, counts = np.unique(column, return_counts=True)
        if (counts > 1).any():
            raise DataError(
                f"id {values[counts > 1][0]} of graph {graph.name!r} is in two seeds", path=path,
                remedy="keep the better of them",
            )  # fmt: skip
        columns.append([index[int(i)] for i in column])
    return np.array(columns, dtype=np.int64).T.reshape(-1, 2)
