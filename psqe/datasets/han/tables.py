"""The tables of the package: KANJIDIC2, the other forms of characters, and what readers judged."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeVar

from psqe.datasets.han.assets import TABLES
from psqe.errors import DataError

LANGUAGES = ("en", "es", "fr", "pt")
"""The languages of the meanings in KANJIDIC2."""

_REMEDY = "install psqe again, or write the tables with scripts/pack_han_characters.py"


class Kanji(NamedTuple):
    """What KANJIDIC2 tells of a character, but for its readings.

    Parameters
    ----------
    radical
        Number of the classical radical, 1 to 214.
    strokes
        Number of strokes.
    grade
        School year in which it is taught: 1 to 6; 8 for the rest of the characters of general use; 9 and 10
        for characters of names. ``None`` for any other.
    rank
        Rank by frequency in newspapers, from 1, of the 2,500 most frequent ones; ``None`` for any other.
    meanings
        The meanings by language, see :data:`LANGUAGES`.

    Examples
    --------
    >>> read_kanjidic()["水"].meanings["es"]
    ('agua',)
    """

    radical: int | None
    strokes: int | None
    grade: int | None
    rank: int | None
    meanings: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def read_kanjidic() -> dict[str, Kanji]:
    """Read the table of KANJIDIC2, by character.

    Raises
    ------
    DataError
        If the table is missing or broken.
    """
    path = TABLES / "kanjidic.tsv.gz"
    found: dict[str, Kanji] = {}
    try:
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            code, *facts = line.split("\t")
            radical, strokes, grade, rank = (int(cell) if cell else None for cell in facts[:4])
            meanings = {
                language: tuple(filter(None, cell.split("|")))
                for language, cell in zip(LANGUAGES, facts[4:], strict=True)
            }
            found[chr(int(code, 16))] = Kanji(radical, strokes, grade, rank, meanings)
        if not found:
            raise ValueError("it has no line")
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"broken table of KANJIDIC2 ({error})", path=path, remedy=_REMEDY) from error
    return found


@lru_cache(maxsize=1)
def read_shinjitai() -> dict[str, tuple[str, ...]]:
    """Read the traditional forms of each character that was simplified in Japan, from OpenCC's table.

    Raises
    ------
    DataError
        If the table is missing or broken.

    Examples
    --------
    >>> read_shinjitai()["両"]
    ('兩',)
    """
    return _read_forms("shinjitai.tsv")


@lru_cache(maxsize=1)
def read_variants() -> dict[str, tuple[str, ...]]:
    """Read the characters that KANJIDIC2 calls variants of each character, and a few that were added by hand.

    Raises
    ------
    DataError
        If the table is missing or broken.

    Examples
    --------
    >>> read_variants()["鴬"]
    ('鶯',)
    """
    return _read_forms("variants.tsv")


def _read_forms(name: str) -> dict[str, tuple[str, ...]]:
    """Read a table of other forms of characters: one character a line, a tab, its other forms."""
    path = TABLES / name
    forms = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            new, old = line.split("\t")
            forms[new] = tuple(old.split(" "))
    except (OSError, ValueError) as error:
        raise DataError(f"broken table of other forms ({error})", path=path, remedy=_REMEDY) from error
    return forms


class Judged(Protocol):
    """A row of a table that has a judgement."""

    @property
    def judgement(self) -> str:
        """What a reader judged."""


T = TypeVar("T", bound=Judged)


def read_judged(name: str, row: Callable[..., T], judgements: Collection[str]) -> tuple[T, ...]:
    """Read a table in which people judged something: a header, then a row in each line.

    Parameters
    ----------
    name
        Name of the file.
    row
        What makes a row of its cells, which are given by the names of their columns.
    judgements
        What may stand in the column ``judgement``.

    Raises
    ------
    DataError
        If the table is missing or broken.
    """
    path = TABLES / name
    remedy = "install psqe again"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            cells = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            rows = tuple(row(**own) for own in cells)
    except (OSError, TypeError, ValueError) as error:
        raise DataError(f"broken table of judgements ({error})", path=path, remedy=remedy) from error
    for line, judged in enumerate(rows, 2):
        if judged.judgement not in judgements:
            what = f"{judged.judgement!r} is none of {', '.join(judgements)}"
            raise DataError(what, path=path, line=line, remedy=remedy)
    return rows
