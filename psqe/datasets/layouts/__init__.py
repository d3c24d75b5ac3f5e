"""Which layout a folder has, and the task in it: one module per layout, one line each in :data:`LAYOUTS`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from psqe.datasets.faults import Faults
from psqe.datasets.layouts import folder as own_folder
from psqe.datasets.layouts import jape, openea, rdf
from psqe.errors import DataError
from psqe.graph import AlignmentTask


class Layout(Protocol):
    """What a module (or an object) must offer to be a layout."""

    NAME: str
    """What it is called in messages."""
    DESCRIPTION: str
    """Whose it is, and the files it cannot do without, in one line."""

    def recognises(self, folder: Path) -> bool:
        """Whether a folder has files of this layout, complete or not."""
        ...

    def files(self, folder: Path) -> Mapping[str, Path | None]:
        """Every file that the layout knows, and where it is: ``None`` for one that is missing."""
        ...

    def read(self, folder: Path, *, name: str, faults: Faults | None = None) -> AlignmentTask | None:
        """The task in a folder; ``None`` only after gathered faults."""
        ...


LAYOUTS: tuple[Layout, ...] = (jape, openea, own_folder, rdf)
"""What a folder is tried for, in this order; a folder may have only one of them."""


def layout_of(folder: Path) -> Layout:
    """The layout of a folder, by its files.

    Raises
    ------
    DataError
        If the folder is missing, has the files of no layout, or those of several.
    """
    if not folder.is_dir():
        raise DataError("is no folder", path=folder, remedy="give the folder that has the files in it")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise DataError("cannot be read", path=folder, remedy="make the folder readable")
    fitting = [layout for layout in LAYOUTS if layout.recognises(folder)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " and ".join(layout.NAME for layout in fitting)
        raise DataError(f"has files of the layouts {names}", path=folder, remedy="keep one of them in it")
    known = "; ".join(f"{layout.NAME} ({layout.DESCRIPTION})" for layout in LAYOUTS)
    raise DataError("has the files of no layout", path=folder, remedy=f"known are {known}")


def read_folder(folder: str | Path, *, name: str = "", random_state: int = 0) -> AlignmentTask:
    """The alignment task in a folder of any layout.

    Parameters
    ----------
    folder
        The folder.
    name
        What to call the task; the folder when omitted.
    random_state
        Not negative. Decides the order of the right entities and that of the links: in many files both
        tell the links. Ids stay with their entities.

    Raises
    ------
    DataError
        At the first fault, with file and line. :func:`check_folder` finds them all.
    """
    folder = Path(folder)
    task = layout_of(folder).read(folder, name=name or str(folder))
    assert task is not None  # without gathering, a fault has been raised
    return shuffled(task, random_state)


def shuffled(task: AlignmentTask, random_state: int) -> AlignmentTask:
    """The task with its right entities and its links in random order, so that neither tells the links."""
    rng = np.random.default_rng(random_state)
    task = task.take(np.arange(task.left.n_entities), rng.permutation(task.right.n_entities))
    links = None if task.links is None else rng.permutation(task.links)
    return replace(task, links=links, parameters={**task.parameters, "random_state": random_state})


def check_folder(folder: str | Path) -> Faults:
    """All faults of the data in a folder, also those that reading would only warn of.

    Raises
    ------
    DataError
        If the folder is missing or of no layout, so that there is nothing to check.
    """
    folder = Path(folder)
    faults = Faults(gather=True)
    layout = layout_of(folder)
    try:
        layout.read(folder, name=str(folder), faults=faults)
    except DataError as error:
        # A graph that cannot be, made of what is left after the faults, is not one more of them.
        if not faults:
            faults.put(error)
    return faults
