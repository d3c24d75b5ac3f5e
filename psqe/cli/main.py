"""The command line ``psqe``. A mistake of the user ends in one line on standard error and exit code 2.

Commands are loaded when they are called by name. Other packages, and the study, add commands by entry points
of the group ``psqe.commands``, each of which names a command and a Typer app or a function.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import metadata
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from psqe.errors import PsqeError, PsqeWarning
from psqe.extras import needs_extra

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it; Typer uses it too."""

GROUP = "psqe.commands"
"""The entry points of further commands."""

COMMANDS = {
    name: metadata.EntryPoint(name, f"psqe.cli.{name}:{name}", GROUP)
    for name in ("seeds", "align", "data", "describe")
}
"""Our own commands: each is the object of its own name in a module of its own name."""

SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}
"""How every Typer app of the command line behaves."""


class NamingCommand(TyperCommand):
    """A command whose help names the registered miners and aligners, which are looked up only for it."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, with the names that stand for ``{miners}`` and ``{aligners}``."""
        from psqe.aligners import ALIGNERS
        from psqe.seeds import MINERS

        for parameter in self.params:
            text = getattr(parameter, "help", None) or ""
            for word, registry in (("{miners}", MINERS), ("{aligners}", ALIGNERS)):
                text = text.replace(word, ", ".join(registry))
            vars(parameter)["help"] = text or None
        super().format_options(ctx, formatter)


class LazyGroup(TyperGroup):
    """The commands by name: our own, and those of entry points. A command is loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, our own first."""
        return [*COMMANDS, *sorted({entry.name for entry in _further_commands()} - COMMANDS.keys())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command; return ``None`` if there is no such command."""
        further = {entry.name: entry for entry in _further_commands()}
        entry = COMMANDS.get(cmd_name) or further.get(cmd_name)
        if entry is None:
            return None
        try:
            return _loaded(entry)
        except PsqeError as error:
            return _unavailable(cmd_name, error)


def _further_commands() -> Sequence[metadata.EntryPoint]:
    return tuple(metadata.entry_points(group=GROUP))


def _loaded(entry: metadata.EntryPoint) -> Any:
    """Load the command of an entry point.

    Raises
    ------
    PsqeError
        If a package that it needs is not installed.
    """
    ours = entry.value.startswith("psqe.")
    try:
        with needs_extra("book") if ours else nullcontext():
            found = entry.load()
    except ModuleNotFoundError as error:
        if ours:
            raise
        raise PsqeError(
            f"{entry.value} cannot be loaded ({error})", remedy="install what it needs"
        ) from error
    if not isinstance(found, typer.Typer):
        app = typer.Typer(**SETTINGS)
        app.command(entry.name, cls=NamingCommand)(found)
        found = app
    command = get_command(found)
    command.name = entry.name
    return command


def _unavailable(name: str, error: PsqeError) -> Any:
    """Return a command that fails with ``error`` when it is called, so that the list of commands does not."""
    app = typer.Typer(**SETTINGS)

    @app.command(
        name,
        help=f"Not available: {error}",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def fail() -> None:
        raise error

    return get_command(app)


app = typer.Typer(
    name="psqe",
    cls=LazyGroup,
    help="Pseudo-seeds and alignment for two multimodal knowledge graphs without labelled links.",
    **SETTINGS,
)


@app.callback()
def root() -> None:
    """Pseudo-seeds and alignment for two multimodal knowledge graphs without labelled links."""


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Format a warning without the source line that raised it, which says nothing to the user."""
    kind = "" if issubclass(category, PsqeWarning) else f" ({category.__name__})"
    return f"psqe: warning: {message}{kind}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        The arguments after ``psqe``; those of the process when ``None``.

    Returns
    -------
    The exit code: 0, 2 for a mistake of the user, 130 after Ctrl-C.
    """
    # Older versions of Typer raise click's exceptions, newer ones those of a copy that they bring along.
    click: Any = sys.modules[typer.BadParameter.__module__]
    warnings.formatwarning = _one_line
    try:
        result = get_command(app).main(arguments, prog_name="psqe", standalone_mode=False)
    except click.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.ClickException as error:
        print(f"psqe: {' '.join(error.format_message().split())}", file=sys.stderr)
        return 2
    except PsqeError as error:
        print(f"psqe: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    if result == INTERRUPTED:
        print("psqe: interrupted; what was finished is kept", file=sys.stderr)
    return int(result or 0)


if __name__ == "__main__":
    sys.exit(main())
