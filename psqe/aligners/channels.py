"""The channels of evidence that two candidates are the same: features, features around them, and links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import matmul
from typing import Any

import numpy as np
from scipy import sparse

from psqe.adjacency import normalised_adjacency, walk
from psqe.aligners.shared_neighbours import Neighbourhoods, link_labels
from psqe.features.base import Features
from psqe.features.fusion import unit_rows
from psqe.features.nodes import modality_nodes
from psqe.features.principal_axes import on_main_axes
from psqe.features.whitening import WhiteningRule, whitening_map
from psqe.graph import AlignmentTask, FloatArray, IntArray, Sides

Channels = dict[str, Sides[FloatArray]]
"""Kinds of evidence by name: one vector for each candidate of either side. The dot product of the vectors of
a left and a right candidate is the evidence that the two are the same, from -1 to 1."""

LINKED, SHARED = "linked neighbours", "shared neighbours"
"""The names of the two channels that compare candidates by the links of others."""

DECAY, LABEL_WEIGHT = 0.7, 0.35
"""The weight of a hop relative to the one before it, and of links relative to features, as in the aligner
``propagation``. They count only where no weights are learned."""

WITHIN_PAIRS = WhiteningRule(within=1.0)
"""Features are whitened by the differences between the two entities of each link."""


@dataclass(frozen=True, eq=False)
class PairsWithConfidence:
    """Pairs that are taken for links, and how much each of them counts.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: positions in the candidates of the left and of the right side.
    confidence
        Float32 array ``(n,)``, from 0 to 1. After the first round it is the share of the pair in a transport
        plan, which is too high where the features say little.
    """

    pairs: IntArray
    confidence: FloatArray

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, chosen: IntArray) -> PairsWithConfidence:
        """Return some of the pairs, by their positions ``(m,)``."""
        return PairsWithConfidence(self.pairs[chosen], self.confidence[chosen])


@dataclass(frozen=True)
class ChannelSettings:
    """How channels are made.

    Parameters
    ----------
    dim
        Number of main axes that are kept of each modality; ``None`` for all of them.
    n_hops
        Number of hops that features spread.
    label_dim
        Number of dimensions of the labels of links.
    random_state
        Seed of the random generator for the labels.
    whitening
        Whether features are whitened by the differences between the two entities of each link.
    link_evidence
        Whether there are channels that compare candidates by the links of others.
    """

    dim: int | None
    n_hops: int
    label_dim: int
    random_state: int
    whitening: bool
    link_evidence: bool


@dataclass(frozen=True, eq=False)
class ChannelBuilder:
    """Two graphs and their features, ready to make channels of evidence from any links.

    Parameters
    ----------
    candidates
        The candidates of both sides, by index.
    nodes
        The vectors of all nodes by modality, ``(n_left, d)`` and ``(n_right, d)``.
    walks
        The random walk of each graph (:func:`psqe.adjacency.walk`).
    hoods
        The connections among the candidates of each graph.
    settings
        How channels are made.
    """

    candidates: Sides[IntArray]
    nodes: dict[str, Sides[FloatArray]]
    walks: Sides[sparse.csr_array]
    hoods: Sides[Neighbourhoods]
    settings: ChannelSettings

    @classmethod
    def from_task(cls, task: AlignmentTask, features: Features, settings: ChannelSettings) -> ChannelBuilder:
        """Prepare a task, in canonical order."""
        candidates = task.sides.map(lambda graph: graph.candidates)
        nodes = {
            name: on_main_axes(modality.map(modality_nodes, task.sides), candidates, settings.dim)
            for name, modality in features.items()
        }
        walks = task.sides.map(lambda graph: walk(normalised_adjacency(graph)).astype(np.float32))
        return cls(candidates, nodes, walks, task.sides.map(Neighbourhoods.from_graph), settings)

    def without_links(self) -> Channels:
        """Return the channels of features as they are, where no link is known."""
        return {
            _channel(name, hop): vectors
            for name, nodes in self.nodes.items()
            for hop, vectors in enumerate(self._spread(nodes))
        }

    def from_links(self, links: PairsWithConfidence) -> Channels:
        """Return all channels, given pairs that are taken for links.

        Features are whitened by the differences between the two entities of each link, and spread over the
        graphs. Two further channels compare candidates by the links of their neighbours, and by the links of
        the candidates that share a neighbour with them.
        """
        channels: Channels = {}
        for name, nodes in self.nodes.items():
            vectors = self._whitened(nodes, links) if self.settings.whitening else nodes
            for hop, spread in enumerate(self._spread(vectors)):
                channels[_channel(name, hop)] = spread
        if not self.settings.link_evidence:
            return channels
        labels = link_labels(
            len(links), self.settings.label_dim, links.confidence, self.settings.random_state
        )
        ends = Sides(*links.pairs.T)
        for name, direct in ((LINKED, True), (SHARED, False)):
            seen = partial(Neighbourhoods.seen_from, labels=labels, direct=direct)
            channels[name] = self.hoods.map(seen, ends)
        return channels

    def _whitened(self, nodes: Sides[FloatArray], links: PairsWithConfidence) -> Sides[FloatArray]:
        own = self._of_candidates(nodes)
        ends = own.map(_rows, Sides(*links.pairs.T))
        map_ = whitening_map(list(own), list(ends), links.confidence, WITHIN_PAIRS)
        return nodes.map(partial(_mapped, map_=map_.astype(np.float32)))

    def _spread(self, nodes: Sides[FloatArray]) -> list[Sides[FloatArray]]:
        """Return the unit vectors of the candidates after 0, 1, ... ``n_hops`` steps of the random walk.

        The walk may stay where it is. Where an entity has no neighbour, its vectors after a step would be its
        own features again, and no evidence of others; they are zero.
        """
        connected = self._of_candidates(self.walks.map(lambda step: step.diagonal()[:, None] < 1))
        hops = [self._of_candidates(nodes).map(unit_rows)]
        for _ in range(self.settings.n_hops):
            nodes = self.walks.map(matmul, nodes)
            hops.append(self._of_candidates(nodes).map(unit_rows).map(np.multiply, connected))
        return hops

    def _of_candidates(self, tables: Sides[Any]) -> Sides[Any]:
        return tables.map(_rows, self.candidates)


def stacked(channels: Channels, weights: Mapping[str, float]) -> Sides[FloatArray]:
    """Return vectors of candidates whose dot product is the weighted sum of the evidence of all channels.

    Parameters
    ----------
    channels
        The channels.
    weights
        The weight of each channel, at least 0. Channels of weight 0 take no memory, unless there are no
        others.
    """
    used = [name for name in channels if weights[name] > 0] or list(channels)
    parts = [channels[name].map(partial(np.multiply, np.float32(weights[name] ** 0.5))) for name in used]
    return Sides(*(np.hstack(side) for side in zip(*parts, strict=True)))


def has_evidence(channel: Sides[FloatArray]) -> bool:
    """Whether a channel has a vector other than zero on both sides."""
    return bool(channel.left.any() and channel.right.any())


def _rows(vectors: FloatArray, of: IntArray) -> FloatArray:
    return vectors[of]


def _mapped(vectors: FloatArray, map_: FloatArray) -> FloatArray:
    return unit_rows(vectors @ map_)


def plain_weights(modalities: Iterable[str], n_hops: int) -> dict[str, float]:
    """Return the relative weights that the aligner ``propagation`` gives to the same kinds of evidence."""
    weights = {_channel(name, hop): DECAY**hop for name in modalities for hop in range(n_hops + 1)}
    return weights | {LINKED: LABEL_WEIGHT * DECAY, SHARED: LABEL_WEIGHT * DECAY**2}


def _channel(modality: str, hop: int) -> str:
    return modality if hop == 0 else f"{modality}, hop {hop}"
