"""Every aligner on the seeds of every miner.

Run as a module it fills the results store: ``python -m psqe.study.comparison --help``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import pandas as pd
import typer
from tqdm import tqdm

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.errors import PsqeError
from psqe.study import old_store as store
from psqe.study.ablation import DBP15K, EMOJI, study_task
from psqe.study.experiments import NO_SEEDS, SEEDS, Experiment, run_experiment

N_SEEDS = {"emoji": 600, "dbp15k": 1000}
"""Seeds wanted, by family of pairs."""

KINDS = (NO_SEEDS, *SEEDS)
"""What aligners are given: no seeds, where they can do without, or those of one kind."""

OF_SEEDS = ["task", "modalities", "miner", "variant", "n_seeds", "random_state"]
"""Columns of the results store that tell seeds apart."""

RESIDUAL = 2.0
"""The weight of input features beside what was learned, where it is tried. Chosen on emoji/en-fr, state 0."""

PARTS: dict[str, tuple[tuple[str, float], ...]] = {
    "plain": (),
    "residual": (("residual", RESIDUAL),),
    "iterative": (("iterative_start", 50),),
    "both": (("iterative_start", 50), ("residual", RESIDUAL)),
    "stopped": (("patience", 3),),
}
"""Ways to train: small; with input features kept beside; iteratively; both; stopped early without labels."""


def compared(
    task: str,
    random_state: int,
    *,
    parts: Sequence[str],
    aligners: Sequence[str],
    miners: Sequence[str] = KINDS,
) -> Iterator[Experiment]:
    """The experiments of one pair and random state, in the order in which seeds and models are kept."""
    modalities, dangling = study_task(task)
    n_seeds = N_SEEDS[task.partition("/")[0]]
    for miner in miners:
        for aligner in aligners:
            if miner == NO_SEEDS and ALIGNERS[aligner].min_seeds:
                continue
            for part in parts:
                if part != "plain" and not issubclass(ALIGNERS[aligner], TrainedAligner):
                    continue
                yield Experiment(
                    task,
                    miner,
                    0 if miner == NO_SEEDS else n_seeds,
                    random_state,
                    aligner=aligner,
                    modalities=modalities,
                    dangling=dangling,
                    options=PARTS[part],
                )


def stored(table: pd.DataFrame) -> set[tuple[Any, ...]]:
    """The keys of alignments that a store has."""
    whole = table[(table["protocol"] == "full") & (table["region"] == "all")]
    return set(whole[list(Experiment.KEY)].itertuples(index=False, name=None))


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; by default plain")] = None,
    task: Annotated[list[str] | None, typer.Option(help="pairs; by default emoji and DBP15K")] = None,
    state: Annotated[list[int] | None, typer.Option(help="random states; by default 0 to 4")] = None,
    aligner: Annotated[list[str] | None, typer.Option(help="aligners; by default all")] = None,
    miner: Annotated[list[str] | None, typer.Option(help="kinds of seeds; by default all")] = None,
    again: Annotated[bool, typer.Option(help="also what the store has")] = False,
) -> None:
    """Fill the results store; what it has is left out, so that a run can be resumed."""
    try:
        experiments = [
            one
            for random_state in (range(5) if state is None else state)
            for name in task or (*EMOJI, *DBP15K)
            for one in compared(
                name, random_state, parts=part or ["plain"], aligners=aligner or list(ALIGNERS),
                miners=miner or KINDS,
            )
        ]  # fmt: skip
        table = store.read()
        have = set() if again else stored(table)
        known = set(table.loc[table["aligner"] == "-", OF_SEEDS].itertuples(index=False, name=None))
        for one in tqdm([one for one in experiments if one.key not in have], "alignments", disable=None):
            print(*one.key, file=sys.stderr, flush=True)
            rows = run_experiment(one)
            if tuple(one.of_seeds[name] for name in OF_SEEDS) in known:
                rows = [row for row in rows if "aligner" in row]  # what is stored of the seeds stays
            store.append(rows)
    except PsqeError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
