"""Tables about seeds of set precision and evenness: what an aligner makes of them on a real pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from scipy.optimize import brentq

from psqe.errors import ParameterError
from psqe.evaluation.accounting import Accounting, gain_parts
from psqe.evaluation.intervals import mean_interval
from psqe.evaluation.link_groups import LINK_GROUPS
from psqe.seeds import balance
from psqe.similarity import Matching
from psqe.study.plans.base import KINDS_OF_SEEDS, seeds_of
from psqe.study.tables.seeds import seed_sets
from psqe.study.tables.selection import kinds

CHANGED = {"asked": "precision", "evenness": "evenness"}
"""The columns of :func:`phase_rows` that were set, and what they are."""

PARTS_OF_EVENNESS = ("gain", "seed links", "beside wrong seeds", "free links")
"""What :func:`evenness_parts` gives in points: the gain and its parts."""


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
    chosen = alignments[
        (alignments["task"] == task)
        & (alignments["n_seeds"] == n_seeds)
        & (alignments["aligner"] == "mclea")
        & (alignments["matching"] == matching)
        & (alignments["links"] == links)
        & (alignments["preset"] == "small")
        & (alignments["aligner_parameters"] == "{}")
        & (alignments["protocol"] == "full")
        & (alignments["part_kind"] == "all")
    ]
    drawn = chosen["miner"] == "drawn"
    chosen = pd.concat([kinds(chosen[~drawn]), chosen[drawn]])
    chosen = chosen[chosen["miner"].isin([*KINDS_OF_SEEDS, "drawn"])]
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


def evenness_parts(drawn: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Divide what evenness is worth on all links into what each group of links contributes.

    The parts are those of :func:`psqe.evaluation.gain_parts`, from the lowest to the highest evenness on the
    same random state.

    Parameters
    ----------
    drawn
        Rows of :func:`phase_rows` whose ``miner`` is ``drawn``, by group of links: ``seeds``, ``wrong`` and
        ``free``.

    Returns
    -------
    pandas.DataFrame
        One row for each ``precision``: the ``gain`` on all links in points with its 95 % interval ``low`` and
        ``high``, the parts ``seed links``, ``beside wrong seeds`` and ``free links``, which add up to it, and
        the number of random ``states``.
    """
    cells: dict[tuple[float, float, int], dict[str, tuple[float, float]]] = {}
    for group in LINK_GROUPS:
        told = drawn[group][["asked", "evenness", "random_state", "n_queries", "hits@1"]].astype(float)
        for asked, evenness, state, n, hits in told.itertuples(index=False, name=None):
            cells.setdefault((asked, evenness, int(state)), {})[group] = (n, hits)
    accounts = {key: _account(cell) for key, cell in cells.items()}
    levels = sorted({evenness for _, evenness, _ in accounts})
    rows = []
    for asked, evenness, state in accounts:
        if len(levels) < 2 or evenness != levels[0] or (asked, levels[-1], state) not in accounts:
            continue
        parts = gain_parts(accounts[asked, evenness, state], accounts[asked, levels[-1], state])
        rows.append({
            "precision": asked, "gain": 100 * parts.total,
            "seed links": 100 * (parts.more_seed_links + parts.seeds_rate),
            "beside wrong seeds": 100 * (parts.fewer_wrong + parts.wrong_rate),
            "free links": 100 * parts.free_rate,
        })  # fmt: skip
    found = []
    for asked, own in pd.DataFrame(rows, columns=["precision", *PARTS_OF_EVENNESS]).groupby("precision"):
        mean, low, high = mean_interval(own["gain"].tolist())
        means = own[[*PARTS_OF_EVENNESS[1:]]].mean().to_dict()
        found.append(
            {"precision": asked, "gain": mean, "low": low, "high": high, **means, "states": len(own)}
        )
    return pd.DataFrame(found, columns=["precision", "gain", "low", "high", *PARTS_OF_EVENNESS[1:], "states"])


def _account(cell: Mapping[str, tuple[float, float]]) -> Accounting:
    """Return the account of one run from number of queries and Hits@1 by group of links."""
    total = sum(n for n, _ in cell.values())
    return Accounting(
        {group: cell[group][0] / total if group in cell else 0.0 for group in LINK_GROUPS},
        {group: cell[group][1] if group in cell else None for group in LINK_GROUPS},
    )
