"""The files of a pair in RDF: which file of a folder is which side."""

from __future__ import annotations

from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.link_names import is_link_name
from psqe.datasets.rdf.formats import ARCHIVES, COMPRESSIONS, FORMATS, SUFFIXES, archive_remedy
from psqe.graph import SIDES

_GENERIC = tuple(f"{ending}{packed}" for ending in (".xml", ".json") for packed in COMPRESSIONS)
_OWN_NAMES = tuple(suffix for suffix in SUFFIXES if suffix not in _GENERIC)


def has_files(folder: Path) -> bool:
    """Return whether a folder has a side in RDF, packed or not, or two files of RDF that need other names."""
    return any(files_of(folder, side) or _archive(folder, side) for side in SIDES) or bool(_unnamed(folder))


def files_of(folder: Path, side: str) -> list[Path]:
    """Return the files of a side, the usual formats first; there should be one."""
    return _named(folder, side, SUFFIXES)


def side_file(folder: Path, side: str, faults: Faults) -> Path | None:
    """Return the file of a side.

    Parameters
    ----------
    folder
        The folder of the pair.
    side
        ``left`` or ``right``.
    faults
        Receives a side without a file or with several files, and an archive in its place.

    Returns
    -------
    Path or None
        The file; ``None`` after a fault.
    """
    paths, archive, unnamed = files_of(folder, side), _archive(folder, side), _unnamed(folder)
    if len(paths) == 1:
        return paths[0]
    if paths:
        names = " and ".join(path.name for path in paths)
        faults.add(f"has {names}", path=folder, remedy="keep one of them in it")
    elif archive is not None:
        faults.add("is an archive", path=archive, remedy=archive_remedy(side))
    elif unnamed and side == "right":
        return None  # the left side has told it
    elif unnamed:
        first, second = (path.name for path in unnamed)
        endings = [path.name[path.name.index(".") :] for path in unnamed]
        faults.add(
            f"has {first} and {second}, and does not say which of them is the left side",
            path=folder,
            remedy=f"rename {first} to left{endings[0]} and {second} to right{endings[1]}",
        )
    else:
        remedy = f"the folder needs {side}.nt, or {side} with another ending of RDF such as .ttl or .rdf"
        faults.add("is missing", path=folder / f"{side}.nt", remedy=remedy)
    return None


def _named(folder: Path, part: str, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files of a part, in the order of ``suffixes``, which may be in capitals."""
    names = {f"{part}{suffix}": i for i, suffix in enumerate(suffixes)}
    inside = folder.iterdir() if folder.is_dir() else ()
    paths = (path for path in inside if path.name.lower() in names and path.is_file())
    return sorted(paths, key=lambda path: (names[path.name.lower()], path.name))


def _archive(folder: Path, part: str) -> Path | None:
    """Return the archive that is in the place of a side, such as ``left.zip`` or ``left.nt.zip``."""
    endings = [f"{inner}{archive}" for archive in ARCHIVES for inner in ("", *FORMATS)]
    return next(iter(_named(folder, part, tuple(endings))), None)


def _unnamed(folder: Path) -> list[Path]:
    """Return the two files of RDF in a folder that has no other data; none if there are not two."""
    paths = [path for path in sorted(folder.iterdir()) if path.is_file()]
    data = [path for path in paths if _ending(path) in _OWN_NAMES and not is_link_name(path.name)]
    sides = any(_named(folder, side, SUFFIXES) or (folder / side).is_dir() for side in SIDES)
    others = any(path.suffix.lower() in ("", ".csv", ".parquet") for path in paths)
    return data if len(data) == 2 and not sides and not others else []


def _ending(path: Path) -> str:
    name = path.name.lower()
    return max((suffix for suffix in _OWN_NAMES if name.endswith(suffix)), key=len, default="")
