"""The notebooks of the book as they are written: MyST text with a front matter and a ``parameters`` cell.

The front matter says under ``psqe`` which values each profile takes, which other notebooks must have run
before, whether the notebook is one of those that take the longest, and what it needs of another task than its
own (see :mod:`psqe.study.book.left_out`)::

    psqe:
      after: [the-pair]
      long: true
      needs: {modalities: [image], links: true}
      profiles:
        smoke: {n_seeds: 60}
        full: {n_seeds: 1000}

For a profile that is not listed, the defaults of the cell hold.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import jupytext
import yaml
from nbformat import NotebookNode
from pydantic import Field, ValidationError

from psqe.datasets import check_task_name, is_named
from psqe.errors import ParameterError, PsqeError
from psqe.options import Options
from psqe.study.book.parameters import PROFILES, Parameter, Profile, parse_parameters, resolve

TASKS = ("task", "tasks")
"""The parameters whose values are names of tasks, or folders."""


class Needs(Options):
    """What a notebook needs of the task that it is run on, beside two graphs.

    Parameters
    ----------
    modalities
        The modalities that both graphs must have.
    links
        Whether gold links must be known; or how many, as a number or as the names of parameters.
    seeds
        The parameters with numbers of seeds; as many one-to-one pairs must be possible.
    collections
        The collections of which the task must be one, the parts of names before the slash; any by default.

    Examples
    --------
    >>> Needs(modalities=["image"]).links
    False
    """

    modalities: list[Literal["name", "image", "attribute", "number", "relation"]] = Field(
        default_factory=list
    )
    links: bool | int | list[str] = False
    seeds: list[str] = Field(default_factory=list)
    collections: list[str] = Field(default_factory=list)

    @property
    def parameters(self) -> set[str]:
        """The names of the parameters whose values say how much is needed."""
        return {*self.seeds, *(self.links if isinstance(self.links, list) else ())}


class FrontMatter(Options):
    """What the front matter of a notebook says under ``psqe``.

    Parameters
    ----------
    after
        The notebooks that must have run before, by name; ``"*"`` stands for all others.
    long
        Whether the notebook is one of those that take the longest.
    profiles
        The values of parameters in each profile, where they differ from the defaults.
    needs
        What a task must have that is given in place of the notebook's own.

    Examples
    --------
    >>> FrontMatter(after=["the-pair"]).long
    False
    """

    after: list[str] = Field(default_factory=list)
    long: bool = False
    profiles: dict[Profile, dict[str, Any]] = Field(default_factory=dict)
    needs: Needs = Field(default_factory=Needs)

    @classmethod
    def fault(cls, error: ValidationError) -> ParameterError:
        """Say what pydantic found in the words of a notebook's author."""
        told = super().fault(error)
        what = told.what.replace(cls.__name__, "psqe in the front matter", 1)
        return ParameterError(what, remedy=told.remedy)


@dataclass(frozen=True)
class Notebook:
    """A notebook as it is written.

    Attributes
    ----------
    path
        The MyST text (``.md``).
    text
        The bytes of the text.
    content
        Its cells. They must not be changed, see :meth:`with_values`.
    front
        What the front matter says.
    """

    path: Path
    text: bytes
    content: NotebookNode
    front: FrontMatter

    @classmethod
    def read(cls, path: str | Path) -> Notebook:
        """Read a notebook kept as MyST text (``.md``).

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        Notebook
            The notebook.

        Raises
        ------
        PsqeError
            If the file is missing, is no MyST notebook, or asks under ``psqe`` for something unknown.
        """
        path = Path(path)
        if path.suffix != ".md":
            raise PsqeError("is no MyST notebook", path=path, remedy="give a file that ends in .md")
        try:
            text = path.read_bytes()
        except OSError as error:
            raise PsqeError(
                f"cannot be read ({error.strerror})", path=path,
                remedy="give the path of a notebook; in a checkout, those of the book are in notebooks/",
            ) from error  # fmt: skip
        try:
            content = jupytext.reads(text.decode(), fmt="md:myst")
        except Exception as error:  # a broken front matter raises one of several kinds
            raise _unreadable(path, error) from error
        with located(path):
            given = content.metadata.get("psqe") or {}
            if not isinstance(given, dict):
                raise ParameterError(
                    "psqe in the front matter is no mapping", remedy="write psqe: {long: true}"
                )
            notebook = cls(path, text, content, FrontMatter(**given))
            notebook._check_needs()
            return notebook

    @property
    def name(self) -> str:
        """The name of the file without its suffix, by which other pages refer to the notebook."""
        return self.path.stem

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in the order of their cell; none where there is no such cell.

        Raises
        ------
        ParameterError
            If the cell breaks a rule of :mod:`psqe.study.book.parameters`.
        PsqeError
            If there are several such cells.
        """
        number = self._parameters_cell()
        with located(self.path):
            return {} if number is None else parse_parameters(self.content.cells[number].source)

    def values(self, profile: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Find the value of every parameter.

        Parameters
        ----------
        profile
            The name of a profile.
        given
            Values, or their text as typed on a command line, which go before those of the profile.

        Returns
        -------
        dict
            The value of every parameter by name.

        Raises
        ------
        ParameterError
            If there is no such profile, or a parameter has an unknown name or a value that does not fit, such
            as a task that does not exist.
        DataError
            If a task is a benchmark whose files are missing.
        """
        if profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise ParameterError(f"there is no profile {profile!r}", remedy=f"choose from {known}")
        chosen = self.front.profiles.get(profile) or {}  # type: ignore[call-overload]
        with located(self.path):
            values = resolve(self.parameters, chosen, given)
            return {name: task_value(value) if name in TASKS else value for name, value in values.items()}

    def with_values(self, values: Mapping[str, Any]) -> NotebookNode:
        """Return the cells with other values in the parameters cell, which is folded away.

        A page so shows what ran.

        Parameters
        ----------
        values
            The value of every parameter by name.

        Returns
        -------
        nbformat.NotebookNode
            A copy of the cells.
        """
        content = copy.deepcopy(self.content)
        number = self._parameters_cell()
        if number is not None:
            cell = content.cells[number]
            lines = (self.parameters[name].declaration(value) for name, value in values.items())
            cell.source = "\n".join(lines)
            cell.metadata["tags"] = ["parameters", "hide-input"]
        return content

    def _check_needs(self) -> None:
        """Refuse needs of a notebook without a task, and those that name no parameter."""
        needs = self.front.needs
        if needs == Needs():
            return
        unknown = sorted({"task", *needs.parameters} - self.parameters.keys())
        if unknown:
            raise ParameterError(
                f"what the notebook needs names {unknown[0]!r}, which is no parameter",
                remedy=f"it has {', '.join(self.parameters) or 'none'}",
            )
        for name in sorted({"task", *needs.parameters}):
            kinds = ("str",) if name == "task" else ("int", "list[int]")
            if (kind := self.parameters[name].kind) not in kinds:
                raise ParameterError(
                    f"what the notebook needs names {name!r}, which is a {kind}",
                    remedy=f"declare it as {' or '.join(kinds)}",
                )

    def _parameters_cell(self) -> int | None:
        tagged = [
            number
            for number, cell in enumerate(self.content.cells)
            if "parameters" in cell.metadata.get("tags", [])
        ]
        if len(tagged) > 1:
            raise PsqeError(f"{len(tagged)} cells are tagged parameters", path=self.path, remedy="keep one")
        return tagged[0] if tagged else None


def task_value(value: Any) -> Any:
    """Check that tasks exist, and name folders by their whole path, since a kernel runs in another one.

    Parameters
    ----------
    value
        A task, or a list of them.

    Raises
    ------
    ParameterError
        If a task does not exist, or the name is empty.
    DataError
        If a task is a benchmark whose files are missing.
    """
    if isinstance(value, list):
        return [task_value(item) for item in value]
    if not value.strip():
        raise ParameterError("the name of a task is empty", remedy="name one; psqe data list lists them")
    check_task_name(value)
    return value if is_named(value) else str(Path(value).resolve())


def _unreadable(path: Path, error: Exception) -> PsqeError:
    """Say in words why a text cannot be read as a notebook."""
    if isinstance(error, UnicodeDecodeError):
        return PsqeError("is no MyST notebook: it is not in UTF-8", path=path, remedy="save it in UTF-8")
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return PsqeError(
            f"has a front matter that is not YAML ({error.problem}, near line {error.problem_mark.line + 1})",
            path=path,
            remedy="mend what stands between the lines ---; a text with a colon needs quotation marks",
        )
    return PsqeError(
        f"is no MyST notebook ({type(error).__name__}: {error})".partition("\n")[0],
        path=path,
        remedy="write it as those of the book: a front matter between two lines ---, then text and cells",
    )


@contextmanager
def located(path: Path) -> Iterator[None]:
    """Add the path of a notebook to a ParameterError that is raised inside the ``with`` block.

    Parameters
    ----------
    path
        The path.

    Yields
    ------
    None
        The block begins.

    Raises
    ------
    ParameterError
        If the block raises one; it then names the path.
    """
    try:
        yield
    except ParameterError as error:
        raise ParameterError(error.what, path=path, remedy=error.remedy) from error


def long_first(notebooks: Sequence[Notebook]) -> list[Notebook]:
    """Put the notebooks whose front matter says ``long: true`` before the others.

    One that takes minutes and begins last would run alone while the other cores wait.

    Parameters
    ----------
    notebooks
        The notebooks.

    Returns
    -------
    list of Notebook
        The same notebooks. Each of the two groups is in the order in which it was given.
    """
    return sorted(notebooks, key=lambda notebook: not notebook.front.long)


def prerequisites(notebooks: Sequence[Notebook]) -> dict[str, set[str]]:
    """Find which notebooks must have run before which.

    Parameters
    ----------
    notebooks
        The notebooks of the book.

    Returns
    -------
    For the name of each notebook, in the order given, the names of those that must have run before it.

    Raises
    ------
    PsqeError
        If a notebook waits for one that does not exist, or if some wait for each other.
    """
    names = {notebook.name for notebook in notebooks}
    before: dict[str, set[str]] = {}
    for notebook in notebooks:
        after = set(notebook.front.after)
        if "*" in after:
            after = after - {"*"} | names - {notebook.name}
        if unknown := after - names:
            raise PsqeError(
                f"waits for {min(unknown)!r}, which is no notebook of the book", path=notebook.path
            )
        before[notebook.name] = after
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise PsqeError(f"these notebooks wait for each other: {circle}") from error
    return before
