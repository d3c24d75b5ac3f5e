"""Which links differ from those of an earlier run, and why."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from psqe.graph import SIDES, AlignmentTask, Side, counted, in_number
from psqe.growth.evidence import Difference
from psqe.growth.previous import PreviousRun
from psqe.links.predict import Links

COLUMNS = ("change", "left", "right", "confidence", "why")
"""The columns of the table of changes."""

ADDED, REMOVED, ALONE = "link added", "link removed", "no counterpart"
"""What can change: a link is new, a link is gone, and a new entity has no link."""


def link_changes(
    task: AlignmentTask, links: Links, previous: PreviousRun, difference: Difference
) -> pd.DataFrame:
    """List the links that are new or gone, and the new entities without a link.

    Parameters
    ----------
    task
        The two graphs as they are now.
    links
        The links now.
    previous
        The earlier run.
    difference
        What differs between the evidence then and now.

    Returns
    -------
    pandas.DataFrame
        Columns ``change`` (``link added``, ``link removed`` or ``no counterpart``), ``left`` and ``right``
        (identifiers; empty where there is none), ``confidence`` (that of the link, now or, if it is gone, in
        the earlier run; missing without a link) and ``why``.
    """
    names = task.sides.map(lambda graph: graph.entities)
    now = {
        (names.left[i], names.right[j]): confidence
        for (i, j), confidence in zip(links.pairs.tolist(), links.confidence.tolist(), strict=True)
    }
    before = {(left, right): confidence for left, right, confidence, _ in previous.links}
    said = links.verdicts
    verdicts = {
        "accepted": {(names.left[i], names.right[j]) for i, j in said.accepted.tolist()},
        "rejected": {(names.left[i], names.right[j]) for i, j in said.rejected.tolist()},
    }
    alone = {side: {names[side][i] for i in said.no_counterpart[side].tolist()} for side in SIDES}
    partners_now: dict[Side, dict[str, str]] = {
        "left": dict(now.keys()),
        "right": {right: left for left, right in now},
    }
    partners_before: dict[Side, dict[str, str]] = {side: previous.partner(side) for side in SIDES}

    def of_ends(pair: tuple[str, str]) -> Iterator[str]:
        for side, entity in zip(SIDES, pair, strict=True):
            if entity in alone[side]:
                yield f"{entity} has no counterpart by a verdict"
            if told := difference.why(side, entity):
                yield f"{entity}: {told}"

    def of_others(pair: tuple[str, str], partners: dict[Side, dict[str, str]]) -> Iterator[str]:
        """Name the other links of both entities, which stand where this one could."""
        for side, entity, one in zip(SIDES, pair, reversed(pair), strict=True):
            other = partners[side].get(entity)
            if other is not None and other != one:
                yield f"{entity} {'is' if partners is partners_now else 'was'} linked with {other}"

    def why(pair: tuple[str, str], partners: dict[Side, dict[str, str]]) -> str:
        words = [word for word, pairs in verdicts.items() if pair in pairs]
        told = (f"{word} by a verdict" for word in words)
        return "; ".join([*told, *of_ends(pair), *of_others(pair, partners)])

    doubtful = {(names.left[i], names.right[j]) for i, j in links.doubtful.tolist()}

    def unlinked(pair: tuple[str, str]) -> str:
        """Say why a pair without any change of its entities is no link."""
        if pair in doubtful:
            return f"its confidence is below the threshold {links.threshold:.4g}"
        return "no longer the best pair of both entities"

    rows: list[tuple[str, str, str, float | None, str]] = [
        (ADDED, *pair, confidence, why(pair, partners_before))
        for pair, confidence in now.items()
        if pair not in before
    ]
    rows += [
        (REMOVED, *pair, confidence, why(pair, partners_now) or unlinked(pair))
        for pair, confidence in before.items()
        if pair not in now
    ]
    for side in SIDES:
        for entity in sorted(difference.new[side] - set(partners_now[side])):
            ends = (entity, "") if side == "left" else ("", entity)
            rows.append((ALONE, *ends, None, f"{entity}: new"))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def told_links(task: AlignmentTask, links: Links, previous: PreviousRun) -> str:
    """Say in a few words what became of the links of an earlier run.

    Parameters
    ----------
    task
        The two graphs as they are now.
    links
        The links now.
    previous
        The earlier run.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> evidence = {"left": {"a": ("1",) * 5}, "right": {"x": ("1",) * 5}}
    >>> told_links(task, links, PreviousRun(links=[("a", "x", 0.9, 0.9)], evidence=evidence))
    'of its 1 link, 0 stay as before, 0 stay with another confidence, 1 is gone'
    """
    names = task.sides.map(lambda graph: graph.entities)
    ends = zip(links.pairs.tolist(), links.confidence.tolist(), strict=True)
    now = {(names.left[i], names.right[j]): confidence for (i, j), confidence in ends}
    found = [(now.get((left, right)), confidence) for left, right, confidence, _ in previous.links]
    same = sum(one == other for one, other in found)
    gone = sum(one is None for one, _ in found)
    other = len(found) - same - gone
    return (
        f"of its {counted(len(found), 'link')}, {same:,} {in_number(same, 'stays')} as before, "
        f"{other:,} {in_number(other, 'stays')} with another confidence, "
        f"{gone:,} {in_number(gone, 'is')} gone"
    )


def told_changes(changes: pd.DataFrame) -> str:
    """Say in a few words how many changes of each kind there are.

    Parameters
    ----------
    changes
        The table that :func:`link_changes` returns.

    Examples
    --------
    >>> told_changes(pd.DataFrame({"change": ["link added", "link added", "no counterpart"]}))
    '2 links added, 1 new entity without a link'
    >>> told_changes(pd.DataFrame({"change": []}))
    'none'
    """
    n = {change: int((changes["change"] == change).sum()) for change in (ADDED, REMOVED, ALONE)}
    parts = {
        f"{counted(n[ADDED], 'link')} added": n[ADDED],
        f"{counted(n[REMOVED], 'link')} removed": n[REMOVED],
        f"{counted(n[ALONE], 'new entity')} without a link": n[ALONE],
    }
    return ", ".join(text for text, number in parts.items() if number) or "none"
