"""Numbers in tables of vectors that are written for people, such as ``252,000.0`` and ``0,5``.

A comma stands between the numbers of a list, too, so that such a cell could be read as a vector.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from psqe.errors import DataError

NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
"""A number as programs write it."""

_FOR_PEOPLE = re.compile(
    "[-+]?(?:[0-9]{1,3}(?:[,.'’ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]*)?"
    r"|[0-9]*,[0-9]+(?:[eE][-+]?[0-9]+)?)"
)


def refuse_numbers_for_people(column: Any, name: str, path: Path) -> None:
    """Refuse a column of numbers of which some have separators of thousands or a decimal comma.

    Parameters
    ----------
    column
        The column, a ``pandas.Series``; a column that holds other things as well is not judged.
    name
        Its name, for the message.
    path
        The file, for the message.

    Raises
    ------
    DataError
        If each cell is one number, and not each is written as programs write it.

    Examples
    --------
    >>> import pandas as pd
    >>> refuse_numbers_for_people(pd.Series(["0.5", "252,000.0"]), "image_0", Path("f.csv"))
    Traceback (most recent call last):
    psqe.errors.DataError: f.csv: has '252,000.0' in the column 'image_0', which may be one number or a list \
of several; write one number with all its digits and a decimal point alone, as 252000.5, or a list in \
brackets, as [0.1, 0.2]
    """
    cells = [cell.strip() for cell in column.dropna() if isinstance(cell, str) and cell.strip()]
    doubtful = [cell for cell in cells if not NUMBER.fullmatch(cell)]
    if doubtful and all(_FOR_PEOPLE.fullmatch(cell) for cell in doubtful):
        raise DataError(
            f"has {doubtful[0]!r:.60} in the column {name!r:.60}, which may be one number or a list of "
            "several",
            path=path,
            remedy="write one number with all its digits and a decimal point alone, as 252000.5, or a list "
            "in brackets, as [0.1, 0.2]",
        )
