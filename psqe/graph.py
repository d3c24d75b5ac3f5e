"""Core data structures: knowledge graph, alignment task, vectors, and the two sides of a pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from psqe.errors import DataError

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True, eq=False)
class Sides(Generic[T_co]):
    """One thing for the left graph and one of the same kind for the right graph.

    Iterating yields the left one, then the right one; ``sides["left"]`` is the left one.

    Parameters
    ----------
    left, right
        The two things.

    Examples
    --------
    >>> sizes = Sides(["a", "b"], ["c"]).map(len)
    >>> sizes.left, sizes["right"], list(sizes)
    (2, 1, [2, 1])
    """

    left: T_co
    right: T_co

    def __iter__(self) -> Iterator[T_co]:
        return iter((self.left, self.right))

    def __getitem__(self, side: Side) -> T_co:
        return self.left if side == "left" else self.right

    @overload
    def map(self, function: Callable[[T_co], U]) -> Sides[U]: ...
    @overload
    def map(self, function: Callable[..., U], *others: Sides[Any]) -> Sides[U]: ...
    def map(self, function: Callable[..., U], *others: Sides[Any]) -> Sides[U]:
        """Apply ``function`` to each side, the left one first.

        Parameters
        ----------
        function
            Takes what stands on one side here and, after it, what stands on the same side of ``others``.
        others
            Further pairs of sides.
        """
        return Sides(*(function(*both) for both in zip(self, *others, strict=True)))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _column(values: Sequence[Any], n: int, what: str, graph: str, empty: Any) -> tuple[Any, ...]:
    """Check one per-entity column; an empty one stands for "nothing known of anybody"."""
    if not values:
        return (empty,) * n
    if len(values) != n:
        raise DataError(f"graph {graph!r}: {len(values)} {what} for {n} entities")
    return tuple(values)


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors of one modality for the entities of one graph, and which entities have one.

    Parameters
    ----------
    values
        Float32 array ``(n, d)``, finite in present rows. In features, rows of absent entities are zero.
    present
        Boolean array ``(n,)``: which entities have a vector.

    Raises
    ------
    DataError
        If the shapes do not fit, or a present row is not finite.
    """

    values: FloatArray
    present: BoolArray

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.present.shape != (len(self.values),):
            raise DataError(f"vectors of shape {self.values.shape} and a mask of shape {self.present.shape}")
        # A sum is finite only if all of its terms are; it needs no memory, which a mask of all cells would.
        if not np.isfinite(self.values.sum(dtype=np.float64)) and not all(
            np.isfinite(row).all() for row in self.values[self.present]
        ):
            raise DataError("vectors of present entities are not finite")

    def __len__(self) -> int:
        return len(self.values)

    def take(self, order: IntArray) -> Vectors:
        """The rows ``order``, in that order."""
        return Vectors(self.values[order], self.present[order])


@dataclass(frozen=True, eq=False, repr=False)
class KnowledgeGraph:
    """A multimodal knowledge graph. Entities and relations are numbered from 0 in the order given.

    Parameters
    ----------
    name
        What to call the graph in tables and messages.
    entities
        The identifier of each entity (a URI, a code point, a name), unique.
    relations
        The label of each relation, unique.
    triples
        Integer array ``(n_triples, 3)``: head, relation, tail. Stored sorted, duplicates removed.
    candidates
        Indices of the entities that may have a counterpart on the other side; all when omitted.
        Literals and category nodes of a graph are entities, but not candidates.
    names
        The surface form of each entity, or ``None`` where there is none.
    translations
        The surface form of each entity by machine translation into the other side's language or into one
        that both share, or ``None``. ResidualFeatures apart from ``names``: what a result used must be told.
    attributes
        For each entity its ``(attribute, value)`` pairs; the value is ``None`` where only the label
        of the attribute is known.
    images
        For each entity the file of its image, or ``None``.
    vectors
        By modality, vectors that came with the data, one row per entity.
    groups
        For each entity a human-made category, or ``None``. For reporting by region and for pictures
        only: no miner and no aligner reads it.
    ids
        The integer ids of the data's own files, used when seeds are written in the peers' form;
        ``0 .. n_entities - 1`` when omitted.
    language
        Language code of the texts, for tables.

    Raises
    ------
    DataError
        If identifiers repeat, a triple or a candidate names an entity that does not exist, or a
        column has another length than ``entities``.
    """

    name: str
    entities: tuple[str, ...]
    relations: tuple[str, ...]
    triples: IntArray
    candidates: IntArray = None  # type: ignore[assignment]  # None means all, until validated
    names: tuple[str | None, ...] = ()
    translations: tuple[str | None, ...] = ()
    attributes: tuple[tuple[tuple[str, str | None], ...], ...] = ()
    images: tuple[Path | None, ...] = ()
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    groups: tuple[str | None, ...] = ()
    ids: IntArray = None  # type: ignore[assignment]  # None means 0..n-1, until validated
    language: str | None = None

    def __post_init__(self) -> None:
        n, m = len(self.entities), len(self.relations)

        def put(key: str, value: Any) -> None:
            object.__setattr__(self, key, value)

        put("entities", tuple(self.entities))
        put("relations", tuple(self.relations))
        for what, labels in (("entity", self.entities), ("relation", self.relations)):
            if len(set(labels)) != len(labels):
                seen: set[str] = set()
                twice = next(x for x in labels if x in seen or seen.add(x))  # type: ignore[func-returns-value]
                raise DataError(f"graph {self.name!r}: {what} {twice!r} is there twice")
        triples = np.asarray(self.triples, dtype=np.int64).reshape(-1, 3)
        if len(triples):
            entity_ends = triples[:, [0, 2]]
            if entity_ends.min() < 0 or entity_ends.max() >= n:
                raise DataError(f"graph {self.name!r}: a triple names an entity outside 0..{n - 1}")
            if triples[:, 1].min() < 0 or triples[:, 1].max() >= m:
                raise DataError(f"graph {self.name!r}: a triple names a relation outside 0..{m - 1}")
        put("triples", _frozen(np.unique(triples, axis=0)))
        candidates = np.arange(n) if self.candidates is None else np.unique(self.candidates)
        candidates = candidates.astype(np.int64)
        if len(candidates) and (candidates[0] < 0 or candidates[-1] >= n):
            raise DataError(f"graph {self.name!r}: a candidate is outside 0..{n - 1}")
        put("candidates", _frozen(candidates))
        put("names", _column(self.names, n, "names", self.name, None))
        put("translations", _column(self.translations, n, "translations", self.name, None))
        put("vectors", dict(self.vectors))
        for modality, vectors in self.vectors.items():
            if len(vectors.values) != n:
                raise DataError(
                    f"graph {self.name!r}: {len(vectors.values)} {modality} vectors for {n} entities"
                )
        put("attributes", _column(self.attributes, n, "attribute lists", self.name, ()))
        put("images", _column(self.images, n, "images", self.name, None))
        put("groups", _column(self.groups, n, "groups", self.name, None))
        ids = np.arange(n) if self.ids is None else np.asarray(self.ids)
        if ids.shape != (n,):
            raise DataError(f"graph {self.name!r}: {len(ids)} ids for {n} entities")
        put("ids", _frozen(ids.astype(np.int64)))

    def __repr__(self) -> str:
        return (
            f"KnowledgeGraph({self.name!r}: {self.n_entities:,} entities, "
            f"{len(self.candidates):,} candidates, {len(self.relations)} relations, "
            f"{len(self.triples):,} triples)"
        )

    @property
    def n_entities(self) -> int:
        """Number of entities."""
        return len(self.entities)

    def degree(self) -> IntArray:
        """Number of triples an entity stands in, as head or tail: integer array ``(n_entities,)``."""
        ends = self.triples[:, [0, 2]].ravel()
        return np.bincount(ends, minlength=self.n_entities).astype(np.int64)

    def index(self) -> dict[str, int]:
        """Map each entity's identifier to its index."""
        return {entity: i for i, entity in enumerate(self.entities)}

    def take(self, order: IntArray) -> KnowledgeGraph:
        """The graph on the entities ``order`` (indices, unique), renumbered in that order.

        Triples that touch an entity left out are dropped. With a permutation of all entities this is
        a pure relabelling.
        """
        order = np.asarray(order, dtype=np.int64)
        new = np.full(self.n_entities, -1, dtype=np.int64)
        new[order] = np.arange(len(order))
        triples = self.triples.copy()
        triples[:, 0], triples[:, 2] = new[triples[:, 0]], new[triples[:, 2]]
        kept = (triples[:, 0] >= 0) & (triples[:, 2] >= 0)
        candidates = new[self.candidates]
        return replace(
            self,
            entities=tuple(self.entities[i] for i in order),
            triples=triples[kept],
            candidates=candidates[candidates >= 0],
            names=tuple(self.names[i] for i in order),
            translations=tuple(self.translations[i] for i in order),
            vectors={modality: vectors.take(order) for modality, vectors in self.vectors.items()},
            attributes=tuple(self.attributes[i] for i in order),
            images=tuple(self.images[i] for i in order),
            groups=tuple(self.groups[i] for i in order),
            ids=self.ids[order],
        )


@dataclass(frozen=True, eq=False, repr=False)
class AlignmentTask:
    """Two knowledge graphs about the same world and, for evaluation only, the links between them.

    Parameters
    ----------
    name
        The name :func:`psqe.datasets.load_task` knows it by, for example ``emoji/en-fr``.
    left, right
        The two graphs.
    links
        Integer array ``(n_links, 2)``: left entity, right entity, as indices into the graphs, each
        entity at most once; ``None`` when no gold links are known.
    parameters
        How the task was made (language, dangling share, random state), for provenance.

    Raises
    ------
    DataError
        If a link names an entity that does not exist or that is no candidate, or one that has a link
        already.
    """

    name: str
    left: KnowledgeGraph
    right: KnowledgeGraph
    links: IntArray | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", dict(self.parameters))
        if self.links is None:
            return
        links = np.asarray(self.links, dtype=np.int64).reshape(-1, 2)
        for column, graph in ((0, self.left), (1, self.right)):
            ends = links[:, column]
            if not np.isin(ends, graph.candidates).all():
                raise DataError(f"task {self.name!r}: a link names no candidate of graph {graph.name!r}")
            if len(np.unique(ends)) != len(ends):
                raise DataError(f"task {self.name!r}: an entity of graph {graph.name!r} has two links")
        object.__setattr__(self, "links", _frozen(links))

    def __repr__(self) -> str:
        links = "no links" if self.links is None else f"{len(self.links):,} links"
        return f"AlignmentTask({self.name!r}: {self.left!r}, {self.right!r}, {links})"

    @property
    def sides(self) -> Sides[KnowledgeGraph]:
        """Both graphs."""
        return Sides(self.left, self.right)

    def without_links(self) -> AlignmentTask:
        """The same task without what labels it: no gold links, no human-made groups."""
        return replace(
            self, left=replace(self.left, groups=()), right=replace(self.right, groups=()), links=None
        )

    def blind(self) -> AlignmentTask:
        """The task as a miner or an aligner may see it: :meth:`without_links`, and no identifiers or ids.

        Where both sides name a thing alike, as two graphs with the same URIs do, an identifier is a gold
        link.
        """
        task = self.without_links()
        left, right = (
            replace(graph, entities=tuple(map(str, range(graph.n_entities))), ids=np.arange(graph.n_entities))
            for graph in (task.left, task.right)
        )
        return replace(task, left=left, right=right)

    def take(self, left: IntArray, right: IntArray) -> AlignmentTask:
        """The task on the entities ``left`` and ``right``, renumbered in that order; links follow."""
        links = self.links
        if links is not None:
            new_left = np.full(self.left.n_entities, -1, dtype=np.int64)
            new_right = np.full(self.right.n_entities, -1, dtype=np.int64)
            new_left[left], new_right[right] = np.arange(len(left)), np.arange(len(right))
            links = np.column_stack([new_left[links[:, 0]], new_right[links[:, 1]]])
            links = links[(links >= 0).all(axis=1)]
        return replace(self, left=self.left.take(left), right=self.right.take(right), links=links)
