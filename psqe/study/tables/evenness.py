"""Precision and evenness of the kinds of seeds over several pairs, as a table and in words."""

from __future__ import annotations

import pandas as pd

from psqe.study.plans.base import KINDS_OF_SEEDS
from psqe.study.tables.selection import WHOLE, in_order, kinds
from psqe.study.tables.words import list_in_words

BALANCES = {"semantic": "balance by meaning", "density": "balance by density", "degree": "balance by degree"}
"""The kinds of regions and the columns with the balance of coverage over them."""

MEASURES = ("precision", "least covered", *BALANCES.values())
"""The columns with numbers of :func:`evenness`; more is better in all of them."""


def evenness(seeds: pd.DataFrame, n_seeds: int) -> pd.DataFrame:
    """Collect precision and evenness of the kinds of seeds that the study compares, a row for each run.

    Parameters
    ----------
    seeds
        The seeds of the results store, or rows of them.
    n_seeds
        The number of seeds that was asked for.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``random_state``, ``seeds`` (the kind), ``precision``, ``least covered`` (the share of the
        entities with a seed in the semantic region that has the smallest) and the balance of coverage over
        each kind of region, in the order of :data:`psqe.study.plans.base.KINDS_OF_SEEDS`.
    """
    chosen = kinds(seeds[(seeds["n_seeds"] == n_seeds) & (seeds["part"] == "all")])
    chosen = chosen[chosen["miner"].isin(KINDS_OF_SEEDS)]
    by_kind = {kind: rows.set_index("id") for kind, rows in chosen.groupby("part_kind")}
    whole = chosen[chosen["part_kind"] == WHOLE["part_kind"]]
    runs = whole[["id", "task", "random_state", "miner", "precision"]].set_index("id")
    runs["precision"] = runs["precision"].astype("float64")
    columns = {"least covered": ("semantic", "least_covered")}
    columns |= {text: (kind, "balance") for kind, text in BALANCES.items()}
    for text, (kind, column) in columns.items():
        values = by_kind[kind][column] if kind in by_kind else pd.Series(dtype="float64")
        runs[text] = values.astype("float64")
    return in_order(runs.dropna(subset=[*MEASURES]).reset_index(drop=True)).rename(columns={"miner": "seeds"})


def evenness_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Average rows of :func:`evenness` over pairs and random states, a row for each kind of seeds.

    Parameters
    ----------
    runs
        Rows of :func:`evenness`.

    Returns
    -------
    pandas.DataFrame
        ``seeds``, the mean of every measure, and ``runs``, the number of runs averaged.
    """
    grouped = runs.groupby("seeds", sort=False)
    return grouped[[*MEASURES]].mean().assign(runs=grouped.size()).reset_index()


def evenness_words(runs: pd.DataFrame, kind: str = "psqe", beside: str = "mutual") -> str:
    """Say in which measures one kind of seeds is above another and in which below, on how many pairs.

    Means over the random states are compared pair by pair; a measure that differs by less than half a
    thousandth counts as equal.

    Parameters
    ----------
    runs
        Rows of :func:`evenness`.
    kind, beside
        The kinds of seeds that are compared, on the draws that both have: ``psqe`` and ``mutual`` by default.

    Returns
    -------
    str
        Sentences with all numbers.
    """
    wide = runs.pivot_table(index=["task", "random_state"], columns="seeds", values=[*MEASURES])
    if not {kind, beside} <= set(runs["seeds"]):
        return f"The results store does not have both “{kind}” and “{beside}” seeds yet."
    means = wide.dropna(subset=[(measure, name) for measure in MEASURES for name in (kind, beside)])
    means = means.groupby("task").mean()
    if means.empty:
        return f"The results store does not have “{kind}” and “{beside}” seeds on the same draws yet."
    found: dict[str, list[str]] = {"higher": [], "lower": [], "equal": []}
    for measure in MEASURES:
        one, other = means[measure, kind], means[measure, beside]
        difference = float((one - other).mean())
        which = "equal" if abs(difference) < 0.0005 else "higher" if difference > 0 else "lower"
        agree = ((one - other) * difference > 0).sum()
        pairs = "" if which == "equal" else f"; on {agree} of {len(means)} pairs"
        found[which].append(f"{measure} ({one.mean():.3f} against {other.mean():.3f}{pairs})")
    parts = [f"{which} in {list_in_words(measures)}" for which, measures in found.items() if measures]
    return f"Over {len(means)} pairs, beside “{beside}” seeds, “{kind}” seeds are {'; '.join(parts)}."
