"""Readings of words in Latin letters, and glosses without them.

A gloss that repeats how its word is read, such as "kimono" or "Guangzhou", is a name and no translation.
Names are hidden, and the same spelling may stand in the glosses of the other side.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

ENGLISH = frozenset(("a", "an", "he", "me"))
"""Syllables of Chinese that are frequent words of English; in small letters they are taken as English."""

SHORT = 3
"""Number of letters up to which a Japanese reading may be an English word, such as "to" or "men"."""

_SOUNDS = """
a i u e o ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi mu me mo
ya yu yo ra ri ru re ro wa i e o n ga gi gu ge go za ji zu ze zo da ji zu de do ba bi bu be bo
pa pi pu pe po vu >a >u >o <a <i <u <e <o =
"""
_KANA = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヰヱヲン"
        "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴャュョァィゥェォッ",
        _SOUNDS.split(),
        strict=True,
    )
)
"""The letters of each kana. ``>`` and ``<`` stand before small ones, which take the place of the vowel before
them; ``=`` doubles the consonant after it."""

_LETTERS = {ord(kana): letters for kana, letters in _KANA.items()}
_LETTERS |= {code - 0x60: letters for code, letters in _LETTERS.items()}  # hiragana
_NO_LETTER = re.compile("[^a-z<>=]")
_HISSING = re.compile("(sh|ch|j)i[<>]")
_VOWEL = re.compile("[aiueo]?<")
_DOUBLED = re.compile("=(?=([b-df-hj-np-tv-z]))")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LONG = re.compile(r"([aeou])\1+|ou")


def _letters(text: str) -> str:
    """Return the letters of a text in small letters without accents."""
    apart = text.lower() if text.isascii() else unicodedata.normalize("NFKD", text.casefold())
    return "".join(filter(str.isalpha, apart))


def _plain(text: str) -> str:
    """Return the letters of a romanised Japanese word, long vowels as short ones and n before b, m and p."""
    return re.sub("m(?=[bmp])", "n", _LONG.sub(lambda match: match[0][0], _letters(text)))


def romaji(reading: str) -> str:
    """Return a reading in kana in the Latin letters of the Hepburn system, long vowels written as short ones.

    Examples
    --------
    >>> romaji("とうきょう"), romaji("まっちゃ"), romaji("しんぶん"), romaji("コーヒー")
    ('tokyo', 'matcha', 'shinbun', 'kohi')
    """
    letters = _NO_LETTER.sub("", reading.translate(_LETTERS))
    if ">" in letters or "<" in letters:
        letters = _HISSING.sub(r"\1", letters).replace("i>", "y")
        letters = _VOWEL.sub("", letters).replace(">", "y")
    if "=" in letters:
        letters = _DOUBLED.sub(lambda match: match[1].replace("c", "t"), letters).replace("=", "")
    return _plain(letters)


def syllables(reading: str) -> list[str]:
    """Return the syllables of a reading in pinyin without tones, in small letters.

    Examples
    --------
    >>> syllables("Bei3 jing1"), syllables("nu:3 er2")
    (['bei', 'jing'], ['nu', 'er'])
    """
    return [re.sub(r"[^a-z]", "", part.lower().replace("u:", "u")) for part in reading.split()]


def without_romaji(gloss: str, readings: Iterable[str]) -> str:
    """Remove the readings of a Japanese word from one of its glosses.

    Neighbouring words of the gloss that together are a reading are removed, except that a short reading in
    small letters may be English, and goes only if it is the whole gloss. A name or a word with a long vowel
    is removed if it is part of a reading, too.

    Parameters
    ----------
    gloss
        The gloss.
    readings
        The readings in Latin letters, see :func:`romaji`.

    Examples
    --------
    >>> without_romaji("University of Tokyo", [romaji("とうきょうだいがく")])
    'University of '
    >>> without_romaji("kimono", ["kimono"]), without_romaji("to the door", ["to"])
    ('', 'to the door')
    """
    readings = tuple(filter(None, readings))
    letters = _plain(gloss)
    if any(reading in letters for reading in readings):
        if letters in readings:
            return ""
        longest = max(map(len, readings))
        gloss = _without(
            gloss,
            [
                span
                for plain, *span in _runs(gloss, longest)
                if plain in readings and (len(plain) > SHORT or gloss[span[0]].isupper())
            ],
        )
    if gloss.islower() and gloss.isascii():
        return gloss

    def kept(match: re.Match[str]) -> str:
        word = match[0]
        if word.islower() and word.isascii():
            return word
        plain = _plain(word)
        return "" if len(plain) > SHORT and any(plain in reading for reading in readings) else word

    return _WORD.sub(kept, gloss)


def without_pinyin(gloss: str, readings: Iterable[list[str]]) -> str:
    """Remove the readings of a Chinese word from one of its glosses.

    Parameters
    ----------
    gloss
        The gloss.
    readings
        The syllables of each reading, see :func:`syllables`. Neighbouring words of the gloss that together
        are a whole reading are removed; so are names that are two syllables of it or more.

    Examples
    --------
    >>> without_pinyin("Li Bai (701-762), poet", [["li", "bai"]])
    ' (701-762), poet'
    >>> without_pinyin("Guangzhou Daily", [["guang", "zhou", "ri", "bao"]])
    ' Daily'
    >>> without_pinyin("surname Zhang", [["zhang"]]), without_pinyin("an oak", [["an"]])
    ('surname ', 'an oak')
    """
    letters = _letters(gloss)
    removed: list[list[int]] = []
    for reading in readings:
        starts = list(map("".join, pairwise(reading))) or reading
        if not any(start and start in letters for start in starts):
            continue
        n = len(reading)
        parts = {"".join(reading[i:j]) for i in range(n) for j in range(i + min(2, n), n + 1)}
        whole = "".join(reading)
        removed += [
            span
            for run, *span in _runs(gloss, max(map(len, parts)), _letters)
            if (run in parts and gloss[span[0]].isupper()) or (run == whole and run not in ENGLISH)
        ]
    return _without(gloss, removed)


def _runs(gloss: str, longest: int, plain: Callable[[str], str] = _plain) -> Iterator[tuple[str, int, int]]:
    """Yield the letters, the beginning and the end of each run of neighbouring words of a gloss.

    Parameters
    ----------
    gloss
        The gloss.
    longest
        The number of letters up to which runs are of interest.
    plain
        The function that gives the letters of a run.
    """
    words = list(_WORD.finditer(gloss))
    for i, first in enumerate(words):
        for last in words[i:]:
            letters = plain(gloss[first.start() : last.end()])
            if len(letters) > longest:
                break
            yield letters, first.start(), last.end()


def _without(gloss: str, spans: Iterable[Sequence[int]]) -> str:
    """Return a gloss without the characters between some beginnings and ends."""
    hidden = {place for start, end in spans for place in range(start, end)}
    return "".join(c for place, c in enumerate(gloss) if place not in hidden) if hidden else gloss
