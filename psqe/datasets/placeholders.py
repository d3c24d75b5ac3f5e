"""Words that tools write where nothing is known, such as ``nan``, ``NULL`` and ``(no name)``.

Taken as names, they would link all the entities that have none to each other. A person may be called
Null, though, and a town None or Nan, so that the names of a side decide together:

- what only a tool writes, such as ``NaN``, ``NULL`` or ``#N/A``, is never a name, unless most names of the
  side are in the same case;
- any other such word is no name if two entities of a side have it. The name of one entity is kept, and
  noted.

Values of attributes are no values under the same rule of two, if the entity has no other value of the
attribute.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from psqe.datasets.faults import Faults
from psqe.graph import counted

if TYPE_CHECKING:
    from psqe.datasets.graphs import GraphDraft

WORDS = frozenset(
    (
        *("nan", "null", "none", "nil", "na", "n/a", "n.a.", "n.a", "n/d", "n.d.", "n.d", "nat", "unknown"),
        *("undefined", "unspecified", "missing", "unnamed", "untitled", "no name", "noname", "no title"),
        *("no label", "no value", "no data", "not available", "not applicable", "not known", "not set"),
        *("none given", "tbd", "tba", "empty", "anonymous", "unbekannt", "ohne namen", "keine angabe"),
        *("inconnu", "inconnue", "sans nom", "desconocido", "sin nombre", "sconosciuto", "senza nome"),
        *("desconhecido", "sem nome", "onbekend", "okänd", "ukjent", "ukendt", "nieznany", "неизвестно"),
        *("без названия", "нет данных", "不明", "未知", "无", "無", "不详", "无名", "名称未知"),
        *("nonetype", "no label defined", "not found", "not specified", "missing value", "no info"),
        *("no information", "kein name", "leer", "sin datos", "n.n.", "n\\a", "deleted", "redacted"),
        *("null null", "nan nan", "none none", "unknown name", "unknown entity", "unknown label"),
    )
)
"""Words, in small letters, that stand for nothing."""

MACHINE = frozenset(
    (
        *("nan", "NaN", "-nan", "NaT", "NULL", "null", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "#NAME?"),
        *(
            "#REF!",
            "#VALUE!",
            "#DIV/0!",
            "#NULL!",
            "#NUM!",
            "\\N",
            "1.#QNAN",
            "1.#IND",
            "-1.#IND",
            "undefined",
        ),
    )
)
"""What tools write for nothing, in the tools' own spelling."""

NUMBERED = frozenset(
    (
        *("item", "entity", "node", "object", "objekt", "objet", "objeto", "record", "datensatz", "row"),
        *("zeile", "ligne", "fila", "thing", "resource", "instance", "individual", "element", "entry", "id"),
        *("label", "placeholder", "dummy", "example", "beispiel", "sample", "test", "todo"),
        *("fixme", "blank", "foo", "bar"),
    )
)
"""Words, in small letters, that are no name with a number after them, such as ``Item 12``."""

_NUMBER_AFTER = re.compile(r"(.*?\D|)[\s_#:.()\[\]-]*\d+[)\]\s.]*")
_NUMBER_BEFORE = re.compile(r"[(\[#]?\d+[\s_:.()\[\]-]+(.*)")
_SIGNS = re.compile(r"[-\u2010-\u2015?*._/\\~#+(){}\[\]<>'\"]+")
_BRACKETED = re.compile(r"[(\[<{](.+)[)\]>}]")

REPEATED, REPEATED_SHARE = 3, 0.02
"""Number of entities, and share of the names of a side, from which one name on many entities is noted."""


def is_placeholder(text: str) -> bool:
    """Return whether a text stands for nothing, as far as the text alone tells.

    Examples
    --------
    >>> [word for word in ("NULL", "(no name)", "-", "Nan", "Nancy") if is_placeholder(word)]
    ['NULL', '(no name)', '-', 'Nan']
    """
    text = text.strip()
    inner = _BRACKETED.fullmatch(text)
    word = (inner[1].strip() if inner else text).casefold()
    return (
        text in MACHINE
        or word in WORDS
        or word.strip("?!.*'\"") in WORDS
        or _SIGNS.fullmatch(word) is not None
    )


def placeholders_among(names: Mapping[int, str]) -> tuple[set[str], set[str]]:
    """Find the names of a side that stand for nothing.

    Parameters
    ----------
    names
        The name of each entity that has one, by number.

    Returns
    -------
    tuple of two sets
        The texts that are no names, and those that one entity has and that may be names.

    Examples
    --------
    >>> none, kept = placeholders_among({0: "Rome", 1: "nan", 2: "None", 3: "Unknown", 4: "Unknown"})
    >>> sorted(none), sorted(kept)
    (['Unknown', 'nan'], ['None'])
    """
    counts = {name: n for name, n in Counter(names.values()).items() if is_placeholder(name)}
    together = Counter[str]()
    for name, n in counts.items():
        together[name.casefold()] += n
    none = {
        name
        for name in counts
        if together[name.casefold()] > 1 or (_of_a_machine(name) and not _usual_case(name, names.values()))
    }
    return none, set(counts) - none


def leave_out_placeholders(draft: GraphDraft, path: Path | str, faults: Faults) -> set[int]:
    """Remove the names of a side that stand for nothing, and note them and names of many entities.

    Parameters
    ----------
    draft
        The side. Its names are changed in place.
    path
        The file that messages name.
    faults
        Receives the notes.

    Returns
    -------
    set of int
        Numbers of the entities whose name was removed.
    """
    none, kept = placeholders_among(draft.names)
    left_out = {entity for entity, name in draft.names.items() if name in none}
    for entity in left_out:
        del draft.names[entity]
    if left_out:
        words = ", ".join(map(repr, sorted(none)[:3]))
        faults.note(
            f"{_standing('name', len(left_out))}, such as {words}",
            path=path,
            remedy="write the real names if they are known",
        )
    if kept:
        name = min(kept)
        faults.note(
            f"{name!r} is kept as the name of one entity, although it often stands for no name",
            path=path,
            remedy="leave the name empty if the entity has none",
        )
    _note_repeated_name(draft, path, faults)
    return left_out


def note_numbered_names(draft: GraphDraft, path: Path | str, faults: Faults) -> bool:
    """Note names that are a word for nothing with a number, such as ``Unknown 3``, which are kept.

    Parameters
    ----------
    draft
        The side.
    path
        The file that the note names.
    faults
        Receives the note.

    Returns
    -------
    bool
        Whether there are such names.
    """
    families: dict[str, set[str]] = {}
    for name in set(draft.names.values()):
        if any(map(str.isdigit, name)) and (word := _numbered_word(name)):
            families.setdefault(word, set()).add(name)
    found = {
        name
        for word, names in families.items()
        if len(names) >= (REPEATED if word in NUMBERED else 2)
        and (len(names) > REPEATED_SHARE * len(draft.names) or word not in NUMBERED)
        for name in names
    }
    if found:
        n = sum(name in found for name in draft.names.values())
        faults.note(
            f"{n:,} of {len(draft.names):,} names are a number with a word that names nothing, such as "
            f"{min(found)!r}, and are compared as if they were names",
            path=path,
            remedy="write the real names if they are known",
        )
    return bool(found)


def _numbered_word(name: str) -> str | None:
    """Return the word beside the number of a name, in small letters, if it names nothing."""
    for pattern in (_NUMBER_AFTER, _NUMBER_BEFORE):
        if found := pattern.fullmatch(name):
            word = found[1].strip(" _#:.()[]-").casefold()
            if word in NUMBERED or (word and is_placeholder(word)):
                return word
    return None


def _note_repeated_name(draft: GraphDraft, path: Path | str, faults: Faults) -> None:
    counts = Counter(draft.names.values())
    name, n = min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    if n >= REPEATED and n > REPEATED_SHARE * len(draft.names):
        faults.note(
            f"{n:,} of {len(draft.names):,} entities with a name have the name {name!r}",
            path=path,
            remedy="write names that tell these entities apart, or leave them empty if this is no name",
        )


def leave_out_placeholder_values(draft: GraphDraft, path: Path | str, faults: Faults) -> None:
    """Make the values of a side's attributes that stand for nothing missing values, and note how many.

    Parameters
    ----------
    draft
        The side. Its attributes are changed in place.
    path
        The file that the note names.
    faults
        Receives the note.
    """
    suspects = {pair for pair in draft.attribute_pairs() if pair[1] and is_placeholder(pair[1])}
    if not suspects:
        return
    found: dict[tuple[str, str], list[tuple[int, tuple[str, str | None]]]] = {}
    for entity, pairs in draft.attributes.items():
        for attribute, value in pairs & suspects:
            alone = sum(1 for other, text in pairs if other == attribute and text is not None) == 1
            if alone and value is not None:
                found.setdefault((attribute, value.casefold()), []).append((entity, (attribute, value)))
    values = draft.attribute_pairs()
    chosen = {
        key: records
        for key, records in found.items()
        if len(records) > 1 and not (key[1] == "na" and _two_letter_codes(key[0], values))
    }
    for (attribute, _), records in chosen.items():
        for entity, pair in records:
            draft.attributes[entity].remove(pair)
            draft.attributes[entity].add((attribute, None))
    if chosen:
        attribute, value = min(pair for records in chosen.values() for _, pair in records)
        faults.note(
            f"{_standing('value', sum(map(len, chosen.values())))}, such as {value!r} of {attribute!r}",
            path=path,
            remedy="leave these values empty, or write the real ones",
        )


def _standing(what: str, n: int) -> str:
    said = "stands for nothing and is" if n == 1 else "stand for nothing and are"
    return f"{counted(n, what)} {said} left out"


def _of_a_machine(name: str) -> bool:
    return name in MACHINE or (_BRACKETED.fullmatch(name) is not None and is_placeholder(name))


def _usual_case(name: str, names: Iterable[str]) -> bool:
    """Return whether most names are in small letters, or in capitals, as this word of letters is."""
    same = str.islower if name.islower() else str.isupper
    if not name.isalpha() or not same(name):
        return False
    others = [other for other in names if other != name]
    return bool(others) and sum(map(same, others)) > 0.5 * len(others)


def _two_letter_codes(attribute: str, pairs: Iterable[tuple[str, str | None]]) -> bool:
    """Return whether most values of an attribute are two capitals, where NA is North America or Namibia."""
    others = [value for other, value in pairs if other == attribute and value and value.casefold() != "na"]
    return bool(others) and sum(1 for v in others if re.fullmatch("[A-Z]{2}", v)) >= 0.5 * len(others)
