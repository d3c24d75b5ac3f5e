"""From similarities to links with a score, a confidence and a margin; who gets none has no counterpart.

1. Seeds settle their ends. A model gives back what it was trained on, and the ends of its seeds are hubs:
   on the emoji pairs they are the nearest of a third to two thirds of the entities that are in no seed. So a
   seed is one pair, and the candidates in no seed compete among themselves.
2. Scores and a rule choose pairs among these (:mod:`psqe.links.rules`).
3. Each pair has a confidence (:mod:`psqe.links.calibration`), whatever chose it. Below the threshold no
   link is made, not of a seed either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from psqe.evaluation import Scorer
from psqe.features.base import Features
from psqe.features.canonical import canonical_order
from psqe.files import write_text
from psqe.graph import AlignmentTask, BoolArray, DoubleArray, FloatArray, IntArray, Side
from psqe.links.calibration import model_temperature, n_counterparts
from psqe.links.rules import LinkRule, best_threshold
from psqe.links.shortlist import PairsByEntity, Shortlist
from psqe.links.transport import probabilities
from psqe.seeds.base import SeedSet
from psqe.seeds.confidence import pair_confidence
from psqe.similarity import Similarity, top_k
from psqe.similarity.neighbours import TEMPERATURE

DEFAULT = LinkRule()


@dataclass(frozen=True, eq=False)
class TwoNearest:
    """The two nearest of every candidate of a side among those that it competes for.

    The ends of seeds are compared with all candidates of the other side, other candidates with those in no
    seed.

    Attributes
    ----------
    entities
        Of the other side, the nearest first ``(n_candidates, 2)``; -1 where there is none.
    scores
        Their similarities ``(n_candidates, 2)``; minus infinity where there is none.
    """

    entities: IntArray
    scores: FloatArray

    @classmethod
    def join(cls, candidates: IntArray, parts: Sequence[tuple[IntArray, TwoNearest]]) -> TwoNearest:
        """Those of all ``candidates`` (sorted) from those of some of them each."""
        entities = np.full((len(candidates), 2), -1, dtype=np.int64)
        scores = np.full((len(candidates), 2), -np.inf, dtype=np.float32)
        for ends, two in parts:
            rows, width = np.searchsorted(candidates, ends), two.entities.shape[1]
            entities[rows, :width], scores[rows, :width] = two.entities, two.scores
        return cls(entities, scores)

    @classmethod
    def among(cls, others: IntArray, similarity: Similarity) -> TwoNearest:
        """Of each row of ``similarity``, among the entities ``others`` that are its columns."""
        indices, scores = top_k(similarity, 2)
        return cls(others[indices], scores)

    @classmethod
    def listed(cls, others: IntArray, by: PairsByEntity, similarity: DoubleArray) -> TwoNearest:
        """Of each entity of one side of a shortlist; ``others (n,)`` are the pairs' other entities."""
        two = np.column_stack(by.two_best(similarity))
        scores = np.where(two < 0, -np.inf, similarity[two]).astype(np.float32)
        return cls(np.where(two < 0, -1, others[two]), scores)

    def best_other(self, rows: IntArray, entities: IntArray) -> FloatArray:
        """The largest similarity of the candidates at ``rows (n,)`` to another one than ``entities (n,)``."""
        column = (self.entities[rows, 0] == entities).astype(np.int64)
        other: FloatArray = self.scores[rows, column]
        return other


@dataclass(frozen=True, eq=False)
class Links:
    """Predicted links, most confident first, and of equal ones those with the larger margin.

    Attributes
    ----------
    pairs
        Left and right entity ``(n, 2)``, each entity at most once. Candidates that are in none are said to
        have no counterpart.
    scores
        Similarity of each pair ``(n,)``.
    confidence
        Estimated probability that a pair is right ``(n,)``, see :mod:`psqe.links.calibration`. Its sum is
        the expected number of right links.
    rank_margin
        How far the similarity is ahead of the best other one of either entity ``(n,)``; negative where an
        entity has a nearer one, which is linked to somebody else.
    from_seed
        Which links are pairs that the model was trained on ``(n,)``.
    doubtful, doubtful_confidence
        Pairs that the rule chose and that were too unsure to become links, most confident first: ``(m, 2)``
        and ``(m,)``.
    threshold
        The smallest confidence of a link.
    temperature
        Of the probabilities.
    expected_links
        How many true links there are thought to be, found or not.
    chosen_by
        What they were chosen by.
    nearest
        For either side, the two nearest of every candidate, in the order of ``task.sides[side].candidates``.
    """

    pairs: IntArray
    scores: FloatArray
    confidence: FloatArray
    rank_margin: FloatArray
    from_seed: BoolArray
    doubtful: IntArray
    doubtful_confidence: FloatArray
    threshold: float
    temperature: float
    expected_links: float
    chosen_by: LinkRule
    nearest: dict[Side, TwoNearest]

    def __len__(self) -> int:
        return len(self.pairs)

    def without_counterpart(self, task: AlignmentTask) -> dict[Side, IntArray]:
        """The candidates in no link, by side, ascending."""
        return {
            "left": np.setdiff1d(task.left.candidates, self.pairs[:, 0]),
            "right": np.setdiff1d(task.right.candidates, self.pairs[:, 1]),
        }

    def save_tsv(self, path: str | Path, task: AlignmentTask) -> None:
        """Write ``left, right, score, confidence, rank_margin`` with a header; entities by identifier."""
        lines = ["left\tright\tscore\tconfidence\trank_margin"]
        columns = zip(self.pairs, self.scores, self.confidence, self.rank_margin, strict=True)
        for (left, right), *numbers in columns:
            ends = task.left.entities[left], task.right.entities[right]
            lines.append("\t".join([*ends, *(f"{x:.6g}" for x in numbers)]))
        write_text(path, "\n".join(lines) + "\n")


def predict_links(
    task: AlignmentTask,
    features: Features,
    scorer: Scorer,
    *,
    seeds: SeedSet | None = None,
    rule: LinkRule = DEFAULT,
) -> Links:
    """Link candidates, and leave those alone that seem to have no counterpart.

    To try several rules, :func:`weigh_pairs` once and choose from that.

    Parameters
    ----------
    task
        The task; its gold links are not looked at.
    features
        What is known of the entities without any training.
    scorer
        Similarities, for example ``aligner.similarity``.
    seeds
        What the similarities were trained on; ``None`` for similarities without training. Each becomes a
        link if its confidence suffices. That is a matter of the features, so for seeds that somebody vouches
        for a threshold of 0 may be right.
    rule
        What links are chosen by.

    Raises
    ------
    DataError
        If the features do not fit the task.
    """
    return weigh_pairs(task, features, scorer, seeds=seeds).choose(rule)


def weigh_pairs(
    task: AlignmentTask, features: Features, scorer: Scorer, *, seeds: SeedSet | None = None
) -> WeighedPairs:
    """The part of :func:`predict_links` that costs time, and that no rule has a say in."""
    # In canonical order: a sample is drawn, sums are rounded, and assignments may be equally good.
    own = tuple(
        order[np.isin(order, graph.candidates)]
        for order, graph in zip(canonical_order(task, features), (task.left, task.right), strict=True)
    )
    taken = np.empty((0, 2), dtype=np.int64) if seeds is None else seeds.pairs
    settled, free = (
        [ends[np.isin(ends, taken[:, k]) == seeded] for k, ends in enumerate(own)] for seeded in (True, False)
    )
    competition = _Competition.among(scorer, free[0], free[1]) if len(free[0]) and len(free[1]) else None
    return WeighedPairs(
        (task.left.candidates, task.right.candidates),
        _settled(task, features, scorer, own, settled, dict(taken.tolist())),
        competition,
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Pairs chosen among some candidates ``(n, 2)``, and per side these candidates and their nearest."""

    pairs: IntArray
    scores: FloatArray
    confidence: FloatArray
    expected_links: float
    nearest: tuple[tuple[IntArray, TwoNearest], tuple[IntArray, TwoNearest]]


def _settled(
    task: AlignmentTask, features: Features, scorer: Scorer, own: Sequence[IntArray],
    settled: Sequence[IntArray], partner: Mapping[int, int],
) -> _Part:  # fmt: skip
    """The seeds, out of the ``settled`` candidates of either side, and the nearest among all: ``own``."""
    left, right = settled
    pairs = np.array([(i, partner[i]) for i in left.tolist()], dtype=np.int64).reshape(-1, 2)
    pairs = pairs[np.isin(pairs[:, 1], right)]
    sure = pair_confidence(pairs, task, features)
    return _Part(
        pairs, _diagonal(scorer(pairs[:, 0], pairs[:, 1])), sure, float(sure.sum()),
        (
            (left, TwoNearest.among(own[1], scorer(left, own[1]))),
            (right, TwoNearest.among(own[0], scorer(own[0], right).T)),
        ),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Competition:
    """The candidates in no seed, in canonical order, and the pairs of them that are worth a thought."""

    left: IntArray
    right: IntArray
    listed: Shortlist
    probability: DoubleArray
    temperature: float
    expected_links: float

    @classmethod
    def among(cls, scorer: Scorer, left: IntArray, right: IntArray) -> _Competition:
        similarity = scorer(left, right)
        temperature, listed = model_temperature(similarity), Shortlist.from_similarity(similarity)
        expected = n_counterparts(listed)
        probability = probabilities(listed, temperature=temperature, n_counterparts=expected)
        return cls(left, right, listed, probability, temperature, expected)

    def chosen(self, rule: LinkRule) -> _Part:
        listed = self.listed
        chosen = rule.choose(listed, self.probability, temperature=self.temperature)
        left, right = self.left[listed.rows], self.right[listed.columns]
        return _Part(
            np.column_stack([left[chosen], right[chosen]]), listed.similarity[chosen].astype(np.float32),
            self.probability[chosen].astype(np.float32), self.expected_links,
            (
                (self.left, TwoNearest.listed(right, listed.by_left, listed.similarity)),
                (self.right, TwoNearest.listed(left, listed.by_right, listed.similarity)),
            ),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class WeighedPairs:
    """Pairs that could become links and how sure they are, for any rule to choose from.

    Attributes
    ----------
    candidates
        Of the left and of the right, ascending.
    """

    candidates: tuple[IntArray, IntArray]
    _seeds: _Part
    _others: _Competition | None

    def choose(self, rule: LinkRule = DEFAULT) -> Links:
        """The links that a rule makes of them."""
        parts = [self._seeds] if self._others is None else [self._seeds, self._others.chosen(rule)]
        pairs = np.vstack([part.pairs for part in parts])
        scores = np.concatenate([part.scores for part in parts])
        sure = np.concatenate([part.confidence for part in parts])
        expected_links = sum(part.expected_links for part in parts)
        left, right = (
            TwoNearest.join(ends, [part.nearest[k] for part in parts])
            for k, ends in enumerate(self.candidates)
        )
        margin = scores - np.maximum(
            left.best_other(np.searchsorted(self.candidates[0], pairs[:, 0]), pairs[:, 1]),
            right.best_other(np.searchsorted(self.candidates[1], pairs[:, 1]), pairs[:, 0]),
        )
        # Many confidences are one up to rounding: of those, the links that are further ahead come first.
        order = np.lexsort((-margin, -sure))
        threshold = best_threshold(sure, expected_links) if rule.threshold is None else rule.threshold
        n = int((sure >= threshold).sum())
        made, rest = order[:n], order[n:]
        return Links(
            pairs[made], scores[made], sure[made], margin[made], made < len(self._seeds.pairs),
            pairs[rest], sure[rest], threshold,
            TEMPERATURE if self._others is None else self._others.temperature, expected_links, rule,
            {"left": left, "right": right},
        )  # fmt: skip


def _diagonal(similarity: Similarity) -> FloatArray:
    """The similarities of the first with the first, the second with the second, and so on: ``(n,)``."""
    scores = np.empty(similarity.shape[0], dtype=np.float32)
    for start, block in similarity.blocks():
        own = start + np.arange(len(block))
        scores[own] = block[own - start, own]
    return scores
