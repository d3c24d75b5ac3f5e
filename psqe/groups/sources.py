"""Several sources at once: groups of entities that are the same, at most one entity of each source in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from os.path import realpath
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psqe.api import WITHOUT_SEEDS, align
from psqe.datasets.one_graph import GraphChoice, load_graph
from psqe.errors import ParameterError, PsqeError
from psqe.features import Features, available_modalities
from psqe.graph import AlignmentTask, DoubleArray, IntArray, KnowledgeGraph, counted, positions
from psqe.groups.joining import join_pairs, member_confidence
from psqe.groups.tables import best_first, content_order, save_table
from psqe.links.rules import LinkRule
from psqe.options import AlignerOptions, FeatureFile, FeatureOptions, MinerOptions
from psqe.parameters import check_form
from psqe.seeds import MINERS

Tell = Callable[[str], None]
"""A function that is told what is done next."""


def _silent(step: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of entities of several sources, as :func:`align_all` returns them.

    Parameters
    ----------
    groups
        Columns ``group`` (from 1, the most confident group first), ``source``, ``entity``, ``name`` (missing
        where an entity has none) and ``confidence``: one row for each member, the members of a group in the
        order of the sources. Each group has entities of two sources at least, and of each source one at most.
        The confidence of a member is the estimated share of the other members of its group that are the same
        as it (:func:`psqe.groups.joining.member_confidence`).
    alone
        Columns ``source``, ``entity`` and ``name``: the entities that are in no group.
    links
        Columns ``source``, ``other_source``, ``entity``, ``other``, ``confidence`` and ``kept``: the links of
        every two sources, and whether the two entities are in one group. A link
        outside the groups would have put two entities of one source into one group.
    sources
        The names of the sources.
    choices
        What was chosen by looking at the sources, in words.
    folders
        The folders that sources were read from.

    Examples
    --------
    >>> import psqe
    >>> tables = [{"names": list(enumerate(names))} for names in (
    ...     ("Rome", "Paris", "Vienna"), ("Paris", "Roma"), ("Vienna", "Rome", "Paris"))]
    >>> found = psqe.align_all(tables, names=["a", "b", "c"], seeds="none")
    >>> sorted(group["name"].tolist() for _, group in found.groups.groupby("group"))
    [['Paris', 'Paris', 'Paris'], ['Rome', 'Roma', 'Rome'], ['Vienna', 'Vienna']]
    """

    groups: pd.DataFrame
    alone: pd.DataFrame
    links: pd.DataFrame
    sources: tuple[str, ...]
    choices: str
    folders: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.groups["group"].nunique())

    def __repr__(self) -> str:
        return f"Groups({self.headline()!r})"

    def headline(self) -> str:
        """Say in one line how many groups there are, of how many sources, and what is in none."""
        sizes = self.groups.groupby("group").size().value_counts().sort_index(ascending=False)
        by_size = ", ".join(f"{n:,} of {size} sources" for size, n in sizes.items())
        alone = self.alone["source"].value_counts()
        per_source = ", ".join(f"{alone.get(source, 0):,} of {source}" for source in self.sources)
        left_out = int((~self.links["kept"]).sum())
        told = (
            f"{left_out:,} of {counted(len(self.links), 'link')} left out, because they contradict others; "
        )
        return (
            f"{counted(len(self), 'group')}{f' ({by_size})' if by_size else ''}; {told if left_out else ''}"
            f"in no group: {counted(len(self.alone), 'entity')} ({per_source})"
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
            If the file has another ending or is a file of a source, or an identifier has a tab.
        PsqeError
            If the file cannot be written.
        """
        save_table(path, self.groups, self.folders)


def align_all(
    graphs: Sequence[GraphChoice],
    *,
    names: Sequence[str] | None = None,
    features: Sequence[str] | FeatureOptions | None = None,
    seeds: str | MinerOptions = "psqe",
    aligner: str | AlignerOptions | None = None,
    links: LinkRule | None = None,
    random_state: int = 0,
    scheduler: str | None = None,
    tell: Tell = _silent,
) -> Groups:
    """Align several knowledge graphs without labelled links, and group the entities that are the same.

    Every two sources are aligned by :func:`psqe.align`. The links of all of them need not agree: if ``a`` is
    linked with ``b``, and ``b`` with ``c``, another entity of the source of ``c`` may be linked with ``a``.
    Links are therefore joined into groups by average linkage (:func:`psqe.groups.joining.join_pairs`): the
    two groups with the largest mean confidence of all pairs between them are joined first, as long as no
    group has two entities of one source. A group can hold entities that no link joins directly.

    Parameters
    ----------
    graphs
        Two sources or more, each as :func:`psqe.datasets.one_graph.load_graph` takes it: a folder, a
        knowledge graph or a mapping with tables. The time grows with the number of pairs of sources.
    names
        The name of each source; by default that of its graph or its folder or, where two folders have the
        same name, the path of the folder.
    features
        What entities are compared by, as in :func:`psqe.align`, but no ready vectors; by default, for every
        two sources, all modalities that both have. Two sources that have none in common are not compared.
    seeds, aligner, links, random_state, scheduler
        As in :func:`psqe.align`, for every two sources. Ready seeds are refused.
    tell
        A function that is told which two sources are aligned next; by default nobody is told.

    Returns
    -------
    Groups
        The groups, the entities in none, and the links. Which entity of a group comes from which source does
        not depend on identifiers. Another order of the sources changes the confidence of some links a little,
        as exchanging the sides in :func:`psqe.align` does.

    Raises
    ------
    ParameterError
        If there are fewer than two sources, one is given twice, two have the same name, the links are not
        one-to-one, or an argument is not as described.
    DataError
        If the data of a source are missing or broken.
    PsqeError
        As :func:`psqe.align`.
    """
    _check_given(features, seeds)
    if isinstance(links, LinkRule) and links.cardinality != "one-to-one":
        raise ParameterError(
            f"a group has at most one entity of each source, and the cardinality is {links.cardinality}",
            remedy="leave the cardinality out",
        )
    loaded, folders = _loaded(graphs, names)
    numbered = _Numbered(loaded)
    open_choice = features is None or (isinstance(features, FeatureOptions) and features.modalities is None)
    pairs, confidence, margin = [], [], []
    apart: list[str] = []
    for i, j in combinations(range(len(loaded)), 2):
        task = AlignmentTask(f"{loaded[i].name} and {loaded[j].name}", loaded[i], loaded[j])
        if open_choice and not available_modalities(task):
            apart.append(task.name)
            continue
        tell(f"aligning {task.name}")
        try:
            found = align(
                task, features=features, seeds=seeds, aligner=aligner, links=links,
                random_state=random_state, scheduler=scheduler,
            ).predicted  # fmt: skip
        except PsqeError as error:
            raise type(error)(
                f"{task.name}: {error.what}", remedy=error.remedy, path=error.path, line=error.line
            ) from error
        pairs.append(numbered.numbers(i, j, found.pairs))
        confidence.append(found.confidence.astype(np.float64))
        margin.append(found.rank_margin)
    if not pairs:
        raise ParameterError(
            "no two of the sources have a modality in common",
            remedy="add names, attributes or pictures to them",
        )
    ends, values, leads = np.vstack(pairs), np.concatenate(confidence), np.concatenate(margin)
    order = np.lexsort((ends[:, 1], ends[:, 0], -leads, -values))
    choices = [f"{name} are not compared, because they have no modality in common" for name in apart]
    return _grouped(numbered, ends[order], values[order], "; ".join(choices), folders)


class _Numbered:
    """The candidates of all sources, numbered source by source in the order of their content.

    Attributes
    ----------
    graphs
        The graph of each source.
    source
        The number of the source of each candidate ``(n,)``.
    entity
        The index of each candidate in its graph ``(n,)``.
    """

    def __init__(self, graphs: Sequence[KnowledgeGraph]) -> None:
        self.graphs = graphs
        orders = [content_order(graph) for graph in graphs]
        self.entity: IntArray = np.concatenate(orders)
        self.source: IntArray = np.repeat(np.arange(len(graphs)), list(map(len, orders)))
        starts = np.cumsum([0, *map(len, orders)])
        self._numbers = [
            positions(order, graph.n_entities) + start
            for order, graph, start in zip(orders, graphs, starts[:-1], strict=True)
        ]

    def numbers(self, i: int, j: int, pairs: IntArray) -> IntArray:
        """Return the numbers ``(n, 2)`` of pairs of a candidate of source ``i`` and one of source ``j``."""
        return np.column_stack([self._numbers[i][pairs[:, 0]], self._numbers[j][pairs[:, 1]]])

    def described(self, number: int) -> tuple[str, str, str | None]:
        """Return the source, the identifier and the name of a candidate."""
        graph, entity = self.graphs[self.source[number]], self.entity[number]
        return graph.name, graph.entities[entity], graph.names[entity]


def _grouped(
    numbered: _Numbered, pairs: IntArray, confidence: DoubleArray, choices: str, folders: tuple[str, ...]
) -> Groups:
    """Join the links of all sources, the best of which comes first."""
    n = len(numbered.source)
    groups = join_pairs(n, pairs, confidence, source=numbered.source.tolist())
    shares = member_confidence(groups, n, pairs, confidence)
    group_of = np.full(n, -1)
    rows = []
    for number, place in enumerate(best_first(groups, shares)):
        group_of[groups[place]] = number
        for member, share in zip(groups[place], shares[place], strict=True):
            rows.append((number + 1, *numbered.described(member), share))
    kept = group_of[pairs[:, 0]] == group_of[pairs[:, 1]]
    kept &= group_of[pairs[:, 0]] >= 0
    links = []
    for (a, b), value, stays in zip(pairs.tolist(), confidence.tolist(), kept.tolist(), strict=True):
        (one, entity, _), (two, other, _) = numbered.described(a), numbered.described(b)
        links.append((one, two, entity, other, value, stays))
    return Groups(
        groups=pd.DataFrame(rows, columns=["group", "source", "entity", "name", "confidence"]),
        alone=pd.DataFrame(
            [numbered.described(i) for i in np.flatnonzero(group_of < 0).tolist()],
            columns=["source", "entity", "name"],
        ),
        links=pd.DataFrame(
            links, columns=["source", "other_source", "entity", "other", "confidence", "kept"]
        ).astype({"kept": bool}),
        sources=tuple(graph.name for graph in numbered.graphs),
        choices=choices,
        folders=folders,
    )


def _check_given(features: Any, seeds: Any) -> None:
    """Refuse ready features and ready seeds, which are those of one pair."""
    if isinstance(features, Features | FeatureFile):
        raise ParameterError(
            "ready vectors are those of one pair, and several sources are compared",
            remedy="give names of modalities or FeatureOptions; graphs can bring vectors along",
        )
    check_form("the seeds", seeds, str | MinerOptions, "give the name of a miner, MinerOptions, or none")
    if isinstance(seeds, str) and seeds != WITHOUT_SEEDS and seeds not in MINERS:
        raise ParameterError(
            f"there is no miner {seeds!r}", remedy=f"choose from {', '.join(MINERS)} or none"
        )


def _loaded(
    graphs: Sequence[GraphChoice], names: Sequence[str] | None
) -> tuple[list[KnowledgeGraph], tuple[str, ...]]:
    """Load the sources, name them, and return the folders that they are from, too."""
    check_form("the graphs", graphs, list | tuple, "give a list of folders or graphs")
    if len(graphs) < 2:
        raise ParameterError(
            f"{counted(len(graphs), 'source')} given, and at least two are compared",
            remedy="give more; psqe.dedupe finds duplicates within one graph",
        )
    folders = [str(graph) for graph in graphs if isinstance(graph, str | Path)]
    real = [realpath(folder) for folder in folders]
    ready = [id(graph) for graph in graphs if isinstance(graph, KnowledgeGraph)]
    for keys in (real, ready):
        if len(set(keys)) < len(keys):
            place = next(place for place, key in enumerate(keys) if key in keys[:place])
            what = folders[place] if keys is real else "a graph"
            raise ParameterError(
                f"{what} is given twice",
                remedy="give it once; psqe dedupe finds duplicates within one graph",
            )
    loaded = [load_graph(graph) for graph in graphs]
    given = [graph.name for graph in loaded]
    if names is not None:
        check_form("the names", names, list | tuple, "give a list of texts")
        given = [*names]
        if len(given) != len(loaded) or not all(isinstance(name, str) and name.strip() for name in given):
            raise ParameterError(
                f"the names of {counted(len(loaded), 'source')} are {given}",
                remedy="give one text for each source",
            )
    elif len(set(given)) < len(given):
        given = [
            str(graph) if isinstance(graph, str | Path) else name
            for graph, name in zip(graphs, given, strict=True)
        ]
    if len(set(given)) < len(given):
        twice = next(name for place, name in enumerate(given) if name in given[:place])
        raise ParameterError(f"two sources are called {twice!r}", remedy="give each another name (names)")
    return [replace(graph, name=name) for graph, name in zip(loaded, given, strict=True)], tuple(folders)
