"""The index of a pandas frame in a Parquet file, where it is no column."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow


def range_index(schema: pyarrow.Schema, n_rows: int) -> tuple[str, range] | None:
    """Return the name and the values of an index that pandas keeps only in the metadata of a file.

    pandas writes an index of consecutive numbers, such as identifiers from 10000 to 10079, not as a column.

    Parameters
    ----------
    schema
        The schema of the file.
    n_rows
        Number of rows in the file.

    Returns
    -------
    tuple, or None
        ``None`` if there is no such index, or if it has no name, so that it only counts the rows.

    Examples
    --------
    >>> import pandas as pd, pyarrow as pa
    >>> frame = pd.DataFrame({"name": ["Rome", "Paris"]}, index=pd.RangeIndex(7, 9, name="id"))
    >>> range_index(pa.Table.from_pandas(frame).schema, 2)
    ('id', range(7, 9))
    """
    try:
        columns = (schema.pandas_metadata or {}).get("index_columns", [])
        [index] = [column for column in columns if isinstance(column, dict) and column.get("kind") == "range"]
        name, numbers = index["name"], range(index["start"], index["stop"], index["step"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    usable = name and str(name) not in schema.names and len(numbers) == n_rows
    return (str(name), numbers) if usable else None
