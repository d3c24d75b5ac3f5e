"""Tables about what is expected of systems without labels, beside what they reached."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from psqe.study.plans.best import EXPECTED_STATES, RUNS, TRAINED, expected_spec
from psqe.study.tables.best import OURS, ROW_NAMES, row_name
from psqe.study.tables.page import group_rows


def expected_runs(expected: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Set what is expected of each system beside what it reached.

    Parameters
    ----------
    expected
        What is expected, of the results store.
    runs
        What was reached (:func:`psqe.study.tables.best_runs`).

    Returns
    -------
    pandas.DataFrame
        ``row`` (:data:`psqe.study.tables.best.ROW_NAMES`), ``task``, ``random_state``, ``matching``,
        ``links``, and in percent ``estimated`` and ``reached``; ``off`` is their difference in points. Rows
        that lack either are left out.
    """
    names = {
        expected_spec(system, task, state, seeds=seeds).id: row_name(system, seeds=seeds)
        for task in dict.fromkeys(runs["task"])
        for state in EXPECTED_STATES
        for system, seeds in RUNS
        if system not in TRAINED
    }
    keys = ["row", "task", "random_state", "matching", "links"]
    told = expected[expected["id"].isin(list(names))]
    told = told.assign(row=told["id"].map(names), estimated=100 * told["expected_hits@1"].astype(float))
    both = runs[[*keys, "hits@1"]].merge(told[[*keys, "estimated"]], on=keys).dropna()
    both = both.assign(reached=100 * both["hits@1"].astype(float)).drop(columns="hits@1")
    return both.assign(off=both["estimated"] - both["reached"])


def expected_table(both: pd.DataFrame, *, matching: str, links: str) -> pd.DataFrame:
    """Tell what is expected of each system and what it reached, means over pairs and random states.

    Parameters
    ----------
    both
        Rows of :func:`expected_runs`.
    matching, links
        Which of them.

    Returns
    -------
    pandas.DataFrame
        ``system``, ``runs``, ``estimated``, ``reached``, ``off``, and ``largest``, the difference in the run
        in which it is largest.
    """
    chosen = both[(both["matching"] == matching) & (both["links"] == links)]
    made = [
        {
            "system": row, "runs": len(own), **own[["estimated", "reached", "off"]].mean(),
            "largest": own["off"].iloc[own["off"].abs().argmax()],
        }
        for row, own in group_rows(chosen, ["row"])
    ]  # fmt: skip
    found = pd.DataFrame(made, columns=["system", "runs", "estimated", "reached", "off", "largest"])
    return found.sort_values("system", key=lambda names: names.map(ROW_NAMES.index), ignore_index=True)


def expected_errors(both: pd.DataFrame) -> pd.DataFrame:
    """Summarise how far what is expected is from what was reached, and how often it has the order of systems.

    Parameters
    ----------
    both
        Rows of :func:`expected_runs`.

    Returns
    -------
    pandas.DataFrame
        By ``links`` and ``matching``: ``runs``; in points the mean ``error``, its ``mean size``
        and the ``largest`` size; ``trivial``, the mean size if each system got the mean of the estimates of
        all systems on its pair and random state; ``within 3``, the percentage of runs that are within 3
        points;
        ``order``, the percentage of comparisons of two systems on one pair and random state that have the
        true sign; and ``comparisons``, their number. Our system is in no comparison: the probabilities are
        its own.
    """
    made = []
    for links, matching, own in group_rows(both, ["links", "matching"]):
        right = [order for _, _, runs in group_rows(own, ["task", "random_state"]) for order in _orders(runs)]
        size = own["off"].abs()
        trivial = own.groupby(["task", "random_state"])["estimated"].transform("mean") - own["reached"]
        made.append({
            "links": links, "matching": matching, "runs": len(own), "error": own["off"].mean(),
            "mean size": size.mean(), "largest": size.max(), "trivial": trivial.abs().mean(),
            "within 3": 100 * float((size <= 3).mean()),
            "order": 100 * sum(right) / len(right) if right else float("nan"), "comparisons": len(right),
        })  # fmt: skip
    return pd.DataFrame(made)


def _orders(runs: pd.DataFrame) -> Sequence[bool]:
    """Say for each two systems of which one is better, and expected to be, whether it is the true one."""
    others = runs[~runs["row"].str.startswith(OURS)]
    values = list(zip(others["estimated"], others["reached"], strict=True))
    return [
        (a_told > b_told) == (a > b) for (a_told, a), (b_told, b) in combinations(values, 2)
        if a != b and a_told != b_told
    ]  # fmt: skip
