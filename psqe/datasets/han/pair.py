"""Both graphs of characters as one alignment task: shuffled order, gold links, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from psqe.datasets.builder import shuffled_task
from psqe.datasets.dangling import draw_each
from psqe.datasets.han import left, right
from psqe.datasets.han.cedict import read_ranks
from psqe.datasets.han.common import character_id
from psqe.datasets.han.tables import LANGUAGES, read_kanjidic
from psqe.datasets.han.variants import chinese_forms
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides

PREFIX = "han"
LANGUAGE_NAMES = {"en": "English", "es": "Spanish", "fr": "French", "pt": "Portuguese"}
"""The languages of the left meanings in words."""

DEFAULT_LANGUAGE = "es"
"""The language of the left meanings: the one with most meanings after English, which the right side has."""

SCHOOL = f"{PREFIX}/school"
"""The name of the small task, whose pictures are encoded in seconds."""

SCHOOL_GRADES = (1, 2, 3)
"""The school years whose characters the small task has on its left side."""

SCHOOL_RANK = 1000
"""The last rank by frequency of the characters that the small task has on its right side."""

CLOSED_LEAKS: Mapping[str, str] = {
    "code points": "identifiers and names of pictures are hashes, different on the two sides; no text has a "
    "Han character",
    "readings": "the readings of KANJIDIC2 and CC-CEDICT are left out; a few glosses still spell one",
    "radical numbers": "glosses that number a radical are left out; the numbers make groups of reports only",
    "component labels": "components are nodes without a text",
    "order": "the entities of both sides and the links are in random order",
    "Japanese sources": "glosses of CC-CEDICT that call a character a Japanese variant, or give a Japanese "
    "name, are left out; glosses that explain a Japanese thing stay",
}
"""The ways in which the links of the Han pairs could be read off, each with how it was closed."""


def names() -> tuple[str, ...]:
    """Return the names of the tasks: in the default language, in other languages, and the small task."""
    others = [language for language in LANGUAGES if language != DEFAULT_LANGUAGE]
    return (f"{PREFIX}/ja-zh", *(f"{PREFIX}/ja_{language}-zh" for language in others), SCHOOL)


def description(name: str) -> str:
    """Return one line about a task, one of :func:`names`.

    Examples
    --------
    >>> description("han/ja_fr-zh")
    'Han characters: Japanese strokes and French meanings; Chinese glyphs and English meanings'
    """
    what = (
        "Han characters of three school years and frequent Chinese ones"
        if name == SCHOOL
        else "Han characters"
    )
    left_side = f"Japanese strokes and {LANGUAGE_NAMES[language_of(name)]} meanings"
    return f"{what}: {left_side}; Chinese glyphs and English meanings"


def language_of(name: str) -> str:
    """Return the language of the left meanings of a task, one of :func:`names`.

    Examples
    --------
    >>> language_of("han/ja-zh"), language_of("han/ja_en-zh"), language_of("han/school")
    ('es', 'en', 'es')
    """
    if name == SCHOOL:
        return DEFAULT_LANGUAGE
    return name.removeprefix(f"{PREFIX}/ja").removesuffix("-zh").removeprefix("_") or DEFAULT_LANGUAGE


def load(name: str, *, random_state: int, dangling: float | None = None) -> AlignmentTask:
    """Build a task of Han characters: ``han/ja-zh``, the same in another language, or ``han/school``.

    ``han/school`` is a small task: the Japanese characters of the first three school years against the
    thousand Chinese characters that are most frequent in texts.

    Parameters
    ----------
    name
        One of :func:`names`.
    random_state
        Not negative. It decides which characters are dropped, and the order of the entities and of the links.
    dangling
        Share of the characters dropped from each side at random, in [0, 0.5), beside those that have no
        counterpart anyway; 0 when ``None``.

    Returns
    -------
    AlignmentTask
        The candidates are the characters. A character is linked to its Chinese forms, which
        :func:`psqe.datasets.han.variants.chinese_forms` describes, so that some have several counterparts;
        the others of either side have none. :data:`CLOSED_LEAKS` tells what was left out.

    Raises
    ------
    ParameterError
        If ``dangling`` is out of range.
    DataError
        If a package of the extra ``han`` is not installed, or lacks its data.
    """
    characters, meanings = _sides(name)
    left_side, right_side = left.left_graph(language_of(name), characters), right.right_graph(meanings)
    rows = {character: i for i, character in enumerate(characters)}
    columns = {character: i for i, character in enumerate(meanings)}
    links = np.array(
        [
            (row, columns[form])
            for character, row in rows.items()
            for form in sorted(chinese_forms(character))
            if form in columns
        ],
        dtype=np.int64,
    )
    rng = np.random.default_rng(random_state)
    share = dangling or 0.0
    dropped = draw_each(Sides(len(characters), len(meanings)), share, rng)
    return shuffled_task(
        name, left_side, right_side, rng.permutation(links), rng,
        parameters={"random_state": random_state, "dangling": share},
        left_dropped=dropped.left, right_dropped=dropped.right,
    )  # fmt: skip


def written_forms(graph: KnowledgeGraph) -> tuple[str | None, ...]:
    """Return the character of each entity of a graph of a task, for people who look at a result.

    Parameters
    ----------
    graph
        The left or the right graph of one of the tasks of :func:`names`, or a part of one.

    Returns
    -------
    The characters in the order of the entities; ``None`` for nodes that are no characters.
    """
    known = {
        character_id(side, character): character
        for side, characters in (
            (left.SIDE, left.left_characters()),
            (right.SIDE, tuple(right.right_meanings())),
        )
        for character in characters
    }
    return tuple(known.get(entity) for entity in graph.entities)


def _sides(name: str) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the left characters of a task, and the right ones with their glosses."""
    characters, meanings = left.left_characters(), right.right_meanings()
    if name != SCHOOL:
        return characters, meanings
    known, ranks = read_kanjidic(), read_ranks()
    return (
        tuple(character for character in characters if known[character].grade in SCHOOL_GRADES),
        {c: glosses for c, glosses in meanings.items() if ranks.get(c, SCHOOL_RANK + 1) <= SCHOOL_RANK},
    )
