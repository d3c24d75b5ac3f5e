"""Switches: the places where authors' code and ours differ, what each does there, and named sets of values.

A method that others have published in code has a class of switches, a frozen dataclass with one field for
every place where our implementation departs from that code. The variant ``released`` gives every switch the
value that makes it do what the authors' code does; the variant ``corrected`` has the defaults. The table of a
class's switches is generated from the fields, so that it cannot disagree with what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self, get_type_hints

import pandas as pd

from psqe.errors import ParameterError
from psqe.parameters import checked

CORRECTED, RELEASED = "corrected", "released"
"""The names of the two variants."""


def switch(ours: Any, *, released: Any, theirs: str, does: str, point: str | None = None) -> Any:
    """Make a field of a class of switches, with the notes from which its row of the table is written.

    Parameters
    ----------
    ours
        The value in the variant ``corrected``, which is the default.
    released
        The value in the variant ``released``.
    theirs
        What the authors' code does, as a sentence.
    does
        What our code does with its own value, as a sentence.
    point
        The number of the point that the switch belongs to, where a method's switches are grouped in points;
        ``None`` by default.

    Returns
    -------
    A field of a dataclass, with ``ours`` as its default.
    """
    notes = {"released": released, "theirs": theirs, "does": does, "point": point}
    return field(default=ours, metadata=notes)


@dataclass(frozen=True)
class Switches:
    """Base class of the switches of a method; every field is made with :func:`switch`.

    Attributes
    ----------
    OTHER
        Further variants by name, with the values that differ from ``corrected``; none by default.

    Raises
    ------
    ParameterError
        If a switch has a value that its type does not allow.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Rules(Switches):
    ...     centre: bool = switch(True, released=False, theirs="Nothing is centred.", does="All is centred.")
    >>> Rules.from_variant("released"), Rules.from_variant("released", {"centre": True}) == Rules()
    (Rules(centre=False), True)
    """

    OTHER: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __post_init__(self) -> None:
        types = get_type_hints(type(self), include_extras=True)
        for f in fields(self):
            value = getattr(self, f.name)
            checked(value, types[f.name], f"switch {f.name} cannot be {value!r}")

    @classmethod
    def variants(cls) -> tuple[str, ...]:
        """Return the names of all variants."""
        return (RELEASED, CORRECTED, *cls.OTHER)

    @classmethod
    def values(cls, variant: str) -> dict[str, Any]:
        """Return the value of every switch in a variant.

        Parameters
        ----------
        variant
            One of :meth:`variants`.

        Raises
        ------
        ParameterError
            If there is no such variant.
        """
        if variant not in cls.variants():
            raise ParameterError(
                f"there is no variant {variant!r}", remedy=f"choose from {', '.join(cls.variants())}"
            )
        if variant == RELEASED:
            return {f.name: f.metadata["released"] for f in fields(cls)}
        return {**{f.name: f.default for f in fields(cls)}, **cls.OTHER.get(variant, {})}

    @classmethod
    def from_variant(cls, variant: str, switches: Mapping[str, Any] | None = None) -> Self:
        """Make the switches of a variant, some of them set otherwise.

        Parameters
        ----------
        variant
            One of :meth:`variants`.
        switches
            Values of switches that differ from the variant's, by name; none by default.

        Raises
        ------
        ParameterError
            If the variant, a switch or a value is unknown.
        """
        values = cls.values(variant)
        for name in switches or {}:
            if name not in values:
                raise ParameterError(
                    f"there is no switch {name!r}", remedy=f"choose from {', '.join(values) or 'none'}"
                )
        return cls(**{**values, **(switches or {})})

    @classmethod
    def table(cls) -> pd.DataFrame:
        """Return a table with a row for each switch: its values in both variants and what they do.

        It has a column ``point`` where the switches are grouped in points.
        """
        table = pd.DataFrame(
            [
                {
                    "switch": f.name,
                    "point": f.metadata["point"],
                    RELEASED: f.metadata["released"],
                    "what the authors' code does": f.metadata["theirs"],
                    CORRECTED: f.default,
                    "what we do": f.metadata["does"],
                }
                for f in fields(cls)
            ]
        )
        return table if table["point"].notna().any() else table.drop(columns="point")
