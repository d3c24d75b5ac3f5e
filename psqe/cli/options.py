"""The options that commands share: types for Typer, with their help texts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Profile(StrEnum):
    """How much a notebook computes."""

    smoke = "smoke"
    default = "default"
    full = "full"


Task = Annotated[str, typer.Argument(metavar="TASK", help="Name of a task, see psqe data list; or a folder.")]
Dangling = Annotated[
    float | None,
    typer.Option(help="Share of the candidates dropped from each side [emoji: 0.125, others: 0]."),
]
Tones = Annotated[bool, typer.Option("--tones", help="Emoji with skin tones are entities too.")]
TaskState = Annotated[int, typer.Option(help="Draws the entities that are dropped.")]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of the benchmarks [PSQE_DATA, else the user's data folder]."),
]
HidePresence = Annotated[
    bool,
    typer.Option(
        "--hide-presence",
        help="Give entities without attributes those of a random other, so that having any tells nothing.",
    ),
]
Modalities = Annotated[
    str | None,
    typer.Option(
        help="Comma-separated: image, attribute, number, name, translated_name, relation, or one that the "
        "data brought vectors of [image,attribute; all of --features]."
    ),
]
Encoder = Annotated[
    list[str] | None, typer.Option("--encoder", metavar="MODALITY=NAME", help="Another encoder; repeatable.")
]
FeatureFile = Annotated[
    Path | None, typer.Option("--features", help="Arrays of your own (.npz) instead of encoders.")
]
MinerName = Annotated[str, typer.Option("--miner", help="random, pivot, mutual or psqe.")]
NSeeds = Annotated[int, typer.Option(help="Seeds wanted.")]
Variant = Annotated[str | None, typer.Option(help="Of psqe: corrected or released.")]
Switch = Annotated[
    list[str] | None,
    typer.Option(
        "--switch", metavar="NAME=VALUE", help="Of psqe: another rule than the variant's; repeatable."
    ),
]
Device = Annotated[str | None, typer.Option(help="Of psqe and of trained aligners: cpu or cuda.")]
Stages = Annotated[
    str | None, typer.Option(help="Of psqe, comma-separated, in any order: cluster, refine, expand.")
]
NClusters = Annotated[int | None, typer.Option(help="Of psqe: clusters of the first stage.")]
Matching = Annotated[
    str | None,
    typer.Option(
        help="What pairs are ranked by: cosine, csls, sinkhorn [links: sinkhorn; metrics: the aligner's own]."
    ),
]
Rule = Annotated[
    str, typer.Option(help="How links are chosen: mutual, each other's best; or one_to_one, the largest sum.")
]
Threshold = Annotated[
    str,
    typer.Option(
        help="Smallest confidence of a link, from 0 to 1; auto expects the largest F1. Who has no link has "
        "no counterpart."
    ),
]
RandomState = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="Seeds everything that mining and training draw.")
]
