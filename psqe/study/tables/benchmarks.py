"""Tables of the page about benchmarks: facts, what each modality alone can do, and what miners find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from psqe.datasets.benchmarks import BENCHMARKS
from psqe.features.encoder_registry import DEFAULT_ENCODERS
from psqe.study.plans import benchmarks as plans
from psqe.study.plans.base import MINERS_COMPARED
from psqe.study.tables.costs import gigabytes
from psqe.study.tables.page import group_rows
from psqe.study.tables.selection import kinds, planned


def fact_table(
    facts: pd.DataFrame, names: Mapping[str, str], *, tasks: Sequence[str] = tuple(BENCHMARKS)
) -> pd.DataFrame:
    """List facts about pairs of graphs, one row each.

    Parameters
    ----------
    facts
        The facts of the results store.
    names
        The facts to show and their titles.
    tasks
        The names of the pairs; all benchmarks by default. A pair without stored facts has no row.

    Returns
    -------
    pandas.DataFrame
        ``benchmark`` (the name of the pair), then one text column a fact: ``left / right`` where both sides
        have one, and nothing where a fact is not known.
    """
    rows = []
    known = set(facts["task"])
    for task in (task for task in tasks if task in known):
        row = {"benchmark": task}
        for fact, title in names.items():
            values = facts[(facts["task"] == task) & (facts["fact"] == fact)].set_index("side")["value"]
            row[title] = " / ".join(
                _number(float(values[side])) for side in ("left", "right", "both") if side in values
            )
        rows.append(row)
    return pd.DataFrame(rows, columns=["benchmark", *names.values()])


def _benchmarks(table: pd.DataFrame) -> list[str]:
    """List the benchmarks that a table has, in their own order."""
    return [task for task in BENCHMARKS if task in set(table["task"])]


def _number(value: float) -> str:
    """Write a count in full and a share with two digits."""
    return f"{value:,.0f}" if value == int(value) and abs(value) != 1 else f"{value:.2f}"


def single_table(table: pd.DataFrame) -> pd.DataFrame:
    """Tell Hits@1 of every modality and encoder alone, without seeds and without training.

    Parameters
    ----------
    table
        The alignments of the results store.

    Returns
    -------
    pandas.DataFrame
        ``benchmark``, ``modality``, ``encoder``; Hits@1 left to right and right to left under protocol full
        (all candidates, cosine), the mean of both with CSLS, and the mean of both under protocol peer. Means
        over random states.
    """
    runs = planned(table[(table["part_kind"] == "all") & (table["links"] == "all")], BENCHMARKS, plans.alone)
    rows = []
    for task in _benchmarks(runs):
        for modality, _, own in group_rows(runs[runs["task"] == task], ["modalities", "encoders"]):
            by = own.groupby(["protocol", "matching", "direction"])["hits@1"].mean()
            given = own["spec"].iloc[0].features.encoders
            rows.append({
                "benchmark": task, "modality": modality,
                "encoder": given.get(modality, DEFAULT_ENCODERS[modality]),
                "full, l2r": by["full", "cosine", "l2r"], "full, r2l": by["full", "cosine", "r2l"],
                "full, CSLS": by["full", "csls"].mean(), "peer": by["peer", "csls"].mean(),
            })  # fmt: skip
    columns = ["benchmark", "modality", "encoder", "full, l2r", "full, r2l", "full, CSLS", "peer"]
    return pd.DataFrame(rows, columns=columns)


def mined_table(seeds: pd.DataFrame, alignments: pd.DataFrame) -> pd.DataFrame:
    """Tell what every miner finds on every benchmark, and Hits@1 of MCLEA trained on it.

    Parameters
    ----------
    seeds, alignments
        The seeds and the alignments of the results store.

    Returns
    -------
    pandas.DataFrame
        ``benchmark``, ``modalities``, ``miner``, ``seeds``, ``correct`` (precision), ``judged`` (precision
        among seeds with an end that a gold link knows), ``Hits@1`` (protocol full, cosine, all links, mean of
        both directions, NaN where it was not run), and ``seconds`` and ``GB`` of mining.
    """
    whole = kinds(planned(seeds[seeds["part_kind"] == "all"], BENCHMARKS, plans.mined))
    hits = kinds(planned(alignments, BENCHMARKS, plans.aligned))
    hits = hits[(hits["protocol"] == "full") & (hits["matching"] == "cosine") & (hits["links"] == "all")]
    hits = hits[hits["part_kind"] == "all"]
    trained = hits.groupby(["task", "miner"])["hits@1"].mean()
    rows = []
    for task in _benchmarks(whole):
        for miner in MINERS_COMPARED:
            own = whole[(whole["task"] == task) & (whole["miner"] == miner)]
            if len(own):
                rows.append({
                    "benchmark": task, "modalities": ", ".join(own["spec"].iloc[0].features.modalities),
                    "miner": miner, "seeds": int(own["seeds_found"].mean()),
                    "correct": own["precision"].mean(), "judged": own["precision_judged"].mean(),
                    "Hits@1": float(trained.get((task, miner), float("nan"))),
                    "seconds": own["seconds"].mean(), "GB": gigabytes(own["peak_mb"].mean()),
                })  # fmt: skip
    return pd.DataFrame(rows)
