"""False friends among the linked words: a random sample of links, and what two dictionaries say of each.

Gold links say how words are written, and not what they mean: the Japanese word for a letter is written as the
Chinese word for toilet paper. The glosses of every pair of a sample were read and judged once, without a
second opinion.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from psqe.datasets.han.tables import read_judged
from psqe.errors import DataError
from psqe.files import content_hash
from psqe.graph import AlignmentTask

SAMPLE_SIZE = 100
JUDGEMENTS = ("same", "related", "different")
"""The two words have a meaning in common; no meaning is the same, but one is narrower, wider or close; the
meanings have nothing to do with each other."""


class JudgedLink(NamedTuple):
    """A link of the sample with its judgement.

    Parameters
    ----------
    left, right
        The identifiers of the two words.
    left_forms, right_forms
        Their written forms, separated by ``;``.
    left_glosses, right_glosses
        What the two dictionaries say, separated by ``;``, references included.
    judgement
        One of :data:`JUDGEMENTS`.
    """

    left: str
    right: str
    left_forms: str
    right_forms: str
    left_glosses: str
    right_glosses: str
    judgement: str


def sampled_links(
    task: AlignmentTask, n: int = SAMPLE_SIZE, *, random_state: int = 0
) -> list[tuple[str, str]]:
    """Draw links at random, whatever their order: those with the smallest hashes.

    Parameters
    ----------
    task
        A task with gold links.
    n
        Number of links.
    random_state
        It decides the draw, and goes into the hashes.

    Returns
    -------
    The identifiers of both ends of each link. A link stays in the sample if others come or go, as long as
    there is room.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    if task.links is None:
        raise DataError(f"{task.name} has no gold links", remedy="take a task whose links are known")
    ends = [(task.left.entities[a], task.right.entities[b]) for a, b in task.links.tolist()]
    return sorted(ends, key=lambda pair: content_hash(str(random_state), *pair))[:n]


@lru_cache(maxsize=1)
def read_judged_links() -> tuple[JudgedLink, ...]:
    """Read the sample of links with the judgements.

    Raises
    ------
    DataError
        If the table is missing or broken.

    Examples
    --------
    >>> len(read_judged_links())
    100
    """
    return read_judged("false-friends.tsv", JudgedLink, JUDGEMENTS)


def judgement_counts() -> dict[str, int]:
    """Return the number of links of the sample by judgement.

    Examples
    --------
    >>> sum(judgement_counts().values())
    100
    """
    counts = Counter(link.judgement for link in read_judged_links())
    return {judgement: counts[judgement] for judgement in JUDGEMENTS}
