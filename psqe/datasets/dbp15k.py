"""DBP15K: three pairs of DBpedia's language editions, the benchmark of nearly every published method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from psqe.datasets.jape import default_data_dir, read_jape
from psqe.errors import DataError, ParameterError
from psqe.kg import AlignmentTask

PREFIX = "dbp15k"
DESCRIPTION = "DBP15K: two language editions of DBpedia; the files are looked for under PSQE_DATA"
FOLDER = "DBP15K"
PAIRS = ("zh_en", "ja_en", "fr_en")


def names() -> tuple[str, ...]:
    """The three pairs, whether their files are there or not."""
    return tuple(f"{PREFIX}/{pair}" for pair in PAIRS)


def load(name: str, *, random_state: int, dangling: float | None, tones: bool) -> AlignmentTask:
    """The task ``dbp15k/<pair>``, read from ``DBP15K/<pair>`` under the data folder.

    Parameters
    ----------
    name
        Such as ``dbp15k/zh_en``.
    random_state
        Decides the order of the right entities and that of the links. In the files both tell the links
        (:func:`psqe.datasets.jape.read_jape`); ids stay with their entities.
    dangling
        ``None`` or 0: nothing is dropped. A quarter of each side has no counterpart as it is.
    tones
        Must be false.

    Raises
    ------
    ParameterError
        If there is no such pair, or it is to be changed in a way that it cannot be.
    DataError
        If the files are missing or broken.
    """
    if name not in names():
        raise ParameterError(f"{name!r} is no task", remedy=f"choose from {', '.join(names())}")
    if dangling not in (None, 0):
        raise ParameterError(
            f"dangling is {dangling}, but {name} has dangling entities of its own",
            remedy="leave it out or give 0",
        )
    if tones:
        raise ParameterError(f"{name} has no skin tones", remedy="leave tones out")
    folder = default_data_dir() / FOLDER / name.removeprefix(f"{PREFIX}/")
    if not folder.is_dir():
        raise DataError(
            f"the folder of {name} is missing",
            path=folder,
            remedy=f"set PSQE_DATA to the folder that has {FOLDER} in it",
        )
    task = read_jape(folder, name=name)
    rng = np.random.default_rng(random_state)
    task = task.take(np.arange(task.left.n_entities), rng.permutation(task.right.n_entities))
    links = None if task.links is None else rng.permutation(task.links)
    return replace(task, links=links, parameters={"random_state": random_state, "dangling": 0.0})
