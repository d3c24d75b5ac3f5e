"""The table of the whole evidence: every kind of seeds crossed with every aligner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import pandas as pd
from scipy.stats import false_discovery_control, spearmanr, ttest_1samp

from psqe.errors import DataError, ParameterError
from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.plans.base import seeds_of
from psqe.study.plans.evidence import ALIGNERS, FEATURES, SEEDLESS, SEEDS, cell, seeds_on
from psqe.study.tables.page import group_rows, mean_table

COLUMNS = ["seeds", "aligner", "task", "random_state"]
"""The columns that tell the runs of :func:`evidence_runs` apart."""

LEVEL = 0.05
"""The false discovery rate of a table of gains."""

Over = Literal["task", "random_state"]
"""What an interval is over."""


def evidence_runs(
    table: pd.DataFrame,
    tasks: Sequence[str],
    *,
    matching: str,
    links: str = "all",
    kinds: Sequence[str] | None = None,
    aligners: Sequence[str] = ALIGNERS,
) -> pd.DataFrame:
    """Collect the stored runs of the crossing, a row for each kind of seeds, aligner, pair and random state.

    Only random states count for which every run that is asked for is stored on every one of the pairs, so
    that all cells of a table have the same ones. A part of the crossing can have more of them than the whole.

    The features without training do not use seeds. On all links their run without seeds stands in every row,
    and on another group of links the run beside the seeds that define the group.

    Parameters
    ----------
    table
        The alignments of the results store.
    tasks
        Names of pairs of graphs.
    matching
        The matching of all rows.
    links
        The group of gold links: ``all`` (the default), or ``free`` for those without an end in a seed.
    kinds
        Which kinds of seeds; all that differ on a pair (:func:`psqe.study.plans.evidence.seeds_on`) when
        omitted.
    aligners
        Which of :data:`psqe.study.plans.evidence.ALIGNERS`; all of them by default.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS`, ``hits@1`` and ``n_queries`` (means of both directions, protocol ``full``).

    Raises
    ------
    ParameterError
        If a kind of seeds or an aligner is unknown.
    DataError
        If no random state has all runs.
    """
    unknown = [name for name in kinds or () if name not in SEEDS]
    unknown += [name for name in aligners if name not in ALIGNERS]
    if unknown:
        raise ParameterError(
            f"the crossing has no {unknown[0]!r}", remedy=f"choose from {', '.join((*SEEDS, *ALIGNERS))}"
        )
    chosen = table[
        (table["protocol"] == "full")
        & (table["matching"] == matching)
        & (table["links"] == links)
        & (table["part_kind"] == "all")
    ]
    means = chosen.groupby("id", as_index=False)[["hits@1", "n_queries"]].mean()
    states = sorted(int(state) for state in chosen["random_state"].unique())
    places = pd.DataFrame(
        [
            (kind, aligner, task, state, _run_id(kind, aligner, task, state, links))
            for task in tasks
            for state in states
            for kind in dict.fromkeys((NO_SEEDS, *(seeds_on(task) if kinds is None else kinds)))
            for aligner in dict.fromkeys(aligners)
            if kind != NO_SEEDS or aligner in SEEDLESS
        ],
        columns=[*COLUMNS, "id"],
    )
    found = places.merge(means, on="id", how="left").drop(columns="id")
    asked = found[~((found["seeds"] == NO_SEEDS) & (links != "all"))]  # without seeds there is one group only
    lacking = asked[asked["hits@1"].isna()]["random_state"].unique()
    whole = asked[~asked["random_state"].isin(lacking)]
    if whole.empty:
        raise DataError(
            f"the results have no random state with every run of the crossing on {', '.join(tasks)}",
            remedy="run psqe results fill evidence, or the plan that has these pairs",
        )
    return whole.reset_index(drop=True)


def evidence_seeds(table: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Collect what is known of the seeds of a crossing.

    Parameters
    ----------
    table
        The seeds of the results store.
    runs
        Rows of :func:`evidence_runs`, which say which pairs and random states are asked for.

    Returns
    -------
    pandas.DataFrame
        ``seeds``, ``task``, ``random_state``, ``n_seeds`` (those found), ``precision`` (among all seeds),
        ``judged`` (among those with an entity that has a gold link) and ``balance`` of the coverage of
        regions by meaning; a row for each kind of seeds, pair and random state.
    """
    seeded = runs[runs["seeds"] != NO_SEEDS][["seeds", "task", "random_state"]].drop_duplicates()
    ids = [
        seeds_of(cell(kind, FEATURES, task, int(state))).id
        for kind, task, state in seeded.itertuples(index=False, name=None)
    ]
    values = ["seeds_found", "precision", "precision_judged"]
    whole = table[table["part_kind"] == "all"].set_index("id")[values]
    even = table[(table["part_kind"] == "semantic") & (table["part"] == "all")].set_index("id")["balance"]
    return (
        seeded.assign(id=ids)
        .join(whole, on="id", how="inner")
        .join(even, on="id")
        .rename(columns={"precision_judged": "judged", "seeds_found": "n_seeds"})
        .drop(columns="id")
        .reset_index(drop=True)
    )


def order_kept(runs: pd.DataFrame, precision: pd.Series[float]) -> pd.DataFrame:
    """Compute how well the precision of seeds orders what each aligner makes of them, pair by pair.

    Parameters
    ----------
    runs
        Rows of :func:`evidence_runs`, whose value is Hits@1, or of :func:`learned`, whose value is the gain.
        Runs of several random states are averaged.
    precision
        The precision of each kind of seeds on each pair; its index has the levels ``seeds`` and ``task``.

    Returns
    -------
    pandas.DataFrame
        ``aligner``, ``task``, ``rho`` (Spearman's correlation over kinds of seeds) and ``kinds``, their
        number. Aligners whose value is the same on all seeds are left out.
    """
    value = "gain" if "gain" in runs else "hits@1"
    means = runs.groupby(["aligner", "task", "seeds"], sort=False)[value].mean().reset_index()
    both = means.join(precision.rename("of_seeds"), on=["seeds", "task"], how="inner")
    rows = []
    for aligner, task, own in group_rows(both, ["aligner", "task"]):
        if own[value].nunique() > 1:
            rho = float(spearmanr(own["of_seeds"], own[value]).statistic)
            rows.append({"aligner": aligner, "task": task, "rho": rho, "kinds": len(own)})
    return pd.DataFrame(rows, columns=["aligner", "task", "rho", "kinds"])


def _run_id(kind: str, aligner: str, task: str, state: int, links: str) -> str:
    """The id of the run that has the numbers of one cell."""
    unseeded = aligner == FEATURES and links == "all"
    return cell(NO_SEEDS if unseeded else kind, aligner, task, state).id


def learned(runs: pd.DataFrame, bar: str = FEATURES) -> pd.DataFrame:
    """Compute how far every aligner is above the aligner ``bar`` on the same links, in points of Hits@1.

    Differences are taken on the same pair, seeds and random state.

    Parameters
    ----------
    runs
        Rows of :func:`evidence_runs`.
    bar
        One of :data:`psqe.study.plans.evidence.ALIGNERS`: the features (the default), or ``clamped``.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS` and ``gain``, without the rows of the bar.
    """
    keys = ["seeds", "task", "random_state"]
    low = runs[runs["aligner"] == bar].set_index(keys)["hits@1"].rename("bar")
    others = runs[runs["aligner"] != bar].join(low, on=keys).dropna(subset=["bar"])
    return others.assign(gain=100 * (others["hits@1"] - others["bar"]))[[*COLUMNS, "gain"]]


def gains_in_all_runs(gains: pd.DataFrame) -> pd.DataFrame:
    """Compare the gains of every cell over its runs: their mean, and whether all of them have one sign.

    Parameters
    ----------
    gains
        Rows of :func:`learned`.

    Returns
    -------
    pandas.DataFrame
        ``seeds``, ``aligner``, ``gain`` (the mean), ``lowest``, ``highest``, ``n`` (the number of runs), and
        whether all runs are ``above`` zero, or ``below`` it.

    Examples
    --------
    >>> own = pd.DataFrame({"seeds": ["psqe"] * 2, "aligner": ["eva"] * 2, "gain": [1.0, 3.0]})
    >>> gains_in_all_runs(own)[["gain", "above", "below"]].to_dict("records")
    [{'gain': 2.0, 'above': True, 'below': False}]
    """
    by = gains.groupby(["seeds", "aligner"], sort=False)["gain"]
    found = by.agg(gain="mean", lowest="min", highest="max", n="size").reset_index()
    return found.assign(above=found["lowest"] > 0, below=found["highest"] < 0)


def gain_tests(gains: pd.DataFrame, over: Over) -> pd.DataFrame:
    """Test every cell of a table of gains against zero, with the false discovery rate of the table at 5 %.

    Runs are averaged first, so that there is one value for each pair or for each random state.

    Parameters
    ----------
    gains
        Rows of :func:`learned`.
    over
        What the interval and the test are over: ``task`` for pairs, or ``random_state``.

    Returns
    -------
    pandas.DataFrame
        ``seeds``, ``aligner``, ``gain`` with its 95 % interval ``low`` and ``high``, ``n`` (the number of
        values), ``p`` (the t test of one sample, two-sided) and ``found``: whether the cell is told from zero
        after the procedure of Benjamini and Hochberg (1995). ``low``, ``high`` and ``p`` are NaN for one
        value, and such a cell is never found.
    """
    by = ["seeds", "aligner"]
    values = gains.groupby([*by, over], as_index=False, sort=False)["gain"].mean()
    table = mean_table(values, by=by, value="gain").rename(columns={"mean": "gain", "runs": "n"})
    p = [
        float(ttest_1samp(own["gain"], 0).pvalue) if len(own) > 1 else float("nan")
        for *_, own in group_rows(values, by)
    ]
    table["p"] = p
    tested = table["p"].notna()
    table["found"] = False
    if tested.any():
        table.loc[tested, "found"] = false_discovery_control(table.loc[tested, "p"]) < LEVEL
    return table


def evidence_matrix(runs: pd.DataFrame) -> pd.DataFrame:
    """Cross kinds of seeds with aligners: mean Hits@1 in percent, as text.

    Parameters
    ----------
    runs
        Rows of :func:`evidence_runs`.

    Returns
    -------
    pandas.DataFrame
        ``seeds`` and a column for each aligner; an empty text where there is no run.
    """
    return _matrix(
        (kind, aligner, f"{100 * own['hits@1'].mean():.1f}")
        for kind, aligner, own in group_rows(runs, ["seeds", "aligner"])
    )


def widest_interval(runs: pd.DataFrame) -> float:
    """Compute half of the widest 95 % interval over pairs of the cells of :func:`evidence_matrix`.

    Parameters
    ----------
    runs
        Rows of :func:`evidence_runs`. Runs on the same pair are averaged first.

    Returns
    -------
    float
        In points; NaN for a single pair.
    """
    pairs = runs.groupby(["seeds", "aligner", "task"], as_index=False)["hits@1"].mean()
    cells = mean_table(pairs, by=["seeds", "aligner"], value="hits@1")
    return float(50 * (cells["high"] - cells["low"]).max())


def gain_matrix(gains: pd.DataFrame, over: Over = "task") -> pd.DataFrame:
    """Cross kinds of seeds with aligners: gains in points, as text, with half of their intervals.

    Parameters
    ----------
    gains
        Rows of :func:`learned`.
    over
        What the interval is over, see :func:`gain_tests`; pairs by default.

    Returns
    -------
    pandas.DataFrame
        ``seeds`` and a column for each aligner: the gain with half of its interval, if it has one. A star
        follows a gain that :func:`gain_tests` tells from zero.
    """
    return _matrix(
        (row.seeds, row.aligner, half_text(row.gain, row.low, row.high) + "*" * row.found)
        for row in gain_tests(gains, over).itertuples()
    )


def half_text(gain: float, low: float, high: float) -> str:
    """Write a difference in points with half of its interval, in as few characters as possible.

    Parameters
    ----------
    gain, low, high
        The difference and its interval, which lies evenly around it; NaN for no interval.

    Returns
    -------
    str
        The difference with its sign and one decimal, and half of the interval.

    Examples
    --------
    >>> half_text(12.14, 9.0, 15.28), half_text(-0.5, float("nan"), float("nan"))
    ('+12.1±3.1', '-0.5')
    """
    half = (high - low) / 2
    return f"{gain:+.1f}" + (f"\N{PLUS-MINUS SIGN}{half:.1f}" if half == half else "")


def _matrix(texts: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Arrange the texts of cells, each with its kind of seeds and its aligner, in the order of the plan."""
    cells: dict[str, dict[str, str]] = {}
    for kind, aligner, text in texts:
        cells.setdefault(kind, {})[aligner] = text
    shown = [aligner for aligner in ALIGNERS if any(aligner in texts for texts in cells.values())]
    rows = [
        {"seeds": kind, **{aligner: cells[kind].get(aligner, "") for aligner in shown}}
        for kind in (NO_SEEDS, *SEEDS)
        if kind in cells
    ]
    return pd.DataFrame(rows, columns=["seeds", *shown])
