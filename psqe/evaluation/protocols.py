"""Evaluation protocols: Hits@k and MRR in both directions, under two protocols that are never mixed.

Where the seeds of an aligner are given, the same numbers are also reported for seed links, for links beside
wrong seeds and for free links (:mod:`psqe.evaluation.link_groups`). Ranks are computed once; the numbers of a
group are means over the ranks of its queries.

A query is an entity with at least one true counterpart, and its rank is that of the best of them
(:mod:`psqe.evaluation.ranks`). Entities in no gold link are candidates, but no queries: where gold links are
incomplete, the numbers are about the entities whose counterparts are known.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any, Literal, get_args

import numpy as np

from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.evaluation.arguments import check_scorer, check_task, pairs_of_task, similarity_of
from psqe.evaluation.link_groups import Pairs
from psqe.evaluation.queries import DIRECTIONS, Direction, GroupedLinks, RankedQueries
from psqe.evaluation.regions import RegionChoice, Regions, regions_by_kind
from psqe.evaluation.scorers import Scorer
from psqe.graph import AlignmentTask, IntArray, counted, in_number
from psqe.parameters import check_form
from psqe.similarity import Matching, matched, matched_by_each

Protocol = Literal["full", "peer"]
"""The name of a protocol of evaluation, see :func:`evaluate`."""

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
"""The names of the two protocols."""

PEER_TEST_SHARE = 0.7
"""Share of the gold links, the last ones, that protocol ``peer`` tests on."""

UNEVEN = 10
"""From this ratio of the numbers of candidates on, Sinkhorn's ranks are warned of. One left entity among ten
right ones gets the same score with each of them."""

PEER_CSLS_K = 3
"""Number of nearest entities that CSLS uses under protocol ``peer``."""

METRICS_OF = {
    "metrics": "all",
    "metrics_free": "free",
    "metrics_seeds": "seeds",
    "metrics_wrong": "wrong",
    "metrics_free_of_all": "free_of_all",
}
"""The group of queries that each entry of an evaluation is about."""


def evaluate(
    task: AlignmentTask,
    scorer: Scorer,
    *,
    matching: Matching = "cosine",
    regions: RegionChoice | None = None,
    seeds: Pairs | None = None,
    compared: Pairs | None = None,
    protocols: Collection[Protocol] = PROTOCOLS,
) -> dict[str, Any]:
    """Evaluate similarities against the gold links, all together and by their groups with respect to seeds.

    Protocol ``full`` ranks every linked entity's counterpart among all candidates of the other side,
    dangling ones included, with the given ``matching``. Protocol ``peer`` is that of the published models:
    it tests on the last 70 % of the links only, restricts the candidates to the entities of these links,
    and uses CSLS with k = 3.

    An entity with several true counterparts is one query. Its rank is the best rank of a true counterpart
    that is tested, and the others, tested or not, are left out of its candidates.

    Parameters
    ----------
    task
        A task with gold links.
    scorer
        The similarities to evaluate, for example ``aligner.similarity`` or :func:`feature_scorer`.
    matching
        How the similarities are transformed under protocol ``full``: ``cosine`` (the default) leaves them as
        they are, ``csls`` uses k = 10, and ``sinkhorn`` a temperature of 0.02.
    regions
        :class:`~psqe.evaluation.Regions`, a list of them or a dictionary of them by name, for results by
        region under protocol ``full``; none when ``None``. :meth:`psqe.evaluation.Regions.from_labels` makes
        regions from a label of each entity.
    seeds
        The pairs ``(m, 2)``, an array or a list, that the similarities were trained on, correct or not, such
        as ``seed_set.pairs``. They divide the queries into the groups ``seeds``, ``wrong`` and ``free`` of
        :mod:`psqe.evaluation.link_groups`. With an empty array, every query is free; with ``None``, the
        default, these groups are not reported.
    compared
        The pairs of all seed sets of a comparison, one below the other ``(m, 2)``, those of ``seeds`` among
        them. A query that is free of all of them is in the group ``free_of_all``, which is the same for
        every row of the comparison. With ``None``, the default, this group is not reported.
    protocols
        The protocols to evaluate under; both by default.

    Returns
    -------
    A dictionary with these entries:

    ``matching`` names the matching of protocol ``full``.

    ``metrics`` has, by direction (``l2r``, ``r2l``) and protocol (``full``, ``peer``), ``hits@1``,
    ``hits@5``, ``hits@10`` and ``mrr`` of realistic ranks, over all queries.

    ``metrics_free``, ``metrics_seeds``, ``metrics_wrong`` and ``metrics_free_of_all`` have the same shape,
    over the queries of one group. The whole entry is ``None`` where the seeds that define the group are
    not given. Where no query is in the group, each of its four numbers is ``None``.

    ``n_queries`` has, by direction and protocol, the number of queries that are in each group: ``all``,
    ``free``, ``seeds``, ``wrong`` and ``free_of_all``; ``None`` for a group that is not defined.
    :func:`psqe.evaluation.accounting` combines them with the metrics.

    ``ties`` has, by direction, Hits@1 of protocol ``full`` from optimistic and from pessimistic ranks;
    it is ``None`` without that protocol.

    ``regions`` has, by kind and region, the number of left queries ``n`` (of links, where these are
    one-to-one) and the mean over both directions of Hits@1, ``hits@1``; and in the same way ``n_free`` and
    ``hits@1_free`` over free queries, ``n_free_of_all`` and ``hits@1_free_of_all``. These are ``None``
    where the group is not defined, and Hits@1 also where neither direction has a query in it.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If the task, the scorer, what the scorer returns or the regions are something else, there is no such
        matching or protocol, results by region are asked for without protocol ``full``, seeds are no pairs of
        entities of the task, or a seed has an entity that is in none of the seed sets compared.
    """
    return evaluate_each(
        task, scorer, [matching], regions=regions, seeds=seeds, compared=compared, protocols=protocols
    )[matching]


def evaluate_each(
    task: AlignmentTask,
    scorer: Scorer,
    matchings: Sequence[Matching],
    *,
    regions: RegionChoice | None = None,
    seeds: Pairs | None = None,
    compared: Pairs | None = None,
    protocols: Collection[Protocol] = PROTOCOLS,
) -> dict[Matching, dict[str, Any]]:
    """Evaluate the same similarities with several matchings, in less time than one after the other.

    The matchings share the computation of similarities and the search for nearest entities, and protocol
    ``peer``, which always takes CSLS, is evaluated once.

    Parameters
    ----------
    task, scorer, regions, seeds, compared, protocols
        As for :func:`evaluate`.
    matchings
        Names of the matchings of protocol ``full``.

    Returns
    -------
    The report of :func:`evaluate` by the name of the matching, in the order given.

    Raises
    ------
    DataError, ParameterError
        As :func:`evaluate`; and if the matchings are not a list of at least one.

    Warns
    -----
    PsqeWarning
        If Sinkhorn is among the matchings, and one side has ten times as many candidates as the other or
        more: it shares all candidates of one side among those of the other, so that its ranks say little.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> task, features = planted_pair(30, random_state=0)
    >>> reports = evaluate_each(task, feature_scorer(task, features), ["cosine", "csls"])
    >>> [report["matching"] for report in reports.values()]
    ['cosine', 'csls']
    """
    check_task(task)
    check_scorer(scorer, remedy="give a function of left and right entities, such as aligner.similarity")
    if task.links is None:
        raise DataError(
            f"{task.name} has no gold links to evaluate against", remedy="take a task whose links are known"
        )
    protocols = _checked_protocols(protocols)
    parts = regions_by_kind(task, regions)
    if parts and "full" not in protocols:
        raise ParameterError(
            "results by region are those of protocol 'full'", remedy="add that protocol or leave regions out"
        )
    gold = GroupedLinks(task.links, *_checked_seeds(task, seeds, compared))
    tested: dict[Matching, dict[Protocol, dict[Direction, RankedQueries]]] = {
        matching: {} for matching in _checked_matchings(matchings)
    }
    if "full" in protocols:
        candidates = task.left.candidates, task.right.candidates
        _warn_of_uneven_sides(candidates, matchings)
        each = matched_by_each(similarity_of(scorer, *candidates), matchings)
        for matching, found in zip(each, gold.rank([*each.values()], gold.links, candidates), strict=True):
            tested[matching]["full"] = found
    if "peer" in protocols:
        found = _ranked_as_published(gold, scorer)
        tested = {matching: {**own, "peer": found} for matching, own in tested.items()}
    return {matching: _report(matching, own, parts) for matching, own in tested.items()}


def _report(
    matching: Matching,
    tested: Mapping[Protocol, Mapping[Direction, RankedQueries]],
    regions: Mapping[str, Regions],
) -> dict[str, Any]:
    """Make the report of one matching of the ranks by protocol and direction."""
    return {
        "matching": matching,
        **{name: _metrics(tested, group) for name, group in METRICS_OF.items()},
        "n_queries": _n_queries(tested),
        "ties": _ties(tested["full"]) if "full" in tested else None,
        "regions": {kind: _by_region(tested["full"], part) for kind, part in regions.items()},
    }


def _ranked_as_published(gold: GroupedLinks, scorer: Scorer) -> dict[Direction, RankedQueries]:
    """Rank the links that protocol ``peer`` tests among the entities of these links."""
    last = gold.links[len(gold.links) - round(PEER_TEST_SHARE * len(gold.links)) :]
    candidates = np.unique(last[:, 0]), np.unique(last[:, 1])
    similarity = matched(similarity_of(scorer, *candidates), "csls", csls_k=PEER_CSLS_K)
    return gold.rank([similarity], last, candidates)[0]


def _warn_of_uneven_sides(candidates: tuple[IntArray, IntArray], matchings: Sequence[Matching]) -> None:
    """Warn that ranks by Sinkhorn say little where one side has many times the candidates of the other."""
    fewer, more = sorted(map(len, candidates))
    if "sinkhorn" in matchings and more >= UNEVEN * fewer > 0:
        warnings.warn(
            f"one side has {counted(fewer, 'candidate')} and the other {more:,}: sinkhorn shares "
            "all candidates of one side among those of the other, so its ranks say little here; cosine and "
            "csls have no such limit",
            PsqeWarning,
            stacklevel=3,
        )


def _checked_protocols(protocols: Collection[Protocol]) -> Collection[Protocol]:
    """Return the protocols if each of them is one, and refuse anything else."""
    remedy = f"give a list of some of {', '.join(PROTOCOLS)}"
    check_form("the protocols", protocols, list | tuple | Set, remedy)
    unknown = [name for name in protocols if name not in PROTOCOLS]
    if unknown or not protocols:
        fault = f"there is no protocol {unknown[0]!r}" if unknown else "no protocol is given"
        raise ParameterError(fault, remedy=remedy)
    return protocols


def _checked_matchings(matchings: Sequence[Matching]) -> Sequence[Matching]:
    """Return the matchings if each of them is one, and refuse anything else."""
    known = get_args(Matching)
    remedy = f"give a list of some of {', '.join(known)}"
    check_form("the matchings", matchings, list | tuple, remedy)
    unknown = [name for name in matchings if name not in known]
    if unknown:
        raise ParameterError(f"there is no matching {unknown[0]!r}", remedy=f"choose from {', '.join(known)}")
    if not matchings:
        raise ParameterError("no matching is given", remedy=remedy)
    return matchings


def _checked_seeds(
    task: AlignmentTask, seeds: Pairs | None, compared: Pairs | None
) -> tuple[IntArray | None, IntArray | None]:
    """Return both as arrays of pairs of entities of the task; refuse seeds that are not all compared."""
    trained_on = None if seeds is None else pairs_of_task(task, "seeds", seeds)
    union = None if compared is None else pairs_of_task(task, "seeds of the argument compared", compared)
    if trained_on is not None and union is not None:
        missing = sum(len(np.setdiff1d(trained_on[:, column], union[:, column])) for column in range(2))
        if missing:
            entities = counted(missing, "entity")
            raise ParameterError(
                f"{entities} of the seeds {in_number(missing, 'is')} in none of the seed sets that are "
                "compared",
                remedy="add the seeds to the argument compared",
            )
    return trained_on, union


def _metrics(
    tested: Mapping[Protocol, Mapping[Direction, RankedQueries]], group: str
) -> dict[Direction, dict[Protocol, dict[str, float | None]]] | None:
    """Return the numbers of one group by direction and protocol; ``None`` where it is not defined."""
    result: dict[Direction, dict[Protocol, dict[str, float | None]]] = {d: {} for d in DIRECTIONS}
    for protocol, by_direction in tested.items():
        for direction, part in by_direction.items():
            metrics = part.metrics(group)
            if metrics is None:
                return None
            result[direction][protocol] = metrics
    return result


def _n_queries(
    tested: Mapping[Protocol, Mapping[Direction, RankedQueries]],
) -> dict[Direction, dict[Protocol, dict[str, int | None]]]:
    """Count the queries of each group, by direction and protocol."""
    return {
        direction: {
            protocol: {
                group: None if mask is None else int(mask.sum())
                for group, mask in by_direction[direction].groups.items()
            }
            for protocol, by_direction in tested.items()
        }
        for direction in DIRECTIONS
    }


def _ties(full: Mapping[Direction, RankedQueries]) -> dict[Direction, dict[str, float]]:
    """Return Hits@1 with ties broken for and against the similarities, by direction."""
    return {
        direction: {
            "optimistic": part.ranks.metrics("optimistic")["hits@1"],
            "pessimistic": part.ranks.metrics("pessimistic")["hits@1"],
        }
        for direction, part in full.items()
    }


def _by_region(
    full: Mapping[Direction, RankedQueries], regions: Regions
) -> dict[str, dict[str, float | int | None]]:
    """Return the number of queries and the mean Hits@1 of both directions, by the name of the region."""
    labels = {
        "l2r": regions.left[full["l2r"].queries],
        "r2l": regions.right[full["r2l"].queries],
    }
    result = {}
    for i, name in enumerate(regions.names):
        row: dict[str, float | int | None] = {}
        for group, suffix in (("all", ""), ("free", "_free"), ("free_of_all", "_free_of_all")):
            hits = [full[d].hits_at_1(group, labels[d] == i) for d in DIRECTIONS]
            means = [float(h.mean()) for h in hits if h is not None and len(h)]
            row[f"n{suffix}"] = None if hits[0] is None else len(hits[0])
            row[f"hits@1{suffix}"] = float(np.mean(means)) if means else None
        if row["hits@1"] is not None:
            result[name] = row
    return result
