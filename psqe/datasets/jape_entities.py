"""The entities of the layout of JAPE: their ids and URIs, attributes and machine-translated names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.labels import bare
from psqe.datasets.spelling import Spellings
from psqe.datasets.tables import plain_rows
from psqe.files import open_file
from psqe.identifiers import EntityIndex

Attributes = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Entities:
    """The entities of one side: the index of each by id and by URI, and the line of each in the file.

    Examples
    --------
    >>> Entities(Path("ent_ids_1"), {7: 0}, {"http://x.org/Rome": 0}, [1]).by_id[7]
    0
    """

    path: Path
    by_id: dict[int, int]
    by_uri: dict[str, int]
    lines: list[int]


def attributes_by_uri(path: Path, entities: Entities, faults: Faults) -> dict[int, Attributes]:
    """Read the attributes of each entity that has a line, by index."""
    attributes: dict[int, Attributes] = {}
    lines: dict[str, int] = {}
    # Some thousand attributes make hundreds of thousands of pairs: equal pairs share one object.
    pairs: dict[str, tuple[str, None]] = {}
    unknown: dict[str, int] = {}
    index = EntityIndex(entities.by_uri)
    for line, (cell, *labels) in plain_rows(path, 2, faults, more=True):
        uri = bare(cell)
        if uri in lines:
            faults.add(
                f"{uri!r} is there twice, first in line {lines[uri]}",
                path=path,
                line=line,
                remedy="write all attributes of an entity into one line",
            )
            continue
        lines[uri] = line
        if uri in index:
            attributes[index[uri]] = tuple(pairs.setdefault(label, (label, None)) for label in labels)
        else:
            unknown[uri] = line
    spellings = Spellings(entities.by_uri)
    if lines and not attributes:
        faults.add(
            f"none of its {len(unknown)} URIs is an entity of {entities.path.name}"
            + spellings.hint(min(unknown)),
            path=path,
            remedy="use the file that belongs to these entities, or delete it",
        )
        return attributes
    for uri, line in unknown.items():
        faults.leave_out(
            f"{uri!r} is no entity of {entities.path.name}{spellings.hint(uri)}",
            path=path,
            line=line,
            remedy="add it there, or delete this line",
        )
    return attributes


def attributes_by_line(
    path: Path | None, sides: Sequence[Entities], faults: Faults
) -> tuple[dict[int, Attributes], dict[int, Attributes]]:
    """Read the attributes of both sides in the form of FB15K-DB15K: line ``i + 1`` belongs to id ``i``.

    Items are ``attribute|||value|||type``, joined by ``^^^``; the type may be missing, a line empty.
    """
    attributes: tuple[dict[int, Attributes], dict[int, Attributes]] = ({}, {})
    if path is None:
        return attributes
    last = max(max(side.by_id) for side in sides)
    for line, (text,) in plain_rows(path, 1, faults, gaps=True):
        index = [side.by_id.get(line - 1) for side in sides]
        if index[0] is None and index[1] is None:
            faults.add(
                f"is of id {line - 1}, which no entity has"
                + (f"; the last is {last}" if line > last else ""),
                path=path,
                line=line,
                remedy="line 1 is of id 0; leave the lines of entities without attributes empty",
            )
            continue
        items = [item.split("|||") for item in text.split("^^^")]
        if any(len(item) not in (2, 3) or not item[0].strip() for item in items):
            faults.add(
                "has an item that is not attribute|||value or attribute|||value|||type",
                path=path,
                line=line,
                remedy="join items by ^^^ and their parts by |||",
            )
            continue
        side = 0 if index[0] is not None else 1
        attributes[side][index[side]] = tuple((item[0].strip(), item[1].strip() or None) for item in items)  # type: ignore[index]
    return attributes


def translated_names(
    path: Path | None, sides: Sequence[Entities], faults: Faults
) -> tuple[tuple[str | None, ...], tuple[str | None, ...]]:
    """Read the machine-translated names of both sides; without a file both are empty."""
    if path is None:
        return (), ()
    remedy = "it holds a list of [id, [words]]; fetch it again, or delete it"
    try:
        with open_file(path) as stream:
            content = json.loads(stream.read().decode("utf-8"))
        names = {int(key): " ".join(map(str, words)).strip() or None for key, words in content}
    except OSError as error:
        faults.add(f"cannot be read ({error.strerror})", path=path, remedy=remedy)
        return (), ()
    except (ValueError, TypeError, RecursionError) as error:
        faults.add(f"is not what it should be ({error})", path=path, remedy=remedy)
        return (), ()
    unknown = [key for key in names if all(key not in side.by_id for side in sides)]
    if unknown:
        faults.add(
            f"id {unknown[0]} is no entity", path=path, remedy="use the file of this pair, or delete it"
        )
    left, right = (tuple(names.get(key) for key in side.by_id) for side in sides)
    return left, right
