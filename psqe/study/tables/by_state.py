"""Values of the results store by random state, averaged over pairs: what numbers of pages are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from psqe.evaluation.intervals import mean_interval
from psqe.study.plans.base import study_size
from psqe.study.tables.alignments import UNTRAINED, complete, crossed
from psqe.study.tables.best import best_runs
from psqe.study.tables.seeds import seed_sets
from psqe.study.tables.selection import kinds

ByState = Mapping[int, float]
"""A value by random state."""

Values = Mapping[tuple[str, str], ByState]
"""Values by what they are of: a name and a kind of seeds, for example."""


def seed_values(seeds: pd.DataFrame, tasks: Sequence[str]) -> Values:
    """Collect the precision and the evenness of every kind of seeds.

    Parameters
    ----------
    seeds
        The seeds of the results store.
    tasks
        The pairs, which are compared with the same number of seeds. Values are means over them, of random
        states that were run on all.

    Returns
    -------
    dict
        ``("precision", KIND)``, and ``("balance", KIND)`` over the semantic regions.
    """
    sets = seed_sets(kinds(seeds[seeds["task"].isin(tasks) & (seeds["n_seeds"] == study_size(tasks[0]))]))
    return {
        (value, str(kind)): _by_state(own, value, len(tasks))
        for kind, own in sets.groupby("label")
        for value in ("precision", "balance")
    }


def alignment_values(
    alignments: pd.DataFrame,
    tasks: Sequence[str],
    *,
    matching: str,
    links: str = "all",
    value: str = "hits@1",
) -> Values:
    """Collect what aligners reach on every kind of seeds, at the study's number of seeds.

    Parameters
    ----------
    alignments
        The alignments of the results store.
    tasks
        As for :func:`seed_values`.
    matching, links
        As for :func:`psqe.study.tables.alignments.crossed`; all links by default.
    value
        The column, Hits@1 by default.

    Returns
    -------
    dict
        ``(ALIGNER, KIND)``, where the name of an aligner that is not trained as its preset says is followed
        by its training, such as ``mclea, residual``; the features alone are ``features``.
    """
    runs = crossed(alignments, tasks, matching=matching, links=links)
    return {
        (str(aligner) if training in ("plain", UNTRAINED) else f"{aligner}, {training}", str(miner)):
            _by_state(own, value, len(tasks))
        for (aligner, training, miner), own in runs.groupby(["aligner", "training", "miner"])
    }  # fmt: skip


def system_values(systems: pd.DataFrame, tasks: Sequence[str], *, matching: str) -> Values:
    """Collect what the systems without labels reach on all links.

    Parameters
    ----------
    systems
        The systems of the results store.
    tasks
        As for :func:`seed_values`.
    matching
        The matching.

    Returns
    -------
    dict
        ``("system", ROW)``, the rows as :func:`psqe.study.tables.best.best_runs` names them.
    """
    runs = best_runs(systems, tasks)
    runs = runs[(runs["links"] == "all") & (runs["matching"] == matching)]
    return {("system", str(row)): _by_state(own, "hits@1", len(tasks)) for row, own in runs.groupby("row")}


def difference(one: ByState, other: ByState) -> tuple[float, float, float] | None:
    """Return the mean difference of two values in points with its 95 % interval over random states.

    Parameters
    ----------
    one, other
        The values; the second is subtracted from the first within each random state that both have.

    Returns
    -------
    Mean, lower and upper end, the ends NaN for a single random state; ``None`` where no state has both.

    Examples
    --------
    >>> difference({0: 0.9, 1: 0.8}, {}) is None
    True
    """
    states = sorted(one.keys() & other.keys())
    return mean_interval([100 * (one[state] - other[state]) for state in states]) if states else None


def _by_state(runs: pd.DataFrame, value: str, n_tasks: int) -> ByState:
    """Average a value over pairs, within each random state that was run on all of them."""
    whole = complete(runs.assign(one=0), ["one"], n_tasks)
    means = whole.groupby("random_state")[value].mean().astype(float)
    return {int(str(state)): float(mean) for state, mean in means.items()}
