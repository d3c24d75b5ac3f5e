"""Aligners trained on labels, to see whether they are what their authors published. Not part of the study.

The first 30 % of the gold links are given as labels, the rest is asked for, under the peers' protocol.
Nothing here is a miner: rows bear the name ``supervised`` in its place, and no table of the study shows them
beside one.

Run as a module it fills the results store: ``python -m psqe.study.supervised --help``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pandas as pd
import typer

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.datasets import load_task
from psqe.errors import PsqeError
from psqe.evaluation import evaluate
from psqe.evaluation.protocols import PEER_TEST_SHARE
from psqe.seeds import supervised_links
from psqe.study import old_store as store
from psqe.study.ablation import DBP15K
from psqe.study.benchmarks import View, view

SUPERVISED = "supervised"
"""What rows have in place of a miner."""

VIEWS: dict[str, View] = {
    "without names": view("relation:profile", "attribute:bag"),
    "with names": view("relation:profile", "attribute:bag", "name"),
}
"""What is given. No images: the vectors of the publications are not at hand."""

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "eva": {"dbp15k/zh_en": 0.683, "dbp15k/ja_en": 0.669, "dbp15k/fr_en": 0.686},
    "mclea": {"dbp15k/zh_en": 0.726, "dbp15k/ja_en": 0.719, "dbp15k/fr_en": 0.719},
    "meaformer": {"dbp15k/zh_en": 0.772, "dbp15k/ja_en": 0.764, "dbp15k/fr_en": 0.771},
}
"""Hits@1 left to right with 30 % of the links as labels, with images, without surface names, not iterative,
as Chen et al. (2023) report them for all three."""


def supervised_rows(
    name: str, aligner: str, given: View, *, preset: str, random_state: int
) -> Iterator[dict[str, Any]]:
    """Train on labels and ask for the rest: rows for the store, protocol ``peer`` alone."""
    task = load_task(name)
    features = given.features(task)
    labels = supervised_links(task, share=1 - PEER_TEST_SHARE)
    model = ALIGNERS[aligner].preset(preset, random_state=random_state).fit(task, features, labels)
    for direction, protocols in evaluate(task, model.similarity)["metrics"].items():
        yield {
            "task": name, "settings": f"preset={preset} {given.settings}", "modalities": given.modalities,
            "miner": SUPERVISED, "n_seeds": len(labels), "aligner": aligner, "random_state": random_state,
            "direction": direction, "protocol": "peer", **protocols["peer"],
            "seconds": model.seconds_, "peak_mb": model.peak_mb_,
        }  # fmt: skip


def supervised_table(table: pd.DataFrame) -> pd.DataFrame:
    """What is stored of supervised runs, beside the published numbers.

    Returns
    -------
    ``aligner``, ``benchmark``, ``modalities``, ``preset``, ``Hits@1`` (protocol peer, left to right, mean
    over random states), ``states``, and ``published``.
    """
    own = table[
        (table["miner"] == SUPERVISED) & (table["direction"] == "l2r") & (table["protocol"] == "peer")
    ]
    rows = [
        {
            "aligner": aligner, "benchmark": task, "modalities": modalities.replace("+", ", "),
            "preset": settings.split()[0].removeprefix("preset="), "Hits@1": runs["hits@1"].mean(),
            "states": runs["random_state"].nunique(), "published": PUBLISHED[aligner][task],
        }
        for (aligner, task, modalities, settings), runs in own.groupby(
            ["aligner", "task", "modalities", "settings"]
        )
    ]  # fmt: skip
    columns = ["aligner", "benchmark", "modalities", "preset", "Hits@1", "states", "published"]
    return pd.DataFrame(rows, columns=columns)


def main(
    task: Annotated[list[str] | None, typer.Option(help="pairs; by default the three of DBP15K")] = None,
    aligner: Annotated[list[str] | None, typer.Option(help="by default all that are trained")] = None,
    given: Annotated[list[str] | None, typer.Option(help=f"{', '.join(VIEWS)}; by default both")] = None,
    preset: Annotated[str, typer.Option(help="small or published")] = "small",
    state: Annotated[list[int] | None, typer.Option(help="random states; by default 0")] = None,
) -> None:
    """Fill the results store, one run at a time."""
    trained = [name for name, kind in ALIGNERS.items() if issubclass(kind, TrainedAligner)]
    try:
        for name in task or DBP15K:
            for kind in given or VIEWS:
                for model in aligner or trained:
                    for random_state in state or [0]:
                        print(name, kind, model, preset, random_state, file=sys.stderr, flush=True)
                        rows = supervised_rows(
                            name, model, VIEWS[kind], preset=preset, random_state=random_state
                        )
                        store.append(list(rows))
    except PsqeError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
