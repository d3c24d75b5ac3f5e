"""Tables about alignments: what aligners reach on which seeds, and what better seeds gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from psqe.aligners import ALIGNERS
from psqe.errors import DataError
from psqe.evaluation.intervals import format_interval, mean_interval
from psqe.study.plans import alignments as plans
from psqe.study.plans.alignments import NO_SEEDS, TRAININGS
from psqe.study.plans.base import KINDS_OF_SEEDS
from psqe.study.tables.page import group_rows
from psqe.study.tables.selection import in_order, kinds, planned, select

METRICS = ["hits@1", "hits@5", "hits@10", "mrr"]
"""The metrics of an alignment."""

KINDS = (NO_SEEDS, *KINDS_OF_SEEDS)
"""The names of what aligners are given, in the order of the tables."""

FEATURES, UNTRAINED = "features", "untrained"
"""The names that tables show in place of an aligner and of a way to train, for the input features, which are
compared without training and do not use seeds."""


def alignment_results(
    table: pd.DataFrame,
    *,
    protocol: str = "full",
    matching: str = "cosine",
    links: str = "all",
    **values: object,
) -> pd.DataFrame:
    """Collect what aligners reach under one protocol and matching on one group of links, a row for each run.

    Unless they are among ``values``, all runs must have the same aligner, preset and parameters.

    Parameters
    ----------
    table
        The alignments of the results store, or rows of them.
    protocol
        ``full`` (the default) or ``peer``.
    matching
        ``cosine`` (the default), ``csls`` or ``sinkhorn``; protocol ``peer`` has ``csls`` only.
    links
        The group of gold links: ``all`` (the default), ``free``, ``seeds``, ``wrong`` or ``free_of_all``.
    values
        Columns and their values, see :func:`psqe.study.tables.selection.select`.

    Returns
    -------
    pandas.DataFrame
        ``miner`` (:data:`~psqe.study.plans.alignments.NO_SEEDS` where there is none), ``aligner``,
        ``n_seeds``, ``random_state`` and every metric, the mean of the two directions.

    Raises
    ------
    DataError
        If there is no such run, or runs of several aligners, presets or parameters are mixed.
    """
    runs = table[table["aligner"].notna()]
    chosen = select(
        runs, "alignment", protocol=protocol, matching=matching, links=links, part_kind="all", **values
    )
    for column in ("aligner", "preset", "aligner_parameters"):
        kinds = chosen[column].unique()
        if len(kinds) > 1 and not isinstance(values.get(column), tuple):
            raise DataError(f"the results mix {column}: {', '.join(sorted(kinds))}", remedy="choose one")
    keys = ["id", "miner", "aligner", "n_seeds", "random_state"]
    means = chosen.groupby(keys, as_index=False, sort=False, dropna=False)[METRICS].mean()
    return in_order(means.sort_values(keys[2:], kind="stable")).drop(columns="id")


def untrained_results(
    table: pd.DataFrame, *, protocol: str = "full", links: str = "all", **values: object
) -> pd.DataFrame:
    """Collect what features reach without training under one protocol on one group of links, by run.

    Parameters
    ----------
    table, protocol, values
        As for :func:`alignment_results`.
    links
        The group of gold links; on ``all`` (the default) the rows are those of the runs without seeds, on
        another group those of the runs with the seeds that define it.

    Returns
    -------
    pandas.DataFrame
        ``matching``, ``miner``, ``n_seeds``, ``random_state`` and every metric, the mean of the two
        directions. The miner is :data:`~psqe.study.plans.alignments.NO_SEEDS` on all links.

    Raises
    ------
    DataError
        If there is no such run.
    """
    runs = table[table["aligner"].isna() & (table["miner"].isna() == (links == "all"))]
    chosen = select(runs, "run of the features", protocol=protocol, links=links, part_kind="all", **values)
    keys = ["matching", "miner", "n_seeds", "random_state"]
    return in_order(chosen.groupby(keys, as_index=False, dropna=False)[METRICS].mean())


def paired_gain(
    table: pd.DataFrame, value: str, better: str, worse: str, *, by: Sequence[str] = ("n_seeds",)
) -> pd.DataFrame:
    """Compute how much one miner gains over another on the same draws.

    Differences are taken within a random state, where both miners had the same graphs. So what makes a draw
    easy or hard for both cancels out.

    Parameters
    ----------
    table
        One row for each run: ``miner``, ``random_state``, the columns of ``by`` and ``value``.
    value
        The column to compare.
    better, worse
        The two miners; the gain is the value of ``better`` minus that of ``worse``.
    by
        The columns that name a comparison, the number of seeds by default.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, ``gain``, its 95 % interval ``low`` and ``high`` (NaN for a single run), and
        ``runs``, the number of random states.
    """
    wide = table.pivot_table(index=[*by, "random_state"], columns="miner", values=value)
    differences = (wide[better] - wide[worse]).dropna().rename("gain").reset_index()
    rows: list[dict[str, Any]] = []
    for *labels, group in group_rows(differences, by):
        mean, low, high = mean_interval([float(gain) for gain in group["gain"]])
        named = dict(zip(by, labels, strict=True))
        rows.append({**named, "gain": mean, "low": low, "high": high, "runs": len(group)})
    return pd.DataFrame(rows)


def crossed(
    table: pd.DataFrame,
    tasks: Sequence[str],
    *,
    protocol: str = "full",
    matching: str = "cosine",
    links: str = "all",
) -> pd.DataFrame:
    """Collect every stored run of an aligner on a kind of seeds, at the study's number of seeds.

    All rows have the same protocol, matching and group of links.

    Parameters
    ----------
    table
        The alignments of the results store.
    tasks
        Names of pairs of graphs.
    protocol, matching, links
        As for :func:`alignment_results`.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``aligner``, ``miner``, ``random_state``, ``training`` (one of
        :data:`psqe.study.plans.alignments.TRAININGS`), ``hits@1``, ``mrr`` and ``n_queries`` (means of both
        directions), ``seconds`` and ``peak_mb``. The same features without an aligner have :data:`FEATURES`
        in its place, and :data:`UNTRAINED` in place of the training; on all links they are the same for every
        kind of seeds, and have one row. Empty when nothing is stored.
    """
    whole = table[
        (table["protocol"] == protocol)
        & (table["matching"] == matching)
        & (table["links"] == links)
        & (table["part_kind"] == "all")
    ]
    parts = []
    for training in TRAININGS:
        runs = planned(whole, tasks, partial(plans.crossed, training))
        parts.append(runs.assign(training=training))
    features = planned(whole, tasks, plans.untrained)
    features = features[features["miner"].isna() == (links == "all")]
    parts.append(features.assign(training=UNTRAINED, aligner=FEATURES))
    runs = kinds(pd.concat(parts)).drop_duplicates(["id", "direction"])
    keys = ["task", "aligner", "miner", "random_state", "training"]
    values = ["hits@1", "mrr", "n_queries", "seconds", "peak_mb"]
    return in_order(runs.groupby(keys, as_index=False, sort=False, dropna=False)[values].mean())


def matrix(runs: pd.DataFrame, value: str = "hits@1") -> pd.DataFrame:
    """Cross aligners with kinds of seeds: the mean of a value over pairs and random states, as text.

    Runs of one random state on several pairs are averaged first; the 95 % interval is over random states.
    Only random states that were run on every pair of the table count, so that no mean is one over easier
    pairs.

    Parameters
    ----------
    runs
        Rows of :func:`crossed`.
    value
        The column to show.

    Returns
    -------
    pandas.DataFrame
        ``aligner``, ``training`` and a column for each kind of seeds: percents with half of the interval
        where there is more than one random state, and an empty text where there is no run.
    """
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for aligner, training, miner, own in group_rows(
        complete(runs, ["aligner", "training", "miner"]), ["aligner", "training", "miner"]
    ):
        mean, low, high = mean_interval(own.groupby("random_state")[value].mean().tolist())
        text = f"{100 * mean:.1f}"
        if low == low:  # The space does not break, since the two belong on one line.
            text += f"\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}{50 * (high - low):.1f}"
        cells.setdefault((aligner, training), {})[miner] = text
    order = {name: i for i, name in enumerate([FEATURES, *ALIGNERS, UNTRAINED, *TRAININGS])}
    rows = [
        {"aligner": aligner, "training": training, **{miner: texts.get(miner, "") for miner in KINDS}}
        for (aligner, training), texts in sorted(cells.items(), key=lambda cell: [order[x] for x in cell[0]])
    ]
    return pd.DataFrame(rows, columns=["aligner", "training", *KINDS])


def pair_table(found: Mapping[tuple[str, str], pd.DataFrame], miner: str = "psqe") -> pd.DataFrame:
    """Write what every aligner reaches on one kind of seeds, by group of links and by matching.

    Parameters
    ----------
    found
        Rows of :func:`crossed` by ``(LINKS, MATCHING)``, such as ``("free", "csls")``.
    miner
        The kind of seeds, ``psqe`` by default.

    Returns
    -------
    pandas.DataFrame
        ``model``, as :func:`name_models` names it, and a column ``LINKS, MATCHING`` for each entry of
        ``found``, in percent as in :func:`matrix`. The features without an aligner, which use no seeds, are
        a row as well. A model that lacks a run in any of the columns is left out.
    """
    columns = {}
    for (links, matching), runs in found.items():
        texts = name_models(matrix(runs)).set_index("model")
        column = texts[miner]
        if FEATURES in column and not column[FEATURES]:  # On all links they do not depend on the seeds.
            column = column.mask(column.index == FEATURES, texts.loc[FEATURES, NO_SEEDS])
        columns[f"{links}, {matching}"] = column
    table = pd.DataFrame(columns).dropna()
    return table[(table != "").all(axis="columns")].rename_axis("model").reset_index()


def name_models(table: pd.DataFrame) -> pd.DataFrame:
    """Join the columns ``aligner`` and ``training`` to one, ``model``, as a page names its rows.

    Parameters
    ----------
    table
        A table with both columns, such as :func:`matrix` and :func:`crossed` make.

    Returns
    -------
    pandas.DataFrame
        The table with ``model`` in their place, at the beginning. An aligner that is trained as its preset
        says has its bare name.

    Examples
    --------
    >>> rows = pd.DataFrame({"aligner": ["features", "eva", "eva"],
    ...                      "training": ["untrained", "plain", "residual"]})
    >>> name_models(rows)["model"].tolist()
    ['features', 'eva', 'eva, residual 2']
    """
    ways = {"plain": "", UNTRAINED: "", "residual": f", residual {plans.RESIDUAL:g}"}
    endings = [ways.get(training, f", {training}") for training in table["training"]]
    model = [f"{aligner}{ending}" for aligner, ending in zip(table["aligner"], endings, strict=True)]
    rest = table.drop(columns=["aligner", "training"])
    rest.insert(0, "model", model)
    return rest


def complete(runs: pd.DataFrame, by: list[str], n_tasks: int | None = None) -> pd.DataFrame:
    """Choose the runs of those random states that were run on every pair, group by group.

    Parameters
    ----------
    runs
        One row for each run: ``task``, ``random_state`` and the columns of ``by``.
    by
        The columns that name a group.
    n_tasks
        The number of pairs; that of the table when omitted.
    """
    n_tasks = runs["task"].nunique() if n_tasks is None else n_tasks
    return runs[runs.groupby([*by, "random_state"])["task"].transform("nunique") == n_tasks]


def gains(runs: pd.DataFrame, over: str, *, better: str = "psqe", value: str = "hits@1") -> pd.DataFrame:
    """Compute what one miner's seeds gain over another's, aligner by aligner and pair by pair.

    Differences are taken on the same pair within a random state.

    Parameters
    ----------
    runs
        Rows of :func:`crossed`.
    over, better
        The two kinds of seeds; the gain is the value on ``better`` (``psqe`` by default) minus that on
        ``over``.
    value
        The column to compare.

    Returns
    -------
    pandas.DataFrame
        ``aligner``, ``training``, ``task`` (``all`` for the mean over pairs, of random states that were run
        on all of them), ``gain`` in points with its 95 % interval ``low`` and ``high`` (NaN for one run), and
        ``runs``.
    """
    names = ["aligner", "training"]
    columns = [*names, "task", "gain", "low", "high", "runs"]
    wide = runs.pivot_table(index=[*names, "task", "random_state"], columns="miner", values=value)
    if better not in wide or over not in wide:
        return pd.DataFrame(columns=columns)
    points = (100 * wide).rename_axis(columns=None).reset_index()
    pairs = points.dropna(subset=[better, over])
    whole = complete(pairs, names, runs["task"].nunique())
    together = whole.groupby([*names, "random_state"], as_index=False)[[better, over]].mean()
    wide = pd.concat([pairs, together.assign(task="all")])
    both = wide.melt([*names, "task", "random_state"], [better, over], "miner", value)
    order = {name: i for i, name in enumerate(ALIGNERS)}
    found = paired_gain(both, value, better, over, by=[*names, "task"])[columns]
    keys = {
        "aligner": found["aligner"].map(order),
        "training": found["training"],
        "task": found["task"] == "all",
    }
    places = pd.DataFrame(keys).sort_values(list(keys), kind="stable").index
    return found.loc[places].reset_index(drop=True)


def gain_table(runs: pd.DataFrame, others: Sequence[str]) -> pd.DataFrame:
    """Write :func:`gains` over several kinds of seeds side by side.

    Parameters
    ----------
    runs
        Rows of :func:`crossed` of one training.
    others
        The kinds of seeds over which the seeds of PSQE gain.

    Returns
    -------
    pandas.DataFrame
        Texts: a row for each ``aligner`` and ``pair``, and a column for each kind of seeds.
    """
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for other in others:
        for row in gains(runs, other).to_dict("records"):
            text = format_interval(
                row["gain"], row["low"], row["high"], "+.1f", bounds_form=".1f", brackets=True
            )
            cells.setdefault((row["aligner"], row["task"]), {})[f"over {other}"] = text
    titles = [f"over {other}" for other in others]
    rows = [
        {"aligner": aligner, "pair": task, **{title: texts.get(title, "") for title in titles}}
        for (aligner, task), texts in cells.items()
    ]
    return pd.DataFrame(rows, columns=["aligner", "pair", *titles])
