"""Damage that is done to a pair of graphs on purpose, to see how much of it an alignment survives.

Each kind of damage changes one thing by a share between 0 and 1, so that a curve over the share shows where
a miner or an aligner stops working. What is changed is drawn; the draw does not read gold links and does not
depend on the order of the entities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from psqe.datasets.content_order import in_content_order
from psqe.errors import DataError, ParameterError
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph, Vectors

COPY = " (copy)"
"""What the identifier of a duplicate has behind that of its original."""

HUB = "hub"
"""The identifier of the entity that the damage ``hub`` adds, and the label of its relation."""


def damaged(task: AlignmentTask, damage: Mapping[str, float], *, random_state: int = 0) -> AlignmentTask:
    """Damage a pair of graphs.

    Parameters
    ----------
    task
        The pair. It stays as it is.
    damage
        How much of each kind of damage is done (:data:`DAMAGES`), from 0 to 1, in the order given. All but
        ``typos`` are shares, rounded to whole entities:

        ``missing pictures``
            The share of the candidates of each side with a picture that lose it.
        ``exchanged pictures``
            The share of the right candidates with a picture that get the picture of another one of them.
        ``typos``
            The probability with which each character in the texts of the right side (names, translations and
            values of attributes) is left out, doubled, exchanged with the one before or replaced by a random
            one, each as often as the others. The first character has none before it, and the random one may
            be the same, so that somewhat fewer characters differ. No text becomes empty.
        ``duplicates``
            The share of the right candidates that are there twice. Both are counterparts of the left entity.
        ``hub``
            The share of the entities of each side that are connected with one added entity, which is no
            candidate.
    random_state
        Seed of the draws. Not negative; 0 by default.

    Returns
    -------
    AlignmentTask
        The damaged pair, whose ``parameters["damage"]`` is what was done.

    Raises
    ------
    ParameterError
        If there is no such kind of damage, a share is not between 0 and 1, or ``random_state`` is negative.
    DataError
        If the pair has nothing that can be damaged in this way, or the share is less than one entity (less
        than two pictures that can be exchanged).

    Examples
    --------
    >>> left = KnowledgeGraph("left", ("a", "b"), (), [], names=("Rome", "Paris"))
    >>> right = KnowledgeGraph("right", ("c", "d"), (), [], names=("Roma", "Parigi"))
    >>> task = AlignmentTask("cities", left, right, links=[(0, 0), (1, 1)])
    >>> twice = damaged(task, {"duplicates": 0.5})
    >>> len(twice.right.candidates), len(twice.links)
    (3, 3)
    """
    if random_state < 0:
        raise ParameterError(f"random_state is {random_state}", remedy="give an integer of at least 0")
    for kind, share in damage.items():
        if kind not in DAMAGES:
            raise ParameterError(
                f"there is no kind of damage {kind!r}", remedy=f"choose from {', '.join(DAMAGES)}"
            )
        if not 0 <= share <= 1:
            raise ParameterError(f"the share of {kind!r} is {share}", remedy="give a number from 0 to 1")
    for kind, share in damage.items():
        # Each kind has draws of its own, so that one does not change when another is added before it.
        source = [random_state, list(DAMAGES).index(kind)]
        task = DAMAGES[kind](task, share, source)
    return replace(task, parameters={**task.parameters, "damage": dict(damage)})


def _drawn(entities: list[int], share: float, rng: np.random.Generator, *, least: int = 1) -> IntArray:
    """A share of some entities, which are in an order of content, in random order.

    More is drawn where the share is larger, and what a smaller share draws is part of it.

    Raises
    ------
    DataError
        If a share above 0 is fewer than ``least`` entities, so that nothing would be damaged.
    """
    n = round(share * len(entities))
    if share and n < least:
        raise DataError(
            f"a share of {share:g} of {len(entities)} entities is {n}, which is too few to damage",
            remedy=f"give a share of at least {least / len(entities):.2g}"
            if len(entities) >= least
            else "leave it out",
        )
    return np.array(entities, dtype=np.int64)[rng.permutation(len(entities))[:n]]


def _pictured(graph: KnowledgeGraph) -> list[int]:
    """The candidates of a graph that have a picture, in an order of content."""
    found = [entity for entity in graph.candidates.tolist() if graph.images[entity] is not None]
    if not found:
        raise DataError(
            f"no candidate of graph {graph.name!r} has a picture", remedy="choose another kind of damage"
        )
    return in_content_order(graph, found)


def _missing_pictures(task: AlignmentTask, share: float, source: list[int]) -> AlignmentTask:
    def without(graph: KnowledgeGraph, side: int) -> KnowledgeGraph:
        lost = set(_drawn(_pictured(graph), share, np.random.default_rng([*source, side])).tolist())
        images = tuple(None if entity in lost else path for entity, path in enumerate(graph.images))
        return replace(graph, images=images)

    return replace(task, left=without(task.left, 0), right=without(task.right, 1))


def _exchanged_pictures(task: AlignmentTask, share: float, source: list[int]) -> AlignmentTask:
    chosen = _drawn(_pictured(task.right), share, np.random.default_rng([*source, 1]), least=2)
    images = list(task.right.images)
    for entity, other in zip(chosen.tolist(), np.roll(chosen, 1).tolist(), strict=True):
        images[entity] = task.right.images[other]
    return replace(task, right=replace(task.right, images=tuple(images)))


def _typos(task: AlignmentTask, share: float, source: list[int]) -> AlignmentTask:
    graph = task.right
    texts = [text for column in (graph.names, graph.translations) for text in column if text]
    texts += [value for pairs in graph.attributes for _, value in pairs if value]
    letters = sorted({letter for text in texts for letter in text if not letter.isspace()})
    if not letters:
        raise DataError(f"graph {graph.name!r} has no text", remedy="choose another kind of damage")
    names, translations, attributes = (
        list(graph.names),
        list(graph.translations),
        list(graph.attributes),
    )
    for place, entity in enumerate(in_content_order(graph, range(graph.n_entities))):
        rng = np.random.default_rng([*source, 1, place])
        names[entity] = _mistyped(graph.names[entity], share, letters, rng)
        translations[entity] = _mistyped(graph.translations[entity], share, letters, rng)
        attributes[entity] = tuple(
            (label, _mistyped(value, share, letters, rng)) for label, value in graph.attributes[entity]
        )
    right = replace(graph, names=tuple(names), translations=tuple(translations), attributes=tuple(attributes))
    return replace(task, right=right)


def _mistyped(text: str | None, share: float, letters: list[str], rng: np.random.Generator) -> str | None:
    """A text in which each character is mistyped with a probability; never an empty one."""
    if not text:
        return text
    wrong = rng.random(len(text)) < share
    how, which = rng.integers(4, size=len(text)), rng.integers(len(letters), size=len(text))
    typed: list[str] = []
    for place, letter in enumerate(text):
        if not wrong[place]:
            typed.append(letter)
        elif how[place] == 1:
            typed.append(2 * letter)
        elif how[place] == 2:
            typed.insert(max(len(typed) - 1, 0), letter)
        elif how[place] == 3:
            typed.append(letters[which[place]])
    return "".join(typed).strip() or text


def _duplicates(task: AlignmentTask, share: float, source: list[int]) -> AlignmentTask:
    graph = task.right
    ordered = in_content_order(graph, graph.candidates.tolist())
    originals = _drawn(ordered, share, np.random.default_rng([*source, 1]))
    n, n_copies = graph.n_entities, len(originals)
    copies = np.arange(n, n + n_copies)
    copy_of = np.full(n, -1, dtype=np.int64)
    copy_of[originals] = copies
    taken = set(graph.entities)
    identifiers = []
    for entity in originals.tolist():
        name = f"{graph.entities[entity]}{COPY}"
        while name in taken:
            name += COPY
        taken.add(name)
        identifiers.append(name)
    triples = [graph.triples]
    for column in (0, 2):
        again = graph.triples[copy_of[graph.triples[:, column]] >= 0].copy()
        again[:, column] = copy_of[again[:, column]]
        triples.append(again)
    columns: dict[str, Any] = {
        key: (*getattr(graph, key), *(getattr(graph, key)[entity] for entity in originals))
        for key in ("names", "translations", "attributes", "images", "groups")
    }
    order = np.concatenate([np.arange(n), originals])
    links = task.links
    if links is not None:
        twice = links[copy_of[links[:, 1]] >= 0]
        links = np.vstack([links, np.column_stack([twice[:, 0], copy_of[twice[:, 1]]])])
    right = replace(
        graph,
        entities=(*graph.entities, *identifiers),
        triples=np.vstack(triples),
        candidates=np.concatenate([graph.candidates, copies]),
        vectors={name: vectors.take(order) for name, vectors in graph.vectors.items()},
        ids=np.concatenate([graph.ids, graph.ids.max(initial=-1) + 1 + np.arange(n_copies)]),
        file_order=None,
        **columns,
    )
    return replace(task, right=right, links=links)


def _hub(task: AlignmentTask, share: float, source: list[int]) -> AlignmentTask:
    def around(graph: KnowledgeGraph, side: int) -> KnowledgeGraph:
        if HUB in graph.entities or HUB in graph.relations:
            raise DataError(
                f"graph {graph.name!r} has an entity or a relation {HUB!r}",
                remedy="choose another kind of damage",
            )
        n = graph.n_entities
        entities = in_content_order(graph, range(n))
        near = _drawn(entities, share, np.random.default_rng([*source, side]))
        relation = len(graph.relations)
        added = np.column_stack([near, np.full(len(near), relation), np.full(len(near), n)])
        columns: dict[str, Any] = {
            "names": (*graph.names, None),
            "translations": (*graph.translations, None),
            "attributes": (*graph.attributes, ()),
            "images": (*graph.images, None),
            "groups": (*graph.groups, None),
        }
        return replace(
            graph,
            entities=(*graph.entities, HUB),
            relations=(*graph.relations, HUB),
            triples=np.vstack([graph.triples, added]),
            candidates=graph.candidates,
            vectors={name: _with_absent_row(vectors) for name, vectors in graph.vectors.items()},
            ids=np.append(graph.ids, graph.ids.max(initial=-1) + 1),
            file_order=None,
            **columns,
        )

    return replace(task, left=around(task.left, 0), right=around(task.right, 1))


def _with_absent_row(vectors: Vectors) -> Vectors:
    """Vectors with a further row, for an entity that has none."""
    values = np.vstack([vectors.values, np.zeros((1, vectors.width), dtype=np.float32)])
    return Vectors(values, np.append(vectors.present, False))


DAMAGES: Mapping[str, Callable[[AlignmentTask, float, list[int]], AlignmentTask]] = {
    "missing pictures": _missing_pictures,
    "exchanged pictures": _exchanged_pictures,
    "typos": _typos,
    "duplicates": _duplicates,
    "hub": _hub,
}
"""The kinds of damage, see :func:`damaged`."""
