"""What miners and aligners have in common: parameters that go to the constructor and can be read back."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Mapping
from dataclasses import is_dataclass
from types import UnionType
from typing import Annotated, Any, get_type_hints

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from psqe.errors import ParameterError

ShareBelowOne = Annotated[float, Field(ge=0, lt=1)]
"""The type of a share of a whole, at least 0 and below 1."""

RandomState = Annotated[int, Field(ge=0, lt=2**32)]
"""The type of the seed of a random generator: NumPy, scikit-learn and torch all take 32 bits."""

LARGEST = 10**9
"""The largest number that a parameter may be. Single precision still squares it."""

PositiveInt = Annotated[int, Field(gt=0, le=LARGEST)]
"""The type of a number of things, at least 1."""

NonNegativeInt = Annotated[int, Field(ge=0, le=LARGEST)]
"""The type of a number of things, at least 0."""

PositiveFloat = Annotated[float, Field(gt=0, le=LARGEST)]
"""The type of a number above 0."""

NonNegativeFloat = Annotated[float, Field(ge=0, le=LARGEST)]
"""The type of a number that is at least 0."""

Dimension = Annotated[int, Field(gt=0, le=2**20)]
"""The type of the width of vectors, which must fit into memory."""


def checked(value: Any, kind: Any, fault: str) -> Any:
    """Check a value against an annotated type.

    Parameters
    ----------
    value
        The value.
    kind
        The type, with bounds such as those of :data:`PositiveInt`. Numbers must be finite.
    fault
        What to say is wrong if the value is of another type or out of its bounds.

    Returns
    -------
    The value; a number of NumPy as a number of Python, so that files are readable without NumPy.

    Raises
    ------
    ParameterError
        If the value is of another type or out of its bounds; the remedy says what it must be.

    Examples
    --------
    >>> checked(np.int64(3), PositiveInt, "the number of seeds is 3")
    3
    """
    if isinstance(value, np.generic):
        value = value.item()
    try:
        TypeAdapter(kind, config=ConfigDict(strict=True, allow_inf_nan=False)).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].replace("Input should be", "it must be")
        raise ParameterError(fault, remedy=reason) from error
    return value


def check_form(what: str, value: object, forms: type | UnionType, remedy: str) -> None:
    """Refuse a value that has none of the forms in which something can be given.

    Parameters
    ----------
    what
        What the value stands for, for example ``"the aligner"``.
    value
        The value.
    forms
        The classes that the value may be of.
    remedy
        Which forms there are.

    Raises
    ------
    ParameterError
        If the value is of another class.

    Examples
    --------
    >>> check_form("the folder", "here", str | None, "give a path")
    """
    if not isinstance(value, forms):
        raise ParameterError(f"{what} cannot be {reprlib.repr(value)}", remedy=remedy)


class Parametrised:
    """An object that stores the parameters of its constructor under their own names."""

    def __post_init__(self) -> None:
        """Check the parameters of a subclass that is a dataclass; raise :class:`ParameterError`."""
        for name, value in self.typed(self.parameters).items():
            if value is not getattr(self, name):  # a number of NumPy
                setattr(self, name, value)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's parameters, by name."""
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    @classmethod
    def typed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check values for some parameters against the annotated types of the constructor.

        Types with bounds, such as :data:`PositiveInt` and :data:`ShareBelowOne`, are checked too.

        Parameters
        ----------
        values
            Values by the name of their parameter.

        Returns
        -------
        The same values; numbers of NumPy as numbers of Python.

        Raises
        ------
        ParameterError
            If there is no such parameter, or a value is of another type or out of its bounds.
        """
        # A dataclass inherits fields, whose types are resolved in the modules of their own classes.
        types = get_type_hints(cls if is_dataclass(cls) else cls.__init__, include_extras=True)
        known = {name: types.get(name, Any) for name in inspect.signature(cls).parameters}
        return typed_values(getattr(cls, "name", cls.__name__), values, known)

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value!r}" for key, value in self.parameters.items())
        return f"{type(self).__name__}({inside})"


def typed_values(owner: str, values: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """Check values against the types of the parameters that there are.

    Parameters
    ----------
    owner
        What has the parameters, for messages.
    values
        Values by the name of their parameter.
    types
        The type of each parameter, by name.

    Returns
    -------
    The same values; numbers of NumPy as numbers of Python.

    Raises
    ------
    ParameterError
        If there is no such parameter, or a value is of another type or out of its bounds.

    Examples
    --------
    >>> typed_values("true links", {"n_seeds": 3}, {"n_seeds": int})
    {'n_seeds': 3}
    """
    for name in values:
        if name not in types:
            remedy = f"choose from {', '.join(types)}" if types else "leave it out, for there are none"
            raise ParameterError(f"{owner} has no parameter {name!r}", remedy=remedy)
    return {name: checked(value, types[name], f"{name} is {value!r}") for name, value in values.items()}
