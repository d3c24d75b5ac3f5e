"""Different spellings of one identifier, such as ``100`` and ``100.0``, or ``Rome`` and ``<Rome>``.

Exports change identifiers on their way: pandas makes numbers of them, spreadsheets drop zeros, other tools
add quotes, brackets or blanks that nobody sees. Such spellings are never joined silently, because ``7`` and
``007`` may be two entities; they are reported.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote

from psqe.datasets.cut_numbers import REMEDY, CutNumbers, differs_in_lost_digits
from psqe.identifiers import composed

_PREFIX = re.compile(r"^[A-Za-z][\w.-]*:")
_PLAIN = re.compile(r"[A-Za-z0-9_:/#.-]+")
_NUMBER = re.compile(r"[+-]?\d[\d,' ]*([.,]\d+)?([eE]\+?\d{1,2})?|[+-]?\d{1,3}(\.\d{3})+(,\d+)?")

_FORM = re.compile(
    r"[+-]?(?:(?:[0-9]+|[0-9]{1,3}(?:[,' ][0-9]{3})+)(?:\.0+|,0+)?|[0-9]{1,3}(?:\.[0-9]{3}){2,}"
    r"|(?P<exponent>[1-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}))"
)
"""A whole number in any form in which programs write one; ``1,2`` and ``0e1`` are none."""
_HEXADECIMAL = re.compile(r"(?=[0-9A-Fa-f]*[0-9])(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]+")

_SHOWN = re.compile(
    r"[bu]?(?:'([^']*)'|\"([^\"]*)\")|\(([^,]*),?\)|\[([^,]*)\]|\{(?:['\"][$\w]+['\"] ?: ?)?([^,:]*)\}"
    r"|(?:np\.|numpy\.|rdflib\.term\.)?(?:u?int\d+|float\d+|str_|bytes_|array|URIRef|Literal|UUID|ObjectId|Decimal"
    r"|Timestamp)\(([^,]*)\)|<NamedNode value=(.*)>"
)
"""The ways in which Python shows a value, or a collection of one value."""


class Difference(NamedTuple):
    """A kind of difference between spellings.

    Parameters
    ----------
    what
        What differs, in words.
    remedy
        How to repair the files.
    certain
        Whether identifiers that differ in this way alone are surely meant to be the same.
    """

    what: str
    remedy: str
    certain: bool


def _visible_only(text: str) -> str:
    kept = "".join(" " if c.isspace() else c for c in text if unicodedata.category(c) not in ("Cf", "Cc"))
    return " ".join(kept.split())


def _unquoted(text: str) -> str:
    return text.strip("<>\"'`\u201c\u201d\u201e\u2018\u00ab\u00bb ")


def _bare(text: str) -> str:
    """Return the value that Python shows as ``b'100'``, ``('100',)``, ``[100]`` or ``np.int64(100)``."""
    for _ in range(4):
        found = _SHOWN.fullmatch(text.strip())
        if found is None:
            return text
        text = next(part for part in found.groups() if part is not None)
    return text


def _without_formula(text: str) -> str:
    return _unquoted(text[1:]) if text.startswith("=") else text


def _as_number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        return text
    plain = re.sub("[' ]", "", text)
    if re.search(r",0+($|[eE])", plain) and plain.count(",") == 1 and not re.search(r",000($|[eE])", plain):
        plain = plain.replace(",", ".")  # 100,0 as a German or French Excel writes it
    elif re.fullmatch(r"[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?", plain):
        plain = plain.replace(".", "").replace(",", ".")
    try:
        value = float(plain.replace(",", ""))
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else text


def _without_scheme(text: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", text, flags=re.IGNORECASE).rstrip("/#")


def _local(text: str) -> str:
    """Return the last part of an IRI, or an identifier without its prefix."""
    if "://" in text:
        return re.split("[/#]", text.rstrip("/#"))[-1] or text
    return _PREFIX.sub("", text) or text


def have_other_prefixes(one: str, other: str) -> bool:
    """Return whether both of two identifiers have a prefix, and not the same one.

    Examples
    --------
    >>> have_other_prefixes("language:af", "continent:AF"), have_other_prefixes("Q42", "wd:Q42")
    (True, False)
    """
    if "://" in one or "://" in other:
        return False
    first, second = _PREFIX.match(one), _PREFIX.match(other)
    return first is not None and second is not None and first[0].casefold() != second[0].casefold()


def _apostrophe(text: str) -> str:
    return re.sub("[\u2019\u02bc\u2018\u00b4`]", "'", text)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _words(text: str) -> str:
    return " ".join(re.split(r"[_\s]+", text))


_STEPS: tuple[tuple[Callable[[str], str], Difference], ...] = (
    (_visible_only, Difference("blanks or invisible characters", "remove these characters", True)),
    (_unquoted, Difference("quotes or angle brackets", "remove the quotes and brackets", True)),
    (
        _bare,
        Difference(
            "the signs with which Python shows a value",
            "write the value alone: value.decode() for bytes, str(value) for numbers, value[0] for a list",
            True,
        ),
    ),
    (_without_formula, Difference("the sign = of a formula", "export values, and no formulas", True)),
    (
        _as_number,
        Difference(
            "the way in which a number is written",
            "export the identifiers as text in every table; pandas.read_csv keeps them with dtype=str",
            False,
        ),
    ),
    (
        html.unescape,
        Difference("the escapes of HTML", "undo the escapes of HTML, as html.unescape does", True),
    ),
    (unquote, Difference("percent-encoding", "write all of them with percent-encoding, or none", True)),
    (_apostrophe, Difference("the kind of apostrophe", "write one kind of apostrophe everywhere", True)),
    (_words, Difference("underscores and blanks", "write either underscores or blanks everywhere", False)),
    (str.casefold, Difference("large and small letters", "write one and the same case everywhere", False)),
    (
        _nfkc,
        Difference("forms of characters, such as full width", "write one form everywhere (NFKC)", False),
    ),
    (
        _without_scheme,
        Difference("http and https, or in the end of the address", "write one form of the address", False),
    ),
    (_local, Difference("the prefix or the namespace", "write whole IRIs, or one prefix, everywhere", False)),
)
_LOST_DIGITS = Difference("digits that a program for numbers has cut off", REMEDY, False)
_SEVERAL = Difference(
    "details of the spelling", "write each identifier in one and the same way everywhere", False
)


def spelling_key(identifier: str) -> str:
    """Return what all the spellings of an identifier have in common.

    Examples
    --------
    >>> spelling_key("<http://dbpedia.org/resource/New%20York>") == spelling_key("dbr:new_york")
    True
    >>> spelling_key("100.0") == spelling_key("0100")
    True
    """
    text = composed(identifier)
    if _PLAIN.fullmatch(text):  # most identifiers; there may be millions of them
        return _as_number(" ".join(_local(text).replace("_", " ").split()).casefold()) or identifier
    for change in (
        _visible_only,
        _without_formula,
        _bare,
        _unquoted,
        html.unescape,
        unquote,
        _apostrophe,
        _nfkc,
        _local,
        _words,
    ):
        text = change(text)
    return composed(_as_number(_visible_only(_unquoted(text)).casefold())) or identifier


def difference(one: str, other: str) -> Difference:
    """Return in what two spellings of one identifier differ.

    Examples
    --------
    >>> difference("100", "100.0").what
    'the way in which a number is written'
    """
    one, other = composed(one), composed(other)
    for change, kind in _STEPS:
        if change(one) == change(other):
            return kind
    return _LOST_DIGITS if differs_in_lost_digits(one, other) else _SEVERAL


def same_numbers(identifiers: Iterable[str]) -> dict[str, list[str]]:
    """Find the identifiers that are one whole number in several forms, as ``100``, ``100.0`` and ``1e2`` are.

    Leading zeros alone make no other form, since ``7`` and ``007`` may be two entities. Nor do exponents
    where other identifiers are hexadecimal, as ``1e2`` is beside ``1f2``.

    Parameters
    ----------
    identifiers
        The identifiers of a graph.

    Returns
    -------
    Two or more identifiers by the number that they write, those of digits alone first.

    Examples
    --------
    >>> same_numbers(["100", "007", "7", "100.0", "Rome", "1.5"])
    {'100': ['100', '100.0']}
    """
    known = list(identifiers)
    marked = [form for form in known if not form.isdigit() and (form[:1].isdigit() or form[:1] in ("+", "-"))]
    found = [match for match in map(_FORM.fullmatch, marked) if match is not None]
    if any(match["exponent"] for match in found) and any(
        _HEXADECIMAL.fullmatch(identifier) and not _FORM.fullmatch(identifier) for identifier in known
    ):
        found = [match for match in found if not match["exponent"]]
    forms: dict[str, list[str]] = {}
    for match in found:
        forms.setdefault(_as_number(match[0]), []).append(match[0])
    for form in known if forms else ():
        if form.isdigit() and (number := form.lstrip("0") or "0") in forms:
            forms[number].append(form)
    return {
        number: sorted(alike, key=lambda form: (not form.isdigit(), form))
        for number, alike in forms.items()
        if len(alike) > 1
    }


def shown(identifier: str) -> str:
    """Return an identifier in quotes for a message, with everything invisible written as an escape.

    Examples
    --------
    >>> shown("Rome" + chr(0x200B)) == "'Rome" + chr(92) + "u200b'"
    True
    """
    return repr(identifier)


class Spellings:
    """The identifiers of a graph by what their spellings have in common, to find what an unknown one meant.

    Parameters
    ----------
    identifiers
        The identifiers of the graph.

    Examples
    --------
    >>> Spellings(["100", "101"]).meant_by("100.0")
    '100'
    """

    def __init__(self, identifiers: Iterable[str]) -> None:
        self._identifiers = identifiers
        self._by_key: dict[str, str] | None = None
        self._cut = CutNumbers(())

    def meant_by(self, identifier: str) -> str | None:
        """Return the identifier of the graph that is another spelling of an unknown one, or ``None``."""
        if self._by_key is None:
            self._by_key = {}
            for known in sorted(self._identifiers):
                self._by_key.setdefault(spelling_key(known), known)
            self._cut = CutNumbers(self._identifiers)
        return self._by_key.get(spelling_key(identifier)) or self._cut.other(identifier)

    def hint(self, identifier: str) -> str:
        """Return the end of a message about an unknown identifier: ``, but '100' is``, or nothing."""
        meant = self.meant_by(identifier)
        return (
            ""
            if meant is None
            else f", but {shown(meant)} is; they differ in {difference(meant, identifier).what}"
        )
