"""The command ``psqe dedupe``: duplicates within one graph."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from psqe.cli.arguments import check_ending, names
from psqe.cli.outputs import Outputs
from psqe.cli.streams import tell_step
from psqe.options import FeatureOptions
from psqe.process_limits import MEMORY_TO_COMPUTE, check_memory


def dedupe(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder with the tables of one graph, as pair/left has.")
    ],
    modalities: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: image, layout, attribute, number, name, relation [all that the graph has]."
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Smallest confidence of a pair of duplicates, above 0 and at most 1.")
    ] = 0.5,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the groups (.tsv) [groups.tsv; psqe-groups.tsv in the folder]."),
    ] = None,
    pairs_out: Annotated[
        Path | None, typer.Option("--pairs", help="File for the pairs of duplicates (.tsv).")
    ] = None,
) -> None:
    """Find duplicates within one graph: pairs of its entities that are the same, and groups of them."""
    tell_step("checking the options, and loading libraries")
    begun = time.perf_counter()
    from psqe.datasets.pairs import check_outputs, default_output

    out = default_output("groups.tsv", str(folder)) if out is None else out
    check_ending("--out", out, (".tsv",))
    check_ending("--pairs", pairs_out, (".tsv",))
    check_outputs((out, pairs_out), str(folder))
    check_memory(MEMORY_TO_COMPUTE)
    from psqe.groups import dedupe as find_duplicates

    tell_step(f"reading {folder}, and comparing its entities")
    chosen = None if modalities is None else tuple(names("--modalities", modalities))
    found = find_duplicates(folder, features=FeatureOptions(modalities=chosen), threshold=threshold)
    outputs = Outputs()
    with outputs.written():
        found.save(out)
    if pairs_out is not None:
        with outputs.written():
            found.save_pairs(pairs_out)
    outputs.check()
    typer.echo(f"chosen: {found.choices}")
    typer.echo(f"{found.headline()}; {time.perf_counter() - begun:.1f} s in all -> {out}")
