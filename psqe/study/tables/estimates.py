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
    parts = []
    known = sets[sets["plain"] & sets["label"].isin(KINDS_OF_SEEDS)]
    for size, of_size in group_rows(known.sort_values("n_seeds", kind="stable"), ["n_seeds"]):
        present = set(of_size["label"])
        names = [kind for kind in KINDS_OF_SEEDS if kind in present]
        found = orders(of_size, compared="label", names=names, true="precision", told="estimated", scale=100)
        parts.append(found.assign(K=int(size)).rename(columns={"told": "estimated"}))
    columns = ["K", "one", "other", "true", "estimated", "draws", "correct"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def orders(
    runs: pd.DataFrame, *, compared: str, names: Sequence[str], true: str, told: str, scale: float = 1.0
) -> pd.DataFrame:
    """Count on how many draws a number says correctly which of two choices is the better one.

    Parameters
    ----------
    runs
        One row for each run: ``task``, ``random_state`` and the columns that are named below.
    compared
        The column that names the choice.
    names
        The choices, in order; every two of them are compared.
    true, told
        The column with the truth, and the one with the number that is known without labels.
    scale
        A factor of both differences, 1 by default.

    Returns
    -------
    pandas.DataFrame
        One row for each two choices that were made on the same draws: ``one``, ``other``, the mean
        differences ``true`` and ``told`` (one minus other), the number of ``draws`` on which the truth
        differs, and ``correct``, the number of these on which both differences have the same sign.
    """
    wide = runs.pivot_table(index=["task", "random_state"], columns=compared, values=[true, told])
    rows = []
    for other, one in combinations(names, 2):
        gaps = scale * pd.DataFrame({value: wide[value][one] - wide[value][other] for value in (true, told)})
        gaps = gaps.dropna()
        different = gaps[gaps[true] != 0]
        if len(different):
            rows.append({
                "one": one, "other": other, "true": gaps[true].mean(), "told": gaps[told].mean(),
                "draws": len(different), "correct": int((different[true] * different[told] > 0).sum()),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=["one", "other", "true", "told", "draws", "correct"])
