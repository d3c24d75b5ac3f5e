"""The evidence about each entity, as digests that tell whether it changed from one run to the next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from psqe.features import Features
from psqe.features.encoder_registry import PICTURES
from psqe.features.image import image_key
from psqe.files import content_hash
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, Side, Sides

KINDS = ("name", "attributes", "picture", "vectors", "triples")
"""The kinds of evidence about an entity. The name includes the translated name."""

NOTHING = "-"
"""What stands for the digest where an entity has nothing of a kind."""

Digests = tuple[str, str, str, str, str]
"""One digest for each of :data:`KINDS`."""

Evidence = Sides[dict[str, Digests]]
"""For either side, the digests of each candidate by its identifier."""


@dataclass(frozen=True)
class Difference:
    """What differs between the evidence of an earlier run and that of a pair now.

    Parameters
    ----------
    new
        For either side, the identifiers of the candidates that the earlier run did not have.
    removed
        For either side, the identifiers of the candidates that are no longer there.
    changed
        For either side, the kinds of evidence that changed, by identifier.

    Examples
    --------
    >>> one = Sides({"a": ("1", "-", "-", "-", "1")}, {"x": ("1", "-", "-", "-", "-")})
    >>> two = Sides({"a": ("1", "-", "-", "-", "2"), "b": ("3", "-", "-", "-", "-")}, {})
    >>> difference = compare(one, two)
    >>> difference.why("left", "a"), difference.why("left", "b"), difference.why("right", "x")
    ('triples changed', 'new', 'removed')
    """

    new: Sides[Set[str]]
    removed: Sides[Set[str]]
    changed: Sides[Mapping[str, tuple[str, ...]]]

    def why(self, side: Side, entity: str) -> str:
        """Say in a few words what happened to an entity; empty if nothing did."""
        if entity in self.new[side]:
            return "new"
        if entity in self.removed[side]:
            return "removed"
        kinds = self.changed[side].get(entity, ())
        return f"{' and '.join(kinds)} changed" if kinds else ""

    def touched(self, side: Side) -> set[str]:
        """Return the entities of a side that are new or of which evidence changed."""
        return {*self.new[side], *self.changed[side]}


def given_modalities(described: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the modalities whose vectors no encoder made, from the record of an alignment.

    Parameters
    ----------
    described
        The record, such as ``parameters`` of :class:`psqe.Alignment`: ``modalities`` and, if there are
        encoders, ``encoders`` by modality.

    Examples
    --------
    >>> given_modalities({"modalities": ["image", "x"], "encoders": {"image": "pixels", "x": None}})
    ('x',)
    """
    encoders = described.get("encoders", {})
    return tuple(name for name in described["modalities"] if encoders.get(name) is None)


def reads_pictures(modalities: Iterable[str], given: Collection[str]) -> bool:
    """Tell whether files of pictures are among the evidence, which can change while the program runs.

    Parameters
    ----------
    modalities
        The modalities that are compared.
    given
        Those of them whose vectors are no output of an encoder of this package.

    Examples
    --------
    >>> reads_pictures(["name", "image"], ()), reads_pictures(["name", "image"], ["image"])
    (True, False)
    """
    return any(name in PICTURES and name not in given for name in modalities)


def made_with(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return that part of the record of an alignment that a later one must have in common with it."""
    made = {key: described[key] for key in ("modalities", "encoders", "aligner", "links") if key in described}
    rule = made.get("links")
    if rule is not None and rule["threshold"] is None:
        made["links"] = {**rule, "threshold": "auto"}
    return made


def evidence_of(task: AlignmentTask, features: Features, given: Collection[str]) -> Evidence:
    """Compute the digests of the evidence about all candidates.

    Parameters
    ----------
    task
        The two graphs. Gold links, groups and numbers of entities are not used.
    features
        The vectors that are compared. Pictures are read only if a modality of pictures is among them.
    given
        The modalities whose vectors are no output of an encoder of this package. Their rows are evidence.

    Returns
    -------
    The digests by side and identifier.

    Raises
    ------
    DataError
        If a picture cannot be read.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, features = planted_pair(30)
    >>> found = evidence_of(task, features, tuple(features))
    >>> sorted(found.left) == sorted(task.left.entities)
    True
    """
    with_pictures = reads_pictures(features, given)
    rows = Sides(*(_vector_digests(features, side, given) for side in SIDES))
    return task.sides.map(lambda graph, vectors: _digests(graph, vectors, with_pictures), rows)


def _digests(graph: KnowledgeGraph, vectors: list[str], with_pictures: bool) -> dict[str, Digests]:
    around: list[list[str]] = [[] for _ in range(graph.n_entities)]
    for head, relation, tail in graph.triples.tolist():
        label = content_hash(graph.relations[relation])
        around[head].append(f"head {label} {content_hash(graph.entities[tail])}")
        around[tail].append(f"tail {label} {content_hash(graph.entities[head])}")
    found: dict[str, Digests] = {}
    for i in graph.candidates.tolist():
        names = graph.names[i], graph.translations[i]
        picture = graph.images[i] if with_pictures else None
        attributes = sorted(content_hash(a, "" if v is None else f"={v}") for a, v in graph.attributes[i])
        found[graph.entities[i]] = (
            content_hash(*(f"={name}" if name else "" for name in names)) if any(names) else NOTHING,
            content_hash(*attributes) if attributes else NOTHING,
            NOTHING if picture is None else image_key(picture),
            vectors[i],
            content_hash(*sorted(around[i])) if around[i] else NOTHING,
        )
    return found


def _vector_digests(features: Features, side: Side, given: Collection[str]) -> list[str]:
    """Return a digest of the given vectors of each entity of a side."""
    names = sorted(name for name in features if name in given)
    n = features.shape[SIDES.index(side)]
    if not names:
        return [NOTHING] * n
    modalities = [(name, features[name][side].values, features[name][side].present) for name in names]
    return [
        content_hash(
            *(
                part
                for name, values, present in modalities
                for part in (name, np.ascontiguousarray(values[i]).tobytes() if present[i] else b"")
            )
        )
        for i in range(n)
    ]


def compare(earlier: Evidence, now: Evidence) -> Difference:
    """Find out what differs between the evidence of two runs.

    Parameters
    ----------
    earlier, now
        The digests of the earlier run, and those of the pair now.

    Returns
    -------
    The difference.
    """
    both = list(zip(earlier, now, strict=True))
    changed = (
        {
            entity: tuple(kind for kind, a, b in zip(KINDS, old[entity], digests, strict=True) if a != b)
            for entity, digests in new.items()
            if entity in old and old[entity] != digests
        }
        for old, new in both
    )
    return Difference(
        new=Sides(*(set(new) - set(old) for old, new in both)),
        removed=Sides(*(set(old) - set(new) for old, new in both)),
        changed=Sides(*changed),
    )
