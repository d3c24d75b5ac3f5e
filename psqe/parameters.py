"""What miners and aligners have in common: parameters that go to the constructor and can be read back."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, get_type_hints

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from psqe.errors import ParameterError

ShareBelowOne = Annotated[float, Field(ge=0, lt=1)]
"""The type of a share of a whole, at least 0 and below 1."""


class Parametrised:
    """An object that stores the parameters of its constructor under their own names."""

    def __post_init__(self) -> None:
        """Check the parameters of a subclass that is a dataclass; raise :class:`ParameterError`."""
        for name, value in self.parameters.items():
            if isinstance(value, np.generic):  # files must be readable without numpy's types
                setattr(self, name, value.item())
        self.typed(self.parameters)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's parameters, by name."""
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    @classmethod
    def typed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check values for some parameters against the annotated types of the constructor.

        Types with bounds, such as ``pydantic.PositiveInt`` and :data:`ShareBelowOne`, are checked too.

        Parameters
        ----------
        values
            Values by the name of their parameter.

        Returns
        -------
        The same values.

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
    The same values.

    Raises
    ------
    ParameterError
        If there is no such parameter, or a value is of another type or out of its bounds.

    Examples
    --------
    >>> typed_values("true links", {"n_seeds": 3}, {"n_seeds": int})
    {'n_seeds': 3}
    """
    for name, value in values.items():
        if name not in types:
            raise ParameterError(
                f"{owner} has no parameter {name!r}", remedy=f"choose from {', '.join(types)}"
            )
        try:
            TypeAdapter(types[name], config=ConfigDict(strict=True)).validate_python(value)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].replace("Input should be", "it must be")
            raise ParameterError(f"{name} is {value!r}", remedy=reason) from error
    return dict(values)
