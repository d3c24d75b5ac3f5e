"""The numbers of the findings: means over the emoji pairs, all from the results store."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import pandas as pd

from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.plans.base import EMOJI, KINDS_OF_SEEDS
from psqe.study.plans.evidence import CHARACTERS_TASKS
from psqe.study.plans.pays import TRAINED
from psqe.study.tables.alignments import FEATURES
from psqe.study.tables.by_state import ByState, alignment_values, difference, seed_values
from psqe.study.tables.evidence import evidence_runs

MATCHING = "csls"
"""The matching of every Hits@1 among the findings that does not name another."""

PANELS = {
    "Seeds that are correct": {
        "correct pivot": ("pivot: pictures only", "seeds"),
        "correct pivot, fused": ("pivot: pictures and texts", "seeds"),
        "correct mutual": ("mutual nearest neighbours", "seeds"),
        "correct psqe": ("PSQE", "seeds"),
    },
    "Hits@1 on free links": {
        "free pivot": ("MCLEA on pivot, pictures", "trained"),
        "free pivot, fused": ("MCLEA on pivot, both", "trained"),
        "free mutual": ("MCLEA on mutual", "trained"),
        "free psqe": ("MCLEA on PSQE", "trained"),
        "free features": ("features alone", "no network trained"),
        "free clamped": ("clamped on PSQE", "no network trained"),
        "free propagation": ("propagation on PSQE", "no network trained"),
    },
    "Hits@1 on all links": {
        "all mclea": ("MCLEA on PSQE", "trained"),
        "all features": ("features, no seeds", "no network trained"),
        "all propagation": ("propagation, no seeds", "no network trained"),
        "all concord": ("Concord, no seeds", "no network trained"),
    },
}
"""The panels of the landing page's figure: the names of :func:`headlines`, each with the name of its bar and
what the bar is about."""

DATA = {"Emoji (four pairs)": EMOJI, "Characters (one pair)": CHARACTERS_TASKS}
"""The columns of the landing page's figure, each with its pairs."""


def headline_values(
    seeds: pd.DataFrame, alignments: pd.DataFrame, *, tasks: Sequence[str] = EMOJI, aligner: str = "mclea"
) -> dict[str, ByState]:
    """Collect what the numbers of the findings are means of, by random state.

    Parameters
    ----------
    seeds, alignments, tasks, aligner
        As :func:`headlines` takes them.

    Returns
    -------
    dict
        The values by random state under the names that :func:`headlines` gives their means. What was not
        run has no values.
    """
    of_seeds = seed_values(seeds, tasks)
    free = alignment_values(alignments, tasks, matching=MATCHING, links="free_of_all")
    whole = alignment_values(alignments, tasks, matching="sinkhorn")
    queries = [
        alignment_values(alignments, tasks, matching=matching, links=links, value="n_queries")
        for matching, links in ((MATCHING, "free_of_all"), ("sinkhorn", "all"))
    ]
    return {
        **{
            f"{name} {kind}": of_seeds.get((value, kind), {})
            for kind in KINDS_OF_SEEDS
            for name, value in (("correct", "precision"), ("even", "balance"))
        },
        **{f"free {kind}": free.get((aligner, kind), {}) for kind in KINDS_OF_SEEDS},
        **{f"free {name}": free.get((name, "psqe"), {}) for name in (FEATURES, "clamped", "propagation")},
        "all features": whole.get((FEATURES, NO_SEEDS), {}),
        "all propagation": whole.get(("propagation", NO_SEEDS), {}),
        "all concord": _concord(alignments, tasks),
        "all clamped": whole.get(("clamped", "psqe"), {}),
        f"all {aligner}": whole.get((aligner, "psqe"), {}),
        "n free": queries[0].get((aligner, "psqe"), {}),
        "n gold": queries[1].get((aligner, "psqe"), {}),
    }


def _concord(alignments: pd.DataFrame, tasks: Sequence[str]) -> ByState:
    """Hits@1 of Concord without seeds under Sinkhorn, by the random states of the whole evidence."""
    if set(tasks) - {*EMOJI, *CHARACTERS_TASKS}:
        return {}
    runs = evidence_runs(alignments, tasks, matching="sinkhorn", kinds=[], aligners=["concord"])
    means = runs.groupby("random_state")["hits@1"].mean()
    return {int(state): float(value) for state, value in means.items()}


def headlines(
    seeds: pd.DataFrame, alignments: pd.DataFrame, *, tasks: Sequence[str] = EMOJI, aligner: str = "mclea"
) -> dict[str, float]:
    """Compute the numbers of the findings.

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
        Sinkhorn on all links, where NAME is ``features``, ``clamped`` (PSQE's seeds), ``propagation`` and
        ``concord`` (without seeds) or the trained aligner (PSQE's seeds); ``n free`` and ``n gold``, the mean
        number of links that are free of all compared seeds and of all links; and ``states``, the number of
        random states.
        What was not run is missing.
    """
    means = headline_values(seeds, alignments, tasks=tasks, aligner=aligner)
    free = alignment_values(alignments, tasks, matching=MATCHING, links="free_of_all")
    found = {name: fmean(values.values()) for name, values in means.items() if values}
    pairs = [
        ("pivot, fused", "pivot"), ("psqe", "pivot, fused"), ("psqe", "mutual"), ("true links", "psqe"),
    ]  # fmt: skip
    compared = {f"{better} over {over}": (aligner, better, over) for better, over in pairs}
    others = sorted({name for name, _ in free} & set(TRAINED) - {aligner})
    compared |= {f"psqe over pivot, fused {model}": (model, "psqe", "pivot, fused") for model in others}
    for name, (model, better, over) in compared.items():
        gain = difference(free.get((model, better), {}), free.get((model, over), {}))
        if gain is not None:
            found |= dict(zip((f"gain {name}", f"gain {name} low", f"gain {name} high"), gain, strict=True))
    found["states"] = len(
        {state for (name, _), values in free.items() if name == aligner for state in values}
    )
    return found


def headline_bars(seeds: pd.DataFrame, alignments: pd.DataFrame) -> pd.DataFrame:
    """Collect what the figure of the landing page shows.

    Parameters
    ----------
    seeds, alignments
        The seeds and the alignments of the results store.

    Returns
    -------
    pandas.DataFrame
        One row for each column and panel of the figure, bar and random state: ``data`` and ``panel``,
        ``bar``, ``kind`` (``seeds``, ``trained`` or ``no network trained``), ``random_state`` and ``value``,
        the mean of the pairs in percent. Hits@1 is matched by :data:`MATCHING` on free links and by Sinkhorn
        on all links.
    """
    rows = []
    for data, tasks in DATA.items():
        values = headline_values(seeds, alignments, tasks=tasks)
        rows += [
            {
                "data": data, "panel": panel, "bar": bar, "kind": kind, "random_state": state,
                "value": 100 * value,
            }
            for panel, bars in PANELS.items()
            for name, (bar, kind) in bars.items()
            for state, value in sorted(values[name].items())
        ]  # fmt: skip
    return pd.DataFrame(rows)
