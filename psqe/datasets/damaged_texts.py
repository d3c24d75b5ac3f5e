"""Texts that were damaged on their way, such as ``ZÃ¼rich``, ``AT&amp;T``, ``['Rome']`` and ``"Rome"@en``.

Programs that read a file in another encoding, that write the form of a value in their own language, or that
leave the marks of a web page or of RDF, change texts without a word. Such texts are still texts, so that they
are read as they stand; but they are compared with sound ones of the other side, and each kind is noted with
its number and an example.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.quoted_texts import in_quotes
from psqe.datasets.spelling import shown

SEVERAL, NEARLY_ALL = 5, 0.8
"""Number and share of names with the same signs around them from which these signs are noted."""


class _Kind(NamedTuple):
    """A kind of damage.

    Parameters
    ----------
    what
        What is said of the texts, after their number.
    remedy
        How to repair them.
    has
        Function that tells whether a text is damaged in this way.
    few, share
        Number and share of such texts from which they are noted.
    """

    what: str
    remedy: str
    has: Callable[[str], object]
    few: int = 1
    share: float = 0.0


_CONTINUED = "".join(
    bytes([code]).decode("cp1252", "ignore") + chr(code)
    for code in range(0x80, 0xC0)
    if code not in (0x91, 0x92, 0x93, 0x94, 0xAB, 0xBB)
)
_MISREAD = re.compile(
    f"[ÄÅÐÑÎÏØÙ×][{_CONTINUED}]|[ÃÂ][{_CONTINUED}«»‘’“”]|â[€„†ˆ‰][{_CONTINUED}‘’“”«»]"
    f"|[ãäåæçèé][{_CONTINUED}]{{2}}|ï»¿|ðŸ"
)
_ENTITY = re.compile(r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MARKUP = re.compile(
    r"</?(?:a|abbr|b|big|br|center|cite|div|em|font|h[1-6]|i|img|li|nobr|p|ref|small|span|strong|sub|sup|td|tr|u|ul)"
    r"(?:\s[^<>]*)?/?>|\[\[.*\]\]|\]\(https?:",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LOST = re.compile(r"[^\W\d_]\?[^\W\d_]")
_ESCAPED = re.compile(
    r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[nrt](?![a-z])|_x00[0-9A-F]{2}_|(?:=[0-9A-F]{2}){2}"
)
_LITERAL = re.compile(r'"[^"]*"(?:@[A-Za-z]{2,3}(?:-\w+)*|\^\^\S+)|.*\S\^\^\S+', re.DOTALL)
_TAGGED = re.compile(r"[^@]*[^@\s]@[a-z]{2}(?:-[A-Za-z]{2,4})?")
_OBJECT = re.compile(
    r"""\[\s*['"].*['"]\s*\]|\{\s*['"].*\}|\(\s*['"].*['"],?\s*\)|b(['"]).*\1"""
    r"""|(?:np\.|numpy\.|decimal\.)?(?:array|(?:float|u?int|str)(?:8|16|32|64|_)?|Decimal|Timestamp)\(.*\)""",
    re.DOTALL,
)
_UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u2060\ufeff]")
_DIRECTED = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LOOKALIKES = re.compile("[A-Za-z][аеорсухіАВЕКМНОРСТХ]|[аеорсухіАВЕКМНОРСТХ][A-Za-z]")
_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = re.compile(
    rf"\d{{1,2}}-{_MONTHS}(?:-\d{{2,4}})?|{_MONTHS}-\d{{2,4}}|\d{{4}}-\d\d-\d\d(?:[T ][\d:.]+)?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
_ADDRESS = re.compile(r"(?:https?|ftp)://\S+|mailto:\S+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)
_FILE = re.compile(r"\S+\.(?:jpe?g|png|gif|svg|webp|tiff?|bmp|pdf|csv|tsv|txt|json|xml)", re.IGNORECASE)
_CODE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,64}", re.IGNORECASE)
_DIVIDED = re.compile(r"\w.*[|;].*\w")
_SIGNS = re.compile(r"[^\w\s()]*")


def _is_entity(text: str) -> bool:
    return any(html.unescape(found) != found for found in _ENTITY.findall(text))


def _is_literal(text: str) -> bool:
    """Return whether a text is a literal of RDF; those of numbers are noted with the numbers."""
    return _LITERAL.fullmatch(text) is not None and not _NUMBER.fullmatch(text.split("^^")[0].strip('"'))


def _is_percent_encoded(text: str) -> bool:
    runs = _PERCENT.findall(text)
    return any("\ufffd" not in unquote(run) and not unquote(run).isalnum() for run in runs) or any(
        not run.isascii() for run in map(unquote, runs) if "\ufffd" not in run
    )


def _is_directed(text: str) -> bool:
    """Return whether a text has marks of direction, although none of its letters is written leftwards."""
    return _DIRECTED.search(text) is not None and not any(
        unicodedata.bidirectional(character) in ("R", "AL") and character != "\u200f" for character in text
    )


_LOST_CHARACTER = _Kind(
    "have a character that stands for one that was lost (U+FFFD)",
    "export them again from their source as UTF-8",
    re.compile("\ufffd").search,
)
"""Characters that were lost before a file was written, or in reading it."""


_ANY_TEXT = (
    _Kind(
        "look like UTF-8 that was read in another encoding",
        "export them again as UTF-8, and read them as UTF-8 on the way",
        _MISREAD.search,
    ),
    _LOST_CHARACTER,
    _Kind("have entities of HTML", "write the characters themselves, as & for &amp;", _is_entity),
    _Kind(
        "have escapes of a programming language", "write the characters that they stand for", _ESCAPED.search
    ),
    _Kind("are written as literals of RDF", "write the text alone, without type or language", _is_literal),
    _Kind(
        "are written as values of a programming language",
        "write the text or number alone, without brackets and quotes",
        _OBJECT.fullmatch,
    ),
    _Kind(
        "have invisible characters", "remove these characters", lambda t: _UNSEEN.search(t) or _is_directed(t)
    ),
)
"""The kinds of damage that are looked for in all texts."""

_NAMES = (
    *_ANY_TEXT,
    _Kind("have the markup of a web page or a wiki", "write the text alone", _MARKUP.search),
    _Kind("are percent-encoded", "decode them, as %C3%A9 to é", _is_percent_encoded),
    _Kind(
        "have a question mark between two letters, as tools write for a letter that they cannot",
        "export them again from their source as UTF-8, unless the question mark is meant",
        _LOST.search,
    ),
    _Kind(
        "end in a tag of a language",
        "write the text alone, without @ and language",
        _TAGGED.fullmatch,
        3,
        0.1,
    ),
    _Kind(
        "have letters of another alphabet that look the same",
        "write each word in the letters of one alphabet",
        _LOOKALIKES.search,
    ),
    _Kind(
        "are dates, which spreadsheets make of names such as MARCH1",
        "write the real names as text, unless they are dates",
        _DATE.fullmatch,
    ),
    _Kind("are numbers", "write the real names, unless they are numbers", _NUMBER.fullmatch, 3, 0.05),
    _Kind(
        "are addresses of the web or of mail", "write the real names, or leave them empty", _ADDRESS.fullmatch
    ),
    _Kind("are names of files", "write the real names, or leave them empty", _FILE.fullmatch, 2),
    _Kind("are codes", "write the real names, or leave them empty", _CODE.fullmatch),
    _Kind(
        "are codes as Wikidata has them",
        "write the real names, or leave them empty",
        re.compile(r"[QPL]\d{2,}").fullmatch,
        3,
    ),
    _Kind(
        "end in the number of a footnote", "write the names alone", re.compile(r".*\w\s?\[\d+\]").fullmatch
    ),
    _Kind(
        "are formulas of a spreadsheet",
        "write the text alone",
        re.compile(r'=\s*(?:".*"|\w+\(.*\))').fullmatch,
    ),
    _Kind(
        "end in a separator of columns",
        "remove it, and leave no cell empty at the end of a line",
        re.compile(r".*\w\s?(?:,+|;+|\|+)").fullmatch,
        2,
    ),
    _Kind(
        "end in an ellipsis, as texts that were cut short do",
        "write the whole names",
        re.compile(r".*\w\s?(?:\.\.\.|…)", re.DOTALL).fullmatch,
        3,
        0.05,
    ),
    _Kind(
        "have a bar or a semicolon, as several names in one cell do",
        "keep one name for each entity",
        lambda text: _DIVIDED.search(html.unescape(text)),
        SEVERAL,
        0.2,
    ),
)
"""The kinds of damage that are looked for in names."""

_SOUND_NAME = re.compile(r"[A-Za-z][A-Za-z ,-]*[A-Za-z](?:'[A-Za-z][A-Za-z -]*)*")
_SOUND_TEXT = re.compile(r"[\w .,:/+-]*", re.ASCII)
"""Texts that no kind of damage has, to look at the others alone."""


def note_damaged_texts(draft: GraphDraft, path: Path | str, faults: Faults) -> None:
    """Note names, values, attributes and relations of a side that were damaged on their way.

    Parameters
    ----------
    draft
        The side, before it is built.
    path
        The file of the side, which notes name for what is in no table of its own.
    faults
        Receives one note for each kind of damage and each kind of text.
    """
    paths = {table.name: table.path for table in draft.tables}
    names = list(draft.names.values())
    doubtful = [name for name in names if not _SOUND_NAME.fullmatch(name)]
    _note(doubtful, len(names), "names", _NAMES, paths.get("names", path), faults)
    _note_signs(names, paths.get("names", path), faults)
    pairs = draft.attribute_pairs()
    values = [value for _, value in pairs if value is not None]
    _note_any({attribute for attribute, _ in pairs}, "attributes", paths.get("attributes", path), faults)
    _note_any(values, "values", paths.get("attributes", path), faults)
    _note_any(draft.relations(), "relations", paths.get("triples", path), faults)


def _note_any(texts: Collection[str], what: str, path: Path | str, faults: Faults) -> None:
    doubtful = [text for text in texts if not _SOUND_TEXT.fullmatch(text)]
    _note(doubtful, len(texts), what, _ANY_TEXT, path, faults)


def _note(
    texts: Iterable[str], total: int, what: str, kinds: Iterable[_Kind], path: Path | str, faults: Faults
) -> None:
    texts = list(texts)
    # Where the bytes of the file are not UTF-8, its reader has told of each character that is lost.
    told = any(str(note.path) == str(path) and "not UTF-8" in note.what for note in faults.notes)
    for kind in kinds:
        if kind is _LOST_CHARACTER and told:
            continue
        damaged = [text for text in texts if kind.has(text)]
        if damaged and len(damaged) >= max(kind.few, kind.share * total):
            faults.note(
                f"{what} that {kind.what}: {len(damaged):,} of {total:,}, for example {shown(min(damaged))}",
                path=path,
                remedy=kind.remedy,
            )


def signs_around(names: Collection[str]) -> tuple[str, str, str] | None:
    """Return the signs that nearly all of some names begin and end with, and the first of these names.

    Parameters
    ----------
    names
        The names.

    Returns
    -------
    tuple or None
        The signs before and those after; ``None`` if there are none. Quotes around whole names, and the full
        stop that ends an abbreviation, are no such signs.

    Examples
    --------
    >>> signs_around([f"{name};;;" for name in ("Athens", "Berlin", "Cairo", "Dakar", "Essen")])
    ('', ';;;', 'Athens;;;')
    """
    around = Counter[tuple[str, str]]()
    for name in names:
        before = _SIGNS.match(name)
        after = _SIGNS.match(name[::-1])
        assert before is not None and after is not None  # they match the empty text, too
        around[before[0], after[0][::-1]] += 0 if in_quotes(name) else 1
    for place in (0, 1):
        counts = Counter[str]()
        for pair, n in around.items():
            counts[pair[place]] += n
        signs, n = min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        if signs.strip(".") and n >= max(SEVERAL, NEARLY_ALL * len(names)):
            (before_all, after_all), _ = min(
                ((pair, n) for pair, n in around.items() if pair[place] == signs),
                key=lambda item: (-item[1], item[0]),
            )
            having = [name for name in names if name.startswith(before_all) and name.endswith(after_all)]
            return before_all, after_all, min(having)
    return None


def _note_signs(names: Collection[str], path: Path | str, faults: Faults) -> None:
    found = signs_around(names)
    if found is not None:
        before, after, example = found
        where = " and ".join(
            f"{verb} {shown(signs)}" for verb, signs in (("begin with", before), ("end with", after)) if signs
        )
        faults.note(
            f"nearly all names {where}, for example {shown(example)}",
            path=path,
            remedy="remove these signs if they are no part of the names",
        )
