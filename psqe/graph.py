"""Core data structures: knowledge graph, alignment task, vectors, and the two sides of a pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from psqe.errors import DataError
from psqe.identifiers import EntityIndex
from psqe.whole_numbers import whole_numbers

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
    """A value for the left graph and a value of the same type for the right graph.

    Iterating yields the left value, then the right one; ``sides["left"]`` is the left value.

    Parameters
    ----------
    left, right
        The two values.

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
        """Apply a function to the value of each side, the left one first.

        Parameters
        ----------
        function
            A function of the value of one side and, after it, the values of the same side in ``others``.
        others
            Further pairs of values.

        Returns
        -------
        Sides
            The two results.
        """
        return Sides(*(function(*both) for both in zip(self, *others, strict=True)))


def counted(n: int, noun: str) -> str:
    """Return a number with its noun, in the singular or in the plural.

    Examples
    --------
    >>> counted(1, "entity"), counted(1500, "entity"), counted(0, "link")
    ('1 entity', '1,500 entities', '0 links')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else plural}"


def in_number(n: int, verb: str) -> str:
    """Return the singular of a verb for one subject, and its plural for any other number.

    Examples
    --------
    >>> in_number(1, "is"), in_number(3, "is"), in_number(0, "has"), in_number(2, "repeats")
    ('is', 'are', 'have', 'repeat')
    """
    return verb if n == 1 else {"is": "are", "has": "have"}.get(verb, verb.removesuffix("s"))


def positions(order: IntArray, n: int) -> IntArray:
    """Return the position of each of ``0 .. n - 1`` in ``order``; -1 where it is missing.

    Examples
    --------
    >>> positions(np.array([2, 0]), 3).tolist()
    [1, -1, 0]
    """
    result = np.full(n, -1, dtype=np.int64)
    result[order] = np.arange(len(order))
    return result


def one_to_one(links: IntArray) -> IntArray:
    """Keep those of some links ``(n, 2)`` that have no entity in common with a link kept before, in order.

    Links that are one-to-one stay as they are.

    Examples
    --------
    >>> one_to_one(np.array([[0, 5], [0, 6], [1, 6], [2, 6]])).tolist()
    [[0, 5], [1, 6]]
    """
    left: set[int] = set()
    right: set[int] = set()
    kept = []
    for place, (a, b) in enumerate(links.tolist()):
        if a not in left and b not in right:
            left.add(a)
            right.add(b)
            kept.append(place)
    return links[kept]


ALL_MODALITIES = "all"
"""The word that stands for all modalities where one could be named, as in the miner ``pivot``."""


def check_modality_name(name: str) -> None:
    """Refuse a name of a modality that has another meaning.

    Raises
    ------
    DataError
        If the name is :data:`ALL_MODALITIES`.

    Examples
    --------
    >>> check_modality_name("image")
    """
    if name == ALL_MODALITIES:
        raise DataError(
            f"a modality is called {name!r}, which stands for all modalities together",
            remedy="give it another name, for example 'vectors'",
        )


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _column(values: Sequence[Any], n: int, what: str, graph: str, empty: Any) -> tuple[Any, ...]:
    """Check a column with one value per entity; an empty column means that no entity has a value."""
    if not values:
        return (empty,) * n
    if len(values) != n:
        raise DataError(f"graph {graph!r}: {len(values)} {what} for {n} entities")
    return tuple(values)


class Vectors:
    """Vectors of one modality for the entities of one graph, and a mask of the entities that have one.

    Parameters
    ----------
    values
        Float32 array ``(n, d)``, finite in present rows. In features, rows of absent entities are zero.
    present
        Boolean array ``(n,)``: whether each entity has a vector.

    Attributes
    ----------
    present
        The mask ``(n,)``.

    Raises
    ------
    DataError
        If the shapes do not fit, or a present row is not finite.

    Examples
    --------
    >>> vectors = Vectors(np.zeros((3, 2), dtype=np.float32), np.array([True, True, False]))
    >>> len(vectors), len(vectors.take(np.array([0])))
    (3, 1)
    """

    def __init__(self, values: FloatArray, present: BoolArray) -> None:
        if values.ndim != 2 or present.shape != (len(values),):
            raise DataError(f"vectors of shape {values.shape} and a mask of shape {present.shape}")
        # A sum is finite only if all of its terms are; it needs no memory, which a mask of all cells would.
        if not np.isfinite(values.sum(dtype=np.float64)) and not all(
            np.isfinite(row).all() for row in values[present]
        ):
            raise DataError("vectors of present entities are not finite")
        self.present = present
        self._values = values
        self._order: IntArray | None = None

    def __len__(self) -> int:
        return len(self.present)

    @property
    def width(self) -> int:
        """Number of dimensions ``d``."""
        return int(self._values.shape[1])

    @property
    def values(self) -> FloatArray:
        """The vectors ``(n, d)``: the array that was given or, after :meth:`take`, a new copy of its rows."""
        return self._values if self._order is None else self._values[self._order]

    def take(self, order: IntArray) -> Vectors:
        """Return the vectors of the entities ``order`` (indices), in that order.

        The result keeps the order and no rows of its own, because the vectors are the largest part of the
        memory of an alignment.
        """
        taken = Vectors.__new__(Vectors)
        taken.present, taken._values = self.present[order], self._values
        rows = np.arange(len(self))[order] if self._order is None else self._order[order]
        taken._order = rows
        return taken


@dataclass(frozen=True, eq=False)
class FileOrder:
    """The order of entities in the file that lists them, which they keep when their graph is renumbered.

    Parameters
    ----------
    file
        Name of the file, for messages.
    rows
        Row of each entity of the graph in the file, from 0: integer array ``(n_entities,)``; -1 for an entity
        that the file does not list.
    n_rows
        Number of entities that the file lists, those that are no longer in the graph included.
    has_ids
        Whether the file gives each entity an integer id, as ``ent_ids_1`` does.
    other_file
        Name of a file that lists as many entities in another order, so that neither order can be taken;
        ``None`` if there is none.

    Examples
    --------
    >>> FileOrder("names.tsv", np.array([1, 0, -1]), 2).take(np.array([2, 0])).rows.tolist()
    [-1, 1]
    """

    file: str
    rows: IntArray
    n_rows: int
    has_ids: bool = False
    other_file: str | None = None

    def take(self, order: IntArray) -> FileOrder:
        """Return the order of the entities ``order`` (indices) alone; their rows stay the same."""
        return replace(self, rows=self.rows[order])


@dataclass(frozen=True, eq=False, repr=False)
class KnowledgeGraph:
    """A multimodal knowledge graph. Entities and relations are numbered from 0 in the order given.

    Parameters
    ----------
    name
        Name of the graph in tables and messages.
    entities
        The identifier of each entity (a URI, a code point, a name), unique.
    relations
        The label of each relation, unique.
    triples
        Integer array ``(n_triples, 3)``: head, relation, tail. Stored sorted, duplicates removed.
    candidates
        Indices of the entities that may have a counterpart on the other side; all entities when omitted.
        Literals and categories of a graph are entities, but not candidates.
    names
        The surface form of each entity, or ``None`` where there is none.
    translations
        The surface form of each entity by machine translation into the other side's language or into one
        that both share, or ``None``. They are kept apart from ``names``, since a result must say which of
        the two it used.
    attributes
        For each entity its ``(attribute, value)`` pairs; the value is ``None`` where only the label
        of the attribute is known.
    images
        For each entity the file of its image, or ``None``.
    vectors
        Vectors that came with the data, by modality: one row per entity. No modality may be called ``all``.
    groups
        For each entity its human-made group, such as a category, or ``None``. Only reports by region and
        figures use groups: no miner and no aligner reads them.
    ids
        The integer ids in the files of the data, which :meth:`psqe.seeds.SeedSet.save_npy` writes;
        ``0 .. n_entities - 1`` when omitted.
    language
        Language code of the texts, for tables; ``None`` when unknown.
    file_order
        The order of the entities in the file that lists them, by which vectors without identifiers are
        read; ``None`` when no file lists them.

    Raises
    ------
    DataError
        If identifiers repeat, a triple or a candidate is no whole number or names an entity that does not
        exist, a modality is called ``all``, or a column has another length than ``entities``.

    Examples
    --------
    >>> graph = KnowledgeGraph("cities", ("rome", "italy"), ("capital of",), [(0, 0, 1)])
    >>> graph
    KnowledgeGraph('cities': 2 entities, 2 candidates, 1 relation, 1 triple)
    >>> graph.degree().tolist()
    [1, 1]
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
    file_order: FileOrder | None = None

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
                raise DataError(f"graph {self.name!r}: {what} {twice!r} occurs twice")
        triples = self._numbers(
            self.triples, "triples", 3, "give a head, a relation and a tail, as indices from 0, in each row"
        )
        if len(triples):
            entity_ends = triples[:, [0, 2]]
            if entity_ends.min() < 0 or entity_ends.max() >= n:
                raise DataError(f"graph {self.name!r}: a triple names an entity outside 0..{n - 1}")
            if triples[:, 1].min() < 0 or triples[:, 1].max() >= m:
                raise DataError(f"graph {self.name!r}: a triple names a relation outside 0..{m - 1}")
        put("triples", _frozen(np.unique(triples, axis=0)))
        remedy = "give a list of indices into the entities, from 0"
        candidates = np.arange(n)
        if self.candidates is not None:
            candidates = np.unique(self._numbers(self.candidates, "candidates", None, remedy))
        if len(candidates) and (candidates[0] < 0 or candidates[-1] >= n):
            raise DataError(f"graph {self.name!r}: a candidate is outside 0..{n - 1}")
        put("candidates", _frozen(candidates))
        put("names", _column(self.names, n, "names", self.name, None))
        put("translations", _column(self.translations, n, "translations", self.name, None))
        put("vectors", dict(self.vectors))
        for modality, vectors in self.vectors.items():
            check_modality_name(modality)
            if len(vectors.values) != n:
                raise DataError(
                    f"graph {self.name!r}: {len(vectors.values)} {modality} vectors for {n} entities"
                )
        put("attributes", _column(self.attributes, n, "attribute lists", self.name, ()))
        put("images", _column(self.images, n, "images", self.name, None))
        put("groups", _column(self.groups, n, "groups", self.name, None))
        ids = np.arange(n)
        if self.ids is not None:
            ids = self._numbers(self.ids, "ids", None, "give a list with one integer for each entity")
        if len(ids) != n:
            raise DataError(f"graph {self.name!r}: {len(ids)} ids for {n} entities")
        put("ids", _frozen(ids.copy()))

    def _numbers(self, values: object, what: str, width: int | None, remedy: str) -> IntArray:
        return whole_numbers(values, f"{what} of graph {self.name!r}", width=width, remedy=remedy)

    def __repr__(self) -> str:
        return (
            f"KnowledgeGraph({self.name!r}: {counted(self.n_entities, 'entity')}, "
            f"{counted(len(self.candidates), 'candidate')}, {counted(len(self.relations), 'relation')}, "
            f"{counted(len(self.triples), 'triple')})"
        )

    @property
    def n_entities(self) -> int:
        """Number of entities."""
        return len(self.entities)

    def degree(self) -> IntArray:
        """Count the triples of each entity, as head or tail: integer array ``(n_entities,)``."""
        ends = self.triples[:, [0, 2]].ravel()
        return np.bincount(ends, minlength=self.n_entities).astype(np.int64)

    def index(self) -> EntityIndex:
        """Return the index of each entity by its identifier, in either form of accents (NFC and NFD)."""
        return EntityIndex(self.entities)

    def take(self, order: IntArray) -> KnowledgeGraph:
        """Return the graph restricted to some of its entities, which are renumbered.

        Parameters
        ----------
        order
            Indices of the entities to keep, unique, in their new order. A permutation of all entities only
            renumbers the graph.

        Returns
        -------
        KnowledgeGraph
            The graph without the other entities and without the triples of which they are head or tail.
        """
        new = positions(order, self.n_entities)
        triples = self.triples.copy()
        triples[:, 0], triples[:, 2] = new[triples[:, 0]], new[triples[:, 2]]
        kept = (triples[:, 0] >= 0) & (triples[:, 2] >= 0)
        candidates = new[self.candidates]
        columns: dict[str, Any] = {
            key: tuple(getattr(self, key)[i] for i in order)
            for key in ("entities", "names", "translations", "attributes", "images", "groups")
        }
        return replace(
            self,
            triples=triples[kept],
            candidates=candidates[candidates >= 0],
            vectors={modality: vectors.take(order) for modality, vectors in self.vectors.items()},
            ids=self.ids[order],
            file_order=None if self.file_order is None else self.file_order.take(order),
            **columns,
        )


@dataclass(frozen=True, eq=False, repr=False)
class AlignmentTask:
    """Two knowledge graphs about the same things and, for evaluation only, the gold links between them.

    Parameters
    ----------
    name
        The name by which :func:`psqe.datasets.load_task` finds the task, for example ``emoji/en-fr``.
    left, right
        The two graphs.
    links
        Gold links, integer array ``(n_links, 2)``: left entity and right entity, as indices into the graphs.
        They need not be complete. An entity may be in several links, as where the other side holds it twice:
        all of them are then its true counterparts. A link that is given again counts once. ``None`` when no
        gold links are known, which an array without links means, too.
    parameters
        Parameters with which the task was made (language, dangling share, random state), for provenance.

    Raises
    ------
    DataError
        If a link is not a pair of whole numbers, or names an entity that does not exist or is no candidate.

    Examples
    --------
    >>> left = KnowledgeGraph("english", ("rome",), (), [], names=("Rome",))
    >>> right = KnowledgeGraph("italian", ("roma",), (), [], names=("Roma",))
    >>> task = AlignmentTask("cities", left, right, links=[(0, 0)])
    >>> task.sides.map(lambda graph: graph.names).right
    ('Roma',)
    >>> task.blind().links is None
    True
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
        remedy = "give the indices of a left and of a right entity, from 0, in each row"
        links = whole_numbers(self.links, f"links of task {self.name!r}", width=2, remedy=remedy)
        for column, graph in ((0, self.left), (1, self.right)):
            ends = links[:, column]
            if not np.isin(ends, graph.candidates).all():
                raise DataError(f"task {self.name!r}: a link names no candidate of graph {graph.name!r}")
        first = np.sort(np.unique(links, axis=0, return_index=True)[1])
        object.__setattr__(self, "links", _frozen(links[first]) if len(first) else None)

    def __repr__(self) -> str:
        links = "no links" if self.links is None else counted(len(self.links), "link")
        return f"AlignmentTask({self.name!r}: {self.left!r}, {self.right!r}, {links})"

    @property
    def sides(self) -> Sides[KnowledgeGraph]:
        """The left and the right graph."""
        return Sides(self.left, self.right)

    def without_links(self) -> AlignmentTask:
        """Return the task without its labels: without gold links and without human-made groups."""
        return replace(
            self, left=replace(self.left, groups=()), right=replace(self.right, groups=()), links=None
        )

    def blind(self) -> AlignmentTask:
        """Return the task as a miner or an aligner may see it: without whatever could reveal gold links.

        Labels, which are gold links and human-made groups, are removed. So are identifiers, because equal
        ones on both sides, such as equal URIs, reveal gold links; the ids and the order of the files, which
        can reveal them, too; and the parameters, from which a random order could be drawn again.
        """
        left, right = self.without_links().sides.map(
            lambda graph: replace(
                graph,
                entities=tuple(map(str, range(graph.n_entities))),
                ids=np.arange(graph.n_entities),
                file_order=None,
            )
        )
        return replace(self, left=left, right=right, links=None, parameters={})

    def take(self, left: IntArray, right: IntArray) -> AlignmentTask:
        """Return the task restricted to some of its entities, renumbered, with the gold links between them.

        Parameters
        ----------
        left, right
            Indices of the entities to keep on each side, unique, in their new order.
        """
        links = self.links
        if links is not None:
            new = positions(left, self.left.n_entities), positions(right, self.right.n_entities)
            links = np.column_stack([new[0][links[:, 0]], new[1][links[:, 1]]])
            links = links[(links >= 0).all(axis=1)]
        return replace(self, left=self.left.take(left), right=self.right.take(right), links=links)
