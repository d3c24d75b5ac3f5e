"""Tables about damaged pairs: how far every system falls as one thing about the data gets worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from psqe.errors import DataError
from psqe.study.plans.damage import LEVELS, PRECISIONS, SYSTEMS, WRONG, damaged_spec, wrong_spec
from psqe.study.spec import RunSpec
from psqe.study.tables.alignments import complete
from psqe.study.tables.page import group_rows, mean_table
from psqe.study.tables.rows import percent_text

SEEDED: Mapping[str, str] = {
    "features, seeds clamped": "clamped",
    "propagation": "propagation",
    "MCLEA": "mclea",
    "Concord": "concord",
}
"""The systems that are run on wrong seeds, by the name that tables show, and their aligners."""

COLUMNS = ["damage", "share", "system", "task", "random_state"]
"""The columns that tell the runs of :func:`damage_runs` apart."""


def damage_runs(
    table: pd.DataFrame, tasks: Sequence[str], *, matching: str, links: str = "all"
) -> pd.DataFrame:
    """Collect the stored runs on damaged pairs, a row for each kind of damage, share, system and run.

    Only random states count that a system was run with on every one of the pairs.

    The runs on the pair as it is stand beside every kind of damage with the share 0. The features do not use
    seeds, so that their run on the pair as it is stands beside every share of wrong seeds, too.

    Parameters
    ----------
    table
        The runs of the results store whose subject is ``damaged``.
    tasks
        Names of pairs of graphs.
    matching
        The matching of all rows.
    links
        ``all`` (the default), or ``free`` for the links without an end in a seed.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS`, ``hits@1``, ``mrr``, ``n_queries``, and ``precision`` and ``estimated``, the true and
        the label-free precision of the seeds; missing where a system has none or ``links`` is ``free``.

    Raises
    ------
    DataError
        If no run on these pairs is stored.
    """
    chosen = table[(table["matching"] == matching) & (table["links"] == links)]
    states = sorted(int(state) for state in chosen["random_state"].unique())
    places = pd.DataFrame(
        [
            (*place, task, state, spec.id)
            for task in tasks
            for state in states
            for place, spec in _runs(task, state)
        ],
        columns=[*COLUMNS, "id"],
    )
    values = ["hits@1", "mrr", "n_queries", "precision", "estimated"]
    found = places.merge(chosen[["id", *values]], on="id").drop(columns="id")
    found = complete(found, ["damage", "share", "system"], len(tasks))
    if found.empty:
        raise DataError(
            f"the results have no run on damaged pairs of {', '.join(tasks)}",
            remedy="run psqe results fill damaged",
        )
    return found


def _runs(task: str, state: int) -> Iterator[tuple[tuple[str, float, str], RunSpec]]:
    """Every kind of damage, share and system, and the run that has its numbers."""
    for system in SYSTEMS:
        for kind, shares in LEVELS.items():
            for share in (0.0, *shares):
                yield (kind, share, system), damaged_spec(system, kind, share, task, state)
    for precision in PRECISIONS:
        wrong = round(1 - precision, 9)
        yield (WRONG, wrong, "features"), damaged_spec("features", "typos", 0, task, state)
        for system, aligner in SEEDED.items():
            yield (WRONG, wrong, system), wrong_spec(aligner, precision, task, state)


def damage_means(runs: pd.DataFrame, value: str = "hits@1") -> pd.DataFrame:
    """Compute the mean of a value over random states, and its 95 % interval, at every share of damage.

    Parameters
    ----------
    runs
        Rows of :func:`damage_runs`.
    value
        The column, of shares; Hits@1 by default. Runs of one state on several pairs are averaged first.

    Returns
    -------
    pandas.DataFrame
        ``damage``, ``share``, ``system``, ``mean``, ``low``, ``high`` (NaN for a single random state) and
        ``runs``, the number of random states.
    """
    by = ["damage", "share", "system"]
    states = runs.groupby([*by, "random_state"], as_index=False, sort=False)[value].mean()
    return mean_table(states.dropna(subset=[value]), by=by, value=value, within=(0, 1))


def damage_table(runs: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Write Hits@1 of every system at every share of one kind of damage, in percent.

    Parameters
    ----------
    runs
        Rows of :func:`damage_runs`.
    kind
        The kind of damage.

    Returns
    -------
    pandas.DataFrame
        Texts: ``share`` in percent, and a column for each system, with half of the 95 % interval behind each
        mean where there are several random states.
    """
    own = runs[runs["damage"] == kind]
    rows = []
    for share, at in group_rows(own.sort_values("share", kind="stable"), ["share"]):
        texts = {
            system: percent_text(at[at["system"] == system].groupby("random_state")["hits@1"].mean())
            for system in SYSTEMS
            if (at["system"] == system).any()
        }
        rows.append({"share": f"{100 * share:.0f}", **texts})
    return pd.DataFrame(rows).fillna("")


def losses(runs: pd.DataFrame) -> pd.DataFrame:
    """Compute what every system loses, in points of Hits@1, where the damage is largest.

    Differences are taken within a random state, on the same pair with and without the damage.

    Parameters
    ----------
    runs
        Rows of :func:`damage_runs`.

    Returns
    -------
    pandas.DataFrame
        ``damage``, ``share`` (the largest), ``system``, ``loss``, ``low``, ``high`` and ``runs``; the loss is
        negative where the damaged pair is answered better.
    """
    rows = []
    for kind, own in group_rows(runs, ["damage"]):
        worst = own["share"].max()
        wide = own[own["share"].isin([own["share"].min(), worst])].pivot_table(
            index=["system", "task", "random_state"], columns="share", values="hits@1"
        )
        points = (100 * (wide[own["share"].min()] - wide[worst])).dropna().rename("loss").reset_index()
        states = points.groupby(["system", "random_state"], as_index=False, sort=False)["loss"].mean()
        rows.append(
            mean_table(states, by=["system"], value="loss").assign(damage=kind, share=worst)
        )  # fmt: skip
    found = pd.concat(rows, ignore_index=True).rename(columns={"mean": "loss"})
    return found[["damage", "share", "system", "loss", "low", "high", "runs"]]


def below_features(means: pd.DataFrame, system: str) -> dict[str, float | None]:
    """Find the smallest share of each kind of damage at which a system is worse than the features.

    Parameters
    ----------
    means
        Rows of :func:`damage_means`.
    system
        The system.

    Returns
    -------
    dict
        By kind of damage the smallest share at which the mean of the system is below that of the features at
        the same share; ``None`` where it never is.
    """
    found: dict[str, float | None] = {}
    for kind, own in group_rows(means, ["damage"]):
        wide = own.pivot_table(index="share", columns="system", values="mean")
        if {system, "features"} <= set(wide):
            below = wide.index[wide[system] < wide["features"]]
            found[kind] = float(below.min()) if len(below) else None
    return found
