"""The features of a task: one array per modality and side, and masks for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from psqe.errors import DataError, ParameterError
from psqe.files import atomic_path
from psqe.graph import SIDES, AlignmentTask, BoolArray, FloatArray, IntArray, Sides, Vectors


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
        return int(self.left.values.shape[1])

    def take(self, left: IntArray, right: IntArray) -> Modality:
        """Return the vectors of the entities ``left`` and ``right`` (indices), in that order."""
        return Modality(self.left.take(left), self.right.take(right))


class Features(Mapping[str, Modality]):
    """A read-only mapping from the name of a modality to its :class:`Modality`.

    :func:`~psqe.features.build.build_features`, :meth:`from_arrays` and :meth:`load` make features.

    Parameters
    ----------
    modalities
        The modalities by name, at least one, all with the same numbers of entities.

    Raises
    ------
    ParameterError
        If there is no modality.
    DataError
        If the modalities disagree on the number of entities.

    Examples
    --------
    >>> features = Features.from_arrays({"image_left": [[1, 0], [0, 1]], "image_right": [[1, 1]]})
    >>> features
    Features(image: 2-d, 2/2 left, 1/1 right)
    >>> features.shape, features["image"].dim
    ((2, 1), 2)
    """

    def __init__(self, modalities: Mapping[str, Modality]) -> None:
        if not modalities:
            raise ParameterError("no modality given", remedy="name at least one, for example image")
        sizes = {(len(m.left), len(m.right)) for m in modalities.values()}
        if len(sizes) > 1:
            raise DataError(f"modalities disagree on the number of entities: {sorted(sizes)}")
        self._modalities = dict(modalities)

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
        return Features({name: self[name] for name in modalities})

    def take(self, left: IntArray, right: IntArray) -> Features:
        """Return the vectors of the entities ``left`` and ``right`` (indices), in that order."""
        return Features({name: m.take(left, right) for name, m in self.items()})

    def check(self, task: AlignmentTask) -> None:
        """Raise :class:`DataError` unless the features have one row per entity of ``task``."""
        wanted = (task.left.n_entities, task.right.n_entities)
        if self.shape != wanted:
            raise DataError(
                f"features have {self.shape[0]} left and {self.shape[1]} right rows, but {task.name!r} has "
                f"{wanted[0]} and {wanted[1]} entities",
                remedy="give one row per entity, in the order of the task's entities",
            )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> Features:
        """Make features from arrays of the user.

        Parameters
        ----------
        arrays
            ``<modality>_left`` ``(n_left, d)`` and ``<modality>_right`` ``(n_right, d)``, and optionally
            the boolean masks ``<modality>_left_present`` ``(n_left,)`` and ``<modality>_right_present``
            ``(n_right,)``. Without a mask every entity counts as present. Rows are in the order of the
            entities of the task.

        Raises
        ------
        DataError
            If a key has no partner or an unknown form, an array has the wrong shape or type, or a
            present row is not finite or all zero.
        """
        names = [key.removesuffix("_left") for key in arrays if key.endswith("_left")]
        known = {
            f"{name}{suffix}"
            for name in names
            for suffix in ("_left", "_right", "_left_present", "_right_present")
        }
        for key in arrays:
            if key not in known:
                raise DataError(
                    f"array {key!r} has an unknown name",
                    remedy="name arrays <modality>_left, <modality>_right, <modality>_left_present, "
                    "<modality>_right_present",
                )
        modalities: dict[str, Modality] = {}
        for name in names:
            sides: list[Vectors] = []
            for side in SIDES:
                key = f"{name}_{side}"
                if key not in arrays:
                    raise DataError(f"array {key!r} is missing", remedy=f"add it beside {name}_left")
                sides.append(_checked(key, arrays[key], arrays.get(f"{key}_present")))
            left, right = (vectors.values.shape[1] for vectors in sides)
            if left != right:
                raise DataError(
                    f"modality {name!r} has {left} dimensions on the left and {right} on the right"
                )
            modalities[name] = Modality(*sides)
        if not modalities:
            raise DataError("no array named <modality>_left was given")
        return cls(modalities)

    @classmethod
    def load(cls, path: str | Path) -> Features:
        """Read an ``.npz`` file with the keys of :meth:`from_arrays`.

        Raises
        ------
        DataError
            If the file is missing, is no ``.npz``, holds Python objects, or breaks a rule of
            :meth:`from_arrays`.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        except Exception as error:  # np.load raises many kinds of errors for a file that is no .npz
            raise DataError(
                f"cannot be read as a feature file ({type(error).__name__}: {error})",
                path=path,
                remedy="save it with numpy.savez(path, image_left=..., image_right=...)",
            ) from error
        try:
            return cls.from_arrays(arrays)
        except DataError as error:
            raise DataError(error.what, path=path, remedy=error.remedy) from error

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file that :meth:`load` reads back exactly."""
        arrays: dict[str, FloatArray | BoolArray] = {}
        for name, m in self.items():
            for side in SIDES:
                arrays[f"{name}_{side}"] = m[side].values
                arrays[f"{name}_{side}_present"] = m[side].present
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]


def _checked(key: str, values: ArrayLike, mask: ArrayLike | None) -> Vectors:
    """Return one side of a modality after all checks, in float32, its absent rows set to zero."""
    array = np.asarray(values)
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise DataError(
            f"array {key!r} has shape {array.shape} and type {array.dtype}; expected numbers (n, d)"
        )
    array = np.array(array, dtype=np.float32)
    present = np.ones(len(array), dtype=bool) if mask is None else np.asarray(mask)
    if present.shape != (len(array),) or present.dtype != np.bool_:
        raise DataError(f"mask '{key}_present' must be boolean with {len(array)} entries")
    bad = present & ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise DataError(
            f"array {key!r} has {bad.sum()} rows that are not finite, first row {int(bad.argmax())}"
        )
    empty = present & ~array.any(axis=1)
    if empty.any():
        raise DataError(
            f"array {key!r} has {empty.sum()} rows of zeros, first row {int(empty.argmax())}",
            remedy=f"mark missing entities in '{key}_present'",
        )
    array[~present] = 0.0
    return Vectors(array, np.array(present))
