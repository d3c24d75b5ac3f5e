"""Identifiers of many digits that a program took for numbers, and of which it kept only the first digits.

Spreadsheets keep 15 digits of a number and show six of them as ``1.23457E+18``; the floating-point numbers of
pandas, R and JavaScript keep 15 to 17. The digits that are lost cannot be restored from such a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from psqe.datasets.faults import Faults
from psqe.graph import counted

KEPT = 15
"""Number of digits that spreadsheets keep of a number."""

CERTAIN = 4
"""Number of zeros at the places of lost digits, in all identifiers together, that are not there by chance."""

REMEDY = (
    "export these columns as text from where they are whole, because programs keep 15 digits of a number; "
    "pandas.read_csv keeps all of them with dtype=str"
)
"""What can be done about digits that are lost."""

_SHORTEST = 12  # from which Excel shows a number with an exponent
_PRECISIONS = (6, 15, 16, 17)
_WHOLE = re.compile(r"[1-9]\d{11,39}", re.ASCII)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[,.' ]\d{3}){3,}", re.ASCII)
_WITH_EXPONENT = re.compile(r"([1-9])(?:[.,](\d+))?[eE]\+?(\d\d)", re.ASCII)

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)

Key = tuple[int, str]


def was_cut(identifier: str) -> bool:
    """Return whether an identifier looks like a number of which the last digits are lost.

    Examples
    --------
    >>> [was_cut(text) for text in ("1.23457E+18", "1234567890123450000", "1234567890123456789", "1500000")]
    [True, True, False, False]
    """
    plain = _plain(identifier)
    return _WITH_EXPONENT.fullmatch(plain) is not None or (
        len(plain) > KEPT and _WHOLE.fullmatch(plain) is not None and not plain[KEPT:].strip("0")
    )


def _plain(identifier: str) -> str:
    """Return an identifier without the signs between groups of three digits."""
    return re.sub(r"\D", "", identifier) if _GROUPED.fullmatch(identifier) else identifier


def _keys_of_cut(identifier: str) -> set[Key]:
    """Return what a number that was cut has in common with the whole one: its length and its digits."""
    plain = _plain(identifier)
    if found := _WITH_EXPONENT.fullmatch(plain):
        digits = found[1] + (found[2] or "")
        keys: set[Key] = {(int(found[3]) + 1, digits.rstrip("0"))}
        return keys | ({(0, str(int(float(plain.replace(",", ".")))))} if len(digits) > KEPT else set())
    if len(plain) <= KEPT or not _WHOLE.fullmatch(plain):
        return set()
    # A floating-point number may be written with all its digits, of which the last ones are made up.
    is_float = int(plain) > 2**53 and int(float(plain)) == int(plain)
    return {(len(plain), plain.rstrip("0"))} | ({(0, plain)} if is_float else set())


def _keys_of_whole(identifier: str) -> set[Key]:
    """Return the keys of all numbers that may be left of a whole one."""
    if not _WHOLE.fullmatch(identifier):
        return set()
    keys: set[Key] = {(0, str(int(float(identifier))))}
    for precision in _PRECISIONS:
        unit = 10 ** max(0, len(identifier) - precision)
        number = int(identifier)
        for left in (number // unit, (number + unit // 2) // unit):
            digits = str(left * unit)
            keys.add((len(digits), digits.rstrip("0")))
    return keys


class CutNumbers:
    """The identifiers of a graph by what is left when their last digits are cut.

    Parameters
    ----------
    identifiers
        The identifiers.

    Examples
    --------
    >>> CutNumbers(["1234567890123456789", "1234567890123450001"]).whole("1234567890123450000")
    '1234567890123450001'
    >>> CutNumbers(["1.23457E+18"]).other("1234567890123456789")
    '1.23457E+18'
    """

    def __init__(self, identifiers: Iterable[str]) -> None:
        self._whole: dict[Key, list[str]] = {}
        self._cut: dict[Key, list[str]] = {}
        for identifier in sorted(identifiers):
            for table, keys in (
                (self._whole, _keys_of_whole(identifier)),
                (self._cut, _keys_of_cut(identifier)),
            ):
                for key in keys:
                    table.setdefault(key, []).append(identifier)

    def whole(self, identifier: str) -> str | None:
        """Return the first identifier that an identifier is without its last digits; ``None`` if none is."""
        return _first(self._whole, _keys_of_cut(identifier), identifier)

    def other(self, identifier: str) -> str | None:
        """Return the first identifier that is whole where this one was cut, or the other way round."""
        return self.whole(identifier) or _first(self._cut, _keys_of_whole(identifier), identifier)


def _first(table: dict[Key, list[str]], keys: set[Key], but: str) -> str | None:
    return min((other for key in keys for other in table.get(key, ()) if other != but), default=None)


def differs_in_lost_digits(one: str, other: str) -> bool:
    """Return whether one of two identifiers is the other without its last digits.

    Examples
    --------
    >>> differs_in_lost_digits("4.00638E+12", "4006381333931"), differs_in_lost_digits("12", "13")
    (True, False)
    """
    return bool(
        one != other
        and (_keys_of_cut(one) & _keys_of_whole(other) or _keys_of_cut(other) & _keys_of_whole(one))
    )


def remedy_for_repeated(identifier: str, otherwise: str) -> str:
    """Return what to do about an identifier that a table has twice: another remedy if digits may be lost.

    Examples
    --------
    >>> remedy_for_repeated("rome", "keep one name for each entity")
    'keep one name for each entity'
    """
    keys = _keys_of_cut(identifier)
    return REMEDY if was_cut(identifier) or any(length == 0 for length, _ in keys) else otherwise


def long_numbers(identifiers: Iterable[str]) -> Iterator[str]:
    """Yield the identifiers that are numbers of so many digits that programs cut them, or what is left."""
    for identifier in identifiers:
        if len(identifier) >= _SHORTEST - 1 and identifier[:1].isdigit():
            plain = _plain(identifier)
            if _WHOLE.fullmatch(plain) or _WITH_EXPONENT.fullmatch(plain):
                yield identifier
        elif _WITH_EXPONENT.fullmatch(identifier):
            yield identifier


def note_cut_identifiers(identifiers: Iterable[str], path: object, faults: Faults) -> None:
    """Note that all the long numbers among the identifiers of a side have lost their last digits.

    Parameters
    ----------
    identifiers
        The identifiers of the side.
    path
        The file or folder that the note names.
    faults
        Receives the note.
    """
    found = sorted(
        text
        for text in long_numbers(identifiers)
        if len(_plain(text)) > KEPT or _WITH_EXPONENT.fullmatch(text)
    )
    exponents = {text: match for text in found if (match := _WITH_EXPONENT.fullmatch(text))}
    zeros = [text for text in found if text not in exponents]
    if sum(len(match[2] or "") for match in exponents.values()) >= CERTAIN:
        cut = list(exponents)
    elif sum(len(_plain(text)) - KEPT for text in zeros) >= CERTAIN and all(map(was_cut, zeros)):
        cut = zeros
    else:
        return
    faults.note(
        "a program for numbers seems to have cut off the last digits of "
        f"{counted(len(cut), 'identifier')}, for example {cut[0]!r}, so that different entities may have "
        "become one",
        path=str(path),
        remedy=REMEDY,
    )


def note_float_identifiers(identifiers: Iterable[str], path: object, faults: Faults) -> None:
    """Note that all numbers among the identifiers of a side are whole ones that end in ``.0``.

    Where all tables of a side are so, they agree with each other, but no longer with the source.

    Parameters
    ----------
    identifiers
        The identifiers of the entities that the side describes.
    path
        The file or folder that the note names.
    faults
        Receives the note.
    """
    numbers = sorted(text for text in identifiers if _NUMBER.fullmatch(text))
    if len(numbers) < CERTAIN or not all(text.endswith((".0", ",0")) for text in numbers):
        return
    faults.note(
        f"{counted(len(numbers), 'identifier')} are whole numbers that end in {numbers[0][-2:]!r}, for "
        f"example {numbers[0]!r}, as some programs write {numbers[0][:-2]!r}, and links will name them so",
        path=str(path),
        remedy="export the identifiers as text, unless they are spelled so in the source",
    )
