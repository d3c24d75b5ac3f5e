"""What the pair of words holds, in numbers. Gold links are read: for reports about data only."""

from __future__ import annotations

from collections import Counter

import numpy as np

from psqe.errors import DataError
from psqe.graph import AlignmentTask, KnowledgeGraph


def word_counts(task: AlignmentTask) -> dict[str, int | float]:
    """Count what a task of words holds.

    Parameters
    ----------
    task
        The task ``han/words``, or a part of it with gold links.

    Returns
    -------
    dict
        ``links``; for either side ``words``, ``linked`` (words with a counterpart), ``several`` (words with
        more than one), ``with_text`` (words with a gloss) and ``characters`` (nodes), as in ``left_words``;
        ``links_with_text``, of which both words have a gloss; ``links_sharing_a_gloss``, whose words have a
        gloss in common, apart from case; ``links_with_equal_glosses``, whose words have the same glosses;
        ``equal_pairs``, the pairs of words with the same glosses that no other word of either side has, and
        ``equal_pairs_linked``, those of them that are linked: the others mean the same and are written
        otherwise.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    if task.links is None:
        raise DataError(f"{task.name} has no gold links", remedy="take a task whose links are known")
    counts: dict[str, int | float] = {"links": len(task.links)}
    glosses = task.sides.map(_glosses)
    for side, column in (("left", 0), ("right", 1)):
        graph = task.left if column == 0 else task.right
        times = np.bincount(task.links[:, column], minlength=graph.n_entities)
        counts |= {
            f"{side}_words": len(graph.candidates),
            f"{side}_linked": int((times > 0).sum()),
            f"{side}_several": int((times > 1).sum()),
            f"{side}_with_text": sum(
                bool((glosses.left, glosses.right)[column][i]) for i in graph.candidates
            ),
            f"{side}_characters": sum(entity.startswith("character:") for entity in graph.entities),
        }
    once = task.sides.map(_once, glosses)
    equal = {(once.left[own], once.right[own]) for own in once.left.keys() & once.right.keys()}
    pairs = [(glosses.left[a], glosses.right[b]) for a, b in task.links.tolist()]
    return counts | {
        "links_with_text": sum(bool(a and b) for a, b in pairs),
        "links_sharing_a_gloss": sum(bool(a & b) for a, b in pairs),
        "links_with_equal_glosses": sum(bool(a) and a == b for a, b in pairs),
        "equal_pairs": len(equal),
        "equal_pairs_linked": len(equal & set(map(tuple, task.links.tolist()))),
    }


def _once(graph: KnowledgeGraph, glosses: list[frozenset[str]]) -> dict[frozenset[str], int]:
    """Return the word that has some glosses, where only one word of the graph has them, by the glosses."""
    counts = Counter(glosses[i] for i in graph.candidates.tolist())
    return {own: i for i in graph.candidates.tolist() if (own := glosses[i]) and counts[own] == 1}


def _glosses(graph: KnowledgeGraph) -> list[frozenset[str]]:
    return [
        frozenset(value.casefold() for key, value in pairs if key == "gloss" and value)
        for pairs in graph.attributes
    ]
