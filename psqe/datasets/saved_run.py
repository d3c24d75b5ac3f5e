"""The files of a saved run, and what must not be lost when a run is saved."""

from __future__ import annotations

import json
from pathlib import Path

from psqe.datasets.own_outputs import PREFIX
from psqe.errors import ParameterError
from psqe.files import content_hash

FILE = f"{PREFIX}run.json"
"""The name of the file in the folder of a run by which a later run continues it."""

LINKS_FILE = "links.tsv"
"""The table of links that is written beside it."""

SAVED = (LINKS_FILE, "seeds.tsv", "report.json", "changes.tsv", FILE)
"""All files that a saved run consists of; ``changes.tsv`` only where there was an earlier one."""


def check_replaceable(folder: Path) -> None:
    """Refuse to save a run in a folder where files would be lost that no run has written.

    Parameters
    ----------
    folder
        The folder to save to. It may hold files of other names, and the run that was saved there before.

    Raises
    ------
    ParameterError
        If a file of :data:`SAVED` is in the folder, and the run that is saved there has not written it or it
        was changed since.

    Examples
    --------
    >>> check_replaceable(Path("no such folder"))
    """
    there = [name for name in SAVED if (folder / name).exists()]
    if not there:
        return
    what = None
    if FILE not in there:
        what = f"{there[0]} is there already and would be lost; no run was saved in this folder"
    else:
        try:
            written = dict(json.loads((folder / FILE).read_bytes())["files"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            what = f"{FILE} would be lost, and it is damaged or not that of a saved run"
        else:
            others = [
                name for name in there if name != FILE and digest_of(folder / name) != written.get(name)
            ]
            if others:
                what = f"{others[0]} would be lost, and no run has written it, or it was changed since"
    if what is not None:
        raise ParameterError(
            f"the run cannot be saved in {folder}: {what}",
            remedy="choose another folder, or move the files of this one elsewhere (a run that was stopped "
            "while its files were written leaves such files, too)",
        )


def digest_of(path: Path) -> str:
    """Return a digest of a file; empty if it cannot be read."""
    try:
        return content_hash(path.read_bytes())
    except OSError:
        return ""
