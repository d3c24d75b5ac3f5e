"""Which file of a folder holds the gold links."""

from __future__ import annotations

import re
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.own_outputs import has_verdicts, is_own_output, is_own_table
from psqe.datasets.rdf.formats import SUFFIXES
from psqe.datasets.tables import ENDINGS as TABLE_ENDINGS

STEMS = ("links", "reference", "refalign", "alignment", "mapping", "mappings")
"""What a file of gold links is called, in small or capital letters, before its ending."""

TABLES = (*TABLE_ENDINGS, ".sssom.tsv", ".sssom.csv")
ENDINGS = (*TABLES, *SUFFIXES)
"""The endings of files of gold links: tables, SSSOM, RDF and the alignment format of OAEI."""

_LIKE_LINKS = re.compile(
    r"(gold|truth|ground[ _.-]?truth|same[ _.-]?as|match|matches|matching|correspondences?|alignments?"
    r"|ref(erence)?s?|refalign|links?|mappings?|ent[ _-]?links|ill[ _-]?ent[ _-]?ids|ref[ _-]?ent[ _-]?ids"
    r"|crosswalk)"
    r"([ _.-]?(gold|standard|truth|links?|pairs?|alignments?|mappings?|matches))?"
    r"([ _-]?\(?\d+\)?)?",
    re.IGNORECASE,
)
_BESIDE_SIDES = re.compile(
    r"(train|test|valid|seed)[ _-]links|(.*[_-])?perfect[ _-]?mapping|pairs|equivalences", re.IGNORECASE
)
"""Names of files that may have gold links where they cannot be one of two tables of entities."""

_DATA = (
    *(".xlsx", ".xls", ".ods", ".json", ".zip", ".7z", ".parquet", ".gz", ".tab", ".psv", ".dat", ".feather"),
    *(
        ".arrow",
        ".jsonl",
        ".ndjson",
        ".pkl",
        ".npy",
        ".yaml",
        ".yml",
        ".sql",
        ".html",
        ".csv.zip",
        ".tsv.zip",
    ),
    *(".tsv.txt", ".csv.txt", ".tsv.bak", ".csv.bak", ".old", ".sssom.json"),
    *ENDINGS,
)


def is_link_name(name: str) -> bool:
    """Return whether a file of this name is read as gold links.

    Examples
    --------
    >>> is_link_name("links.tsv"), is_link_name("refalign.rdf"), is_link_name("my-links.tsv")
    (True, True, False)
    """
    stem, dot, ending = name.lower().partition(".")
    return stem in STEMS and dot + ending in ENDINGS


def looks_like_links(name: str) -> bool:
    """Return whether a file of this name may hold gold links, be it read as such or not.

    Examples
    --------
    >>> looks_like_links("matches.csv"), looks_like_links("products.csv")
    (True, False)
    """
    name = name.lower()
    ending = max((ending for ending in _DATA if name.endswith(ending)), key=len, default="")
    return _LIKE_LINKS.fullmatch(name.removesuffix(ending)) is not None


def is_like_link_name(name: str) -> bool:
    """Return whether a file of this name beside the two sides may hold gold links.

    Examples
    --------
    >>> is_like_link_name("test-links.csv"), is_like_link_name("answers.csv")
    (True, False)
    """
    ending = max((ending for ending in _DATA if name.lower().endswith(ending)), key=len, default="")
    stem = name.lower().removesuffix(ending)
    return bool(_LIKE_LINKS.fullmatch(stem) or (ending and _BESIDE_SIDES.fullmatch(stem)))


def link_files(folder: Path) -> list[Path]:
    """Return the files of a folder that are called as files of gold links are, by the alphabet."""
    try:
        return sorted(path for path in folder.iterdir() if is_link_name(path.name) and path.is_file())
    except OSError:  # Reading the sides raises the error.
        return []


def find_links(folder: Path, faults: Faults) -> Path | None:
    """Return the file of gold links in a folder; ``None`` if there is none, or after a fault.

    Parameters
    ----------
    folder
        The folder of the pair.
    faults
        Receives two such files. Outputs of psqe are never gold links, and are reported; so is a file that
        looks as if it had the links, but has another name.
    """
    for path in sorted(folder.iterdir()):
        if is_link_name(path.name) and not path.is_file():
            faults.add(
                "has the name of a file of gold links, but is no file", path=path,
                remedy="put the file there, or choose another name",
            )  # fmt: skip
    found = link_files(folder)
    own = [path for path in found if is_own_table(path)]
    for path in own:
        if has_verdicts(path):
            faults.note(
                "has the column verdict, and is not read as gold links",
                path=path,
                remedy="move it elsewhere and give it by --verdicts; gold links are its accepted rows alone",
            )
            continue
        faults.note(
            "has the columns of an output of psqe, which are predictions, and is not read as gold links",
            path=path,
            remedy="move it elsewhere; if someone has checked these links, keep only its first two columns",
        )
    found = [path for path in found if path not in own]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        faults.add(f"has {names}", path=folder, remedy="keep one file of gold links in it")
        return None
    if not found:
        _tell_unread(folder, own, faults)
    return found[0] if found else None


def _tell_unread(folder: Path, own: list[Path], faults: Faults) -> None:
    """Tell that files look like gold links and are not read."""
    for path in sorted(folder.iterdir()):
        if path in own or not path.is_file() or is_own_output(path):
            continue
        if is_like_link_name(path.name):
            ending = max((end for end in _DATA if path.name.lower().endswith(end)), key=len, default="")
            readable = ending in ENDINGS
            faults.leave_out(
                f"{path.name!r} may hold gold links, but is not read",
                path=folder,
                remedy=f"rename it to links{ending}, or move it elsewhere"
                if readable
                else "save it as links.tsv, with one pair of identifiers in each line, or move it elsewhere",
                kind="file",
            )
