"""What the stages of PSQE share: the candidates they match, the seeds they pass on, and their pipeline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

import numpy as np

from psqe.cost import Cost, measured
from psqe.errors import ParameterError
from psqe.evaluation.regions import Regions, cluster, degree_regions, density_regions
from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray, Sides
from psqe.seeds.base import minable
from psqe.seeds.noise_fill import filled_with_noise
from psqe.seeds.psqe_rules import Rules
from psqe.seeds.seed_set import StageTrace
from psqe.similarity import Dot, Similarity

EVEN_CLUSTERS = 16
"""Number of K-means clusters among which the rule ``evenness`` spreads the seeds.

It was chosen with the weight of the variant ``even``, see :data:`psqe.seeds.psqe_rules.VARIANTS`.
"""

SKETCH = 256
"""Number of dimensions in which candidates are clustered."""


@dataclass(frozen=True, eq=False)
class Space:
    """The candidates of a task and how they are compared, in canonical order.

    Parameters
    ----------
    task, features
        The data, blind (:meth:`psqe.graph.AlignmentTask.blind`) and in canonical order.
    left, right
        Entity indices of the candidates that have a modality, ``(m_left,)`` and ``(m_right,)``. Stages
        number candidates by their position in these arrays.
    rules
        The switches.
    weights
        Weight of each modality, by name.
    n_clusters, n_seeds, random_state, device
        The miner's parameters.
    file_rows
        The row of each entity in the order of the files, ``(n_left,)`` and ``(n_right,)``. Only the rule
        ``row_order="file"`` reads it, to cluster the candidates in that order: this is the one place where
        seeds depend on the order of rows. ``None`` (the default) for the order of ``task``.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> space = Space.build(*planted_pair(50, 2, 8), rules=Rules(), n_clusters=2, n_seeds=10)
    >>> space.quotas.tolist()
    [5, 5]
    """

    task: AlignmentTask
    features: Features
    left: IntArray
    right: IntArray
    rules: Rules
    weights: Mapping[str, float]
    n_clusters: int
    n_seeds: int
    random_state: int
    device: str = "cpu"
    file_rows: Sides[IntArray] | None = None

    @classmethod
    def build(
        cls,
        task: AlignmentTask,
        features: Features,
        *,
        rules: Rules,
        weights: Mapping[str, float] | None = None,
        n_clusters: int = 5,
        n_seeds: int,
        random_state: int = 0,
        device: str = "cpu",
        file_rows: Sides[IntArray] | None = None,
    ) -> Space:
        """Choose the minable candidates, and complete missing vectors and weights by the rules.

        Parameters
        ----------
        task, features, rules, n_clusters, n_seeds, random_state, device, file_rows
            See the class.
        weights
            Weight of each modality, positive; set by the rule ``weighting`` when ``None``.

        Raises
        ------
        DataError
            If a side has nothing to match.
        ParameterError
            If matching is on texts only and there are none, or a weight is wrong.
        """
        if rules.missing == "noise":
            features = filled_with_noise(features, random_state=random_state)
        if weights is None:
            unequal = rules.weighting == "image" and "image" in features
            weights = {m: (0.8 if m == "image" else 0.1) if unequal else 1.0 for m in features}
        for name, weight in weights.items():
            if name not in features or not 0 < weight < np.inf:
                raise ParameterError(
                    f"the weight of modality {name!r} is {weight}",
                    remedy=f"give positive weights, for {', '.join(features)}",
                )
        left, right = minable(task, features)
        space = cls(
            task, features, left, right, rules, weights, n_clusters, n_seeds, random_state, device, file_rows
        )
        if rules.match_modalities == "text" and not space.texts:
            raise ParameterError(
                "match_modalities is text, and there is no modality but images",
                remedy="add another modality, or match all modalities",
            )
        return space

    @property
    def texts(self) -> list[str]:
        """Names of the modalities other than images."""
        return [name for name in self.features if name != "image"]

    @cached_property
    def fused(self) -> tuple[FloatArray, FloatArray]:
        """Unit vectors of the candidates over all modalities, ``(m_left, d)`` and ``(m_right, d)``."""
        return fuse(self.features, self.left, self.right, weights=self.weights)

    @property
    def similarity(self) -> Similarity:
        """Similarity of the candidates by their features, under the rules: ``(m_left, m_right)``.

        It is not cached: where it does not use the fused vectors, its copies of the features are freed as
        soon as the pool has another similarity.
        """
        matched = self.features
        if self.rules.match_modalities == "text":
            matched = self.features.select(self.texts)
        if not self.rules.normalise:
            return Dot(
                np.hstack([m.left.values[self.left] for m in matched.values()]),
                np.hstack([m.right.values[self.right] for m in matched.values()]),
                self.device,
            )
        if matched is self.features:
            return Dot(*self.fused, self.device)
        weights = {name: self.weights.get(name, 1.0) for name in matched}
        return Dot(*fuse(matched, self.left, self.right, weights=weights), self.device)

    @cached_property
    def clusters(self) -> tuple[IntArray, IntArray]:
        """K-means cluster of each candidate, ``(m_left,)`` and ``(m_right,)``, of both sides together."""
        if self.rules.row_order == "file" and self.file_rows is not None:
            left, right = (
                np.argsort(rows[entities])
                for rows, entities in zip(self.file_rows, (self.left, self.right), strict=True)
            )
            in_files = replace(self, left=self.left[left], right=self.right[right], file_rows=None)
            of_left, of_right = in_files.clusters
            return of_left[np.argsort(left)], of_right[np.argsort(right)]
        if self.rules.normalise:
            rows = np.vstack(_sketched(self.fused, self.random_state))
        else:
            rows = self._released_vectors()
        labels = cluster(rows, self.n_clusters, n_starts=self.rules.n_starts, random_state=self.random_state)
        return labels[: len(self.left)], labels[len(self.left) :]

    @cached_property
    def partitions(self) -> tuple[Regions, ...]:
        """The partitions of the candidates among which the rule ``evenness`` spreads the seeds.

        None of them needs a label: thirds by degree, thirds by density of the features, and at most
        :data:`EVEN_CLUSTERS` K-means clusters of the features, as topics.
        """
        n_clusters = min(EVEN_CLUSTERS, len(self.left) + len(self.right))
        topics = [np.full(graph.n_entities, -1, dtype=np.int64) for graph in self.task.sides]
        clusters = replace(self, n_clusters=n_clusters).clusters
        for topic, entities, labels in zip(topics, (self.left, self.right), clusters, strict=True):
            topic[entities] = labels
        names = tuple(f"cluster {i}" for i in range(n_clusters))
        return (
            degree_regions(self.task),
            density_regions(self.task, self.features),
            Regions("semantic", names, *topics),
        )

    def _released_vectors(self) -> FloatArray:
        """Return what the public code clusters ``(m_left + m_right, d)``: raw images, other unit vectors."""
        n_left = len(self.left)
        rows = np.empty((n_left + len(self.right), sum(m.dim for m in self.features.values())), np.float32)
        start = 0
        for name, modality in self.features.items():
            columns = slice(start, start + modality.dim)
            for part, values, entities in (
                (rows[:n_left, columns], modality.left.values, self.left),
                (rows[n_left:, columns], modality.right.values, self.right),
            ):
                vectors = values[entities] if name == "image" else unit_rows(values[entities])
                np.multiply(vectors, np.float32(self.weights.get(name, 1.0)), out=part)
            start = columns.stop
        return rows

    @cached_property
    def quotas(self) -> IntArray:
        """Quota of seeds of each cluster ``(n_clusters,)``: its share of the candidates, rounded down.

        With the rule ``fill``, the clusters with the largest remainders get the seeds that rounding leaves
        over.
        """
        sizes = np.bincount(np.concatenate(self.clusters), minlength=self.n_clusters)
        if self.rules.fill:
            exact = self.n_seeds * sizes / sizes.sum()
        else:
            # The public code divides first. Rounding can then turn a whole number into the one below.
            exact = self.n_seeds * (sizes / sizes.sum())
        quotas: IntArray = np.floor(exact).astype(np.int64)
        if self.rules.fill:
            rest = self.n_seeds - int(quotas.sum())
            quotas[np.argsort(quotas - exact, kind="stable")[:rest]] += 1
        return quotas


def _sketched(sides: tuple[FloatArray, FloatArray], random_state: int) -> tuple[FloatArray, FloatArray]:
    """Project both sides at random to :data:`SKETCH` dimensions, if they are wider.

    A random projection keeps distances (Johnson & Lindenstrauss 1984) as well as clusters need them, at a
    small part of the time and memory.
    """
    width = sides[0].shape[1]
    if width <= SKETCH:
        return sides
    rng = np.random.default_rng(random_state)
    projection = rng.standard_normal((width, SKETCH), dtype=np.float32) / np.float32(SKETCH**0.5)
    return sides[0] @ projection, sides[1] @ projection


Item = TypeVar("Item")
OtherItem = TypeVar("OtherItem")


@dataclass(frozen=True, eq=False)
class LearnedEmbeddings(Generic[Item]):
    """Embeddings of the same entities, by what they were learned from. Iterating yields all of them.

    Parameters
    ----------
    modalities
        The embedding of each modality, by its name.
    structure
        The embedding of the neighbourhood in the graph; ``None`` if no modality was carried along edges.

    Examples
    --------
    >>> list(LearnedEmbeddings({"image": 1}, structure=2).map(lambda embedding: 10 * embedding))
    [10, 20]
    """

    modalities: Mapping[str, Item]
    structure: Item | None

    def __iter__(self) -> Iterator[Item]:
        yield from self.modalities.values()
        if self.structure is not None:
            yield self.structure

    def map(self, change: Callable[[Item], OtherItem]) -> LearnedEmbeddings[OtherItem]:
        """Apply ``change`` to each embedding."""
        return LearnedEmbeddings(
            {name: change(embedding) for name, embedding in self.modalities.items()},
            None if self.structure is None else change(self.structure),
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """The seeds between two stages. Candidates are numbered by their position in :class:`Space`.

    Parameters
    ----------
    rows, columns
        Left and right candidate of each seed ``(n,)``.
    scores
        Score of each seed ``(n,)``, comparable among pairs that one stage found.
    found_by, why
        The stage that found each seed, and the reason.
    similarity
        The similarity ``(m_left, m_right)`` that compares the candidates.
    learned
        Unit embeddings of all entities ``(n_left + n_right, dim)``, left ones first; ``None`` until an
        encoder was trained.
    """

    rows: IntArray
    columns: IntArray
    scores: FloatArray
    found_by: tuple[str, ...]
    why: tuple[str, ...]
    similarity: Similarity
    learned: LearnedEmbeddings[FloatArray] | None = None

    @classmethod
    def start(cls, space: Space, pairs: IntArray | None = None) -> Pool:
        """Make a pool without seeds, or with pairs ``(n, 2)`` of positions in ``space``."""
        start = np.empty((0, 2), dtype=np.int64) if pairs is None else np.asarray(pairs, dtype=np.int64)
        given = ("given",) * len(start)
        scores = np.ones(len(start), dtype=np.float32)
        return cls(start[:, 0], start[:, 1], scores, given, given, space.similarity)

    def __len__(self) -> int:
        return len(self.rows)

    def pairs(self, space: Space) -> IntArray:
        """Return the seeds as entity indices ``(n, 2)``."""
        return np.column_stack([space.left[self.rows], space.right[self.columns]])

    def keep(self, positions: IntArray) -> Pool:
        """Return a pool with only the seeds at ``positions (n',)``, in that order."""
        return replace(
            self,
            rows=self.rows[positions],
            columns=self.columns[positions],
            scores=self.scores[positions],
            found_by=tuple(self.found_by[i] for i in positions),
            why=tuple(self.why[i] for i in positions),
        )


@dataclass(frozen=True, eq=False)
class Stage(ABC):
    """One step of PSQE, which takes a pool (an empty one too) and returns another.

    Attributes
    ----------
    name
        The name of the stage.
    note
        What the stage does, in a few words.
    """

    name: ClassVar[str]
    note: ClassVar[str]

    @abstractmethod
    def run(self, space: Space, pool: Pool) -> Pool:
        """Choose seeds.

        Parameters
        ----------
        space
            The candidates.
        pool
            The seeds before the stage.

        Returns
        -------
        The seeds after the stage.
        """


@dataclass(frozen=True)
class Pipeline:
    """Stages that run one after the other, in any order and as often as wanted.

    Parameters
    ----------
    stages
        The stages.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds.stages import ClusterStage, ExpandStage
    >>> space = Space.build(*planted_pair(50, 2, 8), rules=Rules(), n_clusters=2, n_seeds=10)
    >>> pool, trace = Pipeline([ClusterStage(), ExpandStage()]).run(space)
    >>> len(pool), [stage.stage for stage in trace]
    (10, ['cluster', 'expand'])
    """

    stages: Sequence[Stage] = field(default_factory=tuple)

    def run(self, space: Space, pool: Pool | None = None) -> tuple[Pool, list[StageTrace]]:
        """Run the stages.

        Parameters
        ----------
        space
            The candidates.
        pool
            The seeds to begin with; none when ``None``.

        Returns
        -------
        The seeds after the last stage, and what each stage did.
        """
        pool = Pool.start(space) if pool is None else pool
        trace = []
        for stage in self.stages:
            with measured() as cost:
                before, pool = pool, stage.run(space, pool)
            trace.append(_traced(stage, space, before, pool, cost))
        return pool, trace


def _traced(stage: Stage, space: Space, before: Pool, after: Pool, cost: Cost) -> StageTrace:
    """Describe what a stage changed, and why."""
    old = dict(zip(zip(before.rows.tolist(), before.columns.tolist(), strict=True), before.why, strict=True))
    new = dict(zip(zip(after.rows.tolist(), after.columns.tolist(), strict=True), after.why, strict=True))
    added = sorted(pair for pair in new if pair not in old)
    dropped = sorted(pair for pair in old if pair not in new)
    taken_left, taken_right = {i for i, _ in new}, {j for _, j in new}

    def loss(i: int, j: int) -> str:
        if i in taken_left or j in taken_right:
            return "a better pair"
        return "filter" if space.rules.reciprocal_filter else "outranked"

    def entities(pairs: list[tuple[int, int]]) -> IntArray:
        positions = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return np.column_stack([space.left[positions[:, 0]], space.right[positions[:, 1]]])

    return StageTrace(
        stage.name,
        added=entities(added),
        dropped=entities(dropped),
        pairs=after.pairs(space),
        why_added=tuple(new[pair] for pair in added),
        why_dropped=tuple(loss(*pair) for pair in dropped),
        note=stage.note,
        seconds=cost.seconds,
        peak_mb=cost.peak_mb,
    )
