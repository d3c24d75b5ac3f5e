"""Identifiers that are codes, and give no names: ``GO_0008150``, ``tt0111161``, ``3fKx9QzL``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

OPAQUE = re.compile(
    r"[QPL]\d+|/?[mg][/.][0-9a-z_]+|[0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
"""Numbers of a catalogue, which are no names: those of Wikidata and Freebase, plain numbers, UUIDs."""

NUMERIC = re.compile(r"[\d.,:;/_+\-\s]*\d[\d.,:;/_+\-\s]*[xX]?|[+-]?\d+(\.\d+)?[eE][+-]?\d+")
"""Identifiers of digits and punctuation, such as an ISBN, an ORCID or ``1e+05``."""

FAMILY = 5
"""The smallest number of identifiers that differ only in their digits and are taken as a series of codes."""

SERIES_SHARE, NEARLY_ALL = 0.25, 0.8
"""The share of a side's identifiers that one series of codes needs to be taken as codes, and the share that
several series, or identifiers that look drawn at random, need together."""

LONG_NUMBER = 5
"""Number of digits from which a number after a word is that of a catalogue, and not part of a name."""

_GENERIC = frozenset(
    re.findall(
        "[a-z]+",
        """
        account answer article artist author book city class client code company concept contact country
        customer disease doc document drug element entity ent event file film frame genid gene group id
        image individual instance isbn item key left member movie node number object oid order org
        organisation organization page paper patient person photo pid place post product protein
        question record resource right row rows sample sku source subject supplier table tag target term
        test thing track train unit urn user uuid value var vertex
        """,
    )
)
"""Words before a number that say what kind of thing is numbered, which is no name."""

_PREFIX = re.compile(r"^(?:[A-Za-z][\w-]*:(?=[^\W_]))+")
"""The prefix of an identifier, or several, such as ``product:`` and ``part:product:``."""

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")


def bare(uri: str) -> str:
    """Return a URI without the angle brackets of N-Triples, which some data sets keep."""
    return uri[1:-1] if uri.startswith("<") and uri.endswith(">") else uri


def code_identifiers(identifiers: Iterable[str]) -> set[str]:
    """Find the identifiers of a side that are codes, such as ``GO_0008150``, ``tt0111161`` or ``3fKx9QzL``.

    All identifiers of the side decide together, because ``Route_66`` is a name among names, and ``r66`` is
    none where most identifiers are ``r`` with a number. Codes are

    - the numbers of catalogues that :data:`OPAQUE` describes, and identifiers of digits and punctuation if
      nearly all identifiers have this form;
    - identifiers that differ only in their digits, at least :data:`FAMILY` of them, if such a series is a
      quarter of the side, or if several series are nearly all of it. A series is no series of codes if a word
      stands before short numbers, as in ``Boeing_747``, unless the word is one such as ``item``;
    - identifiers that look drawn at random, such as hashes and short keys, if nearly all look like that, or
      nearly all with the same prefix, such as ``product:``.

    Parameters
    ----------
    identifiers
        The identifiers of one side: IRIs, IRIs with a prefix, or ids of any form.

    Returns
    -------
    set of str
        The identifiers that are codes.

    Examples
    --------
    >>> sorted(code_identifiers([*(f"http://purl.example/MA_{i:07}" for i in range(8)), "Mouse"]))[:1]
    ['http://purl.example/MA_0000000']
    >>> code_identifiers(["Apollo_11", "Boeing_747", "Route_66", "Windows_95", "Blink-182", "U2"])
    set()
    """
    parts = {i: _local_part(i) for i in identifiers if not i.startswith("_:")}  # blank nodes have no name
    codes = {identifier for identifier in parts if in_catalogue(identifier)}
    others = {
        identifier: part
        for identifier, part in parts.items()
        if identifier not in codes and not OPAQUE.fullmatch(part)
    }
    if not others:
        return codes
    codes |= _keys_with_a_prefix(others)
    enough = max(FAMILY, NEARLY_ALL * len(others))
    found = _series(others)
    for like_codes in (_numeric, _of_one_form, _drawn_at_random, _equally_long):
        if len(found) < enough:
            drawn = found | like_codes(others)
            found = drawn if len(drawn) >= enough else found
    if len(found) >= enough:
        found |= {i for i, part in others.items() if _is_key(part) and _DIGITS.search(part)}
    return codes | found


def _keys_with_a_prefix(parts: dict[str, str]) -> set[str]:
    """Return the identifiers that look drawn at random behind a prefix, if nearly all with this prefix do."""
    groups: dict[str, dict[str, str]] = {}
    for identifier, part in parts.items():
        if prefix := _PREFIX.match(part):
            groups.setdefault(prefix[0], {})[identifier] = part[prefix.end() :]
    found: set[str] = set()
    for keys in groups.values():
        for like_codes in (_drawn_at_random, _equally_long):
            drawn = like_codes(keys)
            if len(drawn) >= max(FAMILY, NEARLY_ALL * len(keys)):
                found |= drawn
    return found


def last_part(uri: str) -> str:
    """Return the last part of a URI."""
    return re.split("[/#]", uri.rstrip("/#"))[-1]


def _local_part(identifier: str) -> str:
    """Return what tells an identifier from its neighbours: the end of an IRI, or the whole identifier."""
    identifier = bare(identifier)
    if "://" not in identifier:
        return re.sub("^urn:[^:]+:", "", identifier)
    parts = re.split("[/#]", identifier)
    return next((part for part in reversed(parts) if re.search(r"[^\W_]", part)), identifier)


def in_catalogue(identifier: str) -> bool:
    """Return whether an identifier is the number of a catalogue, as :data:`OPAQUE` describes them."""
    return "/resource/" not in identifier and OPAQUE.fullmatch(_local_part(identifier)) is not None


def _series(parts: dict[str, str]) -> set[str]:
    """Return the identifiers that belong to series of codes, see :func:`code_identifiers`."""
    series: dict[str, list[str]] = {}
    for identifier, part in parts.items():
        if _DIGITS.search(part):
            series.setdefault(_DIGITS.sub("0", part), []).append(identifier)
    found = {
        form: members
        for form, members in series.items()
        if len(members) >= FAMILY and not _is_named(form, [parts[member] for member in members])
    }
    together = sum(map(len, found.values())) >= NEARLY_ALL * len(parts)
    kept = [m for m in found.values() if together or len(m) >= SERIES_SHARE * len(parts)]
    return {identifier for members in kept for identifier in members}


def _is_named(form: str, members: list[str]) -> bool:
    """Return whether identifiers that differ in digits hold a word that names something: ``Boeing_747``."""
    if not any(
        len(word) > 3 and not word.isupper() and word.lower() not in _GENERIC for word in _WORD.findall(form)
    ):
        return False
    numbers = [number for member in members for number in _DIGITS.findall(member)]
    padded = any(number.startswith("0") and len(number) > 1 for number in numbers)
    return not padded and sorted(map(len, numbers))[len(numbers) // 2] < LONG_NUMBER


def _numeric(parts: dict[str, str]) -> set[str]:
    return {identifier for identifier, part in parts.items() if NUMERIC.fullmatch(part)}


def _of_one_form(parts: dict[str, str]) -> set[str]:
    """Return the identifiers of the most frequent form of short groups of letters and digits, as E11.9."""
    forms = {
        identifier: re.sub(r"\d+", "0", re.sub(r"(?<![^\W\d_])[^\W\d_]{1,3}(?![^\W\d_])", "a", part))
        for identifier, part in parts.items()
    }
    counts = Counter(form for form in forms.values() if re.fullmatch(r"[a0\W_]*", form) and "0" in form)
    if not counts:
        return set()
    common = min(counts.items(), key=lambda item: (-item[1], item[0]))[0]
    return {identifier for identifier, form in forms.items() if form == common}


def _drawn_at_random(parts: dict[str, str]) -> set[str]:
    """Return the keys and hashes if half of them mix letters and digits as no words do: ``3fKx9QzL``."""
    keys = {identifier: part for identifier, part in parts.items() if _is_key(part)}
    mixed = [part for part in keys.values() if re.search(r"\d+[^\W\d_]+\d|[^\W\d_]\d+[^\W\d_]", part)]
    return set(keys) if len(mixed) >= 0.5 * len(parts) else set()


def _equally_long(parts: dict[str, str]) -> set[str]:
    """Return the keys of the most frequent length if many of them have digits, which few words do."""
    keys = {identifier: part for identifier, part in parts.items() if _is_key(part)}
    lengths = Counter(map(len, keys.values()))
    if not lengths:
        return set()
    length = min(lengths.items(), key=lambda item: (-item[1], item[0]))[0]
    digits = sum(1 for part in keys.values() if _DIGITS.search(part))
    return {i for i, part in keys.items() if len(part) == length} if digits >= 0.4 * len(parts) else set()


def _is_key(part: str) -> bool:
    """Return whether a text mixes letters and digits, or large and small letters, and holds no plain word."""
    if len(part) < 6 or not re.fullmatch(r"[\w.:+=-]+", part):
        return False
    if _DIGITS.search(part) and re.fullmatch("[0-9a-fA-F]+", part):
        return True
    for piece in re.split("[_.:+=-]", part):
        word = re.fullmatch(r"([a-z]?[A-Z]?[a-z]{3,}|[A-Z]{4,})\d{0,4}", piece)
        if word and word[1].lower() not in _GENERIC:
            return False
    return re.search(r"\d|[a-z][A-Z]|[A-Z]{2}[a-z]", part) is not None
