"""Views of the results store that pages show: seeds, alignments, regions, and paired gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from psqe.errors import DataError
from psqe.regions import THIRDS
from psqe.statistics import mean_interval
from psqe.study.ablation import OF_MINER
from psqe.study.experiments import SEEDS

KINDS = ("degree", "density", "semantic")
"""Kinds of region; other parts of the seeds (``stage: refine``) have names of the same form."""


def _chosen(table: pd.DataFrame, what: str, **values: object) -> pd.DataFrame:
    """Rows whose columns have the values given, at least one.

    Without ``variant`` or ``settings`` among them, seeds are those of miners as they are by default.
    """
    found = table
    if "variant" not in values:
        found = found[found["variant"].isin(["-", "corrected"])]
    if "settings" not in values:
        departs = found["settings"].str.contains("|".join(OF_MINER), regex=True)
        found = found[~departs]
    for name, value in values.items():
        found = found[found[name] == value]
    if found.empty:
        wanted = ", ".join(f"{name}={value}" for name, value in values.items())
        raise DataError(f"the results have no {what} with {wanted}", remedy="run the experiments first")
    return found.reset_index(drop=True)


def seed_results(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Rows about whole seed sets: precision and recall by miner, number of seeds and random state.

    Parameters
    ----------
    table
        The store, or rows of it.
    values
        Columns and the values they must have, for example ``task="emoji/en-fr"``.

    Raises
    ------
    DataError
        If there is no such row.
    """
    return _chosen(table, "seeds", protocol="-", region="all", **values)


def alignment_results(table: pd.DataFrame, *, protocol: str, **values: object) -> pd.DataFrame:
    """Rows about whole alignments under one protocol; see :func:`seed_results`.

    Each metric is the mean of the two directions. Without ``settings`` among ``values``, every
    alignment must have been made with the same settings.

    Raises
    ------
    DataError
        If there is no such row, or settings are mixed.
    """
    chosen = _chosen(table, "alignment", protocol=protocol, region="all", **values)
    trained = chosen.loc[chosen["miner"] != "none", "settings"].unique()
    if len(trained) > 1:
        raise DataError(f"the results mix the settings {', '.join(map(str, trained))}", remedy="choose one")
    keys = ["miner", "aligner", "n_seeds", "random_state", "settings"]
    return in_order(chosen.groupby(keys, as_index=False)[["hits@1", "hits@5", "hits@10", "mrr"]].mean())


def region_results(
    table: pd.DataFrame, value: str, **values: object
) -> dict[str, list[dict[str, dict[str, float]]]]:
    """Values by region: for each miner one mapping (kind, region, value) per random state.

    The form that :func:`psqe.figures.results.by_region` takes.

    Parameters
    ----------
    table
        The store, or rows of it.
    value
        ``coverage``, ``precision`` or ``hits@1``.
    values
        Columns and the values they must have.
    """
    chosen = _chosen(table, "regions", **values)
    regions = chosen["region"].str.startswith(tuple(f"{kind}: " for kind in KINDS))
    chosen = chosen[regions & chosen[value].notna()]
    runs: dict[str, list[dict[str, dict[str, float]]]] = {}
    for miner, _, rows in _groups(chosen, ["miner", "random_state"]):
        by_kind: dict[str, dict[str, float]] = {}
        for region, number in zip(rows["region"], rows[value], strict=True):
            kind, name = region.split(": ", 1)
            by_kind.setdefault(kind, {})[name] = float(number)
        for kind, values_of in by_kind.items():  # the store sorts by name; thirds have an order of their own
            if set(values_of) <= set(THIRDS):
                by_kind[kind] = {name: values_of[name] for name in THIRDS if name in values_of}
        runs.setdefault(str(miner), []).append(by_kind)
    return {miner: runs[miner] for miner in (*SEEDS, *runs) if miner in runs}


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with the miners in the order of :data:`psqe.study.experiments.SEEDS`, then as they were."""
    place = {miner: i for i, miner in enumerate(SEEDS)}
    return table.sort_values("miner", key=lambda names: names.map(place).fillna(len(place)), kind="stable")


def paired_gain(
    table: pd.DataFrame, value: str, better: str, worse: str, *, by: Sequence[str] = ("n_seeds",)
) -> pd.DataFrame:
    """How much one miner gains over another on the same draws: mean difference and its 95 % interval.

    Differences are taken within a random state, where both miners had the same graphs, so what makes a
    draw easy or hard for both cancels out.
    """
    keys = [*by, "random_state"]
    wide = table.pivot_table(index=keys, columns="miner", values=value)
    gains = (wide[better] - wide[worse]).dropna().rename("gain").reset_index()
    rows: list[Mapping[str, Any]] = []
    for *labels, group in _groups(gains, list(by)):
        mean, low, high = mean_interval([float(gain) for gain in group["gain"]])
        rows.append(
            {**dict(zip(by, labels, strict=True)), "gain": mean, "low": low, "high": high, "runs": len(group)}
        )
    return pd.DataFrame(rows)


def _groups(table: pd.DataFrame, by: list[str]) -> list[tuple[Any, ...]]:
    """Groups of rows as ``(*labels, rows)``, in order of appearance."""
    return [(*labels, rows) for labels, rows in table.groupby(by, sort=False)]
