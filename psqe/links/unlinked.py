"""Why a candidate has no link, and which entity came nearest to replacing one end of a link."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from psqe.errors import ParameterError
from psqe.evaluation.ranks import TIE
from psqe.features.base import Features
from psqe.graph import SIDES, AlignmentTask, IntArray, Side, counted
from psqe.links.arguments import check_inputs
from psqe.links.nearest import TwoNearest
from psqe.links.predict import Links, check_links
from psqe.links.rules import SEVERAL
from psqe.parameters import NonNegativeInt, checked


class NoLinkReason(StrEnum):
    """Why a candidate has no link.

    Examples
    --------
    >>> print(NoLinkReason.TIE)
    tie
    """

    VERDICT = "a verdict"
    """A person said that the candidate has no counterpart."""
    NOTHING_KNOWN = "nothing known"
    """The candidate has none of the modalities that were used."""
    LOW_CONFIDENCE = "low confidence"
    """The confidence of the pair that the rule chose for the candidate is below the threshold."""
    TIE = "tie"
    """The candidate has two equally near entities, or its nearest entity has two equally near candidates."""
    PREFERRED_ANOTHER = "nearest prefers another"
    """The candidate's nearest entity is nearer to another candidate."""
    NO_FURTHER = "no further link"
    """The same where the nearest entity may be in several links: a further one is not likely enough."""


def other_side(side: Side) -> Side:
    """The side opposite to ``side``."""
    return "right" if side == "left" else "left"


def reasons_without_link(
    task: AlignmentTask, features: Features, links: Links, side: Side
) -> dict[int, NoLinkReason]:
    """Explain, for each candidate of a side that has no link, why it has none. No gold link is read.

    Parameters
    ----------
    task, features
        The pair of graphs that was aligned, and its features.
    links
        The predicted links.
    side
        ``left`` or ``right``.

    Returns
    -------
    The reason for each candidate without a link, by entity index, ascending.

    Raises
    ------
    ParameterError
        If the links are those of another task, or an argument is something else.
    DataError
        If the features do not fit the task.
    """
    check_inputs(task, features)
    check_links(task, links)
    if not isinstance(side, str) or side not in SIDES:
        raise ParameterError(f"there is no side {side!r}", remedy=f"choose from {', '.join(SIDES)}")
    column = SIDES.index(side)
    candidates, others = task.sides[side].candidates, task.sides[other_side(side)].candidates
    known = np.any([modality[side].present[candidates] for modality in features.values()], axis=0)
    rejected = set(links.doubtful[:, column].tolist())
    alone = set(links.verdicts.no_counterpart[side].tolist())
    nearest, back = links.nearest[side], links.nearest[other_side(side)]
    several = other_side(side) in SEVERAL[links.chosen_by.cardinality]
    preferred = NoLinkReason.NO_FURTHER if several else NoLinkReason.PREFERRED_ANOTHER
    reasons: dict[int, NoLinkReason] = {}
    for row in np.flatnonzero(~np.isin(candidates, links.pairs[:, column])).tolist():
        entity = int(candidates[row])
        if entity in alone:
            reasons[entity] = NoLinkReason.VERDICT
        elif not known[row]:
            reasons[entity] = NoLinkReason.NOTHING_KNOWN
        elif entity in rejected:
            reasons[entity] = NoLinkReason.LOW_CONFIDENCE
        elif _tied(nearest, back, others, row):
            reasons[entity] = NoLinkReason.TIE
        else:
            reasons[entity] = preferred
    return reasons


def _tied(nearest: TwoNearest, back: TwoNearest, others: IntArray, row: int) -> bool:
    """Whether a candidate has two equally near entities, or is one of two that are nearest to its nearest.

    ``nearest`` belongs to the candidates of one side, ``back`` to the candidates ``others`` of the other
    side.
    """
    entity = nearest.entities[row, 0]
    if entity < 0:
        return False
    best, second = nearest.scores[row]
    best_back, second_back = back.scores[np.searchsorted(others, entity)]
    return bool(best - second <= TIE or (best >= best_back - TIE and best_back - second_back <= TIE))


@dataclass(frozen=True)
class RunnerUp:
    """The entity that came nearest to replacing one end of a link.

    Parameters
    ----------
    side
        The side of the end that the entity would replace, and so of the entity itself.
    entity
        Index of the entity.
    score
        Similarity of the entity to the other end of the link.

    Examples
    --------
    >>> RunnerUp("right", 7, 0.5).entity
    7
    """

    side: Side
    entity: int
    score: float


def runner_up(task: AlignmentTask, links: Links, position: int) -> RunnerUp | None:
    """Find the entity that came nearest to replacing one end of a link.

    Parameters
    ----------
    task
        The pair of graphs that was aligned.
    links
        The predicted links.
    position
        Position of the link in ``links.pairs``.

    Returns
    -------
    The entity with the larger similarity of those of both sides, the left one on equality, and none that the
    other end is linked with; ``None`` when neither end has such a candidate among its two nearest.

    Raises
    ------
    ParameterError
        If the links are those of another task, an argument is something else, or there is no such position.
    """
    check_links(task, links)
    position = checked(position, NonNegativeInt, f"the position of a link is {reprlib.repr(position)}")
    if position >= len(links):
        raise ParameterError(
            f"there is no link at position {position}, counted from 0, among {counted(len(links), 'link')}",
            remedy="give a smaller position" if len(links) else "take other links",
        )
    best: RunnerUp | None = None
    for column, side in enumerate(SIDES):
        fixed = other_side(side)
        row = np.searchsorted(task.sides[fixed].candidates, links.pairs[position, [1 - column]])
        own = links.pairs[links.pairs[:, 1 - column] == links.pairs[position, 1 - column], column]
        nearest = links.nearest[fixed]
        rival = np.append(np.flatnonzero(~np.isin(nearest.entities[row[0]], own)), -1)[0]
        entity, score = nearest.entities[row[0], rival], nearest.scores[row[0], rival]
        if rival >= 0 and entity >= 0 and (best is None or score > best.score):
            best = RunnerUp(side, int(entity), float(score))
    return best
