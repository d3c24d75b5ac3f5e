"""Which pictures the review page contains, and where each entity's is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from psqe.errors import DataError
from psqe.graph import SIDES, AlignmentTask, IntArray, Side, Sides
from psqe.links.predict import Links
from psqe.links.report.thumbnails import tell_unread, thumbnail


@dataclass(frozen=True, eq=False)
class ReviewPictures:
    """Pictures as data URIs, each once, and the entities that they show.

    Parameters
    ----------
    shown
        The pictures.
    places
        For the candidates of either side, the position of their picture in ``shown``; -1 where there is none.
    n_left_out
        The number of candidates whose pictures were left out, because there are too many.

    Examples
    --------
    >>> ReviewPictures([], Sides([-1], [-1, -1]), 0).places.right
    [-1, -1]
    """

    shown: list[str]
    places: Sides[list[int]]
    n_left_out: int


def review_pictures(task: AlignmentTask, links: Links, pairs: IntArray, most: int) -> ReviewPictures:
    """Make small pictures of the candidates, those of the first pairs and of their competitors first.

    Parameters
    ----------
    task, links
        The two graphs and their predicted links.
    pairs
        Left and right entities ``(n, 2)``, the most important pair first.
    most
        The largest number of pictures.

    Returns
    -------
    ReviewPictures
        The pictures. Entities whose pictures are the same file share one.

    Warns
    -----
    PsqeWarning
        If pictures cannot be read. They are left out.
    """
    found: dict[object, int] = {}
    shown: list[str] = []
    places = task.sides.map(lambda graph: [-1] * len(graph.candidates))
    unread: Sides[list[DataError]] = Sides([], [])
    left_out = 0
    for side, row in dict.fromkeys(_by_importance(task, links, pairs)):
        graph = task.sides[side]
        path = graph.images[int(graph.candidates[row])]
        if path is None:
            continue
        if path not in found:
            if len(shown) >= most:
                left_out += 1
                continue
            picture = thumbnail(path, unread[side], "webp")
            found[path] = -1 if picture is None else len(shown)
            shown += [] if picture is None else [picture]
        places[side][row] = found[path]
    for side in SIDES:
        tell_unread(task.sides[side], unread[side], "the review page")
    return ReviewPictures(shown, places, left_out)


def _by_importance(task: AlignmentTask, links: Links, pairs: IntArray) -> Iterator[tuple[Side, int]]:
    """Yield the candidates by side and position: those of each pair, their two nearest, then all others."""
    candidates = task.sides.map(lambda graph: graph.candidates)
    nearest = Sides(
        *(
            np.searchsorted(candidates[other], links.nearest[side].entities)
            for side, other in zip(SIDES, reversed(SIDES), strict=True)
        )
    )
    left, right = (np.searchsorted(own, ends) for own, ends in zip(candidates, pairs.T, strict=True))
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        yield "left", i
        yield "right", j
        yield from (("right", int(k)) for k in _known(links.nearest.left.entities[i], nearest.left[i]))
        yield from (("left", int(k)) for k in _known(links.nearest.right.entities[j], nearest.right[j]))
    for side in SIDES:
        yield from ((side, row) for row in range(len(candidates[side])))


def _known(entities: IntArray, places: IntArray) -> IntArray:
    """The positions of entities, without those of missing ones (-1)."""
    known: IntArray = places[entities >= 0]
    return known
