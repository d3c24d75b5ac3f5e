"""Tables about regions: coverage, precision and Hits@1 of each region of every kind."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from psqe.evaluation.regions import THIRDS
from psqe.seeds import balance
from psqe.study.plans.base import KINDS_OF_SEEDS
from psqe.study.tables.page import group_rows
from psqe.study.tables.selection import REGION_KINDS, kinds, select


def region_results(
    table: pd.DataFrame, value: str, **values: object
) -> dict[str, list[dict[str, dict[str, float]]]]:
    """Collect values by region, for each miner one mapping (kind, region, value) a random state.

    This is the form that :func:`psqe.study.figures.by_region` takes.

    Parameters
    ----------
    table
        Seeds or alignments of the results store, or rows of them.
    value
        ``coverage`` or ``precision`` of seeds, or ``hits@1`` of alignments.
    values
        Columns and their values, see :func:`psqe.study.tables.selection.select`.

    Raises
    ------
    DataError
        If there is no such row.
    """
    chosen = select(table, "regions", part_kind=REGION_KINDS, **values)
    chosen = chosen[(chosen["part"] != "all") & chosen[value].notna() & chosen["miner"].notna()]
    runs: dict[str, list[dict[str, dict[str, float]]]] = {}
    for miner, _, rows in group_rows(chosen, ["miner", "random_state"]):
        by_kind = {
            str(kind): dict(zip(of_kind["part"], of_kind[value].astype(float), strict=True))
            for kind, of_kind in group_rows(rows, ["part_kind"])
        }
        runs.setdefault(str(miner), []).append(by_kind)
    return {miner: runs[miner] for miner in (*KINDS_OF_SEEDS, *runs) if miner in runs}


def region_parts(table: pd.DataFrame, tasks: Sequence[str], n_seeds: int) -> pd.DataFrame:
    """Tell coverage and precision of single regions, for the kinds of seeds that the study compares.

    Parameters
    ----------
    table
        The seeds of the results store.
    tasks, n_seeds
        The runs to choose.

    Returns
    -------
    pandas.DataFrame
        The columns of the store with ``kind``, ``region`` and ``label`` (the miner), by kind; empty when
        nothing is stored.
    """
    table = kinds(table)
    chosen = table[
        table["task"].isin(tasks)
        & (table["n_seeds"] == n_seeds)
        & table["miner"].isin(KINDS_OF_SEEDS)
        & table["part_kind"].isin(REGION_KINDS)
        & (table["part"] != "all")
        & table["coverage"].notna()
    ]
    parts = chosen.assign(kind=chosen["part_kind"], region=chosen["part"], label=chosen["miner"])
    return parts.sort_values("kind", key=lambda kinds: kinds.map(REGION_KINDS.index), kind="stable",
                             ignore_index=True)  # fmt: skip


def region_contrasts(parts: pd.DataFrame) -> pd.DataFrame:
    """Tell which region of each kind a miner covers most and which least.

    Parameters
    ----------
    parts
        Rows of :func:`region_parts`.

    Returns
    -------
    pandas.DataFrame
        One row a kind and miner: ``most covered`` and ``least covered`` (names), ``ratio`` of their mean
        coverages, and ``balance``, the mean over runs of :func:`psqe.seeds.audit.balance`.
    """
    rows = []
    for kind, label, of_miner in group_rows(parts, ["kind", "label"]):
        means = of_miner.groupby("region")["coverage"].mean()
        even = [
            balance(dict(zip(run["region"], run["coverage"].astype(float), strict=True)))
            for _, run in of_miner.groupby(["task", "random_state"])
        ]
        least = float(means.min())
        rows.append({
            "kind": kind, "label": label, "most covered": means.idxmax(), "least covered": means.idxmin(),
            "ratio": float(means.max()) / least if least > 0 else float("inf"),
            "balance": sum(even) / len(even),
        })  # fmt: skip
    return pd.DataFrame(rows)


def third_ranks(parts: pd.DataFrame) -> pd.DataFrame:
    """Choose the regions by degree and density, from the lowest to the highest third of each.

    Parameters
    ----------
    parts
        Rows of :func:`region_parts`.

    Returns
    -------
    pandas.DataFrame
        The rows in that order, with ``where``, which tells kind and region.
    """
    thirds = parts[parts["kind"] != "semantic"]
    place = {f"{kind}: {third}": i for i, (kind, third) in enumerate(
        (kind, third) for kind in REGION_KINDS for third in THIRDS
    )}  # fmt: skip
    thirds = thirds.assign(where=thirds["kind"] + ": " + thirds["region"])
    return thirds.sort_values("where", key=lambda names: names.map(place), kind="stable")
