"""Miners, aligners, encoders and layouts by name: those of this package, and those that others bring.

Each entry of this package is a module of its own. Another distribution adds an entry by an entry point in its
``pyproject.toml``, without a change here::

    [project.entry-points."psqe.miners"]
    first-come = "their_package.miner:FirstComeMiner"

All names are known without an import; the object behind a name is imported when it is first asked for.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import import_module, metadata
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from psqe.errors import ParameterError

T = TypeVar("T")


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
    pick
        Function of a module of ``package`` that returns the object that the name of the entry stands for.

    Examples
    --------
    >>> from psqe.seeds import MINERS
    >>> sorted(MINERS)[:2]
    ['mutual', 'pivot']
    >>> MINERS["pivot"].name
    'pivot'
    """

    def __init__(self, kind: str, package: str, group: str, pick: Callable[[ModuleType], Any]) -> None:
        self.kind = kind
        self.group = group
        self._package = package
        self._pick = pick
        self._loaded: dict[str, T] = {}

    @cached_property
    def _modules(self) -> dict[str, str]:
        """The dotted name of the module of each entry of this package."""
        spec = find_spec(self._package)
        paths = [] if spec is None else list(spec.submodule_search_locations or ())
        names = (module.name for module in pkgutil.iter_modules(paths) if not module.name.startswith("_"))
        return {name.replace("_", "-"): f"{self._package}.{name}" for name in names}

    @cached_property
    def _entry_points(self) -> dict[str, metadata.EntryPoint]:
        """The entry points of other distributions.

        Raises
        ------
        ParameterError
            If two distributions bring the same name, or one brings a name of this package.
        """
        entries: dict[str, metadata.EntryPoint] = {}
        for entry in metadata.entry_points(group=self.group):
            if entry.name in self._modules or entry.name in entries:
                raise ParameterError(
                    f"the {self.kind} {entry.name!r} of {entry.value} has a name that is taken",
                    remedy=f"rename it in the entry points {self.group} of its distribution",
                )
            entries[entry.name] = entry
        return entries

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            if name in self._modules:
                self._loaded[name] = cast(T, self._pick(import_module(self._modules[name])))
            else:
                self._loaded[name] = cast(T, self._load(self._entry_points[name]))
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._modules
        yield from self._entry_points

    def __len__(self) -> int:
        return len(self._modules) + len(self._entry_points)

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
            If there is no such name, or if the distribution that brings it cannot be imported. The message
            lists the names there are.
        """
        if name not in self:
            raise ParameterError(f"there is no {self.kind} {name!r}", remedy=f"choose from {', '.join(self)}")
        return self[name]

    def _load(self, entry: metadata.EntryPoint) -> Any:
        try:
            return entry.load()
        except (ImportError, AttributeError) as error:
            raise ParameterError(
                f"the {self.kind} {entry.name!r} cannot be imported from {entry.value} ({error})",
                remedy="install what it needs, or remove the distribution that brings it",
            ) from error


def subclass_in(base: str) -> Callable[[ModuleType], Any]:
    """Return a function that finds the one class of a module which implements ``base``.

    Parameters
    ----------
    base
        The base class, as ``"module:Class"``. It is imported when the function is first called.

    Returns
    -------
    A function that takes a module and returns its class.

    Examples
    --------
    >>> from importlib import import_module
    >>> subclass_in("psqe.seeds.base:Miner")(import_module("psqe.seeds.miners.pivot")).__name__
    'PivotMiner'
    """

    def pick(module: ModuleType) -> Any:
        where, _, name = base.partition(":")
        parent = getattr(import_module(where), name)
        classes = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, parent) and value.__module__ == module.__name__
        ]
        if len(classes) != 1:
            raise TypeError(f"{module.__name__} must define one subclass of {name}, not {len(classes)}")
        return classes[0]

    return pick
