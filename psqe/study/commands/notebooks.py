"""The commands ``psqe run``, ``psqe study`` and ``psqe book``: from notebooks to the site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from psqe.extras import needs_extra
from psqe.study.book.parameters import Profile, parse_assignments

Amount = Annotated[
    Profile,
    typer.Option(
        "--profile",
        help="How much to compute: smoke, seconds for a notebook, to see that it works; default, what the "
        "book shows; full, also the long runs, which take hours.",
    ),
]


def run(
    notebook: Annotated[Path, typer.Argument(help="A notebook (.md).")],
    parameters: Annotated[
        list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="Set a parameter; repeatable.")
    ] = None,
    profile: Amount = "default",
    out: Annotated[Path, typer.Option(help="The folder for the executed notebook.")] = Path("runs"),
) -> None:
    """Run one notebook with parameters, which are checked before anything runs, as is what it needs."""
    given = parse_assignments(parameters or [])
    with needs_extra("book"):
        from psqe.study.book.left_out import check_needs
        from psqe.study.book.notebook import Notebook
        from psqe.study.book.run_notebook import run_notebook
    asked = Notebook.read(notebook)
    if given.keys() & {"task", "dangling", *asked.front.needs.parameters}:
        check_needs(asked, asked.values(profile, given))
    typer.echo(run_notebook(notebook, given, profile=profile, out_dir=out, progress=True))


def study(
    profile: Amount = "default",
    task: Annotated[str | None, typer.Option(help="Run the notebooks on this task.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run all notebooks, whatever has changed.")] = False,
) -> None:
    """Run the notebooks that have changed, or whose inputs have, then build the book."""
    with needs_extra("book"):
        from psqe.study.book.pipeline import run_study
    typer.echo(run_study(profile, task, fresh=fresh))


def book(
    fresh: Annotated[bool, typer.Option("--fresh", help="Build all pages.")] = False,
    pdf: Annotated[
        bool,
        typer.Option("--pdf", help="Print the chapters as one PDF, build/book.pdf, too. Needs Chromium."),
    ] = False,
) -> None:
    """Build the book from the notebooks that were run."""
    with needs_extra("book"):
        from psqe.study.book.build import build_book
        from psqe.study.book.pdf import build_pdf
    typer.echo(build_pdf(fresh=fresh) if pdf else build_book(fresh=fresh))
