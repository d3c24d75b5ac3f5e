"""Tables about links and the answer "no counterpart"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from psqe.evaluation import Scorer, feature_scorer
from psqe.evaluation.intervals import format_interval, mean_interval
from psqe.features import Features
from psqe.features.canonical_order import canonical_candidates
from psqe.graph import AlignmentTask
from psqe.links.orphans import orphan_pairs
from psqe.links.plan import TransportPlan
from psqe.links.predict import Links, predict_links
from psqe.links.quality import link_quality
from psqe.seeds import correct
from psqe.study.measures import THRESHOLDS, chosen_confidence, chosen_pairs
from psqe.study.plans import PLANS
from psqe.study.plans.base import DBP15K
from psqe.study.plans.links import MODELS, TASKS
from psqe.study.tables.page import group_rows
from psqe.study.tables.selection import planned

ANSWERS = ("link", "no counterpart")
"""The two answers about an entity."""

CHOICE = ["task", "model", "random_state", "matching", "rule", "threshold"]
"""The columns that tell one choice of links from another."""


def runs_of(table: pd.DataFrame, *plans: str) -> pd.DataFrame:
    """Choose the rows of the runs of some plans.

    Parameters
    ----------
    table
        The links of the results store.
    plans
        Names of plans (:data:`psqe.study.plans.PLANS`).

    Returns
    -------
    pandas.DataFrame
        The rows of their runs, on every random state that is stored.
    """
    return pd.concat([planned(table, PLANS[name].tasks, PLANS[name].specs) for name in plans])


def named_models(table: pd.DataFrame) -> pd.DataFrame:
    """Add the column ``model``: the name of the aligner, or ``features`` where there is none."""
    return table.assign(model=table["aligner"].fillna(next(iter(MODELS))))


def _in_study_order(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Sort rows by some columns: tasks, models and thresholds as the study names them, others by value."""
    orders = {"task": TASKS, "model": tuple(MODELS), "threshold": THRESHOLDS}
    places = {name: {value: i for i, value in enumerate(order)} for name, order in orders.items()}
    return table.sort_values(
        list(by),
        key=lambda column: column.map(places[column.name]) if column.name in places else column,
        kind="stable",
        ignore_index=True,
    )


def claims(table: pd.DataFrame) -> pd.DataFrame:
    """Compare what confidences claim with what is correct, for every choice of links without a threshold.

    Parameters
    ----------
    table
        The links of the results store.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``modalities`` (joined by plus signs), ``model``, ``random_state``, ``matching``, ``rule``;
        ``claimed``, the mean confidence of the chosen pairs; ``correct``, the share of correct ones; and
        ``off``, claimed minus correct; all three in percent. On DBP15K, whose gold links are not complete,
        ``correct`` is the share among the pairs that gold links judge.
    """
    rows = table[(table["answer"] == ANSWERS[0]) & (table["threshold"] == "none")]
    named = named_models(rows).assign(
        claimed=100 * (rows["expected_correct"] / rows["n"]).astype("float64"),
        correct=100
        * rows["precision"].where(~rows["task"].isin(DBP15K), rows["precision_judged"]).astype("float64"),
    )
    named["off"] = named["claimed"] - named["correct"]
    columns = ["task", "modalities", "model", "random_state", "matching", "rule", "claimed", "correct", "off"]
    return _in_study_order(named[columns], columns[:6])


def claims_table(off: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Summarise how far claims are off.

    Parameters
    ----------
    off
        Rows of :func:`claims`.
    keys
        The columns that tell the rows of the table apart.

    Returns
    -------
    pandas.DataFrame
        ``keys``; ``claimed`` and ``correct``, means in percent; and in points the mean of claimed minus
        correct (``off``), its mean size (``size``), the largest size (``largest``), and the share of choices
        where it is at most 3 points, in percent (``within 3``).
    """
    rows = []
    for values, own in off.groupby(list(keys), sort=False):
        rows.append({
            **dict(zip(keys, values, strict=True)),
            "claimed": own["claimed"].mean(), "correct": own["correct"].mean(),
            "off": own["off"].mean(), "size": own["off"].abs().mean(), "largest": own["off"].abs().max(),
            "within 3": 100 * float((own["off"].abs() <= 3).mean()),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=[*keys, "claimed", "correct", "off", "size", "largest", "within 3"])


def pair_evidence(task: AlignmentTask, features: Features, scorer: Scorer) -> pd.DataFrame:
    """Tell how much evidence there is for likely pairs and for pairs of orphans, and which are correct.

    Parameters
    ----------
    task, features
        A pair of graphs with gold links, and its features, which give the canonical order.
    scorer
        The similarities.

    Returns
    -------
    pandas.DataFrame
        ``pairs``: ``correct pairs``, ``wrong pairs`` or ``pairs of orphans``
        (:mod:`psqe.links.orphans`); ``evidence``, before it is calibrated; and ``correct``, whether the pair
        is a gold link.
    """
    left, right = canonical_candidates(task, features)
    plan = TransportPlan.from_similarity(scorer(left, right))
    listed = plan.shortlist
    orphans, likely = orphan_pairs(plan), plan.mutual
    rows = []
    for kind, own, others, odds in (
        ("likely", listed.rows[likely], listed.columns[likely], plan.log_odds[likely]),
        ("pairs of orphans", orphans.rows, orphans.columns, orphans.log_odds),
    ):
        hits = correct(np.column_stack([left[own], right[others]]), task)
        rows.append(pd.DataFrame({"pairs": kind, "evidence": odds, "correct": hits}))
    likely_rows, of_orphans = rows
    likely_rows["pairs"] = np.where(likely_rows["correct"], "correct pairs", "wrong pairs")
    first = likely_rows.sort_values("correct", ascending=False, kind="stable")
    return pd.concat([first, of_orphans], ignore_index=True)


def nothing_in_common(task: AlignmentTask, features: Features, *, random_state: int) -> dict[str, float]:
    """Align two halves of a pair of graphs in which no entity has a counterpart, by features alone.

    Parameters
    ----------
    task, features
        A pair of graphs with gold links, and its features. The left entities of one half of the links and the
        right entities of the other half stay candidates.
    random_state
        Seed of the random generator that halves the links.

    Returns
    -------
    ``links``, the number of pairs that are mutual by Sinkhorn, and ``claimed``, their mean confidence, from 0
    to 1. None of the pairs is correct.
    """
    assert task.links is not None
    order = np.random.default_rng(random_state).permutation(len(task.links))
    half = len(order) // 2
    left = replace(task.left, candidates=task.links[order[:half], 0])
    right = replace(task.right, candidates=task.links[order[half:], 1])
    apart = replace(task, left=left, right=right, links=None)
    links = predict_links(apart, features, feature_scorer(apart, features))
    return {"links": len(links), "claimed": float(links.confidence.mean())}


def answers(table: pd.DataFrame) -> pd.DataFrame:
    """Tell the quality of both answers, one row a choice of links and answer.

    Counts of the two sides of "no counterpart" are added, so that its precision, recall and F1 are those of
    all entities with this answer. Where entities have several true counterparts, shares have the denominators
    of :func:`psqe.links.link_quality`: recall of links divides by the largest number of gold links that
    one-to-one links can contain, and an answer does not count where the only counterparts are taken.

    Parameters
    ----------
    table
        The links of the results store.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`CHOICE`, ``answer`` (one of :data:`ANSWERS`), ``n``, ``n_correct``, ``n_wanted``,
        ``n_seeds``, ``precision``, ``recall`` and ``f1``; tasks and models are in the order of the study.
    """
    link, alone = ANSWERS
    answer = table["answer"].where(table["answer"] == link, alone)
    named = named_models(table).assign(answer=answer)
    named["n_seeds"] = named["n_seeds"].fillna(0)
    for share, count in (("precision", "n"), ("recall", "n_wanted")):
        stored = named[share].where(named[share] > 0)
        named[f"of_{share}"] = (named["n_correct"] / stored).round().fillna(named[count])
    counts = ["n", "n_correct", "n_wanted", "of_precision", "of_recall"]
    both = named.groupby([*CHOICE, "n_seeds", "answer"], as_index=False)[counts].sum()
    both[counts] = both[counts].astype("float64")
    given, wanted = both.pop("of_precision"), both.pop("of_recall")
    both["precision"] = both["n_correct"] / given.where(given > 0)
    both["recall"] = both["n_correct"] / wanted.where(wanted > 0)
    both["f1"] = 2 * both["n_correct"] / (given + wanted)
    return _in_study_order(both, [*CHOICE, "answer"])


def f1_of_no_link(quality: pd.DataFrame) -> float:
    """Compute the F1 of the answer "no counterpart" where every entity of both sides is given it.

    This is the trivial answer, beside which that of a model is to be seen.

    Parameters
    ----------
    quality
        Rows of :func:`answers` about one-to-one links of one task.

    Returns
    -------
    The mean over the random states; NaN without rows.
    """
    keys = ["random_state", "model", "matching", "rule", "threshold"]
    rows = quality[quality["rule"] == "one_to_one"]
    of_answer = [rows[rows["answer"] == answer].set_index(keys) for answer in ANSWERS]
    linked, alone = of_answer
    # Every link answers for two entities.
    entities, dangling = alone["n"] + 2 * linked["n"], alone["n_wanted"]
    return float((2 * dangling / (entities + dangling)).groupby("random_state").mean().mean())


def rule_table(quality: pd.DataFrame, tasks: Sequence[str], *, answer: str, model: str) -> pd.DataFrame:
    """Tell the F1 of one answer by matching, rule and threshold.

    The mean is first over tasks within a random state, then over random states with its 95 % interval. Only
    random states that were run on every task count.

    Parameters
    ----------
    quality
        Rows of :func:`answers`.
    tasks
        The tasks to average.
    answer
        One of :data:`ANSWERS`.
    model
        The model to choose, one of :data:`psqe.study.plans.links.MODELS`.

    Returns
    -------
    pandas.DataFrame
        Texts, one row a ``matching`` and ``rule``, one column a threshold.
    """
    chosen = quality[
        (quality["answer"] == answer) & (quality["model"] == model) & quality["task"].isin(tasks)
    ]
    whole = chosen[chosen.groupby("random_state")["task"].transform("nunique") == len(tasks)]
    rows = []
    for matching, rule, runs in group_rows(whole, ["matching", "rule"]):
        by = runs.groupby(["threshold", "random_state"])["f1"].mean()
        cells = {
            threshold: format_interval(*mean_interval(by[threshold].tolist(), within=(0, 1)), brackets=True)
            for threshold in THRESHOLDS if threshold in by.index
        }  # fmt: skip
        rows.append({"matching": matching, "rule": rule.replace("_", " "), **cells})
    return pd.DataFrame(rows, columns=["matching", "rule", *THRESHOLDS])


def task_table(
    quality: pd.DataFrame, *, matching: str, rule: str, threshold: str = "auto", intervals: bool = False
) -> pd.DataFrame:
    """Tell precision, recall and F1 of both answers by task and model, as means over random states.

    Parameters
    ----------
    quality
        Rows of :func:`answers`.
    matching, rule, threshold
        The choice of links.
    intervals
        Whether to tell half of the 95 % interval of each F1 over random states, too; by default not.

    Returns
    -------
    pandas.DataFrame
        ``pair``, ``model``, ``states`` (how many there are), and for ``link`` and ``none`` precision (P),
        recall (R) and F1; with ``intervals`` also ``± F1``.
    """
    chosen = quality[
        (quality["matching"] == matching) & (quality["rule"] == rule) & (quality["threshold"] == threshold)
    ]
    short = dict(zip(ANSWERS, ("link", "none"), strict=True))
    names = dict(zip(("precision", "recall", "f1"), ("P", "R", "F1"), strict=True))
    rows = []
    for task, model, runs in group_rows(chosen, ["task", "model"]):
        means = runs.groupby("answer")[list(names)].mean().reindex(ANSWERS)
        cells = {f"{short[a]}: {text}": means.loc[a, name] for a in ANSWERS for name, text in names.items()}
        if intervals:
            bounds = {a: mean_interval(runs.loc[runs["answer"] == a, "f1"].to_list()) for a in ANSWERS}
            cells |= {f"{short[a]}: ± F1": high - mean for a, (mean, _, high) in bounds.items()}
        rows.append({"pair": task, "model": model, "states": runs["random_state"].nunique(), **cells})
    told = [*names.values(), *(["± F1"] if intervals else [])]
    columns = [f"{s}: {text}" for s in short.values() for text in told]
    return pd.DataFrame(rows, columns=["pair", "model", "states", *columns])


def threshold_curve(links: Links, task: AlignmentTask, *, n: int = 101) -> pd.DataFrame:
    """Tell what any threshold would have made of the pairs that a rule chose, with the gold links in hand.

    Parameters
    ----------
    links
        The links.
    task
        The pair of graphs, with gold links.
    n
        Number of thresholds, evenly from 0 to 1; 101 by default.

    Returns
    -------
    pandas.DataFrame
        ``threshold``; ``precision`` (NaN without a link), ``recall`` and ``f1`` of the links; ``no
        counterpart``, the F1 of the other answer, both sides together; and ``expected``, the F1 of the links
        that the confidences promise (:func:`psqe.links.rules.best_threshold`).
    """
    pairs = chosen_pairs(links)
    confidence = chosen_confidence(links).astype(np.float64)
    rows = []
    for threshold in np.linspace(0, 1, n):
        kept = confidence >= threshold
        quality = link_quality(pairs[kept], task)
        alone = quality["no_counterpart"].values()
        hits, answered, taken, wanted = (
            sum(side[k] for side in alone) for k in ("n_correct", "n", "n_taken", "n_dangling")
        )
        given = answered - taken
        rows.append({
            "threshold": threshold,
            **{name: quality["links"][name] for name in ("precision", "recall", "f1")},
            "no counterpart": 2 * hits / (given + wanted) if given + wanted else None,
            "expected": 2 * confidence[kept].sum() / (kept.sum() + links.expected_links),
        })  # fmt: skip
    return pd.DataFrame(rows).astype("float64")
