"""Vectors as files give them, a row for each entity, and their way to the entities of a task.

A row names its entity by an identifier. Where rows have no identifiers, they are in the order of the file
that lists the entities (:class:`psqe.graph.FileOrder`). The order in which a task has them never counts,
because loading changes it.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from psqe.errors import DataError, PsqeWarning
from psqe.graph import (
    SIDES,
    AlignmentTask,
    BoolArray,
    FloatArray,
    IntArray,
    KnowledgeGraph,
    Side,
    Sides,
    Vectors,
    counted,
    in_number,
)

NAME_ROWS = (
    "name the entity of each row, by the keys left_entities and right_entities of an .npz file or by a "
    "column "
    "entity of a table"
)

SEVERAL = 5
"""Number of vectors from which it is no accident that all of them are equal."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Vectors of one modality and side, a row for each entity, before the entities of a task are known.

    Parameters
    ----------
    values
        Float32 array ``(m, d)``; the rows of absent entities are zero.
    present
        Boolean array ``(m,)``: whether each row is a vector.
    entities
        The identifier of each row, or ``None`` where the rows have none.
    place
        Where the rows are, for messages, such as ``array 'image_left'``.

    Examples
    --------
    >>> Rows(np.ones((1, 2), np.float32), np.array([True]), ("rome",), "array 'image_left'").entities
    ('rome',)
    """

    values: FloatArray
    present: BoolArray
    entities: tuple[str, ...] | None
    place: str


@dataclass(frozen=True, eq=False)
class GivenVectors:
    """The rows of all modalities of a file or of two, before the entities of a task are known.

    Parameters
    ----------
    path
        The file, for messages.
    modalities
        The rows of both sides by modality.
    together
        Whether the rows of both sides are in one list: then each row belongs to the side that has its entity.

    Examples
    --------
    >>> rows = Rows(np.ones((1, 2), np.float32), np.array([True]), ("rome",), "array 'image_left'")
    >>> sorted(GivenVectors(Path("f.npz"), {"image": Sides(rows, rows)}).modalities)
    ['image']
    """

    path: Path | None
    modalities: Mapping[str, Sides[Rows]]
    together: bool = False

    def matched(self, task: AlignmentTask) -> dict[str, Sides[Vectors]]:
        """Give each entity of a task its row, by its identifier or by the order of the files.

        Returns
        -------
        The vectors of both sides by modality, in the order of the task's entities. Entities without a row are
        absent.

        Raises
        ------
        DataError
            If no identifier of a side is an entity, two rows have one entity, or rows without identifiers
            are not as many as the entities in the file that lists them.

        Warns
        -----
        PsqeWarning
            If rows name no entity, candidates have no row, all vectors are equal, or the order of the files
            was taken.
        """
        told: set[str] = set()
        orders: list[str] = []
        found: dict[str, Sides[Vectors]] = {}
        lookups = task.sides.map(_Lookup)
        known: dict[tuple[int, Side], IntArray] = {}
        for name, sides in self.modalities.items():
            vectors = []
            for side in SIDES:
                rows = sides[side]
                key = (id(rows.entities), side)
                if rows.entities is None:
                    places = self._by_order(rows, task.sides[side], orders)
                elif key in known:
                    places = known[key]
                else:
                    places = known[key] = self._by_identifier(rows, side, task, lookups, told)
                vectors.append(_taken(rows, places))
                self._tell_equal(rows, told)
            found[name] = Sides(*vectors)
        if orders:
            files = " and ".join(dict.fromkeys(orders))
            told.add(
                f"{self.path}: rows without identifiers are taken in the order of {files}; to be sure, "
                f"{NAME_ROWS}"
            )
        for message in sorted(told):
            warnings.warn(message, PsqeWarning, stacklevel=4)
        return found

    def _tell_equal(self, rows: Rows, told: set[str]) -> None:
        """Note that all vectors are equal, so that they tell no two entities apart."""
        values = rows.values[rows.present]
        if len(values) >= SEVERAL and (values == values[0]).all():
            told.add(
                f"{self.path}: all {len(values):,} vectors of {rows.place} are equal, so that they tell no "
                "two entities apart; compute them again, or leave them out of the file"
            )

    def _by_order(self, rows: Rows, graph: KnowledgeGraph, orders: list[str]) -> IntArray:
        """Return the row of each entity, by the order of the file that lists the entities; -1 for none."""
        order, n = graph.file_order, len(rows.values)
        if order is None:
            raise self._fault(
                f"the rows of {rows.place} have no identifiers, and no file gives the {graph.n_entities} "
                "entities of "
                f"{graph.name!r} an order",
                NAME_ROWS,
            )
        if n != order.n_rows:
            transposed = rows.values.shape[1] == order.n_rows
            raise self._fault(
                f"{rows.place} has {counted(n, 'row')} without identifiers, but {order.file} lists "
                f"{counted(order.n_rows, 'entity')}",
                "give its transpose" if transposed else f"give one row for each of them, or {NAME_ROWS}",
            )
        if order.other_file is not None:
            raise self._fault(
                f"the rows of {rows.place} have no identifiers, and {order.file} and {order.other_file} list "
                f"{counted(n, 'entity')} in different orders",
                NAME_ROWS,
            )
        orders.append(order.file)
        return order.rows

    def _by_identifier(
        self, rows: Rows, side: Side, task: AlignmentTask, lookups: Sides[_Lookup], told: set[str]
    ) -> IntArray:
        """Return the row of each entity of a side, by the identifiers of the rows; -1 for none."""
        entities, graph = rows.entities or (), task.sides[side]
        found = lookups[side].find(entities)
        other = lookups["right" if side == "left" else "left"].find(entities)
        n = int((found >= 0).sum())
        if not n:
            hint = f"give other rows, with the identifiers of the {side} graph"
            if (other >= 0).any() and not self.together:
                hint = "exchange left and right"
            raise self._fault(
                f"no row of {rows.place} names an entity of the {side} graph: the first row is of "
                f"{_first(entities)}, and the graph has {graph.entities[0]!r:.80}" if len(entities)
                else f"{rows.place} has no row", hint,
            )  # fmt: skip
        if self.together and ((found >= 0) & (other >= 0)).any():
            both = entities[int(np.flatnonzero((found >= 0) & (other >= 0))[0])]
            raise self._fault(
                f"{both!r:.80} is an entity of both graphs, so its row may belong to either",
                "add a column side with the words left and right, or give a file for each side",
            )
        places = np.full(graph.n_entities, -1, dtype=np.int64)
        hits = np.flatnonzero(found >= 0)
        places[found[hits][::-1]] = hits[::-1]
        twice = hits[places[found[hits]] != hits]
        if len(twice):
            second = int(twice[0])
            raise self._fault(
                f"rows {int(places[found[second]])} and {second} (from 0) of {rows.place} are both of entity "
                f"{entities[second]!r:.80}",
                "keep one row for each entity",
            )
        self._tell(rows, (found < 0) & (other < 0) if self.together else found < 0, places, side, graph, told)
        return places

    def _tell(
        self,
        rows: Rows,
        unknown: BoolArray,
        places: IntArray,
        side: Side,
        graph: KnowledgeGraph,
        told: set[str],
    ) -> None:
        """Note the rows that name no entity, and the candidates that have no row."""
        entities = rows.entities or ()
        without = graph.candidates[places[graph.candidates] < 0]
        if unknown.any() and (side == "left" or not self.together):
            strange = entities[int(unknown.argmax())]
            sample = [graph.entities[i] for i in without[:1000].tolist()]
            like = [*get_close_matches(strange[:200], sample, 1, 0.5), *sample, graph.entities[0]][0]
            whose = "either graph" if self.together else f"the {side} graph"
            n = int(unknown.sum())
            told.add(
                f"{self.path}: {n:,} of the {counted(len(entities), 'row')} of {rows.place} "
                f"{in_number(n, 'names')} no entity of {whose} and {in_number(n, 'is')} left out, for "
                f"example {strange!r:.80}; identifiers are written as {like!r:.80}"
            )
        if len(without):
            told.add(
                f"{self.path}: {len(without):,} of {len(graph.candidates):,} {side} candidates have no "
                "row in "
                f"{rows.place} and count as entities without a vector, for example "
                f"{graph.entities[int(without[0])]!r:.80}"
            )

    def _fault(self, what: str, remedy: str) -> DataError:
        return DataError(what, path=self.path, remedy=remedy)


class _Lookup:
    """The way from an identifier, however it is written, to the index of an entity."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.exact = graph.index()
        self.plain: dict[str, int] = {}
        for entity, i in self.exact.items():
            self.plain[_plain(entity)] = -1 if _plain(entity) in self.plain else i
        order = graph.file_order
        has_ids = order is not None and order.has_ids
        self.ids = {str(key): i for i, key in enumerate(graph.ids.tolist())} if has_ids else {}

    def find(self, entities: Sequence[str]) -> IntArray:
        """Return the index of each entity, -1 where there is none: by identifier or, if none fits, by id."""
        found = [self.exact.get(entity, self.plain.get(_plain(entity), -1)) for entity in entities]
        if self.ids and all(i < 0 for i in found):
            found = [self.ids.get(entity, -1) for entity in entities]
        return np.array(found, dtype=np.int64)


def _plain(identifier: str) -> str:
    """Return an identifier without what depends on the tool that wrote it: composition and brackets."""
    text = identifier.strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    return unicodedata.normalize("NFC", text)


def _first(entities: Sequence[str]) -> str:
    return f"{entities[0]!r:.80}"


def _taken(rows: Rows, places: IntArray) -> Vectors:
    """Return the rows at ``places``; zero and absent where a place is -1."""
    present = (places >= 0) & rows.present[places] if len(rows.present) else np.zeros(len(places), dtype=bool)
    values = np.zeros((len(places), rows.values.shape[1]), dtype=np.float32)
    values[present] = rows.values[places[present]]
    return Vectors(values, present)


# ---- checks of what a file holds


def identifiers(given: ArrayLike, place: str) -> tuple[str, ...]:
    """Return identifiers as texts.

    Parameters
    ----------
    given
        Texts or integers ``(m,)``.
    place
        Where they are, for messages.

    Raises
    ------
    DataError
        If they are something else, or one of them is missing.

    Examples
    --------
    >>> identifiers(np.array([3, 14]), "array 'left_entities'")
    ('3', '14')
    """
    array = np.asarray(given)
    kind: str = array.dtype.kind
    if array.ndim == 2 and 1 in array.shape:
        array = array.ravel()
    if kind == "f" and array.ndim == 1 and np.isfinite(array).all() and (array % 1 == 0).all():
        array, kind = array.astype(np.int64), "i"
    if array.ndim != 1:
        kind = "wrong"
    values = array.tolist()
    if kind == "S":
        values = np.char.decode(array, "utf-8", "replace").tolist()
    elif kind in "iu":
        values = [str(value) for value in values]
    elif kind == "O":
        values = [
            str(v) if isinstance(v, int | np.integer) and not isinstance(v, bool) else v for v in values
        ]
    if not all(isinstance(value, str) and value for value in values):
        raise DataError(
            f"{place} has shape {array.shape} and type {array.dtype}; expected a text or an integer for "
            "each row",
            remedy="convert it, as by .astype(str), and leave no identifier empty",
        )
    return tuple(values)


def checked_rows(
    place: str, given: ArrayLike, mask: ArrayLike | None, entities: tuple[str, ...] | None, *, remedy: str
) -> Rows:
    """Return rows after all checks, in float32, those of absent entities set to zero.

    Parameters
    ----------
    place
        Where the rows are, for messages.
    given
        The vectors, numbers ``(m, d)``.
    mask
        Boolean array ``(m,)`` of the rows that are vectors; all of them when ``None``.
    entities
        The identifiers of the rows, or ``None``.
    remedy
        What to do about rows that are no vectors.

    Raises
    ------
    DataError
        If the shape or the type is wrong, or a present row is not finite or all zero.
    """
    array = np.asarray(given)
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        cure = "save it as .astype('float32')"
        if array.dtype.kind in "fiu":
            cure = (
                f"reshape it, as by .reshape({len(array)}, -1)"
                if array.ndim
                else "give a row for each entity"
            )
        raise DataError(
            f"{place} has shape {array.shape} and type {array.dtype}; expected numbers (n, d)", remedy=cure
        )
    if not array.shape[1]:
        raise DataError(f"{place} has no columns", remedy="give vectors of at least one dimension")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is reported
        values = np.array(array, dtype=np.float32, order="C")
    present = np.ones(len(values), dtype=bool) if mask is None else np.array(mask)
    if present.dtype.kind in "iu" and np.isin(present, (0, 1)).all():
        present = present.astype(bool)
    if present.shape != (len(values),) or present.dtype != np.bool_:
        raise DataError(
            f"the mask of {place} must be boolean with {counted(len(values), 'entry')}",
            remedy="save it as mask.astype(bool), an entry for each row",
        )
    if entities is not None and len(entities) != len(values):
        raise DataError(
            f"{place} has {counted(len(values), 'row')} and {counted(len(entities), 'identifier')}",
            remedy="give one identifier for each row",
        )
    bad = present & ~np.isfinite(values).all(axis=1)
    if bad.any():
        row, n = int(bad.argmax()), int(bad.sum())
        why = f"{in_number(n, 'holds')} numbers too large for 32 bits"
        if not np.isfinite(array[row]).all():
            why = f"{in_number(n, 'is')} not finite"
        raise DataError(f"{place} has {counted(n, 'row')} that {why}, first row {row}", remedy=remedy)
    empty = present & ~values.any(axis=1)
    if empty.any():
        raise DataError(
            f"{place} has {counted(int(empty.sum()), 'row')} of zeros, first row {int(empty.argmax())}",
            remedy=remedy,
        )
    values[~present] = 0.0
    return Rows(values, present, entities, place)
