"""What it changes to continue an alignment after the data grew, in place of aligning them anew."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from psqe.api import align
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation.truth import among
from psqe.graph import SIDES, AlignmentTask, BoolArray, IntArray, KnowledgeGraph, Side, Sides
from psqe.links.quality import link_quality
from psqe.study.measures import f1_outside

EARLIER, GROWN, SAME_SEEDS = "earlier links", "continued", "anew, earlier seeds"
WHOLE, REPEATED = "anew", "anew, other state"
CONFIDENT = 0.5
"""From this confidence on, a link is counted as a confident one."""
OTHER = 1000
"""What is added to the random state for :data:`REPEATED`."""
WAYS = (EARLIER, GROWN, SAME_SEEDS, WHOLE, REPEATED)
"""The ways to get links after the data grew: nothing is done; the earlier alignment is continued; its seeds
are taken, and no link is kept; seeds are mined again, too; the same with another random state, which shows
how far two alignments of the same data differ."""


def without(pair: str | Path, entities: Collection[str], folder: str | Path) -> Path:
    """Copy the folder of a pair without some entities: no row of a table names them, no picture shows them.

    Parameters
    ----------
    pair
        The folder, with tables that end in ``.tsv`` and pictures that are named by entities.
    entities
        Identifiers of entities of either side.
    folder
        Where the copy is made; the folder must not exist.

    Returns
    -------
    pathlib.Path
        The copy.

    Raises
    ------
    ParameterError
        If no table names one of the entities.
    """
    copy = Path(shutil.copytree(pair, folder))
    left_out, found = set(entities), set[str]()
    for path in sorted(copy.rglob("*")):
        if path.suffix == ".tsv":
            rows = [(line, left_out & set(line.split("\t"))) for line in path.read_text("utf-8").splitlines()]
            path.write_text("".join(f"{line}\n" for line, named in rows if not named), "utf-8")
            found.update(*(named for _, named in rows))
        elif path.stem in left_out:
            path.unlink()
    if missing := left_out - found:
        raise ParameterError(f"no table of {pair} names {', '.join(sorted(missing))}")
    return copy


def growth_rows(
    n: int, shares: Sequence[float], random_state: int, **planted: Any
) -> Iterator[dict[str, Any]]:
    """Let a planted pair grow, and compare the links of each way to take what is new into account.

    Parameters
    ----------
    n
        Number of hidden entities of the pair (:func:`psqe.datasets.synthetic.planted_pair`).
    shares
        Shares of the entities of either side that the earlier alignment does not know, with all that names
        them. New entities that have a counterpart are new on both sides.
    random_state
        Of the pair, of the draw of the new entities, and of mining.
    planted
        Other parameters of the pair.

    Yields
    ------
    dict
        ``random_state``, ``share``, ``n_new`` (number of new entities of both sides), ``way`` (one of
        :data:`WAYS`), ``n_links``; of the links in this result or in another one, the share that is in only
        one of the two, as ``other``, where the other one is :data:`WHOLE`, and ``other_same_seeds``, where it
        is :data:`SAME_SEEDS`; ``other_confident``, as ``other``, of the links that have a confidence of at
        least :data:`CONFIDENT` in one of the two results; ``f1`` of all links, and ``free_f1`` of the links
        and the gold links with no entity in a seed of any of these alignments.
    """
    task, features = planted_pair(n, random_state=random_state, **planted)
    whole, repeated = (align(task, features=features, random_state=random_state + k) for k in (0, OTHER))
    rng = np.random.default_rng(random_state)
    for share in shares:
        new = drawn(task, share, rng)
        n_new = sum(int(each.sum()) for each in new)
        kept = [np.flatnonzero(~each) for each in new]
        earlier = align(task.take(*kept), features=features.take(*kept), random_state=random_state)
        grown = earlier.update(task, features=features)
        known = replace(earlier.seeds, pairs=_places(earlier.seeds.pairs, kept))
        same_seeds = align(task, features=features, seeds=known, random_state=random_state)
        results = {
            EARLIER: earlier, GROWN: grown, SAME_SEEDS: same_seeds, WHOLE: whole, REPEATED: repeated
        }  # fmt: skip
        links = {way: result.predicted.pairs for way, result in results.items()}
        links[EARLIER] = _places(links[EARLIER], kept)
        confident = {
            way: pairs[results[way].predicted.confidence >= CONFIDENT] for way, pairs in links.items()
        }
        seeds = np.vstack([each.seeds.pairs for each in (whole, repeated, same_seeds)])
        for way, pairs in links.items():
            yield {
                "random_state": random_state, "share": share, "n_new": n_new, "way": way,
                "n_links": len(pairs), "other": differing(pairs, links[WHOLE]),
                "other_same_seeds": differing(pairs, links[SAME_SEEDS]),
                "other_confident": differing_of(
                    np.vstack([confident[way], confident[WHOLE]]), pairs, links[WHOLE]
                ),
                "f1": link_quality(pairs, task)["links"]["f1"], "free_f1": f1_outside(pairs, task, seeds),
            }  # fmt: skip


def differing(links: IntArray, others: IntArray) -> float:
    """Compute, of the links in one or both of two results, the share that is in only one of them.

    Parameters
    ----------
    links, others
        The links ``(n, 2)`` and ``(m, 2)`` of the two results.

    Examples
    --------
    >>> differing(np.array([[0, 0], [1, 1]]), np.array([[0, 0], [1, 2]]))  # one of three links is in both
    0.6666666666666667
    """
    n_both = int(among(links, others).sum())
    n_either = len(links) + len(others) - n_both
    return 1 - n_both / n_either if n_either else 0.0


def differing_of(some: IntArray, links: IntArray, others: IntArray) -> float:
    """Compute, of some of the links of two results, the share that is in only one of them.

    Parameters
    ----------
    some
        Pairs ``(k, 2)``, each of which is in one of the two results or in both. One that is given twice
        counts once.
    links, others
        The links ``(n, 2)`` and ``(m, 2)`` of the two results.

    Examples
    --------
    >>> one, other = np.array([[0, 0], [1, 1]]), np.array([[0, 0], [1, 2]])
    >>> differing_of(np.array([[0, 0], [1, 1], [1, 1]]), one, other)
    0.5
    """
    distinct = np.unique(some, axis=0)
    in_one = among(distinct, links) != among(distinct, others)
    return float(in_one.mean()) if len(distinct) else 0.0


def _places(pairs: IntArray, kept: Sequence[IntArray]) -> IntArray:
    """Return pairs of entities of a part of a task as pairs of the task."""
    return np.column_stack([own[ends] for own, ends in zip(kept, pairs.T, strict=True)])


def drawn(task: AlignmentTask, share: float, rng: np.random.Generator) -> Sides[BoolArray]:
    """Draw a share of the gold links, with both of their entities, and of the candidates in no gold link.

    Parameters
    ----------
    task
        The two graphs.
    share
        The share, from 0 to 1.
    rng
        What is drawn from.

    Returns
    -------
    Sides
        For either side, which entities are drawn ``(n,)``.
    """
    gold: IntArray = np.empty((0, 2), dtype=np.int64) if task.links is None else task.links

    def some(rows: IntArray) -> IntArray:
        chosen: IntArray = rows[rng.permutation(len(rows))[: round(share * len(rows))]]
        return chosen

    linked = some(gold)

    def members(graph: KnowledgeGraph, side: Side) -> BoolArray:
        column = SIDES.index(side)
        drawn: BoolArray = np.zeros(graph.n_entities, dtype=bool)
        drawn[linked[:, column]] = True
        drawn[some(np.setdiff1d(graph.candidates, gold[:, column]))] = True
        return drawn

    return task.sides.map(members, Sides(*SIDES))
