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


def note_texts_in_quotes(draft: GraphDraft, faults: Faults) -> None:
    """Note names, values, attributes and relations of a side that are in quotes.

    Parameters
    ----------
    draft
        The side, before it is built, with its tables begun.
    faults
        Receives the notes.
    """
    for table in draft.tables:
        if table.name == "names":
            _note(list(draft.names.values()), "names", table.path, faults)
        elif table.name == "attributes":
            pairs = draft.attribute_pairs()
            _note({attribute for attribute, _ in pairs}, "attributes", table.path, faults, few=1)
            _note([value for _, value in pairs if value is not None], "values", table.path, faults)
        elif table.name == "triples":
            _note(draft.relations(), "relations", table.path, faults, few=1)


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
