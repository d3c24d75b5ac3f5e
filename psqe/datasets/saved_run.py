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
    """Refuse to save a run where files would be lost that no run has written.

    Parameters
    ----------
    folder
        The folder to save to. It may hold other files, or a run that was saved there before.

    Raises
    ------
    ParameterError
        If it has a file with the name of one of a saved run, and it is no saved run or its table of links was
        changed.

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
    elif LINKS_FILE in there:
        try:
            written = json.loads((folder / FILE).read_bytes())["links_digest"]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            what = f"{LINKS_FILE} would be lost; {FILE}, which tells whether a run wrote it, is damaged"
        else:
            if written != digest_of(folder / LINKS_FILE):
                what = f"{LINKS_FILE} was changed after a run was saved there, and would be lost"
    if what is not None:
        raise ParameterError(
            f"the run cannot be saved in {folder}: {what}",
            remedy="choose another folder, or move the files of this one elsewhere",
        )


def digest_of(path: Path) -> str:
    """Return a digest of a file; empty if it cannot be read."""
    try:
        return content_hash(path.read_bytes())
    except OSError:
        return ""
