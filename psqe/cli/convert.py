"""The command ``psqe data convert``: two tables with one row for each entity become a folder of psqe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from psqe.graph import counted


def data_convert(
    left: Annotated[
        Path, typer.Argument(metavar="LEFT", help="The left table: CSV, TSV or Parquet, with a header.")
    ],
    right: Annotated[Path, typer.Argument(metavar="RIGHT", help="The right table.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to make.")],
    entity: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="The column of the identifiers; by default one with a usual name, such as id.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column of the names; by default one with a usual name, such as title; - for none.",
        ),
    ] = None,
    left_id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="--id for the left table alone.")
    ] = None,
    right_id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="--id for the right table alone.")
    ] = None,
    left_name: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="--name for the left table alone.")
    ] = None,
    right_name: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="--name for the right table alone.")
    ] = None,
    links: Annotated[
        Path | None, typer.Option(help="A file of gold links, if you know any: left and right identifier.")
    ] = None,
) -> None:
    """Make a pair, the folder that psqe align takes, from two tables with one row for each entity.

    Every column but those of the identifiers and the names is an attribute; a column called image or photo
    has paths of images. The folder is made whole or not at all.
    """
    from psqe.datasets.entity_tables import EntityColumns, read_entity_pair
    from psqe.datasets.export import export_task
    from psqe.datasets.export.places import check_free

    check_free(out)
    task = read_entity_pair(
        (left, right),
        (
            EntityColumns(left_id or entity, left_name or name, options="left"),
            EntityColumns(right_id or entity, right_name or name, options="right"),
        ),
        links,
    )
    report = export_task(task, out, layout="folder")
    for note in report.notes:
        typer.echo(f"note: {note}")
    sizes = " and ".join(counted(graph.n_entities, "entity") for graph in task.sides)
    known = "no links" if task.links is None else counted(len(task.links), "link")
    typer.echo(f"{sizes}, {known}; {counted(report.n_files, 'file')} -> {out}; next: psqe align {out}")
