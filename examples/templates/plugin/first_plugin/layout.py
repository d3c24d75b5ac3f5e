"""A layout: a folder with one file, ``pair.json``, that holds both graphs and the links."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psqe.datasets.faults import Faults
from psqe.datasets.frames import graph_from_frames
from psqe.graph import AlignmentTask

DESCRIPTION = "one file, pair.json: names and triples of both sides, and links"


def recognises(folder: Path) -> bool:
    """Return whether the folder has a pair.json."""
    return (folder / "pair.json").is_file()


def files(folder: Path) -> Mapping[str, Path | None]:
    """Return the one file of the layout."""
    return {"pair": folder / "pair.json" if recognises(folder) else None}


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the pair; a file that is no JSON is a fault."""
    path = folder / "pair.json"
    try:
        pair: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        faults.add(f"cannot be read as JSON ({error})", remedy="write it again", path=path)
        return None
    left, right = (
        graph_from_frames(
            pair[side]["triples"] or None, list(pair[side]["names"].items()), name=f"{name} {side}"
        )
        for side in ("left", "right")
    )
    place = left.entities.index, right.entities.index
    return AlignmentTask(name, left, right, [[place[0](a), place[1](b)] for a, b in pair["links"]])
