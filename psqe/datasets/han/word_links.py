"""Which Japanese and Chinese words are written alike. Only gold links are made by it; no model sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from psqe.datasets.han.variants import chinese_forms
from psqe.datasets.han.written import all_han, repeated
from psqe.graph import IntArray

Forms = Callable[[str], Iterable[str]]


def word_links(
    left: Sequence[Sequence[str]], right: Sequence[Sequence[str]], forms: Forms = chinese_forms
) -> IntArray:
    """Link the words of which a written form on the left corresponds to one on the right.

    Two written forms correspond if they have the same number of characters and each character on the right
    is a form in which Chinese texts may write the character on the left. The mark that repeats a character
    counts as that character. Forms with any other character than Han characters have no counterpart.

    Parameters
    ----------
    left, right
        The written forms of each word of a side.
    forms
        The function that gives the Chinese forms of a Japanese character.

    Returns
    -------
    Integer array ``(n, 2)``, sorted, each link once: positions in ``left`` and in ``right``.

    Examples
    --------
    >>> both = {"学": ("学", "學"), "校": ("校",)}
    >>> word_links([["学校", "學校"], ["食べる"]], [["學校", "学校"], ["學"]], lambda c: both.get(c, (c,)))
    array([[0, 0]])
    """
    owners: dict[str, list[int]] = {}
    for place, written in enumerate(right):
        for form in written:
            owners.setdefault(form, []).append(place)
    beginnings = {form[:end] for form in owners for end in range(1, len(form) + 1)}
    known: dict[str, tuple[str, ...]] = {}

    def spellings(form: str) -> Iterator[str]:
        begun = [""]
        for character in repeated(form):
            if character not in known:
                known[character] = tuple(forms(character))
            begun = [start + new for start in begun for new in known[character] if start + new in beginnings]
        yield from begun

    found = {
        (row, column)
        for row, written in enumerate(left)
        for form in written
        if all_han(form)
        for spelling in spellings(form)
        for column in owners.get(spelling, ())
    }
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
