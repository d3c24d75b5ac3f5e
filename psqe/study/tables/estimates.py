"""Tables about how far estimated precision is from the true one, and whether it orders kinds correctly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from psqe.study.plans.ablation import SIZES
from psqe.study.plans.base import KINDS_OF_SEEDS
from psqe.study.tables.page import group_rows


def bias_table(sets: pd.DataFrame, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """Compute how far the estimated precision is from the true one, by kind and number of seeds.

    Parameters
    ----------
    sets
        Rows of :func:`psqe.study.tables.seed_sets`.
    sizes
        Numbers of seeds that were wanted; those of the study by default.

    Returns
    -------
    pandas.DataFrame
        One row for each kind: ``seeds`` and, for each number of seeds that was wanted (``K = 600``), the mean
        of estimated minus true precision in percentage points.
    """
    known = sets[sets["plain"] & sets["n_seeds"].isin(list(sizes))].assign(
        bias=100 * (sets["estimated"] - sets["precision"])
    )
    wide = known.pivot_table(index="label", columns="n_seeds", values="bias").add_prefix("K = ")
    order = [kind for kind in KINDS_OF_SEEDS if kind in wide.index]
    wide = wide.loc[[*order, *wide.index.difference(order, sort=False)]]
    return wide.rename_axis(index="seeds", columns=None).reset_index()


def order_table(sets: pd.DataFrame) -> pd.DataFrame:
    """Count on how many draws the estimate says correctly which of two kinds of seeds is the more precise.

    Parameters
    ----------
    sets
        Rows of :func:`psqe.study.tables.seed_sets`.

    Returns
    -------
    pandas.DataFrame
        One row for each number of seeds and two kinds that were mined on the same draws: ``K``, ``one``,
        ``other``, the mean differences ``true`` and ``estimated`` (one minus other, percentage points), the
        number of ``draws`` on which the two are not equally precise, and ``correct``, the number of these on
        which both differences have the same sign.
    """
    rows = []
    known = sets[sets["plain"] & sets["label"].isin(KINDS_OF_SEEDS)]
    for size, of_size in group_rows(known.sort_values("n_seeds", kind="stable"), ["n_seeds"]):
        wide = of_size.pivot_table(
            index=["task", "random_state"], columns="label", values=["precision", "estimated"]
        )
        present = set(of_size["label"])
        for other, one in combinations([kind for kind in KINDS_OF_SEEDS if kind in present], 2):
            gaps = (
                100
                * pd.DataFrame(
                    {value: wide[value][one] - wide[value][other] for value in ("precision", "estimated")}
                ).dropna()
            )
            told = gaps[gaps["precision"] != 0]
            if len(told):
                rows.append({
                    "K": int(size), "one": one, "other": other, "true": gaps["precision"].mean(),
                    "estimated": gaps["estimated"].mean(), "draws": len(told),
                    "correct": int((told["precision"] * told["estimated"] > 0).sum()),
                })  # fmt: skip
    return pd.DataFrame(rows, columns=["K", "one", "other", "true", "estimated", "draws", "correct"])
