"""The tables of the page about benchmarks, computed from what is kept."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from psqe.datasets.benchmarks import BENCHMARKS
from psqe.features.encoder import DEFAULT_ENCODERS
from psqe.study.benchmarks import COMPARED, MATCHINGS, N_SEEDS, TOGETHER


def fact_table(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Facts of every benchmark, one row each.

    Parameters
    ----------
    table
        :func:`read_facts`.
    names
        The facts to show and what to call them; of both sides, as ``left / right``, where each has one.

    Returns
    -------
    Column ``benchmark``, then one text column a fact; empty where a fact is not known.
    """
    rows = []
    for task, own in table.groupby("task", sort=False):
        row = {"benchmark": task}
        for fact, title in names.items():
            values = own[own["fact"] == fact].set_index("side")["value"]
            row[title] = " / ".join(
                _number(values[side]) for side in ("left", "right", "both") if side in values
            )
        rows.append(row)
    return pd.DataFrame(rows, columns=["benchmark", *names.values()])


def _number(value: float) -> str:
    """A count in full, a share with two digits."""
    return f"{value:,.0f}" if value == int(value) and abs(value) != 1 else f"{value:.2f}"


def single_table(table: pd.DataFrame) -> pd.DataFrame:
    """Hits@1 of every view alone, from the results store: one row a benchmark and view.

    Returns
    -------
    ``benchmark``, ``modality``, ``encoder``, then Hits@1 left to right and right to left under protocol
    ``full`` (all candidates, cosine), the mean of both with CSLS, and the mean of both under protocol
    ``peer``. Means over random states.
    """
    mine = table[(table["miner"] == "none") & table["task"].isin(list(BENCHMARKS))]
    rows = []
    for (task, modality, settings), own in mine.groupby(["task", "modalities", "settings"], sort=False):
        if "+" in modality:
            continue
        encoder = DEFAULT_ENCODERS[modality] if settings == "-" else settings.partition("=")[2]
        full, peer = own[own["protocol"] == "full"], own[own["protocol"] == "peer"]
        cosine, csls = (full[full["aligner"] == matching] for matching in MATCHINGS)
        rows.append(
            {
                "benchmark": task, "modality": modality, "encoder": encoder,
                "full, l2r": cosine.loc[cosine["direction"] == "l2r", "hits@1"].mean(),
                "full, r2l": cosine.loc[cosine["direction"] == "r2l", "hits@1"].mean(),
                "full, CSLS": csls["hits@1"].mean(),
                "peer": peer["hits@1"].mean(),
            }
        )  # fmt: skip
    found = pd.DataFrame(
        rows, columns=["benchmark", "modality", "encoder", "full, l2r", "full, r2l", "full, CSLS", "peer"]
    )
    return found.sort_values(
        "benchmark", key=lambda column: column.map(list(BENCHMARKS).index), kind="stable"
    )


def mined_table(table: pd.DataFrame, n_seeds: int = N_SEEDS) -> pd.DataFrame:
    """What every miner finds on every benchmark, and Hits@1 of MCLEA trained on it.

    Returns
    -------
    ``benchmark``, ``modalities``, ``miner``, ``seeds``, ``right`` (precision), ``judged`` (precision among
    seeds with an end that a gold link knows), ``Hits@1`` (protocol full, mean of both directions),
    ``seconds`` and ``GB`` of the process that mined, data and features included.
    """
    rows = []
    for task in BENCHMARKS:
        one = TOGETHER[task]
        own = table[
            (table["task"] == task)
            & (table["n_seeds"] == n_seeds)
            & (table["modalities"] == "+".join(sorted(one.modalities)))
        ]
        for miner in COMPARED:
            of_miner = own[(own["miner"] == miner) & (own["variant"] != "released")]
            seeds = of_miner[
                (of_miner["aligner"] == "-")
                & (of_miner["region"] == "all")
                & (of_miner["settings"] == one.settings)
            ]
            settings = " ".join(part for part in ("preset=small", one.settings) if part != "-")
            trained = of_miner[
                (of_miner["aligner"] == "mclea")
                & (of_miner["protocol"] == "full")
                & (of_miner["region"] == "all")
                & (of_miner["settings"] == settings)
            ]
            if seeds.empty:
                continue
            rows.append(
                {
                    "benchmark": task, "modalities": ", ".join(one.modalities), "miner": miner,
                    "seeds": int(seeds["seeds_found"].mean()), "right": seeds["precision"].mean(),
                    "judged": seeds["precision_judged"].mean(),
                    "Hits@1": trained["hits@1"].mean() if len(trained) else float("nan"),
                    "seconds": seeds["seconds"].mean(), "GB": seeds["peak_mb"].mean() * 2**20 / 1e9,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
