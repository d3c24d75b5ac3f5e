"""Tables of predicted links, with tabs or commas between the columns."""

from __future__ import annotations

import csv
import io

from psqe.datasets.own_outputs import LINK_COLUMNS, check_tabs
from psqe.graph import AlignmentTask
from psqe.links.formats.base import link_rows
from psqe.links.predict import Links


def _cells(links: Links, task: AlignmentTask) -> list[tuple[str, ...]]:
    return [
        (row.left, row.right, f"{row.score:.6g}", f"{row.confidence:.6g}", f"{row.rank_margin:.6g}")
        for row in link_rows(links, task)
    ]


class TabSeparated:
    """A table with tabs, in which no cell is quoted."""

    name = "TSV"

    def check(self, task: AlignmentTask) -> None:
        """Raise :class:`~psqe.errors.ParameterError` if an identifier has a tab or a line break."""
        check_tabs(task, remedy="write the links to a file that ends in .csv")

    def text(self, links: Links, task: AlignmentTask) -> str:
        """Return the table."""
        return "".join("\t".join(cells) + "\n" for cells in (LINK_COLUMNS, *_cells(links, task)))


class CommaSeparated:
    """A table with commas, in which a cell is quoted where it needs to be."""

    name = "CSV"

    def check(self, task: AlignmentTask) -> None:
        """Accept every pair: a quoted cell can hold any text."""

    def text(self, links: Links, task: AlignmentTask) -> str:
        """Return the table."""
        rows, text = [LINK_COLUMNS, *_cells(links, task)], io.StringIO()
        returns = any(
            "\r" in cell for cells in rows for cell in cells
        )  # The csv module leaves them unquoted.
        dialect = csv.unix_dialect if returns else csv.excel  # The first one quotes all cells.
        csv.writer(text, dialect, lineterminator="\n").writerows(rows)
        return text.getvalue()
