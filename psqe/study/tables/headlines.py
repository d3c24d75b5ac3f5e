"""The numbers of the landing page: means over the emoji pairs, all from the results store."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from psqe.evaluation.intervals import mean_interval
from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.plans.base import EMOJI, KINDS_OF_SEEDS, study_size
from psqe.study.plans.pays import TRAINED
from psqe.study.tables.alignments import FEATURES, crossed, gains
from psqe.study.tables.seeds import seed_sets
from psqe.study.tables.selection import kinds

MATCHING = "csls"
"""The matching of every Hits@1 on the landing page that does not name another."""


def headlines(
    seeds: pd.DataFrame, alignments: pd.DataFrame, *, tasks: Sequence[str] = EMOJI, aligner: str = "mclea"
) -> dict[str, float]:
    """Compute the numbers of the landing page.

    Every mean is first over pairs within a random state and then over the random states that were run on all
    pairs. Hits@1 is that of protocol full, matched by :data:`MATCHING`, the mean of both directions.

    Parameters
    ----------
    seeds, alignments
        The seeds and the alignments of the results store.
    tasks
        The pairs, which are compared with the same number of seeds; all emoji pairs by default.
    aligner
        The trained aligner, with its preset ``small``; MCLEA by default.

    Returns
    -------
    dict
        ``correct KIND``, the precision of a kind of seeds, and ``even KIND``, the balance of its coverage
        over the semantic regions; ``free KIND``, Hits@1 of the trained aligner on links that are free of all
        compared seeds, and ``free features``, ``free clamped`` and ``free propagation``, those of the
        features on the same links, without seeds, with PSQE's seeds clamped and spread over the graphs with
        PSQE's seeds; ``gain TO over FROM`` with `` low`` and `` high``, the
        difference in points between ``free TO`` and ``free FROM`` with its 95 % interval, and ``gain psqe
        over pivot, fused MODEL`` the same for every other trained aligner; ``all NAME`` under
        Sinkhorn on all links, where NAME is ``features``, ``clamped`` (PSQE's seeds), ``propagation``
        (without seeds) or the trained aligner (PSQE's seeds); ``n free`` and ``n gold``, the mean number of
        links that are free of all compared seeds and of all links; and ``states``, the number of random
        states.
        What was not run is missing.
    """
    found: dict[str, float] = {}
    size = study_size(tasks[0])
    sets = seed_sets(kinds(seeds[seeds["task"].isin(tasks) & (seeds["n_seeds"] == size)]))
    for kind in KINDS_OF_SEEDS:
        own = sets[sets["label"] == kind]
        for name, column in (("correct", "precision"), ("even", "balance")):
            _mean(found, f"{name} {kind}", own, column, len(tasks))
    free = crossed(alignments, tasks, matching=MATCHING, links="free_of_all")
    trained = free[(free["aligner"] == aligner) & (free["training"] == "plain")]
    for kind in KINDS_OF_SEEDS:
        _mean(found, f"free {kind}", trained[trained["miner"] == kind], "hits@1", len(tasks))
    for name in (FEATURES, "clamped", "propagation"):
        own = free[(free["aligner"] == name) & (free["miner"] == "psqe")]
        own = own[own["training"].isin(["plain", "untrained"])]
        _mean(found, f"free {name}", own, "hits@1", len(tasks))
    for better, over in (
        ("pivot, fused", "pivot"), ("psqe", "pivot, fused"), ("psqe", "mutual"), ("true links", "psqe"),
    ):  # fmt: skip
        _gain(found, f"gain {better} over {over}", trained, better, over)
    for model in sorted(set(free["aligner"]) & set(TRAINED) - {aligner}):
        own = free[(free["aligner"] == model) & (free["training"] == "plain")]
        _gain(found, f"gain psqe over pivot, fused {model}", own, "psqe", "pivot, fused")
    sinkhorn = crossed(alignments, tasks, matching="sinkhorn")
    for name, model, miner in (
        ("features", FEATURES, NO_SEEDS), ("propagation", "propagation", NO_SEEDS),
        ("clamped", "clamped", "psqe"), (aligner, aligner, "psqe"),
    ):  # fmt: skip
        own = sinkhorn[(sinkhorn["aligner"] == model) & (sinkhorn["miner"] == miner)]
        own = own[own["training"].isin(["plain", "untrained"])]
        _mean(found, f"all {name}", own, "hits@1", len(tasks))
    for name, own in (("n free", trained), ("n gold", sinkhorn)):
        _mean(found, name, own[own["miner"] == "psqe"], "n_queries", len(tasks))
    found["states"] = int(trained["random_state"].nunique())
    return found


def _gain(found: dict[str, float], name: str, runs: pd.DataFrame, better: str, over: str) -> None:
    """Put the gain of one kind of seeds over another under a name, with the ends of its interval."""
    whole = gains(runs, over, better=better).query("task == 'all'")
    for _, row in whole.iterrows():
        found |= {
            name: float(row["gain"]),
            f"{name} low": float(row["low"]),
            f"{name} high": float(row["high"]),
        }


def _mean(found: dict[str, float], name: str, runs: pd.DataFrame, column: str, n_tasks: int) -> None:
    """Put the mean of a column under a name, over random states that were run on every pair."""
    complete = runs[runs.groupby("random_state")["task"].transform("nunique") == n_tasks]
    if len(complete):
        by_state = complete.groupby("random_state")[column].mean().astype(float)
        found[name] = float(mean_interval(by_state.tolist())[0])
