"""Names that are read from URIs and ids."""

from __future__ import annotations

import re
from urllib.parse import unquote

OPAQUE = re.compile(
    r"[QPL]\d+|/?[mg][/.][0-9a-z_]+|[0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
"""Numbers of a catalogue, which are no names: those of Wikidata and Freebase, plain numbers, UUIDs."""


def bare(uri: str) -> str:
    """Return a URI without the angle brackets of N-Triples, which some data sets keep."""
    return uri[1:-1] if uri.startswith("<") and uri.endswith(">") else uri


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
        name = re.split("[/#]", uri.rstrip("/#"))[-1]
        if OPAQUE.fullmatch(name if "://" in uri else uri):
            return None
    return " ".join(unquote(name).replace("_", " ").split()) or None
