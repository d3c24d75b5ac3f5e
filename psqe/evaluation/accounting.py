r"""The accounting identity: all hits are those on seed links, beside wrong seeds and on free links together.

Every query is in exactly one of the three groups of :mod:`psqe.evaluation.link_groups`. A share of hits over
all queries is therefore exactly

.. math:: H = R h_\text{seeds} + W h_\text{wrong} + (1 - R - W) h_\text{free},

where R and W are the shares of the queries in groups ``seeds`` and ``wrong``, and each h is the share of
hits within one group. The same holds for the mean reciprocal rank, and for every other mean over queries.

Comparing two seed sets query by query bounds what other seeds can gain: see :func:`resampling_parts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from psqe.errors import ParameterError
from psqe.evaluation.link_groups import LINK_GROUPS, LinkGroup
from psqe.evaluation.protocols import Protocol
from psqe.evaluation.queries import Direction
from psqe.graph import BoolArray
from psqe.parameters import check_form


@dataclass(frozen=True)
class Accounting:
    """The shares of the three groups of queries, and the mean of a measure within each.

    Parameters
    ----------
    shares
        The share of the queries in each group: ``seeds`` (R), ``wrong`` (W) and ``free`` (1 - R - W).
    rates
        The mean of the measure in each group, such as Hits@1; ``None`` where no query is in the group.

    Raises
    ------
    ParameterError
        If one of them is no dictionary or lacks a group, if a share is no number, or if a rate is no number
        though its group has queries.

    Examples
    --------
    >>> found = Accounting({"seeds": 0.4, "wrong": 0.1, "free": 0.5}, {"seeds": 1, "wrong": 0, "free": 0.6})
    >>> round(found.total, 9)
    0.7
    """

    shares: Mapping[LinkGroup, float]
    rates: Mapping[LinkGroup, float | None]

    def __post_init__(self) -> None:
        remedy = f"give a dictionary with {', '.join(LINK_GROUPS)}"
        for name in ("shares", "rates"):
            values = getattr(self, name)
            check_form(name, values, Mapping, remedy)
            for group in LINK_GROUPS:
                if group not in values:
                    raise ParameterError(f"{name} lacks the group {group!r}", remedy=remedy)
        for group in LINK_GROUPS:
            share, rate = self.shares[group], self.rates[group]
            check_form(f"the share of group {group!r}", share, int | float, "give a number from 0 to 1")
            if rate is not None or share > 0:
                cure = "give a number, or None where the share is 0"
                check_form(f"the rate of group {group!r}", rate, int | float, cure)

    @property
    def total(self) -> float:
        """The mean of the measure over all queries."""
        return sum(self.shares[group] * (self.rates[group] or 0) for group in LINK_GROUPS)


@dataclass(frozen=True)
class GainParts:
    """The parts of the difference between two evaluations, which add up to it; see :func:`gain_parts`.

    Parameters
    ----------
    more_seed_links
        What a larger share of queries in group ``seeds`` contributes, compared with free queries.
    fewer_wrong
        What a smaller share of queries in group ``wrong`` contributes, compared with free queries.
    seeds_rate, wrong_rate, free_rate
        What the change of the mean of the measure within each group contributes.

    Examples
    --------
    >>> GainParts(0.1, 0.02, 0.0, 0.0, -0.05).total
    0.07
    """

    more_seed_links: float
    fewer_wrong: float
    seeds_rate: float
    wrong_rate: float
    free_rate: float

    @property
    def total(self) -> float:
        """The difference itself: the sum of the five parts."""
        shares = self.more_seed_links + self.fewer_wrong
        return shares + self.seeds_rate + self.wrong_rate + self.free_rate


def accounting(
    evaluation: Mapping[str, Any],
    *,
    direction: Direction = "l2r",
    protocol: Protocol = "full",
    measure: str = "hits@1",
) -> Accounting:
    """Read the shares and rates of the accounting identity from an evaluation.

    Parameters
    ----------
    evaluation
        The result of :func:`psqe.evaluation.evaluate` with seeds, or ``report.json`` as ``psqe align``
        writes it.
    direction
        ``l2r`` (the default) or ``r2l``.
    protocol
        ``full`` (the default) or ``peer``.
    measure
        ``hits@1`` (the default), ``hits@5``, ``hits@10`` or ``mrr``.

    Returns
    -------
    The share of the queries in each group, and the mean of the measure within it.

    Raises
    ------
    ParameterError
        If ``evaluation`` is no such dictionary, was made without seeds, or holds no such direction, protocol
        or measure.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import evaluate, feature_scorer
    >>> task, features = planted_pair(60, noise=0.9)
    >>> report = evaluate(task, feature_scorer(task, features), seeds=task.links[:20])
    >>> found = accounting(report)
    >>> abs(found.total - report["metrics"]["l2r"]["full"]["hits@1"]) < 1e-12
    True
    """
    check_form(
        "the evaluation",
        evaluation,
        Mapping,
        "give what psqe.evaluation.evaluate or the method evaluation of an alignment returns",
    )
    needed = ("n_queries", *(f"metrics_{group}" for group in LINK_GROUPS))
    if any(evaluation.get(name) is None for name in needed):
        raise ParameterError(
            "the evaluation does not tell seed links and free links apart",
            remedy="evaluate again, with gold links and with the argument seeds",
        )
    try:
        counts = evaluation["n_queries"][direction][protocol]
        metrics = {group: evaluation[f"metrics_{group}"] for group in LINK_GROUPS}
        rates = {group: metrics[group][direction][protocol][measure] for group in LINK_GROUPS}
        shares = {group: counts[group] / counts["all"] for group in LINK_GROUPS}
    except KeyError as error:
        raise ParameterError(
            f"the evaluation has no {error.args[0]!r}",
            remedy="choose a direction, a protocol and a measure that it has",
        ) from error
    except TypeError as error:
        raise ParameterError(
            f"the evaluation has another form than that of psqe.evaluation.evaluate ({error})",
            remedy="give what that function returns, or report.json",
        ) from error
    return Accounting(shares, rates)


def gain_parts(before: Accounting, after: Accounting) -> GainParts:
    """Divide the difference between two evaluations into changes of shares and changes of rates.

    It is the midpoint decomposition (the symmetric one of Kitagawa 1955): a change of a share counts at the
    mean of the rates before and after, and a change of a rate at the mean of the shares. The parts are exact,
    nothing is left over, and exchanging ``before`` and ``after`` changes their signs only. A query that
    leaves or joins groups ``seeds`` or ``wrong`` is compared with a free one.

    A rate that is ``None``, because its group has no query in one of the evaluations, counts as that of the
    other evaluation, and as 0 if both are ``None``. The parts add up all the same, since its share is 0.

    Parameters
    ----------
    before, after
        The two sides of the comparison, on the same gold links.

    Returns
    -------
    The five parts; their sum is ``after.total - before.total``.

    Raises
    ------
    ParameterError
        If one of the two is no :class:`Accounting`.

    Examples
    --------
    >>> rates = {"seeds": 1.0, "wrong": 0.0, "free": 0.5}
    >>> before = Accounting({"seeds": 0.2, "wrong": 0.2, "free": 0.6}, rates)
    >>> after = Accounting({"seeds": 0.4, "wrong": 0.0, "free": 0.6}, rates | {"wrong": None})
    >>> parts = gain_parts(before, after)
    >>> round(parts.more_seed_links, 9), round(parts.fewer_wrong, 9), round(parts.free_rate, 9)
    (0.1, 0.1, 0.0)
    """
    for name, side in (("before", before), ("after", after)):
        check_form(name, side, Accounting, "give what psqe.evaluation.accounting returns")
    mean_share = {g: (before.shares[g] + after.shares[g]) / 2 for g in LINK_GROUPS}
    mean_rate, change = {}, {}
    for group in LINK_GROUPS:
        first, second = before.rates[group], after.rates[group]
        old = first if first is not None else second if second is not None else 0.0
        new = second if second is not None else old
        mean_rate[group], change[group] = (old + new) / 2, new - old
    more_seeds = after.shares["seeds"] - before.shares["seeds"]
    more_wrong = after.shares["wrong"] - before.shares["wrong"]
    return GainParts(
        more_seed_links=more_seeds * (mean_rate["seeds"] - mean_rate["free"]),
        fewer_wrong=more_wrong * (mean_rate["wrong"] - mean_rate["free"]),
        seeds_rate=mean_share["seeds"] * change["seeds"],
        wrong_rate=mean_share["wrong"] * change["wrong"],
        free_rate=mean_share["free"] * change["free"],
    )


def predicted_total(
    shares: Mapping[LinkGroup, float], free_rate: float, *, seeds_rate: float = 1.0, wrong_rate: float = 0.0
) -> float:
    """Predict a share of hits over all queries before a model is trained, by the accounting identity.

    It is ``R seeds_rate + W wrong_rate + (1 - R - W) free_rate``. With the defaults the model answers all
    that it is given, wrong seeds too, and matches free links as well as ``free_rate`` says, such as the rate
    of the features without training.

    Parameters
    ----------
    shares
        The share of the queries in each group; see :class:`Accounting`.
    free_rate
        The rate that is expected on free links, from 0 to 1.
    seeds_rate
        The rate on seed links, 1 by default.
    wrong_rate
        The rate on links beside wrong seeds, 0 by default.

    Examples
    --------
    >>> round(predicted_total({"seeds": 0.4, "wrong": 0.1, "free": 0.5}, 0.6), 9)
    0.7
    """
    return Accounting(shares, {"seeds": seeds_rate, "wrong": wrong_rate, "free": free_rate}).total


@dataclass(frozen=True)
class ResamplingParts:
    """The parts of a gain from one seed set to another on the same queries; see :func:`resampling_parts`.

    Parameters
    ----------
    joined
        What the queries contribute whose link is a seed afterwards and was none before.
    left
        What the queries contribute whose link was a seed before and is none afterwards.
    kept
        What the queries contribute whose link is a seed before and afterwards.
    beside
        What the queries contribute that are beside a wrong seed of one of the seed sets, or of both.
    free
        What the queries contribute that are free of both seed sets.
    joined_room
        The most that ``joined`` can be: the share of these queries times the part of them that was not
        answered before.
    seeds_room
        The most that ``left`` and ``kept`` can be together: the share of the seed links of before that was
        not answered before.

    Examples
    --------
    >>> parts = ResamplingParts(0.04, -0.03, 0.0, 0.0, 0.01, joined_room=0.05, seeds_room=0.0)
    >>> round(parts.total, 9), round(parts.bound, 9)
    (0.02, 0.06)
    """

    joined: float
    left: float
    kept: float
    beside: float
    free: float
    joined_room: float
    seeds_room: float

    @property
    def total(self) -> float:
        """The gain itself: the sum of the five parts."""
        return self.joined + self.left + self.kept + self.beside + self.free

    @property
    def bound(self) -> float:
        """The most that the gain can be, given what happens to links that are no seeds of either set."""
        return self.joined_room + self.seeds_room + self.beside + self.free


def resampling_parts(
    before_groups: Mapping[LinkGroup, BoolArray],
    before_scores: ArrayLike,
    after_groups: Mapping[LinkGroup, BoolArray],
    after_scores: ArrayLike,
) -> ResamplingParts:
    """Divide the gain from one seed set to another by what becomes of each query, and bound it.

    The gain ``H' - H`` is at most ``dR (1 - h)`` plus the contributions of the queries that are free of both
    seed sets and of those beside a wrong seed. Here ``dR`` is the share of the queries whose link becomes a
    seed, ``h`` the rate on these before, and all seeds of before are taken to be answered before. Otherwise
    ``R (1 - h_seeds)`` is added.

    Parameters
    ----------
    before_groups, after_groups
        The mask of each group of queries with respect to the one seed set and the other, each ``(n,)``: what
        :func:`psqe.evaluation.link_groups` returns.
    before_scores, after_scores
        A number from 0 to 1 for each query ``(n,)`` with the one seed set and the other, such as whether the
        true counterpart is ranked first.

    Returns
    -------
    The five parts, which add up to the difference of the mean scores, and what the bound consists of.

    Raises
    ------
    ParameterError
        If there is no query, the shapes differ, or a score is not between 0 and 1.

    Examples
    --------
    >>> from psqe.evaluation import link_groups
    >>> links = [(0, 0), (1, 1), (2, 2), (3, 3)]
    >>> one, other = (link_groups(links, seeds) for seeds in ([(0, 0), (1, 1)], [(0, 0), (2, 2)]))
    >>> parts = resampling_parts(one, [1, 1, 0, 0], other, [1, 0, 1, 1])
    >>> parts.joined, parts.left, parts.free, parts.total, parts.bound
    (0.25, -0.25, 0.25, 0.25, 0.5)
    """
    first, second = (np.asarray(scores, dtype=np.float64) for scores in (before_scores, after_scores))
    masks = [np.asarray(groups[name]) for groups in (before_groups, after_groups) for name in LINK_GROUPS]
    if first.ndim != 1 or not len(first) or any(each.shape != first.shape for each in (second, *masks)):
        raise ParameterError(
            "masks and scores are not one number for each query", remedy="give arrays of the same queries"
        )
    if not all(((scores >= 0) & (scores <= 1)).all() for scores in (first, second)):
        raise ParameterError("a score is not between 0 and 1", remedy="give hits or reciprocal ranks")
    was, now = masks[0].astype(bool), masks[3].astype(bool)
    free = masks[2].astype(bool) & masks[5].astype(bool)
    change, n = second - first, len(first)

    def part(chosen: BoolArray, values: np.ndarray = change) -> float:
        return float(values[chosen].sum() / n)

    return ResamplingParts(
        joined=part(now & ~was),
        left=part(was & ~now),
        kept=part(was & now),
        beside=part(~was & ~now & ~free),
        free=part(free),
        joined_room=part(now & ~was, 1 - first),
        seeds_room=part(was, 1 - first),
    )
