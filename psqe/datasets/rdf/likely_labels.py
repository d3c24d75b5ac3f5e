"""Predicates that are not known as labels, although their literals look like the names of most entities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from psqe.datasets.codes import code_identifiers
from psqe.datasets.graphs import Attribute
from psqe.datasets.rdf.names import words_of_iri

MOST = 0.5
"""Share of the candidates that must have a literal of a predicate for it to be suggested."""

NEARLY_ALL = 0.9
"""Share of the literals that must be alike: of no other entity, short, and words."""

LONGEST, FEW = 80, 5
"""Number of characters of the longest literal that looks like a name, and of entities that must have one."""

_CALLED_SO = re.compile(r"name|label|title|term|nom|titel|titre|titulo|bezeichn|heading", re.IGNORECASE)
_NO_NAME = re.compile(r"\S+://\S*|\S+@\S+\.\S+|\d{1,4}[-./:]\d.*|\S+\.[A-Za-z]{2,4}")


def likely_label(
    attributes: Mapping[int, Set[Attribute]], iris: Mapping[int, str], candidates: Set[int]
) -> str | None:
    """Return the predicate whose literals look like names of most candidates.

    Parameters
    ----------
    attributes
        The attributes of each entity, by its number.
    iris
        The IRI of each entity, by its number.
    candidates
        Numbers of the entities that may get a link.

    Returns
    -------
    str or None
        The predicate, one that is called so, such as ``title``, before others; ``None`` if no predicate has
        short texts that nearly all differ and that the IRIs do not say as well.

    Examples
    --------
    >>> iris = {i: f"http://a.example/{i}" for i in range(6)}
    >>> names = dict(enumerate(("Rome", "Bern", "Oslo", "Riga", "Kiel", "Graz")))
    >>> likely_label({i: {("http://a.example/title", name)} for i, name in names.items()}, iris, iris.keys())
    'http://a.example/title'
    """
    texts: dict[str, dict[int, set[str]]] = {}
    for entity in candidates & attributes.keys():
        for predicate, value in attributes[entity]:
            if value is not None and ":" in predicate:
                texts.setdefault(predicate, {}).setdefault(entity, set()).add(value)
    likely = [
        predicate
        for predicate, values in texts.items()
        if len(values) >= max(FEW, MOST * len(candidates)) and _are_names(values, iris)
    ]
    return min(
        likely, key=lambda one: (_CALLED_SO.search(_last(one)) is None, -len(texts[one]), one), default=None
    )


def _last(predicate: str) -> str:
    return re.split(r"[/#]", predicate)[-1]


def _are_names(values: Mapping[int, Set[str]], iris: Mapping[int, str]) -> bool:
    """Return whether the texts of a predicate look like names that the IRIs do not tell."""
    pairs = [(entity, text) for entity, texts in values.items() for text in texts]
    distinct = {text for _, text in pairs}
    codes = code_identifiers(distinct)
    named = sum(
        len(text) <= LONGEST and any(map(str.isalpha, text)) and not _NO_NAME.fullmatch(text)
        for text in distinct - codes
    )
    said = sum(_plain(words_of_iri(iris[entity]) or "") == _plain(text) for entity, text in pairs)
    return (
        len(distinct) >= NEARLY_ALL * len(pairs)
        and named >= NEARLY_ALL * len(distinct)
        and said < MOST * len(pairs)
    )


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
