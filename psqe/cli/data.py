"""The commands ``psqe data``: list, describe, check, convert, fetch and export tasks."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from psqe.cli.convert import data_convert
from psqe.cli.export import data_export, sizes_of
from psqe.cli.groups import flat_options
from psqe.cli.options import DataRoot, TaskGroup
from psqe.cli.program import SETTINGS, NamingCommand
from psqe.errors import ParameterError, PsqeWarning
from psqe.files import write_json
from psqe.graph import SIDES, counted

data = typer.Typer(help="List, describe, check, convert, fetch and export tasks.", **SETTINGS)
data.command("export", cls=NamingCommand)(data_export)
data.command("convert")(data_convert)


@data.command("list")
def data_list() -> None:
    """List the tasks that have a name."""
    from psqe.datasets import task_descriptions
    from psqe.datasets.emoji import languages

    for name, description in task_descriptions().items():
        typer.echo(f"{name}\t{description}")
    typer.echo(f"emoji/LEFT-RIGHT\tEmoji in any two of the languages {', '.join(languages())}")


@data.command("info")
@flat_options
def data_info(
    task: TaskGroup,
    json_out: Annotated[Path | None, typer.Option("--json", help="File for the same facts as JSON.")] = None,
) -> None:
    """Say what a task holds and, if it is read from a folder, which files are there."""
    from psqe.datasets.info import folder_info, task_folder, task_info
    from psqe.features.build import encoders_of
    from psqe.features.encoders.bins import n_with_number
    from psqe.features.languages import unread_texts

    task.check_outputs(json_out)
    loaded, folder = task.load(), task_folder(task.task, task.data_root)
    source = None if folder is None else folder_info(folder)
    info = {**task_info(loaded), "source": source}
    for side, numbers in zip(SIDES, n_with_number(loaded), strict=True):
        info[side] |= dict(zip(("with_number", "with_near_number"), numbers, strict=True))
    info["unread"] = unread_texts(loaded, encoders_of(loaded, ("name", "translated_name", "attribute"), {}))
    if json_out is not None:
        write_json(json_out, info)
    parameters = {key: value for key, value in info["parameters"].items() if key != "notes"}
    typer.echo(f"{info['task']}  {' '.join(f'{k}={v}' for k, v in parameters.items())}")
    if "notes" in info["parameters"]:
        typer.echo(f"  {'notes':22s}{info['parameters']['notes']}")
    if source is not None:
        found = [os.path.relpath(path, source["folder"]) for path in source["found"].values()]
        for key, text in (
            ("folder", source["folder"]),
            ("layout", source["layout"]),
            ("found", ", ".join(found)),
            ("missing", ", ".join(source["missing"]) or "nothing"),
        ):
            typer.echo(f"  {key:22s}{text}")
    table = [[key, *(info[side][key] for side in ("left", "right"))] for key in info["left"]]
    table += [["dangling_share", *info["dangling_share"].values()], ["links", info["links"], ""]]
    for key, *both in table:
        typer.echo(f"  {key:22s}{_shown(both[0]):>16s}  {_shown(both[1]):>16s}".rstrip())
    for leak, remedy in info["closed_leaks"].items():
        typer.echo(f"  closed leak, {leak}: {remedy}")
    for sentence in info["unread"]:
        typer.echo(f"  note: {sentence}")


@data.command("check")
def data_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with a pair of graphs.")],
) -> None:
    """Read a whole pair of graphs and report every fault in its files; the exit code is 2 if there is one."""
    from psqe.datasets import task_names
    from psqe.datasets.layouts import check_folder, layout_name, read_folder

    if str(folder) in task_names() and not folder.is_dir():
        raise ParameterError(
            f"{folder} is a task with a name, which is checked whenever it is loaded", remedy="give a folder"
        )
    faults = check_folder(folder)
    for text in faults.report():
        typer.echo(text)
    notes = faults.told()
    for note in notes:
        typer.echo(f"note: {note}")
    if faults.n_hidden:
        typer.echo(f"... and {faults.n_hidden:,} more")
    if faults:
        raise typer.Exit(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)  # the notes above say the same
        pair = read_folder(folder)
    links = "no links" if pair.links is None else counted(len(pair.links), "link")
    found = f"nothing wrong, {counted(len(notes), 'note')}" if notes else "nothing wrong"
    typer.echo(f"{folder}: {found}; layout {layout_name(folder)}; {sizes_of(pair)}; {links}")


@data.command("fetch")
def data_fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a benchmark, see: psqe data list.")],
    data_root: DataRoot = None,
) -> None:
    """Fetch the files of a benchmark and verify them; PSQE_MIRROR can name another server."""
    from psqe.datasets.fetch import fetch

    fetch(name, data_root=data_root, say=typer.echo)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else "unknown" if value is None else str(value)
