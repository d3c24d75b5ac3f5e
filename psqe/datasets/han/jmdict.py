"""Japanese words: the tables that were packed from JMdict."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from psqe.datasets.han.assets import TABLES
from psqe.datasets.packed import UNREADABLE, unpacked
from psqe.errors import DataError

WORDS, GLOSSES = "jmdict-words.tsv.gz", "jmdict-glosses.tsv.gz"
COLUMNS = ("forms", "readings", "kinds", "fields", "remarks", "dialects", "priorities")
"""The columns of the table of words after the entry number. Each value of a column is one text."""

_REMEDY = "install psqe again, or write the tables with scripts/pack_han_words.py"


class JapaneseWord(NamedTuple):
    """An entry of JMdict, its senses joined.

    Parameters
    ----------
    number
        The entry number of JMdict.
    forms
        Written forms; at least one has a Han character.
    readings
        The readings in kana.
    kinds, fields, remarks, dialects
        Parts of speech, fields of use, remarks such as "archaism", and dialects, each in words.
    priorities
        Marks of frequent words, such as ``news1`` or ``nf12``.
    glosses
        English translations, in the order of the senses, without a repetition.

    Examples
    --------
    >>> cat = next(word for word in read_words() if "猫" in word.forms)
    >>> cat.number, cat.readings[0], cat.glosses[0]
    (1467640, 'ねこ', 'cat (esp. the domestic cat, Felis catus)')
    """

    number: int
    forms: tuple[str, ...]
    readings: tuple[str, ...]
    kinds: tuple[str, ...]
    fields: tuple[str, ...]
    remarks: tuple[str, ...]
    dialects: tuple[str, ...]
    priorities: tuple[str, ...]
    glosses: tuple[str, ...]


@lru_cache(maxsize=1)
def read_words(folder: Path = TABLES) -> tuple[JapaneseWord, ...]:
    """Read the entries of JMdict that have a written form with a Han character, by entry number.

    Parameters
    ----------
    folder
        Folder of the two tables; that of the package when omitted.

    Raises
    ------
    DataError
        If a table is missing or broken.
    """
    words = []
    seen: dict[str, tuple[str, ...]] = {}  # the same few thousand lists of facts come again and again
    glosses_of = dict(_rows(folder / GLOSSES, 2))
    for number, *columns in _rows(folder / WORDS, 1 + len(COLUMNS)):
        if number not in glosses_of:
            raise DataError(f"has no entry {number}", path=folder / GLOSSES, remedy=_REMEDY)
        forms, readings, *facts = columns
        kinds, fields, remarks, dialects, priorities = (
            seen.setdefault(fact, _values(fact)) for fact in facts
        )
        words.append(
            JapaneseWord(
                int(number),
                _values(forms),
                _values(readings),
                kinds,
                fields,
                remarks,
                dialects,
                priorities,
                _values(glosses_of[number]),
            )
        )
    return tuple(words)


def _rows(path: Path, width: int) -> list[list[str]]:
    """Return the rows of a table, all of them ``width`` columns wide."""
    try:
        with unpacked(path) as stream:
            rows = [line.split("\t") for line in stream.read().decode().split("\n")[:-1]]
    except (*UNREADABLE, UnicodeDecodeError) as error:
        raise DataError(f"broken table of words ({error})", path=path, remedy=_REMEDY) from error
    wrong = next((place for place, row in enumerate(rows, 1) if len(row) != width), None)
    if wrong is not None:
        raise DataError(f"has no {width} columns", path=path, line=wrong, remedy=_REMEDY)
    return rows


def _values(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()
