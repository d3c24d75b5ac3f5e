"""Languages that a text encoder does not know, told before its vectors mislead.

A sentence encoder gives a vector to every text, also to one in a language that it never learned. Such vectors
hardly distinguish the entities, and nothing in them shows it. An encoder therefore states the languages that
it knows (:attr:`psqe.features.encoder_registry.Encoder.languages`), and the texts of both graphs are compared
with them in two ways. The language of a graph (``KnowledgeGraph.language``) is looked up where it is known.
The script of its texts is read off their letters, which also serves where the language is not known.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from psqe.features.encoder_registry import ENCODERS
from psqe.features.text import TEXTS
from psqe.graph import AlignmentTask, KnowledgeGraph

SCRIPTS = {
    **dict.fromkeys(("ar", "fa", "ur", "ps", "ku"), ("ARABIC",)),
    **dict.fromkeys(("be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "uk"), ("CYRILLIC",)),
    **dict.fromkeys(("hi", "mr", "ne", "sa"), ("DEVANAGARI",)),
    **dict.fromkeys(("bn", "as"), ("BENGALI",)),
    **dict.fromkeys(("am", "ti"), ("ETHIOPIC",)),
    **dict.fromkeys(("he", "yi"), ("HEBREW",)),
    "el": ("GREEK",), "gu": ("GUJARATI",), "hy": ("ARMENIAN",), "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    "ka": ("GEORGIAN",), "km": ("KHMER",), "kn": ("KANNADA",), "ko": ("HANGUL", "CJK"), "lo": ("LAO",),
    "ml": ("MALAYALAM",), "my": ("MYANMAR",), "or": ("ORIYA",), "pa": ("GURMUKHI",), "si": ("SINHALA",),
    "ta": ("TAMIL",), "te": ("TELUGU",), "th": ("THAI",), "zh": ("CJK", "BOPOMOFO"),
}  # fmt: skip
"""Scripts by the code of a language, as the names of Unicode's characters begin. Others are written in Latin
letters."""

OF_GRAPH = ("name", "attribute")
"""Modalities whose texts are in the language of their graph. Labels of relations and machine-translated names
are often in another one, so that only their script is compared."""

SAMPLE = 500
"""Number of texts of a side whose letters are read, evenly chosen from all texts in alphabetical order."""

LETTERS = 200
"""Number of characters that are read of one text."""


def unread_texts(task: AlignmentTask, encoders: Mapping[str, str | None]) -> list[str]:
    """Say which graphs have texts in a language or a script that their encoder does not know.

    Parameters
    ----------
    task
        The two graphs. Gold links are not read.
    encoders
        The name of the encoder of each modality; ``None`` for vectors that came with the data
        (:func:`psqe.features.build.encoders_of`).

    Returns
    -------
    One sentence with a remedy for each graph and encoder; none where every encoder knows the texts that it
    reads, or does not say which languages it knows.

    Examples
    --------
    >>> left = KnowledgeGraph("l", ("a",), (), [], names=("apple",), language="en")
    >>> right = KnowledgeGraph("r", ("b",), (), [], names=("सेब",))
    >>> unread_texts(AlignmentTask("fruit", left, right), {"name": "use-m3"})[0].partition(";")[0]
    "graph 'r': the encoder use-m3 does not know the script of name (Devanagari)"
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for modality, encoder in encoders.items():
        kind = None if encoder is None else ENCODERS.get(encoder.partition(":")[0])
        if encoder is None or kind is None or kind.languages is None or modality not in TEXTS:
            continue
        for graph in task.sides:
            unknown = _unknown(graph, modality, kind.languages)
            if unknown is not None:
                found.setdefault((graph.name, encoder, unknown), []).append(modality)
    return [
        f"graph {graph!r}: the encoder {encoder} does not know the "
        f"{unknown.replace('*', ' and '.join(names))}; "
        "its vectors hardly distinguish such texts: give another encoder "
        f"(--encoder {names[0]}=hf:MODEL) or leave {'it' if len(names) == 1 else 'them'} out"
        for (graph, encoder, unknown), names in found.items()
    ]


def _unknown(graph: KnowledgeGraph, modality: str, languages: Collection[str]) -> str | None:
    """Name the language or the script of the texts of a graph that is not among ``languages``."""
    texts = sorted({text for text in TEXTS[modality](graph) if text})
    counts = _letters(texts[:: -(-len(texts) // SAMPLE)] if texts else ())
    if not counts:
        return None
    language = (graph.language or "").replace("_", "-").partition("-")[0].lower()
    if modality in OF_GRAPH and len(language) == 2 and language not in languages:
        return f"language of * ({language})"
    known = {script for code in languages for script in SCRIPTS.get(code, ("LATIN",))}
    foreign = Counter({script: n for script, n in counts.items() if script not in known})
    if 2 * foreign.total() <= counts.total():
        return None
    return f"script of * ({foreign.most_common(1)[0][0].capitalize()})"


def _letters(texts: Iterable[str]) -> Counter[str]:
    """Count the letters of some texts by script."""
    counts = Counter(letter for text in texts for letter in unicodedata.normalize("NFKC", text[:LETTERS]))
    scripts: Counter[str] = Counter()
    for letter, n in counts.items():
        script = _script(letter)
        if script is not None:
            scripts[script] += n
    return scripts


@cache
def _script(letter: str) -> str | None:
    """Return the first word of a letter's name in Unicode, which is its script; ``None`` for other marks."""
    category = unicodedata.category(letter)
    if category[0] != "L" or category == "Lm":
        return None
    return unicodedata.name(letter, "UNKNOWN").partition(" ")[0]
