"""Tables that divide a gain in Hits@1 into the contributions of seed links, wrong seeds and free links."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from psqe.aligners import ALIGNERS
from psqe.evaluation.accounting import Accounting, GainParts, gain_parts
from psqe.evaluation.intervals import format_interval, mean_interval
from psqe.evaluation.link_groups import LINK_GROUPS
from psqe.study.plans import alignments as plans
from psqe.study.tables.alignments import FEATURES
from psqe.study.tables.page import group_rows
from psqe.study.tables.selection import kinds, planned

PARTS = {
    "more seed links": "more_seed_links", "fewer wrong seeds": "fewer_wrong", "seed links": "seeds_rate",
    "links beside wrong seeds": "wrong_rate", "free links": "free_rate",
}  # fmt: skip
"""The columns of :func:`gain_accounts`, and the fields of :class:`psqe.evaluation.accounting.GainParts`."""


def accounts(
    table: pd.DataFrame, tasks: Sequence[str], *, training: str = "plain", matching: str = "cosine"
) -> pd.DataFrame:
    """Collect the terms of the accounting identity, one row for each run and direction.

    Parameters
    ----------
    table
        The alignments of the results store.
    tasks
        Names of pairs of graphs.
    training
        One of :data:`psqe.study.plans.alignments.TRAININGS`; ``plain`` by default.
    matching
        ``cosine`` (the default), ``csls`` or ``sinkhorn``.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``aligner`` (:data:`~psqe.study.tables.alignments.FEATURES` for the features alone),
        ``miner`` (the kind of seeds), ``random_state``, ``direction`` and ``account``, an
        :class:`psqe.evaluation.accounting.Accounting` of Hits@1 under protocol full.
    """
    whole = table[
        (table["protocol"] == "full") & (table["matching"] == matching) & (table["part_kind"] == "all")
    ]
    trained = planned(whole, tasks, partial(plans.crossed, training))
    features = planned(whole, tasks, plans.untrained).assign(aligner=FEATURES)
    runs = kinds(pd.concat([trained, features]))
    keys = ["task", "aligner", "miner", "random_state", "direction"]
    rows: list[dict[str, Any]] = []
    for *labels, own in group_rows(runs[runs["miner"].notna()], keys):
        by = own.set_index("links")
        if "all" not in by.index or by.loc["all", "n_queries"] is pd.NA:
            continue  # a run from before links were told apart
        n = by["n_queries"].reindex(LINK_GROUPS).fillna(0).astype(int)
        hits = by["hits@1"].reindex(LINK_GROUPS)
        account = Accounting(
            {group: n[group] / int(by.loc["all", "n_queries"]) for group in LINK_GROUPS},
            {group: float(hits[group]) if n[group] else None for group in LINK_GROUPS},
        )
        rows.append({**dict(zip(keys, labels, strict=True)), "account": account})
    return pd.DataFrame(rows, columns=[*keys, "account"])


def gain_accounts(found: pd.DataFrame, over: str, *, better: str = "psqe") -> pd.DataFrame:
    """Divide the gain of one kind of seeds over another into its parts, in points of Hits@1.

    The parts are those of :func:`psqe.evaluation.accounting.gain_parts`, and add up to the gain. They are
    computed on the same pair, random state and direction. Their means over pairs and directions have one
    value for each random state, and intervals are over random states that were run on every pair.

    Parameters
    ----------
    found
        Rows of :func:`accounts`.
    over
        The kind of seeds that is the reference.
    better
        The kind of seeds whose gain over the reference is divided; ``psqe`` by default.

    Returns
    -------
    pandas.DataFrame
        One row for each aligner: ``aligner``; ``gain`` with its 95 % interval ``low`` and ``high`` (NaN for a
        single random state); a column for each of :data:`PARTS`; and ``runs``, the number of random states.
    """
    keys = ["aligner", "task", "random_state", "direction"]
    wide = found.pivot(index=keys, columns="miner", values="account")
    columns = ["aligner", "gain", "low", "high", *PARTS, "runs"]
    if better not in wide or over not in wide:
        return pd.DataFrame(columns=columns)
    pairs = wide[[over, better]].dropna()
    parts = [_points(gain_parts(before, after)) for before, after in pairs.itertuples(index=False, name=None)]
    points = pd.concat([pairs.index.to_frame(index=False), pd.DataFrame(parts)], axis=1)
    n_tasks = found["task"].nunique()
    complete = points.groupby(["aligner", "random_state"])["task"].transform("nunique") == n_tasks
    rows = []
    for aligner, own in group_rows(points[complete], ["aligner"]):
        by_state = own.groupby("random_state")[["gain", *PARTS]].mean()
        mean, low, high = mean_interval(by_state["gain"].tolist())
        shares = by_state[list(PARTS)].mean().to_dict()
        rows.append({
            "aligner": aligner, "gain": mean, "low": low, "high": high, **shares, "runs": len(by_state)
        })  # fmt: skip
    order = {name: i for i, name in enumerate([FEATURES, *ALIGNERS])}
    rows.sort(key=lambda row: order[row["aligner"]])
    return pd.DataFrame(rows, columns=columns)


def account_table(parts: pd.DataFrame) -> pd.DataFrame:
    """Write :func:`gain_accounts` as texts, the gain with its interval in one column.

    Parameters
    ----------
    parts
        Rows of :func:`gain_accounts`.

    Returns
    -------
    pandas.DataFrame
        ``aligner``, ``gain``, a column for each of :data:`PARTS`, and ``states``, the number of random
        states.
    """
    gain = [
        format_interval(row.gain, row.low, row.high, "+.1f", bounds_form=".1f", brackets=True)
        for row in parts.itertuples()
    ]
    shares = {column: parts[column].map("{:+z.1f}".format) for column in PARTS}
    return pd.DataFrame({"aligner": parts["aligner"], "gain": gain, **shares, "states": parts["runs"]})


def _points(parts: GainParts) -> dict[str, float]:
    """Return the parts and their sum in points."""
    return {
        "gain": 100 * parts.total,
        **{column: 100 * float(getattr(parts, field)) for column, field in PARTS.items()},
    }
