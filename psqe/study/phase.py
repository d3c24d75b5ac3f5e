"""Seeds of set precision and coverage on a real pair: what an aligner makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.optimize import brentq

from psqe.errors import ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.seeds import balance
from psqe.study import old_store as store
from psqe.study.experiments import SEEDS, Experiment, run_experiment
from psqe.study.results import seed_sets

LEVELS = (1.0, 0.8, 0.6)
"""Precisions of the seeds drawn."""

EVENNESS = (0.0, 0.5, 1.0)
"""Evenness of the seeds drawn, see :class:`~psqe.study.experiments.Experiment`."""


def drawn_runs(task: str, n_seeds: int, random_states: Sequence[int]) -> list[Experiment]:
    """An experiment for every precision and every evenness, on each random state."""
    return [
        Experiment(task, "drawn", n_seeds, state, precision=precision, evenness=evenness)
        for state in random_states
        for precision in LEVELS
        for evenness in EVENNESS
    ]


def run_drawn(task: str, n_seeds: int, random_states: Sequence[int]) -> None:
    """Run :func:`drawn_runs` and put the rows into the results store, one experiment at a time."""
    for experiment in drawn_runs(task, n_seeds, random_states):
        store.append(run_experiment(experiment))


def phase_rows(table: pd.DataFrame, task: str, n_seeds: int) -> pd.DataFrame:
    """Precision, balance of semantic regions and Hits@1 of every stored run of an aligner on a task.

    Parameters
    ----------
    table
        The store.
    task, n_seeds
        Which runs: the small preset as it is, all seeds of the study and those that were drawn.

    Returns
    -------
    One row a run: ``miner``, ``random_state``, ``asked`` and ``evenness`` (of drawn seeds), ``precision``,
    ``balance``, ``hits@1`` (protocol full, mean of both directions); empty when nothing is stored.
    """
    mine = table[(table["task"] == task) & (table["n_seeds"] == n_seeds)]
    mine = mine[mine["miner"].isin([*SEEDS, "drawn"]) & mine["variant"].isin(["-", "corrected"])]
    parts = mine["settings"].str.extract(r"precision=(?P<asked>[\d.]+) evenness=(?P<evenness>[\d.]+)")
    mine = mine.assign(asked=parts["asked"].astype(float), evenness=parts["evenness"].astype(float))
    known = mine["settings"].str.fullmatch(r"-|preset=small|(preset=small )?precision=[\d.]+ evenness=[\d.]+")
    mine = mine[known.astype(bool)]
    key = ["miner", "random_state", "asked", "evenness"]

    def of(rows: pd.DataFrame, column: str) -> pd.Series:
        return rows.groupby(key, dropna=False)[column].mean()

    seeds = mine[mine["aligner"] == "-"]
    whole = mine[(mine["aligner"] == "mclea") & (mine["region"] == "all") & (mine["protocol"] == "full")]
    found = pd.DataFrame(
        {
            "precision": of(seeds[seeds["region"] == "all"], "precision"),
            "balance": of(seeds[seeds["region"] == "semantic"], "balance"),
            "hits@1": of(whole, "hits@1"),
        }
    )
    return found.dropna().reset_index()


def equivalent_share(evenness: float) -> float:
    """The share of the second of two equal regions at which seeds are as balanced as this.

    Parameters
    ----------
    evenness
        :func:`psqe.seeds.audit.balance`, over any number of regions, in [1/2, 1].

    Returns
    -------
    A share in [0, 1/2].

    Raises
    ------
    ParameterError
        If no two regions are so badly balanced.
    """
    if not 0.5 <= evenness <= 1:
        raise ParameterError(f"a balance of {evenness} is not one of two regions")
    if evenness == 1:
        return 0.5
    return float(brentq(lambda x: balance({"1": 1 - x, "2": x}) - evenness, 0, 0.5))


def operating_points(
    table: pd.DataFrame, tasks: Sequence[str], n_seeds: int
) -> dict[str, tuple[float, float]]:
    """Where the real miners stand: :func:`equivalent_share` of their balance, and their precision.

    Parameters
    ----------
    table
        The store.
    tasks, n_seeds
        Which seed sets, of miners as they are by default.

    Returns
    -------
    By miner, means over tasks and random states.
    """
    sets = seed_sets(
        table[table["task"].isin(tasks) & (table["n_seeds"] == n_seeds) & (table["settings"] == "-")]
    )
    sets = sets[sets["variant"] != "released"].dropna(subset=["balance", "precision"])
    means = sets.groupby("miner")[["balance", "precision"]].mean()
    return {
        str(name): (equivalent_share(row["balance"]), float(row["precision"]))
        for name, row in means.iterrows()
    }


def worth(drawn: pd.DataFrame) -> pd.DataFrame:
    """What precision and evenness of drawn seeds are worth, in points of Hits@1.

    Parameters
    ----------
    drawn
        Rows of :func:`phase_rows` with ``miner`` drawn.

    Returns
    -------
    One row a change: from the lowest to the highest precision at each evenness, and from the lowest to the
    highest evenness at each precision, as ``change``, ``mean`` and the 95 % interval ``low``, ``high`` over
    the random states that have both ends, ``n``.
    """
    rows = []
    for fixed, moved in (("evenness", "asked"), ("asked", "evenness")):
        names = {"asked": "precision", "evenness": "evenness"}
        for at, part in drawn.groupby(fixed):
            wide = part.pivot_table(index="random_state", columns=moved, values="hits@1").dropna()
            if wide.shape[1] < 2 or wide.empty:
                continue
            low_end, high_end = wide.columns.min(), wide.columns.max()
            mean, low, high = mean_interval((100 * (wide[high_end] - wide[low_end])).tolist())
            change = f"{names[moved]} {low_end:g} to {high_end:g} at {names[fixed]} {at:g}"
            rows.append({"change": change, "mean": mean, "low": low, "high": high, "n": len(wide)})
    return pd.DataFrame(rows)


def price_of_evenness(drawn: pd.DataFrame) -> dict[str, float]:
    """How many points of precision perfect evenness is worth, and what either is worth by itself.

    Parameters
    ----------
    drawn
        Rows of :func:`phase_rows` with ``miner`` drawn.

    Returns
    -------
    ``precision``: points of Hits@1 from the lowest to the highest precision at the highest evenness;
    ``evenness``: from the lowest to the highest evenness at the highest precision, each with the bounds of
    its 95 % interval; ``points of precision``: by how many points precision may fall for perfect evenness to
    be paid back, at the mean of the first; ``states``. Empty when :func:`worth` lacks one of them.
    """
    table = worth(drawn)
    if table.empty:
        return {}
    found: dict[str, float] = {}
    for name in ("precision", "evenness"):
        rows = table[table["change"].str.startswith(name)]
        if rows.empty:
            return {}
        last = rows.iloc[-1]
        found |= {name: last["mean"], f"{name} low": last["low"], f"{name} high": last["high"]}
    span = 100 * (drawn["asked"].max() - drawn["asked"].min())
    found["points of precision"] = span * found["evenness"] / found["precision"]
    found["states"] = int(table["n"].min())
    return found
