"""What miners and aligners have in common: parameters that go to the constructor and can be read back."""

from __future__ import annotations

import inspect
from typing import Any


class Parametrised:
    """An object that stores the parameters of its constructor under their own names."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's parameters, by name."""
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value!r}" for key, value in self.parameters.items())
        return f"{type(self).__name__}({inside})"
