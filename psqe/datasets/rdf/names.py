"""Names of entities in RDF: all that the statements give, and the one that is chosen for each entity."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Set

from psqe.datasets.labels import name_in, readable_name

MOST = 0.5
"""Share of the named candidates that must have a name in a language for it to be chosen for both sides."""

_SCRIPTS = {
    "sr-ec": "sr-cyrl",
    "sr-el": "sr-latn",
    **dict.fromkeys(("zh-cn", "zh-sg", "zh-my"), "zh-hans"),
    **dict.fromkeys(("zh-tw", "zh-hk", "zh-mo"), "zh-hant"),
}
"""Tags of countries and of Wikidata that stand for a script."""

_HUMPS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])|(?<=[^\W\d_])(?=\d)(?<![A-Z])")


class NameDraft:
    """The names that the statements of one side give its entities, in every language.

    Attributes
    ----------
    n_cut
        Number of the names of which only the beginning was kept.

    Examples
    --------
    >>> names = NameDraft()
    >>> names.add(7, "Αθήνα", "el", rank=0)
    >>> names.add(7, "Athens", "en", rank=0)
    >>> names.chosen("en"), names.chosen(None)
    ({7: 'Athens'}, {7: 'Αθήνα'})
    """

    def __init__(self) -> None:
        self.n_cut = 0
        self._found: dict[int, list[tuple[bool, str, int, str]]] = {}
        self._nodes: list[tuple[int, int, int, bool]] = []
        self._forms: dict[int, list[tuple[str, str]]] = {}
        self._tags: dict[str, str] = {}

    def add(self, entity: int, text: str, tag: str, *, rank: int, fallback: bool = False) -> None:
        """Add a name of an entity.

        Parameters
        ----------
        entity
            Number of the entity.
        text
            The name; a blank one is none.
        tag
            Its language; empty if it has none.
        rank
            Place of the predicate in the order of preference.
        fallback
            Whether the name counts only for an entity that has no other.
        """
        words, cut = name_in(text)
        tag = _plain_tag(tag)
        self.n_cut += cut
        if words:
            name = (fallback, self._tags.setdefault(tag, tag), rank, words)
            self._found.setdefault(entity, []).append(name)

    def add_node(self, entity: int, node: int, *, rank: int, fallback: bool = False) -> None:
        """Add a node that stands for a name, as the labels of SKOS-XL do."""
        self._nodes.append((entity, node, rank, fallback))

    def add_form(self, node: int, text: str, tag: str) -> None:
        """Add the text of a node that stands for a name."""
        self._forms.setdefault(node, []).append((text, tag))

    def finish(self) -> set[int]:
        """Give entities the texts of their nodes, and return all these nodes, which are no entities.

        A node without a form in SKOS-XL has the names of its own as texts, unless a node names it in turn.
        """
        named = {entity for entity, *_ in self._nodes}
        for _, node, *_ in self._nodes:
            if node not in self._forms and node in self._found and node not in named:
                self._forms[node] = [(text, tag) for _, tag, _, text in self._found.pop(node)]
        for entity, node, rank, fallback in self._nodes:
            for text, tag in self._forms.get(node, ()):
                self.add(entity, text, tag, rank=rank, fallback=fallback)
        nodes = set(self._forms)
        self._nodes.clear()
        return nodes

    @property
    def named(self) -> Set[int]:
        """Numbers of the entities with a name in any language."""
        return self._found.keys()

    def languages(self, entities: Set[int]) -> tuple[dict[str, float], bool]:
        """Return the share of named entities that have a name in each language, and whether any has several.

        Variants count as their language, ``en-GB`` as ``en``, but not those in another script, ``sr-Latn``;
        names without a language count as ``""``. Fallbacks count where an entity has nothing else.
        """
        counts: Counter[str] = Counter()
        n, several = 0, False
        for entity, names in self._found.items():
            if entity in entities:
                least = min(fallback for fallback, *_ in names)
                found = {language_of(tag) for fallback, tag, *_ in names if fallback == least}
                counts.update(found)
                n += bool(found)
                several |= len(found) > 1
        return {language: count / n for language, count in counts.items()}, several

    def texts(self, language: str) -> Iterable[str]:
        """Return the names in a language."""
        return (
            name[-1] for names in self._found.values() for name in names if language_of(name[1]) == language
        )

    def chosen(self, language: str | None) -> dict[int, str]:
        """Return one name of each entity: in a language if it has one, else in a variant, else in none.

        Among names that are equally good, the tag decides, then the rank of the predicate, then the text.
        """
        language = language and _plain_tag(language)

        def order(name: tuple[bool, str, int, str]) -> tuple[bool, int, str, int, str]:
            fallback, tag, rank, text = name
            kind = 3 if tag else 2
            if language:
                kind = 0 if tag == language else 1 if tag.startswith(f"{language}-") else kind
            return fallback, kind, tag, rank, text

        return {entity: min(names, key=order)[-1] for entity, names in self._found.items()}


def _plain_tag(tag: str) -> str:
    """Return a tag in small letters, with the script in the place of a country that stands for one."""
    tag = tag.lower()
    return _SCRIPTS.get(tag, tag)


def language_of(tag: str) -> str:
    """Return the language of a tag, with its script if it names one.

    Examples
    --------
    >>> language_of("en-GB"), language_of("sr-Latn"), language_of("zh-TW")
    ('en', 'sr-latn', 'zh-hant')
    """
    language, *variants = _plain_tag(tag).split("-")
    script = variants[0] if variants and len(variants[0]) == 4 and variants[0].isalpha() else None
    return f"{language}-{script}" if script else language


def common_languages(
    left: NameDraft, right: NameDraft, left_entities: Set[int], right_entities: Set[int]
) -> tuple[str, str] | None:
    """Choose the languages of names for both sides together.

    Parameters
    ----------
    left, right
        The names of the sides.
    left_entities, right_entities
        Numbers of the entities that count.

    Returns
    -------
    tuple of str, or None
        The language of each side, ``""`` for names without a language: one that most entities of both sides
        have; if there is none, those of one script, and then those that most entities have. ``None`` if no
        entity has names in several languages, so that there is nothing to choose.

    Examples
    --------
    >>> names = NameDraft(), NameDraft()
    >>> for side, tags in zip(names, (["el", "en"], ["en", "fr"])):
    ...     for tag in tags:
    ...         side.add(0, "Athens", tag, rank=0)
    >>> common_languages(*names, {0}, {0})
    ('en', 'en')
    """
    (shares, several), (other_shares, other_several) = (
        left.languages(left_entities),
        right.languages(right_entities),
    )
    if not shares or not other_shares or not (several or other_several):
        return None
    common = {
        language: least
        for language in shares.keys() & other_shares.keys()
        if (least := min(shares[language], other_shares[language])) >= MOST
    }
    if common:
        # Among equally common ones: no language, then English, which text encoders know best.
        best = min(
            common, key=lambda language: (-common[language], language != "", language != "en", language)
        )
        return best, best
    scripts = {language: _script(left.texts(language)) for language in shares}
    other_scripts = {language: _script(right.texts(language)) for language in other_shares}
    return min(
        ((one, two) for one in shares for two in other_shares),
        key=lambda pair: (
            scripts[pair[0]] != other_scripts[pair[1]],
            -min(shares[pair[0]], other_shares[pair[1]]),
            -shares[pair[0]] - other_shares[pair[1]],
            pair,
        ),
    )


def _script(texts: Iterable[str]) -> str:
    """Return the script of most letters at the beginnings of texts, such as ``LATIN``."""
    letters = (next((c for c in text if c.isalpha()), "") for text in texts)
    counts = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in letters if letter)
    return min(counts, key=lambda script: (-counts[script], script), default="")


def words_of_iri(iri: str) -> str | None:
    """Return the words of the last part of an IRI; ``None`` for a blank node or a number of a catalogue.

    A name without blanks and underscores is split where capitals begin a word.

    Examples
    --------
    >>> words_of_iri("http://a.example/onto#AcceptedPaper"), words_of_iri("http://a.example/is_part_of")
    ('Accepted Paper', 'is part of')
    """
    name = None if iri.startswith("_:") else readable_name(iri)
    if name is None or " " in name or "/resource/" in iri:
        return name
    return _HUMPS.sub(" ", name.replace("-", " ") if name.islower() else name)
