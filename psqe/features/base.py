"""The features of a task: one array per modality and side, and masks for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psqe.errors import DataError, ParameterError
from psqe.features.rows import GivenVectors, Rows
from psqe.features.vector_files import given_arrays, read_given
from psqe.files import atomic_path
from psqe.graph import (
    SIDES,
    AlignmentTask,
    BoolArray,
    FloatArray,
    IntArray,
    Sides,
    Vectors,
    check_modality_name,
)


@dataclass(frozen=True, eq=False)
class Modality(Sides[Vectors]):
    """The vectors of one modality on both sides, one row for every entity of a graph.

    Rows of entities without the modality are zero and marked absent; nothing is filled in.

    Parameters
    ----------
    left, right
        Vectors ``(n_left, d)`` and ``(n_right, d)`` of the same width.

    Examples
    --------
    >>> import numpy as np
    >>> ones = Vectors(np.ones((2, 3), dtype=np.float32), np.array([True, True]))
    >>> Modality(ones, ones).dim
    3
    """

    @classmethod
    def from_arrays(
        cls,
        left: FloatArray,
        right: FloatArray,
        left_present: BoolArray | None = None,
        right_present: BoolArray | None = None,
    ) -> Modality:
        """Make a modality from arrays.

        Parameters
        ----------
        left, right
            Vectors of both sides, float32 ``(n_left, d)`` and ``(n_right, d)``.
        left_present, right_present
            Masks ``(n_left,)`` and ``(n_right,)`` of the entities that have a vector. Without a mask, rows
            that are all zero are absent.
        """
        return cls(
            *(
                Vectors(values, np.any(values, axis=1) if mask is None else mask)
                for values, mask in ((left, left_present), (right, right_present))
            )
        )

    @property
    def dim(self) -> int:
        """Number of dimensions ``d``."""
        return self.left.width

    def take(self, left: IntArray, right: IntArray) -> Modality:
        """Return the vectors of the entities ``left`` and ``right`` (indices), in that order."""
        return Modality(self.left.take(left), self.right.take(right))


class Features(Mapping[str, Modality]):
    """A read-only mapping from the name of a modality to its :class:`Modality`.

    :func:`~psqe.features.build.build_features`, :meth:`from_arrays` and :meth:`load` make features. Those of
    :func:`~psqe.features.build.build_features` name the entity of each row.

    Parameters
    ----------
    modalities
        The modalities by name, at least one, all with the same numbers of entities. The name ``all`` is not
        allowed, because it stands for all modalities together (:data:`psqe.graph.ALL_MODALITIES`).
    entities
        The identifiers of the entities of both sides, in the order of the rows, by which :meth:`matched`
        finds the rows of a task's entities; ``None``, the default, where rows are in the order of a task's
        entities.
    source
        The file whose rows have no identifiers and are in its own order; ``None`` for all other features.

    Raises
    ------
    ParameterError
        If there is no modality.
    DataError
        If a modality is called ``all``, or the modalities or the identifiers disagree on the number of
        entities.

    Examples
    --------
    >>> features = Features.from_arrays({"image_left": [[1, 0], [0, 1]], "image_right": [[1, 1]]})
    >>> features
    Features(image: 2-d, 2/2 left, 1/1 right)
    >>> features.shape, features["image"].dim
    ((2, 1), 2)
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        entities: Sides[tuple[str, ...]] | None = None,
        *,
        source: Path | None = None,
    ) -> None:
        if not modalities:
            raise ParameterError("no modality given", remedy="name at least one, for example image")
        for name in modalities:
            check_modality_name(name)
        sizes = {(len(m.left), len(m.right)) for m in modalities.values()}
        if len(sizes) > 1:
            raise DataError(
                f"modalities disagree on the number of entities: {sorted(sizes)}",
                remedy="give one row per entity in each modality, or name the entities of the rows in a file",
            )
        self._modalities = dict(modalities)
        self._source = source
        self.entities = entities
        if entities is not None and (len(entities.left), len(entities.right)) != self.shape:
            raise DataError(
                f"{len(entities.left)} and {len(entities.right)} identifiers for {self.shape} rows",
                remedy="give one identifier for each row",
            )

    def __getitem__(self, key: str) -> Modality:
        return self._modalities[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modalities)

    def __len__(self) -> int:
        return len(self._modalities)

    def __repr__(self) -> str:
        parts = (
            f"{name}: {m.dim}-d, {m.left.present.sum():,}/{len(m.left):,} left, "
            f"{m.right.present.sum():,}/{len(m.right):,} right"
            for name, m in self.items()
        )
        return f"Features({'; '.join(parts)})"

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows, ``(n_left, n_right)``: one row for each entity of a side."""
        first = next(iter(self._modalities.values()))
        return len(first.left), len(first.right)

    def select(self, modalities: list[str] | tuple[str, ...]) -> Features:
        """Return features of the named modalities alone, in that order.

        Raises
        ------
        ParameterError
            If there is no modality of one of the names, or no name is given.
        """
        for name in modalities:
            if name not in self:
                raise ParameterError(
                    f"there is no modality {name!r} in the features", remedy=f"choose from {', '.join(self)}"
                )
        return Features({name: self[name] for name in modalities}, self.entities, source=self._source)

    def take(self, left: IntArray, right: IntArray) -> Features:
        """Return the vectors of the entities ``left`` and ``right`` (indices), in that order."""
        entities = None
        if self.entities is not None:
            entities = self.entities.map(
                lambda names, order: tuple(names[i] for i in order), Sides(left, right)
            )
        return Features({name: m.take(left, right) for name, m in self.items()}, entities)

    def blind(self) -> Features:
        """Return the features without the identifiers of the entities, as miners and aligners see them."""
        return self if self.entities is None else Features(self._modalities)

    def matched(self, task: AlignmentTask) -> Features:
        """Return the features with one row per entity of a task, in the order of the task's entities.

        Rows whose entities are named are found by their identifiers, and rows of a file without
        identifiers by the order of the files of the task. Other features are in the order of the task's
        entities already.

        Parameters
        ----------
        task
            The two graphs.

        Raises
        ------
        DataError
            If the rows do not fit the task, see :meth:`psqe.features.rows.GivenVectors.matched`.

        Warns
        -----
        PsqeWarning
            If rows name no entity, candidates have no row, or the order of the files was taken.

        Examples
        --------
        >>> from psqe.graph import KnowledgeGraph
        >>> left, right = (KnowledgeGraph(side, (f"{side} a", f"{side} b"), (), []) for side in SIDES)
        >>> features = Features.from_arrays({
        ...     "image_left": [[1], [2]], "left_entities": ["left b", "left a"],
        ...     "image_right": [[3], [4]], "right_entities": ["right a", "right b"],
        ... })
        >>> features.matched(AlignmentTask("pair", left, right))["image"].left.values.tolist()
        [[2.0], [1.0]]
        """
        names = task.sides.map(lambda graph: graph.entities)
        named = self.entities
        if named is None and self._source is None:
            self.check(task)
            return self
        if named is not None and all(ours == theirs for ours, theirs in zip(named, names, strict=True)):
            return self
        labels: Sides[tuple[str, ...] | None] = Sides(None, None) if named is None else Sides(*named)
        given = {
            name: Sides(
                *(
                    Rows(m[side].values, m[side].present, labels[side], f"array '{name}_{side}'")
                    for side in SIDES
                )
            )
            for name, m in self.items()
        }
        return Features.from_given(GivenVectors(self._source, given), task)

    def check(self, task: AlignmentTask) -> None:
        """Raise :class:`DataError` unless the features have one row per entity of ``task``, in its order."""
        wanted = (task.left.n_entities, task.right.n_entities)
        if self._source is not None:
            raise DataError(
                "the rows of the features have no identifiers, so they are in the order of the files and "
                "not in "
                f"that of the entities of {task.name!r}",
                path=self._source,
                remedy="read them by Features.load(path, task), or take features.matched(task)",
            )
        if self.shape != wanted:
            raise DataError(
                f"features have {self.shape[0]} left and {self.shape[1]} right rows, but {task.name!r} has "
                f"{wanted[0]} and {wanted[1]} entities",
                remedy="give one row per entity, in the order of the task's entities",
            )
        names = task.sides.map(lambda graph: graph.entities)
        if self.entities is not None and (self.entities.left, self.entities.right) != (*names,):
            raise DataError(
                f"the rows of the features are of other entities than those of {task.name!r}, or in "
                "another order",
                remedy="take features.matched(task)",
            )

    @classmethod
    def from_given(cls, given: GivenVectors, task: AlignmentTask) -> Features:
        """Make features of rows that name their entities, for the entities of a task.

        Parameters
        ----------
        given
            The rows of a file.
        task
            The two graphs.
        """
        vectors = {name: Modality(*sides) for name, sides in given.matched(task).items()}
        for name, modality in vectors.items():
            for side in SIDES:
                if not modality[side].present.any():
                    raise DataError(
                        f"no {side} entity has a vector of modality {name!r}",
                        path=given.path,
                        remedy="leave this modality out, or give vectors of both sides",
                    )
        return cls(vectors, task.sides.map(lambda graph: graph.entities))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> Features:
        """Make features from arrays of the user.

        Parameters
        ----------
        arrays
            ``<modality>_left`` ``(n_left, d)`` and ``<modality>_right`` ``(n_right, d)``, and optionally
            the boolean masks ``<modality>_left_present`` ``(n_left,)`` and ``<modality>_right_present``
            ``(n_right,)``. Without a mask every entity counts as present. Rows are in the order of the
            entities of the task, unless ``left_entities`` ``(n_left,)`` and ``right_entities`` ``(n_right,)``
            name the entity of each row; then :func:`psqe.align` and :meth:`matched` find the rows.

        Raises
        ------
        DataError
            If a key has no partner or an unknown form, an array has the wrong shape or type, or a
            present row is not finite or all zero.
        """
        return cls._unmatched(given_arrays(arrays))

    @classmethod
    def _unmatched(cls, given: GivenVectors) -> Features:
        """Make features of rows in their own order, which must be the same in all modalities."""
        labels = {tuple(rows.entities for rows in sides) for sides in given.modalities.values()}
        left, right = labels.pop()
        if labels or given.together or (left is None) != (right is None):
            raise DataError(
                "the modalities or the sides of the features name different entities",
                path=given.path,
                remedy="read them for a task, by Features.load(path, task)",
            )
        modalities = {
            name: Modality(*sides.map(lambda rows: Vectors(rows.values, rows.present)))
            for name, sides in given.modalities.items()
        }
        if left is None or right is None:
            return cls(modalities, source=given.path)
        return cls(modalities, Sides(left, right))

    @classmethod
    def load(
        cls, path: str | Path, task: AlignmentTask | None = None, *, right: str | Path | None = None
    ) -> Features:
        """Read features from one file, or from one for each side.

        Rows name their entities by identifiers. Rows without identifiers are in the order of the file that
        lists the entities, which is ``ent_ids_1`` or ``names.tsv``; a task keeps that order when its
        entities are shuffled.

        Parameters
        ----------
        path
            A file in a form of :mod:`psqe.features.vector_files`, such as an ``.npz`` file with the keys of
            :meth:`from_arrays`; that of the left side where ``right`` is given.
        task
            The two graphs to whose entities the rows are matched; ``None``, the default, keeps the rows as
            they are. :func:`psqe.align` matches them then.
        right
            File of the right side; ``None``, the default, if ``path`` has both sides.

        Raises
        ------
        DataError
            If the file is missing, of an unknown form or broken, holds Python objects, or breaks a rule of
            :meth:`from_arrays`; or if its rows do not fit the task.

        Warns
        -----
        PsqeWarning
            If rows name no entity, candidates have no row, or the order of the files was taken.
        """
        given = read_given(path, right)
        return cls._unmatched(given) if task is None else cls.from_given(given, task)

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file that :meth:`load` reads back exactly, identifiers included."""
        arrays: dict[str, FloatArray | BoolArray | NDArray[np.str_]] = {}
        for name, m in self.items():
            for side in SIDES:
                arrays[f"{name}_{side}"] = m[side].values
                arrays[f"{name}_{side}_present"] = m[side].present
        if self.entities is not None:
            arrays |= {f"{side}_entities": np.array(self.entities[side], dtype=str) for side in SIDES}
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
