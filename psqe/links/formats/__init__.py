"""The formats that predicted links are written in, by the endings of file names.

================  ========================================================================================
ending            content
================  ========================================================================================
``.tsv``          a table with the columns ``left``, ``right``, ``score``, ``confidence``, ``rank_margin``
``.csv``          the same table with commas, quoted where a cell needs it
``.ttl``          Turtle, a statement with ``owl:sameAs`` for each link
``.nt``           the same statements as N-Triples
``.sssom.tsv``    SSSOM, with the confidence of each mapping
``.rdf, .xml``    the alignment format of OAEI, with the confidence of each cell as its measure
================  ========================================================================================

A name without an ending is that of a table with tabs. The identifiers of entities must be IRIs in all but
the tables. What is written is read as gold links with the same pairs, except for the tables: their columns
tell that they are predictions (:mod:`psqe.datasets.own_outputs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from psqe.errors import ParameterError
from psqe.files import write_text
from psqe.graph import AlignmentTask
from psqe.links.formats import oaei, sssom, statements, tables
from psqe.links.formats.base import LinkFormat
from psqe.links.predict import Links, check_links
from psqe.parameters import check_form

FORMATS: Mapping[str, LinkFormat] = {
    ".tsv": tables.TabSeparated(),
    ".csv": tables.CommaSeparated(),
    ".ttl": statements.Turtle(),
    ".nt": statements.NTriples(),
    ".sssom.tsv": sssom.Sssom(),
    ".rdf": oaei.Oaei(),
    ".xml": oaei.Oaei(),
}
"""Every format by the ending of its files."""


def format_of(path: str | Path) -> LinkFormat:
    """Return the format that a file of links is written in.

    Parameters
    ----------
    path
        The file; the longest ending that is known decides, in small or capital letters.

    Returns
    -------
    LinkFormat
        The format; the table with tabs for a name without an ending.

    Raises
    ------
    ParameterError
        If no format has the ending, or the file is something else than a path.

    Examples
    --------
    >>> format_of("links.sssom.tsv").name, format_of("links").name
    ('SSSOM', 'TSV')
    """
    check_form("the file", path, str | Path, "give a path")
    name = Path(path).name.lower()
    fitting = [ending for ending in FORMATS if name.endswith(ending)]
    if fitting:
        return FORMATS[max(fitting, key=len)]
    suffix = Path(path).suffix
    if not suffix:
        return FORMATS[".tsv"]
    *most, last = FORMATS
    raise ParameterError(
        f"links cannot be written as {suffix} files",
        remedy=f"let the name end in {', '.join(most)} or {last}",
    )


def save_links(links: Links, path: str | Path, task: AlignmentTask) -> None:
    """Write predicted links in the format that the ending of the file name says.

    Parameters
    ----------
    links
        The links.
    path
        The file to write; see the module for the endings.
    task
        The pair of graphs that was aligned.

    Raises
    ------
    ParameterError
        If no format has the ending, the format cannot hold the identifiers of the entities, the links are
        those of another task, or an argument is something else.
    PsqeError
        If the file cannot be written.
    """
    check_links(task, links)
    form = format_of(path)
    form.check(task)
    write_text(path, form.text(links, task))
