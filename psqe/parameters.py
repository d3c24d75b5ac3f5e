"""What miners and aligners have in common: parameters that go to the constructor and can be read back."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from psqe.errors import ParameterError


class Parametrised:
    """An object that stores the parameters of its constructor under their own names."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's parameters, by name."""
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    @classmethod
    def typed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values for some parameters, checked to be of their types.

        Raises
        ------
        ParameterError
            If there is no such parameter, or a value is of another type.
        """
        known = inspect.signature(cls).parameters
        # A dataclass inherits fields, whose types are told in the modules of their own classes.
        types = get_type_hints(cls if is_dataclass(cls) else cls.__init__)
        for name, value in values.items():
            if name not in known:
                raise ParameterError(
                    f"{cls.__name__} has no parameter {name!r}", remedy=f"choose from {', '.join(known)}"
                )
            try:
                TypeAdapter(types[name], config=ConfigDict(strict=True)).validate_python(value)
            except ValidationError as error:
                raise ParameterError(
                    f"{name} is {value!r}", remedy=f"give {known[name].annotation}"
                ) from error
        return dict(values)

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value!r}" for key, value in self.parameters.items())
        return f"{type(self).__name__}({inside})"
