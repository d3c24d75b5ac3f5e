"""The files in which vectors of the user's own come: NumPy's, tables, and EVA's pickles.

=========================  ===============================================================================
file                       content
=========================  ===============================================================================
``.npz``                   arrays ``<modality>_left`` and ``<modality>_right`` with a row for each entity;
                           ``left_entities`` and ``right_entities``, or ``<modality>_left_entities``: the
                           identifier of each row; ``<modality>_left_present``: which rows are vectors
``.csv``, ``.tsv``,        a table with a row for each entity, see :mod:`psqe.features.vector_tables`
``.txt``, ``.parquet``
``.pkl``                   a dictionary from an id or an identifier to a vector
two files, left and right  ``.npy`` with a row for each entity; ``.npz`` with arrays ``entities`` and one for
                           each modality; tables; pickles
=========================  ===============================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from psqe.errors import DataError
from psqe.features.array_files import read_npy, read_npz
from psqe.features.rows import GivenVectors, Rows, checked_rows, identifiers
from psqe.features.vector_tables import (
    ENTITY_WORDS,
    MODALITY,
    PARQUET_ENDINGS,
    TEXT_ENDINGS,
    Table,
    read_table,
)
from psqe.graph import SIDES, Sides, check_modality_name
from psqe.vector_pickles import read_dictionary

PICKLE_ENDINGS = (".pkl", ".pickle")
ENDINGS = (".npz", ".npy", *TEXT_ENDINGS, *PARQUET_ENDINGS, *PICKLE_ENDINGS)
KEYS = "<modality>_left, <modality>_right, <modality>_left_present, <modality>_right_present, left_entities, "
KIND = re.compile(r".+_id_(?P<kind>[a-z]+)_feature_dict", re.IGNORECASE)
KINDS = {"img": "image", "txt": "text"}


def read_given(path: str | Path, right: str | Path | None = None) -> GivenVectors:
    """Read the vectors of both sides from one file, or from one for each side.

    Parameters
    ----------
    path
        A file in one of the forms above: of both sides, or of the left side where ``right`` is given.
    right
        The file of the right side.

    Returns
    -------
    The rows of each modality, which are not matched to entities yet.

    Raises
    ------
    DataError
        If a file is missing, of an unknown form or broken; if an array has the wrong shape or type; or if a
        row that counts is not finite or all zero.
    """
    path = Path(path)
    if right is not None:
        for file in (path, Path(right)):  # a missing file is told before the other one is read
            _ending(file)
        sides = [_one_side(Path(file), side) for file, side in zip((path, right), SIDES, strict=True)]
        return GivenVectors(path, _paired(sides[0], sides[1], path))
    ending = _ending(path)
    if ending == ".npz":
        return given_arrays(read_npz(path), path)
    if ending == ".npy":
        raise DataError(
            "has one array, so it is of one side", path=path, remedy="give two files, the left one first"
        )
    table = _pickle(path) if ending in PICKLE_ENDINGS else read_table(path)
    if table.sides is not None:
        left, other = (_of_table(table, path, side) for side in SIDES)
        return GivenVectors(path, _paired(left, other, path))
    rows = _of_table(table, path, None)
    if table.entities is None:
        raise DataError(
            "does not say of which entity and of which side each row is",
            path=path,
            remedy="add a column entity, or give two files, the left one first",
        )
    return GivenVectors(path, {name: Sides(one, one) for name, one in rows.items()}, together=True)


def given_arrays(arrays: Mapping[str, ArrayLike], path: Path | None = None) -> GivenVectors:
    """Check arrays under the keys of an ``.npz`` file.

    Parameters
    ----------
    arrays
        The arrays by key, see :meth:`psqe.features.Features.from_arrays`.
    path
        The file they are from, for messages; ``None`` if they are from none.

    Raises
    ------
    DataError
        If a key has no partner or an unknown form, or an array has the wrong shape, type or content.
    """
    try:
        return GivenVectors(path, _by_keys(arrays))
    except DataError as error:
        raise error if path is None else DataError(error.what, path=path, remedy=error.remedy) from error


def _by_keys(arrays: Mapping[str, ArrayLike]) -> dict[str, Sides[Rows]]:
    names = [key.removesuffix("_left") for key in arrays if key.endswith("_left")]
    stems = [*SIDES, *(f"{name}_{side}" for name in names for side in SIDES)]
    named = {f"{stem}_{word}": stem for stem in stems for word in ("entities", "ids")}
    known = {f"{name}_{side}{end}" for name in names for side in SIDES for end in ("", "_present")}
    for key in arrays:
        if key not in known and key not in named:
            raise DataError(f"array {key!r} has an unknown name", remedy=f"name arrays {KEYS}right_entities")
    given: dict[str, tuple[str, ...]] = {}
    for key, stem in named.items():
        if key in arrays and stem in given:
            raise DataError(f"there are {stem}_entities and {key}", remedy="keep one of them")
        if key in arrays:
            given[stem] = identifiers(arrays[key], f"array {key!r}")
    modalities: dict[str, Sides[Rows]] = {}
    for name in names:
        sides: list[Rows] = []
        for side in SIDES:
            key = f"{name}_{side}"
            if key not in arrays:
                raise DataError(f"array {key!r} is missing", remedy=f"add it beside {name}_left")
            remedy = f"mark missing entities in '{key}_present', False for each of them"
            entities = given.get(key, given.get(side))
            mask = arrays.get(f"{key}_present")
            sides.append(checked_rows(f"array {key!r}", arrays[key], mask, entities, remedy=remedy))
        modalities[name] = _fitting(name, *sides)
    if not modalities:
        raise DataError(
            "no array named <modality>_left was given", remedy=f"name arrays {KEYS}right_entities"
        )
    return modalities


def _fitting(name: str, left: Rows, right: Rows) -> Sides[Rows]:
    """Return the rows of both sides of a modality, which must have the same number of dimensions."""
    check_modality_name(name)
    n_left, n_right = left.values.shape[1], right.values.shape[1]
    if n_left != n_right:
        raise DataError(
            f"modality {name!r} has {n_left} dimensions on the left and {n_right} on the right",
            remedy="encode both sides by one encoder",
        )
    return Sides(left, right)


def _paired(left: Mapping[str, Rows], right: Mapping[str, Rows], path: Path) -> dict[str, Sides[Rows]]:
    if left.keys() != right.keys():
        if len(left) == len(right) == 1 and MODALITY in (*left, *right):
            name = next(name for name in (*left, *right) if name != MODALITY)
            return _paired({name: next(iter(left.values()))}, {name: next(iter(right.values()))}, path)
        raise DataError(
            f"has the modalities {', '.join(sorted(left))} on the left and {', '.join(sorted(right))} on "
            "the right",
            path=path,
            remedy="give the columns or arrays of both sides the same names",
        )
    try:
        return {name: _fitting(name, left[name], right[name]) for name in left}
    except DataError as error:
        raise DataError(error.what, path=path, remedy=error.remedy) from error


def _ending(path: Path) -> str:
    """Return the ending of a file, which says its form."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise DataError(
            f"has the ending {ending!r}, which is none of a feature file",
            path=path,
            remedy=f"give a file that ends in one of {', '.join(ENDINGS)}",
        )
    try:
        regular, what = path.is_file(), "is no regular file" if path.exists() else "is missing"
    except OSError as error:
        regular, what = False, f"cannot be reached: {error.strerror}"
    if not regular:
        raise DataError(
            f"cannot be read as a feature file (it {what})", path=path, remedy="give another file"
        )
    return ending


def _one_side(path: Path, side: str) -> dict[str, Rows]:
    """Read the rows of one side by modality, from a file of that side."""
    ending = _ending(path)
    if ending == ".npz":
        table = _arrays_of_one_side(path)
    elif ending == ".npy":
        table = Table(None, None, {MODALITY: read_npy(path)})
    else:
        table = _pickle(path) if ending in PICKLE_ENDINGS else read_table(path)
    if table.sides is not None:
        raise DataError(
            "has a column side, and a file of one side was expected",
            path=path,
            remedy="give this file alone, or drop the column",
        )
    return _of_table(table, path, None)


def _of_table(table: Table, path: Path, side: str | None) -> dict[str, Rows]:
    try:
        return table.rows(side)
    except DataError as error:
        raise DataError(error.what, path=path, remedy=error.remedy) from error


def _arrays_of_one_side(path: Path) -> Table:
    """Read an ``.npz`` file of one side: the identifiers under one of the known words, and the vectors."""
    arrays = read_npz(path)
    if any(key.endswith("_left") for key in arrays) and any(key.endswith("_right") for key in arrays):
        raise DataError("has the arrays of both sides", path=path, remedy="give this file alone")
    known = (*ENTITY_WORDS, "entities", "ids", "identifiers", "left_entities", "right_entities")
    named = [key for key in arrays if key.lower() in known and arrays[key].ndim == 1]
    if len(named) > 1 or len(named) == len(arrays):
        raise DataError(
            f"has the arrays {', '.join(arrays) or 'none'}",
            path=path,
            remedy="save the identifiers as entities=... and the vectors under the name of their modality",
        )
    entities = identifiers(arrays[named[0]], f"array {named[0]!r}") if named else None
    return Table(entities, None, {key: array for key, array in arrays.items() if key not in named})


def _pickle(path: Path) -> Table:
    """Read a pickled dictionary from ids or identifiers to vectors."""
    vectors = read_dictionary(path)
    kind = KIND.match(path.name)
    name = KINDS.get(kind["kind"].lower(), kind["kind"]) if kind else MODALITY
    array = np.stack(list(vectors.values()))
    array[~array.any(axis=1)] = np.nan  # as in the data's own pickles, a vector of zeros says nothing
    return Table(tuple(map(str, vectors)), None, {name: array}, gaps=True)
