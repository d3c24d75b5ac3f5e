"""Concord: whitening, propagation and transport in turns, until the links settle. It needs no labels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from psqe.aligners.base import Aligner
from psqe.aligners.channels import (
    ChannelBuilder,
    Channels,
    ChannelSettings,
    PairsWithConfidence,
    has_evidence,
    plain_weights,
    stacked,
)
from psqe.aligners.choice import PRIOR_WEIGHT, choice_weights
from psqe.errors import PsqeWarning
from psqe.features.base import Features
from psqe.features.fusion import unit_rows
from psqe.graph import SIDES, AlignmentTask, DoubleArray, FloatArray, IntArray, Sides, counted
from psqe.parameters import Dimension, RandomState, ShareBelowOne
from psqe.seeds.confidence import seed_weights
from psqe.similarity import Dot, Matching, Similarity, mutual_nearest
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.shortlist import Shortlist, mutual
from psqe.similarity.sinkhorn import TEMPERATURE
from psqe.training.callback import Callback

PLAN_TEMPERATURE = 0.5
"""The temperature of a transport plan whose similarities are logarithms of odds: half of that of a softmax
(:mod:`psqe.similarity.assignments`)."""

TIE = 1e-4
"""The largest difference of two probabilities that counts as a tie."""

N_CHOICES = 1000
"""The largest number of links, in either half, of which the rivals are examined when weights are
estimated."""

N_RIVALS = 24
"""The number of rivals of each entity. With 60 of them, Hits@1 on emoji en-de and en-fr (random state 0)
changes by less than .001."""


@dataclass(frozen=True)
class Round:
    """One round of :class:`Concord`.

    Attributes
    ----------
    n_links
        Number of links that the round began with.
    n_found
        Number of links that it found.
    n_kept
        How many of the links it began with are among them.
    confidence
        Mean confidence of the links found.
    weights
        The weight of each channel of evidence, for each unit of cosine: in logarithms of odds, times the
        parameter ``context`` for the evidence of other entities.
    """

    n_links: int
    n_found: int
    n_kept: int
    confidence: float
    weights: dict[str, float]


@dataclass(kw_only=True, eq=False, repr=False)
class Concord(Aligner):
    """An aligner that whitens, propagates and matches in turns, until the links settle without labels.

    It begins with the seeds or, where there are none, with the mutual nearest pairs of the propagated
    features. One round has four steps:

    1. **Whitening and propagation.** Every modality is whitened by the differences between the two entities
       of each link (:mod:`psqe.features.whitening`) and spread over the graphs by a random walk. The cosine
       of each modality at each hop is a channel of evidence. Two more channels compare entities by their
       connections with linked entities: by the links of their neighbours, and by the links of the entities
       that share a neighbour with them (:mod:`psqe.aligners.shared_neighbours`). A link is no evidence for
       itself.
    2. **Weights.** A conditional logit (:func:`psqe.aligners.choice.choice_weights`) estimates how much each
       channel counts: the weights with which the links would most likely be chosen among their rivals.
       Whitening and labels come from one half of the links, and the choices from the other half, so that a
       link has no part in the channels by which it is judged. The similarity is the weighted sum of the
       channels.
    3. **Transport.** A transport plan with room for entities without counterpart
       (:func:`psqe.similarity.assignments.probabilities`) gives the probability of each pair.
    4. **Links.** Pairs that are each other's most probable, and probable enough, are the links of the next
       round, and count as much as they are probable. That probability is too high where the features say
       little, because the links were found with the same features.

    The rounds end when hardly any link changes. Fitting uses no labelled link. The defaults were chosen with
    labels, by Hits@1 on emoji en-de and en-fr with random state 0 and the preset ``small``. The parts have
    models in the literature: whitening within classes (Bar-Hillel et al. 2005), propagation and labels (SEU,
    Mao et al., EMNLP 2021; LightEA, Mao et al., EMNLP 2022), the conditional logit (McFadden 1974), transport
    with a dustbin (Sarlin et al. 2020), and learning from one's own links (BootEA, Sun et al. 2018). The
    combination is ours, and it is no part of PSQE: PSQE chooses seeds, and this aligner takes any. The preset
    ``published`` keeps more main axes; nobody has published this aligner.

    Parameters
    ----------
    n_hops
        Number of hops that features spread.
    n_rounds
        Largest number of rounds.
    settled
        The rounds end when at most this share of the links has changed. There are two rounds at least, unless
        ``n_rounds`` is 1.
    least_confidence
        Smallest probability of a pair that becomes a link of the next round.
    context
        Factor on the estimated weights of all channels but the own features of the two entities. Links are
        chosen because own features agree, so that the estimate sees these at their best; a factor above 1
        makes up for that.
    weigh_seeds
        Whether the seeds, or the pairs that are taken where there are none, count by their label-free
        confidence (:mod:`psqe.seeds.confidence`) in the first round. Turn it off for seeds that are known to
        be correct.
    whitening
        Whether features are whitened; otherwise they are compared as they are.
    link_evidence
        Whether there are channels that compare entities by the links of others.
    learn_weights
        Whether step 2 takes place; otherwise the channels have the relative weights of the aligner
        ``propagation``.
    transport
        Whether step 3 takes place; otherwise the probability of a pair is the product of its two softmax
        shares among the candidates of either entity.
    dim
        Number of main axes that are kept of each modality; ``None`` for all of them.
    label_dim
        Number of dimensions of the random vectors that stand for links.
    random_state
        Seed of the random generator for these vectors, and for the halves of the links.

    Attributes
    ----------
    rounds_
        What each round began with and found.
    weights_
        The weight of each channel in the last round.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import SeedSet
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = Concord(n_hops=1).fit(task, features, SeedSet.empty())
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    >>> sorted(model.weights_)[:2]
    ['attribute', 'attribute, hop 1']
    """

    n_hops: Annotated[int, Field(ge=0, le=100)] = 2
    n_rounds: Annotated[int, Field(ge=1, le=100)] = 5
    settled: Annotated[float, Field(ge=0, le=1)] = 0.01
    least_confidence: ShareBelowOne = 0.6
    context: Annotated[float, Field(gt=0, le=100)] = 1.5
    weigh_seeds: bool = True
    whitening: bool = True
    link_evidence: bool = True
    learn_weights: bool = True
    transport: bool = True
    dim: Dimension | None = 512
    label_dim: Dimension = 1024
    random_state: RandomState = 0

    name: ClassVar[str] = "concord"
    min_seeds: ClassVar[int] = 0
    matching: ClassVar[Matching] = "sinkhorn"
    returns_seeds: ClassVar[bool] = False
    reinforces_links: ClassVar[bool] = True
    by_embeddings: ClassVar[bool] = False
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {}, "small": {"dim": 256}}

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        settings = ChannelSettings(
            dim=self.dim, n_hops=self.n_hops, label_dim=self.label_dim, random_state=self.random_state,
            whitening=self.whitening, link_evidence=self.link_evidence,
        )  # fmt: skip
        builder = ChannelBuilder.from_task(task, features, settings)
        links = self._first_links(task, features, pairs, builder)
        self.rounds_: list[Round] = []
        embedding: Sides[FloatArray] | None = None
        while True:
            self.weights_ = self._weights(builder, links, embedding)
            embedding = stacked(builder.from_links(links), self.weights_)
            found = self._links(embedding)
            n_kept = len(np.intersect1d(_codes(links, builder), _codes(found, builder)))
            confidence = float(found.confidence.mean()) if len(found) else 0.0
            self.rounds_.append(Round(len(links), len(found), n_kept, confidence, self.weights_))
            if not len(found):
                _warn_of_no_link(self.least_confidence)
            if len(self.rounds_) == self.n_rounds or not len(found):
                break
            if len(self.rounds_) > 1 and n_kept >= (1 - self.settled) * max(len(links), len(found)):
                break
            links = found
        # In these units, the default temperature of Sinkhorn is that of the transport plan.
        scale = np.float32((TEMPERATURE / PLAN_TEMPERATURE) ** 0.5)
        left, right = (
            _placed(scale * embedding[side], builder.candidates[side], task.sides[side].n_entities)
            for side in SIDES
        )
        return left, right

    def _first_links(
        self, task: AlignmentTask, features: Features, pairs: IntArray, builder: ChannelBuilder
    ) -> PairsWithConfidence:
        """Return the seeds among the candidates or, where there are none, the mutual nearest pairs."""
        places = [np.full(graph.n_entities, -1) for graph in task.sides]
        for place, candidates in zip(places, builder.candidates, strict=True):
            place[candidates] = np.arange(len(candidates))
        positions = np.column_stack([place[ends] for place, ends in zip(places, pairs.T, strict=True)])
        known = (positions >= 0).all(axis=1)
        if not known.all():
            warnings.warn(
                f"concord leaves out {counted(int((~known).sum()), 'seed')}: an end of each is no candidate",
                PsqeWarning,
                stacklevel=4,
            )
        pairs, positions = pairs[known], positions[known]
        if not len(pairs):
            channels = builder.without_links()
            start = stacked(channels, plain_weights(builder.nodes, self.n_hops)).map(unit_rows)
            positions = np.column_stack(mutual_nearest(Dot(start.left, start.right)))
            pairs = np.column_stack([own[i] for own, i in zip(builder.candidates, positions.T, strict=True)])
        confidence = seed_weights(pairs, task, features, by_confidence=self.weigh_seeds)
        return PairsWithConfidence(positions, confidence)

    def _weights(
        self, builder: ChannelBuilder, links: PairsWithConfidence, embedding: Sides[FloatArray] | None
    ) -> dict[str, float]:
        """Estimate the weight of each channel by two halves of the links, of which one teaches the other."""
        if not self.learn_weights:
            plain = plain_weights(builder.nodes, self.n_hops)
            return {name: PRIOR_WEIGHT * plain[name] for name in builder.from_links(links)}
        rng = np.random.default_rng([self.random_state, len(self.rounds_)])
        order = rng.permutation(len(links))
        half = len(order) // 2
        estimates: dict[str, list[float]] = {}
        for taught, asked in ((order[:half], order[half:]), (order[half:], order[:half])):
            channels = builder.from_links(links.take(taught))
            ranked = stacked(channels, dict.fromkeys(channels, 1.0)) if embedding is None else embedding
            found = _estimated(channels, links.take(asked[:N_CHOICES]), ranked)
            for (name, channel), weight in zip(channels.items(), found.tolist(), strict=True):
                estimates.setdefault(name, []).append(weight if has_evidence(channel) else 0.0)
        return {
            name: float(np.mean(values)) * (1.0 if name in builder.nodes else self.context)
            for name, values in estimates.items()
        }

    def _links(self, embedding: Sides[FloatArray]) -> PairsWithConfidence:
        """Return the pairs that are each other's most probable, and their probability."""
        shortlist = Shortlist.from_similarity(Dot(embedding.left, embedding.right))
        if self.transport:
            probability = probabilities(
                shortlist, temperature=PLAN_TEMPERATURE, n_counterparts=n_counterparts(shortlist)
            )
        else:
            probability = _shares(shortlist)
        chosen = mutual(shortlist, probability, tie=TIE)
        chosen = chosen[probability[chosen] >= self.least_confidence]
        pairs = np.column_stack([shortlist.rows[chosen], shortlist.columns[chosen]])
        return PairsWithConfidence(pairs, probability[chosen].astype(np.float32))

    def _similarity(self, left: IntArray, right: IntArray) -> Similarity:
        """Return how much speaks for two entities being the same: the weighted sum of the channels.

        It is multiplied by :data:`psqe.similarity.sinkhorn.TEMPERATURE` over :data:`PLAN_TEMPERATURE`, which
        makes the default temperature of Sinkhorn that of the transport plan. Entities that are no candidates
        have a similarity of 0 to all others.
        """
        return Dot(self._left[left], self._right[right])


def _warn_of_no_link(least_confidence: float) -> None:
    warnings.warn(
        f"concord found no pair with a probability of {least_confidence:g} or more, and stays with the links "
        "that it had; a smaller least_confidence finds more",
        PsqeWarning,
        stacklevel=4,
    )


def _estimated(channels: Channels, links: PairsWithConfidence, ranked: Sides[FloatArray]) -> DoubleArray:
    """Estimate the weights ``(c,)`` of channels by links and their rivals, of which ``ranked`` decides."""
    chosen, rivals = [], []
    for turned in (False, True):
        own, partners = links.pairs.T[::-1] if turned else links.pairs.T
        sides = _turned(ranked) if turned else ranked
        scores = sides.left[own] @ sides.right.T
        scores[np.arange(len(links)), partners] = -np.inf
        k = min(N_RIVALS, *(n - 1 for n in map(len, ranked)))
        # The first column is the counterpart, and the others are its rivals.
        listed = np.column_stack([partners, np.argsort(-scores, axis=1, kind="stable")[:, :k]])
        by_channel = (_turned(vectors) if turned else vectors for vectors in channels.values())
        cosines = np.stack([_cosines(vectors, own, listed) for vectors in by_channel], axis=2)
        chosen.append(cosines[:, 0])
        rivals.append(cosines[:, 1:])
    return choice_weights(np.concatenate(chosen), np.concatenate(rivals), np.tile(links.confidence, 2))


def _shares(shortlist: Shortlist) -> DoubleArray:
    """Return the product of the two softmax shares of each listed pair ``(n,)``."""
    rows = shortlist.by_row.log_sum_exp(shortlist.values)[shortlist.rows]
    columns = shortlist.by_column.log_sum_exp(shortlist.values)[shortlist.columns]
    shares: DoubleArray = np.exp(2 * shortlist.values - rows - columns)
    return shares


def _cosines(vectors: Sides[FloatArray], own: IntArray, listed: IntArray) -> FloatArray:
    """Return the dot products of left rows ``(n,)`` with the right rows listed for each ``(n, k)``."""
    mine = vectors.left[own]
    columns = [np.einsum("nd,nd->n", mine, vectors.right[column]) for column in listed.T]
    return np.stack(columns, axis=1)


def _turned(vectors: Sides[FloatArray]) -> Sides[FloatArray]:
    """Return the sides in the other order."""
    return Sides(vectors.right, vectors.left)


def _codes(links: PairsWithConfidence, builder: ChannelBuilder) -> IntArray:
    """Return one number for each link ``(n,)``."""
    codes: IntArray = links.pairs[:, 0] * len(builder.candidates.right) + links.pairs[:, 1]
    return codes


def _placed(vectors: FloatArray, candidates: IntArray, n_entities: int) -> FloatArray:
    """Put the vectors of candidates into a table of all entities, where the other rows are zero."""
    table = np.zeros((n_entities, vectors.shape[1]), dtype=np.float32)
    table[candidates] = vectors
    return table
