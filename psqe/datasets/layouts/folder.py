"""The layout of a user's own pair: a folder for each side, with tables of text.

The sides are the subfolders ``left`` and ``right`` or, where there is neither, the two subfolders that have a
``triples.tsv``, in the order of the alphabet. Tables are text in UTF-8, one record a line, columns separated
by tabs; a first line with just these names of columns is allowed:

====================  ==========================  =======================================================
file                  columns                     there
====================  ==========================  =======================================================
``triples.tsv``       head, relation, tail        on each side
``attributes.tsv``    entity, attribute, value    optionally; the value may be empty
``names.tsv``         entity, name                optionally
``images.tsv``        entity, path                optionally; paths are relative to the folder of the side
``images/``           files named by entities     optionally; read where there is no ``images.tsv``
``links.tsv``         left, right                 optionally, beside the sides; other names and formats are
                                                  those of :mod:`psqe.datasets.link_names`
====================  ==========================  =======================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.images import is_image
from psqe.datasets.labels import readable_name
from psqe.datasets.link_files import read_links
from psqe.datasets.link_names import find_links, link_files
from psqe.datasets.tsv import COLUMNS, present_files, rows
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph

DESCRIPTION = "a pair of your own: left/triples.tsv, right/triples.tsv"
TABLES = tuple(f"{table}.tsv" for table in COLUMNS)


def recognises(folder: Path) -> bool:
    """Return whether a folder has the sides of this layout."""
    return any((folder / side).is_dir() for side in SIDES) or bool(_with_triples(folder))


def files(folder: Path) -> dict[str, Path | None]:
    """Return the path of every file that the layout knows; ``None`` for a file that is missing."""
    sides = _sides(folder)
    tables = present_files(folder, [f"{side.name}/{table}" for side in sides for table in TABLES])
    images = {f"{side.name}/images": path if (path := side / "images").is_dir() else None for side in sides}
    links: dict[str, Path | None] = {path.name: path for path in link_files(folder)}
    return {**tables, **images, **(links or {"links.tsv": None})}


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        Folder with the files above.
    name
        Name of the task.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    AlignmentTask
        The entities of a side are all identifiers in its tables, in the order of the alphabet, whatever the
        order of the lines. An entity without a line in ``names.tsv`` has no name, and it is no candidate if
        it is only ever the tail of triples, as a currency or a category is. Where a side has no
        ``names.tsv`` at all, names are the words of the identifiers
        (:func:`psqe.datasets.labels.readable_name`), and all entities are candidates. Without ``links.tsv``
        there are no links. ``None`` after gathered faults without which there is no graph.

    Raises
    ------
    DataError
        If there are not two sides; if a file is missing, empty or not UTF-8; if a line has another number of
        columns or an empty cell; if an identifier has blanks around it; if an entity has two names, images or
        links; if an image is missing or no image; or if a link names an unknown entity. With the file and,
        where there is one, the line.

    Warns
    -----
    PsqeWarning
        If a file in ``images/`` is named by no entity, or a file is nearly, but not quite, one of the layout,
        as ``name.tsv`` or ``triples.csv``. They are left out.
    """
    try:
        return _read(folder, name, faults)
    except OSError as error:  # a subfolder that may not be entered
        where = error.filename or folder
        faults.add(f"cannot be read ({error.strerror})", path=where, remedy="make the folder readable")
        return None


def _read(folder: Path, name: str, faults: Faults) -> AlignmentTask | None:
    sides = _sides(folder)
    if len(sides) != 2:
        names = ", ".join(side.name for side in sides)
        faults.add(
            f"subfolders with triples.tsv: {len(sides)} ({names})",
            path=folder,
            remedy="name the two sides left and right",
        )
        return None
    left, right = (_graph(folder, side, faults) for side in sides)
    if not left.n_entities or not right.n_entities:
        return None
    path = find_links(folder, faults)
    links = None if path is None else read_links(path, left, right, faults)
    return AlignmentTask(name, left, right, links)


def _with_triples(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/triples.tsv"))


def _sides(folder: Path) -> list[Path]:
    named = [folder / side for side in SIDES]
    return named if any(side.is_dir() for side in named) else _with_triples(folder)


def _leave_out_strangers(folder: Path, known: Sequence[str], faults: Faults) -> None:
    """Report tables that would not be read: most often their names are slips of the names that were meant."""
    for path in sorted(folder.glob("*.*")):
        meant = get_close_matches(path.name.lower(), known, 1, 0.75)
        if meant and path.name not in known and path.is_file():
            faults.leave_out(
                f"{path.name!r} is no file of this layout",
                path=folder,
                remedy=f"rename it to {meant[0]}, or move it elsewhere",
            )


def _graph(folder: Path, side: Path, faults: Faults) -> KnowledgeGraph:
    draft = GraphDraft()
    path = side / "triples.tsv"
    for line, cells in rows(path, COLUMNS["triples"], faults):
        if _clean(cells, path, line, faults):
            draft.add_triple(draft.entity(cells[0]), cells[1], draft.entity(cells[2]))
    path = side / "attributes.tsv"
    if path.exists():
        for line, cells in rows(path, COLUMNS["attributes"], faults, optional_cells=(2,)):
            if _clean(cells[:2], path, line, faults):
                draft.add_attribute(draft.entity(cells[0]), cells[1], cells[2])
    named = (side / "names.tsv").exists()
    if named:
        _add_names(draft, side / "names.tsv", faults)
    if (side / "images.tsv").exists():
        _add_listed_images(draft, side, faults)
    elif (side / "images").exists():
        _add_images(draft, side / "images", faults)
    _leave_out_strangers(side, TABLES, faults)
    return draft.build(
        f"{folder.absolute().name}-{side.name}",
        readable=None if named else readable_name,
        candidates=draft.described() if named else None,
    )


def _clean(identifiers: Sequence[str], path: Path, line: int, faults: Faults) -> bool:
    """Return whether identifiers have no blanks around them, which would make two entities of one."""
    for column, identifier in enumerate(identifiers, 1):
        if identifier != identifier.strip():
            faults.add(
                f"column {column} has blanks around {identifier.strip()!r}",
                path=path,
                line=line,
                remedy="remove them",
            )
            return False
    return True


def _first_time(entity: str, lines: dict[str, int], what: str, path: Path, line: int, faults: Faults) -> bool:
    """Return whether an entity has no line in a table yet; a second line is a fault."""
    first = lines.setdefault(entity, line)
    if first != line:
        faults.add(
            f"{entity!r} has {what} already, in line {first}",
            path=path,
            line=line,
            remedy=f"keep {what} for each entity",
        )
    return first == line


def _add_names(draft: GraphDraft, path: Path, faults: Faults) -> None:
    lines: dict[str, int] = {}
    for line, (entity, name) in rows(path, COLUMNS["names"], faults):
        if _clean([entity], path, line, faults) and _first_time(
            entity, lines, "one name", path, line, faults
        ):
            draft.names[draft.entity(entity)] = " ".join(name.split())


def _add_listed_images(draft: GraphDraft, side: Path, faults: Faults) -> None:
    path = side / "images.tsv"
    lines: dict[str, int] = {}
    for line, (entity, image) in rows(path, COLUMNS["images"], faults):
        if not _clean([entity], path, line, faults) or not _first_time(
            entity, lines, "one image", path, line, faults
        ):
            continue
        index = draft.entity(entity)
        if Path(image).is_absolute():
            faults.add(
                f"the path {image!r} is absolute",
                path=path,
                line=line,
                remedy=f"write it relative to the folder {side.name}",
            )
            continue
        draft.images[index] = side / image  # a broken image, too, so that its entity stays the same
        is_image(side / image, faults, named=image, source=path, line=line)


def _add_images(draft: GraphDraft, folder: Path, faults: Faults) -> None:
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        faults.add(f"cannot be read ({error.strerror})", path=folder, remedy="it is the folder of the images")
        return
    for path in paths:
        index = draft.index.get(path.stem)
        if index is None:
            faults.leave_out(
                f"{path.name!r} is named by no entity",
                path=folder,
                remedy="call an image as its entity, or list the paths in images.tsv",
            )
        elif index in draft.images:
            faults.add(
                f"{path.name!r} and {draft.images[index].name!r} are images of one entity",
                path=folder,
                remedy="keep one of them",
            )
        else:
            draft.images[index] = path
            is_image(path, faults)
