"""The texts of entities and relations, which text encoders and bigrams read.

Texts are bounded. An encoder sums up the words of a text, so that a text of thousands of words is hardly
more than the average of its language, while it takes time and memory by its length. Sentence encoders
commonly read 128 word pieces, which are some 1,000 characters of English. A shorter text is never changed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from psqe.errors import PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides, counted

SEPARATOR = ", "

LONGEST_VALUE = 1000
"""Number of characters that are read of one name, one value or one label."""

LONGEST_VALUES = 4000
"""Number of characters that are read of all values of an entity together. Where they are more, the longest
values are shortened first, so that each of many values has its share."""

LONGEST_LABELS = 20_000
"""Number of characters that are read of the attribute labels of an entity together. Labels are short words;
the longest text of labels in DBP15K has 14,766 characters."""


def readable(label: str) -> str:
    """Return the words of a label or URI: its last part, decoded, camel case and underscores split.

    Examples
    --------
    >>> readable("http://dbpedia.org/ontology/birthPlace")
    'birth Place'
    """
    last = re.split(r"[/#]", label.rstrip("/#"))[-1]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unquote(last)).replace("_", " ")
    return " ".join(words.split())


def name_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the surface form of each entity; empty where there is none."""
    return [_shortened(name or "") for name in graph.names]


def translation_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the machine-translated name of each entity; empty where there is none."""
    return [_shortened(name or "") for name in graph.translations]


def attribute_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the distinct attribute values of each entity in one text, or its labels if it has no value.

    The values are sorted by attribute and value: attributes are a set, and equal sets must have equal texts.
    """
    texts = []
    for pairs in graph.attributes:
        values = [_shortened(value) for _, value in sorted((a, v) for a, v in pairs if v is not None)]
        text = _joined(_with_shares(list(dict.fromkeys(filter(None, values)))))
        texts.append(text or _joined(sorted(readable(label) for label, _ in pairs))[:LONGEST_LABELS])
    return texts


def relation_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the words of the label of each relation."""
    return [_shortened(readable(label)) for label in graph.relations]


def texts_of(task: AlignmentTask, modality: str) -> Sides[list[str]]:
    """Return the texts of both sides of a task: one for each entity, or for each relation.

    Parameters
    ----------
    task
        The two graphs. Gold links are not read.
    modality
        One of the modalities of :data:`TEXTS`.

    Returns
    -------
    Sides
        The texts of each side; empty where there is none.

    Warns
    -----
    PsqeWarning
        If texts are longer than what is read of them, with their number.

    Examples
    --------
    >>> left = KnowledgeGraph("l", ("a", "b"), (), [], names=("Rome", None))
    >>> right = KnowledgeGraph("r", ("c",), (), [], names=("Roma ",))
    >>> texts_of(AlignmentTask("t", left, right), "name").left
    ['Rome', '']
    """
    n_long = sum(_is_long(graph, modality) for graph in task.sides)
    if n_long:
        bound = f"the first {LONGEST_VALUE:,} characters of each name, value or label"
        if modality == "attribute":
            bound = (
                f"the first {LONGEST_VALUE:,} characters of each value, and {LONGEST_VALUES:,} of all values "
                f"of an entity (or {LONGEST_LABELS:,} of its labels, if it has no value)"
            )
        warnings.warn(
            f"task {task.name!r}: {counted(n_long, 'text')} of modality {modality!r} "
            f"{'is' if n_long == 1 else 'are'} too long to be compared as a whole; {bound} are read",
            PsqeWarning,
            stacklevel=3,
        )
    return task.sides.map(TEXTS[modality])


def _is_long(graph: KnowledgeGraph, modality: str) -> int:
    """Return the number of texts of a graph that are not read to their ends."""
    if modality == "attribute":
        return sum(map(_are_long, graph.attributes))
    columns = {"name": graph.names, "translated_name": graph.translations, "relation": graph.relations}
    return sum(len(text or "") > LONGEST_VALUE for text in columns[modality])


def _are_long(pairs: Sequence[tuple[str, str | None]]) -> bool:
    lengths = [len(value) for _, value in pairs if value]
    if lengths:
        return max(lengths) > LONGEST_VALUE or sum(lengths) > LONGEST_VALUES
    return sum(len(label) for label, _ in pairs) > LONGEST_LABELS


def _shortened(text: str) -> str:
    """Return the beginning of a text without blanks around it: at most :data:`LONGEST_VALUE` characters."""
    return text.strip()[:LONGEST_VALUE].rstrip()


def _with_shares(values: list[str]) -> list[str]:
    """Shorten the longest of some texts until all of them have :data:`LONGEST_VALUES` characters at most."""
    left = LONGEST_VALUES
    if sum(map(len, values)) <= left:
        return values
    share = left
    for rank, length in enumerate(sorted(map(len, values))):
        share = left // (len(values) - rank)
        if length > share:
            break
        left -= length
    return [value[:share].rstrip() for value in values]


def _joined(words: Sequence[str]) -> str:
    return SEPARATOR.join(dict.fromkeys(word for word in words if word))


TEXTS: dict[str, Callable[[KnowledgeGraph], list[str]]] = {
    "name": name_texts,
    "translated_name": translation_texts,
    "attribute": attribute_texts,
    "relation": relation_texts,
}
"""The function that reads the texts of each modality: one text per entity, or per relation."""
