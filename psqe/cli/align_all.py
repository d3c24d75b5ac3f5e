"""The command ``psqe align-all``: from several graphs to groups of entities that are the same."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from psqe.cli.arguments import check_ending
from psqe.cli.groups import flat_options
from psqe.cli.options import AlignerGroup, Device, FeatureGroup, LinkGroup, MinerGroup, RandomState, Scheduler
from psqe.cli.streams import tell_step
from psqe.errors import ParameterError
from psqe.options import MinerOptions
from psqe.process_limits import MEMORY_TO_COMPUTE, check_memory


@flat_options
def align_all(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...", help="Two or more folders, each with the tables of one graph, as pair/left has."
        ),
    ],
    miner: MinerGroup,
    aligner: AlignerGroup,
    features: FeatureGroup,
    links: LinkGroup,
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="Names of the sources, one for each folder, in their order [those of the folders]."
        ),
    ] = None,
    device: Device = None,
    random_state: RandomState = 0,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the groups (.tsv) [groups.tsv; psqe-groups.tsv in one of the folders]."),
    ] = None,
) -> None:
    """Align two or more graphs: every two of them, and then groups with at most one entity of each."""
    tell_step("checking the options, and loading libraries")
    begun = time.perf_counter()
    for option, given in (("--features", features.features), ("--checkpoint", aligner.checkpoint)):
        if given:
            raise ParameterError(
                f"{option} is about one pair of graphs, and every two of several are aligned",
                remedy="leave it out",
            )
    from psqe.datasets.pairs import check_outputs, default_output

    inside = [default_output("groups.tsv", str(folder)) for folder in folders]
    out = max(inside, key=lambda path: len(path.name)) if out is None else out
    check_ending("--out", out, (".tsv",))
    for folder in folders:
        check_outputs((out,), str(folder))
    check_memory(MEMORY_TO_COMPUTE)
    from psqe import api
    from psqe.groups import align_all as group_entities

    for_aligner = device if aligner.takes_device() else None
    seeds: str | MinerOptions = api.WITHOUT_SEEDS
    if miner.miner == api.WITHOUT_SEEDS:
        miner.require_unused("--miner none")
        if device is not None and for_aligner is None:
            raise ParameterError(f"aligner {aligner.name} has no option --device", remedy="leave it out")
    else:
        seeds = miner.options(device, device_required=for_aligner is None)
    found = group_entities(
        folders,
        names=name,
        features=features.encoded(),
        seeds=seeds,
        aligner=aligner.options(for_aligner),
        links=links.options(),
        random_state=random_state,
        scheduler=scheduler,
        tell=tell_step,
    )
    found.save(out)
    if found.choices:
        typer.echo(f"chosen: {found.choices}")
    typer.echo(f"{found.headline()}; {time.perf_counter() - begun:.1f} s in all -> {out}")
