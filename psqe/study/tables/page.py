"""What every table of the book shares: means with their intervals, and the style of a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.api.types import is_float
from pandas.io.formats.style import Styler

from psqe.evaluation.intervals import format_interval, mean_interval

DIRECTIONS = {"l2r": "left to right", "r2l": "right to left"}
"""The directions of an evaluation, and their names on a page."""


def metric_rows(report: Mapping[str, Any], **labels: Any) -> list[dict[str, Any]]:
    """Turn a report of :func:`psqe.evaluation.evaluate` into rows of a table.

    Parameters
    ----------
    report
        The report.
    labels
        Further columns of every row, for example ``random_state=0``.

    Returns
    -------
    list
        One row a direction and protocol, with ``labels`` and every metric as columns.
    """
    return [
        {**labels, "direction": text, "protocol": protocol, **metrics}
        for direction, text in DIRECTIONS.items()
        for protocol, metrics in report["metrics"][direction].items()
    ]


def mean_table(
    table: pd.DataFrame,
    *,
    by: Sequence[str],
    value: str,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> pd.DataFrame:
    """Compute the mean of a column, its 95 % interval and the number of runs, group by group.

    Parameters
    ----------
    table
        One row for each run.
    by
        The columns that name the group.
    value
        The column to average.
    within
        The least and the largest possible mean, to which the intervals are cut; by default they are not cut.

    Returns
    -------
    pandas.DataFrame
        The columns ``by``, ``mean``, ``low``, ``high`` (NaN for a single run) and ``runs``, groups in order
        of appearance.

    Examples
    --------
    >>> runs = pd.DataFrame({"miner": ["pivot", "pivot"], "precision": [0.4, 0.6]})
    >>> mean_table(runs, by=["miner"], value="precision")[["miner", "mean", "runs"]].to_dict("records")
    [{'miner': 'pivot', 'mean': 0.5, 'runs': 2}]
    """
    rows = []
    for *labels, group in group_rows(table, by):
        mean, low, high = mean_interval(group[value].tolist(), within=within)
        rows.append(
            {**dict(zip(by, labels, strict=True)), "mean": mean, "low": low, "high": high, "runs": len(group)}
        )
    return pd.DataFrame(rows, columns=[*by, "mean", "low", "high", "runs"])


def over_states(
    table: pd.DataFrame, value: str, *, within: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float, float]:
    """Compute the mean of a column and its 95 % interval over random states.

    Parameters
    ----------
    table
        Runs with the column ``random_state``. Those of one random state are averaged first.
    value
        The column to average; missing values do not count.
    within
        The least and the largest possible mean, to which the interval is cut; by default it is not cut.

    Returns
    -------
    tuple of float
        Mean, lower and upper bound; the bounds are NaN for a single random state, and all are NaN if every
        value is missing.
    """
    values = table.groupby("random_state")[value].mean().dropna().astype(float).tolist()
    return mean_interval(values, within=within) if values else (math.nan, math.nan, math.nan)


def mean_text(
    table: pd.DataFrame,
    value: str,
    form: str = ".3f",
    *,
    within: tuple[float, float] = (-math.inf, math.inf),
    least_states: int = 3,
) -> str:
    """Write the mean of a column with its 95 % interval over random states, or ``-`` if there is no value.

    Parameters
    ----------
    table
        Runs with the column ``random_state``. Those of one random state are averaged first.
    value
        The column to average; missing values do not count.
    form
        Format of the mean and of its bounds.
    within
        The least and the largest possible mean, to which the interval is cut.
    least_states
        Number of random states below which the mean stands alone; 3 by default, for the interval of two
        reaches more than twelve standard errors to either side. It also stands alone where all states agree.

    Examples
    --------
    >>> runs = pd.DataFrame({"random_state": [0, 1, 2], "precision": [0.9, 0.98, 0.98]})
    >>> mean_text(runs, "precision", ".2f", within=(0, 1))
    '0.95 (0.84 to 1.00)'
    >>> mean_text(runs[:2], "precision", ".2f")
    '0.94'
    """
    mean, low, high = over_states(table, value, within=within)
    if math.isnan(mean):
        return "-"
    if table.loc[table[value].notna(), "random_state"].nunique() < least_states or low == high:
        low = high = math.nan
    return format_interval(mean, low, high, form)


def group_rows(table: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Split a table into groups ``(*labels, rows)``, in order of appearance.

    Parameters
    ----------
    table
        The table.
    by
        The columns that name the group.
    """
    for labels, rows in table.groupby(list(by), sort=False):
        yield (*labels, rows)


def show(
    table: pd.DataFrame,
    name: str,
    *,
    digits: int = 3,
    caption: str = "",
    index: bool = False,
    compact: bool = False,
    empty: str = "",
) -> Styler:
    """Style a table as a page shows it: texts on the left, numbers on the right, missing values empty.

    Parameters
    ----------
    table
        The table.
    name
        Its identifier in the page. Without it, pandas would draw another one at each run.
    digits
        Number of decimals of fractions, 3 by default.
    caption
        A line above the table; none by default.
    index
        Whether to show the names of the rows.
    compact
        Whether to write small and close together, for a table of seven to nine columns: a page of the book
        is about 680 pixels wide beside its sidebars in a window of 1280 pixels.
    empty
        What an empty cell means. If it is given, a dash stands in the place of missing values and of empty
        texts, and the caption ends with the meaning, where there are any.
    """
    if not index:
        table = table.reset_index(drop=True)  # pandas refuses repeated row numbers
    dash = "–" if empty else ""
    if empty and (table.isna() | (table == "")).any(axis=None):
        caption = f"{caption}; –: {empty}" if caption else f"–: {empty}"
    numbers = list(table.select_dtypes("number").columns)
    cells = [
        {
            "selector": "th, td",
            "props": f"padding: 0.15em {0.4 if compact else 0.8}em; vertical-align: top",
        },
        {"selector": "th", "props": "text-align: left"},
    ]
    if compact:
        cells += [
            {"selector": "", "props": "font-size: 0.8em"},
            {"selector": "td", "props": "white-space: nowrap"},
        ]

    def cell(value: Any) -> Any:
        if is_float(value):
            return f"{value:z.{digits}f}"  # "z" writes no negative zero
        return dash if isinstance(value, str) and not value else value

    styler = table.style.format(cell, na_rep=dash).set_uuid(name).set_table_styles(cells)
    styler = styler.set_properties(subset=numbers, **{"text-align": "right"})
    if caption:
        styler = styler.set_caption(caption)
    return styler if index else styler.hide(axis="index")
