"""What any ranking is expected to find, told without labels by the probabilities of one alignment."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from psqe.aligners import Aligner
from psqe.errors import ParameterError, PsqeWarning
from psqe.evaluation import Scorer
from psqe.evaluation.arguments import pairs_of_task, similarity_of
from psqe.evaluation.link_groups import Pairs
from psqe.evaluation.ranks import TIE
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_candidates
from psqe.graph import AlignmentTask, IntArray, Sides
from psqe.links.arguments import check_inputs, checked_scorer, checked_seeds, finite_similarities
from psqe.links.orphans import pair_probabilities
from psqe.links.plan import TransportPlan
from psqe.links.refit import Refit
from psqe.seeds import SeedSet
from psqe.similarity import Matching, Similarity, greedy_one_to_one, matched_by_each, top_k


def first_choices(similarity: Similarity) -> Sides[IntArray]:
    """Find the candidate that each entity ranks first.

    Parameters
    ----------
    similarity
        Scores ``(n_left, n_right)``, at least one row and one column.

    Returns
    -------
    Sides
        For each row its best column ``(n_left,)``, and for each column its best row ``(n_right,)``; -1 where
        two candidates tie for the first place, so that none of them is first.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> eye = np.eye(2, dtype=np.float32)
    >>> choices = first_choices(Dot(eye, eye[::-1].copy()))
    >>> choices.left.tolist(), choices.right.tolist()
    ([1, 0], [1, 0])
    """
    return Sides(_first(similarity), _first(similarity.T))


def _first(similarity: Similarity) -> IntArray:
    """Return the best column of each row, -1 where the two best tie."""
    columns, scores = top_k(similarity, 2)
    if scores.shape[1] < 2:
        return columns[:, 0]
    best = scores[:, 0]
    tied = best - scores[:, 1] <= TIE * np.maximum(1, np.abs(best))
    return np.where(tied, -1, columns[:, 0])


@dataclass(frozen=True, eq=False)
class PairProbabilities:
    """The probability of each likely pair, estimated without labels, which says what any ranking should find.

    If the probabilities are those that the data allow, the expected number of correct first places of a
    ranking is the sum of the probabilities of its first places (Proposition P9). The probabilities come from
    the transport plan of one alignment, and are calibrated as the confidence of links is
    (:mod:`psqe.links.orphans`). Gold links are not read.

    They say nothing of the ranking that they come from, compared with others: where that alignment errs, they
    err, too. What is expected is much too high where most pairs are wrong, and too low where many entities
    have no counterpart, because the weak probabilities of their pairs add up. Orphans are drawn, so that
    the same graphs with their sides swapped give another number, above all on small pairs.

    Parameters
    ----------
    task
        The two graphs.
    candidates
        The entities of each side, in the order of the rows and columns of ``probability``.
    probability
        Sparse matrix ``(n_left, n_right)``: the probability of each listed pair, 0 where a pair is not
        listed.
    calibrated
        Whether the probabilities are calibrated. They are not where there are too few orphans, or where these
        look like all other pairs; then they are usually too high, and a warning says so.

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

    task: AlignmentTask
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
            that takes its own links for evidence is fitted again, twice or more often. An aligner that
            returns its seeds cannot be taken: its similarities are no evidence for them.
        seeds
            The seeds of the aligner; ``None`` for none.

        Raises
        ------
        DataError
            If the features do not fit the task, or a side has no candidate.
        ParameterError
            If an argument is something else, the aligner is not fitted on this task or returns its seeds, or
            the function returns no finite similarity for each pair of entities.
        FloatingPointError
            If a similarity of an aligner is not finite.

        Warns
        -----
        PsqeWarning
            If the probabilities cannot be calibrated.
        """
        check_inputs(task, features)
        known = checked_seeds(task, seeds)
        source, model = checked_scorer(task, scorer)
        if model is not None and model.returns_seeds:
            raise ParameterError(
                f"probabilities cannot come from {model.name}, which returns its seeds whether they are "
                "correct or not",
                remedy="give an aligner that does not, such as concord or propagation",
            )
        candidates = canonical_candidates(task, features)
        with finite_similarities(model):
            plan = TransportPlan.from_similarity(similarity_of(source, *candidates))
            again = Refit.where_needed(task, features, model, known, candidates)
            chances, calibrated = pair_probabilities(plan, again)
        if not calibrated:
            warnings.warn(
                "the probabilities of pairs are not calibrated, because there are too few likely pairs or "
                "because hiding their partners changes nothing; expected numbers are usually too high",
                PsqeWarning,
                stacklevel=2,
            )
        listed, shape = plan.shortlist, (len(candidates.left), len(candidates.right))
        matrix = sparse.coo_array((chances, (listed.rows, listed.columns)), shape).tocsr()
        return cls(task, candidates, matrix, calibrated)

    def expected_hits(
        self, scorer: Scorer | Aligner, matchings: Collection[Matching], *, outside: Pairs | None = None
    ) -> dict[Matching, float]:
        """Compute the Hits@1 that is expected of a ranking, mean of both directions, by matching.

        It is the sum of the probabilities of the first places, divided by the expected number of entities
        with a counterpart. The probabilities of an entity's pairs can add up to more than 1, because each
        pair is calibrated by itself; such an entity counts as one.

        Parameters
        ----------
        scorer
            The similarities of the ranking: a fitted aligner, or a function of left and right entities. Where
            two candidates tie for the first place of an entity, neither is found.
        matchings
            What is made of the similarities before candidates are ranked.
        outside
            Pairs of entities ``(n, 2)``, such as seeds. Then only links count of which neither end is in one
            of these pairs; all candidates are ranked nevertheless.

        Returns
        -------
        Shares from 0 to 1; not a number where no entity is expected to have a counterpart.

        Raises
        ------
        ParameterError
            If an argument is something else, there is no such matching, the aligner is not fitted on the task
            of these probabilities, or the function returns no finite similarity for each pair of entities.
        FloatingPointError
            If a similarity of an aligner is not finite.
        """
        if isinstance(matchings, str) or not isinstance(matchings, Iterable):
            raise ParameterError(f"matchings is {matchings!r}", remedy='give a list, such as ["csls"]')
        source, model = checked_scorer(self.task, scorer)
        asked = Sides(*(np.ones(len(own), dtype=bool) for own in self.candidates))
        if outside is not None:
            pairs = pairs_of_task(self.task, "pairs outside", outside)
            asked = Sides(*(~np.isin(own, ends) for own, ends in zip(self.candidates, pairs.T, strict=True)))
        kept = self.probability.multiply(asked.left[:, None]).multiply(asked.right[None, :]).tocsr()
        with finite_similarities(model):
            scores = matched_by_each(similarity_of(source, *self.candidates), tuple(matchings))
            return {matching: _expected(first_choices(each), kept) for matching, each in scores.items()}

    def most_probable(self, n_seeds: int) -> SeedSet:
        """Choose the most probable pairs, each entity at most once, as seeds for an aligner.

        Parameters
        ----------
        n_seeds
            The largest number of pairs, at least 1.

        Returns
        -------
        SeedSet
            The pairs, most probable first. Their score and their confidence are the probability.

        Raises
        ------
        ParameterError
            If no seed is asked for.

        Examples
        --------
        >>> from psqe.datasets.synthetic import planted_pair
        >>> from psqe.evaluation import feature_scorer
        >>> task, features = planted_pair(200, 3, 8, noise=0.2, random_state=0)
        >>> scorer = feature_scorer(task, features)
        >>> len(PairProbabilities.from_alignment(task, features, scorer).most_probable(20))
        20
        """
        if n_seeds < 1:
            raise ParameterError(f"n_seeds is {n_seeds}", remedy="give an integer of at least 1")
        listed = self.probability.tocoo()
        order = np.lexsort((listed.col, listed.row, -listed.data))
        order = order[listed.data[order] > 0]
        kept = order[greedy_one_to_one(listed.row[order], listed.col[order], n_seeds)]
        pairs = np.column_stack(
            [self.candidates.left[listed.row[kept]], self.candidates.right[listed.col[kept]]]
        )
        chances = listed.data[kept].astype(np.float32)
        chosen = SeedSet.from_single_stage(
            "links", pairs, chances, why="a most probable pair", note="greedy on probability"
        )
        return replace(chosen, confidence=chances, n_wanted=n_seeds)


def _expected(choices: Sides[IntArray], chances: sparse.csr_array) -> float:
    """Return the expected Hits@1 of first choices, given the probabilities of the links that count."""
    rows, columns = (np.arange(n) for n in chances.shape)
    shares = []
    for pairs, axis in (((rows, choices.left), 1), ((choices.right, columns), 0)):
        n_linked = np.minimum(np.asarray(chances.sum(axis=axis)), 1.0).sum()
        found = (pairs[0] >= 0) & (pairs[1] >= 0)
        n_correct = np.asarray(chances[pairs[0][found], pairs[1][found]]).sum()
        shares.append(float(n_correct / n_linked) if n_linked else float("nan"))
    return float(np.mean(shares))
