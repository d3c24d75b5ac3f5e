"""Identifiers for the blank nodes of RDF, which come without any."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from psqe.datasets.graphs import GraphDraft

ROUNDS = 8


def name_blank_nodes(draft: GraphDraft) -> None:
    """Rename every blank node to a hash of the statements around it, up to :data:`ROUNDS` steps away.

    A blank node thus has the same identifier whatever the file calls it and whatever the order of the
    statements is. Blank nodes with equal surroundings are numbered in the order of the file. (The canonical
    form of the W3C, RDFC-1.0, distinguishes more of them, but takes minutes on a list of 2,000 elements.)

    Parameters
    ----------
    draft
        A graph whose blank nodes have identifiers that begin with ``_:``. They are renamed in place.
    """
    blank = [i for label, i in draft.index.items() if label.startswith("_:")]
    if not blank:
        return
    labels, relations = list(draft.index), draft.relations()
    around: dict[int, set[tuple[str, str, int]]] = {i: set() for i in blank}
    for head, relation, tail in draft.triples().tolist():
        if head in around:
            around[head].add((">", relations[relation], tail))
        if tail in around:
            around[tail].add(("<", relations[relation], head))
    words = {i: _word(_said_of(draft, i)) for i in blank}
    for _ in range(ROUNDS):
        told_apart = len(set(words.values()))
        words = {
            i: _word((words[i], sorted((way, r, words.get(j, ""), "" if j in words else labels[j])
                                       for way, r, j in around[i])))
            for i in blank
        }  # fmt: skip
        if len(set(words.values())) == told_apart:
            break
    met: Counter[str] = Counter()
    names = {}
    for i in blank:
        met[words[i]] += 1
        names[i] = f"_:{words[i]}" + (f"-{met[words[i]]}" if met[words[i]] > 1 else "")
    draft.rename(names)


def _said_of(draft: GraphDraft, node: int) -> object:
    image = draft.images.get(node)
    pairs = sorted((attribute, value or "") for attribute, value in draft.attributes.get(node, ()))
    return draft.names.get(node), image and image.name, pairs


def _word(said: object) -> str:
    return blake2b(repr(said).encode(), digest_size=8).hexdigest()
