"""Names that are read from URIs and ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote

from psqe.datasets.codes import FAMILY, OPAQUE, bare, code_identifiers, in_catalogue, last_part
from psqe.datasets.faults import Faults

__all__ = ["NAME_REMEDY", "bare", "code_identifiers", "readable_name", "readable_names"]


NAME_REMEDY = "add the names of the entities if there are any"
"""What is said to do about identifiers that give no names, unless a layout knows better."""


LONGEST_NAME = 1000
"""Number of characters of the longest name that a graph keeps; :mod:`psqe.features.text` reads no more of a
name either."""

_LONGEST_WRITTEN = 20 * LONGEST_NAME
"""Number of characters of the longest name that is looked at, with all its blanks."""


def name_in(text: str) -> tuple[str, bool]:
    """Return the name that a text gives, and whether it is only the beginning of the text.

    Runs of blanks become one. Of a name longer than :data:`LONGEST_NAME` characters only the beginning is
    kept, because no encoder reads more, and all names stay in memory as long as the graph does.

    Examples
    --------
    >>> name_in("  New   York "), name_in("long " * 1000)[1]
    (('New York', False), True)
    """
    cut = len(text) > _LONGEST_WRITTEN
    if cut:
        text = text.lstrip()
        cut = len(text) > _LONGEST_WRITTEN and bool(text[_LONGEST_WRITTEN:].strip())
        text = text[:_LONGEST_WRITTEN]
    words = " ".join(text.split())
    return words[:LONGEST_NAME].rstrip(), cut or len(words) > LONGEST_NAME


def readable_name(uri: str) -> str | None:
    """Return the words of the last part of a URI; ``None`` if it is empty or a number of a catalogue.

    A slash that belongs to the name stays where the URI shows that it does, as in DBpedia.

    Examples
    --------
    >>> readable_name("http://dbpedia.org/resource/AC/DC_%22live%22")
    'AC/DC "live"'
    >>> readable_name("http://www.wikidata.org/entity/Q42")
    >>> readable_name("/m/02mjmr")
    """
    name = uri.partition("/resource/")[
        2
    ]  # After "/resource/" a number is a name: that of a year, a novel or a road.
    if not name:
        name = last_part(uri)
        if OPAQUE.fullmatch(name if "://" in uri else uri):
            return None
    return " ".join(unquote(name).replace("_", " ").split()) or None


def readable_names(
    identifiers: Iterable[str],
    side: str,
    faults: Faults,
    *,
    path: Path | str | None = None,
    readable: Callable[[str], str | None] = readable_name,
    remedy: str = NAME_REMEDY,
    catalogues: bool = True,
) -> tuple[str | None, ...]:
    """Read names from the identifiers of one side, unless they are codes, and note how many are.

    Parameters
    ----------
    identifiers
        The identifiers.
    side
        What to call the graph in the note.
    faults
        Receives the note.
    path, remedy
        Where the note says that the identifiers are, and what to do about them.
    readable
        Function from one identifier to a name.
    catalogues
        Whether to note numbers of catalogues, too, which benchmarks are known to have.

    Returns
    -------
    tuple of str or None
        The name of each identifier; ``None`` where it has none.
    """
    identifiers = tuple(identifiers)
    codes = code_identifiers(identifiers)
    told = codes if catalogues else {code for code in codes if not in_catalogue(code)}
    if len(told) >= min(FAMILY, len(identifiers)) > 0:
        all_of_them = len(told) == len(identifiers)
        which = "the identifiers" if all_of_them else f"{len(told):,} of the {len(identifiers):,} identifiers"
        faults.note(
            f"{which} of the graph {side!r} are codes, such as {min(told)!r}, and give no names",
            path=path,
            remedy=remedy,
        )
    return tuple(None if identifier in codes else readable(identifier) for identifier in identifiers)
