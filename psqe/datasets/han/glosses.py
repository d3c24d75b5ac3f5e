"""What dictionaries say of a character or a word, without what would tell its counterpart."""

from __future__ import annotations

import re
from collections.abc import Iterable

from psqe.datasets.han.assets import is_han

_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_TELLING = re.compile(r"\bradical\b.*\d|\bkokuji\b|\bJapanese variant\b", re.IGNORECASE)
_NO_MEANING = re.compile(
    r"^(CL:|surname\b)|\b(pr|pron)\.( |$)|phonetic|\breading -|surname\)"
    r"|Japanese (-|surname|names?\b|personal)"
)
_BOPOMOFO = re.compile("[\u3100-\u312f\u31a0-\u31bf]")


def tells_counterpart(gloss: str) -> bool:
    """Return whether a gloss numbers a radical, as all dictionaries do alike, or calls a character Japanese.

    Examples
    --------
    >>> tells_counterpart("radical in Chinese characters (Kangxi radical 85)"), tells_counterpart("water")
    (True, False)
    """
    return _TELLING.search(gloss) is not None


def plain_glosses(glosses: Iterable[str]) -> tuple[str, ...]:
    """Return glosses without what would tell the counterpart of a character or a word, in order.

    Four kinds of glosses are left out: those that number a radical, since radicals have the same numbers in
    all dictionaries; those that call a character Japanese; references to other characters, which Han
    characters outside of brackets show; and surnames, measure words and remarks on a pronunciation or on
    Japanese names, which are no meaning. What stands in brackets is left out where it holds a Han character
    or a reading, which stands in square brackets.

    Parameters
    ----------
    glosses
        What a dictionary says, one sense each.

    Returns
    -------
    tuple of str
        The glosses that are left, without repetitions.

    Examples
    --------
    >>> plain_glosses(["water radical (no. 85)", "water", "see also 啃書|啃书[ken3 shu1]", "river (cf. 河)"])
    ('water', 'river')
    """
    kept: dict[str, None] = {}
    for gloss in glosses:
        if tells_counterpart(gloss) or _NO_MEANING.search(gloss):
            continue
        text = _ASIDE.sub(_without_characters, gloss)
        if any(is_han(character) for character in text) or _BOPOMOFO.search(text):
            continue
        text = " ".join(text.split()).strip(" ,;:")
        if text:
            kept[text] = None
    return tuple(kept)


def _without_characters(match: re.Match[str]) -> str:
    aside = match[0]
    return "" if "[" in aside or any(map(is_han, aside)) else aside
