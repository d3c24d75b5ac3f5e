"""Tables about seeds of set precision and evenness: what an aligner makes of them on a real pair."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.optimize import brentq

from psqe.errors import ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.seeds import balance
from psqe.similarity import Matching
from psqe.study.plans.base import KINDS_OF_SEEDS, seeds_of
from psqe.study.tables.seeds import seed_sets
from psqe.study.tables.selection import kinds

CHANGED = {"asked": "precision", "evenness": "evenness"}
"""The columns of :func:`phase_rows` that were set, and what they are."""


def phase_rows(
    seeds: pd.DataFrame,
    alignments: pd.DataFrame,
    task: str,
    n_seeds: int,
    *,
    matching: Matching = "cosine",
    links: str = "all",
) -> pd.DataFrame:
    """Tell precision, balance of the semantic regions and Hits@1 of MCLEA for each run on a task.

    Parameters
    ----------
    seeds, alignments
        The seeds and the alignments of the results store.
    task, n_seeds
        The runs to choose: MCLEA with its preset ``small`` on all kinds of seeds of the study, and on drawn
        seeds.
    matching
        The matching under which Hits@1 is told; ``cosine`` by default.
    links
        The group of gold links whose Hits@1 is told, such as ``free``; ``all`` by default.

    Returns
    -------
    pandas.DataFrame
        One row for each run: ``miner``, ``random_state``, ``asked`` (the precision that drawn seeds were to
        have), ``evenness`` (of drawn seeds), ``precision``, ``balance``, ``hits@1`` (protocol full, mean of
        both directions) and ``n_queries`` (how many links that is about); empty when nothing is stored.
    """
    drawn = alignments["miner"] == "drawn"
    alignments = pd.concat([kinds(alignments[~drawn]), alignments[drawn]])
    chosen = alignments[
        (alignments["task"] == task)
        & (alignments["n_seeds"] == n_seeds)
        & alignments["miner"].isin([*KINDS_OF_SEEDS, "drawn"])
        & (alignments["aligner"] == "mclea")
        & (alignments["matching"] == matching)
        & (alignments["links"] == links)
        & (alignments["preset"] == "small")
        & (alignments["aligner_parameters"] == "{}")
        & (alignments["protocol"] == "full")
        & (alignments["part_kind"] == "all")
    ]
    runs = chosen.groupby("id", as_index=False, sort=False).agg(
        {"spec": "first", "miner": "first", "random_state": "first", "hits@1": "mean", "n_queries": "mean"}
    )
    wanted = [spec.miner.parameters for spec in runs["spec"]]
    runs["asked"] = pd.Series([given.get("precision") for given in wanted], runs.index, dtype="float64")
    runs["evenness"] = pd.Series([given.get("evenness") for given in wanted], runs.index, dtype="float64")
    runs["seeds_id"] = [seeds_of(spec).id for spec in runs["spec"]]
    whole = seeds[seeds["part_kind"] == "all"].set_index("id")["precision"]
    spread = seeds[(seeds["part_kind"] == "semantic") & (seeds["part"] == "all")].set_index("id")["balance"]
    runs = runs.join(whole, on="seeds_id").join(spread, on="seeds_id")
    runs = runs.dropna(subset=["precision", "balance", "hits@1"])
    columns = ["miner", "random_state", "asked", "evenness", "precision", "balance", "hits@1", "n_queries"]
    return runs.sort_values(columns[:4], kind="stable", ignore_index=True)[columns]


def equivalent_share(evenness: float) -> float:
    """Compute the share of the second of two equal regions at which seeds are as balanced as given.

    Parameters
    ----------
    evenness
        :func:`psqe.seeds.audit.balance`, over any number of regions, in [1/2, 1].

    Returns
    -------
    float
        A share in [0, 1/2].

    Raises
    ------
    ParameterError
        If no two regions are so badly balanced.

    Examples
    --------
    >>> equivalent_share(1.0), equivalent_share(0.5)
    (0.5, 0.0)
    """
    if not 0.5 <= evenness <= 1:
        raise ParameterError(f"a balance of {evenness} is not one of two regions")
    if evenness == 1:
        return 0.5
    return float(brentq(lambda x: balance({"1": 1 - x, "2": x}) - evenness, 0, 0.5))


def operating_points(
    seeds: pd.DataFrame, tasks: Sequence[str], n_seeds: int
) -> dict[str, tuple[float, float]]:
    """Tell where the kinds of seeds that the study compares stand in coverage and precision.

    Parameters
    ----------
    seeds
        The seeds of the results store.
    tasks, n_seeds
        The seed sets to choose.

    Returns
    -------
    dict
        By miner, the :func:`equivalent_share` of its mean balance and its mean precision, over tasks and
        random states.
    """
    chosen = seeds[seeds["task"].isin(tasks) & (seeds["n_seeds"] == n_seeds)]
    sets = seed_sets(kinds(chosen)).dropna(subset=["balance", "precision"])
    means = sets.groupby("miner")[["balance", "precision"]].mean()
    return {
        str(name): (equivalent_share(row["balance"]), float(row["precision"]))
        for name, row in means.iterrows()
    }


def worth(drawn: pd.DataFrame) -> pd.DataFrame:
    """Tell what precision and evenness of drawn seeds are worth, in points of Hits@1.

    Parameters
    ----------
    drawn
        Rows of :func:`phase_rows` whose ``miner`` is ``drawn``.

    Returns
    -------
    pandas.DataFrame
        One row a change, from the lowest to the highest precision at each evenness, then from the lowest to
        the highest evenness at each precision: ``measure`` (``precision`` or ``evenness``), ``change`` (its
        text), ``mean``, its 95 % interval ``low`` and ``high`` over the random states that have both ends,
        and ``n``, how many there are.
    """
    rows = []
    for fixed, moved in (("evenness", "asked"), ("asked", "evenness")):
        for at, part in drawn.groupby(fixed):
            wide = part.pivot_table(index="random_state", columns=moved, values="hits@1").dropna()
            if wide.shape[1] < 2 or wide.empty:
                continue
            first, last = wide.columns.min(), wide.columns.max()
            mean, low, high = mean_interval((100 * (wide[last] - wide[first])).tolist())
            change = f"{CHANGED[moved]} {first:g} to {last:g} at {CHANGED[fixed]} {at:g}"
            rows.append({
                "measure": CHANGED[moved], "change": change, "mean": mean, "low": low, "high": high,
                "n": len(wide),
            })  # fmt: skip
    return pd.DataFrame(rows)


def price_of_evenness(drawn: pd.DataFrame) -> dict[str, float]:
    """Tell how many points of precision perfect evenness is worth, and what either is worth by itself.

    Parameters
    ----------
    drawn
        Rows of :func:`phase_rows` whose ``miner`` is ``drawn``.

    Returns
    -------
    dict
        ``precision``, the points of Hits@1 from the lowest to the highest precision at the highest evenness,
        and ``evenness``, those from the lowest to the highest evenness at the highest precision, each with
        the bounds of its 95 % interval; ``points of precision``, by which precision may fall for perfect
        evenness to be paid back, NaN unless both of these are above zero with their intervals; and
        ``states``, the number of random states. Empty when :func:`worth` lacks one of them.
    """
    table = worth(drawn)
    if table.empty or set(table["measure"]) != set(CHANGED.values()):
        return {}
    found: dict[str, float] = {}
    for name in ("precision", "evenness"):
        last = table[table["measure"] == name].iloc[-1]
        found |= {name: last["mean"], f"{name} low": last["low"], f"{name} high": last["high"]}
    span = 100 * (drawn["asked"].max() - drawn["asked"].min())
    # A single random state has no interval, and its sign decides.
    pays = all(found[name] > 0 and not found[f"{name} low"] <= 0 for name in ("precision", "evenness"))
    price = span * found["evenness"] / found["precision"] if pays else float("nan")
    found["points of precision"] = price
    found["states"] = int(table["n"].min())
    return found
