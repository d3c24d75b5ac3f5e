"""The program that the command line ``psqe`` runs: a Typer app with a command for each task.

Commands are loaded when they are called by name. Other packages, and the study, add commands by entry points
of the group ``psqe.commands``, each of which names a command and a Typer app or a function.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from psqe.errors import ParameterError, PsqeError, PsqeWarning
from psqe.extras import needs_extra
from psqe.registry import origin

_INTERRUPTED = 130
"""What Typer returns after Ctrl-C."""

GROUP = "psqe.commands"
"""The entry points of further commands."""

COMMANDS = {
    name: metadata.EntryPoint(name, "psqe.cli.{0}:{0}".format(name.replace("-", "_")), GROUP)
    for name in ("seeds", "align", "align-all", "dedupe", "data", "describe")
}
"""Our own commands: each is the object of its own name, with ``_`` for ``-``, in a module of that name."""

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
                if word in text:
                    usable = registry.usable()
                    marked = (name if name in usable else f"{name} (cannot be used)" for name in registry)
                    text = text.replace(word, ", ".join(marked))
            vars(parameter)["help"] = text or None
        super().format_options(ctx, formatter)


class LazyGroup(TyperGroup):
    """The commands by name: our own, and those of entry points. A command is loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, our own first."""
        return [*COMMANDS, *sorted({entry.name for entry in _further_commands()} - COMMANDS.keys())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command; return ``None`` if there is no such command."""
        found = [entry for entry in (*COMMANDS.values(), *_further_commands()) if entry.name == cmd_name]
        if not found:
            return None
        entry, *others = sorted(found, key=_is_foreign)
        for other in others:
            warnings.warn(
                f"left out: the command {origin(other)} has a name that is taken; rename it there",
                PsqeWarning,
                stacklevel=1,
            )
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
        If a package that it needs is not installed, or another distribution brings no usable command.
    """
    if not _is_foreign(entry):
        with needs_extra("book"):
            return _command(entry)
    try:
        return _command(entry)
    except (Exception, SystemExit) as error:  # the code of others can raise anything
        raise PsqeError(
            f"the command {origin(entry)} cannot be loaded ({type(error).__name__}: {error})",
            remedy="install what it needs, or remove the distribution that brings it",
        ) from error


def _is_foreign(entry: metadata.EntryPoint) -> bool:
    return not entry.value.startswith("psqe.")


def _command(entry: metadata.EntryPoint) -> Any:
    found = entry.load()
    if not isinstance(found, typer.Typer):
        if not inspect.isfunction(found):
            raise TypeError("it is neither a Typer app nor a function")
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


def run_command(arguments: Sequence[str] | None) -> int:
    """Run a command; return its exit code.

    Parameters
    ----------
    arguments
        The arguments after ``psqe``; those of the process when ``None``.

    Raises
    ------
    PsqeError
        If the user made a mistake.
    KeyboardInterrupt
        After Ctrl-C.
    """
    # Older versions of Typer raise click's exceptions, newer ones those of a copy that they bring along.
    click: Any = sys.modules[typer.BadParameter.__module__]
    warnings.formatwarning = _one_line
    _check_none_empty(sys.argv[1:] if arguments is None else arguments)
    try:
        result = get_command(app).main(arguments, prog_name="psqe", standalone_mode=False)
    except click.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.ClickException as error:
        # Newer versions of Typer let pydantic check values, which puts these words before its messages.
        message = error.format_message().replace("Input should be", "it must be").replace("Value error, ", "")
        raise ParameterError(message, remedy=_remedy(error)) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    if result == _INTERRUPTED:
        raise KeyboardInterrupt
    return int(result or 0)


def _check_none_empty(arguments: Sequence[str]) -> None:
    """Refuse an empty argument, which is what a variable of the shell without a value becomes.

    An empty path would otherwise mean the folder in which the command runs.
    """
    for before, text in zip(("", *arguments), arguments, strict=False):
        option, equals, value = text.partition("=")
        if text == "":
            what = before if before.startswith("-") and "=" not in before else "an argument"
        elif option.startswith("--") and equals and not value:
            what = option
        else:
            continue
        raise ParameterError(f"{what} is empty", remedy="write its value, or leave it out")


def _remedy(error: Any) -> str:
    """Return what to do where a command was given more arguments than it takes."""
    command = getattr(getattr(error, "ctx", None), "command_path", "")
    if "unexpected extra argument" not in error.format_message():
        return ""
    if command in ("psqe align", "psqe seeds"):
        several = (
            "; psqe align-all aligns several folders of one graph each" if command == "psqe align" else ""
        )
        return (
            f"give {command} one task or one folder; psqe data convert LEFT RIGHT --out DIR makes a folder "
            f"of two tables{several}"
        )
    return f"see {command} --help"
