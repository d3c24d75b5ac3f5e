"""The table of what it changes to continue an alignment after the data grew."""

from __future__ import annotations

import pandas as pd

from psqe.study.tables.page import group_rows, mean_text


def growth_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Tell the means of :func:`psqe.study.growth.growth_rows` with 95 % intervals over random states.

    Parameters
    ----------
    rows
        Rows of it, of several random states.

    Returns
    -------
    pandas.DataFrame
        For each share of ``new`` entities and ``way``, in percent: ``differ``, the share of links that are in
        only one of this result and that of the way *anew*; ``confident``, the same of confident links
        (:data:`psqe.study.growth.CONFIDENT`); ``same seeds``, the same beside *anew, earlier
        seeds*; ``F1`` and ``F1, free``.
    """
    columns = {
        "differ": "other", "confident": "other_confident", "same seeds": "other_same_seeds",
        "F1": "f1", "F1, free": "free_f1",
    }  # fmt: skip
    percent = rows.assign(**{name: 100 * rows[name] for name in columns.values()})
    return pd.DataFrame(
        {
            "new": f"{100 * share:.0f} %",
            "way": way,
            **{
                title: mean_text(group, name, ".1f", within=(0, 100))
                for title, name in columns.items()
            },
        }
        for share, way, group in group_rows(percent, ["share", "way"])
    )  # fmt: skip
