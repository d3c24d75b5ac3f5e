"""Duplicates within one graph: entities of it that are the same, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psqe.aligners import Propagation
from psqe.api import load_features
from psqe.datasets.one_graph import GraphChoice, load_graph
from psqe.errors import ParameterError
from psqe.features import Features, available_modalities
from psqe.features.canonical_order import canonical_order
from psqe.graph import AlignmentTask, DoubleArray, IntArray, KnowledgeGraph, counted
from psqe.groups.joining import join_pairs, member_confidence
from psqe.groups.tables import best_first, save_table
from psqe.groups.tail import FEWEST, duplicate_probability
from psqe.options import FeatureFile, FeatureOptions
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Similarity
from psqe.similarity.approximate import is_large
from psqe.similarity.shortlist import N_LISTED, N_LISTED_LARGE, Shortlist

THRESHOLD = 0.5
"""The smallest confidence of a pair of duplicates by default: more probably the same than not."""


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Entities of one graph that are the same, as :func:`dedupe` returns them.

    Parameters
    ----------
    groups
        Columns ``group`` (from 1, the most confident group first), ``entity``, ``name`` (missing where an
        entity has none) and ``confidence``: one row for each member, the most confident first. The confidence
        of a member is the estimated share of the other members of its group that are the same as it
        (:func:`psqe.groups.joining.member_confidence`).
    pairs
        Columns ``entity``, ``duplicate``, ``score``, ``confidence``, ``name`` and ``duplicate_name``: the
        pairs whose confidence reaches the threshold, most confident first. The score is the similarity of the
        two, from -1 to 1, and the confidence the estimated probability that they are the same.
    n_entities
        Number of entities that were compared.
    choices
        What was chosen by looking at the graph, in words.
    folder
        The folder that the graph was read from; empty if there is none.

    Examples
    --------
    >>> import psqe
    >>> from psqe.datasets.planted_groups import planted_duplicates
    >>> graph, _ = planted_duplicates(60, noise=0.2)
    >>> found = psqe.dedupe(graph)
    >>> len(found), found.groups.columns.tolist()
    (7, ['group', 'entity', 'name', 'confidence'])
    """

    groups: pd.DataFrame
    pairs: pd.DataFrame
    n_entities: int
    choices: str
    folder: str

    def __len__(self) -> int:
        return int(self.groups["group"].nunique())

    def __repr__(self) -> str:
        return f"Duplicates({self.headline()!r})"

    def headline(self) -> str:
        """Say in one line how many groups and pairs there are, and how many correct pairs are expected."""
        expected = round(self.pairs["confidence"].sum())
        return (
            f"{counted(len(self), 'group')} with {len(self.groups):,} of "
            f"{counted(self.n_entities, 'entity')}; {counted(len(self.pairs), 'pair')} of duplicates"
            + (f", {expected:,} of which are expected to be correct" if len(self.pairs) else "")
        )

    def save(self, path: str | Path) -> None:
        """Write the groups as a table with tabs.

        Parameters
        ----------
        path
            The file to write, which ends in ``.tsv``.

        Raises
        ------
        ParameterError
            If the file has another ending or is a file of the graph, or an identifier has a tab.
        PsqeError
            If the file cannot be written.
        """
        save_table(path, self.groups, [self.folder] if self.folder else [])

    def save_pairs(self, path: str | Path) -> None:
        """Write the pairs as a table with tabs.

        Parameters
        ----------
        path
            The file to write, which ends in ``.tsv``.

        Raises
        ------
        ParameterError
            If the file has another ending or is a file of the graph, or an identifier has a tab.
        PsqeError
            If the file cannot be written.
        """
        save_table(path, self.pairs, [self.folder] if self.folder else [])


def dedupe(
    graph: GraphChoice,
    *,
    features: tuple[str, ...] | list[str] | FeatureOptions | None = None,
    threshold: float = THRESHOLD,
) -> Duplicates:
    """Find entities of one knowledge graph that are the same, without labels.

    The features of the entities are spread over the graph by the aligner ``propagation`` without seeds, and
    each entity is compared with its nearest neighbours in the same graph. A pair is scored by its similarity,
    corrected for entities that are near to many (:func:`psqe.similarity.csls`), and its probability is
    estimated from the scores of all pairs (:mod:`psqe.groups.tail`). Pairs are joined into groups by average
    linkage (:func:`psqe.groups.joining.join_pairs`): two groups are joined if the mean confidence of all
    pairs between them reaches the threshold. No entity is paired with itself, and identifiers are not used.

    The candidates of the graph are compared; its other entities only describe them. Duplicates are pairs that
    are nearer to each other than different entities of the same graph are. Two catalogues that were put into
    one graph should be aligned by :func:`psqe.align` instead, where each has a style or a language of its
    own.

    Parameters
    ----------
    graph
        A folder with the tables of one side of a pair, such as ``pair/left``, a knowledge graph, or a mapping
        with tables; see :func:`psqe.datasets.one_graph.load_graph`.
    features
        What entities are compared by, as in :func:`psqe.align`, but no ready vectors; by default all
        modalities that the graph has.
    threshold
        The smallest confidence of a pair of duplicates, above 0 and at most 1.

    Returns
    -------
    Duplicates
        The groups and the pairs.

    Raises
    ------
    ParameterError
        If the threshold is out of range, there is no such modality, or the graph has nothing by which
        entities can be compared.
    DataError
        If the data are missing or broken.

    Examples
    --------
    >>> from psqe.datasets.planted_groups import planted_duplicates
    >>> graph, hidden = planted_duplicates(80, noise=0.2)
    >>> truth = dict(zip(graph.entities, hidden.tolist()))
    >>> found = dedupe(graph)
    >>> [truth[one] == truth[other] for one, other in found.pairs[["entity", "duplicate"]].values[:4]]
    [True, True, True, True]
    """
    if isinstance(features, Features | FeatureFile):
        raise ParameterError(
            "ready vectors are those of a pair of graphs, and one graph is compared with itself",
            remedy="give names of modalities or FeatureOptions; a graph can bring vectors along",
        )
    number = not isinstance(threshold, bool) and isinstance(threshold, Real)
    if not number or not 0 < threshold <= 1:
        raise ParameterError(f"the threshold is {threshold!r}", remedy="give a number above 0, at most 1")
    loaded = load_graph(graph)
    folder = str(graph) if isinstance(graph, str | Path) else ""
    task = AlignmentTask(loaded.name, loaded, loaded)
    if (features is None or features == FeatureOptions()) and not available_modalities(task):
        raise ParameterError(
            f"{loaded.name} has nothing that its entities can be compared by",
            remedy="add names, attributes or pictures",
        )
    vectors = load_features(task, features)
    entities, similarity, n_without = _compared(task, vectors)
    said = [f"modalities {', '.join(vectors)}"]
    if n_without:
        said.append(f"{counted(n_without, 'entity')} not compared, because nothing tells them from others")
    pairs, similarities, scores = _neighbours(similarity, len(entities))
    confidence = duplicate_probability(scores, len(entities))
    if confidence is None:
        few = f"from fewer than {FEWEST} entities"
        why = few if len(entities) < FEWEST else "where similarities do not separate them from other pairs"
        said.append(f"no duplicates, which cannot be estimated {why}")
        confidence = np.zeros(len(pairs))
    if confidence.any():
        said.append("confidences are too high where many different entities differ in one detail only")
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -scores, -confidence))
    order = order[confidence[order] > 0]
    return _duplicates(
        loaded,
        entities,
        pairs[order],
        similarities[order],
        confidence[order],
        threshold,
        "; ".join(said),
        folder,
    )


def _compared(task: AlignmentTask, vectors: Features) -> tuple[IntArray, Similarity, int]:
    """Return the entities that are compared, in canonical order, their similarities, and how many are not."""
    model = Propagation.preset("small").fit(task, vectors, SeedSet.empty())
    order, _ = canonical_order(task, vectors)
    order = order[np.isin(order, task.left.candidates)]
    known = model.embeddings()[0][order].any(axis=1)
    entities = order[known]
    return entities, model.similarity(entities, entities), int((~known).sum())


def _neighbours(similarity: Similarity, n: int) -> tuple[IntArray, DoubleArray, DoubleArray]:
    """Return pairs ``(m, 2)`` of near entities, each once, their similarities and their scores by CSLS."""
    if n < 2:
        return np.empty((0, 2), dtype=np.int64), np.empty(0), np.empty(0)
    k = N_LISTED_LARGE if is_large(similarity) else N_LISTED
    every = np.arange(n)
    listed = Shortlist.from_similarity(similarity, k=k + 1).without_pairs(np.column_stack([every, every]))
    low, high = np.minimum(listed.rows, listed.columns), np.maximum(listed.rows, listed.columns)
    keys, place = np.unique(low * n + high, return_inverse=True)
    counts = np.bincount(place)
    # The two directions of a pair differ by rounding only, and one of them may not be listed.
    values, scores = (
        np.bincount(place, weights=column) / counts for column in (listed.values, listed.csls())
    )
    return np.column_stack([keys // n, keys % n]), values, scores


def _duplicates(
    graph: KnowledgeGraph, entities: IntArray, pairs: IntArray, similarities: DoubleArray,
    confidence: DoubleArray, threshold: float, choices: str, folder: str,
) -> Duplicates:  # fmt: skip
    """Join pairs, the best of which comes first, and describe what was found."""

    def described(place: int) -> tuple[str, str | None]:
        return graph.entities[entities[place]], graph.names[entities[place]]

    groups = join_pairs(len(entities), pairs, confidence, least=threshold)
    shares = member_confidence(groups, len(entities), pairs, confidence)
    members: list[tuple[Any, ...]] = []
    for number, place in enumerate(best_first(groups, shares), 1):
        own = sorted(zip(groups[place], shares[place], strict=True), key=lambda pair: (-pair[1], pair[0]))
        members += [(number, *described(member), share) for member, share in own]
    rows = []
    for (a, b), value, chance in zip(pairs.tolist(), similarities.tolist(), confidence.tolist(), strict=True):
        if chance >= threshold:
            (one, name), (other, other_name) = described(a), described(b)
            rows.append((one, other, value, chance, name, other_name))
    return Duplicates(
        groups=pd.DataFrame(members, columns=["group", "entity", "name", "confidence"]),
        pairs=pd.DataFrame(
            rows, columns=["entity", "duplicate", "score", "confidence", "name", "duplicate_name"]
        ),
        n_entities=len(entities),
        choices=choices,
        folder=folder,
    )
