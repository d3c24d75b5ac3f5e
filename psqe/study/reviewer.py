"""A reviewer who is simulated by the gold links: what verdicts are worth, by how the pairs were chosen.

In each round, pairs of the last alignment are chosen and judged, and the graphs are aligned again with all
verdicts so far. A pair that is a gold link is accepted. Another one is rejected, and if the true counterpart
of one of its entities is among the two nearest candidates, which the page for reviewers shows, that one is
accepted in its place; both count as one verdict. Mining and the aligner read nothing but the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args

import numpy as np

from psqe.aligners import Aligner
from psqe.errors import ParameterError
from psqe.evaluation.truth import among
from psqe.features import Features
from psqe.graph import AlignmentTask, IntArray
from psqe.links.judged import recalibration_of
from psqe.links.predict import Links, weigh_pairs
from psqe.links.proposals import propose
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule
from psqe.links.verdicts import Verdicts
from psqe.seeds import SeedSet
from psqe.study.measures import f1_outside

Strategy = Literal["least certain", "surroundings", "random"]
"""How pairs are chosen: by a confidence near 0.5, as :func:`psqe.links.propose` does it; by the uncertainty
of the pairs around them, too, with the weight :data:`SURROUNDINGS`; or at random."""

SURROUNDINGS = 1.0
"""The weight of the uncertainty around a pair, beside its own. It was chosen on emoji/en-fr, random states 0
and 1."""

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

ROUND, ROUNDS = 25, 2
"""Number of verdicts of a round, and of rounds."""

RULE = LinkRule(threshold=None)
"""The links of a reviewer have the threshold that is expected to give the largest F1."""


def review_rows(
    task: AlignmentTask,
    features: Features,
    seeds: SeedSet,
    build: Callable[[], Aligner],
    random_state: int,
) -> Iterator[dict[str, Any]]:
    """Tell how good links are after each round of verdicts, by the way in which pairs are chosen.

    Parameters
    ----------
    task, features
        The data, with gold links.
    seeds
        The seeds that were mined.
    build
        Makes the aligner, not fitted.
    random_state
        Seed of the draws of the strategy ``random``.

    Yields
    ------
    dict
        ``strategy``, ``n_verdicts``, and precision, recall and F1 of all links; ``free_f1`` is about the
        links and the gold links with no entity in a verdict, and ``free_f1_before`` is that of the links
        before any verdict, on the same entities.
    """
    first = _align(task, features, seeds, build, Verdicts.none(), None)
    for strategy in STRATEGIES:
        rng = np.random.default_rng(random_state)
        said, links, n = Verdicts.none(), first, 0
        yield _row(task, strategy, n, said, links, first)
        for _ in range(ROUNDS):
            chosen = choose(strategy, task, links, ROUND, rng)
            said, n = answered(task, links, said, chosen), n + len(chosen)
            links = _align(task, features, seeds, build, said, first)
            yield _row(task, strategy, n, said, links, first)


def choose(
    strategy: Strategy, task: AlignmentTask, links: Links, n: int, rng: np.random.Generator
) -> IntArray:
    """Choose pairs of an alignment that nobody has judged.

    Parameters
    ----------
    strategy
        One of :data:`STRATEGIES`.
    task, links
        The graphs and their links.
    n
        The largest number of pairs.
    rng
        What the strategy ``random`` draws from.

    Returns
    -------
    numpy.ndarray
        The pairs ``(n, 2)``.

    Raises
    ------
    ParameterError
        If there is no such strategy.
    """
    if strategy not in STRATEGIES:
        raise ParameterError(
            f"there is no strategy {strategy!r}", remedy=f"choose from {', '.join(STRATEGIES)}"
        )
    if strategy != "random":
        return propose(task, links, n, surroundings=SURROUNDINGS if strategy == "surroundings" else 0.0).pairs
    pairs = np.vstack([links.pairs, links.doubtful])
    open_ones = np.flatnonzero(~among(pairs, links.verdicts.accepted))
    chosen: IntArray = pairs[open_ones[rng.permutation(len(open_ones))[:n]]]
    return chosen


def answered(task: AlignmentTask, links: Links, said: Verdicts, pairs: IntArray) -> Verdicts:
    """Add the verdicts of a reviewer who knows the gold links.

    Parameters
    ----------
    task
        The two graphs, with gold links.
    links
        The links that the reviewer looks at, with the nearest candidates of each entity.
    said
        Earlier verdicts.
    pairs
        The pairs to judge ``(n, 2)``.

    Returns
    -------
    Verdicts
        All verdicts.
    """
    gold = {} if task.links is None else dict(task.links.tolist())
    back = {right: left for left, right in gold.items()}
    accepted = {tuple(pair) for pair in said.accepted.tolist()}
    rejected = {tuple(pair) for pair in said.rejected.tolist()}
    for left, right in pairs.tolist():
        true = [(left, gold.get(left, -1)), (back.get(right, -1), right)]
        if gold.get(left) == right:
            accepted.add((left, right))
            continue
        rejected.add((left, right))
        row = int(np.searchsorted(task.left.candidates, left))
        column = int(np.searchsorted(task.right.candidates, right))
        seen = (links.nearest.left.entities[row].tolist(), links.nearest.right.entities[column].tolist())
        if true[0][1] in seen[0]:
            accepted.add(true[0])
        elif true[1][0] in seen[1]:
            accepted.add(true[1])
    return Verdicts(_array(accepted), _array(rejected - accepted))


def _array(pairs: set[tuple[Any, ...]]) -> IntArray:
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _align(
    task: AlignmentTask, features: Features, seeds: SeedSet, build: Callable[[], Aligner],
    said: Verdicts, first: Links | None,
) -> Links:  # fmt: skip
    """Align with verdicts, as :func:`psqe.align` does, which also fits the aligner without them once."""
    known = said.applied_to(seeds) if len(said) else seeds
    model = build().fit(task, features, known)
    weighed = weigh_pairs(task, features, model, seeds=known, verdicts=said)
    learned = None if first is None else recalibration_of(said, first)
    return (weighed if learned is None else weighed.recalibrated(learned)).choose(RULE)


def _row(
    task: AlignmentTask, strategy: str, n: int, said: Verdicts, links: Links, first: Links
) -> dict[str, Any]:
    quality = link_quality(links.pairs, task)["links"]
    return {
        "strategy": strategy, "n_verdicts": n,
        **{name: quality[name] for name in ("precision", "recall", "f1")},
        "free_f1": _free_f1(task, said, links), "free_f1_before": _free_f1(task, said, first),
    }  # fmt: skip


def _free_f1(task: AlignmentTask, said: Verdicts, links: Links) -> float:
    """F1 of the links with no entity in a verdict, against the gold links with none."""
    return f1_outside(links.pairs, task, np.vstack([said.accepted, said.rejected]))
