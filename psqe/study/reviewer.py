"""A reviewer who is simulated by the gold links: what verdicts are worth, by how the pairs were chosen.

In each round, pairs of the last alignment are chosen and judged, and the graphs are aligned again with
all verdicts so far. A pair that is a gold link is accepted; where gold links are not one-to-one, it is
left open if one of its entities is in another accepted pair. Another pair is rejected, and if the true
counterpart of one of its entities is among the two nearest candidates, which the page for reviewers
shows, that one is accepted in its place. Each pair counts as one verdict. Mining and the aligner read
nothing but the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, get_args

import numpy as np

from psqe.aligners import Aligner
from psqe.errors import ParameterError
from psqe.evaluation.truth import among
from psqe.features import Features
from psqe.graph import AlignmentTask, IntArray, Sides
from psqe.links.judged import recalibration_of
from psqe.links.predict import Links, WeighedPairs, weigh_pairs
from psqe.links.proposals import propose
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule
from psqe.links.verdicts import Verdicts
from psqe.seeds import SeedSet
from psqe.study.measures import f1_outside

Strategy = Literal["proposed", "least certain", "random"]
"""How pairs are chosen: as :func:`psqe.links.propose` does it, by a confidence near 0.5, or at random."""

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

ROUNDS = (50, 200)
"""Number of verdicts of each round."""

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
        Seed of the draws of the strategy ``random``, and of the order of pairs that are equally certain.

    Yields
    ------
    dict
        ``strategy``, ``n_verdicts``, and precision, recall and F1 of all links; ``free_f1`` is about the
        links and the gold links with no entity in a verdict, and ``free_f1_before`` is that of the links
        before any verdict, on the same entities.
    """
    unaware = _weighed(task, features, seeds, build)
    first = unaware.choose(RULE)
    for strategy in STRATEGIES:
        rng = np.random.default_rng(random_state)
        said, links, n = Verdicts.none(), first, 0
        yield _row(task, strategy, n, said, links, first)
        for size in ROUNDS:
            chosen = choose(strategy, task, links, size, rng)
            said, n = answered(task, links, said, chosen), n + len(chosen)
            links = _align(task, features, seeds, build, said, unaware)
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
        What the strategy ``random`` draws from, and the order of pairs that are equally certain.

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
    if strategy == "proposed":
        return propose(task, links, n).pairs
    pairs = np.vstack([links.pairs, links.doubtful])
    confidence = np.concatenate([links.confidence, links.doubtful_confidence])
    order = rng.permutation(len(pairs))
    if strategy == "least certain":
        order = order[np.argsort(np.abs(confidence[order] - 0.5), kind="stable")]
    chosen: IntArray = pairs[order[~among(pairs[order], links.verdicts.accepted)][:n]]
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
    gold: set[tuple[int, ...]] = (
        set() if task.links is None else {tuple(pair) for pair in task.links.tolist()}
    )
    accepted = {tuple(pair) for pair in said.accepted.tolist()}
    rejected = {tuple(pair) for pair in said.rejected.tolist()}
    taken = Sides({left for left, _ in accepted}, {right for _, right in accepted})

    def accept_first(offered: Iterable[tuple[int, int]]) -> None:
        """Accept the first gold link whose entities are in no accepted pair."""
        for left, right in offered:
            if (left, right) in gold and left not in taken.left and right not in taken.right:
                accepted.add((left, right))
                taken.left.add(left)
                taken.right.add(right)
                return

    for left, right in pairs.tolist():
        if (left, right) in gold:
            accept_first([(left, right)])
            continue
        rejected.add((left, right))
        row = int(np.searchsorted(task.left.candidates, left))
        column = int(np.searchsorted(task.right.candidates, right))
        accept_first(
            [
                *((left, seen) for seen in links.nearest.left.entities[row].tolist()),
                *((seen, right) for seen in links.nearest.right.entities[column].tolist()),
            ]
        )
    return Verdicts(_array(accepted), _array(rejected - accepted))


def _array(pairs: set[tuple[Any, ...]]) -> IntArray:
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _weighed(
    task: AlignmentTask, features: Features, seeds: SeedSet, build: Callable[[], Aligner]
) -> WeighedPairs:
    """Weigh pairs without verdicts."""
    return weigh_pairs(task, features, build().fit(task, features, seeds), seeds=seeds)


def _align(
    task: AlignmentTask, features: Features, seeds: SeedSet, build: Callable[[], Aligner],
    said: Verdicts, unaware: WeighedPairs,
) -> Links:  # fmt: skip
    """Align with verdicts, as :func:`psqe.align` does."""
    known = said.applied_to(seeds)
    model = build().fit(task, features, known)
    weighed = weigh_pairs(task, features, model, seeds=known, verdicts=said, calibration=unaware.calibration)
    learned = recalibration_of(said, unaware.choose(RULE))
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
