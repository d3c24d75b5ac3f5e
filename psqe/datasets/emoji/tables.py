"""The tables of the package: names and keywords by language, facts about territories."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from psqe.errors import DataError, ParameterError

TABLES = Path(__file__).parent / "tables"
ARTISTS = TABLES / "openmoji-artists.json"
_SUFFIX = ".tsv.gz"
_REMEDY = "install psqe again, or write the tables with scripts/pack_emoji_tables.py"


class Annotation(NamedTuple):
    """Name and keywords of an emoji in one language, from Unicode's CLDR.

    Examples
    --------
    >>> read_annotations("en")["1f984"].name
    'unicorn'
    """

    name: str | None
    keywords: tuple[str, ...]


NOTHING = Annotation(None, ())


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that have a table, sorted."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in TABLES.glob(f"*{_SUFFIX}")))


@lru_cache(maxsize=4)
def read_annotations(language: str) -> dict[str, Annotation]:
    """Read names and keywords by key (see :attr:`psqe.datasets.emoji.unicode.Emoji.key`).

    Raises
    ------
    ParameterError
        If there is no table for ``language``.
    DataError
        If the table is broken.
    """
    if language not in languages():
        raise ParameterError(
            f"no emoji table for the language {language!r}",
            remedy=f"choose from {', '.join(languages())}, or write one with scripts/pack_emoji_tables.py",
        )
    path = TABLES / f"{language}{_SUFFIX}"
    annotations: dict[str, Annotation] = {}
    try:
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            key, name, keywords = line.split("\t")
            distinct = dict.fromkeys(keyword for keyword in keywords.split("|") if keyword)
            annotations[key] = Annotation(name or None, tuple(distinct))
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"broken emoji table ({error})", path=path, remedy=_REMEDY) from error
    return annotations


@lru_cache(maxsize=1)
def read_territories() -> dict[str, dict[str, list[str]]]:
    """Read CLDR's facts: ``within``, ``official_language`` and ``currency``, each from a code to codes.

    Raises
    ------
    DataError
        If the table is missing or broken.
    """
    path = TABLES / "territories.json"
    try:
        facts: dict[str, dict[str, list[str]]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"broken table of territories ({error})", path=path, remedy=_REMEDY) from error
    return facts


def read_artists() -> dict[str, str] | None:
    """Read the artist of the OpenMoji picture of each key; ``None`` without that table.

    The table comes from OpenMoji's own data (CC BY-SA), so it is not part of psqe. For the relation
    ``drawn_by``, write it with ``scripts/pack_emoji_tables.py --openmoji``.

    Raises
    ------
    DataError
        If the table exists but is broken.
    """
    if not ARTISTS.exists():
        return None
    try:
        artists: dict[str, str] = json.loads(ARTISTS.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"broken table of artists ({error})", path=ARTISTS, remedy=_REMEDY) from error
    return artists
