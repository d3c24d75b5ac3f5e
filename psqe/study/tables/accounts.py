"""Tables of what seed links, wrong seeds and free links contribute to Hits@1, and to a gain in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from psqe.aligners import ALIGNERS
from psqe.evaluation.accounting import Accounting, GainParts, gain_parts, predicted_total
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
    cells: dict[tuple[Any, ...], dict[str, tuple[Any, Any]]] = {}
    told = runs.loc[runs["miner"].notna(), [*keys, "links", "n_queries", "hits@1"]]
    for *labels, links, n, hits in told.itertuples(index=False, name=None):
        cells.setdefault(tuple(labels), {})[links] = (n, hits)
    rows: list[dict[str, Any]] = []
    for label, by in cells.items():
        whole_number = by.get("all", (pd.NA, None))[0]
        if whole_number is pd.NA:
            continue  # a run from before links were told apart
        account = Accounting(
            {group: int(by[group][0]) / int(whole_number) if group in by else 0.0 for group in LINK_GROUPS},
            {group: float(by[group][1]) if group in by else None for group in LINK_GROUPS},
        )
        rows.append({**dict(zip(keys, label, strict=True)), "account": account})
    return pd.DataFrame(rows, columns=[*keys, "account"])


def predicted_totals(found: pd.DataFrame) -> pd.DataFrame:
    """Predict Hits@1 on all links by the accounting identity, with the features' Hits@1 on the free links.

    The prediction is :func:`psqe.evaluation.predicted_total`: a model answers all seeds that it is given, the
    wrong ones too, and matches the free links as well as the features do without training. What the
    measurement is above or below it is therefore what the model learned or lost on the free links, and what
    it found beside wrong seeds.

    Parameters
    ----------
    found
        Rows of :func:`accounts`, with those of the features.

    Returns
    -------
    pandas.DataFrame
        One row for each trained run whose features were counted beside the same seeds, means of both
        directions: ``task``, ``aligner``, ``miner``, ``random_state``, ``told`` and ``measured``, and what
        ``free`` links and links beside ``wrong`` seeds contribute to the difference, all as shares of all
        links.
    """
    keys = ["task", "miner", "random_state", "direction"]
    features = found[found["aligner"] == FEATURES].set_index(keys)["account"].to_dict()
    rows = []
    for row in found[found["aligner"] != FEATURES].to_dict("records"):
        own, bare = row["account"], features.get(tuple(row[key] for key in keys))
        if bare is None or bare.rates["free"] is None or own.rates["free"] is None:
            continue
        rows.append({
            **{key: row[key] for key in ("task", "aligner", "miner", "random_state")},
            "told": predicted_total(own.shares, bare.rates["free"]), "measured": own.total,
            "free": own.shares["free"] * (own.rates["free"] - bare.rates["free"]),
            "wrong": own.shares["wrong"] * (own.rates["wrong"] or 0.0),
        })  # fmt: skip
    names = ["task", "aligner", "miner", "random_state"]
    table = pd.DataFrame(rows, columns=[*names, "told", "measured", "free", "wrong"])
    return table.groupby(names, sort=False, as_index=False).mean()


def prediction_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Compute how far :func:`predicted_totals` are from what was measured, in points, by aligner.

    Parameters
    ----------
    table
        Rows of :func:`predicted_totals`.

    Returns
    -------
    pandas.DataFrame
        By ``aligner``: the mean of what was measured minus what was predicted (``measured - predicted``),
        the parts of it that come from the ``free links`` and from the links ``beside wrong seeds``, the
        ``mean error`` without its sign, the ``largest``, and the number of ``runs``.
    """
    gaps = table.assign(gap=100 * (table["measured"] - table["told"]))
    rows = [
        {
            "aligner": aligner, "measured - predicted": own["gap"].mean(),
            "free links": 100 * own["free"].mean(),
            "beside wrong seeds": 100 * own["wrong"].mean(), "mean error": own["gap"].abs().mean(),
            "largest": own["gap"].abs().max(), "runs": len(own),
        }
        for aligner, own in gaps.groupby("aligner", sort=False)
    ]  # fmt: skip
    return pd.DataFrame(rows)


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
