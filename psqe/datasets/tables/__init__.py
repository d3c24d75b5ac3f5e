"""Tables of delimited text and of Parquet, the forms of nearly every alignment data set.

:func:`read_table` reads the tables of a user, whatever tool wrote them; :func:`plain_rows` reads the files of
published benchmarks, which have one form.
"""

from psqe.datasets.tables.files import present_files, table_file
from psqe.datasets.tables.forms import COLUMNS, FORMS
from psqe.datasets.tables.plain import number, plain_rows
from psqe.datasets.tables.reading import ENDINGS, read_columns, read_table

__all__ = [
    "COLUMNS",
    "ENDINGS",
    "FORMS",
    "number",
    "plain_rows",
    "present_files",
    "read_columns",
    "read_table",
    "table_file",
]
