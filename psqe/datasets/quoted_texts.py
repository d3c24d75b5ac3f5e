"""Texts in quotes that no rule of a table takes off: ``'Rome'``, or ``"Rome"`` in some rows only.

Quotes around all texts of a column are taken off on reading. Other quotes may belong to the text, as in the
name of the song "Heroes", and stay. Where there are many of them, that is noted.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.spelling import shown

FEW, SHARE = 3, 0.1
"""Number and share of texts in quotes from which they are noted."""

_QUOTES = ('""', "''", "``", "“”", "„“", "‘’", "«»")


def note_texts_in_quotes(draft: GraphDraft, path: Path | str, faults: Faults) -> None:
    """Note names, values, attributes and relations of a side that are in quotes.

    Parameters
    ----------
    draft
        The side, before it is built.
    path
        The file of the side, which notes name for what is in no table of its own.
    faults
        Receives the notes.
    """
    paths = {table.name: table.path for table in draft.tables}
    pairs = draft.attribute_pairs()
    attributes = paths.get("attributes", path)
    _note(list(draft.names.values()), "names", paths.get("names", path), faults)
    _note({attribute for attribute, _ in pairs}, "attributes", attributes, faults, few=1)
    _note([value for _, value in pairs if value is not None], "values", attributes, faults)
    _note(draft.relations(), "relations", paths.get("triples", path), faults, few=1)


def in_quotes(text: str) -> bool:
    """Return whether a text begins and ends with quotes, and has none between them.

    Examples
    --------
    >>> [in_quotes(text) for text in ("'Rome'", "'s-Hertogenbosch", "''", "'A' and 'B'")]
    [True, False, False, False]
    """
    quotes = f"{text[:1]}{text[-1:]}"
    return len(text) > 2 and quotes in _QUOTES and not any(quote in text[1:-1] for quote in quotes)


def _note(texts: Collection[str], what: str, path: Path | str, faults: Faults, *, few: int = FEW) -> None:
    quoted = [text for text in texts if in_quotes(text)]
    if len(quoted) >= max(few, SHARE * len(texts)):
        faults.note(
            f"{len(quoted):,} of {len(texts):,} {what} are in quotes, as {shown(min(quoted))}, and keep them",
            path=path,
            remedy="remove the quotes if they are no part of the text",
        )
