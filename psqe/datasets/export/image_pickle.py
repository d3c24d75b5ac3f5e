"""The pickle of image vectors, in a form that old versions of Python and numpy read, too."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from psqe.graph import AlignmentTask

PROTOCOL = 3
"""The newest protocol that writes a function by its plain name; Python 3.0 and later read it."""


class _Pickler(pickle._Pickler):
    """A pickler that names numpy's functions as numpy 1 does, which numpy 2 knows as well.

    The code of EVA and MCLEA asks for numpy 1.19, in which there is no ``numpy._core``.
    """

    def save_global(self, obj: Any, name: str | None = None) -> None:
        module = str(getattr(obj, "__module__", ""))
        if not module.startswith("numpy._core"):
            super().save_global(obj, name)  # type: ignore[misc]  # typeshed leaves it out
            return
        old = module.replace("numpy._core", "numpy.core")
        text = f"{old}\n{name or obj.__qualname__}\n".encode("ascii")
        self.write(pickle.GLOBAL + text)  # type: ignore[attr-defined]  # typeshed leaves it out
        self.memoize(obj)  # type: ignore[attr-defined]  # typeshed leaves it out


def write_image_pickle(task: AlignmentTask, path: Path) -> None:
    """Write the vectors of the images of both sides as one dictionary from id to float32 array ``(d,)``.

    Parameters
    ----------
    task
        A task whose graphs have vectors of the modality ``image``. Entities without one are left out.
    path
        The file.
    """
    vectors: dict[int, Any] = {}
    for graph in task.sides:
        image = graph.vectors["image"]
        rows = image.values
        for entity in np.flatnonzero(image.present).tolist():
            vectors[int(graph.ids[entity])] = rows[entity].copy()
    with path.open("wb") as stream:
        _Pickler(stream, PROTOCOL).dump(dict(sorted(vectors.items())))
