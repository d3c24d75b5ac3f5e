"""The command ``psqe teach``: notebooks for students and teachers, and slides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from psqe.extras import needs_extra
from psqe.study.book.parameters import Profile


def teach(
    out: Annotated[Path, typer.Option(help="The folder for the files.")] = Path("teaching"),
    slides: Annotated[
        list[str] | None,
        typer.Option(metavar="CHAPTER", help="Also make slides of a chapter of the book; repeatable."),
    ] = None,
    profile: Annotated[
        Profile, typer.Option("--profile", help="How much the lab computes: smoke trains for fewer steps.")
    ] = "default",
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are there and have another content.")
    ] = False,
) -> None:
    """Write the lab's notebooks for students and for teachers, and slides.

    The lab is run, which takes about half a minute; the notebook for teachers has its results.
    """
    with needs_extra("book"):
        from psqe.study.teaching.material import write_material
    for path in write_material(
        out, slides or (), profile=profile, force=force, say=lambda what: typer.echo(what, err=True)
    ):
        typer.echo(path)
