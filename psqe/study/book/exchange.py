"""How the notebooks of a finished study take the place of those of the study before, whatever stops it."""

from __future__ import annotations

import shutil
from pathlib import Path

from psqe.errors import PsqeError
from psqe.study.project import Project

ASIDE = (".runs.old", ".runs.new")
"""The folders beside ``book/runs`` that exist while one takes the place of the other."""


def put_in_place(project: Project, folder: Path) -> None:
    """Let the notebooks of a finished study take the place of those of the study before.

    Parameters
    ----------
    project
        The checkout.
    folder
        The folder of the finished study, which is removed.

    Raises
    ------
    PsqeError
        If the folder of the book cannot be written.
    """
    old, new = (project.book / name for name in ASIDE)
    try:
        other_disk = folder.stat().st_dev != project.book.stat().st_dev
        if other_disk:
            shutil.copytree(folder, new)
        if project.runs.exists():
            project.runs.rename(old)
        (new if other_disk else folder).rename(project.runs)
        for path in (old, folder):
            _remove(path)
    except OSError as error:
        raise PsqeError(
            f"cannot be written ({error.strerror})",
            path=project.runs,
            remedy="free some space and make it writable; the next psqe study goes on from here",
        ) from error


def restore(project: Project) -> None:
    """Undo :func:`put_in_place` where it was killed in the middle; the finished study is still in its folder.

    Parameters
    ----------
    project
        The checkout.
    """
    old, new = (project.book / name for name in ASIDE)
    if old.exists() and not project.runs.exists():
        old.rename(project.runs)
    for path in (old, new):
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a folder, or a file in its place, as far as that is possible."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
