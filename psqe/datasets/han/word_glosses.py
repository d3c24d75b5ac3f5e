"""Glosses of Chinese words without references to other words, and the marks that stand in them."""

from __future__ import annotations

import re

from psqe.datasets.han.written import HAN

MARKS = {
    "anatomy": "anatomy",
    "arch.": "archaic",
    "archaic": "archaic",
    "astronomy": "astronomy",
    "biology": "biology",
    "bird species of China": "bird of China",
    "botany": "botany",
    "bound form": "bound form",
    "Buddhism": "Buddhism",
    "Cantonese": "Cantonese",
    "chemistry": "chemistry",
    "classical": "literary",
    "coll.": "colloquial",
    "colloquial": "colloquial",
    "computer": "computing",
    "computing": "computing",
    "derog.": "derogatory",
    "dialect": "dialect",
    "economics": "economics",
    "electronics": "electronics",
    "finance": "finance",
    "formal": "formal",
    "geology": "geology",
    "grammar": "grammar",
    "honorific": "honorific",
    "humble": "humble",
    "idiom": "idiom",
    "Internet slang": "Internet slang",
    "law": "law",
    "linguistics": "linguistics",
    "literary": "literary",
    "loanword": "loanword",
    "math.": "mathematics",
    "med.": "medicine",
    "medicine": "medicine",
    "military": "military",
    "music": "music",
    "old": "old",
    "onom.": "onomatopoeia",
    "physics": "physics",
    "polite": "polite",
    "PRC": "PRC",
    "proverb": "proverb",
    "slang": "slang",
    "sports": "sports",
    "statistics": "statistics",
    "surname": "surname",
    "TCM": "traditional Chinese medicine",
    "Tw": "Taiwan",
    "vulgar": "vulgar",
    "zoology": "zoology",
}
"""The remarks in parentheses that are facts about a word, as they are written, and what they mean."""

_REFERENCE = "\ufffc"  # stands for a reference while a gloss is taken apart
_OTHER_SCRIPTS = "\u1100-\u11ff\u3000-\u303f\u3040-\u30ff\u3100-\u318f\u31a0-\u31bf\uac00-\ud7af\uff66-\uff9f"
_RUN = rf"[A-Za-z0-9]*[{HAN}{_OTHER_SCRIPTS}][{HAN}{_OTHER_SCRIPTS}·，、A-Za-z0-9]*"
_REFERENCES = re.compile(rf"{_RUN}(?:\|{_RUN})?(?:\s*\[[^\]]*\])?|\[[^\]]*\]")
_ASIDE = re.compile(rf"\s*\([^()]*{_REFERENCE}[^()]*\)")
_POINTERS = (
    r"(?:an?\s+)?(?:[\w-]+\s+)?variants?\s+(?:of|for)",
    r"abbr(?:\.|eviation)\s+(?:for|to|of)",
    r"abbreviated\s+(?:to|as)",
    r"contraction\s+of",
    r"(?:see|also|now|sometimes|usually|often|commonly)\s+(?:also|written|called|known|transliterated)(?:\s+as)?",
    r"(?:same|such)\s+as",
    r"as\s+(?:in|opposed\s+to)",
    r"(?:dialectal\s+|Mandarin\s+)?equivalents?(?:\s+(?:of|to))?",
    r"opposites?(?:\s+of)?",
    r"(?:used|found|occurs)\s+in",
    r"written(?:\s+as)?",
    r"(?:erhua|old)\s+form\s+of",
    r"e\.g\.|cf\.?|see|also|now|in|or|and|by|for|from|of|to|with|at",
)
"""What stands before a reference, and goes with it."""
_POINTER = re.compile(rf"\b(?:{'|'.join(_POINTERS)})\s*[:,]?\s*{_REFERENCE}", re.IGNORECASE)
_NO_MEANING = re.compile(r"CL:|(?:also|Taiwan|Beijing|Mainland|old)?\s*pr\.", re.IGNORECASE)
_MARK = re.compile(r"\((" + "|".join(map(re.escape, MARKS)) + r")\)")
_SURNAME = re.compile(r"(?:two-character )?surname\b")
_EMPTY_WORDS = """
a abbr also an and as at by called cf eg etc for form from in known now of old or pr same see the to used
variant with written
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_JOINING = re.compile(
    r"^(?:(?:or|and|also)\b[\s,;:]*)+|(?:\s+(?:of|in|and|or|the|from|for|as|by|to|with|at))+$"
)
_OTHER_LETTERS = re.compile(rf"[{HAN}{_OTHER_SCRIPTS}\uff00-\uffef，、。·]+")


def without_references(gloss: str) -> str:
    """Return a gloss without references to other words, readings in brackets and classifiers.

    Parameters
    ----------
    gloss
        A gloss as it stands in CC-CEDICT.

    Returns
    -------
    What is left, tidied by :func:`tidy`; empty if the gloss is nothing but a reference.

    Examples
    --------
    >>> without_references("Darlag county in Golog 果洛州[Guo3 luo4 zhou1], Qinghai")
    'Darlag county in Golog, Qinghai'
    >>> without_references("same as 碼頭|码头[ma3 tou2], pier")
    'pier'
    >>> without_references("pity (see 可惜[ke3 xi1])")
    'pity'
    >>> without_references("old variant of 鍬|锹[qiao1]"), without_references("CL:個|个[ge4]")
    ('', '')
    """
    plain = gloss.isascii() and "[" not in gloss
    text = gloss if plain else _REFERENCES.sub(_REFERENCE, gloss)
    if _NO_MEANING.match(text):
        return ""
    if text.isascii():
        return gloss
    for pattern in (_ASIDE, _POINTER):
        replaced = pattern.sub("", text)
        while replaced != text:
            text, replaced = replaced, pattern.sub("", replaced)
    text = _OTHER_LETTERS.sub(" ", text.replace(_REFERENCE, " "))
    return gloss if text == gloss else tidy(text)


def split_marks(gloss: str) -> tuple[str, list[str]]:
    """Return a gloss without its marks, and the marks.

    Examples
    --------
    >>> split_marks("(coll.) (Tw) to steal"), split_marks("surname Zhang")[1]
    (('to steal', ['colloquial', 'Taiwan']), ['surname'])
    """
    if _SURNAME.match(gloss):
        return gloss, ["surname"]
    marks = [MARKS[mark] for mark in _MARK.findall(gloss)] if "(" in gloss else []
    return (tidy(_MARK.sub(" ", gloss)) if marks else gloss), marks


def tidy(gloss: str) -> str:
    """Return what is left of a gloss without empty brackets and punctuation that separates nothing.

    A word such as "of" at its end goes, too. A gloss of which only punctuation and such words are left
    becomes empty.

    Examples
    --------
    >>> tidy("University of "), tidy("Tokyo ( , )  tower ,"), tidy("of the")
    ('University', 'Tokyo tower', '')
    """
    text = re.sub(r"\(\s*(?:in|of)?[,;:.\s]*\)|[\"“]\s*[\"”]|''", " ", gloss)
    text = re.sub(r"\s+([,;:)])", r"\1", re.sub(r"\(\s+", "(", text))
    text = re.sub(r"([,;:])(?:\s*[,;:])+", r"\1", text)
    text = re.sub(r"\(\s*[,;:]\s*", "(", re.sub(r"[,;:]\s*\)", ")", text))
    text = _JOINING.sub("", " ".join(text.split()).strip(" ,;:-")).strip(" ,;:-")
    words = re.findall(r"[^\W_]+", text.lower())
    return "" if all(word in _EMPTY for word in words) else text
