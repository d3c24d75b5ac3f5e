"""Links and the answer "no counterpart": tables from ``results/links.csv``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from psqe.evaluation import format_interval, mean_interval
from psqe.graph import AlignmentTask
from psqe.links.predict import Links
from psqe.links.quality import link_quality
from psqe.study.linking import MODELS, TASKS, THRESHOLDS, chosen_confidence, chosen_pairs

ANSWERS = ("link", "no counterpart")

RUN = ["task", "model", "random_state", "matching", "rule", "threshold"]
"""What tells one choice of links from another."""


def answers(table: pd.DataFrame) -> pd.DataFrame:
    """Quality of both answers, one row a choice of links and answer.

    Counts of the two sides of "no counterpart" are added, so its precision, recall and F1 are those of all
    entities so answered.

    Returns
    -------
    Columns :data:`RUN`, ``answer`` (of :data:`ANSWERS`), ``n``, ``n_right``, ``n_wanted``, ``precision``,
    ``recall`` and ``f1``, tasks and models in the order of the study.
    """
    answer = table["answer"].str.partition(",")[0]
    counts = ["n", "n_right", "n_wanted"]
    found = table.assign(answer=answer).groupby([*RUN, "answer"], as_index=False)[counts].sum()
    found["precision"] = found["n_right"] / found["n"].where(found["n"] > 0)
    found["recall"] = found["n_right"] / found["n_wanted"].where(found["n_wanted"] > 0)
    found["f1"] = 2 * found["n_right"] / (found["n"] + found["n_wanted"])
    for column, order in (("task", TASKS), ("model", list(MODELS)), ("threshold", THRESHOLDS)):
        found[column] = pd.Categorical(found[column], order, ordered=True)
    found = found.sort_values([*RUN, "answer"], kind="stable", ignore_index=True)
    return found.astype({"task": str, "model": str, "threshold": str})


def rule_table(found: pd.DataFrame, tasks: Sequence[str], *, answer: str, model: str) -> pd.DataFrame:
    """F1 of one answer by matching, rule and threshold: one row a matching and rule, one column a threshold.

    Mean over tasks within a random state, then over random states with its 95 % interval. Only random states
    count that were run on every task.
    """
    own = found[(found["answer"] == answer) & (found["model"] == model) & found["task"].isin(tasks)]
    whole = own[own.groupby("random_state")["task"].transform("nunique") == len(tasks)]
    rows = []
    for (matching, rule), runs in whole.groupby(["matching", "rule"], sort=False):
        by = runs.groupby(["threshold", "random_state"])["f1"].mean()
        rows.append(
            {
                "matching": matching,
                "rule": str(rule).replace("_", " "),
                **{
                    threshold: _text(by[threshold].tolist())
                    for threshold in THRESHOLDS
                    if threshold in by.index
                },
            }
        )
    return pd.DataFrame(rows, columns=["matching", "rule", *THRESHOLDS])


def _text(values: Sequence[float]) -> str:
    return format_interval(*mean_interval(values), brackets=True)


def task_table(found: pd.DataFrame, *, matching: str, rule: str, threshold: str = "auto") -> pd.DataFrame:
    """Precision, recall and F1 of both answers by task and model, means over random states."""
    own = found[(found["matching"] == matching) & (found["rule"] == rule) & (found["threshold"] == threshold)]
    rows = []
    for (task, model), runs in own.groupby(["task", "model"], sort=False):
        row = {"pair": task, "model": model, "states": runs["random_state"].nunique()}
        for answer in ANSWERS:
            mean = runs[runs["answer"] == answer][["precision", "recall", "f1"]].mean()
            short = "link" if answer == "link" else "none"
            row |= dict(zip((f"{short}: {name}" for name in ("P", "R", "F1")), mean, strict=True))
        rows.append(row)
    columns = [f"{short}: {name}" for short in ("link", "none") for name in ("P", "R", "F1")]
    return pd.DataFrame(rows, columns=["pair", "model", "states", *columns])


def threshold_curve(links: Links, task: AlignmentTask, *, n: int = 101) -> pd.DataFrame:
    """What any threshold would have made of the pairs that a rule chose, with the gold links in hand.

    Returns
    -------
    ``threshold`` (``n`` from 0 to 1); ``precision``, ``recall`` and ``f1`` of the links; ``no counterpart``,
    the F1 of the other answer, both sides together; ``expected``, the F1 of the links that the confidences
    promise (:func:`psqe.links.rules.best_threshold`). A precision of no link is empty.
    """
    pairs = chosen_pairs(links)
    sure = chosen_confidence(links).astype(np.float64)
    rows = []
    for threshold in np.linspace(0, 1, n):
        kept = sure >= threshold
        quality = link_quality(pairs[kept], task)
        alone = quality["no_counterpart"].values()
        right, given, wanted = (sum(one[k] for one in alone) for k in ("n_right", "n", "n_dangling"))
        rows.append(
            {
                "threshold": threshold,
                **{name: quality["links"][name] for name in ("precision", "recall", "f1")},
                "no counterpart": 2 * right / (given + wanted) if given + wanted else None,
                "expected": 2 * sure[kept].sum() / (kept.sum() + links.expected_links),
            }
        )
    return pd.DataFrame(rows).astype("float64")
