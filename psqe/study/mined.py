"""Seeds that several notebooks mine from the same data: mined once, and kept in the cache folder.

A file of the cache is found by the hash of everything that decides the seeds: the data as a miner sees them,
the features, the miner with its parameters, the sources of psqe and the versions of packages. Any difference
means another file.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from psqe.errors import CacheError, PsqeError, PsqeWarning
from psqe.features.base import Features
from psqe.files import atomic_path, cache_folder, content_hash, reason
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, Vectors
from psqe.seeds import Miner, SeedSet
from psqe.seeds.seed_set import StageTrace
from psqe.study.book.inputs import code

CODE = code()
"""The hash of the sources and versions, taken when this module is loaded, with the code that will run."""

ARRAYS = ("pairs", "added", "dropped", "scores", "confidence")
"""The fields of seeds and of their stages that are arrays."""


def mined(miner: Miner, task: AlignmentTask, features: Features, folder: Path | None = None) -> SeedSet:
    """Mine seeds, or read them if the same miner has mined the same data before.

    The seeds are those of :meth:`psqe.seeds.base.Miner.mine`, bit by bit, and so are the seconds and the
    memory that are kept with them, which are those of the first time. What times a miner therefore calls the
    miner itself. Of two processes that want the same seeds at once, one waits for the other.

    Parameters
    ----------
    miner
        The miner. Its parameters must be numbers, texts and lists or mappings of them.
    task, features
        The data, as for the miner.
    folder
        Folder of the cache; by default ``seeds`` in the cache folder (:func:`psqe.files.cache_folder`).

    Returns
    -------
    SeedSet
        The seeds. Fewer than the miner was asked for are never kept, so that its warning is not lost.

    Raises
    ------
    PsqeError
        As the miner does.
    CacheError
        If the cache folder cannot be written.

    Warns
    -----
    PsqeWarning
        As the miner does, and if a file of the cache is broken; the seeds are then mined again.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import MINERS
    >>> with TemporaryDirectory() as place:
    ...     first, second = (mined(MINERS["mutual"](10), *planted_pair(50, 2, 8), Path(place)) for _ in "ab")
    >>> (first.pairs == second.pairs).all(), first.seconds == second.seconds
    (np.True_, True)
    """
    path = (cache_folder("seeds") if folder is None else folder) / f"{_key(miner, task, features)}.npz"
    with _alone(path):
        if path.is_file():
            try:
                return _read(path, miner)
            except Exception as error:  # a broken archive raises many kinds of errors
                warnings.warn(
                    f"{path}: broken cache file ({type(error).__name__}: {error}); the seeds are mined again",
                    PsqeWarning,
                    stacklevel=2,
                )
        seeds = miner.mine(task, features)
        if seeds.n_wanted is None or len(seeds) >= seeds.n_wanted:
            _write(path, seeds)
    return seeds


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process mines what the file is for, and keep others waiting."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        lock.acquire()
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _unwritable(path: Path, error: BaseException) -> CacheError:
    return CacheError(
        f"mined seeds cannot be saved here ({reason(error)})",
        path=path.parent,
        remedy="set PSQE_CACHE to a folder that you may write to",
    )


def _key(miner: Miner, task: AlignmentTask, features: Features) -> str:
    """Hash all that decides the seeds, and the order in which entities are numbered."""
    parts: list[bytes | str] = [CODE, type(miner).__module__, type(miner).__qualname__]
    parts.append(json.dumps(dict(miner.parameters), sort_keys=True, default=dict))
    for graph in task.blind().sides:
        parts += _parts_of(graph)
        parts += _rows(graph.vectors)
    for side in SIDES:
        parts += _rows({name: modality[side] for name, modality in features.items()})
    return content_hash(*parts)


def _rows(vectors: Mapping[str, Vectors]) -> Iterator[bytes | str]:
    """Yield the names of modalities and the vectors of one side."""
    for name, given in vectors.items():
        yield name
        for array in (given.values, given.present):
            yield f"{array.dtype} {array.shape}"
            yield array.tobytes()


def _parts_of(graph: KnowledgeGraph) -> Iterator[bytes | str]:
    """Yield the columns of a graph, but for its vectors, and for pictures, of which a miner sees features."""
    for column in fields(graph):
        if column.name not in ("images", "vectors"):
            value = getattr(graph, column.name)
            yield column.name
            yield value.tobytes() if isinstance(value, np.ndarray) else repr(value)


def _write(path: Path, seeds: SeedSet) -> None:
    """Write seeds and their stages as one archive: the arrays, and all else as JSON."""
    parts, arrays = [], {}
    written: tuple[SeedSet | StageTrace, ...] = (seeds, *seeds.trace)
    for number, part in enumerate(written):
        rest: dict[str, Any] = {}
        for column in fields(part):
            value = getattr(part, column.name)
            if column.name in ARRAYS:
                if value is not None:
                    arrays[f"{column.name}_{number}"] = value
            elif column.name not in ("trace", "parameters"):
                rest[column.name] = value
        parts.append(rest)
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                allow_pickle=False,
                key=np.array(path.stem),
                rest=np.array(json.dumps(parts)),
                **arrays,
            )
    except (PsqeError, OSError) as error:
        raise _unwritable(path, error) from error


def _read(path: Path, miner: Miner) -> SeedSet:
    """Read what :func:`_write` wrote for this miner."""
    with np.load(path, allow_pickle=False) as archive:
        if str(archive["key"]) != path.stem:
            raise ValueError("it has the seeds of something else")
        parts = json.loads(str(archive["rest"]))
        for name in archive.files:
            column, _, number = name.rpartition("_")
            if column:
                parts[int(number)][column] = archive[name]
    for part in parts:
        part.update({name: tuple(value) for name, value in part.items() if isinstance(value, list)})
    first, *stages = parts
    seeds = SeedSet(**first, trace=tuple(StageTrace(**stage) for stage in stages))
    return replace(seeds, parameters=miner.parameters)
