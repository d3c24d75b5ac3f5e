"""Miners, aligners, encoders and layouts by name: our own, and those that other packages bring.

Our own ones are modules of a package, one module each. Another distribution adds one by an entry point in its
``pyproject.toml``, without a change here::

    [project.entry-points."psqe.miners"]
    first-come = "their_package.miner:FirstComeMiner"

Names are known without loading anything; what stands behind a name is loaded when it is asked for.
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
    """A read-only mapping from names to what they stand for.

    Parameters
    ----------
    kind
        What one entry is called in messages, for example ``"miner"``.
    package
        The package whose modules are our own entries. A module that begins with an underscore is none; an
        underscore inside its name is a hyphen in the entry's name.
    group
        The entry-point group that other distributions use, for example ``"psqe.miners"``.
    pick
        Takes the module of one of our own entries and returns what its name stands for.

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
    def _own(self) -> dict[str, str]:
        """The module of each of our own entries, by name."""
        spec = find_spec(self._package)
        paths = [] if spec is None else list(spec.submodule_search_locations or ())
        modules = (found.name for found in pkgutil.iter_modules(paths) if not found.name.startswith("_"))
        return {module.replace("_", "-"): f"{self._package}.{module}" for module in modules}

    @cached_property
    def _foreign(self) -> dict[str, metadata.EntryPoint]:
        """The entry points of other distributions, by name.

        Raises
        ------
        ParameterError
            If two distributions bring the same name, or one brings a name of ours.
        """
        found: dict[str, metadata.EntryPoint] = {}
        for entry in metadata.entry_points(group=self.group):
            if entry.name in self._own or entry.name in found:
                raise ParameterError(
                    f"the {self.kind} {entry.name!r} of {entry.value} has a name that is taken",
                    remedy=f"rename it in the entry points {self.group} of its distribution",
                )
            found[entry.name] = entry
        return found

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            if name in self._own:
                self._loaded[name] = cast(T, self._pick(import_module(self._own[name])))
            elif name in self._foreign:
                self._loaded[name] = cast(T, self._foreign[name].load())
            else:
                raise KeyError(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from self._foreign

    def __len__(self) -> int:
        return len(self._own) + len(self._foreign)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._foreign

    def resolve(self, name: str) -> T:
        """What ``name`` stands for.

        Raises
        ------
        ParameterError
            If there is no such name. The message lists the names there are.
        """
        if name not in self:
            raise ParameterError(f"there is no {self.kind} {name!r}", remedy=f"choose from {', '.join(self)}")
        return self[name]


def subclass_in(base: str) -> Callable[[ModuleType], Any]:
    """Return a function that finds the one class of a module which implements ``base``.

    Parameters
    ----------
    base
        The base class, as ``"module:Class"``. It is imported when the function is first called.

    Returns
    -------
    From a module to its class.

    Examples
    --------
    >>> from importlib import import_module
    >>> subclass_in("psqe.seeds.base:Miner")(import_module("psqe.seeds.miners.pivot")).__name__
    'PivotMiner'
    """

    def pick(module: ModuleType) -> Any:
        where, _, name = base.partition(":")
        parent = getattr(import_module(where), name)
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, parent) and value.__module__ == module.__name__
        ]
        if len(found) != 1:
            raise TypeError(f"{module.__name__} must define one subclass of {name}, not {len(found)}")
        return found[0]

    return pick
