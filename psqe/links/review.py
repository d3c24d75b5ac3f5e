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

from psqe.datasets.info import task_info
from psqe.evaluation.ranks import TIE as EQUAL
from psqe.evaluation.regions import Regions, all_regions
from psqe.features.base import Features
from psqe.features.canonical import canonical_order
from psqe.features.image import open_picture
from psqe.graph import AlignmentTask, BoolArray, IntArray, KnowledgeGraph, Side
from psqe.links.nearest import TwoNearest
from psqe.links.predict import Links
from psqe.links.quality import link_quality
from psqe.seeds.audit import correct, coverage, judged

SIDES: tuple[Side, Side] = ("left", "right")

BORDER = 0.5
"""The confidence at which a link is as likely wrong as right."""

SURE = 0.9
"""Links with at least this confidence count as certain."""

N_CASES = 20
"""Links shown of each kind."""

N_NEARLY = 10
"""Pairs shown that were too unsure to become links."""

PIXELS = 64
"""Side of a picture in a review."""

NOTHING, UNSURE, TIE, TAKEN = "nothing known", "too unsure", "a tie", "nearest prefers another"
"""Why a candidate has no link: it has none of the modalities; the pair chosen for it had too small a
confidence; its nearest, or it among the nearest of its nearest, has an equal; its nearest goes to another."""


def review(
    task: AlignmentTask, features: Features, links: Links, *, how: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything that a report shows.

    Parameters
    ----------
    task, features
        What was aligned.
    links
        What :func:`psqe.links.predict.predict_links` found.
    how
        How they were found, for the record: parameters and versions.

    Returns
    -------
    A dictionary ready for JSON: ``given`` (:func:`psqe.datasets.info.task_info`, and by modality the
    candidates that have it), ``confidence`` and ``from_seed`` of every link, most confident first, ``right``
    and ``judged`` of every link (``None`` without gold links), their ``quality``
    (:func:`psqe.links.quality.link_quality`; ``None`` without), the ``threshold`` of confidence and by what
    ``matching`` and ``rule`` they were chosen, ``border`` and ``certain`` links to look at, the number of
    ``unlinked`` candidates by side and reason, pairs that were ``nearly`` linked, ``regions`` by kind, and
    ``how``.

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
        "temperature": links.temperature,
        "threshold": links.threshold,
        "matching": links.chosen_by.matching,
        "rule": links.chosen_by.rule,
        "right": None if right is None else right.tolist(),
        "judged": None if known is None else known.tolist(),
        "quality": None if task.links is None else link_quality(links.pairs, task),
        "border": _cases(task, links, border[np.argsort(-links.confidence[border], kind="stable")]),
        "certain": _cases(task, links, _certain(links, rank)),
        "unlinked": {side: dict(Counter(why[side].values())) for side in SIDES},
        "nearly": _nearly(task, links),
        "regions": {kind: _by_region(task, links, r) for kind, r in all_regions(task, features).items()},
        "how": dict(how or {}),
    }


def _modalities(task: AlignmentTask, features: Features) -> dict[str, dict[str, int]]:
    """By modality and side the candidates that have it; ``none`` counts those that have not one."""
    counts: dict[str, dict[str, int]] = {}
    for side in SIDES:
        own = task.sides[side].candidates
        has = {name: modality[side].present[own] for name, modality in features.items()}
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
    k = SIDES.index(side)
    own, others = task.sides[side].candidates, task.sides[SIDES[1 - k]].candidates
    known = np.any([modality[side].present[own] for modality in features.values()], axis=0)
    found, back = links.nearest[side], links.nearest[SIDES[1 - k]]
    doubtful = set(links.doubtful[:, k].tolist())
    why: dict[int, str] = {}
    for i in np.flatnonzero(~np.isin(own, links.pairs[:, k])).tolist():
        entity = int(own[i])
        if not known[i]:
            why[entity] = NOTHING
        elif entity in doubtful:
            why[entity] = UNSURE
        else:
            why[entity] = TIE if _tied(found, back, i, others) else TAKEN
    return why


def _tied(found: TwoNearest, back: TwoNearest, i: int, others: IntArray) -> bool:
    """Whether the nearest of candidate ``i`` has an equal, or ``i`` has one among the nearest of that."""
    if found.entities[i, 0] < 0:
        return False
    best, second = found.scores[i]
    best_back, second_back = back.scores[np.searchsorted(others, found.entities[i, 0])]
    return bool(best - second <= EQUAL or (best >= best_back - EQUAL and best_back - second_back <= EQUAL))


# ---- single links and entities, as a reader sees them


def _cases(task: AlignmentTask, links: Links, chosen: IntArray) -> list[dict[str, Any]]:
    """Links with both ends, the runner-up nearest to replacing one of them, and what gold links say."""
    right, known = correct(links.pairs, task), judged(links.pairs, task)
    runners = [_runner_up(task, links, int(n)) for n in chosen]
    wanted = {side: set(links.pairs[chosen, k].tolist()) for k, side in enumerate(SIDES)}
    for runner in runners:
        if runner is not None:
            wanted[runner[0]].add(runner[1])
    cards = {side: _cards(task.sides[side], sorted(wanted[side])) for side in SIDES}
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


def _runner_up(task: AlignmentTask, links: Links, n: int) -> tuple[Side, int] | None:
    """Who came nearest to replacing an end of link ``n``: the side of that end, and the entity."""
    best: tuple[float, Side, int] | None = None
    for k, side in enumerate(SIDES):
        other = SIDES[1 - k]
        near = links.nearest[other]
        row = np.searchsorted(task.sides[other].candidates, links.pairs[n, 1 - k])
        column = int(near.entities[row, 0] == links.pairs[n, k])
        score, entity = float(near.scores[row, column]), int(near.entities[row, column])
        if entity >= 0 and (best is None or score > best[0]):
            best = score, side, entity
    return None if best is None else best[1:]


def _verdict(right: BoolArray | None, known: BoolArray | None, n: int) -> str | None:
    if right is None or known is None:
        return None
    return "right" if right[n] else "wrong" if known[n] else "unknown"


def _nearly(task: AlignmentTask, links: Links) -> list[dict[str, Any]]:
    """The pairs that missed the threshold by least: the links one would add next."""
    pairs = links.doubtful[:N_NEARLY]
    right, known = correct(pairs, task), judged(pairs, task)
    cards = {side: _cards(task.sides[side], sorted(pairs[:, k].tolist())) for k, side in enumerate(SIDES)}
    return [
        {
            "left": cards["left"][left],
            "right": cards["right"][other],
            "confidence": float(links.doubtful_confidence[n]),
            "verdict": _verdict(right, known, n),
        }
        for n, (left, other) in enumerate(pairs.tolist())
    ]


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
