"""What tables that compare the rows of a plan share: differences on the same runs, and their texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from psqe.evaluation.intervals import format_interval, mean_interval
from psqe.study.tables.alignments import complete
from psqe.study.tables.page import mean_table


def row_gains(runs: pd.DataFrame, tasks: Sequence[str], *, over: str) -> pd.DataFrame:
    """Compute how far every row of a plan is from one of them.

    Differences are taken on the same pair, random state and matching.

    Parameters
    ----------
    runs
        One row for each run on one group of links: ``row``, ``task``, ``random_state``, ``matching`` and
        ``hits@1``.
    tasks
        The pairs.
    over
        The row that is subtracted.

    Returns
    -------
    pandas.DataFrame
        ``row``, ``matching``, ``task`` (``all`` for the mean over pairs, of random states that were run on
        all of them), ``gain`` in points of Hits@1 with its 95 % interval ``low`` and ``high`` (NaN for a
        single random state), and ``runs``. Empty where the row that is subtracted was not run.
    """
    index = ["matching", "task", "random_state"]
    wide = 100 * runs.pivot_table(index=index, columns="row", values="hits@1")
    if over not in wide:
        return pd.DataFrame(columns=["row", "matching", "task", "gain", "low", "high", "runs"])
    differences = wide.drop(columns=over).sub(wide[over], axis=0).reset_index()
    long = differences.melt(index, var_name="row", value_name="points").dropna()
    together = complete(long, ["row", "matching"], len(tasks))
    together = together.groupby(["row", "matching", "random_state"], as_index=False)["points"].mean()
    both = pd.concat([together.assign(task="all"), long])
    found = mean_table(both, by=["row", "matching", "task"], value="points")
    return found.rename(columns={"mean": "gain"})


def row_gain_table(gains: pd.DataFrame, *, columns: str) -> pd.DataFrame:
    """Write differences as texts, one row of the plan a row.

    Parameters
    ----------
    gains
        Rows of :func:`row_gains`, at most one for each cell.
    columns
        The column whose values become columns: ``matching`` or ``task``.
    """
    cells: dict[str, dict[str, str]] = {}
    for row in gains.to_dict("records"):
        cells.setdefault(row["row"], {})[row[columns]] = points_text(row["gain"], row["low"], row["high"])
    titles = list(dict.fromkeys(gains[columns]))
    rows = [{"row": row, **dict.fromkeys(titles, ""), **texts} for row, texts in cells.items()]
    return pd.DataFrame(rows, columns=["row", *titles])


def points_text(gain: float, low: float, high: float) -> str:
    """Write a difference in points with its interval, if it has one.

    >>> points_text(1.24, 0.5, 2.0)
    '+1.2 [0.5, 2.0]'
    """
    return format_interval(gain, low, high, "+.1f", bounds_form=".1f", brackets=True)


def percent_text(values: Iterable[float]) -> str:
    """Write the mean of shares in percent, with half of its 95 % interval if there are several.

    >>> percent_text([0.5])
    '50.0'
    """
    mean, low, high = mean_interval(list(values))
    text = f"{100 * mean:.1f}"
    if low == low:  # The space does not break, since the two belong on one line.
        text += f"\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}{50 * (high - low):.1f}"
    return text
