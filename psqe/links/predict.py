"""Prediction of links: pairs with a score, a confidence and a margin. Other candidates have no counterpart.

1. A seed is one pair, and its two entities compete with nobody. A trained model returns the pairs that it
   was trained on, and the entities of seeds become hubs: on the emoji pairs they are the nearest entities of
   a third to two thirds of the candidates that are in no seed. An aligner that does not return its seeds
   (``Aligner.returns_seeds``) is an exception: all candidates compete.
2. Among the candidates that are in no seed, scores and a rule choose pairs (:mod:`psqe.links.rules`).
3. Each pair has a confidence (:mod:`psqe.links.confidence`), whatever chose it. A pair below the threshold
   does not become a link, even if it was a seed.

Where entities may be in several links, further ones are chosen after that (:mod:`psqe.links.further`).

What a person said comes before all of this (:mod:`psqe.links.verdicts`): an accepted pair is a link with a
confidence of 1, a rejected one never is, and an entity without a counterpart competes for none.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from psqe.aligners import Aligner
from psqe.errors import ParameterError, PsqeWarning
from psqe.evaluation import Scorer
from psqe.evaluation.arguments import check_task, similarity_of
from psqe.evaluation.truth import among
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_candidates
from psqe.graph import SIDES, AlignmentTask, BoolArray, DoubleArray, FloatArray, IntArray, Sides, positions
from psqe.links.arguments import check_inputs, checked_scorer, checked_seeds, finite_similarities
from psqe.links.calibration import Calibration
from psqe.links.further import LEAST, Asking, best_rivals, doubted_links, further_pairs
from psqe.links.kept import KeptLinks, ListedPairs, place_of
from psqe.links.nearest import TwoNearest
from psqe.links.orphans import FEWEST, calibrating_shift
from psqe.links.plan import TransportPlan, entities_of, leads_among
from psqe.links.recalibration import Recalibration
from psqe.links.refit import Refit
from psqe.links.rules import LinkRule, best_threshold, check_rule
from psqe.links.verdicts import Verdicts
from psqe.parameters import check_form
from psqe.seeds.estimate import seed_confidence
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Similarity
from psqe.similarity.neighbours import TEMPERATURE, cells_of_pairs
from psqe.similarity.shortlist import Shortlist

DEFAULT = LinkRule()

_Takes = Callable[[FloatArray], BoolArray]
"""Function of confidences that tells which of their pairs can take an entity from a link that would stay."""


@dataclass(frozen=True, eq=False)
class Links:
    """Predicted links, sorted by descending confidence and then by descending margin.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity of each link, each pair once, and each entity at most
        once unless the rule has another cardinality. Candidates in no link are predicted to have no
        counterpart.
    scores
        Float32 array ``(n,)``: the similarity of each pair.
    confidence
        Float32 array ``(n,)``: the estimated probability that each link is correct
        (:mod:`psqe.links.confidence`). Its sum is the expected number of correct links.
    rank_margin
        Float32 array ``(n,)``: the similarity minus the largest similarity of either entity to another
        candidate, and to none that it is linked with. It is negative where an entity has a nearer candidate,
        which is linked elsewhere.
    from_seed
        Boolean array ``(n,)``: which links are pairs that the model was trained on.
    seeds_kept
        Whether seeds became pairs without competition, because the model returns them whether they are
        correct or not. Their confidence is then computed from the features and the graphs alone.
    calibrated
        Whether the confidence of pairs that are no seeds is calibrated (:mod:`psqe.links.orphans`). With too
        few candidates, or where the evidence does not tell wrong pairs from correct ones, it is not, and is
        then usually too high. ``True`` where there is no such pair.
    doubtful, doubtful_confidence
        Pairs that the rule chose and that did not become links because their confidence is below the
        threshold ``(m, 2)``, most confident first, and their confidence ``(m,)``.
    threshold
        The smallest confidence of a link.
    temperature
        Temperature of the transport plan that the confidence is computed from.
    expected_links
        Estimated number of true links, whether found or not; with further links, their expected number of
        correct ones is added.
    chosen_by
        The rule that chose the links.
    nearest
        For either side, the two nearest entities of each candidate, in the order of
        ``task.sides[side].candidates``.
    listed
        Int32 array ``(k, 2)``: the pairs of near entities that links were chosen from, seeds and accepted
        pairs not among them. A later run need not look for them again. None by default.
    estimated
        Float32 array ``(n,)``: the confidence of each link before verdicts changed it; ``None``, the default,
        where none did.
    verdicts
        What a person said about pairs; about none by default.
    recalibration
        How verdicts changed the confidence of the other pairs; ``None`` without verdicts.
    expected_interval
        With verdicts, the 95 % interval of the number of correct links
        (:meth:`psqe.links.recalibration.Recalibration.expected_interval`); ``None`` without.
    n_further
        Number of links that were added to the one-to-one ones because an entity may be in several
        (:mod:`psqe.links.further`); 0 by default.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> links.pairs.shape[1], bool((links.confidence >= links.threshold).all())
    (2, True)
    """

    pairs: IntArray
    scores: FloatArray
    confidence: FloatArray
    rank_margin: FloatArray
    from_seed: BoolArray
    seeds_kept: bool
    calibrated: bool
    doubtful: IntArray
    doubtful_confidence: FloatArray
    threshold: float
    temperature: float
    expected_links: float
    chosen_by: LinkRule
    nearest: Sides[TwoNearest]
    listed: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int32))
    estimated: FloatArray | None = None
    verdicts: Verdicts = field(default_factory=Verdicts.none)
    recalibration: Recalibration | None = None
    expected_interval: tuple[float, float] | None = None
    n_further: int = 0

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def accepted(self) -> BoolArray:
        """Which links a person accepted ``(n,)``."""
        return among(self.pairs, self.verdicts.accepted)

    def without_counterpart(self, task: AlignmentTask) -> Sides[IntArray]:
        """The candidates of either side that are in no link, ascending.

        Raises
        ------
        ParameterError
            If the links are those of another task.
        """
        check_links(task, self)
        return Sides(
            np.setdiff1d(task.left.candidates, self.pairs[:, 0]),
            np.setdiff1d(task.right.candidates, self.pairs[:, 1]),
        )


def check_links(task: AlignmentTask, links: Links) -> None:
    """Refuse what is no task, and what are no links of it.

    Raises
    ------
    ParameterError
        If one of them is something else, or the links are those of another task.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(30)
    >>> check_links(task, predict_links(task, features, feature_scorer(task, features)))
    """
    check_task(task)
    check_form("the links", links, Links, "give Links, such as predict_links returns")
    for column, side in enumerate(SIDES):
        candidates, nearest = task.sides[side].candidates, links.nearest[side].entities
        ends: IntArray = links.pairs[:, column]
        if len(nearest) != len(candidates) or not np.isin(ends, candidates).all():
            raise ParameterError(
                f"the links are of other {side} candidates than those of {task.name}",
                remedy="give the task that the links were predicted for",
            )


def predict_links(
    task: AlignmentTask,
    features: Features,
    scorer: Scorer | Aligner,
    *,
    seeds: SeedSet | None = None,
    rule: LinkRule = DEFAULT,
    verdicts: Verdicts | None = None,
) -> Links:
    """Predict links between the candidates of both sides, and which candidates have no counterpart.

    To compare several rules, call :func:`weigh_pairs` once and choose from its result.

    Parameters
    ----------
    task
        The pair of graphs. Its gold links are not read.
    features
        The input features of all entities.
    scorer
        A fitted aligner, or a function of left and right entities that returns their similarities. A function
        says nothing of the aligner behind it: it is treated as one that returns its seeds and does not
        take its own links for evidence. Give the aligner itself where there is one.
    seeds
        The pairs that the similarities were trained on; ``None`` for similarities without training. A seed
        becomes a link if its confidence, which is computed from the features and the graphs, reaches the
        threshold. For seeds that are known to be correct, use a threshold of 0. The seeds of an aligner that
        does not return them compete like all other pairs.
    rule
        The rule that chooses links.
    verdicts
        What a person said about pairs and entities of the task; ``None`` for nothing. The confidence is not
        recalibrated by them here (:meth:`WeighedPairs.recalibrated` does it).

    Returns
    -------
    The links, most confident first.

    Raises
    ------
    DataError
        If the features or the verdicts do not fit the task.
    ParameterError
        If an argument is something else, the aligner is not fitted on this task, a seed names an entity that
        the task does not have, or the function returns no finite similarity for each pair of entities.
    FloatingPointError
        If a similarity of an aligner is not finite.
    """
    check_rule(rule)
    return weigh_pairs(task, features, scorer, seeds=seeds, verdicts=verdicts).choose(rule)


def weigh_pairs(
    task: AlignmentTask,
    features: Features,
    scorer: Scorer | Aligner,
    *,
    seeds: SeedSet | None = None,
    verdicts: Verdicts | None = None,
    calibration: Calibration | None = None,
    kept: KeptLinks | None = None,
    listed: ListedPairs | None = None,
) -> WeighedPairs:
    """Compute what :func:`predict_links` needs before a rule is applied, which is nearly all of its cost.

    Parameters
    ----------
    task, features, scorer, seeds, verdicts
        As for :func:`predict_links`.
    calibration
        How similarities become confidences, learned without verdicts (:attr:`WeighedPairs.calibration`).
        When ``None``, the default, it is learned from these similarities.
    kept
        Links of an earlier run about whose entities nothing changed, which stay
        (:mod:`psqe.links.kept`). They must not contradict the verdicts. ``None`` for no earlier run.
    listed
        The pairs that an earlier run compared, if only they and the pairs of entities that changed are to be
        compared. ``None``, the default, compares all pairs.

    Returns
    -------
    Pairs with their confidence, from which any rule can choose.

    Raises
    ------
    DataError
        If the features or the verdicts do not fit the task.
    ParameterError, FloatingPointError
        As :func:`predict_links`, but for the rule.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> weighed = weigh_pairs(task, features, feature_scorer(task, features))
    >>> len(weighed.choose(LinkRule("cosine", "one_to_one"))) > 0
    True
    """
    check_inputs(task, features)
    known = checked_seeds(task, seeds)
    source, model = checked_scorer(task, scorer)
    check_form("the verdicts", verdicts, Verdicts | None, "give Verdicts, or None")
    said = Verdicts.none() if verdicts is None else verdicts
    said.check(task)
    with finite_similarities(model):
        similarity = partial(similarity_of, source)
        if len(said) and calibration is None:
            unaware = _weighed(task, features, similarity, model, known, Verdicts.none(), None, None, listed)
            calibration = unaware.calibration
        return _weighed(task, features, similarity, model, known, said, calibration, kept, listed)


def _weighed(
    task: AlignmentTask, features: Features, similarity: Scorer, model: Aligner | None, known: SeedSet,
    said: Verdicts, calibration: Calibration | None, kept_links: KeptLinks | None,
    listed: ListedPairs | None,
) -> WeighedPairs:  # fmt: skip
    """Weigh pairs by the similarities of a function; ``model`` is the aligner behind it, where known."""
    # In canonical order, because a sample is drawn, sums are rounded and assignments may be equally good.
    candidates = canonical_candidates(task, features)
    returned = known.pairs if model is None or model.returns_seeds else known.pairs[:0]
    returned = returned[~said.excludes(returned) & ~among(returned, said.accepted)]
    if kept_links is not None:  # A link that stays keeps its confidence, whether it is a seed or not.
        both = zip(returned.T, kept_links.pairs.T, strict=True)
        returned = returned[~np.any([np.isin(own, kept) for own, kept in both], axis=0)]
    decided = Sides(np.isin(candidates.left, said.ends.left), np.isin(candidates.right, said.ends.right))
    in_seed = Sides(np.isin(candidates.left, returned[:, 0]), np.isin(candidates.right, returned[:, 1]))
    ends = _without(candidates, in_seed, decided)
    others = None
    if len(ends.left) and len(ends.right):
        if calibration is None:
            again = Refit.where_needed(task, features, model, known, ends)
            others = _UnseededPairs.calibrated_on(similarity, ends, again, listed)
        else:
            # Accepted pairs are seeds, and so no rivals where the model returns its seeds.
            returns_seeds = model is None or model.returns_seeds
            rivals = ends if returns_seeds else _without(candidates, in_seed)
            others = _UnseededPairs.weigh(similarity, ends, rivals, said, calibration, listed)

    def kept(members: Sides[BoolArray], pairs: IntArray, confidence: FloatArray | None) -> _ChosenPairs:
        own = Sides(candidates.left[members.left], candidates.right[members.right])
        return _kept_pairs(task, features, similarity, candidates, own, pairs, confidence)

    linkable = Sides(
        *(own[~np.isin(own, out)] for own, out in zip(candidates, said.no_counterpart, strict=True))
    )

    def everyone() -> Shortlist:
        if others is not None and _same_sizes(Sides(others.left, others.right), linkable):
            return others.plan.shortlist
        with finite_similarities(model):
            every = Shortlist.from_similarity(similarity(*linkable))
        return every.without_pairs(_places(said.rejected, linkable))

    return WeighedPairs(
        task.sides.map(lambda graph: graph.candidates),
        known.pairs,
        kept(decided, said.accepted, np.ones(len(said.accepted), dtype=np.float32)),
        kept(in_seed, returned, None),
        others,
        _Everyone(linkable, everyone),
        said,
        kept_links,
    )


def _without(entities: Sides[IntArray], *out: Sides[BoolArray]) -> Sides[IntArray]:
    """The entities of either side that are in none of some masks."""
    left, right = (own[~np.any(masks, axis=0)] for own, *masks in zip(entities, *out, strict=True))
    return Sides(left, right)


def _same_sizes(one: Sides[IntArray], other: Sides[IntArray]) -> bool:
    return all(len(ours) == len(theirs) for ours, theirs in zip(one, other, strict=True))


@dataclass(frozen=True, eq=False)
class _Everyone:
    """The candidates that may be in links, in canonical order, and a function that lists their pairs."""

    ends: Sides[IntArray]
    listed: Callable[[], Shortlist]


def _places(pairs: IntArray, ends: Sides[IntArray]) -> IntArray:
    """Positions ``(m, 2)`` in ``ends`` of those of some pairs ``(n, 2)`` whose two entities are there."""
    pairs = pairs[np.isin(pairs[:, 0], ends.left) & np.isin(pairs[:, 1], ends.right)]
    if not len(pairs):
        return pairs
    return np.column_stack(
        [positions(own, own.max() + 1)[given] for own, given in zip(ends, pairs.T, strict=True)]
    )


@dataclass(frozen=True, eq=False)
class _ChosenPairs:
    """Pairs ``(n, 2)`` chosen among some candidates, and these candidates with their two nearest."""

    pairs: IntArray
    scores: FloatArray
    confidence: FloatArray
    expected_links: float
    nearest: Sides[tuple[IntArray, TwoNearest]]


def _kept_pairs(
    task: AlignmentTask, features: Features, scorer: Scorer, candidates: Sides[IntArray],
    members: Sides[IntArray], given: IntArray, confidence: FloatArray | None,
) -> _ChosenPairs:  # fmt: skip
    """The given pairs whose entities are candidates, without competition.

    ``members`` are the candidates that compete for no other entity. The confidence of the pairs is that of
    seeds where it is not given.
    """
    left, right = members
    partner = dict(given.tolist())
    pairs = np.array([(i, partner[i]) for i in left.tolist() if i in partner], dtype=np.int64).reshape(-1, 2)
    pairs = pairs[np.isin(pairs[:, 1], right)]
    if confidence is None:
        confidence = seed_confidence(pairs, task, features)
    return _ChosenPairs(
        pairs, _scores(scorer, pairs), confidence, float(confidence.sum()),
        Sides(
            (left, TwoNearest.from_similarity(candidates.right, scorer(left, candidates.right))),
            (right, TwoNearest.from_similarity(candidates.left, scorer(candidates.left, right).T)),
        ),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _UnseededPairs:
    """The candidates that compete, in canonical order, and their plan with the confidence of each pair."""

    left: IntArray
    right: IntArray
    plan: TransportPlan
    confidence: DoubleArray
    calibration: Calibration
    similarity: Scorer
    rejected: IntArray

    @classmethod
    def calibrated_on(
        cls, scorer: Scorer, ends: Sides[IntArray], again: Refit | None, listed: ListedPairs | None
    ) -> _UnseededPairs:
        """Weigh the pairs of entities, and learn from the same entities how sure the pairs are."""
        plan = TransportPlan.from_similarity(_similarity(scorer, ends.left, ends.right, listed))
        shift = calibrating_shift(plan, again)
        calibration = Calibration(plan, shift, ends)
        nothing = np.empty((0, 2), dtype=np.int64)
        pairs = entities_of(plan.shortlist, ends)
        confidence = calibration.confidence(plan, pairs, nothing)
        return cls(ends.left, ends.right, plan, confidence, calibration, scorer, nothing)

    @classmethod
    def weigh(
        cls, scorer: Scorer, ends: Sides[IntArray], rivals: Sides[IntArray], said: Verdicts,
        calibration: Calibration, listed: ListedPairs | None,
    ) -> _UnseededPairs | None:  # fmt: skip
        """Weigh the pairs of entities that were not rejected; ``None`` if every pair was.

        All pairs of the entities ``rivals``, judged or not, are rivals of these pairs.
        """
        places = _places(said.rejected, ends)
        every = Shortlist.from_similarity(_similarity(scorer, ends.left, ends.right, listed))
        shortlist = every.without_pairs(places)
        if not len(shortlist):
            return None
        pairs = entities_of(shortlist, ends)
        if not _same_sizes(rivals, ends):
            every = Shortlist.from_similarity(_similarity(scorer, rivals.left, rivals.right, listed))
        plan = TransportPlan.from_shortlist(
            shortlist,
            temperature=calibration.temperature,
            counterparts=calibration.n_remaining(ends, said),
            leads=leads_among(pairs, every, rivals),
        )
        rejected = np.column_stack([ends.left[places[:, 0]], ends.right[places[:, 1]]])
        confidence = calibration.confidence(plan, pairs, said.rejected)
        return cls(ends.left, ends.right, plan, confidence, calibration, scorer, rejected)

    def choose(
        self, rule: LinkRule, kept: KeptLinks | None = None, takes: _Takes | None = None
    ) -> _ChosenPairs:
        """Choose pairs; ``takes`` tells which of them can take an entity from a link that would stay."""
        shortlist = self.plan.shortlist
        chosen = rule.choose(shortlist, self.plan.shares, temperature=self.plan.temperature)
        left, right = self.left[shortlist.rows], self.right[shortlist.columns]
        pairs = np.column_stack([left[chosen], right[chosen]])
        scores = shortlist.values[chosen].astype(np.float32)
        confidence = self.confidence[chosen].astype(np.float32)
        if kept is not None:
            stays = kept.settled(pairs if takes is None else pairs[takes(confidence)])
            new = kept.allowed(pairs, stays)
            staying = kept.pairs[stays]
            pairs = np.vstack([staying, pairs[new]])
            scores = np.concatenate([_scores(self.similarity, staying), scores[new]])
            confidence = np.concatenate([kept.estimated[stays], confidence[new]])
        return _ChosenPairs(
            pairs, scores, confidence, self.plan.n_counterparts,
            Sides(
                (self.left, TwoNearest.from_pairs(right, shortlist.by_row, shortlist.values)),
                (self.right, TwoNearest.from_pairs(left, shortlist.by_column, shortlist.values)),
            ),
        )  # fmt: skip

    @property
    def listed(self) -> NDArray[np.int32]:
        """The listed pairs of entities ``(n, 2)``, those that were rejected among them."""
        shortlist = self.plan.shortlist
        n = len(shortlist)
        pairs = np.empty((n + len(self.rejected), 2), dtype=np.int32)
        pairs[:n, 0], pairs[:n, 1] = self.left[shortlist.rows], self.right[shortlist.columns]
        pairs[n:] = self.rejected
        return pairs


@dataclass(frozen=True, eq=False)
class WeighedPairs:
    """Pairs that could become links, with their confidence. Any number of rules can choose from them.

    Parameters
    ----------
    candidates
        The candidates of either side, ascending.
    seeds
        The seeds ``(n, 2)``, whether they compete with other pairs or not.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> weighed = weigh_pairs(task, features, feature_scorer(task, features))
    >>> len(weighed.choose(LinkRule(threshold=0.9))) <= len(weighed.choose(LinkRule(threshold=0.0)))
    True
    """

    candidates: Sides[IntArray]
    seeds: IntArray
    _accepted: _ChosenPairs
    _seeds: _ChosenPairs
    _others: _UnseededPairs | None
    _everyone: _Everyone
    verdicts: Verdicts
    _kept: KeptLinks | None = None
    recalibration: Recalibration | None = None

    @property
    def calibration(self) -> Calibration | None:
        """How similarities become confidences; ``None`` where no entities compete."""
        return None if self._others is None else self._others.calibration

    def recalibrated(self, by: Recalibration) -> WeighedPairs:
        """Change the confidence of all pairs that nobody has judged.

        Parameters
        ----------
        by
            The function that changes it.

        Returns
        -------
        The same pairs, from which rules choose by the new confidence.
        """
        return replace(self, recalibration=by)

    def choose(self, rule: LinkRule = DEFAULT) -> Links:
        """Apply a rule.

        Parameters
        ----------
        rule
            The rule that chooses links.

        Returns
        -------
        The links, most confident first.

        Raises
        ------
        ParameterError
            If the rule is something else, or links of an earlier run stay and the cardinality of the rule is
            not ``one-to-one``: a further link could contradict them.
        """
        check_rule(rule)
        if self._kept is not None and rule.cardinality != "one-to-one":
            raise ParameterError(
                "links of an earlier run stay, which are one-to-one, and the cardinality is "
                f"{rule.cardinality}",
                remedy="leave the cardinality out, or weigh the pairs without the earlier links",
            )
        found, threshold = [self._seeds], None
        if self._others is not None:
            takes = None
            if self._kept is not None:
                threshold = rule.threshold
                if threshold is None:  # that of a run without earlier links
                    threshold = self._threshold(rule, [self._accepted, *found, self._others.choose(rule)])
                takes = partial(self._reaches, threshold)
            found.append(self._others.choose(rule, self._kept, takes))
        parts = [self._accepted, *found]
        pairs = np.vstack([part.pairs for part in parts])
        scores = np.concatenate([part.scores for part in parts])
        estimated = np.concatenate([part.confidence for part in parts])
        n_accepted = len(self._accepted.pairs)
        confidence = estimated
        if self.recalibration is not None:
            changed = self._recalibrated(estimated[n_accepted:])
            confidence = np.concatenate([estimated[:n_accepted], changed])
        if self._kept is not None:
            stays = among(pairs, self._kept.pairs)
            place = place_of(self._kept.pairs[:, 0], pairs[stays, 0])
            confidence = confidence.copy()
            confidence[stays] = self._kept.confidence[place]
        expected_links = sum(part.expected_links for part in parts)
        left, right = self.candidates
        nearest = Sides(
            TwoNearest.join(left, [part.nearest.left for part in parts]),
            TwoNearest.join(right, [part.nearest.right for part in parts]),
        )
        _, left_rival = nearest.left.best_other(np.searchsorted(left, pairs[:, 0]), pairs[:, 1])
        _, right_rival = nearest.right.best_other(np.searchsorted(right, pairs[:, 1]), pairs[:, 0])
        margin = scores - np.maximum(left_rival, right_rival)
        # Many confidences equal one up to rounding; the margin sorts the links that share a confidence.
        order = np.lexsort((-margin, -confidence))
        if threshold is None:
            threshold = self._threshold(rule, parts)
        n_links = int((confidence >= threshold).sum())
        linked, rejected = order[:n_links], order[n_links:]
        interval = None
        if self.recalibration is not None:
            low, high = self.recalibration.expected_interval(estimated[linked[linked >= n_accepted]])
            accepted = int((linked < n_accepted).sum())
            interval = (accepted + low, accepted + high)
        links = Links(
            pairs=pairs[linked], scores=scores[linked], confidence=confidence[linked],
            rank_margin=margin[linked], from_seed=among(pairs[linked], self.seeds),
            seeds_kept=len(self._seeds.pairs) > 0,
            calibrated=self.calibration is None or self.calibration.shift is not None,
            estimated=estimated[linked], doubtful=pairs[rejected],
            doubtful_confidence=confidence[rejected], threshold=threshold,
            temperature=TEMPERATURE if self._others is None else self._others.plan.temperature,
            expected_links=expected_links, chosen_by=rule, nearest=nearest,
            listed=np.empty((0, 2), dtype=np.int32) if self._others is None else self._others.listed,
            verdicts=self.verdicts,
            recalibration=self.recalibration, expected_interval=interval,
        )  # fmt: skip
        if rule.cardinality == "one-to-one":
            return links
        return self._with_further(links, estimated[linked])

    def _threshold(self, rule: LinkRule, parts: list[_ChosenPairs]) -> float:
        """The smallest confidence of a link: that of the rule, or the one that is expected to maximise F1.

        The first part is that of accepted pairs, whose confidence verdicts do not change.
        """
        if rule.threshold is not None:
            return rule.threshold
        accepted, *others = (part.confidence for part in parts)
        changed = self._recalibrated(np.concatenate(others))
        expected = sum(part.expected_links for part in parts)
        return best_threshold(np.concatenate([accepted, changed]), expected)

    def _recalibrated(self, estimated: FloatArray) -> FloatArray:
        """The confidence of pairs that nobody has accepted, from what it is without verdicts."""
        if self.recalibration is None:
            return estimated
        return self.recalibration(estimated.astype(np.float64)).astype(np.float32)

    def _reaches(self, threshold: float, estimated: FloatArray) -> BoolArray:
        """Tell which pairs become links, by their confidence without verdicts."""
        reached: BoolArray = self._recalibrated(estimated) >= threshold
        return reached

    def _with_further(self, links: Links, of_links: FloatArray) -> Links:
        """Add the further links of entities that may be in several.

        ``of_links`` is the confidence of the links before verdicts changed it.

        Warns
        -----
        PsqeWarning
            If there are too few links to tell how wrong pairs look.
        """
        rule, ends = links.chosen_by, self._everyone.ends
        if not len(ends.left) or not len(ends.right):
            return links
        every = self._everyone.listed()
        rest = every.without_pairs(_places(links.pairs, ends))
        known = among(links.pairs, np.vstack([self._seeds.pairs, self._accepted.pairs]))
        doubted = doubted_links(rest, ends, links.pairs, links.scores, known, rule.cardinality)
        compared = ~known
        compared[doubted.links] = False
        unlinked = Sides(
            *(
                ~np.isin(own, linked) | np.isin(own, asking)
                for own, linked, asking in zip(ends, links.pairs.T, doubted.asking, strict=True)
            )
        )
        settled = Sides(
            *(np.isin(own, linked) for own, linked in zip(ends, links.pairs[compared].T, strict=True))
        )
        found = further_pairs(
            rest, Asking(unlinked, settled), rule.cardinality, rule.matching, temperature=links.temperature
        )
        if not found.weighed:
            warnings.warn(
                f"the cardinality is {rule.cardinality}, but no further link can be found where fewer than "
                f"{FEWEST} links beside seeds and accepted pairs show how wrong pairs look; the links are "
                "one-to-one",
                PsqeWarning,
                stacklevel=3,
            )
        estimated = found.probability.astype(np.float32)
        confidence = estimated
        if self.recalibration is not None:
            confidence = self.recalibration(estimated.astype(np.float64)).astype(np.float32)
        at = np.column_stack([rest.rows[found.places], rest.columns[found.places]])
        further = np.column_stack([ends.left[at[:, 0]], ends.right[at[:, 1]]])
        kept, gone = doubted.decided(further, confidence, links.confidence, max(links.threshold, LEAST))
        if not kept.any():
            return links
        stays = ~gone
        pairs = np.vstack([links.pairs[stays], further[kept]])
        scores = np.concatenate([links.scores[stays], rest.values[found.places[kept]].astype(np.float32)])
        margin = np.append(links.rank_margin[stays], np.zeros(kept.sum(), dtype=np.float32))
        # An entity's other links are no rivals; the margin of a link that shares no entity stays as it is.
        again = _shared(pairs)
        again[stays.sum() :] = True
        rivals = best_rivals(every.without_pairs(_places(pairs, ends)))
        rows, columns = _places(pairs[again], ends).T
        margin[again] = scores[again] - np.maximum(rivals.left[rows], rivals.right[columns])
        expected = links.expected_links + float(confidence[kept].sum() - links.confidence[gone].sum())
        confidence = np.concatenate([links.confidence[stays], confidence[kept]])
        order = np.lexsort((-margin, -confidence))
        interval = None
        if self.recalibration is not None:
            free = np.concatenate([of_links[stays & ~links.accepted], estimated[kept]])
            low, high = self.recalibration.expected_interval(free.astype(np.float64))
            n_accepted = int(links.accepted.sum())
            interval = (n_accepted + low, n_accepted + high)
        doubtful = ~among(links.doubtful, pairs)
        return replace(
            links,
            pairs=pairs[order], scores=scores[order], confidence=confidence[order], rank_margin=margin[order],
            from_seed=among(pairs[order], self.seeds), doubtful=links.doubtful[doubtful],
            doubtful_confidence=links.doubtful_confidence[doubtful], expected_links=expected,
            estimated=np.concatenate([of_links[stays], estimated[kept]])[order],
            expected_interval=interval, n_further=int(kept.sum()),
        )  # fmt: skip


def _shared(pairs: IntArray) -> BoolArray:
    """Tell which pairs ``(n, 2)`` have an entity in common with another one."""
    shared = np.zeros(len(pairs), dtype=bool)
    for ends in pairs.T:
        _, place, count = np.unique(ends, return_inverse=True, return_counts=True)
        shared |= count[place] > 1
    return shared


def _similarity(scorer: Scorer, left: IntArray, right: IntArray, listed: ListedPairs | None) -> Similarity:
    """The similarities of entities, which know what an earlier run has found."""
    similarity = scorer(left, right)
    if listed is not None:
        listed.teach(similarity, left, right)
    return similarity


def _scores(scorer: Scorer, pairs: IntArray) -> FloatArray:
    """Compute the similarity of each pair ``(n, 2)`` of entities: ``(n,)``."""
    places = np.arange(len(pairs))
    return cells_of_pairs(scorer(pairs[:, 0], pairs[:, 1]), places, places)
