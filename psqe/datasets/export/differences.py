"""The comparison of a task with what can be read from its export: everything that a layout did not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from psqe.datasets.faults import listed
from psqe.errors import DataError
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, counted, in_number

Labelled = tuple[str, str, str]


def differences(task: AlignmentTask, back: AlignmentTask, layout: str) -> list[str]:
    """Compare a task with the one that was read from its export, by identifiers.

    Parameters
    ----------
    task
        The task that was written.
    back
        The task that was read. The order of its entities does not matter.
    layout
        The name of the layout, for messages.

    Returns
    -------
    list of str
        One sentence, with a count, for each kind of fact that is not the same.

    Raises
    ------
    DataError
        If entities, triples or gold links are not the same: then the export is another task.

    Examples
    --------
    >>> graph = KnowledgeGraph("g", ("rome",), (), [], names=("Rome",))
    >>> bare = KnowledgeGraph("g", ("rome",), (), [])
    >>> differences(AlignmentTask("t", graph, graph), AlignmentTask("t", bare, graph), "folder")
    ["left: 1 name is not held, for example that of 'rome'"]
    """
    told: list[str] = []
    for side, graph, other in zip(SIDES, task.sides, back.sides, strict=True):
        _require_same("entities", graph.entities, other.entities, side, layout)
        _require_same("triples", _triples(graph), _triples(other), side, layout)
        told += [f"{side}: {sentence}" for sentence in _told_of(graph, other)]
    _require_same("gold links", _links(task), _links(back), "both", layout)
    return told


def _require_same(what: str, facts: Iterable[Any], others: Iterable[Any], side: str, layout: str) -> None:
    before, after = set(facts), set(others)
    if before != after:
        example = min(before ^ after)
        verb = "not held" if example in before else "new"
        raise DataError(
            f"the layout {layout} cannot hold this pair: {len(before ^ after):,} {what} ({side} side) "
            f"are not read as they were written, for example {example!r:.120} is {verb}",
            remedy="choose another layout, or rename what has unusual characters",
        )


def _triples(graph: KnowledgeGraph) -> Iterator[Labelled]:
    for head, relation, tail in graph.triples.tolist():
        yield graph.entities[head], graph.relations[relation], graph.entities[tail]


def _links(task: AlignmentTask) -> set[tuple[str, str]]:
    pairs = [] if task.links is None else task.links.tolist()
    return {(task.left.entities[left], task.right.entities[right]) for left, right in pairs}


def _told_of(graph: KnowledgeGraph, other: KnowledgeGraph) -> Iterator[str]:
    index = other.index()
    order = np.array([index[entity] for entity in graph.entities], dtype=np.int64)
    same = other.take(order)  # the other graph, with the entities in the order of this one
    yield from _texts("name", graph, graph.names, same.names)
    yield from _texts("translated name", graph, graph.translations, same.translations)
    yield from _attributes(graph, same)
    yield from _present("image", graph, graph.images, same.images)
    yield from _vectors(graph, same)
    yield from _present("group", graph, graph.groups, same.groups)
    yield from _candidates(graph, same)
    if graph.language != same.language:
        yield (
            f"the language {graph.language} is not held"
            if graph.language
            else f"the language is read as {same.language}"
        )


def _texts(what: str, graph: KnowledgeGraph, texts: Iterable[Any], others: Iterable[Any]) -> Iterator[str]:
    lost: list[int] = []
    changed: list[int] = []
    blanks: list[int] = []
    signs: set[str] = set()
    made: list[int] = []
    for i, (text, other) in enumerate(zip(texts, others, strict=True)):
        if text != other:
            (lost if other is None else made if text is None else changed).append(i)
            if text is not None and other == " ".join(text.split()):
                changed.pop()
                blanks.append(i)
                signs.update(sign for sign in text if sign.isspace() and sign != " ")
    named = f" ({listed([f'U+{ord(sign):04X}' for sign in sorted(signs)])})" if signs else ""
    for indices, one, many in (
        (lost, "is not held", "are not held"),
        (changed, "is read differently", "are read differently"),
        (
            blanks,
            f"is read with one plain blank in the place of other blanks{named}",
            f"are read with one plain blank in the place of other blanks{named}",
        ),
        (made, "is read where there was none", "are read where there were none"),
    ):
        if indices:
            verb = one if len(indices) == 1 else many
            example = graph.entities[indices[0]]
            yield f"{counted(len(indices), what)} {verb}, for example that of {example!r:.80}"


def _present(what: str, graph: KnowledgeGraph, items: Iterable[Any], others: Iterable[Any]) -> Iterator[str]:
    before, after = ([item is not None for item in column] for column in (items, others))
    lost = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a and not b]
    if lost:
        example = graph.entities[lost[0]]
        verb = in_number(len(lost), "is")
        yield f"{counted(len(lost), what)} {verb} not held, for example that of {example!r:.80}"


def _attributes(graph: KnowledgeGraph, other: KnowledgeGraph) -> Iterator[str]:
    lost: list[tuple[str, tuple[str, str | None]]] = []
    repeated = made = 0
    for entity, pairs, others in zip(graph.entities, graph.attributes, other.attributes, strict=True):
        before, after = Counter(pairs), Counter(others)
        repeated += sum(before[pair] - after[pair] for pair in after if before[pair] > after[pair])
        lost += [(entity, pair) for pair in before if pair not in after]
        made += sum(pair not in before for pair in after)
    if lost:
        entity, (attribute, value) = lost[0]
        what = attribute if value is None else f"{attribute} = {value}"
        yield (
            f"{counted(len(lost), 'attribute')} {in_number(len(lost), 'is')} not held as written, "
            f"for example {what!r:.80} of {entity!r:.80}"
        )
    if repeated:
        yield f"repetitions of attributes are counted once ({repeated:,} in all)"
    if made > len(lost):
        yield f"{counted(made, 'attribute')} {in_number(made, 'is')} new"


def _vectors(graph: KnowledgeGraph, other: KnowledgeGraph) -> Iterator[str]:
    for modality, vectors in graph.vectors.items():
        read = other.vectors.get(modality)
        if read is None or read.values.shape != vectors.values.shape:
            n = int(vectors.present.sum())
            yield f"the {counted(n, 'vector')} of {modality} {in_number(n, 'is')} not held"
            continue
        same = (vectors.present == read.present) & (
            ~vectors.present | (vectors.values == read.values).all(axis=1)
        )
        if not same.all():
            yield f"{counted(int((~same).sum()), 'vector')} of {modality} are read differently"


def _candidates(graph: KnowledgeGraph, other: KnowledgeGraph) -> Iterator[str]:
    before, after = set(graph.candidates.tolist()), set(other.candidates.tolist())
    for more, verb in ((after - before, "become candidates"), (before - after, "are no longer candidates")):
        if more:
            yield f"{counted(len(more), 'entity')} {verb}, for example {graph.entities[min(more)]!r:.80}"
