"""Links and the answer "no counterpart", on every task where some entities have none.

Run as a module it fills ``results/links.csv``: ``python -m psqe.study.linking --help``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import pandas as pd
import typer
from tqdm import tqdm

from psqe.aligners import ALIGNERS
from psqe.datasets import load_task
from psqe.errors import PsqeError
from psqe.evaluation import feature_scorer
from psqe.features import Features
from psqe.files import atomic_path
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.links.predict import Links, WeighedPairs, weigh_pairs
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule, Rule
from psqe.provenance import provenance
from psqe.seeds import PSQEMiner, SeedSet, correct
from psqe.similarity import Matching
from psqe.study import old_store as store
from psqe.study.ablation import DBP15K, EMOJI
from psqe.study.benchmarks import TOGETHER, View, view
from psqe.study.comparison import N_SEEDS, RESIDUAL
from psqe.study.experiments import DANGLING
from psqe.study.project import Project

TASKS = (*EMOJI, *DBP15K, "fb15k/db15k")
"""The tasks in which some candidates have no counterpart."""

MODELS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "features": None,
    "eva": ("eva", {"residual": RESIDUAL}),
    "propagation": ("propagation", {}),
}
"""Whose similarities: features alone, or an aligner, small preset, with other parameters than its own."""

THRESHOLDS = ("none", "auto", "by labels")
"""Below which confidence no link is made: all are; :func:`~psqe.links.rules.best_threshold`; the one that
is best by the gold links, which nobody has, to see what is lost."""

KEY = ("task", "modalities", "model", "n_seeds", "random_state", "matching", "rule", "threshold", "answer")
VALUES = ("at", "n", "n_right", "n_wanted", "precision", "precision_judged", "recall", "f1", "expected_right")
COLUMNS = (*KEY, *VALUES, "revision", "date")


def study_pair(name: str, random_state: int) -> tuple[AlignmentTask, Features, View]:
    """A task with its features, and what they are of."""
    if name in EMOJI:
        task = load_task(name, dangling=DANGLING, random_state=random_state)
        given = view("image", "attribute")
    else:
        task, given = load_task(name), TOGETHER[name]
    return task, given.features(task), given


def link_rows(name: str, random_state: int, models: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Links of some models by every matching, rule and threshold: rows for :func:`put`."""
    task, features, given = study_pair(name, random_state)
    n_seeds = N_SEEDS.get(name.partition("/")[0], 1000)
    seeds: SeedSet | None = None
    for model in models:
        key = {
            "task": name, "modalities": "+".join(sorted(given.modalities)), "model": model,
            "random_state": random_state,
        }  # fmt: skip
        chosen = MODELS[model]
        if chosen is None:
            yield from _ruled(
                {**key, "n_seeds": 0}, weigh_pairs(task, features, feature_scorer(task, features)), task
            )
            continue
        if seeds is None:
            seeds = PSQEMiner(n_seeds, random_state=random_state).mine(task, features)
        aligner = ALIGNERS[chosen[0]].preset("small", random_state=random_state, **chosen[1])
        fitted = aligner.fit(task, features, seeds)
        weighed = weigh_pairs(task, features, fitted.similarity, seeds=seeds)
        yield from _ruled({**key, "n_seeds": n_seeds}, weighed, task)


def _ruled(key: Mapping[str, Any], weighed: WeighedPairs, task: AlignmentTask) -> Iterator[dict[str, Any]]:
    """Rows of one model."""
    for matching in get_args(Matching):
        for rule in get_args(Rule):
            links = weighed.choose(LinkRule(matching, rule, None))
            own = {**key, "matching": matching, "rule": rule}
            for threshold in THRESHOLDS:
                n, at = cut(links, task, threshold)
                pairs = chosen_pairs(links)[:n]
                expected = float(chosen_confidence(links)[:n].sum())
                yield from _quality_rows(
                    {**own, "threshold": threshold, "at": at, "expected_right": expected}, pairs, task
                )


def chosen_pairs(links: Links) -> IntArray:
    """Every pair that the rule chose, most confident first, whatever the threshold: ``(n, 2)``."""
    return np.vstack([links.pairs, links.doubtful])


def chosen_confidence(links: Links) -> FloatArray:
    """The confidence of each of :func:`chosen_pairs`, descending: ``(n,)``."""
    return np.concatenate([links.confidence, links.doubtful_confidence])


def cut(links: Links, task: AlignmentTask, threshold: str) -> tuple[int, float]:
    """How many of :func:`chosen_pairs` are links under one of :data:`THRESHOLDS`, and its confidence."""
    sure = chosen_confidence(links)
    if threshold == "none" or not len(sure):
        return len(sure), 0.0
    if threshold == "auto":
        return len(links), links.threshold
    right = correct(chosen_pairs(links), task)
    if right is None or task.links is None:
        raise PsqeError(f"{task.name} has no gold links to find a threshold by")
    f1 = 2 * right.cumsum() / (np.arange(1, len(sure) + 1) + len(task.links))
    # A threshold cannot cut between equal confidences.
    f1[:-1][sure[:-1] == sure[1:]] = 0
    n = int(f1.argmax()) + 1
    return n, float(sure[n - 1])


def _quality_rows(key: Mapping[str, Any], pairs: IntArray, task: AlignmentTask) -> Iterator[dict[str, Any]]:
    quality = link_quality(pairs, task)
    answers = {"link": (quality["links"], "n_gold")}
    answers |= {f"no counterpart, {side}": (q, "n_dangling") for side, q in quality["no_counterpart"].items()}
    for answer, (found, wanted) in answers.items():
        values = {name: found[name] for name in ("n", "n_right", "precision", "recall", "f1")}
        yield {
            **key, **values, "answer": answer, "n_wanted": found[wanted],
            "precision_judged": found.get("precision_judged"),
        }  # fmt: skip


# ---- what is kept


def links_path() -> Path:
    """``results/links.csv`` of the project."""
    return Project.find().results / "links.csv"


def read(path: str | Path | None = None) -> pd.DataFrame:
    """What is kept: columns :data:`COLUMNS`; empty when there is nothing."""
    path = links_path() if path is None else Path(path)
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))


def put(rows: Iterable[Mapping[str, Any]], path: str | Path | None = None) -> None:
    """Add rows; those with the same key go."""
    path = links_path() if path is None else Path(path)
    source = {key: value for key, value in provenance().items() if key in COLUMNS}
    new = pd.DataFrame([{**row, **source} for row in rows], columns=list(COLUMNS))
    with store.locked(path.with_name(".links.lock")):
        table = pd.concat([kept, new]) if len(kept := read(path)) else new
        table = table.drop_duplicates(list(KEY), keep="last").sort_values(list(KEY))
        with atomic_path(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.6g")


def main(
    task: Annotated[list[str] | None, typer.Option(help="by default all with dangling entities")] = None,
    state: Annotated[list[int] | None, typer.Option(help="random states; by default 0 to 4")] = None,
    model: Annotated[list[str] | None, typer.Option(help=f"{', '.join(MODELS)}; by default all")] = None,
    again: Annotated[bool, typer.Option(help="also what is kept")] = False,
) -> None:
    """Fill ``results/links.csv``; what it has is left out, so that a run can be resumed."""
    try:
        have = set() if again else set(
            read()[["task", "random_state", "model"]].itertuples(index=False, name=None)
        )  # fmt: skip
        runs = [(name, random_state) for random_state in state or range(5) for name in task or TASKS]
        for name, random_state in tqdm(runs, "tasks", disable=None):
            wanted = [one for one in model or MODELS if (name, random_state, one) not in have]
            if wanted:
                print(name, random_state, *wanted, file=sys.stderr, flush=True)
                put(list(link_rows(name, random_state, wanted)))
    except PsqeError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
