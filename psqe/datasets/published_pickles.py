"""The places and the names under which EVA, MCLEA and their relatives publish vectors of images as pickles.

Their repositories keep ``zh_en_GA_id_img_feature_dict.pkl`` in a folder ``pkls`` beside the pair or beside
``DBP15K``, ``FB15K_DB15K_id_img_feature_dict.pkl`` in the folder of the pair, and
``FBDB15K_id_img_feature_dict.pkl`` in ``pkls`` beside ``FBDB15K``, whose pair is the folder ``FBDB15K/norm``.
"""

from __future__ import annotations

import filecmp
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.files import is_there

PUBLISHED = re.compile(r"(?P<pair>.+?)(?:_GA)?_id_img_feature_dict\.pkl", re.IGNORECASE)
"""The names of files that are read."""

RELATED = re.compile(
    r"(?P<pair>.+?)(?:_GA)?_id_(?P<kind>[a-z]+)_feature_dict.*\.(?:pkl|pickle|p)(?:\.\w+)?", re.IGNORECASE
)
"""Names of files that also hold vectors of entities, such as ``zh_en_GA_id_img_feature_dict_0.95.pkl``."""

PICKLE = re.compile(r".+\.(?:pkl|pickle)(?:\.\w+)?", re.IGNORECASE)
PLACE = re.compile(r"\w*pkls?", re.IGNORECASE)
"""The names of folders that hold nothing but pickles, such as ``pkls``."""

VERSION = re.compile(r"norm|dense|sparse|sharing|mapping|mtranse|\d+(?:[_.]\d+)?", re.IGNORECASE)
"""The names of folders that are called after a version of the data; the folder above names the pair."""

OTHER_NAMES = {
    "D_W_15K_V1": "dbpedia_wikidata_15k_norm",
    "D_W_15K_V2": "dbpedia_wikidata_15k_dense",
}
"""The names of EVA's pickles for pairs of OpenEA."""

LEVELS = 2
"""Number of folders above that of the pair in which pickles are looked for."""


@dataclass(frozen=True)
class ImagePickles:
    """The pickles in reach of a pair.

    Parameters
    ----------
    own
        The files that are called after the pair, or else the only published file inside its folder.
    unread
        Other files that hold or may hold vectors of the pair, each with the reason why it is not read.
    foreign_name
        Whether the file of ``own`` is called after another pair.

    Examples
    --------
    >>> ImagePickles((Path("pkls/zh_en_GA_id_img_feature_dict.pkl"),), ()).own[0].name
    'zh_en_GA_id_img_feature_dict.pkl'
    """

    own: tuple[Path, ...]
    unread: tuple[tuple[Path, str], ...]
    foreign_name: bool = False


def image_pickles(folder: Path) -> ImagePickles:
    """Find the pickles in reach of a pair: in its folder, in those above it, and in ``pkls`` beside them.

    Parameters
    ----------
    folder
        The folder of the pair. The folders above it are looked through up to two levels above the folder
        that names the pair.
    """
    folder = folder.absolute()
    names = {_plain(name) for name in pair_names(folder)}
    own: list[Path] = []
    inside: list[Path] = []
    unread: list[tuple[Path, str]] = []
    others: list[str] = []
    for path in _in_reach(folder):
        match, related = PUBLISHED.fullmatch(path.name), RELATED.fullmatch(path.name)
        local = folder in path.parents
        if match and _plain(match["pair"]) in names:
            own.append(path)
        elif match and local:
            inside.append(path)
        elif match:
            others.append(match["pair"])
            unread.append((path, f"its name says that it belongs to {match['pair']}"))
        elif related and (local or _plain(related["pair"]) in names):
            kind = "vectors of images under another name"
            if related["kind"].lower() != "img":
                kind = f"vectors of another kind than images ({related['kind']})"
            unread.append((path, f"it holds {kind}"))
        elif local and PICKLE.fullmatch(path.name):
            unread.append((path, "its name is not one under which vectors of images are published"))
    foreign = not own and len(inside) == 1
    if foreign:
        own = inside
    else:
        unread += [(path, "its name says that it belongs to another pair") for path in inside]
    if own:  # then the pickles of other pairs lie beside it as they should
        unread = [(path, why) for path, why in unread if folder in path.parents or "belongs" not in why]
    return ImagePickles(tuple(own), tuple(unread), foreign)


def pair_names(folder: Path) -> list[str]:
    """Return the names that a published file of a pair can be called after, by its folder.

    Examples
    --------
    >>> pair_names(Path("/data/DBP15K/zh_en")), pair_names(Path("/data/mmkg/FBDB15K/norm"))
    (['zh_en'], ['norm', 'FBDB15K', 'FBDB15K_norm'])
    """
    names = [folder.name]
    for inner, outer in pairwise((folder, *folder.parents)):
        if not VERSION.fullmatch(inner.name) or not outer.name:
            break
        names += [outer.name, f"{outer.name}_{folder.name}"]
    return [*names, *(OTHER_NAMES[name] for name in names if name in OTHER_NAMES)]


def report_pickles(folder: Path, faults: Faults) -> None:
    """Report two files of one pair as a fault, and tell which pickles in reach are not read, and why.

    Parameters
    ----------
    folder
        The folder of a pair whose layout reads the first of the pair's own pickles.
    faults
        Receives the fault and the notes.
    """
    pickles = image_pickles(folder)
    for path in pickles.own[1:]:
        if not _same(pickles.own[0], path):
            faults.add(
                f"is one of two files with vectors of this pair's images, and {path} is another",
                path=pickles.own[0],
                remedy="delete or rename the one that is not meant",
            )
    if pickles.foreign_name:
        faults.note(
            f"is read as the vectors of the images, though it is not called after the folder {folder.name}",
            path=pickles.own[0],
            remedy="move it elsewhere if it belongs to another pair",
        )
    if pickles.unread:
        path, why = pickles.unread[0]
        number = f" ({len(pickles.unread)} pickles in reach are not read)" if len(pickles.unread) > 1 else ""
        names = pair_names(folder.absolute())
        name = next((name for name in names if not VERSION.fullmatch(name)), names[0])
        remedy = f"call it {name}_id_img_feature_dict.pkl if it holds the vectors of this pair's images"
        if pickles.own:
            remedy = f"put it in the place of {pickles.own[0]} if it is the one that is meant"
        faults.note(f"is not read, because {why}{number}", path=path, remedy=remedy)


def report_unread(folder: Path, faults: Faults) -> None:
    """Tell that the pickles of a pair are not read, because its layout gives entities no integer ids."""
    pickles = image_pickles(folder)
    local = [path for path, _ in pickles.unread if folder.absolute() in path.parents]
    found = [*pickles.own, *(path for path in local if RELATED.fullmatch(path.name))]
    if found:
        number = f" (one of {len(found)} such pickles)" if len(found) > 1 else ""
        faults.note(
            f"is not read, because the files of this layout give entities no integer ids{number}",
            path=found[0],
            remedy="give it by --features if it names entities by their identifiers",
        )


def _same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second) or filecmp.cmp(first, second, shallow=False)
    except OSError:  # A file that cannot be read is reported where it is read.
        return True


def _plain(name: str) -> str:
    """Return a name without case and punctuation, in which published names differ."""
    return "".join(character for character in name.casefold() if character.isalnum())


def _in_reach(folder: Path) -> list[Path]:
    """Return the pickles in reach, those of nearer folders first and each file once."""
    bases = [folder, *folder.parents]
    naming = next((i for i, base in enumerate(bases) if not VERSION.fullmatch(base.name)), 0)
    found: dict[Path, None] = {}
    for base in bases[: naming + LEVELS + 1]:
        for place in (base, *sorted(path for path in _listed(base) if PLACE.fullmatch(path.name))):
            pickles = (path for path in _listed(place) if PICKLE.fullmatch(path.name) and is_there(path))
            found.update(dict.fromkeys(sorted(pickles)))
    return list(found)


def _listed(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir()) if folder.is_dir() else []
    except OSError:  # A folder that may not be read holds nothing in reach.
        return []
