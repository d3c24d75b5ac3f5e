"""Planted sources and planted duplicates: graphs grown from one hidden graph, which bring their vectors.

As :mod:`psqe.datasets.synthetic`, they serve tests and measurements, and are no evidence that a method works.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psqe.datasets.synthetic import N_RELATIONS, Floats, hidden_edges, regions_of
from psqe.errors import ParameterError
from psqe.graph import IntArray, KnowledgeGraph, Vectors

N_REGIONS, DIM, DENSITY = 4, 16, 4.0
"""Regions, dimensions of the vectors and edges of a hidden entity, as in a planted pair."""


def planted_sources(
    n_sources: int = 3,
    n: int = 120,
    *,
    noise: float = 0.8,
    edge_loss: float = 0.1,
    dropped: float = 0.125,
    modalities: Sequence[str] = ("image", "attribute"),
    random_state: int = 0,
) -> tuple[list[KnowledgeGraph], list[IntArray]]:
    """Grow a hidden graph, and let several sources see it with noise.

    Parameters
    ----------
    n_sources
        Number of sources, at least 1.
    n
        Number of hidden entities, at least 4.
    noise
        Standard deviation of the noise that each source adds to the vectors.
    edge_loss
        Share of the hidden edges that are missing in a source, drawn for each.
    dropped
        Share of the hidden entities that a source does not have, drawn for each, in [0, 1).
    modalities
        Names of the modalities.
    random_state
        Not negative. It decides every draw.

    Returns
    -------
    The graphs, and the hidden entity of each of their entities.

    Raises
    ------
    ParameterError
        If there is no source, or a share is not in [0, 1).

    Examples
    --------
    >>> graphs, hidden = planted_sources(3, 40)
    >>> [graph.n_entities for graph in graphs], len(hidden[0])
    ([35, 35, 35], 35)
    """
    if n_sources < 1:
        raise ParameterError(f"n_sources is {n_sources}", remedy="give at least 1 source")
    _check_share("dropped", dropped)
    world = _Hidden(n, edge_loss, noise, modalities, random_state)
    members = [np.sort(world.rng.choice(n, n - round(dropped * n), replace=False)) for _ in range(n_sources)]
    return [world.graph(f"source-{i}", own) for i, own in enumerate(members)], members


def planted_duplicates(
    n: int = 120,
    *,
    doubled: float = 0.1,
    trebled: float = 0.02,
    noise: float = 0.8,
    edge_loss: float = 0.1,
    modalities: Sequence[str] = ("image", "attribute"),
    random_state: int = 0,
) -> tuple[KnowledgeGraph, IntArray]:
    """Grow a hidden graph, and let one graph hold some of its entities twice or three times.

    Each copy of an entity has its own noise, and sees a hidden edge or misses it by itself. An edge leads to
    one of the copies of the other entity.

    Parameters
    ----------
    n
        Number of hidden entities, at least 4.
    doubled, trebled
        Shares of the hidden entities that the graph holds twice, and three times.
    noise, edge_loss, modalities, random_state
        As for :func:`planted_sources`.

    Returns
    -------
    The graph, and the hidden entity of each of its entities.

    Raises
    ------
    ParameterError
        If a share is not in [0, 1), or the two shares add up to more than 1.

    Examples
    --------
    >>> graph, hidden = planted_duplicates(50)
    >>> graph.n_entities, len(set(hidden.tolist()))
    (57, 50)
    """
    _check_share("doubled", doubled)
    _check_share("trebled", trebled)
    if doubled + trebled > 1:
        raise ParameterError("doubled and trebled add up to more than 1", remedy="give smaller shares")
    world = _Hidden(n, edge_loss, noise, modalities, random_state)
    order = world.rng.permutation(n)
    n_two, n_three = round(doubled * n), round(trebled * n)
    more = np.concatenate([order[: n_two + n_three], order[:n_three]])
    members = world.rng.permutation(np.concatenate([np.arange(n), more]))
    return world.graph("planted", members), members


def _check_share(name: str, share: float) -> None:
    if not 0 <= share < 1:
        raise ParameterError(f"{name} is {share}", remedy="give a share of at least 0 and below 1")


class _Hidden:
    """A hidden graph with vectors, and how a graph sees some of its entities."""

    def __init__(
        self, n: int, edge_loss: float, noise: float, modalities: Sequence[str], random_state: int
    ) -> None:
        if n < N_REGIONS:
            raise ParameterError(f"n is {n}", remedy=f"give at least {N_REGIONS} entities")
        _check_share("edge_loss", edge_loss)
        self.rng = np.random.default_rng(random_state)
        self.edge_loss, self.noise = edge_loss, noise
        self.region = regions_of(n, N_REGIONS)
        self.edges = hidden_edges(self.region, np.full(N_REGIONS, DENSITY), self.rng)
        centres = self.rng.standard_normal((N_REGIONS, DIM))
        self.vectors: Floats = centres[self.region] + self.rng.standard_normal((n, DIM))
        self.rotations = {name: np.linalg.qr(self.rng.standard_normal((DIM, DIM)))[0] for name in modalities}

    def graph(self, name: str, members: IntArray) -> KnowledgeGraph:
        """Return a graph of some hidden entities, of which one may be given more often than once."""
        rng = self.rng
        copies: dict[int, list[int]] = {}
        for place, entity in enumerate(members.tolist()):
            copies.setdefault(entity, []).append(place)
        triples = set()
        for head, relation, tail in self.edges.tolist():
            for ends, others, forward in ((head, tail, True), (tail, head, False)):
                if others not in copies or (not forward and len(copies.get(ends, ())) < 2):
                    continue  # An edge between two single entities is drawn once, from its head.
                for own in copies.get(ends, ()):
                    other = int(rng.choice(copies[others]))
                    if rng.random() >= self.edge_loss:
                        triples.add((own, relation, other) if forward else (other, relation, own))
        vectors = {
            modality: Vectors(
                ((self.vectors @ turned)[members] + self.noise * rng.standard_normal((len(members), DIM)))
                .astype(np.float32),
                np.ones(len(members), dtype=bool),
            )
            for modality, turned in self.rotations.items()
        }  # fmt: skip
        seen: dict[int, int] = {}
        labels = []
        for entity in members.tolist():
            seen[entity] = seen.get(entity, 0) + 1
            labels.append(f"{name}:{entity}.{seen[entity]}")
        return KnowledgeGraph(
            name,
            tuple(labels),
            tuple(f"relation-{i}" for i in range(N_RELATIONS)),
            np.array(sorted(triples), dtype=np.int64).reshape(-1, 3),
            vectors=vectors,
        )
