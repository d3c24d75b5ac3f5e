"""Which differences that were found on some pairs are found on a pair that no setting was chosen on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from psqe.evaluation.intervals import mean_interval
from psqe.study.plans.base import study_size
from psqe.study.tables.alignments import FEATURES, complete, crossed
from psqe.study.tables.best import OURS, best_runs
from psqe.study.tables.rows import points_text
from psqe.study.tables.seeds import seed_sets
from psqe.study.tables.selection import kinds

MATCHING = "csls"
"""The matching of every Hits@1 of aligners; systems are compared by :data:`SYSTEM_MATCHING`."""

SYSTEM_MATCHING = "sinkhorn"
"""The matching of every Hits@1 of systems."""


class Comparison(NamedTuple):
    """Two values of which the second is subtracted from the first.

    Parameters
    ----------
    text
        What is compared, as the table says it.
    one, other
        The two values, by their keys in :func:`measured`.

    Examples
    --------
    >>> COMPARISONS[0].one
    ('precision', 'psqe')
    """

    text: str
    one: tuple[str, ...]
    other: tuple[str, ...]


COMPARISONS = (
    Comparison("precision of seeds: PSQE against mutual", ("precision", "psqe"), ("precision", "mutual")),
    Comparison(
        "precision of seeds: PSQE against the pivot on both modalities",
        ("precision", "psqe"), ("precision", "pivot, fused"),
    ),
    Comparison("balance over groups: PSQE against mutual", ("balance", "psqe"), ("balance", "mutual")),
    Comparison("balance over groups: PSQE even against PSQE", ("balance", "psqe, even"), ("balance", "psqe")),
    Comparison(
        "MCLEA: pivot on both modalities against pivot on pictures",
        ("mclea", "pivot, fused"), ("mclea", "pivot"),
    ),
    Comparison("MCLEA: PSQE against the pivot on both", ("mclea", "psqe"), ("mclea", "pivot, fused")),
    Comparison("EVA: PSQE against the pivot on both", ("eva", "psqe"), ("eva", "pivot, fused")),
    Comparison(
        "MEAformer: PSQE against the pivot on both", ("meaformer", "psqe"), ("meaformer", "pivot, fused")
    ),
    Comparison("MCLEA: PSQE against mutual", ("mclea", "psqe"), ("mclea", "mutual")),
    Comparison("MCLEA: PSQE even against mutual", ("mclea", "psqe, even"), ("mclea", "mutual")),
    Comparison("MCLEA: true links against PSQE", ("mclea", "true links"), ("mclea", "psqe")),
    Comparison("MCLEA against the features", ("mclea", "psqe"), (FEATURES, "psqe")),
    Comparison(
        "MCLEA with kept features against the features", ("mclea, residual", "psqe"), (FEATURES, "psqe")
    ),
    Comparison("clamped seeds against the features", ("clamped", "psqe"), (FEATURES, "psqe")),
    Comparison("whitening against the features", ("whitening", "psqe"), (FEATURES, "psqe")),
    Comparison("propagation against the features", ("propagation", "psqe"), (FEATURES, "psqe")),
    Comparison("propagation: PSQE against mutual", ("propagation", "psqe"), ("propagation", "mutual")),
    Comparison("propagation against MCLEA", ("propagation", "psqe"), ("mclea", "psqe")),
    Comparison(
        "features: with the layout of pictures against without", ("system", FEATURES), ("all", FEATURES)
    ),
    Comparison(f"{OURS} against propagation", ("system", OURS), ("system", "propagation")),
    Comparison(f"{OURS} against PARIS", ("system", OURS), ("system", "PARIS")),
    Comparison(f"{OURS}: with seeds against without", ("system", OURS), ("system", f"{OURS}, no seeds")),
)  # fmt: skip
"""The comparisons, in the order of the table."""


def measured(
    seeds: pd.DataFrame, alignments: pd.DataFrame, systems: pd.DataFrame, tasks: Sequence[str]
) -> dict[tuple[str, ...], Mapping[int, float]]:
    """Collect the values that are compared, by random state.

    Parameters
    ----------
    seeds, alignments, systems
        The seeds, the alignments and the systems of the results store.
    tasks
        The pairs, which are compared with the same number of seeds. Values are means over them, of random
        states that were run on all.

    Returns
    -------
    dict
        ``("precision", KIND)`` and ``("balance", KIND)`` of a kind of seeds; ``(ALIGNER, KIND)``, Hits@1 by
        :data:`MATCHING` on the links that are free of every kind of seeds, where the aligner's name is
        followed by its training if that is not plain; ``("system", ROW)``, Hits@1 of a system on all links
        by :data:`SYSTEM_MATCHING`, and ``("all", "features")`` that of the features without the layout of
        pictures. Each maps random states to values.
    """
    found: dict[tuple[str, ...], Mapping[int, float]] = {}
    size = study_size(tasks[0])
    sets = seed_sets(kinds(seeds[seeds["task"].isin(tasks) & (seeds["n_seeds"] == size)]))
    for kind, own in sets.groupby("label"):
        for value in ("precision", "balance"):
            found[value, str(kind)] = _by_state(own, value, len(tasks))
    free = crossed(alignments, tasks, matching=MATCHING, links="free_of_all")
    for (aligner, training, miner), own in free.groupby(["aligner", "training", "miner"]):
        plain = training in ("plain", "untrained")
        name = str(aligner) if plain else f"{aligner}, {training}"
        found[name, str(miner)] = _by_state(own, "hits@1", len(tasks))
    whole = crossed(alignments, tasks, matching=SYSTEM_MATCHING)
    whole = whole[whole["aligner"] == FEATURES]
    found["all", FEATURES] = _by_state(whole, "hits@1", len(tasks)) if len(whole) else {}
    runs = best_runs(systems, tasks)
    runs = runs[(runs["links"] == "all") & (runs["matching"] == SYSTEM_MATCHING)]
    for row, own in runs.groupby("row"):
        found["system", str(row)] = _by_state(own, "hits@1", len(tasks))
    return found


def _by_state(runs: pd.DataFrame, value: str, n_tasks: int) -> dict[int, float]:
    """Average a value over pairs, within each random state that was run on all of them."""
    whole = complete(runs.assign(one=0), ["one"], n_tasks)
    means = whole.groupby("random_state")[value].mean().astype(float)
    return {int(str(state)): float(mean) for state, mean in means.items()}


def transfer(
    of_origin: Mapping[tuple[str, ...], Mapping[int, float]],
    elsewhere: Mapping[tuple[str, ...], Mapping[int, float]],
) -> pd.DataFrame:
    """Tell every difference where it was found first and elsewhere.

    Parameters
    ----------
    of_origin, elsewhere
        The values of :func:`measured` on the emoji pairs, on some of which settings were chosen, and on
        others.

    Returns
    -------
    pandas.DataFrame
        ``comparison``; ``here`` and ``there``, the differences in points with 95 % intervals over random
        states, as texts; and ``verdict``. Comparisons with a value that was not run on both are left out.

    Examples
    --------
    >>> one = {("precision", "psqe"): {0: 0.9, 1: 0.8}, ("precision", "mutual"): {0: 0.7, 1: 0.61}}
    >>> transfer(one, one)["verdict"].tolist()
    ['carries over']
    """
    rows = []
    for comparison in COMPARISONS:
        here, there = (difference(values, comparison) for values in (of_origin, elsewhere))
        if here is not None and there is not None:
            rows.append({
                "comparison": comparison.text, "here": points_text(*here), "there": points_text(*there),
                "verdict": verdict(here, there),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=["comparison", "here", "there", "verdict"])


def difference(
    values: Mapping[tuple[str, ...], Mapping[int, float]], comparison: Comparison
) -> tuple[float, float, float] | None:
    """Return the difference of two values in points with its interval; ``None`` if one of them was not run.

    Parameters
    ----------
    values
        The values of :func:`measured`.
    comparison
        What is compared. Differences are taken within random states.

    Examples
    --------
    >>> difference({}, COMPARISONS[0]) is None
    True
    """
    one, other = values.get(comparison.one, {}), values.get(comparison.other, {})
    states = sorted(one.keys() & other.keys())
    return mean_interval([100 * (one[state] - other[state]) for state in states]) if states else None


def verdict(here: tuple[float, float, float], there: tuple[float, float, float]) -> str:
    """Say whether a difference is found elsewhere as it is here, by the signs and the intervals.

    A difference counts as shown if its interval does not contain zero.

    Parameters
    ----------
    here, there
        The mean and the lower and upper end of the interval, here and elsewhere.

    Examples
    --------
    >>> verdict((2.0, 1.0, 3.0), (1.0, 0.5, 1.5)), verdict((2.0, 1.0, 3.0), (1.0, -0.5, 2.5))
    ('carries over', 'not shown')
    >>> verdict((2.0, 1.0, 3.0), (-1.0, -1.5, -0.5)), verdict((1.0, -1.0, 3.0), (1.0, 0.5, 1.5))
    ('turns around', 'shown only there')
    """
    shown = [low > 0 or high < 0 for _, low, high in (here, there)]
    if not shown[0]:
        return "shown only there" if shown[1] else "shown on neither"
    if not shown[1]:
        return "not shown"
    return "carries over" if (here[0] > 0) == (there[0] > 0) else "turns around"
