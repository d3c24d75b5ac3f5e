"""Results as runs would leave them in a store, for tests of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from psqe.options import MinerOptions, TaskOptions
from psqe.study.plans.alignments import TRAININGS
from psqe.study.plans.base import alignment_spec, of_kind, seeds_spec
from psqe.study.spec import RunSpec, Subject
from psqe.study.store import RunResult, results_table

TASK, OTHER_TASK = "emoji/en-fr", "emoji/en-de"


def seeds_run(
    *parts: Mapping[str, Any],
    task: str = TASK,
    miner: MinerOptions | str = "psqe",
    n_seeds: int = 600,
    state: int = 0,
    parameters: Mapping[str, Any] | None = None,
    **whole: Any,
) -> RunResult:
    """A run about seeds: the row about all of them, and rows about parts (:func:`part`)."""
    if isinstance(miner, str):
        miner = MinerOptions(name=miner, n_seeds=n_seeds, parameters=dict(parameters or {}))
    values = {"seeds_found": miner.n_seeds, "precision": 0.9, "estimated": 0.8, **whole}
    return RunResult(seeds_spec(task, miner, state), [{"part_kind": "all", "part": "all", **values}, *parts])


def part(kind: str, name: str = "all", **values: Any) -> dict[str, Any]:
    """A row about a part of seeds."""
    return {"part_kind": kind, "part": name, **values}


def alignment_run(
    aligner: str = "eva",
    training: str = "plain",
    miner: str | None = "psqe",
    state: int = 0,
    task: str = TASK,
    hits: Sequence[float] = (0.4, 0.6),
    n_seeds: int = 600,
    protocol: str = "full",
    parameters: Mapping[str, Any] | None = None,
) -> RunResult:
    """A run about an alignment with Hits@1 and MRR of either direction, on a kind of seeds."""
    seeds = miner and of_kind(miner, n_seeds)
    given = TRAININGS[training] if parameters is None else parameters
    return RunResult(alignment_spec(task, seeds, aligner, state, given), directions(hits, protocol), 1.0)


def directions(
    hits: Sequence[float], protocol: str = "full", matching: str | None = None, links: str = "all"
) -> list[dict[str, Any]]:
    """Rows of both directions; protocol peer has the matching csls."""
    matching = matching or ("csls" if protocol == "peer" else "cosine")
    common = {"protocol": protocol, "matching": matching, "links": links, "part_kind": "all", "part": "all"}
    return [
        {**common, "direction": d, "n_queries": 10, "hits@1": hit, "mrr": hit}
        for d, hit in zip(("l2r", "r2l"), hits, strict=True)
    ]


def cost_run(
    case: str, seconds: float = 1.0, peak_mb: float = 500.0, n: int = 100, **values: Any
) -> RunResult:
    """A measurement of costs by stage."""
    common = {"variant": "corrected", "n_left": n, "n_right": n, "threads": 2, "search": "exact"}
    stages = ("data", "cluster", "refine", "expand", "other", "total")
    rows = [
        {**common, "stage": stage, "stage_seconds": seconds, "seeds_found": 7,
         "stage_peak_mb": None if stage == "other" else peak_mb, **values}
        for stage in stages
    ]  # fmt: skip
    return RunResult(RunSpec(subject="cost", task=TaskOptions(name=case)), rows)


def table(runs: Sequence[RunResult], subject: Subject) -> pd.DataFrame:
    """The table of a store with these runs alone; two runs must not have the same spec."""
    assert len({run.spec.id for run in runs}) == len(runs), "a run replaces another"
    return results_table(runs, subject)
