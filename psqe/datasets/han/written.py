"""Written forms of words: which of their characters are Han characters."""

from __future__ import annotations

import re

HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""What counts as a Han character in words, as the inside of a set of a regular expression: the characters of
:func:`psqe.datasets.han.assets.is_han`, and the number zero, with which words are written, too."""

REPEAT = "\u3005"
"""The mark that repeats the character before it, as in the Japanese word for people."""

_HAN = re.compile(f"[{HAN}]")
_ALL_HAN = re.compile(f"[{HAN}]+")


def repeated(form: str) -> str:
    """Return a written form with the repeated character in the place of the mark that repeats it.

    A mark after anything else than a Han character stays.

    Examples
    --------
    >>> repeated("人々"), repeated("々")
    ('人人', '々')
    """
    if REPEAT not in form:
        return form
    characters: list[str] = []
    for character in form:
        repeats = character == REPEAT and characters and all_han(characters[-1])
        characters.append(characters[-1] if repeats else character)
    return "".join(characters)


def han_characters(form: str) -> list[str]:
    """Return the Han characters of a written form in order, a mark of repetition as the character it repeats.

    Examples
    --------
    >>> han_characters("食べ物"), han_characters("人々"), han_characters("たべる")
    (['食', '物'], ['人', '人'], [])
    """
    return _HAN.findall(repeated(form))


def all_han(form: str) -> bool:
    """Return whether a written form has Han characters only.

    Examples
    --------
    >>> all_han("学校"), all_han("人々"), all_han("食べる")
    (True, True, False)
    """
    return _ALL_HAN.fullmatch(repeated(form)) is not None
