"""Readers of seed files, which :meth:`psqe.seeds.SeedSet.load` uses."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from psqe.errors import DataError
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray

READABLE = "name a file that exists and that you may read"
IDS = "save one row for each seed, with the ids that the data give its left and its right entity"


def read_tsv(path: Path, task: AlignmentTask) -> tuple[IntArray, FloatArray, tuple[str, ...]]:
    """Read a table with the columns ``left`` and ``right`` and, if they are there, ``score`` and ``stage``.

    Returns
    -------
    Entity indices ``(n, 2)``, scores ``(n,)`` (0 without the column) and stages (``given`` without the
    column).

    Raises
    ------
    DataError
        If the file cannot be read or a line is malformed.
    """
    indices = task.sides.map(lambda graph: graph.index())
    pairs: list[tuple[int, int]] = []
    scores: list[float] = []
    stages: list[str] = []
    seen: tuple[set[str], set[str]] = (set(), set())
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            columns = rows.fieldnames or ()
            if not {"left", "right"} <= set(columns):
                raise DataError(
                    "no header with the columns left and right", path=path, line=1,
                    remedy="write left<TAB>right<TAB>score<TAB>stage",
                )  # fmt: skip
            for row in rows:
                line = rows.line_num
                if None in row or None in row.values():
                    raise DataError(
                        f"expected {len(columns)} columns", path=path, line=line,
                        remedy="write as many as the header has, with a tab between them",
                    )  # fmt: skip
                for side, used in zip(SIDES, seen, strict=True):
                    entity = row[side]
                    if entity not in indices[side]:
                        raise DataError(
                            f"{entity!r} is no {side} entity of {task.name}", path=path, line=line,
                            remedy="use the identifiers of the data",
                        )  # fmt: skip
                    if entity in used:
                        raise DataError(
                            f"{entity!r} is in two seeds", path=path, line=line,
                            remedy="keep the better of them",
                        )  # fmt: skip
                    used.add(entity)
                pairs.append((indices.left[row["left"]], indices.right[row["right"]]))
                scores.append(_score(row, path, line))
                stages.append(row.get("stage") or "given")
    except OSError as error:
        raise DataError(f"seeds cannot be read ({error.strerror})", path=path, remedy=READABLE) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"seeds cannot be read ({error})", path=path, remedy="give UTF-8 text") from error
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(scores, dtype=np.float32), tuple(stages)


def _score(row: Mapping[str, str], path: Path, line: int) -> float:
    try:
        score = float(row.get("score") or 0.0)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise DataError(
            f"{row['score']!r} is no finite number", path=path, line=line, remedy="correct the score"
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
        with path.open("rb") as stream:
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
