"""What a person wants to see of an alignment before using it: what was found, how sure, and where to look.

All of it without labels. Where gold links are known they are told apart and judge, they never choose.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.canonical import canonical_order
from psqe.datasets.info import task_info
from psqe.features.base import Features
from psqe.features.image import open_picture
from psqe.kg import AlignmentTask, BoolArray, IntArray, KnowledgeGraph, Side
from psqe.links import Links
from psqe.regions import Regions, all_regions
from psqe.seeds.audit import correct, coverage, judged

SIDES: tuple[Side, Side] = ("left", "right")

BORDER = 0.5
"""The confidence at which a link is as likely wrong as right."""

SURE = 0.9
"""Links with at least this confidence count as certain."""

N_CASES = 20
"""Links shown of each kind."""

N_UNLINKED = 10
"""Entities without a link shown."""

PIXELS = 64
"""Side of a picture in a review."""

NOTHING, TIE, TAKEN = "nothing known", "a tie", "nearest prefers another"
"""Why a candidate has no link: it has none of the modalities; its nearest, or it among the nearest of its
nearest, has an equal; its nearest is nearer to another one."""


def review(
    task: AlignmentTask, features: Features, links: Links, *, how: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything that a report shows.

    Parameters
    ----------
    task, features
        What was aligned.
    links
        What :func:`psqe.links.predict_links` found.
    how
        How they were found, for the record: parameters and versions.

    Returns
    -------
    A dictionary ready for JSON: ``given`` (:func:`psqe.datasets.info.task_info`, and by modality the
    candidates that have it), ``confidence`` and ``from_seed`` of every link, most confident first, ``right``
    and ``judged`` of every link (``None`` without gold links), ``border`` and ``certain`` links to look at,
    the number of ``unlinked`` candidates by side and reason, and of those ``missed`` that have a gold link,
    ``nearly`` linked ones to look at, ``regions`` by kind, and ``how``.

    Raises
    ------
    DataError
        If the features do not fit the task, or a picture cannot be read.
    """
    features.check(task)
    right, known = correct(links.pairs, task), judged(links.pairs, task)
    why = {side: _reasons(task, features, links, side) for side in SIDES}
    order = canonical_order(task, features)[0]
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    border = np.lexsort((rank[links.pairs[:, 0]], np.abs(links.confidence - BORDER)))[:N_CASES]
    return {
        "given": {**task_info(task), "modalities": _modalities(task, features)},
        "confidence": [round(float(c), 6) for c in links.confidence],
        "from_seed": links.from_seed.tolist(),
        "temperature": links.listed.temperature,
        "right": None if right is None else right.tolist(),
        "judged": None if known is None else known.tolist(),
        "border": _cases(task, links, border[np.argsort(-links.confidence[border], kind="stable")]),
        "certain": _cases(task, links, _certain(links, rank)),
        "unlinked": {side: dict(Counter(why[side].values())) for side in SIDES},
        "missed": _missed(task, why),
        "nearly": _nearly(task, links, why["left"], rank),
        "regions": {kind: _by_region(task, links, r) for kind, r in all_regions(task, features).items()},
        "how": dict(how or {}),
    }


def _modalities(task: AlignmentTask, features: Features) -> dict[str, dict[str, int]]:
    """By modality and side the candidates that have it; ``none`` counts those that have not one."""
    counts: dict[str, dict[str, int]] = {}
    for side in SIDES:
        own = task.graph(side).candidates
        has = {name: modality.side(side)[1][own] for name, modality in features.items()}
        for name, mask in has.items():
            counts.setdefault(name, {})[side] = int(mask.sum())
        counts.setdefault("none", {})[side] = int((~np.any(list(has.values()), axis=0)).sum())
    return counts


def _certain(links: Links, rank: IntArray) -> IntArray:
    """Links drawn at random from the certain ones; the most confident where these are too few."""
    n = max(int((links.confidence >= SURE).sum()), N_CASES)
    # Drawn from an order that does not depend on how entities are numbered.
    pool = np.argsort(rank[links.pairs[:n, 0]], kind="stable")
    drawn = np.random.default_rng(0).permutation(pool)[:N_CASES]
    return np.sort(drawn).astype(np.int64)


def _by_region(task: AlignmentTask, links: Links, regions: Regions) -> dict[str, dict[str, float | None]]:
    """By region: candidates of both sides, the share with a link, mean confidence, and precision if known."""
    linked = coverage(links.pairs, regions)
    right = correct(links.pairs, task)
    labels = regions.left[links.pairs[:, 0]]
    found: dict[str, dict[str, float | None]] = {}
    for i, (name, size) in enumerate(zip(regions.names, regions.sizes().tolist(), strict=True)):
        own = labels == i
        if size:
            found[name] = {
                "size": size,
                "linked": linked[name],
                "confidence": float(links.confidence[own].mean()) if own.any() else None,
                "precision": None if right is None or not own.any() else float(right[own].mean()),
            }
    return found


def _reasons(task: AlignmentTask, features: Features, links: Links, side: Side) -> dict[int, str]:
    """Why each candidate without a link has none, by entity."""
    found = links.listed.nearest()
    own = task.graph(side).candidates
    nearest, score, margin, best = (
        (found.of_left, found.score_left, found.margin_left, found.score_right)
        if side == "left"
        else (found.of_right, found.score_right, found.margin_right, found.score_left)
    )
    known = np.any([modality.side(side)[1][own] for modality in features.values()], axis=0)
    linked = np.isin(own, links.pairs[:, SIDES.index(side)])
    tied = (margin == 0) | (score >= best[nearest])
    return {
        int(own[i]): NOTHING if not known[i] else TIE if tied[i] else TAKEN for i in np.flatnonzero(~linked)
    }


def _missed(task: AlignmentTask, why: Mapping[Side, Mapping[int, str]]) -> dict[Side, int] | None:
    """How many candidates without a link have a gold link, by side."""
    if task.links is None:
        return None
    return {side: int(np.isin(task.links[:, k], list(why[side])).sum()) for k, side in enumerate(SIDES)}


# ---- single links and entities, as a reader sees them


def _cases(task: AlignmentTask, links: Links, chosen: IntArray) -> list[dict[str, Any]]:
    """Links with both ends, the runner-up nearest to replacing one of them, and what gold links say."""
    right, known = correct(links.pairs, task), judged(links.pairs, task)
    left_own, right_own = task.left.candidates, task.right.candidates
    runners: list[tuple[Side, int] | None] = []
    for left, other in links.pairs[chosen].tolist():
        i, j = int(np.searchsorted(left_own, left)), int(np.searchsorted(right_own, other))
        margins = [
            (float(scores[k, 0] - scores[k, 1]), side, int(own[indices[k, 1]]))
            for scores, indices, k, side, own in (
                (links.listed.left_scores, links.listed.left_indices, i, SIDES[1], right_own),
                (links.listed.right_scores, links.listed.right_indices, j, SIDES[0], left_own),
            )
            if scores.shape[1] > 1
        ]
        runners.append(min(margins)[1:] if margins else None)
    wanted = {side: set(links.pairs[chosen, k].tolist()) for k, side in enumerate(SIDES)}
    for runner in runners:
        if runner is not None:
            wanted[runner[0]].add(runner[1])
    cards = {side: _cards(task.graph(side), sorted(wanted[side])) for side in SIDES}
    return [
        {
            "left": cards["left"][int(links.pairs[n, 0])],
            "right": cards["right"][int(links.pairs[n, 1])],
            "runner_up": None if runner is None else cards[runner[0]][runner[1]],
            "instead_of": None if runner is None else runner[0],
            "score": float(links.scores[n]),
            "confidence": float(links.confidence[n]),
            "margin": float(links.rank_margin[n]) if np.isfinite(links.rank_margin[n]) else None,
            "from_seed": bool(links.from_seed[n]),
            "verdict": _verdict(right, known, int(n)),
        }
        for n, runner in zip(chosen, runners, strict=True)
    ]


def _verdict(right: BoolArray | None, known: BoolArray | None, n: int) -> str | None:
    if right is None or known is None:
        return None
    return "right" if right[n] else "wrong" if known[n] else "unknown"


def _nearly(
    task: AlignmentTask, links: Links, why: Mapping[int, str], rank: IntArray
) -> list[dict[str, Any]]:
    """Left candidates that lost their nearest to another one by the least: the links one would add next."""
    found = links.listed.nearest()
    own, other = task.left.candidates, task.right.candidates
    lost = np.array([entity for entity, reason in why.items() if reason == TAKEN], dtype=np.int64)
    at = np.searchsorted(own, lost)
    nearest = found.of_left[at]
    behind = found.score_right[nearest] - found.score_left[at]
    order = np.lexsort((rank[lost], behind))[:N_UNLINKED]
    winners = own[found.of_right[nearest[order]]]
    cards = {
        "left": _cards(task.left, sorted({*lost[order].tolist(), *winners.tolist()})),
        "right": _cards(task.right, sorted(set(other[nearest[order]].tolist()))),
    }
    pairs = np.column_stack([lost[order], other[nearest[order]]])
    right, known = correct(pairs, task), judged(pairs, task)
    return [
        {
            "left": cards["left"][int(pair[0])], "right": cards["right"][int(pair[1])],
            "taken_by": cards["left"][int(winner)], "behind": float(behind[order][n]),
            "verdict": _verdict(right, known, n),
        }
        for n, (pair, winner) in enumerate(zip(pairs, winners, strict=True))
    ]  # fmt: skip


def _cards(graph: KnowledgeGraph, entities: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Entities in short: identifier, name, a few attributes and neighbours, picture."""
    near = _neighbours(graph, entities)
    # A value says who an entity is, a label without one only what kind of thing.
    values = {i: [value for _, value in graph.attributes[i] if value] for i in entities}
    labels = {i: list(dict.fromkeys(label for label, _ in graph.attributes[i])) for i in entities}
    return {
        i: {
            "id": graph.entities[i],
            "name": graph.names[i] or graph.translations[i],
            "attributes": (values[i] or ([] if near[i] else labels[i]))[:4],
            "neighbours": near[i],
            "picture": _thumbnail(graph.images[i]),
        }
        for i in entities
    }


def _neighbours(
    graph: KnowledgeGraph, entities: Sequence[int], *, most: int = 3
) -> dict[int, list[list[str]]]:
    """The first few triples around entities, as (relation, other end)."""
    found: dict[int, list[list[str]]] = {i: [] for i in entities}
    touching = np.isin(graph.triples[:, [0, 2]], list(found)).any(axis=1)
    for head, relation, tail in graph.triples[touching].tolist():
        for entity, other in ((head, tail), (tail, head)):
            if entity in found and len(found[entity]) < most:
                found[entity].append([graph.relations[relation], graph.names[other] or graph.entities[other]])
    return found


def _thumbnail(path: Path | None) -> str | None:
    """A picture of :data:`PIXELS` as a data URI."""
    if path is None:
        return None
    from PIL import Image

    data = io.BytesIO()
    open_picture(path).resize((PIXELS, PIXELS), Image.Resampling.LANCZOS).save(data, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")
