"""What any ranking is expected to find, told without labels by the probabilities of one alignment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit

from psqe.aligners import Aligner
from psqe.evaluation import Scorer
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_candidates
from psqe.graph import AlignmentTask, IntArray, Sides
from psqe.links.orphans import calibration
from psqe.links.plan import TransportPlan
from psqe.links.refit import Refit
from psqe.seeds import SeedSet
from psqe.similarity import Matching, Similarity, matched_by_each, top_k


def first_choices(similarity: Similarity) -> Sides[IntArray]:
    """Find the candidate that each entity ranks first.

    Parameters
    ----------
    similarity
        Scores ``(n_left, n_right)``.

    Returns
    -------
    Sides
        For each row its best column ``(n_left,)``, and for each column its best row ``(n_right,)``.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> choices = first_choices(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)[::-1].copy()))
    >>> choices.left.tolist(), choices.right.tolist()
    ([1, 0], [1, 0])
    """
    return Sides(*(top_k(each, 1)[0][:, 0] for each in (similarity, similarity.T)))


@dataclass(frozen=True, eq=False)
class PairProbabilities:
    """The probability of each likely pair, estimated without labels, which says what any ranking should find.

    If the probabilities are those that the data allow, the expected number of correct first places of a
    ranking is the sum of the probabilities of its first places (Proposition P9). The probabilities come from
    the transport plan of one alignment, and are calibrated as the confidence of links is
    (:mod:`psqe.links.orphans`). Gold links are not read.

    They expect too much of the ranking that they come from, compared with others: where that alignment errs,
    they err, too.

    Parameters
    ----------
    candidates
        The entities of each side, in the order of the rows and columns of ``probability``.
    probability
        Sparse matrix ``(n_left, n_right)``: the probability of each listed pair, 0 where a pair is not
        listed.
    calibrated
        Whether orphans were enough to calibrate the probabilities.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> task, features = planted_pair(200, 3, 8, noise=0.2, random_state=0)
    >>> scorer = feature_scorer(task, features)
    >>> probabilities = PairProbabilities.from_alignment(task, features, scorer)
    >>> expected = probabilities.expected_hits(scorer, ["cosine"])["cosine"]
    >>> 0.5 < expected < 1
    True
    """

    candidates: Sides[IntArray]
    probability: sparse.csr_array
    calibrated: bool

    @classmethod
    def from_alignment(
        cls,
        task: AlignmentTask,
        features: Features,
        scorer: Scorer | Aligner,
        *,
        seeds: SeedSet | None = None,
    ) -> PairProbabilities:
        """Take the probabilities from an alignment.

        Parameters
        ----------
        task, features
            The data.
        scorer
            A fitted aligner, or a function from left and right entities to their similarities. An aligner
            that takes its own links for evidence is fitted again, twice or more often.
        seeds
            The seeds of the aligner; ``None`` for none.

        Raises
        ------
        DataError
            If the features do not fit the task, or a side has no candidate.
        FloatingPointError
            If a similarity is not finite.
        """
        candidates = canonical_candidates(task, features)
        model = scorer if isinstance(scorer, Aligner) else None
        similarity: Scorer = scorer.similarity if isinstance(scorer, Aligner) else scorer
        plan = TransportPlan.from_similarity(similarity(*candidates))
        again = None
        if model is not None and model.reinforces_links:
            known = SeedSet.empty() if seeds is None else seeds
            again = Refit(task, features, model, known, *candidates)
        by = calibration(plan, again)
        listed, shape = plan.shortlist, (len(candidates.left), len(candidates.right))
        chances = expit(plan.log_odds + (0.0 if by is None else by))
        matrix = sparse.coo_array((chances, (listed.rows, listed.columns)), shape).tocsr()
        return cls(candidates, matrix, by is not None)

    def expected_hits(
        self, scorer: Scorer, matchings: Collection[Matching], *, outside: IntArray | None = None
    ) -> dict[Matching, float]:
        """Compute the Hits@1 that is expected of a ranking, mean of both directions, by matching.

        It is the sum of the probabilities of the first places, divided by the expected number of entities
        with a counterpart. The probabilities of an entity's pairs can add up to more than 1, because each pair
        is calibrated by itself; such an entity counts as one.

        Parameters
        ----------
        scorer
            The similarities of the ranking, such as ``aligner.similarity``.
        matchings
            What is made of the similarities before candidates are ranked.
        outside
            Pairs of entities ``(n, 2)``, such as seeds. Then only links count of which neither end is in one
            of these pairs; all candidates are ranked nevertheless.

        Returns
        -------
        Shares from 0 to 1; not a number where no entity is expected to have a counterpart.
        """
        asked = Sides(*(np.ones(len(own), dtype=bool) for own in self.candidates))
        if outside is not None:
            asked = Sides(
                *(~np.isin(own, ends) for own, ends in zip(self.candidates, outside.T, strict=True))
            )
        counted = asked.left[:, None], asked.right[None, :]
        chances = self.probability.multiply(counted[0]).multiply(counted[1]).tocsr()
        scores = matched_by_each(scorer(*self.candidates), matchings)
        return {matching: _expected(first_choices(each), chances) for matching, each in scores.items()}


def _expected(choices: Sides[IntArray], chances: sparse.csr_array) -> float:
    """Return the expected Hits@1 of first choices, given the probabilities of the links that count."""
    rows, columns = (np.arange(n) for n in chances.shape)
    shares = []
    for pairs, axis in (((rows, choices.left), 1), ((choices.right, columns), 0)):
        n_linked = np.minimum(np.asarray(chances.sum(axis=axis)), 1.0).sum()
        n_correct = np.asarray(chances[pairs]).sum()
        shares.append(float(n_correct / n_linked) if n_linked else float("nan"))
    return float(np.mean(shares))
