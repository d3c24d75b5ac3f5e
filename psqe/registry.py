"""Miners, aligners, encoders and layouts by name: those of this package, and those that others bring.

Each entry of this package is a module of its own. Another distribution adds an entry by an entry point in its
``pyproject.toml``, without a change here::

    [project.entry-points."psqe.miners"]
    first-come = "their_package.miner:FirstComeMiner"

All names are known without an import; the object behind a name is imported when it is first asked for.
"""

from __future__ import annotations

import inspect
import pkgutil
import warnings
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any, Generic, TypeVar, cast

from psqe.errors import ParameterError, PsqeWarning

T = TypeVar("T")

RESERVED = "none"
"""The name that no entry can have, because ``--miner none`` asks for no seeds."""


class Registry(Mapping[str, T], Generic[T]):
    """A read-only mapping from names to miners, aligners, encoders or layouts.

    Parameters
    ----------
    kind
        What one entry is called in messages, for example ``"miner"``.
    package
        The package whose modules are entries, for example ``"psqe.seeds.miners"``. Modules that begin with an
        underscore are left out; another underscore in a module's name is a hyphen in the name of the entry.
    group
        The entry-point group that other distributions use, for example ``"psqe.miners"``.
    base
        What an entry has to be, as ``"module:Class"``: the base class of the entries, or the protocol whose
        members they have. It is imported when an entry is first asked for.

    Notes
    -----
    An entry of another distribution that cannot be used is an error only when its own name is asked for.

    Examples
    --------
    >>> from psqe.seeds import MINERS
    >>> sorted(MINERS)[:2]
    ['mutual', 'pivot']
    >>> MINERS["pivot"].name
    'pivot'
    """

    def __init__(self, kind: str, package: str, group: str, base: str) -> None:
        self.kind = kind
        self.group = group
        self._package = package
        self._base = base
        self._loaded: dict[str, T] = {}

    @cached_property
    def _modules(self) -> dict[str, str]:
        """The dotted name of the module of each entry of this package."""
        spec = find_spec(self._package)
        paths = [] if spec is None else list(spec.submodule_search_locations or ())
        names = (module.name for module in pkgutil.iter_modules(paths) if not module.name.startswith("_"))
        return {name.replace("_", "-"): f"{self._package}.{name}" for name in names}

    @cached_property
    def _entry_points(self) -> dict[str, list[metadata.EntryPoint]]:
        """The entry points of other distributions by name; more than one where they bring the same name."""
        entries: dict[str, list[metadata.EntryPoint]] = {}
        for entry in metadata.entry_points(group=self.group):
            entries.setdefault(entry.name, []).append(entry)
        return entries

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            self._loaded[name] = self._own(name) if name in self._modules else self._foreign(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules | self._entry_points)

    def __len__(self) -> int:
        return len(self._modules | self._entry_points)

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._entry_points

    def resolve(self, name: str) -> T:
        """Return the object that a name stands for, and say which names there are if it is unknown.

        Parameters
        ----------
        name
            The name of an entry.

        Returns
        -------
        The class, module or object of the entry.

        Raises
        ------
        ParameterError
            If there is no such name, with a list of the names there are; or if another distribution brings
            the name, and what it brings cannot be used.

        Warns
        -----
        PsqeWarning
            If another distribution brings the same name as this package.
        """
        if name not in self:
            raise ParameterError(f"there is no {self.kind} {name!r}", remedy=f"choose from {', '.join(self)}")
        return self[name]

    def usable(self) -> dict[str, T]:
        """Load all entries.

        Returns
        -------
        dict
            The object by name, without the entries of other distributions that cannot be used.

        Warns
        -----
        PsqeWarning
            For each entry that is left out.
        """
        found: dict[str, T] = {}
        for name in self:
            try:
                found[name] = self[name]
            except ParameterError as error:
                # A warning of one and the same line is shown once, however often all entries are asked for.
                warnings.warn(f"left out: {error}", PsqeWarning, stacklevel=1)
        return found

    def _own(self, name: str) -> T:
        for entry in self._entry_points.get(name, ()):
            warnings.warn(
                f"left out: the {self.kind} {origin(entry)} has a name that is taken; rename it there",
                PsqeWarning,
                stacklevel=1,
            )
        module = import_module(self._modules[name])
        if self._members:
            return cast(T, module)
        classes = [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, self._parent)
            and value.__module__ == module.__name__
        ]
        if len(classes) != 1:
            raise TypeError(
                f"{module.__name__} must define one subclass of {self._parent.__name__}, not {len(classes)}"
            )
        return cast(T, classes[0])

    def _foreign(self, name: str) -> T:
        """Load the entry of another distribution.

        Raises
        ------
        ParameterError
            If the entry cannot be imported, is no entry of this kind, or has a name that is not free.
        """
        entry, *others = self._entry_points[name]
        what = f"the {self.kind} {origin(entry)}"
        if others or name == RESERVED:
            reason = f"{origin(others[0])} has, too" if others else "stands for no entry at all"
            raise ParameterError(
                f"{what} has a name that {reason}", remedy=f"rename it in the entry points {self.group}"
            )
        try:
            found = entry.load()
        except (Exception, SystemExit) as error:  # the code of others can raise anything
            raise ParameterError(
                f"{what} cannot be imported ({type(error).__name__}: {error})",
                remedy="install what it needs, or remove the distribution that brings it",
            ) from error
        fault = self._fault(found)
        if fault:
            raise ParameterError(f"{what} {fault}", remedy="mend or remove the distribution that brings it")
        return cast(T, found)

    @cached_property
    def _parent(self) -> Any:
        where, _, name = self._base.partition(":")
        return getattr(import_module(where), name)

    @cached_property
    def _members(self) -> list[str]:
        """The names of the members of a protocol; none if the base is an ordinary class."""
        if not getattr(self._parent, "_is_protocol", False):
            return []
        functions = (name for name, value in vars(self._parent).items() if inspect.isfunction(value))
        public = (name for name in functions if not name.startswith("_"))
        return [*inspect.get_annotations(self._parent), *public]

    def _fault(self, found: Any) -> str:
        """Say what is wrong with an object as an entry of this kind; nothing if it is one."""
        members = self._members
        if not members:
            if not (isinstance(found, type) and issubclass(found, self._parent)) or inspect.isabstract(found):
                return f"is no class that implements {self._base}"
            annotations = inspect.get_annotations(self._parent)
            members = [name for name, kind in annotations.items() if str(kind).startswith("ClassVar")]
        lacking = [name for name in members if not hasattr(found, name)]
        return f"lacks {', '.join(lacking)}" if lacking else ""


def origin(entry: metadata.EntryPoint) -> str:
    """Say where an entry point comes from: its name, its value and its distribution."""
    distribution = "an unknown distribution" if entry.dist is None else entry.dist.name
    return f"{entry.name!r} ({entry.value}, from {distribution})"
