"""Numbers as people and spreadsheets write them: ``1.234.567,8``, ``1 234 567``, ``1'234``, ``12,5 %``.

What a comma or a point means shows in all values of an attribute together: ``1,234`` alone is either 1234 or
1.234, but not next to ``1,982,097`` or next to ``38,72``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import NamedTuple

PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
"""Numbers that need no interpretation: digits, a decimal point, an exponent."""

LONGEST = 40
"""Length of a text from which it is no number."""

MOSTLY = 0.8
"""The share of an attribute's values that must look like numbers, so that the others are read as numbers."""

SEVERAL = 5
"""Number of values from which points before three digits, and nowhere else, and other signs are noted."""

_UNITS = frozenset(
    re.findall(
        r"\S+",
        """% ‰ ° °c °f k km m cm mm mi ft in km² km2 m² m2 m³ m3 sqkm sqmi
        ha kg g mg t lb lbs l ml s sec min h
        kwh mw kw w v hz ghz mhz gb mb kb € $ £ ¥ ₹ ₽ usd eur gbp chf jpy cny inr rub sek nok dkk pln euro
        euros dollars""",
    )
)
_NUMBER = re.compile(
    r"(?P<before>[^\w\s.,'+-]{1,2}|[A-Za-z]{3})? ?(?P<sign>[+-]?)"
    r"(?P<number>[\d.,]?[\d.,' ]*\d[.,]?)"
    r"(?P<exponent>[eE][+-]?\d{1,3})? ?(?P<unit>[^\d\s.,'+-][^\d\s]{0,6}[²³23]?)?",
    re.ASCII,
)
_SMALL = re.compile(r"\d{1,3}", re.ASCII)
_ONE_MARK = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_DECORATED = re.compile(
    r"(?P<before>(?:[~≈±<>≤≥=\"'$€£¥(\[]|ca?\.|circa|approx\.|about|around|over|US\$)? ?)"
    r"[+-]?\d(?:[\d.,']*\d)?(?:[eE][+-]?\d+)?"
    r"(?P<after>\"?\^\^\S+|[+*)\]\"']|\[\d+\]| ?\(\d{4}\)|[kKM万億]"
    r"| (?:[a-zß-ÿ]|Mio|Mrd)[^\d]{0,30}| [A-Z]{1,4}|°[NSEW]|)"
)
"""A number between other signs. Letters right behind it may be those of a code, and are no such sign."""

_MAGNITUDE = re.compile(
    r"[$€£¥~]? ?[+-]?\d+(?:[.,]\d+)?"
    r"(?P<unit> ?(?:k|K|M|B|bn|mn|mln|mil|mio|Mio|Mrd|mrd|Tsd|tsd|Mill?|[mb]illions?|Million(en)?|Billion"
    r"|Milliarden|[tT]housand|Tausend|lakhs?|crores?|cr|mille|milliards?|millones|милл?|млн|тыс|млрд"
    r"|万|萬|億|亿|千|만|억)\.?)?(?: ?[$€£¥]| [A-Z]{3})?"
)
"""A number in thousands or millions; the same letters may stand for other units, such as metres."""

_GROUPED = re.compile(r"\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?")


class Reading(NamedTuple):
    """How the values of an attribute are read as numbers.

    Parameters
    ----------
    numbers
        The number of each text that the plain reading does not understand, or would misunderstand.
    doubt
        Why some values are read as text although they look like numbers, or may be meant as others than those
        that they are read as; ``None`` if there is no doubt.
    """

    numbers: dict[str, float]
    doubt: str | None = None


class _Parts(NamedTuple):
    sign: str
    digits: str
    exponent: str
    unit: str


def read_numbers(texts: Collection[str]) -> Reading:
    """Read the values of one attribute of one side as numbers.

    Parameters
    ----------
    texts
        The distinct values.

    Returns
    -------
    Reading
        Without numbers if every value that looks like a number is a plain one.

    Examples
    --------
    >>> read_numbers(["1.982.097", "545.923"]).numbers
    {'1.982.097': 1982097.0, '545.923': 545923.0}
    >>> read_numbers(["1,234", "5,678"])
    Reading(numbers={}, doubt="'1,234' is either 1234 or 1.234")
    """
    parts = {text: found for text in sorted(texts) if (found := _parts(text)) is not None}
    if len(parts) < MOSTLY * len(texts) or not parts:
        return Reading({})
    if all(PLAIN.fullmatch(text) for text in parts):
        return Reading({}, _doubt_about_points(parts))
    units = sorted({part.unit for part in parts.values()})
    if len(units) > 1:
        first, second = (min(text for text in parts if parts[text].unit == unit) for unit in units[:2])
        return Reading({}, f"{first!r} and {second!r} have different units")
    mark = _decimal_mark({text: part.digits for text, part in parts.items()})
    if mark is None:
        return Reading({}, _doubt_about_marks({text: part.digits for text, part in parts.items()}))
    return Reading(
        {text: _value(part, mark) for text, part in parts.items() if abs(_value(part, mark)) < float("inf")}
    )


def decorated_number(texts: Collection[str]) -> str | None:
    """Return an example of numbers that all have the same other signs around them, and are read as text.

    Parameters
    ----------
    texts
        The distinct values of one attribute.

    Returns
    -------
    str or None
        The first such value; ``None`` unless at least :data:`SEVERAL` values are numbers between the same
        signs, and these and plain numbers are :data:`MOSTLY` of the values with digits. The signs are a word
        before or after a blank, a sign such as ``~``, a footnote, or the type of a literal.

    Examples
    --------
    >>> decorated_number([f"{population} inhabitants" for population in range(1000, 1010)])
    '1000 inhabitants'
    >>> decorated_number([f"Q{number}" for number in range(1000, 1010)])
    """
    frames: dict[tuple[str, str], list[str]] = {}
    n_digits = 0
    for text in texts:
        if any(map(str.isdigit, text[:LONGEST])):
            n_digits += 1
            if found := _DECORATED.fullmatch(text[: 3 * LONGEST]):
                signs = re.sub(r"\d+", "0", f"{found['before']}\0{found['after']}").partition("\0")
                frames.setdefault((signs[0], signs[2]), []).append(text)
    most = max((members for frame, members in frames.items() if any(frame)), key=len, default=[])
    n_plain = len(frames.get(("", ""), ()))
    if len(most) < SEVERAL or len(most) + n_plain < MOSTLY * n_digits:
        return None
    if all(_parts(text) is not None for text in most):
        return None
    return min(most)


def number_in_thousands(texts: Collection[str]) -> str | None:
    """Return an example of numbers in thousands or millions, as ``1.5M``, beside which may be plain ones.

    Parameters
    ----------
    texts
        The distinct values of one attribute.

    Returns
    -------
    str or None
        The first such value; ``None`` unless there are :data:`SEVERAL`, and :data:`MOSTLY` of the values with
        digits are such numbers or plain ones.

    Examples
    --------
    >>> number_in_thousands(["1.5M", "3k", "12.5k", "700k", "2M", "950"])
    '1.5M'
    >>> number_in_thousands(["1.5 m", "3 m", "12.5 m", "700 m", "2 m"])
    """
    found = {text: match for text in texts if (match := _MAGNITUDE.fullmatch(text[: 2 * LONGEST].strip()))}
    large = [text for text, match in found.items() if match["unit"]]
    n_digits = sum(any(map(str.isdigit, text[:LONGEST])) for text in texts)
    enough = len(large) >= SEVERAL and len(found) >= MOSTLY * n_digits
    return min(large) if enough else None


def looks_localised(text: str) -> bool:
    """Return whether a text looks like a number that is not a plain one."""
    return len(text) <= LONGEST and not PLAIN.fullmatch(text) and _parts(text) is not None


def _parts(text: str) -> _Parts | None:
    """Return the parts of a text that looks like a number; ``None`` for any other text."""
    if len(text) > LONGEST:
        return None
    found = _NUMBER.fullmatch(_simple(text))
    if found is None:
        return None
    before, unit = (found["before"] or "").casefold(), (found["unit"] or "").casefold()
    if (before and before not in _UNITS) or (unit and unit not in _UNITS) or (before and unit):
        return None
    digits = found["number"].strip()
    if _GROUPED.fullmatch(digits):
        plain = re.sub("[ ']", "", digits)
        return _Parts(found["sign"], f"{plain}_" if "." in plain or "," in plain else plain,
                      found["exponent"] or "", before or unit)  # fmt: skip
    if re.search("[ ']", digits) or not _well_formed(digits):
        return None
    return _Parts(found["sign"], digits, found["exponent"] or "", before or unit)


def _simple(text: str) -> str:
    """Return a text with ASCII digits, signs, blanks and apostrophes."""
    text = text.strip()
    if not text.isascii():
        kept = []
        for c in unicodedata.normalize("NFC", text):
            digit = unicodedata.decimal(c, None)
            wide = unicodedata.normalize("NFKC", c) if unicodedata.east_asian_width(c) == "F" else c
            kept.append(str(digit) if digit is not None else _SAME.get(c, " " if c.isspace() else wide))
        text = "".join(kept)
    return text


_SAME = {
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2019": "'", "\u02bc": "'", "\u066b": ".",
    "\u066c": "'", "\u200e": "", "\u200f": "", "\u061c": "",
}  # fmt: skip


def _well_formed(digits: str) -> bool:
    """Return whether points and commas stand where a number of some country has them."""
    groups = r"\d{1,3}(?:%s\d{2,3})*%s\d{3}"
    return any(
        re.fullmatch(pattern, digits)
        for pattern in (
            r"\d*[.,]?\d*",
            groups % (",", ",") + r"(?:\.\d*)?",
            groups % (r"\.", r"\.") + r"(?:,\d*)?",
        )
    )


def _decimal_mark(numbers: dict[str, str]) -> str | None:
    """Return the mark that all numbers agree on, a point or a comma; ``None`` if they do not, or may not."""
    marks = set()
    for digits in numbers.values():
        used = [c for c in digits if c in ".,"]
        if digits.endswith("_") or len(set(used)) == 2:
            marks.add(used[-1])  # blanks or apostrophes, or the other mark, divide the thousands
        elif len(used) > 1:
            marks.add("." if used[0] == "," else ",")
        elif used and not _ONE_MARK.fullmatch(digits):
            marks.add(used[0])
    if len(marks) == 1:
        return marks.pop()
    if marks:
        return None
    return None if any("," in digits for digits in numbers.values()) else "."


def _value(part: _Parts, mark: str) -> float:
    plain = part.digits.removesuffix("_").replace("," if mark == "." else ".", "").replace(mark, ".")
    return float(f"{part.sign}{plain}{part.exponent}")


def _doubt_about_marks(numbers: dict[str, str]) -> str:
    """Return why numbers have no decimal mark that they agree on."""
    unclear = [text for text, digits in numbers.items() if _ONE_MARK.fullmatch(digits) and "," in digits]
    by_mark = {
        _decimal_mark({text: digits}): text
        for text, digits in sorted(numbers.items())
        if re.search("[.,]", digits)
    }
    if "," in by_mark and "." in by_mark:
        return f"{by_mark[',']!r} has a decimal comma and {by_mark['.']!r} a decimal point"
    digits = numbers[min(unclear)]
    return f"{min(unclear)!r} is either {digits.replace(',', '')} or {digits.replace(',', '.')}"


def _doubt_about_points(parts: dict[str, _Parts]) -> str | None:
    """Return why plain numbers may be thousands: each point stands before three digits."""
    if not _points_before_three(parts):
        return None
    text = min(text for text in parts if "." in text)
    return f"{text!r} is read as {float(text):g}, as three digits follow each point"


def _points_before_three(texts: Collection[str]) -> bool:
    pointed = [text for text in texts if "." in text]
    return len(pointed) >= SEVERAL and all(
        _ONE_MARK.fullmatch(text) if "." in text else _SMALL.fullmatch(text) for text in texts
    )


def read_attributes(attributes: Iterable[Iterable[tuple[str, str | None]]]) -> dict[str, Reading]:
    """Read the values of each attribute whose numbers are, or may be, of another form than the plain one.

    Parameters
    ----------
    attributes
        The attributes of each entity, or any other collections of pairs of attribute and value.

    Returns
    -------
    dict
        The reading of these attributes, by attribute.
    """
    values: dict[str, set[str]] = {}
    for pairs in attributes:
        for attribute, text in pairs:
            if text is not None and any(map(str.isdigit, text[:LONGEST])):
                values.setdefault(attribute, set()).add(text.strip()[: LONGEST + 1])
    return {
        attribute: read_numbers(texts)
        for attribute, texts in values.items()
        if any(map(looks_localised, texts)) or _points_before_three(texts)
    }
