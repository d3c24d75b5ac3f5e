"""The explorer of a page: the entities of both graphs, with their candidates, seeds and places on maps.

The data are JSON in the page; ``interactive/explorer.js`` of the book makes a map and an explorer of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.evaluation.ranks import TIE
from psqe.graph import SIDES, DoubleArray, IntArray, Side, Sides
from psqe.seeds import SeedSet
from psqe.study.figures.cards import shown_text
from psqe.study.figures.sheets import PictureSheets
from psqe.study.tables.candidates import CandidateLists, link_places, pair_places

MAP_UNITS = 10_000
"""Width or height of a map, whichever is larger, in whole units."""

DECIMALS = 3
"""Decimals of similarities, which are kept as whole numbers."""

LONGEST = 160
"""Largest number of characters of the keywords of an entity."""


@dataclass(frozen=True, eq=False, repr=False)
class Explorer:
    """The data of an explorer, as a piece of a page.

    Attributes
    ----------
    data
        What the script of the page reads, ready for JSON.
    """

    data: Mapping[str, Any]

    @classmethod
    def from_results(
        cls,
        sheets: PictureSheets,
        views: Sequence[CandidateLists],
        seeds: Mapping[str, SeedSet],
        seen_by: Mapping[str, str],
        maps: Mapping[str, Sides[DoubleArray]],
    ) -> Explorer:
        """Collect what was computed about a pair of graphs.

        Parameters
        ----------
        sheets
            The pictures of the task; they are to be shown on the page before.
        views
            The candidates of every entity by each kind of comparison.
        seeds
            The seeds of each miner.
        seen_by
            The name of the view that each miner compares entities by.
        maps
            The place of each candidate on each map, as :func:`psqe.study.figures.entity_maps` returns them.

        Raises
        ------
        ParameterError
            If the view of a miner is missing or unknown.
        DataError
            If the task has no gold links, or a seed has an end that is no candidate.
        """
        names = [view.name for view in views]
        for miner in seeds:
            if seen_by.get(miner) not in names:
                raise ParameterError(
                    f"the miner {miner} compares by {seen_by.get(miner)!r}, which is no view",
                    remedy=f"choose from {', '.join(names)}",
                )
        data = {
            "sides": {side: _side(sheets, side) for side in SIDES},
            "links": link_places(sheets.task).ravel().tolist(),
            "views": [_view(view) for view in views],
            "miners": [_miner(sheets, name, found, seen_by[name]) for name, found in seeds.items()],
            "maps": [{"name": name, **_map(positions)} for name, positions in maps.items()],
        }
        return cls(data)

    def json(self) -> str:
        """Return the data as JSON that no HTML parser takes for a tag."""
        text = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")

    def _repr_html_(self) -> str:
        return f'<script type="application/json" id="explorer-data">{self.json()}</script>'


def _side(sheets: PictureSheets, side: Side) -> dict[str, Any]:
    """Describe the candidates of a side: names, keywords, groups, and where their pictures are."""
    graph, sheet = sheets.task.sides[side], sheets.sheets[side]
    candidates = graph.candidates.tolist()
    groups = sorted({graph.groups[i] or "" for i in candidates})
    numbers = {name: number for number, name in enumerate(groups)}
    degree = graph.degree()
    return {
        "graph": graph.name,
        "language": graph.language or "",
        "names": [shown_text(graph, i) for i in candidates],
        "keywords": [_keywords(graph.attributes[i]) for i in candidates],
        "groups": groups,
        "group": [numbers[graph.groups[i] or ""] for i in candidates],
        "degree": degree[candidates].tolist(),
        "columns": sheet.n_columns,
        "rows": sheet.n_rows,
        "without": np.flatnonzero(~sheet.present).tolist(),
    }


def _keywords(attributes: Sequence[tuple[str, str | None]]) -> str:
    """Return the attribute values of an entity in one line, of :data:`LONGEST` characters at most."""
    text = ", ".join(dict.fromkeys(value for _, value in attributes if value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(",", 1)[0] + ", …"


def _view(view: CandidateLists) -> dict[str, Any]:
    """Describe the candidates by one kind of comparison: lists of all entities one after the other."""
    described: dict[str, Any] = {"name": view.name}
    described |= {what: {} for what in ("k", "best", "scores", "tied", "ranks")}
    for side in SIDES:
        described["k"][side] = view.best[side].shape[1]
        described["best"][side] = view.best[side].ravel().tolist()
        whole = np.round(view.scores[side].astype(np.float64) * 10**DECIMALS).astype(np.int64)
        described["scores"][side] = whole.ravel().tolist()
        lead = view.scores[side][:, :2] @ [1, -1] if view.scores[side].shape[1] > 1 else np.ones(len(whole))
        described["tied"][side] = np.flatnonzero(lead <= TIE).tolist()
        described["ranks"][side] = view.ranks[side].tolist()
    return described


def _miner(sheets: PictureSheets, name: str, seeds: SeedSet, view: str) -> dict[str, Any]:
    """Describe the seeds of a miner, best first, and what its stages did."""
    events = []
    for stage in seeds.trace:
        for kind, pairs, reasons in (
            ("added", stage.added, stage.why_added), ("dropped", stage.dropped, stage.why_dropped)
        ):  # fmt: skip
            for pair, why in zip(_places(sheets, pairs), reasons, strict=True):
                events.append([stage.stage, kind, *pair, why])
    confidence = None
    if seeds.confidence is not None:
        confidence = np.round(100 * seeds.confidence.astype(np.float64)).astype(np.int64).tolist()
    return {
        "name": name,
        "view": view,
        "pairs": [place for pair in _places(sheets, seeds.pairs) for place in pair],
        "scores": np.round(seeds.scores.astype(np.float64) * 10**DECIMALS).astype(np.int64).tolist(),
        "confidence": confidence,
        "events": events,
    }


def _places(sheets: PictureSheets, pairs: IntArray) -> list[list[int]]:
    """Return pairs of candidates as positions among the candidates."""
    found = pair_places(sheets.task, pairs)
    if (found < 0).any():
        raise DataError("a seed has an end that is no candidate", remedy="give seeds that a miner found")
    places: list[list[int]] = found.tolist()
    return places


def _map(positions: Sides[DoubleArray]) -> dict[str, list[int]]:
    """Scale the places on a map to whole units, with its middle in the middle."""
    both = np.concatenate([positions.left, positions.right])
    low, high = both.min(axis=0), both.max(axis=0)
    unit = float((high - low).max()) or 1.0
    offset = (low + high - unit) / 2
    return {
        side: np.round((positions[side] - offset) / unit * MAP_UNITS).astype(np.int64).ravel().tolist()
        for side in SIDES
    }
