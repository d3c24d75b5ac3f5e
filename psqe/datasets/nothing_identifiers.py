"""Identifiers that stand for nothing, such as ``nan``, which make one entity of all that has none.

A program that writes a table with missing cells may write ``nan`` or ``NULL`` into the columns of entities,
too. All these records then speak of one entity. A town called Nan is one as well, so that such an identifier
is a fault only where the others are no words, and is not doubted elsewhere if the entity has a name.
"""

from __future__ import annotations

import re
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.placeholders import MACHINE
from psqe.graph import counted

_NOTHING = MACHINE | {"None", "NA", "<NA>", "<null>", "(null)", "NONE", "NAN", "Null"}
_NO_WORD = re.compile(r".*\d.*|.*[:/].*", re.DOTALL)

MOST = 0.9
"""The share of the other identifiers with a digit or of the form of an IRI, from which none is a word."""


def tell_identifiers_of_nothing(draft: GraphDraft, path: Path | str, faults: Faults) -> None:
    """Report identifiers that stand for nothing.

    Parameters
    ----------
    draft
        The side, before it is built, with its tables begun.
    path
        The file or folder of the side, for a side without tables.
    faults
        Receives them as a fault if they are in a column where the other identifiers are no words, and as a
        note elsewhere.
    """
    found = {label for label in _NOTHING if label in draft.index}
    if not found:
        return
    described = draft.described()
    labels = {entity: label for label, entity in draft.index.items()}
    tails = set(draft.triples()[:, 2].tolist())
    for label in sorted(found):
        entity = draft.index[label]
        table = next((t for t in draft.tables if t.mark & draft.marks[entity]), None)
        peers = described if entity in described else tails
        others = [labels[peer] for peer in peers if labels[peer] not in found]
        if label == "NA" and sum(len(other) == 2 and other.isupper() for other in others) > 1:
            continue  # Namibia, among the codes of countries
        certain = bool(others) and sum(map(_is_no_word, others)) >= MOST * len(others)
        if not certain and entity in draft.names:
            continue
        n = int(draft.occurrences[entity])
        tell = faults.add if certain else faults.note
        tell(
            f"{label!r} is the identifier of an entity in {counted(n, 'place')}, though it often stands for "
            "nothing",
            path=table.path if table is not None else path,
            remedy="delete these records, or write the identifiers that are meant"
            + ("" if certain else ", unless an entity is called so"),
        )


def _is_no_word(label: str) -> bool:
    return _NO_WORD.fullmatch(label) is not None
