"""Which differences that were found on some pairs are found on a pair that no setting was chosen on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.tables.alignments import FEATURES
from psqe.study.tables.best import OURS
from psqe.study.tables.by_state import Values, alignment_values, difference, seed_values, system_values
from psqe.study.tables.rows import points_text

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
        The two values, by their keys in :func:`compared_values`.

    Examples
    --------
    >>> COMPARISONS[0].one
    ('precision', 'psqe')
    """

    text: str
    one: tuple[str, str]
    other: tuple[str, str]


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
    Comparison(
        "MCLEA with kept features against the features, both with the layout",
        ("system", "MCLEA"), ("system", FEATURES),
    ),
    Comparison(f"{OURS} against propagation", ("system", OURS), ("system", "propagation")),
    Comparison(f"{OURS} against PARIS", ("system", OURS), ("system", "PARIS")),
    Comparison(f"{OURS}: with seeds against without", ("system", OURS), ("system", f"{OURS}, no seeds")),
)  # fmt: skip
"""The comparisons, in the order of the table."""


def compared_values(
    seeds: pd.DataFrame, alignments: pd.DataFrame, systems: pd.DataFrame, tasks: Sequence[str]
) -> Values:
    """Collect the values that are compared, by random state.

    Parameters
    ----------
    seeds, alignments, systems
        The seeds, the alignments and the systems of the results store.
    tasks
        The pairs, at least one, as for :func:`psqe.study.tables.by_state.seed_values`.

    Returns
    -------
    dict
        The values of seeds; those of aligners by :data:`MATCHING` on the links that are free of every kind of
        seeds; those of systems on all links by :data:`SYSTEM_MATCHING`, and ``("all", "features")`` that of
        the features without the layout of pictures.
    """
    whole = alignment_values(alignments, tasks, matching=SYSTEM_MATCHING)
    return {
        **seed_values(seeds, tasks),
        **alignment_values(alignments, tasks, matching=MATCHING, links="free_of_all"),
        **system_values(systems, tasks, matching=SYSTEM_MATCHING),
        ("all", FEATURES): whole.get((FEATURES, NO_SEEDS), {}),
    }


def transfer(of_origin: Values, elsewhere: Values) -> pd.DataFrame:
    """Tell every difference where it was found first and elsewhere.

    Parameters
    ----------
    of_origin, elsewhere
        The values of :func:`compared_values` on the emoji pairs, on some of which settings were chosen, and
        on others.

    Returns
    -------
    pandas.DataFrame
        ``comparison``; ``here`` and ``there``, the differences in points with 95 % intervals over random
        states, as texts; ``states``, the numbers of these random states; and ``verdict``. Comparisons with a
        value that was not run on both are left out.

    Examples
    --------
    >>> one = {("precision", "psqe"): {0: 0.9, 1: 0.8}, ("precision", "mutual"): {0: 0.7, 1: 0.61}}
    >>> transfer(one, one)["verdict"].tolist()
    ['carries over']
    """
    rows = []
    for comparison in COMPARISONS:
        here, there = (
            difference(values.get(comparison.one, {}), values.get(comparison.other, {}))
            for values in (of_origin, elsewhere)
        )
        if here is not None and there is not None:
            rows.append({
                "comparison": comparison.text, "here": points_text(*here), "there": points_text(*there),
                "states": " and ".join(
                    str(len(values.get(comparison.one, {}).keys() & values.get(comparison.other, {}).keys()))
                    for values in (of_origin, elsewhere)
                ),
                "verdict": verdict(here, there),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=["comparison", "here", "there", "states", "verdict"])


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
    ('carries over', 'shown only on emoji')
    >>> verdict((2.0, 1.0, 3.0), (-1.0, -1.5, -0.5)), verdict((1.0, -1.0, 3.0), (1.0, 0.5, 1.5))
    ('turns around', 'shown only on characters')
    """
    shown = [low > 0 or high < 0 for _, low, high in (here, there)]
    if not shown[0]:
        return "shown only on characters" if shown[1] else "shown on neither"
    if not shown[1]:
        return "shown only on emoji"
    return "carries over" if (here[0] > 0) == (there[0] > 0) else "turns around"
