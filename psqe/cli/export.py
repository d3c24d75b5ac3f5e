"""The command ``psqe data export``: write a task as a folder that psqe and other projects read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from psqe.cli.groups import flat_options
from psqe.cli.options import Device, MinerGroup, RandomState, TaskGroup
from psqe.graph import SIDES, counted

if TYPE_CHECKING:
    from psqe.graph import AlignmentTask
    from psqe.seeds import SeedSet


@flat_options
def data_export(
    task: TaskGroup,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    miner: MinerGroup,
    layout: Annotated[
        str,
        typer.Option(help="eva (EVA, MCLEA, MEAformer, JAPE), openea, rdf, or folder (a pair of your own)."),
    ],
    pair: Annotated[
        str | None,
        typer.Option(
            help="For eva: DIR becomes the folder data of the peers' code, with this pair in DBP15K/PAIR.",
        ),
    ] = None,
    attribute_values: Annotated[
        bool,
        typer.Option(
            "--attribute-values", help="For eva: training_attrs lists attribute=value, not attributes alone."
        ),
    ] = False,
    seeds: Annotated[
        Path | None, typer.Option(help="Seeds to write, too: .tsv or .npy; or give a miner.")
    ] = None,
    device: Device = None,
    random_state: RandomState = 0,
) -> None:
    """Write a task as a new folder, with everything that a layout can hold, and say what it cannot hold.

    The options of a miner, such as --miner psqe or --n-seeds 300, mine seeds, which are written, too.
    """
    from psqe.datasets.export import WRITERS, ExportOptions, export_task
    from psqe.datasets.export.places import check_free
    from psqe.datasets.info import task_folder

    options = ExportOptions(random_state=random_state, pair=pair, attribute_values=attribute_values)
    options.check(layout, WRITERS.resolve(layout).OPTIONS)
    check_free(folder, task_folder(task.task, task.data_root))
    if seeds is not None:
        miner.require_unused("--seeds")
    loaded = task.load()
    options = ExportOptions(
        seeds=_seeds(loaded, seeds, miner, device, random_state),
        random_state=random_state,
        pair=pair,
        attribute_values=attribute_values,
    )
    report = export_task(loaded, folder, layout=layout, options=options)
    for note in report.notes:
        typer.echo(f"note: {note}")
    links = "no links" if loaded.links is None else counted(len(loaded.links), "link")
    found = "" if options.seeds is None else f", {counted(len(options.seeds.pairs), 'seed')}"
    typer.echo(
        f"{loaded.name}: {sizes_of(loaded)}; {links}{found}; "
        f"layout {layout}, {counted(report.n_files, 'file')} -> {folder}"
    )


def sizes_of(task: AlignmentTask) -> str:
    """Say how many entities and triples each side of a task has.

    Parameters
    ----------
    task
        The task.

    Returns
    -------
    str
        Such as ``"left: 24 entities, 30 triples; right: 22 entities, 0 triples"``.
    """
    return "; ".join(
        f"{side}: {counted(graph.n_entities, 'entity')}, {counted(len(graph.triples), 'triple')}"
        for side, graph in zip(SIDES, task.sides, strict=True)
    )


def _seeds(
    task: AlignmentTask, path: Path | None, miner: MinerGroup, device: str | None, random_state: int
) -> SeedSet | None:
    """Read or mine the seeds; ``None`` if neither is asked for."""
    if path is not None:
        from psqe.seeds import SeedSet

        return SeedSet.load(path, task)
    if all(value is None for value in vars(miner).values()):
        return None
    from psqe import api, defaults
    from psqe.options import FeatureOptions

    features = api.load_features(task, defaults.choose_features(task, FeatureOptions()))
    return api.mine_seeds(task, features=features, seeds=miner.options(device), random_state=random_state)
