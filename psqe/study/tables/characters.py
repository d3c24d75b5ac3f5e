"""Tables about the Han characters: regions that readers of the script know, school years, and languages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from psqe.datasets.han.pair import language_of
from psqe.evaluation.intervals import mean_interval
from psqe.evaluation.regions import Regions, degree_regions
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph
from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.plans.characters import LANGUAGE_KINDS
from psqe.study.tables.alignments import FEATURES
from psqe.study.tables.by_state import ByState, alignment_values, seed_values

STROKES = (4, 7, 10)
"""The largest number of strokes of each band but the last."""

GRADES = {
    **{str(year): f"year {year}" for year in range(1, 7)}, "8": "year 7 and later", "9": "for names",
    "10": "for names",
}  # fmt: skip
"""The names of the grades of KANJIDIC2: the six years of primary school; 8 for the other characters of
general use, which are taught later; 9 and 10 for characters of names, which are not taught."""

UNTAUGHT = "no grade"
"""The title of the characters that have no grade."""

GRADE, STROKE_COUNT = "taught_in", "written_with"
"""The relations that lead from a Japanese character to its school year and to its number of strokes."""


def character_regions(task: AlignmentTask) -> dict[str, Regions]:
    """Partition characters by their number of strokes, their radical, their school year and their degree.

    Parameters
    ----------
    task
        A pair of Han characters. The data have strokes and school years for the left side only, so that
        right characters are in no region of these.

    Returns
    -------
    The partitions, by the names ``strokes``, ``radical``, ``grade`` and ``degree``.
    """
    left, right = task.left, task.right
    nothing = [None] * right.n_entities
    strokes = [None if text is None else _band(int(text)) for text in _codes(left, STROKE_COUNT)]
    grades = [None if text is None else GRADES[text] for text in _codes(left, GRADE)]
    return {
        "strokes": Regions.from_labels("strokes", strokes, nothing),
        "radical": Regions.from_labels("radical", left.groups, right.groups),
        "grade": Regions.from_labels("grade", grades, nothing),
        "degree": degree_regions(task),
    }


def by_school_year(task: AlignmentTask) -> list[tuple[str, IntArray]]:
    """Group the left characters of a pair by their school year, in order.

    Parameters
    ----------
    task
        A pair of Han characters.

    Returns
    -------
    The title of each group, such as ``year 1``, and the indices of its characters ``(n,)``; those without a
    grade come last.
    """
    codes = _codes(task.left, GRADE)
    groups: dict[str, list[int]] = {title: [] for title in (*GRADES.values(), UNTAUGHT)}
    for entity in task.left.candidates.tolist():
        code = codes[entity]
        groups[UNTAUGHT if code is None else GRADES[code]].append(entity)
    return [(title, np.array(own, dtype=np.int64)) for title, own in groups.items() if own]


def language_table(seeds: pd.DataFrame, alignments: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Tell the share of correct seeds, and Hits@1 of the features, by the language of the left meanings.

    Parameters
    ----------
    seeds, alignments
        The tables of the results store.
    tasks
        The pairs of Han characters, one for each language of the left meanings.

    Returns
    -------
    pandas.DataFrame
        For each language a row for the share of correct seeds of each of
        :data:`psqe.study.plans.characters.LANGUAGE_KINDS`, and one for Hits@1 of the features without seeds
        on all links, matched by CSLS: ``mean`` in percent, ``±`` (half of the 95 % interval) and ``n``, the
        number of random states.

    Examples
    --------
    >>> from psqe.study.store import results_table
    >>> empty = results_table([], "seeds"), results_table([], "alignment")
    >>> language_table(*empty, ["han/ja-zh"]).columns.tolist()
    ['language', 'value', 'mean', '±', 'n']
    """
    rows = []
    for task in tasks:
        values: list[tuple[str, ByState]] = [
            (f"{kind}: seeds correct", by_state)
            for (name, kind), by_state in seed_values(seeds, [task]).items()
            if name == "precision" and kind in LANGUAGE_KINDS
        ]
        found = alignment_values(alignments, [task], matching="csls")
        if by_state := found.get((FEATURES, NO_SEEDS)):
            values.append(("features: Hits@1", by_state))
        for value, by_state in values:
            mean, low, high = mean_interval([100 * one for one in by_state.values()])
            rows.append((language_of(task), value, mean, (high - low) / 2, len(by_state)))
    return pd.DataFrame(rows, columns=["language", "value", "mean", "±", "n"])


def _codes(graph: KnowledgeGraph, relation: str) -> Sequence[str | None]:
    """Return for each entity the code of the node to which a relation leads; ``None`` where it has none."""
    codes: list[str | None] = [None] * graph.n_entities
    if relation in graph.relations:
        number = graph.relations.index(relation)
        for head, _, tail in graph.triples[graph.triples[:, 1] == number].tolist():
            codes[head] = graph.entities[tail].partition(":")[2]
    return codes


def _band(strokes: int) -> str:
    """Return the band of a number of strokes, so named that bands sort by size.

    >>> _band(4), _band(5), _band(20)
    ('01-04', '05-07', '11-')
    """
    first = 1
    for last in STROKES:
        if strokes <= last:
            return f"{first:02d}-{last:02d}"
        first = last + 1
    return f"{first:02d}-"
