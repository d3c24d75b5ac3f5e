"""What the benchmarks of mining, whole alignments and workers measure, and what mining may cost.

They are ``cost.py``, ``scaling.py`` and ``workers.py`` in ``benchmarks``, and put their measurements into the
results store. The first two measure each case in a process of its own.
This module imports nothing heavy, since the peak memory of a process begins with that of the process that
starts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STAGES = ("cluster", "refine", "expand")
"""The stages of mining that are timed."""


@dataclass(frozen=True)
class Limit:
    """What a case may cost.

    Attributes
    ----------
    variant
        The variant of PSQE that the case mines with.
    seconds
        Most wall-clock seconds.
    peak_gb
        Most memory of the process, in gigabytes (10^9 bytes).

    Examples
    --------
    >>> LIMITS["fr_en/corrected"].seconds
    180
    """

    variant: str
    seconds: float
    peak_gb: float


WIDTHS = {"image": 2048, "attribute": 768, "relation": 768}
"""The number of dimensions of each modality's vectors in the cases of fr_en."""

N_SEEDS, N_CLUSTERS, N_EPOCHS = 1000, 5, 300
"""Parameters of the miner. The number of epochs is that of the cases with a limit; other cases take the
default of the variant."""

CAP_BYTES = 6e9
"""The memory that a process may hold while it mines a planted pair, in bytes."""

CASES: Mapping[str, str | None] = {
    "fr_en/released": None, "fr_en/corrected": None,
    **dict.fromkeys(("fr_en/1k", "fr_en/2k", "fr_en/5k", "fr_en/10k", "fr_en/20k", "fr_en/40k"), "fr_en"),
    **dict.fromkeys(("planted/10k", "planted/100k", "planted/1M"), "planted"),
    "ratios/attention": None, "ratios/survey": None,
    "systems/emoji/en-fr": None, "systems/dbp15k/fr_en": None,
}  # fmt: skip
"""The cases that the benchmark measures when none is named. Those that show how costs grow with the number of
entities have the name of their data."""

ALIGNMENTS = ("10k", "20k", "40k", "100k", "200k", "1M")
"""Numbers of entities a side of the planted pairs that ``benchmarks/scaling.py`` aligns. The store has the
measurements as the cases ``align/10k`` and so on."""

PLANTED_DANGLING, PLANTED_WIDTH, PLANTED_REGION = 0.1, 64, 500
"""Of the planted pairs that are aligned or searched: the share of entities without counterpart, the number of
dimensions of their one modality, and the number of entities of a region."""

ENTITIES_OF_A_SEED = 8
"""Where the number of entities varies, one seed is mined for this many entities of both sides, and no more
than :data:`N_SEEDS`."""

REAL_ALIGNMENTS = ("han/words",)
"""The pairs of real data that ``benchmarks/scaling.py`` aligns when they are named among its sizes. The store
has the measurements as the cases ``align/han/words`` and so on."""

ALIGNMENT_STAGES = ("cluster", "refine", "expand", "seeds", "aligner", "links")
"""What is timed of an alignment: the stages of mining, all of mining, and the parts after it. Of real data,
``features`` (reading the data and making vectors) and ``report`` (writing the results) are timed, too."""

SEARCHES = ("20k", "50k", "100k", "100k-more-cores")
"""The cases of ``benchmarks/workers.py``, which searches planted pairs in one process and by workers: the
number of entities a side, and for the last one that it ran on a machine with more cores. The store has the
measurements as ``workers/20k`` and so on, and what machine it was."""

ALONE, SENDING = "one process", "sending"
"""Variants of these cases: the search in one process, and what a cluster costs where nothing is searched. The
others are numbers of workers, such as ``2 workers``."""

ONE_BY_ONE, HERE, ON_SLURM = "one by one", "sweep", "sweep through Slurm"
"""The variants of the case of ``benchmarks/sweeps.py``, which makes the runs of a plan in these ways. The
store has its measurements as ``sweep/PLAN``."""

REPEATS: Mapping[str, int] = {"systems/emoji/en-fr": 3, "systems/dbp15k/fr_en": 1}
"""How often each system of a case is measured; the fastest run counts."""

MINING = "PSQE's seeds"
"""The variant of a case about systems that mines the seeds that the systems are given."""

LIMITS = {
    "fr_en/released": Limit("released", 600, 3.0),
    "fr_en/corrected": Limit("corrected", 180, 3.0),
}
"""Mining DBP15K fr_en with vectors 2048, 768 and 768 wide, three stages, 300 epochs, two cores."""

PUBLISHED = {"seconds an epoch": 155.0, "epochs": 300, "peak_gb": 13.6}
"""What the published procedure costs on arrays of the same sizes and a machine like this, measured once."""


def entities_a_side(size: str) -> int:
    """Read a number of entities as the names of cases write it.

    Examples
    --------
    >>> entities_a_side("40k"), entities_a_side("1M"), entities_a_side("120")
    (40000, 1000000, 120)
    """
    number = int(size.rstrip("kM"))
    return number * (10**6 if size.endswith("M") else 10**3 if size.endswith("k") else 1)


def planted_options(n: int, **parameters: Any) -> dict[str, Any]:
    """Write the arguments of :func:`psqe.datasets.synthetic.planted_pair` for a number of entities a side.

    Parameters
    ----------
    n
        The number of entities of each side, with those that have no counterpart.
    parameters
        Arguments that depart from those of the cases.

    Examples
    --------
    >>> planted_options(900)["n"], planted_options(900, spread=0.3)["dim"]
    (1000, 64)
    """
    hidden = round(n / (1 - PLANTED_DANGLING))
    usual = {
        "regions": max(4, hidden // PLANTED_REGION), "dangling": PLANTED_DANGLING, "dim": PLANTED_WIDTH,
        "modalities": ("image",),
    }  # fmt: skip
    return {"n": hidden, **usual, **parameters}
